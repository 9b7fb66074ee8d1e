"""Documents come in as jobs: what is queried is what was captured, each event once, all or what is right."""

import asyncio
import json
import subprocess
import sys

import msgspec
import psycopg
import pytest

from comptoir.kernel import jobs
from comptoir.kernel.errors import Unavailable
from comptoir.rfid import captures, documents
from comptoir.rfid.errors import BadDocument
from comptoir.rfid.events import EventsCaptured
from comptoir.rfid.gs1 import canonical
from rfid.conftest import CONTEXT, EVERY_KIND, document, events_of, published, run, seen, tag, without

pytestmark = pytest.mark.anyio

CAPTURE = "/v1/rfid/capture"
EVENTS = "/v1/rfid/events"
PROCEED = {"GS1-Capture-Error-Behaviour": "proceed"}


def bare(told):
    return without(told, "recordTime", "eventID")


def in_context(told, context):
    """An event with all that its names mean, whatever document it stands in."""
    own = documents.together(context, told.get("@context"))
    return without(bare(told), "@context"), own


def written(one):
    return json.dumps(one, sort_keys=True)


# ---- there and back


async def test_every_kind_comes_back_as_it_was_sent(counter):
    job = await counter.capture(document(*EVERY_KIND.values()))
    assert (job["success"], job["running"], job["stored"], job["errors"]) == (True, False, len(EVERY_KIND), [])

    found = await counter.events()
    assert sorted(map(written, map(bare, found))) == sorted(map(written, map(bare, EVERY_KIND.values())))
    assert all(one["eventID"] and one["recordTime"].endswith("Z") for one in found)
    linked = next(one for one in found if "shop.example" in one.get("epcList", [""])[0])
    assert linked["eventID"] == EVERY_KIND["with a link"]["eventID"], "an id that was sent stays"


@pytest.mark.parametrize("path", published(), ids=lambda path: path.stem)
async def test_gs1s_examples_come_back_as_they_were_sent(counter, path):
    told = json.loads(path.read_text())
    sent = events_of(told)
    job = await counter.capture(path.read_bytes())
    assert (job["success"], job["events"], job["stored"] + job["repeated"]) == (True, len(sent), len(sent)), job

    answer = (await counter.http.get(EVENTS, params={"perPage": 1000})).json()
    found = answer["epcisBody"]["queryResults"]["resultsBody"]["eventList"]
    wanted = [in_context(one, told["@context"]) for one in sent]
    got = [in_context(one, answer["@context"]) for one in found]
    assert sorted(map(written, got)) == sorted(map(written, wanted))
    ids = {one["eventID"] for one in found}
    assert {one["eventID"] for one in sent if "eventID" in one} <= ids


async def test_numbers_keep_their_digits(counter):
    body = json.dumps(document(seen(**{"house:exact": 111}))).replace("111", "0.12345678901234567890", 1).encode()
    await counter.capture(body)
    assert b"0.12345678901234567890" in (await counter.http.get(EVENTS)).content


async def test_events_of_other_contexts_bring_their_own(counter):
    other = [CONTEXT[0], {"house": "https://other.example/"}]
    await counter.capture(document(seen(1, **{"house:a": 1})))
    await counter.capture(document(seen(2, **{"house:a": 2}), context=other))
    await counter.capture(document({**seen(3, **{"h:a": 3}), "@context": {"h": "https://third.example/"}}))
    await counter.capture(document(seen(4), context=CONTEXT[0]))

    contexts = {one["epcList"][0][-1]: one["@context"] for one in await counter.events()}
    assert contexts["1"] == CONTEXT
    assert contexts["2"] == other
    assert contexts["3"] == [*CONTEXT, {"h": "https://third.example/"}]
    assert contexts["4"] == [CONTEXT[0]]
    (alone,) = await counter.events(MATCH_epc=tag(2))
    assert "@context" not in alone, "one context for all stands over all"


# ---- once


async def test_the_same_event_is_stored_once_however_it_is_written(counter):
    told = seen(5, epcList=[tag(5), tag(6)], **{"house:clerk": "Zoé"})
    assert (await counter.capture(document(told, told)))["repeated"] == 1
    again = [
        dict(reversed(told.items())),
        told | {"epcList": [canonical(tag(6)), tag(5)]},
        told | {"eventTime": "2026-05-04T10:00:00Z", "recordTime": "2026-05-05T00:00:00Z", "eventID": "urn:uuid:7"},
    ]
    job = await counter.capture(document(*again))
    assert (job["stored"], job["repeated"], job["success"]) == (0, 3, True)
    elsewhere = {name.replace("house:", "h:"): value for name, value in told.items()}
    job = await counter.capture(document(elsewhere, context=[CONTEXT[0], {"h": CONTEXT[1]["house"]}]))
    assert (job["stored"], job["repeated"]) == (0, 1)
    assert len(await counter.events()) == 1

    declared = told | {"errorDeclaration": {"declarationTime": "2026-05-05T08:00:00Z"}}
    assert (await counter.capture(document(declared)))["stored"] == 1, "a declaration is no duplicate"
    assert len(await counter.events(EXISTS_errorDeclaration="")) == 1


