"""More pieces, or another article, in an order that nobody works on yet."""

import msgspec

from comptoir import channels, orders
from comptoir.console.pages.forms import Form
from comptoir.console.pages.order_acts import Desk, Doing, Effect, Made, Sheet, id_in
from comptoir.console.pages.order_basket import (
    articles_field,
    articles_in,
    beside,
    core_of,
    given_up,
    goods_from,
    held_and_paid,
    payment_fields,
    promised,
    rows_of,
    tried,
)


async def sheet(desk: Desk, form: Form) -> Sheet:
    _ = desk.page.gettext
    return Sheet(
        title=_("Add something"),
        lead=_("It goes along with what was ordered, and the delivery is paid once."),
        do=_("Add it"),
        icon="plus",
        fields=[articles_field(desk, form, "more", _("She takes as well")), *payment_fields(desk, form)],
    )


async def wished(desk: Desk, form: Form) -> orders.Basket:
    """As the order goes, for no more delivery. Raises Wrong."""
    agreed = await orders.finding.agreed(desk.tx, order_id=desk.order.order_id)
    assert agreed
    outlet = next(one for one in await channels.outlets(desk.tx) if one.outlet_id == desk.order.outlet_id)
    return orders.Basket(
        basket_id=id_in(form),
        outlet_id=outlet.outlet_id,
        outlet=outlet.code,
        outlets=tuple(sorted(desk.actor.outlets)),
        channel=desk.order.channel,
        currency=desk.order.currency,
        node_id=desk.order.node_id,
        groups=agreed.groups,
        lines=await articles_in(desk, form, "more"),
        delivery=msgspec.structs.replace(agreed.delivery, amount_minor=0),
    )


async def act(desk: Desk, form: Form) -> Made:
    _, order_id = desk.page.gettext, desk.order.order_id
    await orders.rights.must_touch(desk.tx, desk.actor, order_id=order_id)
    basket = await tried(desk, await wished(desk, form))
    await promised(desk, basket, form)
    await orders.aftersale.extend(desk.tx, order_id=order_id, basket_id=basket.basket_id, by=desk.actor)
    assert basket.quote
    return Made(
        money=[
            *await rows_of(desk, basket, "plus", ""),
            Effect("equal", _("She pays"), desk.money(basket.quote.total_minor), sum=True),
            Effect("hourglass", _("Promised at once, taken when it leaves")),
        ],
        goods=await goods_from(desk, basket),
        core=core_of(basket),
        pays_minor=basket.quote.total_minor,
        deed="order_extended",
    )


async def ahead(desk: Desk, form: Form, made: Made) -> None:
    await held_and_paid(desk, await wished(desk, form), form, made)


async def let_go(desk: Desk, form: Form) -> None:
    await given_up(desk, id_in(form))


ADD = Doing(
    action="add",
    sheet=sheet,
    act=act,
    ahead=ahead,
    let_go=let_go,
    at=beside("more"),
)
