"""What happens to work at its location, from its being taken on to its waiting on a shelf. Pure."""

from datetime import datetime, timedelta

from comptoir import inventory
from comptoir.catalog import check_digit
from comptoir.orders.fulfilment.agenda import Agenda, Sought, allowed
from comptoir.orders.fulfilment.dossiers import Dossier, Work
from comptoir.orders.fulfilment.errors import BadParcelNumber, BadPieces, NothingPicked, NotPicked
from comptoir.orders.fulfilment.records import Accept, Expire, Overdue, Pack, Pick, Ready, Reject, Substitute, pieces_of

LIES_AS: dict[str, inventory.State] = {"not_found": "quarantine", "damaged": "damaged", "display": "display"}
"""How rejected pieces lie afterwards. What was not found is set aside, until somebody finds it or counts."""


def accept(act: Accept, dossier: Dossier, work: Work) -> None:
    allowed(work, "accepted", "open", "accepted")
    picker, wave_id = act.picker or work.picker, act.wave_id or work.wave_id
    if (work.state, work.picker, work.wave_id) != ("accepted", picker, wave_id):
        work.state, work.picker, work.wave_id = "accepted", picker, wave_id
        dossier.note(work, "accept", reason=act.picker, actor=act.actor)


def pick(act: Pick, dossier: Dossier, work: Work) -> None:
    wanted = {one.line: one.pieces for one in act.picked}
    if all(work.line(line).picked == pieces for line, pieces in wanted.items()):
        return
    allowed(work, "picked", "accepted")
    for line, pieces in wanted.items():
        within(work, line, pieces, work.line(line).open, "open")
    for line, pieces in wanted.items():
        if more := pieces - work.line(line).picked:
            work.line(line).picked = pieces
            dossier.note(work, "pick", line=line, pieces=more, actor=act.actor)


def pack(act: Pack, dossier: Dossier, work: Work) -> None:
    if act.sscc and not (len(act.sscc) == 18 and act.sscc.isascii() and act.sscc.isdigit()):
        raise BadParcelNumber(sscc=act.sscc[:40])
    if act.sscc and str(check_digit(act.sscc[:17])) != act.sscc[17]:
        raise BadParcelNumber(f"Its last digit would be {check_digit(act.sscc[:17])}.", sscc=act.sscc)
    parcel = (act.carrier or work.carrier, act.tracking or work.tracking, act.sscc or work.sscc)
    if parcel == (work.carrier, work.tracking, work.sscc):
        return
    allowed(work, "packed", "accepted", "ready", methods=("ship", "transfer"))
    work.carrier, work.tracking, work.sscc = parcel
    dossier.note(work, "pack", reason=" ".join(part for part in parcel if part), actor=act.actor)


def ready(act: Ready, dossier: Dossier, work: Work, now: datetime) -> None:
    allowed(work, "made ready", "accepted", "ready")
    if work.state == "ready" and work.shelf == act.shelf:
        return
    left = {one.line: one.open - one.picked for one in work.lines.values() if one.open > one.picked}
    if left:
        raise NotPicked(f"{sum(left.values())} pieces are still to be picked.", left=left)
    if not any(one.picked for one in work.lines.values()):
        raise NothingPicked(fulfilment_id=work.fulfilment_id)
    work.shelf = act.shelf
    if work.state == "accepted":
        work.state = "ready"
        work.keep_until = now + timedelta(days=act.keep_days) if work.method == "collect" else None
    dossier.note(work, "ready", reason=act.shelf, actor=act.actor)


