"""Goods for other goods over the counter, and money for a customer who keeps the goods."""

from collections.abc import Sequence

from comptoir import orders
from comptoir.console.language import N_
from comptoir.console.pages.forms import Choice, Field, Form
from comptoir.console.pages.order_acts import Desk, Doing, Effect, Made, Sheet, Wrong, chosen, id_in, minor_in
from comptoir.console.pages.order_giving_up import several, told
from comptoir.console.pages.order_taking_back import (
    MONEY,
    STATES,
    back_lines,
    backs_in,
    core_of,
    counters,
    fitting,
    goods_of,
    place_field,
    place_in,
    reason_fields,
    returnable,
    voucher_of,
    ways,
)
from comptoir.console.pages.order_words import place
from comptoir.console.pages.pieces import read_lines
from comptoir.kernel.money import Money

PAID: Sequence[Choice] = (
    ("card", N_("by card, at the till")),
    ("cash", N_("in cash")),
    ("gift_card", N_("by gift card")),
    ("voucher", N_("by voucher")),
)
SORRY: Sequence[Choice] = (
    ("late", N_("it came late")),
    ("scratched", N_("it is scratched, and she keeps it")),
    ("incomplete", N_("something was missing")),
    ("price", N_("it became cheaper")),
    ("kindness", N_("a kindness")),
)


# ---- exchange


async def exchange_sheet(desk: Desk, form: Form) -> Sheet:
    _ = desk.page.gettext
    return Sheet(
        title=_("Exchange"),
        lead=_(
            "One act: goods come back, others go along. Another size of the same article costs what was paid for it."
        ),
        do=_("Exchange"),
        icon="arrows-exchange",
        lines=back_lines(desk, form, await returnable(desk)),
        states=told(desk, STATES),
        fields=[
            Field(
                kind="area",
                name="instead",
                label=_("She takes instead"),
                value=form.get("instead", ""),
                most=20_000,
                hint=_(
                    "One a line: SKU or barcode, then pieces. Without a number it is one; what is scanned twice is two."
                ),
            ),
            place_field(desk, form, await counters(desk)),
            *reason_fields(desk, form),
            Field(
                kind="select",
                name="paid",
                label=_("If it costs more, she pays"),
                options=told(desk, PAID),
                value=form.get("paid", ""),
            ),
            Field(
                kind="select",
                name="money",
                label=_("If it costs less, the rest goes back"),
                options=told(desk, MONEY[:2]),
                value=form.get("money", ""),
            ),
        ],
    )


async def exchange(desk: Desk, form: Form) -> Made:
    tx, where = desk.tx, place_in(desk, form, await counters(desk))
    await orders.rights.must_be_at(tx, desk.actor, location=where)
    lines = backs_in(desk, form, await returnable(desk), looked=True)
    named, wrong = await read_lines(tx, desk.page, form.get("instead", ""))
    if wrong:
        raise Wrong("instead", wrong)
    instead = tuple(orders.aftersale.Instead(one.sku, one.quantity) for one in named)

    async def swap(refund: orders.Settling | None) -> orders.aftersale.Exchanged:
        async def with_paid(due_minor: int) -> orders.aftersale.Exchanged:
            paid = (orders.aftersale.Tender(chosen(form, "paid", PAID), due_minor),) if due_minor else ()
            asked = orders.aftersale.Exchange(
                return_id=id_in(form),
                location=where,
                lines=lines,
                instead=instead,
                paid=paid,
                refund=refund or orders.Settling(),
            )
            return await orders.aftersale.exchange(tx, asked=asked, actor=desk.actor.name, approved=desk.approved)

        try:  # the backend says what is to be paid
            async with tx.trial() as trial:
                done = await with_paid(0)
                trial.keep()
                return done
        except orders.aftersale.TenderRefused as refusal:
            if not isinstance(due := refusal.data.get("due_minor"), int):
                raise
            return await with_paid(due)

    made = await fitting(desk, voucher_of(desk, form, swap))
    sale = await orders.sale(tx, sale_id=made.sale_id)
    return Made(
        money=await exchanged_money(desk, made, sale),
        goods=[*goods_of(desk, made.returned, where), *taken_along(desk, sale, where)],
        core=(core_of(made.returned), made.difference_minor, [(one.sku, one.net_minor) for one in sale.lines]),
        deed="exchanged",
    )


