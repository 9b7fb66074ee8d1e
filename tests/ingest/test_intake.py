"""One verdict for each event, and none costs its neighbours."""

import asyncio
import contextlib
import json
from collections import Counter
from datetime import UTC, datetime, timedelta

import jsonschema_rs
import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from comptoir import ingest
from comptoir.ingest.plans import BOUNDS, Compiled, prover
from comptoir.ingest.wire import take_apart, unstorable
from comptoir.kernel.errors import Invalid, TooLarge
from comptoir.kernel.log import microseconds
from conftest import examples
from ingest.client import viewed

pytestmark = pytest.mark.anyio

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)


class Someone:
    source_id = 1
    salt = b"0123456789abcdef"


def arrival(**own):
    return ingest.Arrival(source=Someone, received=microseconds(NOON), **own)


def judged(*events, plan=None, **more):
    return ingest.judge(json.dumps({"batch": list(events), **more}).encode(), arrival(), plan)


def columns(row):
    """The columns of a packed row after its stamp: kind, source_id, lane, occurred_at, key, name, body."""
    at, found = 0, []
    while at < len(row):
        size = int.from_bytes(row[at : at + 4], "big")
        found.append(row[at + 4 : at + 4 + size])
        at += 4 + size
    return found


def occurred(row):
    since_2000 = int.from_bytes(columns(row)[3], "big", signed=True)
    return datetime(2000, 1, 1, tzinfo=UTC) + timedelta(microseconds=since_2000)


def body(row):
    return json.loads(columns(row)[6])


BAD = {
    "malformed": [{"type": "track", "event": "x", "userId": "u", "context": 5}, 7, "text", [], None],
    "unknown_type": [viewed(type="purchase"), viewed(type=""), viewed(type=3), {}],
    "no_user_anon_id": [viewed(anonymousId=None), viewed(anonymousId="  "), viewed(anonymousId="", userId="")],
    "no_previous_id": [viewed(type="alias")],
    "bad_group_id": [viewed(type="group"), viewed(type="group", groupId=""), viewed(type="group", groupId="g" * 501)],
    "missing_event_name": [viewed(event=None), viewed(event=""), viewed(event="  "), viewed(event=7)],
    "too_large": [viewed(properties={"text": "x" * 33_000})],
    "too_many_traits": [viewed(properties={f"p{n}": n for n in range(301)})],
    "too_many_identifiers": [viewed(context={"externalIds": [{"type": "card", "id": str(n)} for n in range(1000)]})],
    "identifier_too_long": [viewed(userId="u" * 501), viewed(previousId="p" * 501)],
    "message_id_too_long": [viewed(messageId="m" * 101)],
    "nul_or_surrogate": [viewed(event="a\0b"), viewed(properties={"name": "\ud83d"}), viewed(userId="\udc00x")],
    "bad_time": [
        viewed(timestamp="0000-01-01T00:00:00Z"),
        viewed(timestamp="yesterday"),
        viewed(timestamp="1969-12-31T23:00:00Z"),
        viewed(sentAt="never"),
    ],
    "bad_money": [
        viewed(event="Order Completed", properties={"total": -5}),
        viewed(event="Order Completed", properties={"revenue": 1e300}),
        viewed(event="Order Completed", properties={"total": "twelve"}),
        viewed(event="Order Completed", properties={"total": "1e999999999"}),
        viewed(event="Completed Order", properties={"products": [{"price": 5, "quantity": -1}]}),
    ],
}


@pytest.mark.parametrize(("reason", "event"), [(reason, event) for reason, events in BAD.items() for event in events])
def test_a_bad_event_has_its_reason_and_its_neighbours_are_taken(reason, event):
    done = judged(viewed(), event, viewed())
    assert [(one.reason, bool(one.detail)) for one in done.letters] == [(reason, True)]
    assert len(done.keys) == len(done.rows) == 2


