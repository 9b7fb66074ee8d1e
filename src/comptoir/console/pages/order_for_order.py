"""Goods on the counter for goods that come from elsewhere: what comes back pays for a new order."""

from collections.abc import Sequence
from uuid import UUID

from comptoir import channels, inventory, orders
from comptoir.console.language import N_
from comptoir.console.pages.forms import Choice, Field, Form
from comptoir.console.pages.order_acts import Desk, Doing, Effect, Made, Sheet, Wrong, chosen, id_in, minor_in
from comptoir.console.pages.order_basket import (
    articles_field,
    articles_in,
    beside,
    given_up,
    goods_from,
    held_and_paid,
    payment_fields,
    promised,
    rows_of,
    tried,
)
from comptoir.console.pages.order_basket import core_of as core_of_basket
from comptoir.console.pages.order_giving_up import PLACE, address_in, several, told
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

HOW: Sequence[Choice] = (("ship", N_("to her address")), ("collect", N_("to be collected")))


async def sheet(desk: Desk, form: Form) -> Sheet:
    _ = desk.page.gettext
    return Sheet(
        title=_("Exchange for an order"),
        lead=_("One act: goods come back, and what was paid for them pays for others that are sent to her."),
        do=_("Exchange, and order"),
        icon="replace",
        lines=back_lines(desk, form, await returnable(desk)),
        states=told(desk, STATES),
        fields=[
            place_field(desk, form, await counters(desk)),
            *reason_fields(desk, form),
            Field(kind="head", name="new", label=_("What she gets")),
            articles_field(desk, form, "instead", _("She gets instead")),
            *await delivery_fields(desk, form),
            Field(kind="head", name="sums", label=_("The money")),
            *payment_fields(desk, form),
            Field(
                kind="select",
                name="money",
                label=_("If it costs less, the rest goes back"),
                options=told(desk, MONEY[:2]),
                value=form.get("money", ""),
            ),
        ],
    )


async def delivery_fields(desk: Desk, form: Form) -> list[Field]:
    """As the order went; where it is of another shop, its address is not shown."""
    _ = desk.page.gettext
    hers = await orders.rights.touches(desk.tx, desk.actor, order_id=desk.order.order_id)
    agreed = await orders.finding.agreed(desk.tx, order_id=desk.order.order_id)
    before = agreed.delivery if agreed and hers else None
    address = before.address if before else None
    return [
        Field(
            kind="select",
            name="method",
            label=_("How the new goods go"),
            options=told(desk, HOW),
            value=form.get("method", before.method if before else ""),
        ),
        Field(
            kind="select",
            name="collected",
            label=_("Where it is collected"),
            options=[("", "–"), *await collecting(desk)],
            value=form.get("collected", before.location if before else ""),
        ),
        *(
            Field(name=name, label=_(label), value=form.get(name, getattr(address, name, "") or ""))
            for name, label in PLACE
        ),
        Field(kind="money", name="costs", label=_("The delivery costs"), value=form.get("costs", "")),
    ]


async def collecting(desk: Desk) -> list[Choice]:
    return sorted(
        ((one.code, one.name) for one in await inventory.locations(desk.tx) if one.active and "collect" in one.methods),
        key=lambda one: one[1],
    )


def delivery_in(desk: Desk, form: Form) -> orders.Delivery:
    """Raises Wrong."""
    costs = minor_in(desk, form, "costs")
    if chosen(form, "method", HOW) == "collect":
        if not (location := form.get("collected", "")[:60]):
            raise Wrong("collected", desk.page.gettext("This is needed."))
        return orders.Delivery(method="collect", location=location, amount_minor=costs)
    return orders.Delivery(method="ship", address=address_in(desk, form), amount_minor=costs)


def basket_of(form: Form) -> UUID:
    """Of the basket, which is the order's; the return has the neighbour of it."""
    return UUID(int=id_in(form).int ^ 1)


