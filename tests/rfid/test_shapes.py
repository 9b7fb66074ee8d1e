"""What is malformed is refused with its place and a reason; what GS1's own schema takes is taken."""

import json
from copy import deepcopy
from functools import cache

import jsonschema_rs
import pytest

from comptoir.rfid.shapes import MAX_THINGS, document_faults, event_faults
from rfid.conftest import EVERY_KIND, GS1, document, events_of, published, seen, tag, without

SENSOR = EVERY_KIND["sensor"]


def report(**changed):
    return {**SENSOR, "sensorElementList": [{"sensorReport": [{"type": "Temperature", **changed}]}]}


MALFORMED = [
    (7, "", "an event is an object with a type"),
    (without(seen(), "type"), "", "an event is an object with a type"),
    (seen(type=3), "", "the type of an event is a text"),
    (seen(type="DoorEvent"), "/type", "no type of EPCIS 2.0"),
    (without(seen(), "eventTime"), "", "eventTime is missing"),
    (without(seen(), "eventTimeZoneOffset"), "", "eventTimeZoneOffset is missing"),
    (without(seen(), "action"), "", "action is missing"),
    (seen(eventTime="yesterday"), "/eventTime", "RFC 3339"),
    (seen(eventTime="2026-05-04T12:00:00"), "/eventTime", "RFC 3339"),
    (seen(eventTime="2026-02-30T12:00:00Z"), "/eventTime", "RFC 3339"),
    (seen(eventTime=1777888800), "/eventTime", "RFC 3339"),
    (seen(recordTime="now"), "/recordTime", "RFC 3339"),
    (seen(eventTimeZoneOffset="2"), "/eventTimeZoneOffset", "+02:00"),
    (seen(eventTimeZoneOffset="+14:30"), "/eventTimeZoneOffset", "+02:00"),
    (seen(eventTimeZoneOffset="Europe/Paris"), "/eventTimeZoneOffset", "+02:00"),
    (seen(action="LOOK"), "/action", "ADD, OBSERVE or DELETE"),
    (seen(action=None), "/action", "ADD, OBSERVE or DELETE"),
    (seen(bizStep="flying"), "/bizStep", "neither a business step of CBV 2.0 nor a URI"),
    (seen(bizStep="urn:epcglobal:cbv:bizstep:receiving"), "/bizStep", "neither a business step"),
    (seen(disposition=["in_progress"]), "/disposition", "neither a disposition"),
    (seen(readPoint="urn:epc:id:sgln:0614141.00777.0"), "/readPoint", '{"id": URI}'),
    (seen(readPoint={}), "/readPoint", "id is missing"),
    (seen(readPoint={"id": "gate 7"}), "/readPoint/id", "a URI"),
    (seen(bizLocation={"id": 7}), "/bizLocation/id", "a URI"),
    (seen(epcList="urn:epc:id:sgtin:0614141.107346.1"), "/epcList", "a list"),
    (seen(epcList=["not a uri"]), "/epcList/0", "a URI"),
    (seen(epcList=[tag(1), None]), "/epcList/1", "a URI"),
    (seen(epcList=[tag(1), tag(1)]), "/epcList", "each once"),
    (seen(epcList=["urn:x:" + "a" * 1000]), "/epcList/0", "at most 1000 characters"),
    (seen(epcList=[tag(serial) for serial in range(MAX_THINGS + 1)]), "/epcList", "at most 20000"),
    (without(seen(), "epcList"), "", "it names nothing"),
    (without(SENSOR, "readPoint"), "", "it names nothing"),
    (seen(quantityList=[{"quantity": 1}]), "/quantityList/0", "epcClass is missing"),
    (seen(quantityList=[{"epcClass": "urn:x:y", "quantity": "1"}]), "/quantityList/0/quantity", "a number"),
    (seen(quantityList=[{"epcClass": "urn:x:y", "uom": "kg"}]), "/quantityList/0/uom", "a unit"),
    (seen(quantityList=[{"epcClass": "urn:x:y", "colour": 1}]), "/quantityList/0", "colour cannot stand here"),
    (seen(bizTransactionList=[{"type": "po"}]), "/bizTransactionList/0", "bizTransaction is missing"),
    (seen(bizTransactionList={"type": "po"}), "/bizTransactionList", "a list"),
    (seen(sourceList=[{"source": "urn:x:y"}]), "/sourceList/0", "type is missing"),
    (seen(destinationList=[{"type": "moon", "destination": "urn:x:y"}]), "/destinationList/0/type", "a type of party"),
    (seen(ilmd={"a:b": 1}), "/ilmd", "action ADD"),
    (seen(action="ADD", ilmd={"no uri": 1}), "/ilmd/no uri", "named by URIs"),
    (seen(persistentDisposition={}), "/persistentDisposition", "set, unset or both"),
    (seen(persistentDisposition={"set": []}), "/persistentDisposition/set", "a list"),
    (seen(colour="red"), "/colour", "no field of an ObjectEvent"),
    (seen(**{"a/b~c d": 1}), "/a~1b~0c d", "no field of an ObjectEvent"),
    (seen(eventID="7"), "/eventID", "a URI"),
    (seen(certificationInfo=7), "/certificationInfo", "a URI"),
    (seen(errorDeclaration={}), "/errorDeclaration", "declarationTime is missing"),
    (seen(errorDeclaration={"declarationTime": "2026-05-04T12:00:00Z", "reason": "x"}), "/errorDeclaration/reason",
     "a reason of error"),
    (seen(**{"@context": 7}), "/@context", "a JSON-LD context"),
    (report(type="Warmth"), "/sensorElementList/0/sensorReport/0/type", "a measurement"),
    (report(value="hot"), "/sensorElementList/0/sensorReport/0/value", "a number"),
    (report(hexBinaryValue="xyz"), "/sensorElementList/0/sensorReport/0/hexBinaryValue", "hexadecimal"),
    ({**SENSOR, "sensorElementList": [{}]}, "/sensorElementList/0", "sensorReport is missing"),
    (without(EVERY_KIND["aggregation"], "childEPCs", "childQuantityList"), "", "it names no child"),
    (without(EVERY_KIND["association"], "parentID"), "", "parentID is missing"),
    (without(EVERY_KIND["transaction"], "bizTransactionList"), "", "bizTransactionList is missing"),
    (without(EVERY_KIND["transaction"], "epcList"), "", "it names no thing"),
    (without(EVERY_KIND["transformation"], "inputEPCList", "transformationID"), "", "what became what"),
    ({**EVERY_KIND["transformation"], "action": "ADD"}, "/action", "no field of a TransformationEvent"),
]  # fmt: skip


