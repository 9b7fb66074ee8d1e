"""A basket at the call centre: found by its code or its customer, taken over, quoted, paid and ordered for her.

The steps are those of every channel (orders.Counter), each durable by itself, so she may go on at home while we talk.
"""

from collections.abc import Mapping, Sequence
from uuid import UUID

import msgspec
from litestar import Response, get, post
from litestar.datastructures import State
from litestar.di import NamedDependency
from litestar.params import FromPath
from markupsafe import Markup

from comptoir import channels, identity, inventory, orders, profiles
from comptoir.console.console import Section
from comptoir.console.drawing import Reason
from comptoir.console.language import N_
from comptoir.console.page import Page
from comptoir.console.pages import order_words as words
from comptoir.console.pages.addresses import AnyRequest, Asked
from comptoir.console.pages.basket_steps import STEPS, At, Mistyped, Typed, typed
from comptoir.console.pages.evidence import find
from comptoir.console.pages.goods import SELLING
from comptoir.console.pages.order_basket import OURS
from comptoir.console.pages.pieces import Face, faces
from comptoir.console.pages.promotion_words import declined
from comptoir.console.pages.said import last_said, say
from comptoir.console.refusals import said_of
from comptoir.console.rooms import enter
from comptoir.kernel.auth import Actor, allow
from comptoir.kernel.db import Tx
from comptoir.kernel.errors import NotFound, Refusal
from comptoir.kernel.ids import uuid7
from comptoir.kernel.money import Money

PATH = "/orders/baskets"
MAY = [*enter("orders"), allow("orders:write")]
PEOPLE = 10
"""So many people of a name are looked at."""


# ---- finding one


class Wanted(Asked, frozen=True, kw_only=True):
    q: str = ""
    """Of the customer: a name, an address, a number."""


class Row(msgspec.Struct, frozen=True, kw_only=True):
    href: str
    basket: orders.Basket
    customer: words.Customer
    goods: str


class BasketsView(msgspec.Struct, frozen=True, kw_only=True):
    wanted: Wanted
    rows: Sequence[Row]
    people: Sequence[words.Customer]
    outlets: Sequence[tuple[str, str]]
    code: str = ""
    outlet: str = ""
    error: str = ""


@get(PATH, guards=MAY)
async def read_baskets(
    request: AnyRequest,
    page: NamedDependency[Page],
    tx: NamedDependency[Tx],
    actor: NamedDependency[Actor],
    state: State,
) -> Response[str]:
    """By a claim code, or by who she is."""
    said = last_said(request, page)
    return said(await show_baskets(page, tx, actor, state, Wanted.read(request)))


async def show_baskets(
    page: Page, tx: Tx, actor: Actor, state: State, wanted: Wanted, *, code: str = "", outlet: str = "", error: str = ""
) -> Response[str]:
    people = await people_called(tx, page, wanted.q.strip())
    nodes = {node.node_id: node.person_id for node in await identity.nodes_of(tx, people)} if people else {}
    found = await orders.live_baskets(tx, nodes=nodes) if nodes else []
    known = await words.customers(tx, page, nodes)
    names = await faces(tx, {line.variant_id for one in found for line in one.lines})
    shown = {customer.href: customer for customer in known.values()}
    view = BasketsView(
        wanted=wanted,
        rows=[
            Row(
                href=f"{PATH}/{one.basket_id}",
                basket=one,
                customer=known.get(one.node_id or 0, words.Customer()),
                goods=Markup(", ").join(several(page, line, names) for line in one.lines[:4])
                or page.gettext("nothing yet"),
            )
            for one in found
            if await may_touch(state, one, actor)
        ],
        people=list(shown.values()),
        outlets=await outlets_of(tx, actor),
        code=code,
        outlet=outlet,
        error=error,
    )
    return page.show("baskets.html.j2", view, status=409 if error else 200)


async def people_called(tx: Tx, page: Page, text: str) -> list[int]:
    if not text or not page.viewer.may("profiles:read"):
        return []
    if people := await find(tx, page, text):
        return people
    named = await profiles.search(
        tx, filters=profiles.Filters(text=text), limit=PEOPLE, currency=page.settings.currency
    )
    return [one.person_id for one in named.people]


async def may_touch(state: State, basket: orders.Basket, actor: Actor) -> bool:
    """The backend's own word."""
    try:
        await state.counter(orders.Look(basket.basket_id, by=actor))
    except orders.NotYourBasket:
        return False
    return True


def several(page: Page, line: orders.BasketLine, names: Mapping[int, Face]) -> str:
    name = names[line.variant_id].name if line.variant_id in names else line.sku
    return page.gettext("%(n)s × %(article)s", n=page.language.number(line.quantity), article=name)