def test_json_that_is_broken_inside_an_event_costs_that_event_only():
    good = json.dumps(viewed())
    for broken in (
        '{"type":"track","a":tru}',
        '{"a":01}',
        '{"a":NaN}',
        '{"a":"\\x"}',
        "{" + '"a":[' * 2000 + "]" * 2000 + "}",
    ):
        whole = f'{{"sentAt":"2026-11-21T11:59:59Z","batch":[{good},{broken},{good}],"context":{{"locale":"fr"}}}}'
        done = ingest.judge(whole.encode(), arrival())
        assert [one.reason for one in done.letters] == ["malformed"], broken
        assert len(done.keys) == 2
        assert all(b'"locale":"fr"' in row for row in done.rows)


def test_bytes_that_are_no_utf8_cost_their_event_only():
    good = json.dumps(viewed()).encode()
    done = ingest.judge(b'{"batch":[%b,%b]}' % (good, good.replace(b"p1", b"\xff\xfe")), arrival())
    assert (len(done.keys), [one.reason for one in done.letters]) == (1, ["malformed"])


def test_emoji_and_escaped_backslashes_are_no_surrogates():
    done = judged(viewed(event="\U0001f6d2"), viewed(properties={"path": "C:\\ud83d", "nul": "\\u0000"}))
    assert len(done.keys) == 2
    assert not unstorable(b'"\\ud83d\\ude00 \\\\ud83d"')
    assert unstorable(b'"\\\\\\ud83d"')


def test_a_batch_without_its_end_is_refused():
    with pytest.raises(ValueError, match="ends"):
        take_apart(b'{"batch":[{"a":1},{"b":', most=9)
    with pytest.raises(Invalid):
        ingest.judge(b'{"batch":[{"a":1},{"b":', arrival())


@pytest.mark.parametrize("levels", [30, 31, 32, 33, 34, 900, 5000])
def test_an_event_of_many_levels_costs_itself_only(levels):
    good, deep = json.dumps(viewed()), '{"a":[]," } ":tru}'
    for _ in range(levels):
        deep = '["]",' + deep + "]"
    done = ingest.judge(f'{{"batch":[{good},{deep},{deep},{good}],"context":{{"a":1}}}}'.encode(), arrival())
    assert ([one.reason for one in done.letters], len(done.keys)) == (["malformed"] * 2, 2)


def test_a_text_without_its_end_costs_the_last_event_only():
    good = json.dumps(viewed())
    for last in ('"x', '{"a":"x}', '{"a":"x\\"}', '["y",[["x\\"\\"]]]'):
        done = ingest.judge(f'{{"batch":[{good},{good},{last}]}}'.encode(), arrival())
        assert ([one.reason for one in done.letters], len(done.keys)) == (["malformed"], 2), last


MEGABYTE = 1_000_000


@pytest.mark.parametrize(
    "piece", [b"[", b'{"a":', b'["",', b"[" * 33 + b"]" * 33 + b",", b'[\\"', b'"', b'"",', b"[],"]
)
@pytest.mark.parametrize("before", [b'{"batch":[', b'{"batch":[[', b'{"context":['])
def test_a_body_of_brackets_and_quotes_is_refused_before_it_has_cost_much(before, piece):
    """Each of them would take seconds, some of them hours, looked at one by one or again and again."""
    with pytest.raises((Invalid, TooLarge)):
        ingest.judge(before + piece * (MEGABYTE // len(piece)), arrival())


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text('[]{}",:\\ b', max_size=8) | st.just("batch"),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.just("batch") | st.text('[]{}",\\', max_size=3), inner, max_size=3)
    ),
    max_leaves=20,
)


@given(st.lists(JSON), st.fixed_dictionaries({}, optional={"a": JSON, "batch ": JSON, "context": JSON}), st.booleans())
@settings(max_examples=examples(100), deadline=None)
def test_brackets_and_strings_alone_tell_the_events(events, more, first):
    whole = {"batch": events, **more} if first else {**more, "batch": events}
    for separators in ((",", ":"), (" , ", " : ")):
        apart = take_apart(json.dumps(whole, separators=separators).encode(), most=len(events))
        assert [json.loads(bytes(one)) for one in apart.batch] == events


FIELDS = [
    "type",
    "event",
    "userId",
    "anonymousId",
    "messageId",
    "timestamp",
    "sentAt",
    "context",
    "traits",
    "properties",
    "groupId",
    "previousId",
    "externalIds",
    "total",
    "name",
    "integrations",
]