@pytest.mark.parametrize(("told", "place", "reason"), MALFORMED, ids=lambda one: str(one)[:40])
def test_what_is_malformed_is_named_by_its_place_and_why(told, place, reason):
    faults = event_faults(told, at="/epcisBody/eventList/3")
    where = "/epcisBody/eventList/3" + place
    assert any(one.place == where and reason in one.reason for one in faults), faults


@pytest.mark.parametrize("name", EVERY_KIND)
def test_every_kind_is_taken(name):
    assert event_faults(EVERY_KIND[name]) == []
    assert document_faults(document(EVERY_KIND[name])) == []


@pytest.mark.parametrize(
    ("told", "place"),
    [
        (7, "/type"),
        ({}, "/type"),
        (document(type="EPCISMasterDataDocument"), "/type"),
        (document(type=["EPCISDocument"]), "/type"),
        (without(document(), "@context"), ""),
        (without(document(), "epcisBody"), ""),
        (document(schemaVersion=2.0), "/schemaVersion"),
        (document(creationDate="today"), "/creationDate"),
        (document(epcisBody={}), "/epcisBody"),
        (document(epcisBody={"eventList": {}}), "/epcisBody/eventList"),
        (document(colour="red"), "/colour"),
        ({"@context": "urn:x:y", "type": "EPCISQueryDocument", "epcisBody": {"queryResults": {}}}, "/epcisBody/queryResults"),
    ],
    ids=lambda one: str(one)[:60],
)  # fmt: skip
def test_what_surrounds_the_events_is_judged_too(told, place):
    assert place in {one.place for one in document_faults(told)}


def test_faults_are_bounded():
    assert len(event_faults(seen(epcList=[7] * 5000))) <= 20


# ---- beside GS1's own schema

WRONG = [None, True, 7, "word", "urn:a:b", [], {}, ["urn:a:b"], [{"id": "urn:a:b"}], {"id": "urn:a:b"}, {"a:b": 1}]


def variants(told, path=()):
    """The event with one thing left out or put in the place of another, at every depth."""
    steps = told.items() if isinstance(told, dict) else enumerate(told) if isinstance(told, list) else ()
    for step, inner in steps:
        yield (*path, step), None, True
        for wrong in WRONG:
            yield (*path, step), wrong, False
        yield from variants(inner, (*path, step))


def changed(told, path, wrong, dropped):
    other = deepcopy(told)
    inner = other
    for step in path[:-1]:
        inner = inner[step]
    if dropped:
        del inner[path[-1]]
    else:
        inner[path[-1]] = wrong
    return other


@cache
def schema():
    return jsonschema_rs.validator_for(json.loads((GS1 / "EPCIS-JSON-Schema.json").read_text()), validate_formats=True)


@pytest.mark.skipif(not published(), reason="GS1's schema is not at hand")
@pytest.mark.parametrize("name", EVERY_KIND)
def test_we_take_what_gs1s_schema_takes_and_refuse_what_it_refuses(name):
    theirs = schema()
    told = EVERY_KIND[name]
    for path, wrong, dropped in variants(told):
        other = changed(told, path, wrong, dropped)
        if path == ("type",) and (wrong == "urn:a:b" or dropped):
            continue  # a type of one's own may mean anything to them; to us it means what it is called
        ours, allowed = not event_faults(other), theirs.is_valid(document(other))
        if name == "of one's own":
            allowed = allowed and ours  # they leave it quite open
        assert ours == allowed, (path, wrong, dropped, event_faults(other))


@pytest.mark.parametrize("path", published(), ids=lambda path: path.stem)
def test_gs1s_examples_are_taken_and_with_a_part_missing_judged_as_gs1s_schema_does(path):
    """Refused are those that lack what they must have, each with its place."""
    told = json.loads(path.read_text())
    assert document_faults(told) == []
    theirs = schema()
    refused = 0
    for one in events_of(told):
        assert event_faults(one) == []
        for steps, wrong, dropped in variants(one):
            if dropped and steps != ("type",):
                other = changed(one, steps, wrong, dropped)
                faults = event_faults(other)
                assert bool(faults) != theirs.is_valid(document(other)), (steps, faults)
                assert all(fault.reason for fault in faults)
                refused += bool(faults)
    assert refused >= 3, "no event without its time, its zone, and more"