async def outlets_of(tx: Tx, actor: Actor) -> list[tuple[str, str]]:
    """Where a basket may go on; the call centre first."""
    found = [
        one for one in await channels.outlets(tx, active=True) if one.channel in SELLING and actor.at(one.outlet_id)
    ]
    found.sort(key=lambda one: (one.channel != "phone", SELLING.index(one.channel), one.name))
    return [(one.code, one.name) for one in found]


@post(f"{PATH}/claims", guards=MAY)
async def claim_basket(
    request: AnyRequest,
    page: NamedDependency[Page],
    tx: NamedDependency[Tx],
    actor: NamedDependency[Actor],
    state: State,
) -> Response[str]:
    """She reads her code out: it goes on here."""
    form = await typed(request)
    code, outlet = form.get("code", "").strip()[:40], form.get("outlet", "")
    try:
        basket = await state.counter.claim(code, await channels.outlet(tx, code=outlet), by=actor)
    except Refusal as refusal:
        return await show_baskets(
            page, tx, actor, state, Wanted(), code=code, outlet=outlet, error=said_of(page, refusal)
        )
    return say(page.go(f"{PATH}/{basket.basket_id}"), "basket_claimed")


@post(PATH, guards=MAY)
async def open_basket(
    request: AnyRequest,
    page: NamedDependency[Page],
    tx: NamedDependency[Tx],
    actor: NamedDependency[Actor],
    state: State,
) -> Response[str]:
    """A new one, for whoever is on the telephone; with the person that was found, hers."""
    form = await typed(request)
    try:
        outlet = await channels.outlet(tx, code=form.get("outlet", ""))
        basket = orders.Basket(
            basket_id=uuid7(),
            outlet_id=outlet.outlet_id,
            outlet=outlet.code,
            channel=outlet.channel,
            currency=outlet.currency,
        )
        await state.counter(orders.Open(basket, by=actor))
        if person := form.get("person", ""):
            whose = await identity.person(tx, key=uuid_in(person))
            await state.counter.hand_to(basket.basket_id, whose, how="consent", merge=None, by=actor)
    except Refusal as refusal:
        return await show_baskets(page, tx, actor, state, Wanted(), error=said_of(page, refusal))
    return page.go(f"{PATH}/{basket.basket_id}")


def uuid_in(text: str) -> UUID:
    try:
        return UUID(text.rpartition("/")[2])
    except ValueError as error:
        raise NotFound("There is no such person.") from error


# ---- one

LACKING: dict[str, str] = {
    "lines": N_("an article"),
    "delivery": N_("where it goes"),
    "delivery.address": N_("her address"),
    "delivery.location": N_("where it is collected"),
    "quote": N_("what it costs"),
    "payment": N_("the payment"),
}


class Line(msgspec.Struct, frozen=True):
    line: orders.BasketLine
    face: Face
    price: Money | None
    total: Money | None
    discount: Money | None


class BasketView(msgspec.Struct, frozen=True, kw_only=True):
    basket: orders.Basket
    customer: words.Customer
    outlet: str
    lines: Sequence[Line]
    missing: Sequence[str]
    """What comes before it can be ordered; the first of it comes next."""
    amounts: Sequence[tuple[str, Money, bool]]
    parts: Sequence[str]
    held: str
    declined: Sequence[tuple[str, Sequence[Reason]]]
    """Codes that take nothing off, and why."""
    paid: Money | None
    lacking: Sequence[Reason]
    """In words."""
    providers: Sequence[str]
    named_providers: Sequence[tuple[str, str]]
    places: Sequence[tuple[str, str]]
    outlets: Sequence[tuple[str, str]]
    costs: str
    """Of the delivery, as one types it."""
    form: Typed
    href: str
    wrong: str = ""
    """The step that could not be done."""
    error: str = ""


@get(f"{PATH}/{{basket_id:uuid}}", guards=MAY)
async def read_basket(
    request: AnyRequest,
    page: NamedDependency[Page],
    tx: NamedDependency[Tx],
    actor: NamedDependency[Actor],
    state: State,
    basket_id: FromPath[UUID],
) -> Response[str]:
    said = last_said(request, page)
    basket = await state.counter(orders.Look(basket_id, by=actor))
    if basket.state == "ordered":
        return page.go(f"/orders/{basket_id}")
    if basket.merged_into:
        return page.go(f"{PATH}/{basket.merged_into}")
    return said(await show_basket(page, tx, actor, basket))