async def wished(desk: Desk, form: Form) -> orders.Basket:
    """At the prices of the shop where the goods lie; where they lie in no shop, of the outlet that sold them."""
    where = place_in(desk, form, await counters(desk))
    (place,) = await inventory.by_code(desk.tx, [where])
    outlets = {one.outlet_id: one for one in await channels.outlets(desk.tx)}
    outlet = outlets[place.outlet_id or desk.order.outlet_id]
    agreed = await orders.finding.agreed(desk.tx, order_id=desk.order.order_id)
    return orders.Basket(
        basket_id=basket_of(form),
        outlet_id=outlet.outlet_id,
        outlet=outlet.code,
        outlets=tuple(sorted(desk.actor.outlets)),
        channel=outlet.channel,
        currency=outlet.currency,
        node_id=desk.order.node_id,
        groups=agreed.groups if agreed else (),
        lines=await articles_in(desk, form, "instead"),
        delivery=delivery_in(desk, form),
    )


async def act(desk: Desk, form: Form) -> Made:
    tx, where = desk.tx, place_in(desk, form, await counters(desk))
    await orders.rights.must_be_at(tx, desk.actor, location=where)
    lines = backs_in(desk, form, await returnable(desk), looked=True)
    basket = await tried(desk, await wished(desk, form))

    async def swap(refund: orders.Settling | None) -> orders.aftersale.ExchangedForOrder:
        asked = orders.aftersale.ExchangeForOrder(
            return_id=id_in(form),
            location=where,
            lines=lines,
            basket_id=basket.basket_id,
            refund=refund or orders.Settling(),
        )

        async def once() -> orders.aftersale.ExchangedForOrder:
            return await orders.aftersale.exchange_for_order(tx, asked=asked, by=desk.actor, approved=desk.approved)

        try:  # whether anything is to be paid, the backend says
            async with tx.trial() as trial:
                done = await once()
                trial.keep()
                return done
        except orders.IncompleteBasket as refusal:
            if desk.firm or "payment" not in refusal.data.get("missing", ()):
                raise
            await promised(desk, basket, form)
            return await once()

    made = await fitting(desk, voucher_of(desk, form, swap))
    assert basket.quote
    total = basket.quote.total_minor
    return Made(
        money=await money_of(desk, made, basket, total),
        goods=[*goods_of(desk, made.returned, where), *await goods_from(desk, basket)],
        core=(core_of(made.returned), made.credit_minor, core_of_basket(basket)),
        pays_minor=total if made.credit_minor < total else 0,
        deed="exchanged",
        href=f"/orders/{made.order_id}",
    )


async def money_of(
    desk: Desk, made: orders.aftersale.ExchangedForOrder, basket: orders.Basket, total: int
) -> list[Effect]:
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
    rows += await rows_of(desk, basket, "plus", _("is ordered"))
    difference = total - (made.returned.refund_minor or 0)
    label = _("She pays") if difference > 0 else _("Goes back to her") if difference else _("Nothing is paid")
    rows.append(Effect("equal", label, desk.money(abs(difference)), sum=True))
    if made.credit_minor < total:
        rows.append(Effect("hourglass", _("Promised at once, taken when it leaves")))
    given = await orders.returns.given(desk.tx, return_id=made.returned.return_id)
    return rows + ways(desk, [one for one in given if one.kind != orders.aftersale.EXCHANGE])


async def ahead(desk: Desk, form: Form, made: Made) -> None:
    await held_and_paid(desk, await wished(desk, form), form, made)


async def let_go(desk: Desk, form: Form) -> None:
    await given_up(desk, basket_of(form))


EXCHANGE_FOR_ORDER = Doing(
    action="exchange_for_order",
    sheet=sheet,
    act=act,
    ahead=ahead,
    let_go=let_go,
    at={
        "orders.not_your_place": "location",
        "inventory.unknown_location": "location",
        **beside("instead"),
    },
)
