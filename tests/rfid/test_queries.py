"""The simple query: each parameter finds what it says, and what is not understood is refused."""

import pytest

from comptoir.rfid.errors import BadQuery
from comptoir.rfid.queries import POINTS, statement, understood
from rfid.conftest import EVERY_KIND, document, seen, tag

pytestmark = pytest.mark.anyio

EVENTS = "/v1/rfid/events"


@pytest.fixture
async def filled(counter):
    """Every kind once, and three pieces on three days at another door."""
    days = [
        seen(
            f"day{day}",
            eventTime=f"2026-06-0{day}T09:00:00Z",
            bizStep="shipping",
            disposition="https://house.example/gone",
            readPoint={"id": "https://id.gs1.org/414/4012345000016"},
        )
        for day in (1, 2, 3)
    ]
    job = await counter.capture(document(*EVERY_KIND.values(), *days))
    assert job["success"], job
    return counter


def kinds(found):
    names = {one["type"]: name for name, one in EVERY_KIND.items()}
    return sorted(names[one["type"]] for one in found)


FOUND = [
    ({}, 12),
    ({"eventType": "AggregationEvent"}, 1),
    ({"eventType": "AggregationEvent,TransactionEvent"}, 2),
    ({"eventType": "AggregationEvent|TransactionEvent"}, 2),
    ({"eventType": ["AggregationEvent", "TransactionEvent"]}, 2),
    ({"eventType": "house:DoorEvent"}, 1),
    ({"GE_eventTime": "2026-06-02T09:00:00Z"}, 2),
    ({"LT_eventTime": "2026-06-02T11:00:00+02:00"}, 10),
    ({"GE_eventTime": "2026-06-01T00:00:00Z", "LT_eventTime": "2026-06-02T00:00:00Z"}, 1),
    ({"GE_recordTime": "2026-01-01T00:00:00Z"}, 12),
    ({"LT_recordTime": "2026-01-01T00:00:00Z"}, 0),
    ({"EQ_action": "ADD"}, 2),
    ({"EQ_action": "ADD,DELETE"}, 3),
    ({"EQ_bizStep": "shipping"}, 3),
    ({"EQ_bizStep": "https://ref.gs1.org/cbv/BizStep-shipping"}, 3),
    ({"EQ_bizStep": "urn:epcglobal:cbv:bizstep:shipping"}, 3),
    ({"EQ_bizStep": "shipping,commissioning"}, 4),
    ({"EQ_disposition": "https://house.example/gone"}, 3),
    ({"EQ_disposition": "in_progress"}, 9),
    ({"EQ_readPoint": "urn:epc:id:sgln:4012345.00001.0"}, 3),
    ({"EQ_readPoint": "https://id.gs1.org/414/0614141007776"}, 9),
    ({"EQ_bizLocation": "urn:epc:id:sgln:0614141.00888.0"}, 12),
    ({"EQ_bizLocation": "urn:epc:id:sgln:0614141.00777.0"}, 0),
    ({"MATCH_epc": tag(1)}, 3),
    ({"MATCH_epc": "https://id.gs1.org/01/10614141073464/21/1"}, 3),
    ({"MATCH_epc": "https://elsewhere.example/01/10614141073464/10/LOT/21/1"}, 3),
    ({"MATCH_epc": f"{tag(2)},{tag(9)}"}, 2),
    ({"MATCH_epc": tag(5)}, 1),
    ({"MATCH_epc": "urn:epc:idpat:sgtin:0614141.107346.*"}, 8),
    ({"MATCH_epc": tag(3)}, 0),
    ({"MATCH_inputEPC": tag(3)}, 1),
    ({"MATCH_anyEPC": tag(3)}, 1),
    ({"MATCH_anyEPC": "urn:epc:idpat:sgtin:0614141.107346.*"}, 9),
    ({"MATCH_parentID": "urn:epc:id:sscc:0614141.1234567890"}, 1),
    ({"MATCH_parentID": "urn:epc:idpat:grai:4012345.55555.*"}, 1),
    ({"MATCH_anyEPC": "urn:epc:id:sscc:0614141.1234567890"}, 1),
    ({"MATCH_epcClass": "urn:epc:class:lgtin:4012345.012345.998877"}, 1),
    ({"MATCH_outputEPCClass": "urn:epc:idpat:sgtin:4012345.098765.*"}, 1),
    ({"MATCH_anyEPCClass": "https://id.gs1.org/01/04012345987652"}, 1),
    ({"MATCH_inputEPCClass": "https://id.gs1.org/01/04012345987652"}, 0),
    ({"EQ_transformationID": "urn:uuid:0f1c3d52-3f3a-4a36-9a3f-6f2f0c1f7c11"}, 1),
    ({"EQ_bizTransaction_po": "urn:epcglobal:cbv:bt:0614141000005:7"}, 1),
    ({"EQ_bizTransaction_po": "urn:epcglobal:cbv:bt:0614141000005:8"}, 0),
    ({"EQ_bizTransaction_": "urn:epcglobal:cbv:bt:0614141000005:8"}, 1),
    ({"EQ_source_owning_party": "https://id.gs1.org/417/0614141000005"}, 1),
    ({"EQ_destination_location": "urn:epc:id:sgln:0614141.00888.0", "EQ_action": "ADD"}, 1),
    ({"EQ_persistentDisposition_set": "completeness_verified"}, 1),
    ({"EQ_persistentDisposition_unset": "completeness_verified"}, 0),
    ({"EXISTS_errorDeclaration": ""}, 1),
    ({"GE_errorDeclaration_Time": "2026-05-05T08:00:00Z"}, 1),
    ({"LT_errorDeclaration_Time": "2026-05-05T08:00:00Z"}, 0),
    ({"EQ_eventID": "urn:uuid:11111111-2222-4333-8444-555555555555"}, 1),
    ({"MATCH_epc": tag(1), "EQ_action": "OBSERVE"}, 1),
    ({"MATCH_epc": tag(1), "MATCH_parentID": "urn:epc:id:sscc:0614141.1234567890"}, 1),
    ({"eventCountLimit": "4"}, 4),
]