async def show_basket(
    page: Page,
    tx: Tx,
    actor: Actor,
    basket: orders.Basket,
    *,
    form: Typed | None = None,
    wrong: str = "",
    error: str = "",
) -> Response[str]:
    known = await words.customers(tx, page, [basket.node_id])
    shown = await faces(tx, {one.variant_id for one in basket.lines})
    places = await inventory.locations(tx)
    names = {one.location_id: one.name for one in places}
    providers = [name for name in orders.payments.providers(page.settings) if name not in OURS]
    view = BasketView(
        basket=basket,
        customer=known.get(basket.node_id or 0, words.Customer()),
        outlet=(await channels.outlet(tx, code=basket.outlet)).name,
        lines=lines_of(basket, shown),
        missing=orders.missing(basket),
        amounts=amounts_of(page, basket),
        parts=[
            page.gettext(
                "%(goods)s from %(place)s",
                place=names.get(part.location_id, ""),
                goods=several(page, orders.BasketLine(part.line, part.variant_id, "", part.quantity), shown),
            )
            for part in basket.parts
        ]
        if basket.held_until
        else [],
        held=words.to_come(page, basket.held_until) if basket.held_until else "",
        declined=[
            (one.coupon, [("-", said) for said in declined(page, one, basket.currency)])
            for one in (basket.quote.refused if basket.quote else ())
            if one.coupon
        ],
        paid=Money(basket.payment.amount_minor, basket.payment.currency) if basket.payment else None,
        lacking=[("-", page.gettext(LACKING[one])) for one in orders.missing(basket)],
        providers=providers,
        named_providers=[(one, one) for one in providers],
        places=sorted(
            ((one.code, one.name) for one in places if one.active and "collect" in one.methods), key=lambda one: one[1]
        ),
        outlets=await outlets_of(tx, actor),
        costs=written(page, basket),
        form=form or {},
        href=f"{PATH}/{basket.basket_id}",
        wrong=wrong,
        error=error,
    )
    return page.show("basket.html.j2", view, status=409 if error else 200)


def written(page: Page, basket: orders.Basket) -> str:
    """What the delivery costs, as one types it."""
    if basket.delivery is None:
        return ""
    costs = f"{Money(basket.delivery.amount_minor, basket.currency).decimal():f}"
    return costs.replace(".", ",") if page.language.code == "fr" else costs


def lines_of(basket: orders.Basket, shown: Mapping[int, Face]) -> list[Line]:
    priced = {one.line: one for one in basket.quote.lines} if basket.quote else {}
    made: list[Line] = []
    for one in basket.lines:
        quoted, face = priced.get(one.line), shown.get(one.variant_id) or Face(one.sku, one.sku)
        money = [None, None, None]
        if quoted:
            money = [
                Money(quoted.unit_price_minor, basket.currency),
                Money(quoted.total_minor, basket.currency),
                Money(-quoted.discount_minor, basket.currency) if quoted.discount_minor else None,
            ]
        made.append(Line(one, face, *money))
    return made


def amounts_of(page: Page, basket: orders.Basket) -> list[tuple[str, Money, bool]]:
    if (quote := basket.quote) is None:
        return []
    _ = page.gettext
    rows = [(_("Articles"), sum(one.amount_minor for one in quote.lines), False)]
    if quote.discount_minor:
        rows.append((_("Discounts"), -quote.discount_minor, False))
    rows.append((_("Delivery"), quote.delivery.amount_minor, False))
    if rest := quote.total_minor - sum(amount for _label, amount, _sum in rows):
        rows.append((_("Tax on top"), rest, False))
    rows.append((_("To be paid"), quote.total_minor, True))
    return [(label, Money(amount, basket.currency), is_sum) for label, amount, is_sum in rows]


@post(f"{PATH}/{{basket_id:uuid}}/{{step:str}}", guards=MAY)
async def do_step(
    request: AnyRequest,
    page: NamedDependency[Page],
    tx: NamedDependency[Tx],
    actor: NamedDependency[Actor],
    state: State,
    basket_id: FromPath[UUID],
    step: FromPath[str],
) -> Response[str]:
    """One step to the order; what is refused stands where it was asked."""
    if step not in STEPS:
        raise NotFound("There is no such step.")
    form = await typed(request)
    before = await state.counter(orders.Look(basket_id, by=actor))
    try:
        basket = await STEPS[step](At(page, tx, actor, state.counter, before, form))
    except Refusal as refusal:
        now = await state.counter(orders.Look(basket_id, by=actor))
        why = refusal.detail if isinstance(refusal, Mistyped) and refusal.detail else said_of(page, refusal)
        if lacking := [page.gettext(LACKING[one]) for one in refusal.data.get("missing", ()) if one in LACKING]:
            why = page.gettext("First: %(what)s.", what=", ".join(lacking))
        return await show_basket(page, tx, actor, now, form=form, wrong=step, error=why)
    if basket.state == "ordered":
        return say(page.go(f"/orders/{basket_id}"), "order_placed")
    return page.go(f"{PATH}/{basket.basket_id}")


section = Section(routes=[read_baskets, open_basket, claim_basket, read_basket, do_step])
