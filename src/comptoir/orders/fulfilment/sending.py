"""Goods that go to another location first, where the customer collects them. They are promised to her all the way."""

from comptoir import inventory
from comptoir.kernel.db import Tx
from comptoir.orders.baskets import Part
from comptoir.orders.fulfilment.agenda import Agenda, allowed
from comptoir.orders.fulfilment.dossiers import Dossier, Line, Work
from comptoir.orders.fulfilment.errors import NothingPicked
from comptoir.orders.fulfilment.records import Arrive, Send
from comptoir.orders.fulfilment.writing import add_works


def send(act: Send, dossier: Dossier, work: Work, agenda: Agenda) -> None:
    """What is picked leaves for the account in transit. Pure."""
    if work.method == "transfer" and work.state == "done":
        return
    allowed(work, "sent", "accepted", "ready", methods=("transfer",))
    picked = {line.line: line.picked for line in work.lines.values() if line.picked}
    if not picked:
        raise NothingPicked(fulfilment_id=work.fulfilment_id)
    units = [inventory.Units(work.line(n).variant_id, work.line(n).location_id, k) for n, k in picked.items()]
    agenda.stock.append(_carried(dossier, units, inventory.TRANSIT, act.actor))
    for number, pieces in picked.items():
        line = work.line(number)
        line.sent, line.picked = line.sent + pieces, line.picked - pieces
    work.carrier, work.tracking = act.carrier or work.carrier, act.tracking or work.tracking
    dossier.note(work, "send", pieces=sum(picked.values()), reason=act.tracking, actor=act.actor)
    agenda.sent.append((dossier, work, picked))
    work.settle()


async def expect(tx: Tx, agenda: Agenda) -> None:
    """The destination sees what is coming."""
    for dossier, work, pieces in agenda.sent:
        assert work.destination_id is not None
        parts = [Part(n, work.line(n).variant_id, work.destination_id, k) for n, k in pieces.items()]
        for made in await add_works(tx, dossier, parts, method="collect", state="coming", lies_at=inventory.TRANSIT):
            made.carrier, made.tracking = work.carrier, work.tracking
            dossier.note(made, "coming", pieces=sum(pieces.values()), reason=str(work.fulfilment_id))


def arrive(act: Arrive, dossier: Dossier, work: Work, agenda: Agenda) -> None:
    """The box is here: what is in it is picked already, and what was cancelled meanwhile is free. Pure."""
    if work.state in {"accepted", "ready", "done", "cancelled"} and all(
        one.location_id == work.location_id for one in work.lines.values()
    ):
        return
    allowed(work, "received", "coming")
    units: list[inventory.Units] = []
    unwanted: dict[int, int] = {}
    for line in work.lines.values():
        if line.open:
            units.append(inventory.Units(line.variant_id, line.location_id, line.open))
        if pieces := line.coming - line.open:
            unwanted[line.line] = pieces
            agenda.stock.append(_freed(dossier, line, pieces, work.location_id, act.actor))
        line.location_id, line.picked = work.location_id, line.open
    if units:
        agenda.stock.append(_carried(dossier, units, work.location_id, act.actor))
    if unwanted:
        agenda.ask("not_wanted", "It was cancelled on its way: put it to the shelf.", work=work, pieces=unwanted)
    work.state = "accepted"
    pieces = sum(one.quantity for one in units) + sum(unwanted.values())
    dossier.note(work, "arrive", pieces=pieces, actor=act.actor)
    work.settle()


def _freed(dossier: Dossier, line: Line, pieces: int, to_location_id: int, actor: str) -> inventory.Move:
    return inventory.Move(
        variant_id=line.variant_id, quantity=pieces, from_location_id=line.location_id, to_location_id=to_location_id,
        is_fact=True, reference=dossier.reference, actor=actor,
    )  # fmt: skip


def _carried(dossier: Dossier, units: list[inventory.Units], to_location_id: int, actor: str) -> inventory.HandOver:
    return inventory.HandOver(
        reference=dossier.reference, units=units, to_location_id=to_location_id, still_promised=True, actor=actor
    )
