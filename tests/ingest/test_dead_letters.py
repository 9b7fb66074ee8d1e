"""What could not be taken can be looked at, mended, handed in again and thrown away."""

import json
from datetime import UTC, datetime

import pytest

from comptoir import channels, ingest
from ingest.client import viewed

pytestmark = pytest.mark.anyio


@pytest.fixture
async def sources(db, source):
    sources = channels.Sources(db)
    await sources.refresh()
    return sources


async def letters(db, **which):
    async with db.reading() as tx:
        return await ingest.dead_letters(tx, **which)


async def log(db):
    async with db.reading() as tx:
        return await tx.tuples("SELECT kind, name, occurred_at, body FROM kernel.event ORDER BY position")


async def test_a_mended_letter_is_recorded_once_at_its_own_time(client, db, intake, sources):
    event = viewed(event=None, timestamp="2026-11-01T10:00:00Z")
    del event["messageId"]
    await client.batch(event, sentAt="2026-11-01T10:00:05Z")
    (letter,) = await letters(db)
    assert (letter.reason, letter.event_type) == ("missing_event_name", "track")

    with pytest.raises(ingest.StillBad):
        await ingest.replay(db, intake, sources, dead_letter_ids=[letter.dead_letter_id], mended="{}")
    body = json.dumps({**json.loads(letter.body), "event": "Product Viewed"})
    (done,) = await ingest.replay(db, intake, sources, dead_letter_ids=[letter.dead_letter_id], mended=body, by="ann")
    assert done.outcome == "accepted"

    ((kind, name, occurred_at, _),) = await log(db)
    assert (kind, name) == ("ingest.track", "Product Viewed")
    assert abs((letter.received_at - occurred_at).total_seconds() - 5) < 2
    assert await letters(db) == []
    assert [one.state for one in await letters(db, state="replayed")] == ["replayed"]
    with pytest.raises(ingest.DeadLetterSettled):
        await ingest.replay(db, intake, sources, dead_letter_ids=[letter.dead_letter_id])
    async with db.transaction() as tx:
        await tx.run("UPDATE ingest.dead_letter SET state = 'waiting'")  # as after a crash before it was settled
    (done,) = await ingest.replay(db, intake, sources, dead_letter_ids=[letter.dead_letter_id], mended=body)
    assert done.outcome == "duplicate"
    assert len(await log(db)) == 1


async def test_a_plan_made_milder_lets_the_letters_in(client, db, source, intake, sources):
    async def plan(**entry):
        async with db.transaction() as tx:
            await ingest.save_plan(tx, source_id=source.source_id, entry=ingest.PlanEntry(**entry))
        await intake.refresh_plans()

    await plan(mode="enforce", events={"Product Viewed": {"required": ["colour"]}})
    await client.batch(viewed(), viewed(), viewed(event="Other"))
    waiting = [one.dead_letter_id for one in await letters(db, reason="plan_violation")]
    assert len(waiting) == 2
    again = await ingest.replay(db, intake, sources, dead_letter_ids=waiting)
    assert {one.outcome for one in again} == {"rejected"}
    await plan(mode="observe", events={"Product Viewed": {"required": ["colour"]}})
    again = await ingest.replay(db, intake, sources, dead_letter_ids=waiting)
    assert {one.outcome for one in again} == {"accepted"}
    assert len(await log(db)) == 3
    async with db.reading() as tx:
        assert [one.version for one in await ingest.versions(tx, source_id=source.source_id)] == [2, 1]


async def test_letters_can_be_paged_counted_and_thrown_away(client, db, source):
    await client.batch(*(viewed(type="nonsense") for _ in range(5)), viewed(event=None))
    first = await letters(db, limit=4)
    rest = await letters(db, limit=4, before=first[-1].dead_letter_id)
    assert (len(first), len(rest)) == (4, 2)
    async with db.transaction() as tx:
        assert {one.reason: one.letters for one in await ingest.waiting(tx)} == {
            "unknown_type": 5,
            "missing_event_name": 1,
        }
        assert await ingest.discard(tx, dead_letter_ids=[one.dead_letter_id for one in first]) == 4
        assert await ingest.discard(tx, dead_letter_ids=[one.dead_letter_id for one in first]) == 0
        with pytest.raises(ingest.UnknownDeadLetter):
            await ingest.dead_letter(tx, dead_letter_id=10**9)
    assert len(await letters(db)) == 2


async def test_a_letter_of_bytes_that_are_no_text_can_be_shown(client, db):
    await client.send("/v1/batch", b'{"batch":[{"type":"track","event":"\xff\\u0000"}]}')
    (letter,) = await letters(db)
    assert "\N{REPLACEMENT CHARACTER}" in letter.body


async def test_the_tail_shows_what_came_last_and_quality_counts_it(client, db, source):
    for n in range(30):
        await client.batch(viewed(event=f"Event {n}"), viewed(event=None))
    async with db.reading() as tx:
        seen = await ingest.tail(tx, limit=10)
        assert [one.recorded_at for one in seen] == sorted((one.recorded_at for one in seen), reverse=True)
        accepted = await ingest.tail(tx, limit=3, outcomes=["accepted"])
        assert [one.name for one in accepted] == ["Event 29", "Event 28", "Event 27"]
        later = await ingest.tail(tx, after=accepted[2].recorded_at, outcomes=["accepted"])
        assert [one.name for one in later] == ["Event 29", "Event 28"]
        (rejected, *_) = await ingest.tail(tx, outcomes=["rejected"])
        assert (rejected.reason, rejected.outcome) == ("missing_event_name", "rejected")
        counts = await ingest.quality(tx, since=datetime.now(UTC).date(), source_id=source.source_id)
    assert {(one.outcome, one.reason, one.events) for one in counts if one.event in {"Event 3", "track"}} == {
        ("accepted", "", 1),
        ("rejected", "missing_event_name", 30),
    }
