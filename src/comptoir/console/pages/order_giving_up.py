"""Before the goods are handed over: pieces that are not wanted any more, another address."""

from collections import Counter
from collections.abc import Sequence
from typing import Literal, get_args

import msgspec

from comptoir import orders
from comptoir.console.language import N_
from comptoir.console.pages import order_words as words
from comptoir.console.pages.forms import Choice, Field, Form
from comptoir.console.pages.order_acts import Desk, Doing, Effect, Made, Pieces, Sheet, Wrong, chosen, id_in, pieces_in

By = Literal["customer", "agent", "associate"]


def told(desk: Desk, options: Sequence[Choice]) -> list[Choice]:
    """In the reader's language."""
    return [(value, desk.page.gettext(label)) for value, label in options]


# ---- cancelling


async def cancel_sheet(desk: Desk, form: Form) -> Sheet:
    _ = desk.page.gettext
    left = await orders.aftersale.open_lines(desk.tx, order_id=desk.order.order_id)
    some = "some" in form
    by = "agent" if "agent" in desk.actor.roles else "associate"
    return Sheet(
        title=_("Cancel"),
        lead=_("What is not handed over can be given up: the goods are free again, and what was not taken is let go."),
        do=_("Cancel these pieces"),
        icon="ban",
        bad=True,
        lines=[
            Pieces(
                name=f"p-{line}",
                article=desk.articles[line],
                left=pieces,
                wanted=form.get(f"p-{line}", "" if some else str(pieces)),
            )
            for line, pieces in left.items()
        ],
        fields=[
            Field(
                kind="select",
                name="reason",
                label=_("Why"),
                options=told(desk, words.CANCELLED_FOR),
                value=form.get("reason", ""),
            ),
            Field(
                kind="select",
                name="by",
                label=_("Who wants it"),
                value=form.get("by", ""),
                options=[("customer", _("the customer")), (by, _("we do"))],
            ),
            Field(name="note", label=_("Note"), value=form.get("note", ""), most=500),
        ],
    )


async def cancel(desk: Desk, form: Form) -> Made:
    _, tx, order_id = desk.page.gettext, desk.tx, desk.order.order_id
    await orders.rights.must_touch(tx, desk.actor, order_id=order_id)
    open_ = await orders.aftersale.open_lines(tx, order_id=order_id)
    wanted = {line.line: pieces_in(desk, form, f"p-{line.line}") for line in desk.order.lines}
    if not any(wanted.values()):
        first = next(iter(open_), 0)
        raise Wrong(f"p-{first}", _("Say how many pieces."))
    asked = orders.Cancel(
        cancellation_id=id_in(form),
        lines=tuple(orders.Fewer(line=line, quantity=pieces) for line, pieces in wanted.items() if pieces),
        reason=chosen(form, "reason", words.CANCELLED_FOR),
        note=form.get("note", "").strip()[:500],
        by=msgspec.convert(chosen(form, "by", [(one, "") for one in get_args(By)]), By),
    )
    agreed = await orders.finding.agreed(tx, order_id=order_id)
    before = await orders.fulfilments_of(tx, order_id=order_id)
    try:
        made = await orders.cancel(tx, order_id=order_id, asked=asked, actor=desk.actor.name)
    except orders.aftersale.NotOpen as refusal:
        if "line" not in refusal.data:
            raise
        left = desk.page.language.number(refusal.data["open"])
        raise Wrong(f"p-{refusal.data['line']}", _("%(n)s are open.", n=left)) from refusal
    after = await orders.fulfilments_of(tx, order_id=order_id)
    elsewhere = agreed is not None and agreed.provider == orders.payments.External.name
    return Made(
        money=cancelled_money(desk, made, elsewhere=elsewhere),
        goods=freed(desk, before, after),
        core=(made.lines, made.delivery_minor, made.amount_minor, made.refunded_minor),
        deed="order_cancelled",
    )


def cancelled_money(desk: Desk, made: orders.Cancellation, *, elsewhere: bool) -> list[Effect]:
    _ = desk.page.gettext
    rows = [
        Effect("minus", several(desk, one.quantity, desk.articles[one.line].name), desk.money(-one.total_minor))
        for one in made.lines
    ]
    if made.delivery_minor:
        rows.append(Effect("truck", _("Delivery"), desk.money(-made.delivery_minor)))
    rows.append(Effect("equal", _("Less to pay"), desk.money(-made.amount_minor), sum=True))
    if made.refunded_minor:
        rows.append(Effect("arrow-back-up", _("Was taken already, goes back"), desk.money(made.refunded_minor)))
    if untaken := made.amount_minor - made.refunded_minor:
        gone = _("Paid elsewhere: whoever took it gives it back there") if elsewhere else _("Never taken, is let go")
        rows.append(Effect("hand-stop", gone, desk.money(untaken)))
    return rows


