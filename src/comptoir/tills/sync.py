"""What a till did while nobody heard it comes in: one transaction for a batch, each entry once.

The device's row is locked, so its batches come one after the other, whichever way they took. An entry that is known
gets its first answer. What comes ahead of a gap is done where it has happened and waits where it is a promise; the gap
is told. What contradicts the chain stands aside.
"""

import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec

from comptoir.kernel.db import Tx, ints, rows
from comptoir.kernel.log import Fact
from comptoir.tills import chain
from comptoir.tills.acts import perform
from comptoir.tills.chain import Links, Misfit
from comptoir.tills.errors import UnknownDevice
from comptoir.tills.events import TillEntrySetAside, TillGapClosed, TillGapFound
from comptoir.tills.records import Answer, Device, Entry, Synced


class Kept(msgspec.Struct, frozen=True, gc=False):
    """A link of the chain with its answer."""

    sequence: int
    hash: str
    previous: str
    answer: str


class Waiting(msgspec.Struct, frozen=True, gc=False):
    """An entry that waited for a gap to be closed."""

    sequence: int
    previous: str
    hash: str
    entry_id: UUID
    kind: str
    occurred_at: datetime
    body: str


async def sync(tx: Tx, *, device: Device, sent_at: datetime, entries: Sequence[Any]) -> Synced:
    """Take entries as they were sent (decoded JSON), in any order, any of them again. Run by `Database.within`."""
    locked = await tx.tuples(LOCK, device_id=device.device_id)
    if not locked:
        raise UnknownDevice(f"There is no till {device.device_id}.")
    reached, gap_since = locked[0]
    skew = sent_at - tx.now
    read = [_read(raw) for raw in entries]
    known = await _known(tx, device, [one for one in read if isinstance(one, Entry)])
    links = Links((one.sequence, one.hash, one.previous) for one in known.values())
    fresh: dict[int, Entry] = {}
    aside: dict[int, Misfit] = {}
    for place in sorted(range(len(read)), key=lambda n: _order(read[n])):
        one = read[place]
        try:
            if isinstance(one, Misfit):
                raise one
            if not links.has(one):
                links.add(one)
                fresh[one.sequence] = one
        except Misfit as misfit:
            aside[place] = misfit

    ahead: list[int] = await tx.values(AHEAD, device_id=device.device_id, reached=reached)
    reaches, missing = chain.gaps(reached, sorted({*ahead, *(n for n in fresh if n > reached)}))
    waited = [_again(one) for one in await _waiting(tx, device, reaches)] if reaches > reached else []
    due = [*waited, *(one for one in fresh.values() if one.kind != "claim" or one.sequence <= reaches)]
    done = await perform(tx, device, sorted(due, key=lambda one: one.sequence), skew=skew)
    answers = {n: done.get(n) or Answer(sequence=n, entry_id=one.entry_id, state="waiting") for n, one in fresh.items()}
    await tx.run(
        ADD,
        device_id=device.device_id,
        entries=rows([_row(one, answers[one.sequence]) for one in fresh.values()]),
        waited=rows([_row(one, done[one.sequence]) for one in waited]),
        skew_ms=milliseconds(skew),
        now=tx.now,
    )
    facts = await _set_aside(tx, device, [(entries[place], read[place], why) for place, why in aside.items()])
    facts += [
        _told(device, one.sequence, one.code or "", one.detail or "") for one in done.values() if one.state == "faulty"
    ]
    if missing and gap_since is None:
        facts.append(TillGapFound(device_id=device.device_id, outlet_id=device.outlet_id, missing=missing))
    elif gap_since is not None and not missing:
        facts.append(TillGapClosed(device_id=device.device_id, outlet_id=device.outlet_id, reached=reaches))
    await tx.run(
        REACHED,
        device_id=device.device_id,
        reached=reaches,
        gap=bool(missing),
        skew_ms=milliseconds(skew),
        now=tx.now,
    )
    await tx.tell(*facts)
    return Synced(
        reached=reaches,
        missing=missing,
        skew_ms=milliseconds(skew),
        now=tx.now,
        answers=[
            _stands_aside(one, aside[place]) if place in aside else _answer_of(one, answers, known)
            for place, one in enumerate(read)
        ],
    )


def milliseconds(span: timedelta) -> int:
    return span // timedelta(milliseconds=1)


def _read(raw: Any) -> Entry | Misfit:
    try:
        return chain.read(raw)
    except Misfit as misfit:
        return misfit


def _order(one: Entry | Misfit) -> int:
    return one.sequence if isinstance(one, Entry) else 0


def _answer_of(one: Entry | Misfit, answers: Mapping[int, Answer], known: Mapping[int, Kept]) -> Answer:
    assert isinstance(one, Entry)
    return answers.get(one.sequence) or msgspec.json.decode(known[one.sequence].answer, type=Answer)


def _stands_aside(one: Entry | Misfit, why: Misfit) -> Answer:
    sequence, entry_id = (one.sequence, one.entry_id) if isinstance(one, Entry) else (None, None)
    return Answer(sequence=sequence, entry_id=entry_id, state="quarantined", code=why.reason, detail=why.detail)


