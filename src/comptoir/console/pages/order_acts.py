"""An act at an order: what is asked, what it would do, and done. `/orders/{id}/{deed}`, one page for all of them.

Nothing is done on the first asking. The act itself is tried and undone (Tx.trial), and what it did is shown: the money
to the cent, the goods by place. Only who has seen that does it; where it would do something else by then, it is shown
anew.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from hashlib import blake2b
from typing import Any
from uuid import UUID

import msgspec
from litestar import Response

from comptoir import inventory, orders
from comptoir.console.drawing import Reason
from comptoir.console.language import N_
from comptoir.console.page import Page
from comptoir.console.pages import order_words as words
from comptoir.console.pages.forms import Choice, Field, Form
from comptoir.console.pages.order_doing import WHY
from comptoir.console.pages.said import Deed, say
from comptoir.console.refusals import said_of
from comptoir.kernel.auth import Actor
from comptoir.kernel.db import Tx
from comptoir.kernel.errors import Invalid, Refusal
from comptoir.kernel.ids import uuid7
from comptoir.kernel.money import Money, exponent

MOST_PIECES = 1_000_000


class Wrong(Exception):
    """Something was typed that cannot be: where, and why, in the reader's words."""

    def __init__(self, field: str, why: str) -> None:
        super().__init__(why)
        self.field, self.why = field, why


class Desk(msgspec.Struct, frozen=True, kw_only=True):
    """The order that lies on the desk, and who acts."""

    page: Page
    tx: Tx
    actor: Actor
    order: orders.Order
    articles: Mapping[int, words.Article]
    """By line."""
    places: Mapping[str, words.Place]
    codes: Mapping[int, str]
    """Of locations, by id."""
    counter: orders.Counter
    back: orders.Return | None = None
    """The return that the act is about."""
    work_id: int = 0
    """The work of a location that it is done at; 0: at the order."""
    firm: bool = False
    """It is done, not only tried: what comes before it (`Doing.ahead`) has been done."""

    @property
    def href(self) -> str:
        return f"/orders/{self.order.order_id}"

    @property
    def home(self) -> str:
        """Where whoever leaves it goes back to."""
        return f"/fulfilment/works/{self.work_id}" if self.work_id else self.href

    @property
    def approved(self) -> bool:
        """A manager: beyond the limits of aftersale.policy."""
        return self.actor.may("orders:admin")

    def money(self, amount_minor: int) -> Money:
        return Money(amount_minor, self.order.currency)

    def article(self, sku: str | None, name: str = "") -> words.Article:
        found = next((one for one in self.articles.values() if one.sku == sku), None)
        return found or words.Article(0, sku or "", name or sku or "", "", "grey")


class Pieces(msgspec.Struct, frozen=True, kw_only=True):
    """A line of which some pieces can be chosen. `name`: of its field; that of what they are begins with `is-`."""

    name: str
    article: words.Article
    left: int
    wanted: str
    state: str = ""
    note: str = ""
    error: str = ""


class Sheet(msgspec.Struct, frozen=True, kw_only=True):
    """What is asked for an act."""

    title: str
    lead: str
    do: str
    """On the button that does it."""
    icon: str
    fields: Sequence[Field] = ()
    lines: Sequence[Pieces] = ()
    states: Sequence[Choice] = ()
    """What pieces may be; none: not asked."""
    bad: bool = False
    """It takes something away."""


class Effect(msgspec.Struct, frozen=True):
    """One thing that the act does."""

    icon: str
    words: str
    amount: Money | None = None
    note: str = ""
    sum: bool = False


class Made(msgspec.Struct, frozen=True, kw_only=True):
    """What the act has done. `core` is what whoever saw it agrees to: the same again is the same."""

    money: Sequence[Effect] = ()
    goods: Sequence[Effect] = ()
    about: str = ""
    """Above what is said of the goods, where it is of something else."""
    core: Any
    deed: Deed
    href: str = ""
    """Where it is seen; empty: at the order."""
    pays_minor: int = 0
    """What a provider is asked to promise before it is done."""

    @property
    def word(self) -> str:
        return blake2b(msgspec.json.encode(self.core), digest_size=8).hexdigest()