async def exchanged_money(desk: Desk, made: orders.aftersale.Exchanged, sale: orders.Sale) -> list[Effect]:
    _ = desk.page.gettext
    rows = [
        Effect(
            "minus",
            several(desk, one.quantity, desk.article(one.sku).name),
            desk.money(-one.total_minor),
            _("comes back"),
        )
        for one in made.returned.lines
    ]
    rows += [
        Effect(
            "plus",
            several(desk, one.quantity // 1000, one.name or one.sku or ""),
            desk.money(one.net_minor),
            _("goes along"),
        )
        for one in sale.lines
    ]
    difference = made.difference_minor
    label = _("She pays") if difference > 0 else _("Goes back to her") if difference else _("Nothing is paid")
    rows.append(Effect("equal", label, desk.money(abs(difference)), sum=True))
    given = await orders.returns.given(desk.tx, return_id=made.returned.return_id)
    return rows + ways(desk, [one for one in given if one.kind != "exchange"])


def taken_along(desk: Desk, sale: orders.Sale, where: str) -> list[Effect]:
    _ = desk.page.gettext
    return [
        Effect(
            "shopping-bag",
            _(
                "%(goods)s: leaves the stock of %(place)s",
                goods=several(desk, one.quantity // 1000, one.name or one.sku or ""),
                place=place(desk.places, where).name,
            ),
        )
        for one in sale.lines
    ]


EXCHANGE = Doing(
    action="exchange",
    sheet=exchange_sheet,
    act=exchange,
    at={
        "orders.not_your_place": "location",
        "inventory.unknown_location": "location",
        "inventory.unknown_variant": "instead",
        "catalog.not_sold": "instead",
    },
)


# ---- goodwill


async def goodwill_sheet(desk: Desk, form: Form) -> Sheet:
    _ = desk.page.gettext
    limit = desk.page.language.money(desk.money(orders.aftersale.policy.limits().goodwill_minor))
    return Sheet(
        title=_("Make a gesture"),
        lead=_("She keeps the goods and gets some of the money back; never more than is left of what she paid."),
        do=_("Give it"),
        icon="heart-handshake",
        fields=[
            Field(
                kind="select",
                name="sale",
                label=_("For"),
                options=parcels_of(desk, await returnable(desk)),
                value=form.get("sale", ""),
            ),
            Field(
                kind="money",
                name="amount",
                label=_("So much"),
                value=form.get("amount", ""),
                hint="" if desk.approved else _("Without a manager: up to %(sum)s.", sum=limit),
            ),
            Field(
                kind="select", name="reason", label=_("Why"), options=told(desk, SORRY), value=form.get("reason", "")
            ),
            Field(
                kind="select", name="money", label=_("How"), options=told(desk, MONEY[:2]), value=form.get("money", "")
            ),
        ],
    )


def parcels_of(desk: Desk, sales: Sequence[orders.aftersale.Sold]) -> list[Choice]:
    """The receipts of its parcels, with what is left of each."""
    _, page = desk.page.gettext, desk.page
    return [
        (
            str(one.sale_id),
            str(
                _(
                    "receipt %(number)s, %(left)s left",
                    number=one.receipt_number,
                    left=page.language.money(Money(one.left_minor, one.currency)),
                )
            ),
        )
        for one in sales
    ] or [("", _("nothing yet"))]


async def goodwill(desk: Desk, form: Form) -> Made:
    _, tx = desk.page.gettext, desk.tx
    sales = await returnable(desk)
    if not sales:
        raise Wrong("sale", _("Nothing was handed over yet: cancel it instead."))
    sale_id = int(chosen(form, "sale", [(str(one.sale_id), "") for one in sales]))
    await orders.rights.must_touch_sale(tx, desk.actor, sale_id=sale_id)
    if not (amount := minor_in(desk, form, "amount")):
        raise Wrong("amount", _("Say how much."))
    by_hand = chosen(form, "money", MONEY[:2]) == "voucher"
    asked = orders.aftersale.Goodwill(
        goodwill_id=id_in(form),
        amount_minor=amount,
        reason=chosen(form, "reason", SORRY),
        tenders=(orders.aftersale.Tender("voucher", amount),) if by_hand else (),
    )
    made = await orders.aftersale.give_goodwill(
        tx, sale_id=sale_id, asked=asked, actor=desk.actor.name, approved=desk.approved
    )
    return Made(
        money=[
            Effect("equal", _("Goes back to her"), desk.money(made.amount_minor), sum=True),
            *ways(desk, made.tenders),
        ],
        goods=[Effect("home-heart", _("She keeps the goods."))],
        core=(made.amount_minor, made.tenders),
        deed="goodwill_given",
    )


GOODWILL = Doing(
    action="goodwill",
    sheet=goodwill_sheet,
    act=goodwill,
    at={
        "orders.approval_needed": "amount",
        "orders.tender_refused": "amount",
        "orders.not_your_order": "sale",
    },
)
