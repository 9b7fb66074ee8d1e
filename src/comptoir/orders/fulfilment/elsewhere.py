"""Pieces that a location does not give are promised from elsewhere, in the same act of the stock as they are given up.

Who has rejected an article of the order is not asked for it again. What nobody has is cancelled, waits for goods, or
stays where it is, as the caller says; somebody is told.
"""

from collections.abc import Collection, Mapping

import msgspec

from comptoir import inventory
from comptoir.kernel.db import Tx
from comptoir.kernel.errors import Refusal
from comptoir.orders.baskets import Part
from comptoir.orders.fulfilment.agenda import Agenda, Sought
from comptoir.orders.fulfilment.dossiers import Dossier
from comptoir.orders.fulfilment.writing import add_works
from comptoir.orders.sourcing import Planner, Wanted, source_again

TRIES = 4
"""Rounds: another order of the batch, or of another process, may have taken what was free."""
WAYS: dict[str, tuple[inventory.Method, ...]] = {"ship": ("ship",), "collect": ("collect", "transfer")}
"""How goods may leave another location, by how the customer gets them; the first that can comes first."""


class Moved(msgspec.Struct):
    """Where pieces come from now, by how they leave there."""

    parts: list[tuple[inventory.Method, Part]]
    missing: dict[int, int]
    """By line."""


async def seek(tx: Tx, agenda: Agenda) -> None:
    """Do what is asked of the stock, and promise the pieces that are sought from other locations with it."""
    places = await inventory.places(tx)
    first = agenda.stock
    seeking = list(agenda.sought)
    found: dict[int, Moved] = {}
    for turn in range(TRIES):
        last = turn == TRIES - 1
        moves = [await _seek(tx, one, places, nowhere=last) for one in seeking]
        wishes = [_wish(one, moved) for one, moved in zip(seeking, moves, strict=True)]
        acts = [*first, *(wish for wish in wishes if wish)]
        answers = iter(await inventory.post(tx, acts) if acts else [])
        for answer in [next(answers) for _ in first]:
            if isinstance(answer, Refusal):
                raise answer  # the order book and the stock disagree: nothing of the batch can be kept
        first = []
        refused: list[Sought] = []
        for one, moved, wish in zip(seeking, moves, wishes, strict=True):
            if wish and isinstance(answer := next(answers), Refusal):
                if last:
                    raise answer
                refused.append(one)
            else:
                found[id(one)] = moved
        seeking = refused
        if not seeking:
            break
    for one in agenda.sought:
        await _settle(tx, one, found[id(one)], places, agenda)


async def _seek(tx: Tx, one: Sought, places: inventory.Places, *, nowhere: bool) -> Moved:
    if nowhere:
        return Moved([], dict(one.pieces))
    dossier = one.dossier
    variants = {one.work.line(n).variant_id for n in one.pieces}
    excluded = {one.work.location_id} | {
        line.location_id
        for work in dossier.works.values()
        for line in work.lines.values()
        if line.rejected and line.variant_id in variants
    }
    return await find(tx, dossier, one.pieces, excluded, places)


async def find(
    tx: Tx,
    dossier: Dossier,
    pieces: Mapping[int, int],
    excluded: Collection[int],
    places: inventory.Places,
    planner: Planner | None = None,
) -> Moved:
    """From where so many pieces of these lines can come, and what cannot be had. Nothing is promised here."""
    lines = [Wanted(n, dossier.lines[n].variant_id, k) for n, k in pieces.items()]
    delivery = dossier.delivery
    parts: list[tuple[inventory.Method, Part]] = []
    for way in WAYS[delivery.method]:
        if not lines:
            break
        # What is collected there need not be sent there.
        here = places.ids.get(delivery.location)
        without = {*excluded, here} if way == "transfer" and here else excluded
        again = await source_again(
            tx,
            lines=lines,
            channel=dossier.channel,
            delivery=delivery,
            method=way,
            excluded=without,
            places=places,
            planner=planner,
        )
        parts.extend((way, part) for part in again.parts)
        lines = [Wanted(left.line, left.variant_id, left.quantity) for left in again.missing]
    return Moved(parts, {line.line: line.quantity for line in lines})


def _wish(one: Sought, moved: Moved) -> inventory.Reallocate | None:
    kept = moved.missing if one.act.otherwise == "keep" else {}
    away = [
        inventory.Units(one.work.line(n).variant_id, one.at[n], pieces)
        for n, k in one.pieces.items()
        if (pieces := k - kept.get(n, 0))
    ]
    if not away:
        return None
    return inventory.Reallocate(
        reference=one.dossier.reference,
        away=away,
        to=[inventory.Units(part.variant_id, part.location_id, part.quantity) for _, part in moved.parts],
        channel=one.dossier.channel,
        actor=one.act.actor,
    )


async def entrust(tx: Tx, dossier: Dossier, moved: Moved, places: inventory.Places, *, reason: str) -> None:
    """Others get the work."""
    for way in WAYS[dossier.delivery.method]:
        if not (parts := [part for how, part in moved.parts if how == way]):
            continue
        made = await add_works(
            tx,
            dossier,
            parts,
            method=way,
            destination_id=places.ids.get(dossier.delivery.location) if way == "transfer" else None,
            places=places,
        )
        for new in made:
            pieces = sum(line.quantity for line in new.lines.values())
            dossier.note(new, "entrust", pieces=pieces, reason=reason)


async def _settle(tx: Tx, one: Sought, moved: Moved, places: inventory.Places, agenda: Agenda) -> None:
    """Others get the work; what nobody has is decided."""
    dossier, work, act = one.dossier, one.work, one.act
    await entrust(tx, dossier, moved, places, reason=str(work.fulfilment_id))
    for number, pieces in one.pieces.items() if act.otherwise == "keep" else ():
        if taken := pieces - moved.missing.get(number, 0):
            dossier.note(work, "reject", line=number, pieces=taken, reason=act.reason, actor=act.actor)
    for number, pieces in moved.missing.items():
        line = work.line(number)
        if act.otherwise == "keep":
            line.rejected -= pieces
        elif act.otherwise == "cancel":
            line.rejected, line.cancelled = line.rejected - pieces, line.cancelled + pieces
            dossier.note(work, "cancel", line=number, pieces=pieces, reason=act.reason, actor=act.actor)
    if moved.missing:
        why = {
            "cancel": "Nobody else has it: tell the customer that it will not come.",
            "wait": "Nobody else has it: the order waits for goods.",
            "keep": "More is promised there than lies there, and nobody else has it.",
        }[act.otherwise]
        agenda.ask(
            "waiting" if act.otherwise == "wait" else "short",
            why,
            work=work,
            office=True,
            pieces=moved.missing,
            reason=act.reason,
        )
    work.settle()