def several(desk: Desk, n: int, name: str) -> str:
    return desk.page.gettext("%(n)s × %(article)s", n=desk.page.language.number(n), article=name)


def freed(desk: Desk, before: Sequence[orders.Fulfilment], after: Sequence[orders.Fulfilment]) -> list[Effect]:
    """What is free again, and where; what nobody had is looked for no more."""
    _ = desk.page.gettext
    had = Counter({(one.location, line.line): line.open for one in before for line in one.lines})
    rows: list[Effect] = []
    boxed = {(one.location, line.line): line.picked for one in before for line in one.lines}
    for one in after:
        for line in one.lines:
            key = one.location, line.line
            if fewer := had[key] - line.open:
                place = words.place(desk.places, one.location).name
                unpacked = max(0, boxed[key] - line.picked)
                note = (
                    desk.page.ngettext(
                        "one goes from its box back to the shelf",
                        "%(n)s go from their boxes back to the shelf",
                        unpacked,
                    )
                    if unpacked
                    else ""
                )
                rows.append(
                    Effect(
                        "stack-2",
                        _("%(goods)s: free again at %(place)s", goods=several(desk, fewer, line.name), place=place),
                        note=note,
                    )
                )
    return rows or [Effect("search-off", _("It is looked for no more: no place had it."))]


CANCEL = Doing(action="cancel", sheet=cancel_sheet, act=cancel)


# ---- another address

PLACE = (
    ("name", N_("Name")),
    ("street", N_("Street")),
    ("postcode", N_("Postcode")),
    ("city", N_("City")),
    ("country", N_("Country")),
    ("region", N_("Region")),
)


async def address_sheet(desk: Desk, form: Form) -> Sheet:
    _ = desk.page.gettext
    agreed = await orders.finding.agreed(desk.tx, order_id=desk.order.order_id)
    now = agreed.delivery.address if agreed else None
    return Sheet(
        title=_("Send it elsewhere"),
        lead=_("As long as nothing is packed, and in the same country and region: there the same taxes hold."),
        do=_("Send it there"),
        icon="map-pin",
        fields=[
            Field(
                name=name,
                label=_(label),
                value=form.get(name, getattr(now, name, "") or ""),
                hint=_("Two letters, like FR.") if name == "country" else "",
            )
            for name, label in PLACE
        ],
    )


async def change_address(desk: Desk, form: Form) -> Made:
    _, tx = desk.page.gettext, desk.tx
    await orders.rights.must_touch(tx, desk.actor, order_id=desk.order.order_id)
    address = address_in(desk, form)
    agreed = await orders.finding.agreed(tx, order_id=desk.order.order_id)
    before = agreed.delivery.address if agreed else None
    delivery = await orders.aftersale.change_address(tx, order_id=desk.order.order_id, address=address)
    return Made(
        goods=[
            Effect("map-pin", _("It was to go to %(address)s", address=in_a_line(before)) if before else ""),
            Effect("arrow-right", _("It goes to %(address)s", address=in_a_line(delivery.address))),
        ],
        money=[Effect("equal", _("The price stands."))],
        about=_("Where it goes"),
        core=delivery,
        deed="address_changed",
    )


def address_in(desk: Desk, form: Form) -> orders.Address:
    """Raises Wrong."""
    given = {name: form.get(name, "").strip()[:200] for name, _label in PLACE}
    for name in ("name", "street", "city"):
        if not given[name]:
            raise Wrong(name, desk.page.gettext("This is needed."))
    given["country"] = given["country"].upper()
    if not (len(given["country"]) == 2 and given["country"].isascii() and given["country"].isalpha()):
        raise Wrong("country", desk.page.gettext("Two letters, like FR."))
    return msgspec.convert(given, orders.Address)


def in_a_line(address: orders.Address | None) -> str:
    if address is None:
        return ""
    parts = (
        address.name,
        address.street,
        f"{address.postcode} {address.city}".strip(),
        address.region,
        address.country,
    )
    return ", ".join(one for one in parts if one)


ADDRESS = Doing(action="change_address", sheet=address_sheet, act=change_address, at={"orders.edit_refused": "country"})