async def test_many_at_once_store_it_once(counter, db):
    bodies = [json.dumps(document(*(seen(n) for n in order))).encode() for order in (range(40), range(39, -1, -1))] * 4
    async with db.transaction() as tx:
        ids = [await captures.begin(tx, body=body, behaviour="rollback") for body in bodies]
    await asyncio.gather(*(run(db, one) for one in ids))
    async with db.reading() as tx:
        assert await tx.value("SELECT count(*) FROM rfid.event") == 40
        done = await tx.tuples("SELECT sum(stored), sum(repeated), bool_and(success) FROM rfid.capture")
        assert done == [(40, 7 * 40, True)]


async def test_one_event_alone_is_recorded_at_once(counter):
    told = seen(5) | {"@context": CONTEXT}
    first = await counter.http.post(EVENTS, json=told)
    again = await counter.http.post(EVENTS, json=dict(reversed(told.items())))
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.headers["location"] == again.headers["location"]
    answer = (await counter.http.get(first.headers["location"])).json()
    (found,) = answer["epcisBody"]["queryResults"]["resultsBody"]["eventList"]
    assert bare(found) == told
    assert (await counter.http.get(CAPTURE)).json()[0]["repeated"] == 1


# ---- refused


async def test_rollback_keeps_nothing_and_proceed_what_is_right(counter):
    told = document(seen(1), seen(2, bizStep="flying"), seen(3), 7)
    job = await counter.capture(told)
    assert (job["success"], job["stored"], job["refused"], job["captureErrorBehaviour"]) == (False, 0, 4, "rollback")
    assert await counter.events() == []
    assert [one["instance"] for one in job["errors"]] == ["/epcisBody/eventList/1/bizStep", "/epcisBody/eventList/3"]
    assert {one["type"] for one in job["errors"]} == {"epcisException:ValidationException"}

    job = await counter.capture(told, **PROCEED)
    assert (job["success"], job["stored"], job["refused"], job["done"]) == (False, 2, 2, 4)
    assert len(job["errors"]) == 2
    assert len(await counter.events()) == 2


@pytest.mark.parametrize("name", ["year zero", "leap second", "declared in year zero"])
async def test_a_time_that_no_calendar_holds_is_refused_with_its_place(counter, name):
    told, place = {
        "year zero": (seen(eventTime="0000-01-01T00:00:00Z"), "/eventTime"),
        "leap second": (seen(eventTime="2016-12-31T23:59:60Z"), "/eventTime"),
        "declared in year zero": (
            seen(errorDeclaration={"declarationTime": "0001-01-01T00:00:00+14:00"}),
            "/errorDeclaration/declarationTime",
        ),
    }[name]
    (problem,) = (await counter.capture(document(told)))["errors"]
    assert problem["instance"] == "/epcisBody/eventList/0" + place


BAD_BODIES = {
    "nothing": b"",
    "no JSON": b"{",
    "no object": b"7",
    "deep": b"[" * 100_000,
    "bad UTF-8": b'{"type":"\xff"}',
    "half a pair": rb'{"type":"\ud800"}',
    "NUL": json.dumps(document(seen(**{"house:a": "x"}))).replace('"x"', r'"\u0000"').encode(),
    "one event": json.dumps(seen()).encode(),
    "a list": json.dumps([document()]).encode(),
    "no context": json.dumps(without(document(), "@context")).encode(),
    "no body": json.dumps(without(document(), "epcisBody")).encode(),
    "no list": json.dumps(document(epcisBody={"eventList": "x"})).encode(),
}


@pytest.mark.parametrize("name", BAD_BODIES)
async def test_a_document_that_is_none_is_refused_at_once(api, name):
    answer = await api.post(CAPTURE, content=BAD_BODIES[name])
    assert answer.status_code == 400, answer.text
    problem = answer.json()
    assert problem["type"] == "epcisException:ValidationException"
    assert problem["code"] == "rfid.bad_document"
    assert problem["detail"]
    assert (await api.get(CAPTURE)).json() == []


@pytest.mark.parametrize("told", [seen(), seen(bizStep="flying") | {"@context": CONTEXT}, document(seen()), 7])
async def test_a_bad_event_alone_is_refused_at_once(api, told):
    answer = await api.post(EVENTS, json=told)
    assert (answer.status_code, answer.json()["code"]) == (400, "rfid.bad_document")
    assert answer.json()["data"]["faults"]
    assert (await api.get(CAPTURE)).json() == []


