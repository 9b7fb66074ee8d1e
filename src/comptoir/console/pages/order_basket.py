"""A basket that an act at an order makes: tried in the transaction to see what it costs and holds, then done at the
counter like any other, so that no transaction waits for a bank.
"""

from collections.abc import Sequence
from uuid import UUID

import msgspec

from comptoir import inventory, orders
from comptoir.console.language import N_
from comptoir.console.pages import order_words as words
from comptoir.console.pages.forms import Choice, Field, Form
from comptoir.console.pages.order_acts import Desk, Effect, Made, Wrong, chosen
from comptoir.console.pages.order_giving_up import several
from comptoir.console.pages.pieces import Face, Named, faces, read_lines
from comptoir.kernel.errors import Refusal

OURS = {orders.payments.External.name, orders.aftersale.EXCHANGE}
"""Providers by which nobody is asked for money."""
Step = orders.Open | orders.SetLine | orders.SetDelivery | orders.TakeQuote | orders.SetPayment
NO_PROVIDER = N_("No payment provider is connected: she can pay in the shop or on the site.")


def providers_of(desk: Desk) -> list[Choice]:
    return [(name, name) for name in orders.payments.providers(desk.page.settings) if name not in OURS]


def articles_field(desk: Desk, form: Form, name: str, label: str) -> Field:
    return Field(
        kind="area",
        name=name,
        label=label,
        value=form.get(name, ""),
        most=20_000,
        hint=desk.page.gettext(
            "One a line: SKU or barcode, then pieces. Without a number it is one; what is scanned twice is two."
        ),
    )


def beside(name: str) -> dict[str, str]:
    """Where a refusal of the basket stands: beside its articles (the field `name`), or how it is paid."""
    articles = ["inventory.unknown_variant", "catalog.not_sold", "orders.out_of_stock", "pricing.no_price"]
    paying = ["orders.payment_refused", "orders.payment_unclear"]
    return {**dict.fromkeys(articles, name), **dict.fromkeys(paying, "token")}


async def articles_in(desk: Desk, form: Form, name: str) -> tuple[orders.BasketLine, ...]:
    """Raises Wrong."""
    named, wrong = await read_lines(desk.tx, desk.page, form.get(name, ""))
    if wrong:
        raise Wrong(name, wrong)
    return tuple(line_of(place, one) for place, one in enumerate(named, 1))


def line_of(place: int, one: Named) -> orders.BasketLine:
    return orders.BasketLine(place, one.variant_id, one.sku, one.quantity)


def payment_fields(desk: Desk, form: Form) -> list[Field]:
    _ = desk.page.gettext
    if not (named := providers_of(desk)):
        return []
    return [
        Field(
            kind="select",
            name="provider",
            label=_("Who takes the money"),
            options=named,
            value=form.get("provider", ""),
        ),
        Field(
            name="token",
            label=_("Its token"),
            value=form.get("token", ""),
            hint=_("The word the provider gives for her means of payment. Never a card number."),
        ),
    ]


def payment_in(desk: Desk, form: Form) -> tuple[str, str]:
    """The provider and its token. Raises Wrong."""
    if not (named := providers_of(desk)):
        raise Wrong("", desk.page.gettext(NO_PROVIDER))
    if not (token := form.get("token", "").strip()[:200]):
        raise Wrong("token", desk.page.gettext("Say how she pays."))
    return chosen(form, "provider", named), token


# ---- tried


async def tried(desk: Desk, wish: orders.Basket) -> orders.Basket:
    """The basket, quoted; where the act is done, as it was quoted and paid at the counter. Raises what a basket is
    refused for.
    """
    before = await begun(desk, wish.basket_id)
    if before is not None and (desk.firm or before.state in {"merged", "ordered"}):
        return before
    await orders.aftersale.stand_by(desk.tx, order_id=desk.order.order_id)
    return await run(desk, await steps_of(desk, wish, before))


async def promised(desk: Desk, basket: orders.Basket, form: Form) -> orders.Basket:
    """As if its provider had agreed already; where the act is done, it has."""
    assert basket.quote
    if desk.firm or basket.state != "open" or basket.payment or not basket.quote.total_minor:
        return basket
    provider, _token = payment_in(desk, form)
    payment = orders.Payment(
        provider=provider, authorisation="", amount_minor=basket.quote.total_minor, currency=basket.currency
    )
    return await run(desk, [orders.SetPayment(basket.basket_id, payment, basket.attempt)])


async def begun(desk: Desk, basket_id: UUID) -> orders.Basket | None:
    try:
        return await desk.counter(orders.Look(basket_id))
    except orders.UnknownBasket:
        return None


