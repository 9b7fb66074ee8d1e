"""What is done on the floor of a shop or a warehouse for the orders of all channels.

`run(tx, acts)` takes a batch: lock the orders, look at their papers, decide one act after the other in memory, let the
stock, the money and the sales follow, write everything set-based. An act is done whole or refused whole.
"""

from collections.abc import Sequence

import msgspec

from comptoir import inventory
from comptoir.kernel.db import Tx
from comptoir.kernel.errors import Refusal
from comptoir.orders.fulfilment.dossiers import Dossier, Work, look, orders_of
from comptoir.orders.fulfilment.ending import conclude
from comptoir.orders.fulfilment.errors import BadPieces, UnknownFulfilment, WrongState
from comptoir.orders.fulfilment.handing_over import Leaving, leave, sell, stock_of
from comptoir.orders.fulfilment.records import Accept, Act, Fulfilment, HandOver, Pick
from comptoir.orders.fulfilment.works import fulfilments_by_id


class Agenda(msgspec.Struct):
    """What follows from the acts of a batch."""

    stock: list[inventory.Act] = msgspec.field(default_factory=list[inventory.Act])
    leaving: list[Leaving] = msgspec.field(default_factory=list[Leaving])


async def run(tx: Tx, acts: Sequence[Act]) -> list[Fulfilment | Refusal]:
    """The work after each act, or why it was refused. Acts on one order are done one after the other."""
    orders = await orders_of(tx, {one.fulfilment_id for one in acts})
    dossiers = await look(tx, set(orders.values()))
    agenda = Agenda()
    refused: dict[int, Refusal] = {}
    for number, act in enumerate(acts):
        try:
            if (order_id := orders.get(act.fulfilment_id)) is None:
                raise UnknownFulfilment(f"There is no work {act.fulfilment_id}.", fulfilment_id=act.fulfilment_id)
            dossier = dossiers[order_id]
            decide(act, dossier, dossier.works[act.fulfilment_id], agenda)
        except Refusal as refusal:
            refused[number] = refusal
    await _follow(tx, agenda)
    await conclude(tx, dossiers.values())
    now = await fulfilments_by_id(tx, orders)
    return [refused[n] if n in refused else now[act.fulfilment_id] for n, act in enumerate(acts)]


async def _follow(tx: Tx, agenda: Agenda) -> None:
    """The stock, then the money and the sales."""
    for answer in await inventory.post(tx, agenda.stock) if agenda.stock else []:
        if isinstance(answer, Refusal):
            raise answer  # the order book and the stock disagree: nothing of the batch can be kept
    if agenda.leaving:
        await sell(tx, agenda.leaving)


# ---- decisions: pure


def decide(act: Act, dossier: Dossier, work: Work, agenda: Agenda) -> None:
    """Change the work as the act says. Raises a Refusal before anything is changed."""
    match act:
        case Accept():
            _accept(act, dossier, work)
        case Pick():
            _pick(act, dossier, work)
        case HandOver():
            _hand_over(act, dossier, work, agenda)


def _accept(act: Accept, dossier: Dossier, work: Work) -> None:
    allowed(work, "accepted", "open", "accepted")
    if work.state == "open" or act.picker not in {"", work.picker}:
        work.state, work.picker = "accepted", act.picker or work.picker
        dossier.note(work, "accept", reason=act.picker, actor=act.actor)


def _pick(act: Pick, dossier: Dossier, work: Work) -> None:
    if all(work.line(one.line).picked == one.pieces for one in act.picked):
        return
    allowed(work, "picked", "accepted")
    for one in act.picked:
        if one.pieces > (there := work.line(one.line).open):
            raise BadPieces(
                f"Of line {one.line}, {there} are open.", line=one.line, wanted=one.pieces, open=there
            )  # fmt: skip
    for one in act.picked:
        line = work.line(one.line)
        if one.pieces != line.picked:
            dossier.note(work, "pick", line=one.line, pieces=one.pieces - line.picked, actor=act.actor)
            line.picked = one.pieces


def _hand_over(act: HandOver, dossier: Dossier, work: Work, agenda: Agenda) -> None:
    if act.reference and act.reference in dossier.references:
        return
    if not act.reference and work.state == "done" and act.lines is None:
        return
    allowed(work, "handed over", "accepted", "ready", methods=("collect", "ship"))
    leaving = leave(dossier, work, act)
    agenda.stock.append(stock_of(leaving))
    agenda.leaving.append(leaving)


def allowed(work: Work, verb: str, *states: str, methods: Sequence[str] = ("collect", "ship", "transfer")) -> None:
    """Raises WrongState, which names the state."""
    if work.state in states and work.method in methods:
        return
    raise WrongState(
        f"What is {work.state} cannot be {verb}: it must be {' or '.join(states)}, for {' or '.join(methods)}.",
        fulfilment_id=work.fulfilment_id,
        state=work.state,
        method=work.method,
        allowed=list(states),
        methods=list(methods),
    )
