"""Goods that come back: announced, on the counter, received, looked at. The money for them is another matter."""

from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

import msgspec

from comptoir import inventory, orders
from comptoir.console.language import N_
from comptoir.console.pages import order_words as words
from comptoir.console.pages.forms import Choice, Field, Form
from comptoir.console.pages.order_acts import (
    Desk,
    Doing,
    Effect,
    Made,
    Pieces,
    Sheet,
    Wrong,
    chosen,
    id_in,
    minor_in,
    pieces_in,
)
from comptoir.console.pages.order_giving_up import several, told

T = TypeVar("T")

STATES: Sequence[Choice] = (
    ("", N_("to be looked at")),
    ("sellable", N_("back on the shelf")),
    ("damaged", N_("damaged")),
)
LOOKED: Sequence[Choice] = STATES[1:]
MONEY: Sequence[Choice] = (
    ("paid", N_("now, as it was paid")),
    ("voucher", N_("now, as a voucher")),
    ("later", N_("later: only the goods now")),
)
KINDS = ("shop", "warehouse", "distribution_centre", "quality_hold")
WAYS: dict[str, str] = {
    "voucher": N_("As a voucher"),
    "exchange": N_("Against the new goods"),
    "not_taken": N_("Was never taken: nothing to give"),
    "cash": N_("In cash"),
    "card": N_("To the card, at the till"),
    "external": N_("By whoever took it, there"),
}
"""How money goes back; anything else is a provider's name."""


async def counters(desk: Desk) -> list[Choice]:
    """Where goods can be taken: for somebody of a shop, there."""
    return [
        (one.code, f"{one.name} ({one.code})")
        for one in sorted(await inventory.locations(desk.tx), key=lambda one: (one.kind != "shop", one.name))
        if one.active and one.kind in KINDS and (not desk.actor.outlets or one.outlet_id in desk.actor.outlets)
    ]


def place_field(desk: Desk, form: Form, places: Sequence[Choice], *, anywhere: str = "") -> Field:
    first = [("", anywhere or desk.page.gettext("choose"))] if anywhere or len(places) != 1 else []
    return Field(
        kind="select",
        name="location",
        label=desk.page.gettext("Where"),
        options=[*first, *places],
        value=form.get("location", ""),
    )


def place_in(desk: Desk, form: Form, places: Sequence[Choice]) -> str:
    if not (given := form.get("location", "")):
        raise Wrong("location", desk.page.gettext("Say where the goods are."))
    return chosen({"location": given}, "location", [*places, (given, "")])  # of others the backend speaks


async def returnable(desk: Desk) -> list[orders.aftersale.Sold]:
    """The sales of its parcels, the first first."""
    ids = await orders.aftersale.sales_of_order(desk.tx, order_id=desk.order.order_id)
    found = await orders.aftersale.returnable(desk.tx, sale_ids=ids)
    return [found[one] for one in ids]


def back_lines(desk: Desk, form: Form, sales: Sequence[orders.aftersale.Sold]) -> list[Pieces]:
    """What may still come back, line by line."""
    only = sum(line.left for sale in sales for line in sale.lines if line.kind == "goods") == 1
    made: list[Pieces] = []
    for sale in sales:
        for line in sale.lines:
            if line.kind == "goods" and line.left:
                name = f"{sale.sale_id}-{line.line_number}"
                made.append(
                    Pieces(
                        name=f"p-{name}",
                        article=desk.article(line.sku, line.name or ""),
                        left=line.left,
                        wanted=form.get(f"p-{name}", "1" if only else ""),
                        state=form.get(f"is-p-{name}", ""),
                        note=sale.receipt_number,
                    )
                )
    return made


def backs_in(
    desk: Desk, form: Form, sales: Sequence[orders.aftersale.Sold], *, looked: bool
) -> tuple[orders.Back, ...]:
    """What was typed. Raises Wrong."""
    reason = chosen(form, "reason", words.RETURNED_FOR) if form.get("reason") else ""
    lines: list[orders.Back] = []
    first = ""
    for sale in sales:
        for line in sale.lines:
            name = f"p-{sale.sale_id}-{line.line_number}"
            if line.kind != "goods" or not (line.left or name in form):
                continue
            first = first or name
            if not (pieces := pieces_in(desk, form, name)):
                continue
            state = chosen(form, f"is-{name}", STATES) if looked else ""
            lines.append(
                orders.Back(
                    sale_id=sale.sale_id,
                    line_number=line.line_number,
                    quantity=pieces,
                    reason=reason,
                    note=form.get("note", "").strip()[:500],
                    state=msgspec.convert(state or None, inventory.State | None),
                )
            )
    if not lines:
        raise Wrong(first, desk.page.gettext("Say how many pieces."))
    if not reason:
        raise Wrong("reason", desk.page.gettext("Say why."))  # a first choice of ours would be what is counted most
    return tuple(lines)