class Doing(msgspec.Struct, frozen=True, kw_only=True):
    """How one kind of act is asked and done. `action` names it among what may be done with an order."""

    action: str = ""
    sheet: Callable[[Desk, Form], Awaitable[Sheet]]
    act: Callable[[Desk, Form], Awaitable[Made]]
    ahead: Callable[[Desk, Form, Made], Awaitable[None]] | None = None
    """What is done before it, durable by itself: a basket held and paid. Repeated, it is done once."""
    let_go: Callable[[Desk, Form], Awaitable[None]] | None = None
    """Takes that back, where the act was refused after all."""
    closed: str = ""
    """Why it cannot be done now, where no action of the order says so."""
    at: Mapping[str, str] = {}
    """The field beside which a refusal of this code stands; elsewhere it stands above."""


class ActView(msgspec.Struct, frozen=True, kw_only=True):
    number: int
    back: str
    floor: bool
    """Done at the work of a location, not at the order."""
    href: str
    sheet: Sheet
    form: Form
    made: Made | None = None
    error: str = ""
    """What cannot be, where it is no field's."""
    why_not: Sequence[Reason] = ()


async def desk_of(
    page: Page,
    tx: Tx,
    actor: Actor,
    counter: orders.Counter,
    order_id: UUID,
    return_id: UUID | None = None,
    *,
    work_id: int = 0,
) -> Desk:
    """Raises UnknownOrder, UnknownReturn."""
    order = await orders.order(tx, order_id=order_id)
    back = await orders.returns.one(tx, return_id=return_id) if return_id else None
    if back is not None and back.order_id != order_id:
        raise orders.aftersale.UnknownReturn(f"The order has no return {return_id}.")
    goods = await words.articles(tx, order, await orders.fulfilments_of(tx, order_id=order_id))
    codes = {one.location_id: one.code for one in await inventory.locations(tx)}
    return Desk(
        page=page,
        tx=tx,
        actor=actor,
        order=order,
        articles=goods,
        places=await words.places(tx),
        codes=codes,
        counter=counter,
        back=back,
        work_id=work_id,
    )


async def ask(desk: Desk, doing: Doing, href: str, form: Form) -> Response[str]:
    """The sheet; where it is not allowed now, why not."""
    sheet = await doing.sheet(desk, form)
    view = ActView(
        number=desk.order.order_number,
        back=desk.home,
        floor=desk.work_id > 0,
        href=href,
        sheet=sheet,
        form=form,
        why_not=await why_not(desk, doing),
    )
    return desk.page.show("order_act.html.j2", view, status=409 if view.why_not else 200)


async def why_not(desk: Desk, doing: Doing) -> list[Reason]:
    """The backend's own word on whether it may be done now."""
    if doing.closed:
        return [("-", doing.closed)]
    allowed = await orders.actions_of(desk.tx, order_id=desk.order.order_id, by=desk.actor)
    found = next((one for one in allowed if one.name == doing.action), None)
    if found is None or found.allowed:
        return []
    return [("-", desk.page.gettext(WHY.get(found.why, WHY["not_allowed"])))]


async def attempt(desk: Desk, doing: Doing, href: str, form: dict[str, str]) -> Response[str]:
    """Try it and show what it does; do it where that was seen and agreed to."""
    agreed = form.pop("confirm", "")
    form.setdefault("id", str(uuid7()))
    if "again" in form:
        return await ask(desk, doing, href, {name: value for name, value in form.items() if name != "again"})
    try:
        made = await done_if(desk, doing, form, agreed)
    except Wrong as wrong:
        return await complain(desk, doing, href, form, wrong.field, wrong.why, 422)
    except Refusal as refusal:
        field = doing.at.get(refusal.code, "")
        return await complain(desk, doing, href, form, field, told(desk, refusal), refusal.status)
    if agreed == made.word:
        return say(desk.page.go(made.href or desk.href), made.deed)
    view = ActView(
        number=desk.order.order_number,
        back=desk.home,
        floor=desk.work_id > 0,
        href=href,
        sheet=await doing.sheet(desk, form),
        form=form,
        made=made,
        error=desk.page.gettext("It would do something else by now: look again.") if agreed else "",
    )
    return desk.page.show("order_act.html.j2", view)