async def test_each_parameter_finds_what_it_says(filled):
    for parameters, count in FOUND:
        found = await filled.events(**parameters)
        assert len(found) == count, (parameters, kinds(found))


@pytest.mark.parametrize(
    "parameters",
    [
        {"colour": "red"},
        {"WD_bizLocation": "urn:x:y"},
        {"EQ_quantity": "3"},
        {"GE_eventTime": "yesterday"},
        {"GE_eventTime": "2026-06-01T00:00:00"},
        {"GE_eventTime": "0000-06-01T00:00:00Z"},
        {"EQ_action": "LOOK"},
        {"MATCH_epc": "urn:epc:idpat:sgtin:0614141.*.*"},
        {"orderBy": "colour"},
        {"orderDirection": "UP"},
        {"perPage": "0"},
        {"perPage": "many"},
        {"eventCountLimit": "-1"},
        {"EXISTS_errorDeclaration": "perhaps"},
        {f"EQ_source_{n}": "urn:x:y" for n in range(5)},
    ],
    ids=str,
)
async def test_what_is_not_understood_is_refused(api, parameters):
    answer = await api.get(EVENTS, params=parameters)
    assert answer.status_code == 400, answer.text
    problem = answer.json()
    assert (problem["type"], problem["code"]) == ("epcisException:QueryParameterException", "rfid.bad_query")
    assert problem["data"]["parameter"] in parameters


@pytest.mark.parametrize("token", ["nonsense", "WzFd", "%00"])
async def test_a_token_that_is_not_ours_is_refused(api, token):
    answer = await api.get(f"{EVENTS}?nextPageToken={token}")
    assert answer.status_code == 400


@pytest.mark.parametrize("order", [{}, {"orderBy": "recordTime"}, {"orderBy": "eventTime", "orderDirection": "ASC"},
                                   {"orderDirection": "DESC"}])  # fmt: skip
async def test_pages_follow_each_other_without_gap_or_overlap(filled, order):
    answer = await filled.http.get(EVENTS, params={"perPage": 5, **order})
    ids, times = [], []
    while True:
        found = answer.json()["epcisBody"]["queryResults"]["resultsBody"]["eventList"]
        assert len(found) <= 5
        ids += [one["eventID"] for one in found]
        times += [one["eventTime"][:10] for one in found]
        if "link" not in answer.headers:
            break
        path, _, rest = answer.headers["link"].removeprefix("<").partition(">")
        assert rest == '; rel="next"'
        await filled.capture(document(seen("late", eventTime="2026-05-01T00:00:00Z")))
        answer = await filled.http.get(path)
    assert len(ids) == len(set(ids))
    if order.get("orderBy") != "recordTime":
        assert len(ids) == 12 + (order.get("orderDirection") == "DESC")
        assert times == sorted(times, reverse=order.get("orderDirection") == "DESC")


async def test_a_token_of_another_order_is_refused(filled):
    link = (await filled.http.get(EVENTS, params={"perPage": 5})).headers["link"]
    token = link.partition("nextPageToken=")[2].partition(">")[0]
    answer = await filled.http.get(f"{EVENTS}?orderBy=recordTime&nextPageToken={token}")
    assert (answer.status_code, answer.json()["code"]) == (400, "rfid.bad_query")


async def test_the_answer_is_a_document_that_can_be_captured_again(filled):
    answer = await filled.http.get(EVENTS, headers={"Accept": "application/ld+json"})
    assert answer.headers["content-type"] == "application/ld+json"
    job = await filled.capture(answer.content)
    assert (job["stored"], job["repeated"]) == (0, 12)