@given(
    st.lists(
        st.recursive(
            st.none() | st.booleans() | st.floats() | st.integers() | st.text(),
            lambda inner: (
                st.lists(inner, max_size=3)
                | st.dictionaries(
                    st.sampled_from(FIELDS) | st.text(max_size=3),
                    inner | st.sampled_from(["track", "identify", "u1", "2026-11-21T10:00:00Z", "Order Completed"]),
                    max_size=8,
                )
            ),
            max_leaves=20,
        ),
        max_size=8,
    ),
    st.dictionaries(st.sampled_from(["context", "integrations", "sentAt", "writeKey"]), st.text() | st.just({"a": 1})),
)
@settings(max_examples=examples(100), deadline=None)
def test_any_json_gets_as_many_verdicts_as_it_has_events(events, more):
    for ascii_only in (True, False):
        text = json.dumps({**more, "batch": events}, ensure_ascii=ascii_only)
        try:
            done = ingest.judge(text.encode("utf-8", "surrogatepass"), arrival())
        except Invalid:
            assert more.keys() & {"sentAt", "writeKey"}  # their types are the request's, not an event's
            continue
        assert len(done.keys) + len(done.letters) == len(events)


@given(st.binary(max_size=300))
@settings(max_examples=examples(100), deadline=None)
def test_any_bytes_are_judged_or_refused(data):
    for call in ("", "track"):
        try:
            done = ingest.judge(data, arrival(call=call))
        except Invalid:
            continue
        assert len(done.keys) + len(done.letters) >= 0


def test_the_clock_of_the_sender_is_corrected():
    wrong = viewed(timestamp="2025-11-21T10:00:00Z")  # a year behind
    done = judged(wrong, sentAt="2025-11-21T10:00:05Z")
    assert occurred(done.rows[0]) == NOON - timedelta(seconds=5)
    assert done.warned == {("Product Viewed", "clock_off"): 1}
    assert b'"sentAt":"2025-11-21T10:00:05Z"' in done.rows[0]
    assert b'"timestamp": "2025-11-21T10:00:00Z"' in done.rows[0]


def test_without_sent_at_the_sender_is_believed_but_not_about_the_future():
    (row,) = judged(viewed(timestamp="2026-11-20T10:00:00.5Z")).rows
    assert occurred(row) == datetime(2026, 11, 20, 10, 0, 0, 500_000, tzinfo=UTC)
    done = judged(viewed(timestamp="9999-12-31T23:59:59Z"))
    assert occurred(done.rows[0]) == NOON
    assert done.warned == {("Product Viewed", "clock_off"): 1}


def test_rudderstack_calls_it_original_timestamp():
    (row,) = judged(
        viewed(timestamp=None, originalTimestamp="2026-11-21T09:00:00Z"), sentAt="2026-11-21T09:30:00Z"
    ).rows
    assert occurred(row) == NOON - timedelta(minutes=30)


def test_the_batchs_context_lies_under_the_events_own():
    done = judged(
        viewed(context={"locale": "fr"}), viewed(context=None), context={"locale": "en", "app": {"name": "x"}}
    )
    first, second = (body(row) for row in done.rows)
    assert first["context"] == {"locale": "fr", "app": {"name": "x"}}
    assert second["context"] == {"locale": "en", "app": {"name": "x"}}


@pytest.mark.parametrize(
    "body",
    [
        b'{"batch":[' + b",".join([b"{}"] * 100_000) + b"]}",
        b'{"context":{"text":"' + b"x" * 30_000 + b'"},"batch":[' + b",".join([b'{"type":"page"}'] * 1_000) + b"]}",
    ],
)
def test_a_small_request_cannot_become_a_flood(body):
    with pytest.raises(TooLarge):
        ingest.judge(body, arrival())


def test_numbers_are_identifiers_and_an_event_without_message_id_gets_one():
    event = viewed(userId=42, anonymousId=None)
    del event["messageId"]
    done = judged(event, event, viewed(messageId=7))
    assert len(set(done.keys)) == 3
    assert len({body(row)["messageId"] for row in done.rows}) == 3