async def done_if(desk: Desk, doing: Doing, form: Form, agreed: str) -> Made:
    """What it does; done where that was agreed to, else undone."""
    if doing.ahead is not None:
        await orders.aftersale.one_at_a_time(desk.tx, act_id=id_in(form))
    async with desk.tx.trial() as trial:
        made = await doing.act(desk, form)
        if agreed == made.word and doing.ahead is None:
            trial.keep()
    if agreed != made.word or doing.ahead is None:
        return made
    await doing.ahead(desk, form, made)  # the trial has let its locks go
    try:
        async with desk.tx.trial() as trial:
            made = await doing.act(msgspec.structs.replace(desk, firm=True), form)
            if agreed == made.word:
                trial.keep()
                return made
    except (Wrong, Refusal):
        if doing.let_go is not None:
            await doing.let_go(desk, form)
        raise
    if doing.let_go is not None:
        await doing.let_go(desk, form)
    return made


async def complain(desk: Desk, doing: Doing, href: str, form: Form, field: str, why: str, status: int) -> Response[str]:
    """The sheet as it was typed, with what is wrong beside its field."""
    sheet = await doing.sheet(desk, form)
    known = {one.name for one in sheet.fields} | {one.name for one in sheet.lines}
    sheet = msgspec.structs.replace(
        sheet,
        fields=[msgspec.structs.replace(one, error=why) if one.name == field else one for one in sheet.fields],
        lines=[msgspec.structs.replace(one, error=why) if one.name == field else one for one in sheet.lines],
    )
    view = ActView(
        number=desk.order.order_number,
        back=desk.home,
        floor=desk.work_id > 0,
        href=href,
        sheet=sheet,
        form=form,
        error="" if field in known else why,
    )
    return desk.page.show("order_act.html.j2", view, status=status)


def told(desk: Desk, refusal: Refusal) -> str:
    """Why the answer was no, with the sum it is about."""
    said, data = said_of(desk.page, refusal), refusal.data
    for name, sentence in LIMITS.items():
        if isinstance(data.get(name), int):
            return f"{said} {desk.page.gettext(sentence, sum=desk.page.language.money(desk.money(data[name])))}"
    if (why := data.get("why")) in EDITS:
        return desk.page.gettext(EDITS[why])
    return said


LIMITS: dict[str, str] = {
    "limit_minor": N_("Without a manager: up to %(sum)s."),
    "left_minor": N_("%(sum)s are left to give."),
    "kept_minor": N_("%(sum)s would be kept."),
}
EDITS: dict[str, str] = {
    "collected_at_shop": N_("It is collected in a shop."),
    "nothing_open": N_("Nothing of it is open: everything was handed over or cancelled."),
    "picking_begun": N_("Its goods are being packed: cancel what is open, and order it anew."),
    "other_taxes": N_("Other taxes hold there: cancel it, and order it anew."),
}


# ---- what was typed


def pieces_in(desk: Desk, form: Form, name: str) -> int:
    """A whole number of pieces; nothing is none. Raises Wrong."""
    text = form.get(name, "").strip()
    if not text:
        return 0
    if not (text.isascii() and text.isdecimal() and len(text) < 8 and int(text) <= MOST_PIECES):
        raise Wrong(name, desk.page.gettext("A whole number of pieces."))
    return int(text)


def minor_in(desk: Desk, form: Form, name: str) -> int:
    """4.90 and 4,90 are 490 cents; nothing is nothing. Raises Wrong."""
    text = form.get(name, "").strip().replace("\u00a0", "").replace("\u202f", "").replace(",", ".")
    if not text:
        return 0
    whole, _, part = text.partition(".")
    digits = exponent(desk.order.currency)
    fine = whole.isascii() and whole.isdecimal() and len(whole) < 10 and len(part) <= digits
    if not fine or (part and not (part.isascii() and part.isdecimal())):
        raise Wrong(name, desk.page.gettext("An amount, like 12.50."))
    return int(whole) * 10**digits + int(part.ljust(digits, "0") or "0")


def chosen(form: Form, name: str, options: Sequence[Choice]) -> str:
    """One of the options; the first where nothing was said. Raises Invalid: a browser sends no other."""
    value = form.get(name) or options[0][0]
    if value not in {one for one, _ in options}:
        raise Invalid("There is no such choice.", field=name)
    return value


def id_in(form: Form) -> UUID:
    """Under which the act is done once, however often it is sent."""
    try:
        return UUID(form.get("id", ""))
    except ValueError as error:
        raise Invalid("The id of the act is no UUID.") from error