async def test_too_much_is_refused(api, monkeypatch):
    monkeypatch.setattr(documents, "MAX_EVENTS", 3)
    answer = await api.post(CAPTURE, json=document(*(seen(n) for n in range(4))))
    assert (answer.status_code, answer.json()["type"]) == (413, "epcisException:CaptureLimitExceededException")
    assert answer.json()["data"] == {"most": 3}


async def test_faults_without_end_are_bounded_but_counted(counter):
    job = await counter.capture(document(*(seen(n, action="x") for n in range(500))), **PROCEED)
    assert (len(job["errors"]), job["refused"], job["done"]) == (captures.MOST_ERRORS, 500, 500)


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"GS1-EPCIS-Version": "2.0.0", "GS1-CBV-Version": "2.0"}, 202),
        ({"GS1-EPCIS-Min": "1.2", "GS1-EPCIS-Max": "2.0"}, 202),
        ({"GS1-EPCIS-Version": "1.2"}, 406),
        ({"GS1-EPCIS-Min": "2.1"}, 406),
        ({"GS1-EPCIS-Max": "1.2"}, 406),
        ({"GS1-Capture-Error-Behaviour": "perhaps"}, 400),
    ],
)
async def test_the_headers_of_the_standard_are_heard_and_said(api, headers, status):
    answer = await api.post(CAPTURE, json=document(seen()), headers=headers)
    assert answer.status_code == status, answer.text
    if status == 202:
        assert answer.headers["gs1-epcis-version"] == "2.0.0"
        assert answer.headers["gs1-epcis-capture-limit"] == str(documents.MAX_EVENTS)


async def test_a_reader_may_not_capture(api, reader):
    assert (await api.post(CAPTURE, json=document(), headers=reader)).status_code == 403
    assert (await api.post(EVENTS, json=seen(), headers=reader)).status_code == 403
    assert (await api.get(EVENTS, headers=reader)).status_code == 200
    assert (await api.get(EVENTS, headers={"Authorization": ""})).status_code == 401


async def test_an_unknown_job_is_not_found(api):
    answer = await api.get(f"{CAPTURE}/01a201aa-8004-767f-be75-ef92690d5bed")
    assert (answer.status_code, answer.json()["code"]) == (404, "rfid.unknown_capture")


async def test_jobs_are_listed_newest_first_in_pages(counter):
    ids = [(await counter.capture(document(seen(n))))["captureID"] for n in range(5)]
    path, listed = f"{CAPTURE}?perPage=2", []
    while path:
        answer = await counter.http.get(path)
        listed += [one["captureID"] for one in answer.json()]
        path = answer.headers.get("link", "").partition(">")[0].lstrip("<")
    assert listed == ids[::-1]


# ---- told


async def test_the_log_holds_one_fact_for_a_document_however_long(db):
    async with db.transaction() as tx:
        body = json.dumps(document(*(seen(n) for n in range(2_500)))).encode()
        whole = await captures.begin(tx, body=body, behaviour="rollback")
        parts = await captures.begin(tx, body=body.replace(b"OBSERVE", b"ADD"), behaviour="proceed")
        none = await captures.begin(tx, body=body, behaviour="rollback")
    for one in (whole, parts, none):
        await run(db, one)
    async with db.reading() as tx:
        bodies = await tx.values("SELECT body FROM kernel.event WHERE kind = 'rfid.events_captured' ORDER BY position")
    facts = [msgspec.json.decode(one, type=EventsCaptured) for one in bodies]
    assert [(one.capture_id, one.total_before, one.stored) for one in facts] == [
        (whole, 0, 2_500),
        (parts, 0, 1_000),
        (parts, 1_000, 1_000),
        (parts, 2_000, 500),
    ]


# ---- a worker that dies


class Died(BaseException):
    """The process is gone: nothing catches it."""


