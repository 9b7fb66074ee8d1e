"""A return that is on record: it has come, somebody has looked at it, its money goes back, it never comes."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from comptoir import orders
from comptoir.console.language import N_
from comptoir.console.page import Page
from comptoir.console.pages.forms import Field, Form
from comptoir.console.pages.order_acts import Desk, Doing, Effect, Made, Pieces, Sheet, Wrong, chosen, pieces_in
from comptoir.console.pages.order_giving_up import several, told
from comptoir.console.pages.order_taking_back import (
    LOOKED,
    STATES,
    core_of,
    counters,
    goods_of,
    money_fields,
    money_of,
    place_field,
    place_in,
    voucher_of,
)
from comptoir.kernel.money import Money

STAGES: dict[str, tuple[str, str, str]] = {
    "announced": (N_("announced"), "info", "truck-loading"),
    "received": (N_("here"), "good", "package"),
    "given_up": (N_("given up"), "", "ban"),
}


class Came(msgspec.Struct, frozen=True, kw_only=True):
    """A return on the order's page, with what is still to be done about it."""

    label: str
    stage: tuple[str, str, str]
    place: str
    pieces: int
    at: datetime
    refund: Money | None
    waiting: int
    """Pieces that nobody has looked at."""
    todo: Sequence[tuple[str, str, str]]
    """Address, words, icon. Without an address it is for another shop to do."""


def came(page: Page, found: Sequence[orders.Return], names: Mapping[int, str], strange: Collection[UUID]) -> list[Came]:
    """Of an order, the first first. `names`: locations by id; `strange`: what another shop decides of."""
    _, may = page.gettext, page.viewer.may("orders:write")
    made: list[Came] = []
    for one in found:
        base = f"/orders/{one.order_id}/returns/{one.return_id}"
        waiting = sum(line.waiting for line in one.lines)
        todo: list[tuple[str, str, str]] = []
        if one.state == "announced":
            todo.append((f"{base}/receive", _("It is here"), "package"))
        if one.state == "received" and waiting:
            todo.append((f"{base}/inspect", _("Look at it"), "eye"))
        if one.state != "given_up" and one.refund_minor is None:
            todo.append((f"{base}/refund", _("Give the money back"), "cash"))
        if one.state == "announced" and one.refund_minor is None:
            todo.append((f"{base}/give-up", _("It never comes"), "ban"))
        made.append(
            Came(
                label=one.label,
                stage=STAGES[one.state],
                place=names.get(one.location_id or 0, ""),
                pieces=sum(line.quantity for line in one.lines),
                at=one.received_at or one.announced_at,
                refund=None if one.refund_minor is None else Money(one.refund_minor, one.currency),
                waiting=waiting,
                todo=[
                    ("" if one.return_id in strange and not href.endswith("/receive") else href, label, sign)
                    for href, label, sign in todo
                ]
                if may
                else (),
            )
        )
    return made


def of(desk: Desk) -> orders.Return:
    assert desk.back is not None
    return desk.back


def where_of(desk: Desk) -> str:
    return desk.codes.get(of(desk).location_id or 0, "")


# ---- it has come


async def receive_sheet(desk: Desk, form: Form) -> Sheet:
    _, back = desk.page.gettext, of(desk)
    form = {"location": where_of(desk), **form}
    given = back.refund_minor is not None
    return Sheet(
        title=_("Return %(label)s is here", label=back.label),
        lead=_("Until somebody has looked at the goods they wait, and nobody is sold them."),
        do=_("It is here"),
        icon="package",
        fields=[
            place_field(desk, form, await counters(desk)),
            Field(
                kind="select",
                name="state",
                label=_("What they are"),
                options=told(desk, STATES),
                value=form.get("state", ""),
            ),
            *([] if given else money_fields(desk, {"money": "later", **form})),
        ],
    )


async def receive(desk: Desk, form: Form) -> Made:
    tx, back = desk.tx, of(desk)
    where = place_in(desk, form, await counters(desk))
    await orders.rights.must_be_at(tx, desk.actor, location=where)
    state = chosen(form, "state", STATES)

    async def act(refund: orders.Settling | None) -> orders.Return:
        asked = orders.Receive(location=where, state=state or None, refund=refund)  # pyright: ignore[reportArgumentType]
        return await orders.returns.receive(
            tx, return_id=back.return_id, asked=asked, actor=desk.actor.name, approved=desk.approved
        )

    made = await act(None) if back.refund_minor is not None else await voucher_of(desk, form, act)
    return Made(
        money=await money_of(desk, made), goods=goods_of(desk, made, where), core=core_of(made), deed="goods_taken_back"
    )