def reject(act: Reject, dossier: Dossier, work: Work, agenda: Agenda) -> None:
    """The pieces are counted as rejected, and lie as the reason says; then they are sought elsewhere."""
    if dossier.was_done(work, "reject", act.reference):
        return
    lost = unwanted(act, work)
    if act.lines is None and not work.open and not lost:
        return
    # What is under way is in nobody's hands: it can only be lost.
    allowed(work, "rejected", *(("coming",) if act.reason == "lost" else ()), "open", "accepted", "ready")
    wanted = pieces_of(act.lines) if act.lines is not None else {n: one.open for n, one in work.lines.items()}
    if act.reason == "short":  # what has been picked meanwhile is there
        wanted = {n: min(k, work.line(n).open - work.line(n).picked) for n, k in wanted.items()}
    for line, pieces in wanted.items():
        within(work, line, pieces, work.line(line).open, "open")
    wanted = {line: pieces for line, pieces in wanted.items() if pieces}
    for number, pieces in wanted.items():
        line = work.line(number)
        line.rejected += pieces
        line.lost += pieces if work.state == "coming" else 0
        line.picked = min(line.picked, line.open)
        if act.otherwise != "keep":  # else it is told how many of them others take
            dossier.note(
                work, "reject", line=number, pieces=pieces, reason=act.reason, reference=act.reference, actor=act.actor
            )
        if move := moved(act, dossier, line.variant_id, line.location_id, pieces):
            agenda.stock.append(move)
    if wanted:
        at = {number: work.line(number).location_id for number in wanted}
        agenda.sought.append(Sought(dossier=dossier, work=work, act=act, pieces=wanted, at=at))
    for number, pieces in lost.items():
        line = work.line(number)
        line.lost += pieces
        dossier.note(work, "reject", line=number, pieces=pieces, reason=act.reason, actor=act.actor)
        if move := moved(act, dossier, line.variant_id, line.location_id, pieces):
            agenda.stock.append(move)
    if lost:
        work.settle()
    if act.reason in {"not_found", "lost"}:
        pieces = {number: wanted.get(number, 0) + lost.get(number, 0) for number in wanted | lost}
        agenda.ask(act.reason, "Find it, or write it off.", work=work, pieces=pieces)


def unwanted(act: Reject, work: Work) -> dict[int, int]:
    """With a box that is lost whole goes what was cancelled on its way: nobody seeks it, and it does not come."""
    if act.lines is not None or act.reason != "lost" or work.state != "coming":
        return {}
    return {n: pieces for n, one in work.lines.items() if (pieces := one.coming - one.open)}


def moved(
    act: Reject | Substitute, dossier: Dossier, variant_id: int, location_id: int, pieces: int
) -> inventory.Move | None:
    """They are promised still, until they are found elsewhere: a physical fact does not ask."""
    state = LIES_AS.get(act.reason)
    if state is None and act.reason != "lost":
        return None
    return inventory.Move(
        variant_id=variant_id,
        quantity=pieces,
        from_location_id=location_id,
        to_location_id=location_id if state else inventory.ADJUSTMENT,
        to_state=state or "sellable",
        act="move" if state else "adjust",
        is_fact=True,
        reason=act.reason,
        reference=dossier.reference,
        actor=act.actor,
    )


def expire(act: Expire, dossier: Dossier, work: Work, agenda: Agenda, now: datetime) -> None:
    """Only what is overdue still: two workers may have been told of it."""
    if work.state != "ready" or work.keep_until is None or work.keep_until > now:
        return
    units: list[inventory.Units] = []
    for line in work.lines.values():
        if pieces := line.open:
            units.append(inventory.Units(line.variant_id, line.location_id, pieces))
            line.cancelled, line.picked = line.cancelled + pieces, 0
            dossier.note(work, "expire", line=line.line, pieces=pieces, actor=act.actor)
    agenda.stock.append(inventory.Release(reference=dossier.reference, units=units, actor=act.actor))
    agenda.ask("not_collected", "Nobody came: put it back to its shelf.", work=work, shelf=work.shelf)
    work.settle()


def overdue(act: Overdue, dossier: Dossier, work: Work, agenda: Agenda, now: datetime) -> None:
    if work.late or work.state not in {"open", "accepted"} or work.due_at is None or work.due_at > now:
        return
    work.late = True
    dossier.note(work, "overdue", actor=act.actor)
    agenda.ask("late", "It was to be ready by now.", work=work, due_at=work.due_at)


def within(work: Work, line: int, pieces: int, there: int, state: str) -> None:
    """Raises BadPieces."""
    if pieces > there:
        raise BadPieces(
            f"Of line {line}, {there} are {state}.", fulfilment_id=work.fulfilment_id, line=line, wanted=pieces,
            **{state: there},
        )  # fmt: skip
