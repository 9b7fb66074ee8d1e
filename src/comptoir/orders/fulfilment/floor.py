"""What is done on the floor of a shop or a warehouse for the orders of all channels.

`run(tx, acts)` takes a batch: lock the orders, look at their papers, decide one act after the other in memory, let the
stock, the money and the sales follow, write everything set-based. An act is done whole or refused whole.
"""

from collections.abc import Sequence
from datetime import datetime

from comptoir import inventory
from comptoir.kernel.db import Tx
from comptoir.kernel.errors import Refusal
from comptoir.orders.fulfilment import picking
from comptoir.orders.fulfilment.agenda import Agenda, allowed
from comptoir.orders.fulfilment.dossiers import Dossier, Work, look, orders_of
from comptoir.orders.fulfilment.elsewhere import seek
from comptoir.orders.fulfilment.ending import conclude
from comptoir.orders.fulfilment.errors import UnknownFulfilment
from comptoir.orders.fulfilment.handing_over import leave, sell, stock_of
from comptoir.orders.fulfilment.records import (
    Accept,
    Act,
    Arrive,
    Expire,
    Fulfilment,
    HandOver,
    Overdue,
    Pack,
    Pick,
    Ready,
    Reject,
    Send,
    Substitute,
)
from comptoir.orders.fulfilment.sending import arrive, expect, send
from comptoir.orders.fulfilment.substituting import offered, substitute
from comptoir.orders.fulfilment.works import fulfilments_by_id
from comptoir.orders.tasks import open_tasks

Decided = Accept | Pick | Reject | Pack | Ready | HandOver | Send | Arrive | Expire | Overdue
"""What needs nothing but the dossier to be decided."""


async def run(tx: Tx, acts: Sequence[Act]) -> list[Fulfilment | Refusal]:
    """The work after each act, or why it was refused. Acts on one order are done one after the other."""
    orders = await orders_of(tx, {one.fulfilment_id for one in acts})
    dossiers = await look(tx, set(orders.values()))
    agenda, offers = Agenda(), await offered(tx, acts, orders, dossiers)
    refused: dict[int, Refusal] = {}
    for number, act in enumerate(acts):
        try:
            if (order_id := orders.get(act.fulfilment_id)) is None:
                raise UnknownFulfilment(f"There is no work {act.fulfilment_id}.", fulfilment_id=act.fulfilment_id)
            dossier = dossiers[order_id]
            work = dossier.works[act.fulfilment_id]
            if isinstance(act, Substitute):
                substitute(act, dossier, work, agenda, offers[number])
            else:
                decide(act, dossier, work, agenda, tx.now)
        except Refusal as refusal:
            refused[number] = refusal
    if agenda.sought:
        await seek(tx, agenda)
    else:
        await _move(tx, agenda.stock)
    await expect(tx, agenda)
    if agenda.leaving:
        await sell(tx, agenda.leaving)
    await conclude(tx, dossiers.values())
    await tx.tell(*agenda.facts)
    await open_tasks(tx, agenda.tasks)
    now = await fulfilments_by_id(tx, orders)
    return [refused[n] if n in refused else now[act.fulfilment_id] for n, act in enumerate(acts)]


async def _move(tx: Tx, acts: Sequence[inventory.Act]) -> None:
    for answer in await inventory.post(tx, acts) if acts else []:
        if isinstance(answer, Refusal):
            raise answer  # the order book and the stock disagree: nothing of the batch can be kept


def decide(act: Decided, dossier: Dossier, work: Work, agenda: Agenda, now: datetime) -> None:
    """Change the work as the act says. Pure. Raises a Refusal before anything is changed."""
    match act:
        case Accept():
            picking.accept(act, dossier, work)
        case Pick():
            picking.pick(act, dossier, work)
        case Reject():
            picking.reject(act, dossier, work, agenda)
        case Pack():
            picking.pack(act, dossier, work)
        case Ready():
            picking.ready(act, dossier, work, now)
        case HandOver():
            _hand_over(act, dossier, work, agenda)
        case Send():
            send(act, dossier, work, agenda)
        case Arrive():
            arrive(act, dossier, work, agenda)
        case Expire():
            picking.expire(act, dossier, work, agenda, now)
        case Overdue():
            picking.overdue(act, dossier, work, agenda, now)


def _hand_over(act: HandOver, dossier: Dossier, work: Work, agenda: Agenda) -> None:
    if dossier.was_done(work, "hand_over", act.reference):
        return
    if not act.reference and work.state == "done" and act.lines is None:
        return
    allowed(work, "handed over", "accepted", "ready", methods=("collect", "ship"))
    leaving = leave(dossier, work, act)
    agenda.stock.append(stock_of(leaving))
    agenda.leaving.append(leaving)