# ---- looked at


async def inspect_sheet(desk: Desk, form: Form) -> Sheet:
    _, back = desk.page.gettext, of(desk)
    return Sheet(
        title=_("Look at return %(label)s", label=back.label),
        lead=_("What is fit goes back on the shelf and can be sold at once. What is not said waits on."),
        do=_("So it is"),
        icon="eye",
        lines=[
            Pieces(
                name=f"p-{one.place}",
                article=desk.article(one.sku),
                left=one.waiting,
                wanted=form.get(f"p-{one.place}", str(one.waiting)),
                state=form.get(f"is-p-{one.place}", ""),
            )
            for one in back.lines
            if one.waiting
        ],
        states=told(desk, LOOKED),
    )


async def inspect(desk: Desk, form: Form) -> Made:
    tx, back = desk.tx, of(desk)
    await orders.rights.must_touch_return(tx, desk.actor, return_id=back.return_id)
    verdicts = [
        orders.Verdict(one.place, pieces, chosen(form, f"is-p-{one.place}", LOOKED))  # pyright: ignore[reportArgumentType]
        for one in back.lines
        if (pieces := pieces_in(desk, form, f"p-{one.place}"))
    ]
    if not verdicts:
        raise Wrong(f"p-{back.lines[0].place}", desk.page.gettext("Say how many pieces."))
    made = await orders.returns.inspect(tx, return_id=back.return_id, verdicts=verdicts, actor=desk.actor.name)
    return Made(goods=goods_of(desk, made, where_of(desk)), core=core_of(made), deed="goods_looked_at")


# ---- its money


async def refund_sheet(desk: Desk, form: Form) -> Sheet:
    _, back = desk.page.gettext, of(desk)
    return Sheet(
        title=_("Give the money for return %(label)s back", label=back.label),
        lead=_("What was paid for the goods, less what is kept; once, and never more than was paid."),
        do=_("Give the money back"),
        icon="cash",
        fields=money_fields(desk, form, later=False),
    )


async def refund(desk: Desk, form: Form) -> Made:
    tx, back = desk.tx, of(desk)
    await orders.rights.must_touch_return(tx, desk.actor, return_id=back.return_id)

    async def act(asked: orders.Settling | None) -> orders.Return:
        return await orders.returns.settle(
            tx, return_id=back.return_id, asked=asked or orders.Settling(), approved=desk.approved
        )

    made = await voucher_of(desk, form, act)
    return Made(money=await money_of(desk, made), core=core_of(made), deed="money_given_back")


# ---- it never comes


async def give_up_sheet(desk: Desk, form: Form) -> Sheet:  # noqa: ARG001
    _, back = desk.page.gettext, of(desk)
    return Sheet(
        title=_("Return %(label)s never comes", label=back.label),
        lead=_("Its pieces may be announced or brought again."),
        do=_("It never comes"),
        icon="ban",
        bad=True,
    )


async def give_up(desk: Desk, form: Form) -> Made:  # noqa: ARG001
    _, tx, back = desk.page.gettext, desk.tx, of(desk)
    await orders.rights.must_touch_return(tx, desk.actor, return_id=back.return_id)
    made = await orders.returns.give_up(tx, return_id=back.return_id)
    goods = [
        Effect(
            "ban",
            _("%(goods)s: is not expected any more", goods=several(desk, one.quantity, desk.article(one.sku).name)),
        )
        for one in made.lines
    ]
    return Made(goods=goods, core=core_of(made), deed="return_given_up")


OF_A_RETURN: dict[str, Doing] = {
    "receive": Doing(sheet=receive_sheet, act=receive, at={"orders.not_your_place": "location"}),
    "inspect": Doing(sheet=inspect_sheet, act=inspect),
    "refund": Doing(
        sheet=refund_sheet, act=refund, at={"orders.approval_needed": "money", "orders.tender_refused": "kept"}
    ),
    "give-up": Doing(sheet=give_up_sheet, act=give_up),
}