def test_the_same_message_of_two_sources_is_two():
    class Other:
        source_id = 2
        salt = b"another salt of 16"

    event = json.dumps({"batch": [viewed(messageId="m")]}).encode()
    one = ingest.judge(event, arrival())
    two = ingest.judge(event, ingest.Arrival(source=Other, received=0))
    assert one.keys != two.keys


SCHEMA = {"type": "object", "required": ["product_id"], "properties": {"price": {"type": "number", "minimum": 0}}}


def compiled(**own):
    plan = {
        "mode": "enforce",
        "unplanned": "report",
        "events": {"Product Viewed": SCHEMA, "identify": {"required": ["email"]}},
    }
    return Compiled(ingest.Plan(**{**plan, **own}, source_id=1, version=3, note="", made_at=NOON, made_by=""))


def test_a_plan_that_is_enforced_rejects_and_says_why():
    bad = viewed(properties={"price": -1})
    done = judged(
        viewed(), bad, viewed(event="Other"), viewed(type="identify", traits={}), viewed(type="page"), plan=compiled()
    )
    assert [one.reason for one in done.letters] == ["plan_violation", "unplanned_event", "plan_violation"]
    assert "Version 3" in done.letters[0].detail
    assert "product_id" in done.letters[0].detail
    assert len(done.keys) == 2


def test_a_plan_that_only_observes_takes_and_counts():
    done = judged(viewed(properties={}), viewed(event="Other"), viewed(properties=None), plan=compiled(mode="observe"))
    assert not done.letters
    assert sum(done.warned.values()) == 3


NUMBERS = st.sampled_from([-1, 0, 1, 1.0, 0.5, 2**70])
BOUNDED = st.dictionaries(st.sampled_from(sorted(BOUNDS)), st.sampled_from([-1, 0, 1, 0.5]), max_size=2)
VALUES = NUMBERS | st.none() | st.booleans() | st.sampled_from(["", "a", "é"]) | st.just([]) | st.just({})
FIELD_SCHEMAS = st.one_of(
    st.sampled_from([{"type": "string"}, {"type": "boolean", "title": "x"}, {}, {"type": ["string", "null"]}]),
    st.builds(lambda kind, bounds: {"type": kind, **bounds}, st.sampled_from(["number", "integer"]), BOUNDED),
)
NAMES = st.sampled_from(["a", "b-c"])


@settings(max_examples=examples(300), deadline=None)
@given(
    schema=st.fixed_dictionaries(
        {"type": st.just("object"), "properties": st.dictionaries(NAMES, FIELD_SCHEMAS)},
        optional={"required": st.lists(NAMES, unique=True), "additionalProperties": st.booleans()},
    ),
    told=st.dictionaries(NAMES | st.just("other"), VALUES, max_size=2),
)
def test_what_is_proved_quickly_is_what_the_schema_allows(schema, told):
    prove = prover(schema)
    if prove is None:
        return
    with contextlib.suppress(msgspec.MsgspecError):
        prove(msgspec.json.encode(told))
        assert jsonschema_rs.validator_for(schema).is_valid(told)


def test_a_common_plan_is_proved_quickly():
    schema = {
        "type": "object",
        "required": ["product_id"],
        "properties": {"product_id": {"type": "string"}, "price": {"type": "number", "minimum": 0}},
    }
    prove = prover(schema)
    prove(b'{"product_id":"p","price":0,"other":[]}')
    for wrong in (b'{"price":1}', b'{"product_id":"p","price":-0.1}', b'{"product_id":null}', b"null"):
        with pytest.raises(msgspec.ValidationError):
            prove(wrong)


def test_a_plan_cannot_reach_out_of_itself():
    with pytest.raises(ingest.BadSchema):
        Compiled(
            ingest.Plan(source_id=1, version=1, mode="enforce", unplanned="allow", note="", made_at=NOON, made_by="",
                        events={"x": {"$ref": "https://example.com/schema.json"}})
        )  # fmt: skip


async def counts(db):
    async with db.reading() as tx:
        return Counter(dict(await tx.tuples("SELECT outcome, sum(events)::int FROM ingest.v_source_day GROUP BY 1")))


async def stored(db):
    async with db.reading() as tx:
        return await tx.value("SELECT count(*) FROM kernel.event")


