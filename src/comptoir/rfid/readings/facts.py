"""What a rule may know of an event, and the things that the event tells of."""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import LiteralString
from uuid import UUID

import msgspec

from comptoir.kernel.db import Tx, ints
from comptoir.kernel.rules import Attribute, Facts, Vocabulary, Words
from comptoir.rfid.errors import BadGs1Key
from comptoir.rfid.gs1 import canonical, parse

TYPES = {
    "ObjectEvent": Words("seen", "vu"),
    "AggregationEvent": Words("packed or unpacked", "emballé ou déballé"),
    "TransactionEvent": Words("part of a transaction", "lié à une transaction"),
    "TransformationEvent": Words("made into something else", "transformé"),
    "AssociationEvent": Words("attached", "attaché"),
}
ACTIONS = {
    "ADD": Words("added", "ajout"),
    "OBSERVE": Words("observed", "observation"),
    "DELETE": Words("taken away", "retrait"),
}

EVENT = Vocabulary(
    "reading",
    Attribute("event.type", "text", Words("the type of the event", "le type de l’événement"), values=TYPES),
    Attribute("event.action", "text", Words("the action", "l’action"), values=ACTIONS),
    Attribute("event.step", "text", Words("the business step", "l’étape")),
    Attribute("event.disposition", "text", Words("the disposition", "la disposition")),
    Attribute("event.read_point", "text", Words("the read point", "le point de lecture")),
    Attribute("event.read_point.gln", "text", Words("the read point’s GLN", "le GLN du point de lecture")),
    Attribute("event.business_location", "text", Words("the business location", "l’emplacement")),
    Attribute("event.business_location.gln", "text", Words("the location’s GLN", "le GLN de l’emplacement")),
    Attribute("event.location", "text", Words("the code of our location", "le code de notre lieu")),
    Attribute("event.sources", "set", Words("the sources", "les origines")),
    Attribute("event.destinations", "set", Words("the destinations", "les destinations")),
    Attribute("event.transactions", "set", Words("the kinds of documents named", "les types de documents cités")),
    Attribute("event.pieces", "integer", Words("the number of tags", "le nombre d’étiquettes")),
)
"""All of them are as they were captured: what is decided does not depend on when."""


MOST = 1_000_000
"""Pieces of an article in one line."""


class Read(msgspec.Struct, frozen=True):
    """An event to be judged."""

    event_id: int
    key: bytes
    uri: str
    type: str
    action: str | None
    event_time: datetime
    recorded_at: datetime
    declared_at: datetime | None
    declares: bytes | None
    biz_step: str | None
    disposition: str | None
    read_point: str | None
    biz_location: str | None
    things: list[str]
    body: str
    """As it was sent, if it tells of numbers of pieces."""


class Place(msgspec.Struct, frozen=True):
    """Where a reader stands."""

    location_id: int
    code: str


Places = Mapping[str, Place]
"""By the canonical name of a read point or business location."""


class Tag(msgspec.Struct, frozen=True):
    """A piece by its canonical name, or so many of an article without serials: then the name holds the event."""

    name: str
    gtin: str | None
    quantity: int = 1


# Numbers of pieces stand in the body only: `things` names the classes.
READS: LiteralString = """
    SELECT event_id, key, uri, type, action, event_time, recorded_at, declared_at, declares, biz_step, disposition,
           read_point, biz_location, things, CASE WHEN body LIKE '%%uantityList%%' THEN body ELSE '{}' END AS body
    FROM rfid.event
"""
BY_ID: LiteralString = f"{READS} WHERE event_id = ANY(%(ids)s::bigint[]) ORDER BY event_time, event_id"
NEWEST: LiteralString = f"{READS} ORDER BY event_id DESC LIMIT %(limit)s"


async def reads(tx: Tx, ids: Sequence[int]) -> list[Read]:
    """In the order in which they happened."""
    return await tx.many(Read, BY_ID, ids=ints(ids))


async def newest(tx: Tx, limit: int) -> list[Read]:
    return await tx.many(Read, NEWEST, limit=limit)


def place_of(one: Read, places: Places) -> Place | None:
    """Where the things are after the event, else where they were read."""
    for name in (one.biz_location, one.read_point):
        if name is not None and name in places:
            return places[name]
    return None


def facts(one: Read, places: Places) -> Facts:
    here = place_of(one, places)
    return {
        "event.type": one.type,
        "event.action": one.action,
        "event.step": one.biz_step,
        "event.disposition": one.disposition,
        "event.read_point": one.read_point,
        "event.read_point.gln": gln(one.read_point),
        "event.business_location": one.biz_location,
        "event.business_location.gln": gln(one.biz_location),
        "event.location": here.code if here else None,
        "event.sources": parties(one, "s"),
        "event.destinations": parties(one, "d"),
        "event.transactions": {thing.split(" ", 2)[1] for thing in one.things if thing.startswith("b ")},
        "event.pieces": sum(1 for thing in one.things if thing.startswith("e ")),
    }


def gln(name: str | None) -> str | None:
    """The thirteen digits of a location; None for a name of somebody's own."""
    if name is None:
        return None
    try:
        key = parse(name, strict=False)
    except BadGs1Key:
        return None
    return key.value if key.scheme in {"sgln", "pgln"} else None


def parties(one: Read, letter: str) -> set[str]:
    """Canonical names, and the GLN beside each that has one."""
    names = {thing.split(" ", 2)[2] for thing in one.things if thing.startswith(f"{letter} ")}
    return names | {number for name in names if (number := gln(name))}


def tags(one: Read) -> list[Tag]:
    """What was seen (not what it was packed in): pieces, and numbers of pieces of an article."""
    found = [Tag(name, gtin(name)) for thing in one.things if thing.startswith("e ") for name in (thing[2:],)]
    body = msgspec.json.decode(one.body)
    classes = [*body.get("quantityList", ()), *body.get("childQuantityList", ())]
    for number, told in enumerate(classes):
        name, quantity = canonical(told["epcClass"]), told.get("quantity", 0)
        whole = not told.get("uom") and 1 <= quantity <= MOST and quantity == int(quantity)
        tag = f"{name} {one.key.hex()} {number}"
        found.append(Tag(tag, gtin(name), int(quantity)) if whole else Tag(tag, None))
    return found


def gtin(name: str) -> str | None:
    try:
        return parse(name, strict=False).gtin
    except BadGs1Key:
        return None


UUID_AT_END = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$", re.IGNORECASE)


def transfer_of(one: Read) -> UUID | None:
    """The transfer or delivery that the event names: a business transaction that ends in its id."""
    named = {UUID(hit[0]) for thing in one.things if thing.startswith("b ") and (hit := UUID_AT_END.search(thing))}
    return min(named) if named else None