@pytest.mark.parametrize(
    ("path", "count"),
    [
        ("epcs/urn%3Aepc%3Aid%3Asgtin%3A0614141.107346.1/events", 3),
        ("epcs/https%3A%2F%2Fid.gs1.org%2F01%2F10614141073464%2F21%2F1/events", 3),
        ("epcs/https%3A%2F%2Fid.gs1.org%2F01%2F10614141073464%2F21%2F1/events?EQ_action=ADD", 2),
        ("epcs/urn%3Aepc%3Aid%3Asscc%3A0614141.1234567890/events", 1),
        ("epcs/urn%3Ax%3Ay/events", 0),
        ("bizSteps/shipping/events", 3),
        ("dispositions/https%3A%2F%2Fhouse.example%2Fgone/events", 3),
        ("readPoints/urn%3Aepc%3Aid%3Asgln%3A4012345.00001.0/events", 3),
        ("bizLocations/https%3A%2F%2Fid.gs1.org%2F414%2F0614141008889/events?perPage=7", 7),
        ("eventTypes/AggregationEvent/events", 1),
    ],
)
async def test_the_resources_of_the_standard_lead_to_their_events(filled, path, count):
    assert len(await filled.events(f"/v1/rfid/{path}")) == count


async def test_a_resource_pages_on_beneath_itself(filled):
    link = (await filled.http.get("/v1/rfid/bizSteps/shipping/events?perPage=2")).headers["link"]
    path = link.removeprefix("<").partition(">")[0]
    assert path.startswith("/v1/rfid/bizSteps/shipping/events?")
    assert len(await filled.events(path)) == 1


async def test_words_and_places_are_collections(filled):
    async def members(path):
        answer = await filled.http.get(f"/v1/rfid/{path}")
        assert answer.json()["type"] == "Collection"
        return answer.json()["member"], answer.headers.get("link")

    assert "retail_selling" in (await members("bizSteps"))[0]
    assert "sellable_accessible" in (await members("dispositions"))[0]
    assert len((await members("eventTypes"))[0]) == 5
    assert await members("bizLocations") == (["https://id.gs1.org/414/0614141008889"], None)
    first, link = await members("readPoints?perPage=1")
    second, last = await members(link.partition("/v1/rfid/")[2].partition(">")[0])
    assert (first, second, last) == (
        ["https://id.gs1.org/414/0614141007776"],
        ["https://id.gs1.org/414/4012345000016"],
        None,
    )
    assert (await members("bizSteps/shipping"))[0] == ["events"]


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("epcs/urn%3Ax%3Ay/colours", 404),
        ("epcs/urn%3Ax%3Ay/events/more", 404),
        ("events/urn%3Auuid%3Anone", 404),
        ("events/%FF", 400),
        ("events/a/b", 404),
        ("epcs/%FF/events", 400),
        ("bizSteps/x/events?perPage=0", 400),
        ("readPoints?perPage=0", 400),
        ("readPoints?nextPageToken=x", 400),
        ("epcs", 404),
    ],
)
async def test_an_odd_question_has_a_plain_answer(api, path, status):
    answer = await api.get(f"/v1/rfid/{path}")
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"


def test_the_conditions_are_constants():
    """What a caller sends is never a part of the statement."""
    nasty = "x') OR true --"
    for name, value in [("eventType", nasty), ("MATCH_epc", nasty), (f"EQ_source_{nasty}", nasty)]:
        query = understood([(name, value)])
        assert nasty not in " ".join(query.clauses)
        assert "%s" not in " ".join(query.clauses)
    with pytest.raises(BadQuery):
        understood([(nasty, "1")])


async def test_hot_queries_go_by_an_index(db):
    async with db.transaction() as tx:
        await tx.run("INSERT INTO rfid.context (digest, body) VALUES ('', '[]')")
        await tx.run(MANY)
    async with db.pool.connection() as connection:
        await connection.execute("ANALYZE rfid.event")
    async with db.reading() as tx:
        for parameters, index in [
            ([("MATCH_anyEPC", tag(7))], "event_things"),
            ([("MATCH_epc", "urn:epc:idpat:sgtin:0614141.107346.*"), ("MATCH_parentID", tag(7))], "event_things"),
            ([("GE_eventTime", "2026-05-04T00:00:00Z")], "event_happened"),
            ([("EQ_bizLocation", "https://house.example/77"), ("GE_eventTime", "2026-05-04T00:00:00Z")], "event_biz_location"),
            ([("orderBy", "recordTime")], "event_recorded"),
            ([("EQ_eventID", "urn:n:7")], "event_uri"),
        ]:  # fmt: skip
            query = understood(parameters)
            plan = "\n".join(await tx.values("EXPLAIN " + statement(query), **query.values, limit=31))
            assert index in plan, plan
            assert "Seq Scan" not in plan, plan
        plan = "\n".join(await tx.values("EXPLAIN " + POINTS, after="", limit=31))
        assert "event_read_point" in plan and "Seq Scan" not in plan, plan


MANY = """
    INSERT INTO rfid.event (key, uri, type, action, event_time, recorded_at, biz_step, read_point, biz_location, things,
                            context_id, capture_id, body)
    SELECT sha256(n::text::bytea), 'urn:n:' || n, 'ObjectEvent', 'OBSERVE', '2026-05-04'::timestamptz + n * '1s'::interval,
           now(), 'receiving', 'https://house.example/' || n % 50, 'https://house.example/' || n % 100,
           ARRAY['E https://id.gs1.org/01/10614141073464', 'e https://id.gs1.org/01/10614141073464/21/' || n],
           context_id, gen_random_uuid(), '{}'
    FROM rfid.context, generate_series(1, 20000) AS n
"""