async def fitting(desk: Desk, done: Awaitable[T]) -> T:
    """The act; where more was typed than may come back, beside its line."""
    try:
        return await done
    except orders.aftersale.NotReturnable as refusal:
        lines = refusal.data.get("lines") or [refusal.data]
        if "line_number" not in lines[0]:
            raise
        left = desk.page.language.number(lines[0]["left"])
        name = f"p-{lines[0]['sale_id']}-{lines[0]['line_number']}"
        raise Wrong(name, desk.page.gettext("%(n)s may still come back.", n=left)) from refusal


def reason_fields(desk: Desk, form: Form) -> list[Field]:
    _ = desk.page.gettext
    return [
        Field(
            kind="select",
            name="reason",
            label=_("Why"),
            options=[("", _("choose")), *told(desk, words.RETURNED_FOR)],
            value=form.get("reason", ""),
        ),
        Field(name="note", label=_("Note"), value=form.get("note", ""), most=500),
    ]


def money_fields(desk: Desk, form: Form, *, later: bool = True) -> list[Field]:
    _ = desk.page.gettext
    ways = told(desk, MONEY if later else MONEY[:2])
    return [
        Field(
            kind="select",
            name="money",
            label=_("The money"),
            options=ways,
            value=form.get("money", ""),
            hint=_("Apart from what becomes of the goods."),
        ),
        Field(kind="money", name="fee", label=_("Kept for the trouble"), value=form.get("fee", "")),
        Field(kind="money", name="kept", label=_("Kept because they are worn"), value=form.get("kept", "")),
        Field(
            kind="check",
            name="no_delivery",
            label=_("Keep the delivery, even if everything has come back"),
            value=form.get("no_delivery", ""),
        ),
    ]


def settling_in(desk: Desk, form: Form, voucher_minor: int | None = None) -> orders.Settling | None:
    """How the money goes back; None: later. `voucher_minor`: so much of it by voucher."""
    if (way := chosen(form, "money", MONEY)) == "later":
        return None
    tenders = (orders.aftersale.Tender("voucher", voucher_minor or 0),) if way == "voucher" else ()
    return orders.Settling(
        fee_minor=minor_in(desk, form, "fee"),
        kept_minor=minor_in(desk, form, "kept"),
        with_delivery="no_delivery" not in form,
        tenders=tenders,
    )


async def voucher_of(desk: Desk, form: Form, act: Callable[[orders.Settling | None], Awaitable[T]]) -> T:
    """`act(settling)`; where a voucher is wanted, the backend says how much it must be."""
    settling = settling_in(desk, form)
    if settling is None or not settling.tenders:
        return await act(settling)
    try:
        async with desk.tx.trial() as trial:
            done = await act(settling)
            trial.keep()
            return done
    except orders.aftersale.TenderRefused as refusal:
        total = refusal.data.get("total_minor")
        if not isinstance(total, int) or "kept_minor" in refusal.data:
            raise
        return await act(settling_in(desk, form, total))


async def money_of(desk: Desk, made: orders.Return) -> list[Effect]:
    """The refund, from what was paid for each line down to how it goes back."""
    _ = desk.page.gettext
    if made.refund_minor is None:
        return [Effect("hourglass", _("The money is decided later."))]
    rows = [
        Effect("plus", several(desk, one.quantity, desk.article(one.sku).name), desk.money(one.total_minor))
        for one in made.lines
    ]
    if made.fee_minor:
        rows.append(Effect("minus", _("Kept for the trouble"), desk.money(-made.fee_minor)))
    if made.kept_minor:
        rows.append(Effect("minus", _("Kept because they are worn"), desk.money(-made.kept_minor)))
    rest = made.refund_minor + made.fee_minor + made.kept_minor - sum(one.total_minor for one in made.lines)
    if rest > 0:
        rows.append(Effect("truck", _("Delivery"), desk.money(rest)))
    elif rest:
        rows.append(Effect("minus", _("Was given back before"), desk.money(rest)))
    rows.append(Effect("equal", _("Goes back to her"), desk.money(made.refund_minor), sum=True))
    return rows + ways(desk, await orders.returns.given(desk.tx, return_id=made.return_id))


