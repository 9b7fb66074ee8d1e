"""Documents of our own for every kind of event, and a way to have a job done."""

import json
import os
from pathlib import Path
from uuid import UUID

import pytest

from comptoir.kernel.auth import SYSTEM
from comptoir.kernel.auth.keys import add_key
from comptoir.rfid.captures import capture_events

CONTEXT = ["https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld", {"house": "https://house.example/epcis/"}]

BESIDE = Path(__file__).parents[3] / "shared" / "conformance" / "epcis"
GS1 = Path(os.environ.get("COMPTOIR_EPCIS_EXAMPLES") or BESIDE)
"""Examples and JSON schema of the repository gs1/EPCIS. GS1's terms do not let us hand them on: they are used from
where they lie, named by COMPTOIR_EPCIS_EXAMPLES or beside the checkout; without them these tests are skipped."""


def published() -> list[Path]:
    """All documents that hold events, in whatever folder; drafts of before the standard (`isA`) are none."""
    found = sorted(path for path in GS1.rglob("*.jsonld") if '"eventList"' in path.read_text() and is_told(path))
    assert found or not os.environ.get("COMPTOIR_EPCIS_EXAMPLES"), f"no examples in {GS1}"
    return found


def is_told(path: Path) -> bool:
    return json.loads(path.read_text()).get("type") in {"EPCISDocument", "EPCISQueryDocument"}


def events_of(told):
    """The events of a document, captured or queried."""
    body = told["epcisBody"]
    return body.get("queryResults", {}).get("resultsBody", body)["eventList"]


def tag(serial, item="107346"):
    return f"urn:epc:id:sgtin:0614141.{item}.{serial}"


def seen(serial=1, **more):
    """A piece observed at a gate."""
    return {
        "type": "ObjectEvent",
        "eventTime": "2026-05-04T12:00:00.000+02:00",
        "eventTimeZoneOffset": "+02:00",
        "epcList": [tag(serial)],
        "action": "OBSERVE",
        "bizStep": "receiving",
        "disposition": "in_progress",
        "readPoint": {"id": "urn:epc:id:sgln:0614141.00777.0"},
        "bizLocation": {"id": "urn:epc:id:sgln:0614141.00888.0"},
        **more,
    }


def without(told, *names):
    return {name: value for name, value in told.items() if name not in names}


def document(*events, context=CONTEXT, **more):
    return {
        "@context": context,
        "type": "EPCISDocument",
        "schemaVersion": "2.0",
        "creationDate": "2026-05-04T12:00:01Z",
        "epcisBody": {"eventList": list(events)},
        **more,
    }


BASE = without(seen(), "epcList", "action")

EVERY_KIND = {
    "object": seen(
        action="ADD",
        bizStep="commissioning",
        persistentDisposition={"set": ["completeness_verified"], "unset": ["completeness_inferred"]},
        bizTransactionList=[{"type": "po", "bizTransaction": "urn:epcglobal:cbv:bt:0614141000005:7"}],
        sourceList=[{"type": "owning_party", "source": "urn:epc:id:pgln:0614141.00000"}],
        destinationList=[{"type": "location", "destination": "urn:epc:id:sgln:0614141.00888.0"}],
        ilmd={"house:bestBefore": "2027-01-01", "house:colour": {"house:name": "red", "house:number": 7}},
        certificationInfo=["https://house.example/cert/1"],
        **{"house:clerk": "Zoé", "house:tries": [1, 2.50]},
    ),
    "aggregation": {
        **BASE,
        "type": "AggregationEvent",
        "parentID": "urn:epc:id:sscc:0614141.1234567890",
        "childEPCs": [tag(1), tag(2)],
        "childQuantityList": [{"epcClass": "urn:epc:class:lgtin:4012345.012345.998877", "quantity": 20.5, "uom": "KGM"}],
        "action": "OBSERVE",
    },
    "transaction": {
        **BASE,
        "type": "TransactionEvent",
        "bizTransactionList": [{"bizTransaction": "urn:epcglobal:cbv:bt:0614141000005:8"}],
        "epcList": [tag(1)],
        "action": "ADD",
    },
    "transformation": {
        **BASE,
        "type": "TransformationEvent",
        "inputEPCList": [tag(3)],
        "outputQuantityList": [{"epcClass": "urn:epc:idpat:sgtin:4012345.098765.*", "quantity": 10}],
        "transformationID": "urn:uuid:0f1c3d52-3f3a-4a36-9a3f-6f2f0c1f7c11",
    },
    "association": {
        **BASE,
        "type": "AssociationEvent",
        "parentID": "urn:epc:id:grai:4012345.55555.987",
        "childEPCs": ["urn:epc:id:giai:4000001.12345"],
        "action": "DELETE",
    },
    "sensor": {
        **without(seen(), "epcList"),
        "sensorElementList": [
            {
                "sensorMetadata": {"time": "2026-05-04T11:59:00+02:00", "deviceID": "urn:epc:id:giai:4000001.111"},
                "sensorReport": [
                    {"type": "Temperature", "value": 26.10, "uom": "CEL"},
                    {"type": "Angle", "component": "x", "value": 3, "uom": "DD"},
                ],
            }
        ],
    },
    "declared wrong": seen(
        9,
        errorDeclaration={
            "declarationTime": "2026-05-05T08:00:00Z",
            "reason": "incorrect_data",
            "correctiveEventIDs": ["urn:uuid:3f0c1c1e-0a57-4a1c-8ed0-6d1f3a0e2a11"],
        },
    ),
    "of one's own": {**BASE, "type": "house:DoorEvent", "house:door": "north"},
    "with a link": seen(epcList=["https://shop.example/01/10614141073464/21/5"], eventID="urn:uuid:11111111-2222-4333-8444-555555555555"),
}  # fmt: skip


async def run(db, capture_id):
    """The job of a capture, done here instead of by a worker."""
    await capture_events.work(db, capture_id=str(capture_id))


@pytest.fixture
async def counter(app, api, db):
    """A client and what captures: `job = await counter(document)` sends a document and has its job done."""

    class Counter:
        http = api

        async def capture(self, told, **headers):
            body = told if isinstance(told, bytes) else json.dumps(told).encode()
            answer = await api.post("/v1/rfid/capture", content=body, headers=headers)
            assert answer.status_code == 202, answer.text
            await run(db, UUID(answer.headers["location"].rsplit("/", 1)[1]))
            return (await api.get(answer.headers["location"])).json()

        async def events(self, path="/v1/rfid/events", **parameters):
            answer = await api.get(path, params=parameters or None)
            assert answer.status_code == 200, answer.text
            return answer.json()["epcisBody"]["queryResults"]["resultsBody"]["eventList"]

    return Counter()


@pytest.fixture
async def reader(api, db):
    """A header with a key that may only read."""
    async with db.transaction() as tx:
        key = await add_key(tx, name="reader", scopes=["rfid:read"], actor=SYSTEM)
    return {"Authorization": f"Bearer {key.token}"}