async def _known(tx: Tx, device: Device, read: Sequence[Entry]) -> dict[int, Kept]:
    """These entries as far as they are there, with their neighbours."""
    near = sorted({n for one in read for n in (one.sequence - 1, one.sequence, one.sequence + 1)})
    found = await tx.many(Kept, KNOWN, device_id=device.device_id, sequences=ints(near)) if near else []
    return {one.sequence: one for one in found}


async def _waiting(tx: Tx, device: Device, reached: int) -> list[Waiting]:
    return await tx.many(Waiting, WAITING, device_id=device.device_id, reached=reached)


def _again(one: Waiting) -> Entry:
    return Entry(
        one.sequence, one.previous, one.entry_id, "claim", one.occurred_at, msgspec.json.decode(one.body), one.hash
    )


def _row(one: Entry, answer: Answer) -> dict[str, Any]:
    return {
        "sequence": one.sequence,
        "hash": one.hash,
        "previous": one.previous,
        "entry_id": one.entry_id,
        "kind": one.kind,
        "occurred_at": one.occurred_at,
        "state": answer.state,
        "answer": msgspec.json.encode(answer).decode(),
        "body": msgspec.json.encode(one.body).decode(),
    }


async def _set_aside(tx: Tx, device: Device, some: Sequence[tuple[Any, Entry | Misfit, Misfit]]) -> list[Fact]:
    """Keep what contradicts the chain; tell of what is new among it."""
    if not some:
        return []
    told: dict[str, dict[str, Any]] = {}
    for raw, one, why in some:
        body = _written(raw)
        digest = hashlib.sha256(body.encode()).hexdigest()
        sequence = one.sequence if isinstance(one, Entry) else None
        told[digest] = {"digest": digest, "sequence": sequence, "reason": why.reason, "detail": why.detail[:500]}
        told[digest]["body"] = body
    new = await tx.values(QUARANTINE, device_id=device.device_id, some=rows(list(told.values())), now=tx.now)
    return [
        _told(device, told[one]["sequence"], told[one]["reason"], told[one]["detail"]) for one in sorted(new)
    ]  # fmt: skip


def _written(raw: Any) -> str:
    """As JSON that can be kept, whatever was in it."""
    import json  # noqa: PLC0415  it writes half a surrogate pair as an escape

    try:
        return json.dumps(raw, sort_keys=True).replace("\\u0000", "\\ufffd")
    except RecursionError:
        return '"(nested too deeply to be written down)"'


def _told(device: Device, sequence: int | None, reason: str, detail: str) -> TillEntrySetAside:
    return TillEntrySetAside(
        device_id=device.device_id, outlet_id=device.outlet_id, sequence=sequence, reason=reason, detail=detail
    )


LOCK = "SELECT reached, gap_since FROM tills.device WHERE device_id = %(device_id)s FOR NO KEY UPDATE"

KNOWN = """
    SELECT e.sequence, e.hash, e.previous, e.answer
    FROM unnest(%(sequences)s::bigint[]) AS k (sequence)
    CROSS JOIN LATERAL (
        SELECT * FROM tills.entry AS e WHERE e.device_id = %(device_id)s AND e.sequence = k.sequence
    ) AS e
"""

AHEAD = """
    SELECT sequence FROM tills.entry WHERE device_id = %(device_id)s AND sequence > %(reached)s ORDER BY sequence
"""

WAITING = """
    SELECT sequence, previous, hash, entry_id, kind, occurred_at, body FROM tills.entry
    WHERE device_id = %(device_id)s AND state = 'waiting' AND sequence <= %(reached)s ORDER BY sequence
"""

ADD = """
    WITH waited AS (
        UPDATE tills.entry AS e SET state = w.state, answer = w.answer
        FROM json_to_recordset(%(waited)s::json) AS w (sequence bigint, state text, answer text)
        WHERE e.device_id = %(device_id)s AND e.sequence = w.sequence
    )
    INSERT INTO tills.entry (device_id, sequence, hash, previous, entry_id, kind, occurred_at, skew_ms, received_at,
        state, answer, body)
    SELECT %(device_id)s, sequence, hash, previous, entry_id, kind, occurred_at, %(skew_ms)s, %(now)s, state, answer,
           body
    FROM json_to_recordset(%(entries)s::json) AS e (sequence bigint, hash text, previous text, entry_id uuid, kind text,
        occurred_at timestamptz, state text, answer text, body text)
"""

REACHED = """
    UPDATE tills.device
    SET reached = %(reached)s, skew_ms = %(skew_ms)s, synced_at = %(now)s,
        gap_since = CASE WHEN %(gap)s THEN coalesce(gap_since, %(now)s) END
    WHERE device_id = %(device_id)s
"""

QUARANTINE = """
    INSERT INTO tills.quarantine (device_id, digest, sequence, reason, detail, received_at, body)
    SELECT %(device_id)s, decode(digest, 'hex'), sequence, reason, detail, %(now)s, body
    FROM json_to_recordset(%(some)s::json) AS q (digest text, sequence bigint, reason text, detail text, body text)
    ORDER BY digest
    ON CONFLICT (device_id, digest) DO NOTHING
    RETURNING encode(digest, 'hex')
"""