def ways(desk: Desk, tenders: Sequence[orders.aftersale.Tender]) -> list[Effect]:
    """How it goes back."""
    _ = desk.page.gettext
    return [
        Effect(
            "credit-card",
            _(WAYS[one.kind]) if one.kind in WAYS else _("Through %(provider)s", provider=one.kind),
            desk.money(one.amount_minor),
        )
        for one in tenders
        if one.amount_minor
    ]


def goods_of(desk: Desk, made: orders.Return, where: str) -> list[Effect]:
    """What lies where then."""
    _ = desk.page.gettext
    place = words.place(desk.places, where).name
    rows: list[Effect] = []
    for one in made.lines:
        name = desk.article(one.sku).name
        if one.sellable:
            rows.append(
                Effect(
                    "stack-2",
                    _(
                        "%(goods)s: can be sold again at %(place)s",
                        goods=several(desk, one.sellable, name),
                        place=place,
                    ),
                )
            )
        if one.damaged:
            rows.append(
                Effect(
                    "bandage",
                    _("%(goods)s: damaged, at %(place)s", goods=several(desk, one.damaged, name), place=place),
                )
            )
        if one.waiting:
            rows.append(
                Effect(
                    "eye",
                    _(
                        "%(goods)s: waits at %(place)s until somebody has looked at it",
                        goods=several(desk, one.waiting, name),
                        place=place,
                    ),
                )
            )
    return rows or [Effect("hourglass", _("No goods move yet."))]


def core_of(made: orders.Return) -> tuple[object, ...]:
    lines = [
        (one.sale_id, one.line_number, one.quantity, one.total_minor, one.sellable, one.damaged) for one in made.lines
    ]
    return made.state, made.location_id, made.refund_minor, made.fee_minor, made.kept_minor, lines


# ---- on the counter


async def back_sheet(desk: Desk, form: Form) -> Sheet:
    _ = desk.page.gettext
    return Sheet(
        title=_("Take back"),
        lead=_(
            "Goods on the counter, wherever they were bought. What was paid for them goes back, never reckoned anew."
        ),
        do=_("Take back"),
        icon="arrow-back-up",
        lines=back_lines(desk, form, await returnable(desk)),
        states=told(desk, STATES),
        fields=[place_field(desk, form, await counters(desk)), *reason_fields(desk, form), *money_fields(desk, form)],
    )


async def take_back(desk: Desk, form: Form) -> Made:
    tx, where = desk.tx, place_in(desk, form, await counters(desk))
    await orders.rights.must_be_at(tx, desk.actor, location=where)
    lines = backs_in(desk, form, await returnable(desk), looked=True)

    async def act(refund: orders.Settling | None) -> orders.Return:
        asked = orders.AtCounter(return_id=id_in(form), lines=lines, location=where, refund=refund)
        return await orders.returns.at_counter(tx, asked=asked, actor=desk.actor.name, approved=desk.approved)

    made = await fitting(desk, voucher_of(desk, form, act))
    return Made(
        money=await money_of(desk, made), goods=goods_of(desk, made, where), core=core_of(made), deed="goods_taken_back"
    )


TAKE_BACK = Doing(
    action="take_back",
    sheet=back_sheet,
    act=take_back,
    at={
        "orders.not_your_place": "location",
        "inventory.unknown_location": "location",
        "orders.tender_refused": "kept",
    },
)


# ---- announced


async def announce_sheet(desk: Desk, form: Form) -> Sheet:
    _ = desk.page.gettext
    return Sheet(
        title=_("Announce a return"),
        lead=_(
            "She will send it or bring it. Its number stands on the parcel; goods and money move when they are here."
        ),
        do=_("Announce"),
        icon="truck-loading",
        lines=back_lines(desk, form, await returnable(desk)),
        fields=[
            place_field(desk, form, await counters(desk), anywhere=_("any shop")),
            *reason_fields(desk, form),
        ],
    )


async def announce(desk: Desk, form: Form) -> Made:
    _ = desk.page.gettext
    lines = backs_in(desk, form, await returnable(desk), looked=False)
    asked = orders.Announce(return_id=id_in(form), lines=lines, location=form.get("location", "")[:60])
    made = await fitting(desk, orders.returns.announce(desk.tx, asked=asked, actor=desk.actor.name))
    goods = [
        Effect(
            "truck-loading", _("%(goods)s: is expected", goods=several(desk, one.quantity, desk.article(one.sku).name))
        )
        for one in made.lines
    ]
    money = [Effect("hourglass", _("The money is decided later."))]
    return Made(money=money, goods=goods, core=core_of(made), deed="return_announced")


ANNOUNCE = Doing(
    action="announce_return", sheet=announce_sheet, act=announce, at={"inventory.unknown_location": "location"}
)
