"""What has been changed of orders is written and told; those that are over let go of the money nobody will take, and
of the coupons that nobody has used.
"""

from collections.abc import Collection
from typing import Any

from comptoir.kernel.db import Tx
from comptoir.kernel.log import Fact
from comptoir.orders.fulfilment import coupons
from comptoir.orders.fulfilment.dossiers import Dossier, Work
from comptoir.orders.fulfilment.events import FulfilmentChanged, OrderEnded
from comptoir.orders.fulfilment.writing import write
from comptoir.orders.payments import EXCHANGE, PaymentAct, authorisations, due
from comptoir.orders.tasks import open_tasks


async def conclude(tx: Tx, dossiers: Collection[Dossier], *, coupons_back: bool = False) -> None:
    """Write them, and end those of which nothing is open any more. The stock and the money are moved before this.

    `coupons_back`: those of orders of which nothing was sold have been given back already.
    """
    ended = [one for one in dossiers if one.settle()]
    await write(tx, dossiers)
    await _let_go(tx, ended)
    if not coupons_back:
        await coupons.give_back_later(tx, [one.order_id for one in ended if one.state == "cancelled"])
    facts: list[Fact] = [_changed(work) for one in dossiers for work in one.works.values() if work.acts]
    facts += [
        OrderEnded(order_id=one.order_id, order_number=one.order_number, node_id=one.node_id, state=one.state)
        for one in ended
    ]
    await tx.tell(*facts)


async def _let_go(tx: Tx, ended: Collection[Dossier]) -> None:
    """What was authorised and will never be taken."""
    money = await authorisations(tx, order_ids=[one.order_id for one in ended])
    acts = [
        one.act("void", f"{order_id}-void", one.left) for order_id, some in money.items() for one in some if one.left
    ]
    await due(tx, acts)
    await open_tasks(tx, [_credit(one) for one in acts if one.provider == EXCHANGE])


def _credit(act: PaymentAct) -> dict[str, Any]:
    """No provider gives back what was paid with goods."""
    return {
        "kind": "credit",
        "order_id": act.order_id,
        "fulfilment_id": None,
        "location_id": None,
        "why": "Goods came back for this order, which has cost less: give her the rest.",
        "data": {"amount_minor": act.amount_minor, "currency": act.currency, "reference": act.authorisation},
    }


def _changed(work: Work) -> FulfilmentChanged:
    lines = work.lines.values()
    return FulfilmentChanged(
        fulfilment_id=work.fulfilment_id,
        order_id=work.order_id,
        location_id=work.location_id,
        method=work.method,
        state=work.state,
        acts=work.acts,
        open=work.open,
        picked=sum(one.picked for one in lines),
        handed_over=sum(one.handed_over for one in lines),
    )