async def test_everything_sent_is_accounted_for(client, db, intake):
    events = [viewed() for _ in range(30)]
    bad = [event for several in BAD.values() for event in several]
    await client.batch(*events, *bad, *events[:7])
    await client.batch(*events[:5], viewed())
    assert await counts(db) == {"accepted": 31, "duplicate": 12, "rejected": len(bad)}
    await intake.fold()
    assert await counts(db) == {"accepted": 31, "duplicate": 12, "rejected": len(bad)}
    assert await stored(db) == 31
    async with db.reading() as tx:
        assert await tx.value("SELECT count(*) FROM ingest.tally") == 0
        assert await tx.value("SELECT count(*) FROM ingest.dead_letter") == len(bad)


async def test_a_batch_sent_again_adds_no_second_letter(client, db):
    for _ in range(3):
        await client.batch(viewed(type="nonsense", messageId="m"))
    async with db.reading() as tx:
        assert await tx.tuples("SELECT times, reason FROM ingest.dead_letter") == [(3, "unknown_type")]


async def test_a_row_that_postgresql_refuses_costs_its_neighbours_nothing(client, db):
    """A defect of ours, planted: what `judge` takes and the table does not."""
    async with db.transaction() as tx:
        await tx.run("ALTER TABLE kernel.event ADD CONSTRAINT planted CHECK (name <> 'Cursed')")
    try:
        cursed, good = viewed(event="Cursed"), [viewed() for _ in range(20)]
        answers = await asyncio.gather(
            client.batch(*good[:9], cursed, *good[9:14]), client.batch(*good[14:]), client.batch(cursed)
        )
        assert {answer.status for answer in answers} == {200}
        assert (await client.batch(cursed, *good)).status == 200
        # Behind so many that are recorded already that PostgreSQL refuses those first: it looks after each thousand.
        many = [viewed() for _ in range(1_100)]
        assert (await client.batch(*many)).status == 200
        assert (await client.batch(*many, cursed)).status == 200
    finally:
        async with db.transaction() as tx:
            await tx.run("ALTER TABLE kernel.event DROP CONSTRAINT planted")
    assert await stored(db) == 1_120
    assert await counts(db) == {"accepted": 1_120, "duplicate": 1_120, "rejected": 4}
    async with db.reading() as tx:
        ((reason, detail, kind, name, body),) = await tx.tuples(
            "SELECT reason, detail, event_type, event_name, body FROM ingest.dead_letter"
        )
    assert (reason, kind, name, "planted" in detail) == ("unstorable", "track", "Cursed", True)
    assert json.loads(body) == cursed


async def test_a_message_that_is_under_way_is_neither_lost_nor_written_twice_when_the_first_try_fails(client, db):
    """The same events in two transactions of one process at once; the first of them is cut off before its commit."""
    events = [viewed() for _ in range(400)]  # more than a second transaction waits for
    connection = await db.connect()
    async with connection:
        async with connection.transaction():
            await connection.execute("LOCK TABLE ingest.tally")
            calls = [asyncio.create_task(again_until_taken(client, events)) for _ in range(6)]
            while not (found := await waiting_backends(db)):
                await asyncio.sleep(0.01)
            await connection.execute("SELECT pg_terminate_backend(%s)", [found[0]])
        assert await asyncio.gather(*calls) == [200] * 6
    assert await stored(db) == 400
    assert await counts(db) == {"accepted": 400, "duplicate": 2000}


async def again_until_taken(client, events):
    """What SDKs do with a 503."""
    while (answer := await client.batch(*events)).status == 503:
        pass
    return answer.status


async def waiting_backends(db):
    async with db.reading() as tx:
        return await tx.values("SELECT pid FROM pg_locks WHERE locktype = 'relation' AND NOT granted")


async def test_many_at_once_with_the_same_messages_are_recorded_once(client, db):
    events = [viewed() for _ in range(60)]
    batches = [client.batch(*(events[i:] + events[:i])) for i in range(0, 60, 3)]
    answers = await asyncio.gather(*batches)
    assert {answer.status for answer in answers} == {200}
    assert await stored(db) == 60
    assert await counts(db) == {"accepted": 60, "duplicate": 60 * 19}