@pytest.mark.parametrize("behaviour", ["rollback", "proceed"])
async def test_a_job_goes_on_where_a_worker_died(db, monkeypatch, behaviour):
    told = document(
        *(seen(n) for n in range(2_500)), seen(0), seen(2_500, action="x" if behaviour == "proceed" else "ADD")
    )
    async with db.transaction() as tx:
        one = await captures.begin(tx, body=json.dumps(told).encode(), behaviour=behaviour)
    store, calls = captures.store, 0

    async def dying(*args, **more):
        nonlocal calls
        done = await store(*args, **more)
        calls += 1
        if calls == (1 if behaviour == "rollback" else 2):
            raise Died
        return done

    monkeypatch.setattr(captures, "store", dying)
    with pytest.raises(Died):
        await run(db, one)
    async with db.reading() as tx:
        half = await captures.capture(tx, capture_id=one)
        assert (
            await tx.value("SELECT count(*) FROM rfid.event")
            == half.stored
            == (0 if behaviour == "rollback" else 1_000)
        )
    assert (half.running, half.done) == (True, half.stored)

    await run(db, one)
    await run(db, one)  # and again, as a queue may
    async with db.reading() as tx:
        job = await captures.capture(tx, capture_id=one)
        assert await tx.value("SELECT body IS NULL FROM rfid.capture")
    expected = (2_501, 1, 0) if behaviour == "rollback" else (2_500, 1, 1)
    assert (job.stored, job.repeated, job.refused) == expected
    assert (job.running, job.done, job.success) == (False, 2_502, behaviour == "rollback")


async def test_two_workers_at_one_job_do_it_once(db):
    async with db.transaction() as tx:
        body = json.dumps(document(*(seen(n) for n in range(3_000)))).encode()
        one = await captures.begin(tx, body=body, behaviour="proceed")
    await asyncio.gather(run(db, one), run(db, one), run(db, one))
    async with db.reading() as tx:
        job = await captures.capture(tx, capture_id=one)
    assert (job.stored, job.repeated, job.running) == (3_000, 0, False)


async def test_a_database_that_is_away_leaves_the_job_to_another_try(db, monkeypatch):
    async with db.transaction() as tx:
        one = await captures.begin(tx, body=json.dumps(document(seen())).encode(), behaviour="rollback")

    async def away(*_, **__):
        raise psycopg.OperationalError("gone")

    with monkeypatch.context() as patched:
        patched.setattr(captures, "store", away)
        with pytest.raises(Unavailable):  # the queue hears it and tries again
            await run(db, one)
    async with db.reading() as tx:
        assert (await captures.capture(tx, capture_id=one)).running
    await run(db, one)
    async with db.reading() as tx:
        assert (await captures.capture(tx, capture_id=one)).success


async def test_a_defect_ends_the_job_with_a_typed_error(db, monkeypatch):
    async with db.transaction() as tx:
        one = await captures.begin(tx, body=json.dumps(document(seen())).encode(), behaviour="proceed")

    async def broken(*_, **__):
        raise ZeroDivisionError

    monkeypatch.setattr(captures, "store", broken)
    await run(db, one)
    async with db.reading() as tx:
        job = await captures.capture(tx, capture_id=one)
    assert (job.running, job.success) == (False, False)
    assert [problem.type for problem in job.errors] == ["epcisException:ImplementationException"]


async def test_a_worker_that_is_killed_in_the_middle_leaves_the_job_to_the_next(db, tmp_path):
    """A real worker process, killed while its transaction is open; a second one finds the job and finishes it."""
    async with db.transaction() as tx:
        body = json.dumps(document(*(seen(n) for n in range(300)))).encode()
        one = await captures.begin(tx, body=body, behaviour="rollback")
    program = tmp_path / "worker.py"
    program.write_text(
        "import asyncio, sys\n"
        "from comptoir.kernel import jobs\n"
        "from comptoir.kernel.db import Database\n"
        "from comptoir.rfid import captures\n"
        "store = captures.store\n"
        "async def slow(*args, **more):\n"
        "    await store(*args, **more)\n"
        "    print('stored', flush=True)\n"
        "    await asyncio.sleep(600)\n"
        "captures.store = slow\n"
        "async def main():\n"
        "    async with Database(sys.argv[1]) as db:\n"
        "        await jobs.run(db, asyncio.Event())\n"
        "asyncio.run(main())\n"
    )
    first = await asyncio.create_subprocess_exec(
        sys.executable, str(program), db.url, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    assert await asyncio.wait_for(first.stdout.readline(), 60) == b"stored\n"
    first.kill()
    await first.wait()

    queue = jobs.queue_app(db)
    async with queue.open_async():
        while not await jobs.run_again_what_died(queue, dead_after=0.01):
            await asyncio.sleep(0.02)
    stopping = asyncio.Event()
    second = asyncio.create_task(jobs.run(db, stopping))
    async with asyncio.timeout(60):
        while True:
            async with db.reading() as tx:
                job = await captures.capture(tx, capture_id=one)
            if not job.running:
                break
            await asyncio.sleep(0.02)
    stopping.set()
    await asyncio.wait_for(second, 30)
    assert (job.success, job.stored, job.repeated) == (True, 300, 0)


async def test_the_front_door_says_the_same(tx):
    with pytest.raises(BadDocument):
        await captures.begin(tx, body=b"{}", behaviour="rollback")