async def run(desk: Desk, steps: Sequence[Step]) -> orders.Basket:
    planner = orders.sourcing.Planner(await orders.sourcing.policy(desk.tx))
    checkout = orders.Checkout(await inventory.places(desk.tx), planner)
    basket: orders.Basket | None = None
    for answer in await checkout.run(desk.tx, steps):
        if isinstance(answer, Refusal):
            raise answer
        basket = answer
    assert basket
    return basket


async def steps_of(desk: Desk, wish: orders.Basket, before: orders.Basket | None) -> list[Step]:
    """From nothing, or from what an earlier try has left, to a quote. Opened by the house: whoever may touch the order
    may touch what goes with it.
    """
    assert wish.delivery
    sold = [(one, await desk.counter.assortments.of(one.variant_id)) for one in wish.lines]
    wanted = {one.line for one in wish.lines}
    gone = [one for one in before.lines if one.line not in wanted] if before else []
    empty = msgspec.structs.replace(wish, lines=(), delivery=None)
    return [
        orders.Open(empty),
        *(orders.SetLine(wish.basket_id, msgspec.structs.replace(one, quantity=0), by=desk.actor) for one in gone),
        *(orders.SetLine(wish.basket_id, one, where, by=desk.actor) for one, where in sold),
        orders.SetDelivery(wish.basket_id, wish.delivery, by=desk.actor),
        orders.TakeQuote(wish.basket_id, by=desk.actor),
    ]


# ---- done at the counter


async def held_and_paid(desk: Desk, wish: orders.Basket, form: Form, made: Made) -> None:
    """Durable, step by step; sent twice, it is done once. Raises Wrong where it costs something else by now."""
    before = await begun(desk, wish.basket_id)
    if before is None or before.state not in {"merged", "ordered"}:
        for step in await steps_of(desk, wish, before):
            before = await desk.counter(step)
        if made.pays_minor:
            assert before
            assert before.quote
            if before.quote.total_minor != made.pays_minor:
                raise Wrong("", desk.page.gettext("It would do something else by now: look again."))
            provider, token = payment_in(desk, form)
            await desk.counter.pay(wish.basket_id, provider=provider, token=token, by=desk.actor)


async def given_up(desk: Desk, basket_id: UUID) -> None:
    """The act was refused after all: what is held and promised is let go."""
    if (found := await begun(desk, basket_id)) and found.state == "open":
        await desk.counter(orders.Abandon(basket_id))


# ---- shown


async def rows_of(desk: Desk, basket: orders.Basket, sign: str, note: str) -> list[Effect]:
    """What it costs, line by line."""
    assert basket.quote
    shown, skus = await shown_in(desk, basket), {one.line: one for one in basket.lines}
    _ = desk.page.gettext
    rows: list[Effect] = []
    for one in basket.quote.lines:
        off = desk.page.language.money(desk.money(one.discount_minor)) if one.discount_minor else ""
        said = _("%(sum)s taken off", sum=off) if off else note
        name = several(desk, one.quantity, named(shown, skus[one.line]))
        rows.append(Effect(sign, name, desk.money(one.total_minor), said))
    if (costs := basket.quote.delivery.total_minor) > 0:
        rows.append(Effect("truck", _("Delivery"), desk.money(costs)))
    return rows


async def shown_in(desk: Desk, basket: orders.Basket) -> dict[int, Face]:
    return await faces(desk.tx, {one.variant_id for one in basket.lines})


def named(shown: dict[int, Face], line: orders.BasketLine) -> str:
    return shown[line.variant_id].name if line.variant_id in shown else line.sku


async def goods_from(desk: Desk, basket: orders.Basket) -> list[Effect]:
    """From where it comes."""
    _ = desk.page.gettext
    shown, lines = await shown_in(desk, basket), {one.line: one for one in basket.lines}
    return [
        Effect(
            "stack-2",
            _(
                "%(goods)s: kept for her at %(place)s",
                goods=several(desk, one.quantity, named(shown, lines[one.line])),
                place=words.place(desk.places, desk.codes.get(one.location_id, "")).name,
            ),
        )
        for one in basket.parts
    ]


def core_of(basket: orders.Basket) -> tuple[object, ...]:
    """What whoever saw it agrees to: the articles, from where, the sums."""
    assert basket.quote
    money = [(one.line, one.variant_id, one.quantity, one.total_minor) for one in basket.quote.lines]
    parts = [(one.line, one.location_id, one.quantity) for one in basket.parts]
    return money, parts, basket.quote.total_minor
