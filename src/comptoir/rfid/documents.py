"""A document of EPCIS 2.0 taken apart, and put together again for an answer.

Events are kept byte for byte: what is queried is what was captured. Only recordTime is ours, and an eventID where
none was sent. All of one answer that came under one JSON-LD context stand under it again; otherwise each event brings
its own.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, cast

import msgspec

from comptoir.kernel.errors import Invalid
from comptoir.kernel.http.bodies import refuse_nul
from comptoir.rfid import fingerprints, shapes
from comptoir.rfid.errors import BadDocument, TooManyEvents
from comptoir.rfid.gs1 import canonical, parse
from comptoir.rfid.records import Event, Found
from comptoir.rfid.shapes import Fault
from comptoir.rfid.vocabulary import bare

MAX_EVENTS = 20_000
"""In one capture."""

CONTEXT = "https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld"

Tree = dict[str, Any]
RAW_FIELDS = msgspec.json.Decoder(dict[str, msgspec.Raw])
RAW_LIST = msgspec.json.Decoder(list[msgspec.Raw])


class Document(msgspec.Struct, frozen=True):
    """Events of one body, not yet judged: as values and as they were sent, with the place of their list."""

    context: Any
    events: list[Any]
    raw: list[msgspec.Raw]
    place: str


def opened(body: bytes) -> Document:
    """An EPCISDocument or EPCISQueryDocument; raises BadDocument, TooManyEvents for what surrounds its events."""
    told = read(body)
    refuse(shapes.document_faults(told))
    path = ("epcisBody", "eventList")
    if told["type"] == "EPCISQueryDocument":
        path = ("epcisBody", "queryResults", "resultsBody", "eventList")
    inner, raw = told, msgspec.Raw(body)
    for step in path:
        inner, raw = inner[step], RAW_FIELDS.decode(raw)[step]
    if len(inner) > MAX_EVENTS:
        raise TooManyEvents(f"{len(inner)} events are too many for one capture: send at most {MAX_EVENTS}.",
                            most=MAX_EVENTS)  # fmt: skip
    return Document(told["@context"], cast("list[Any]", inner), RAW_LIST.decode(raw), "/" + "/".join(path))


def single(body: bytes) -> Document:
    """One event alone, with its @context."""
    told = read(body)
    faults = shapes.event_faults(told)
    if isinstance(told, dict) and "@context" not in told:
        faults.append(Fault("", "@context is missing: an event alone brings its own"))
    refuse(faults)
    return Document([], [told], [msgspec.Raw(body)], "")


def read(body: bytes) -> Any:
    try:
        refuse_nul(body)
        return msgspec.json.decode(body)
    except Invalid as refusal:
        raise BadDocument(refusal.detail, faults=[]) from refusal
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise BadDocument(f"The body is not JSON: {error}", faults=[]) from error


def refuse(faults: list[Fault]) -> None:
    """Raise BadDocument if there are any."""
    if faults:
        raise refusal(faults)


def refusal(faults: list[Fault]) -> BadDocument:
    first = faults[0]
    return BadDocument(f"{first.place or '/'}: {first.reason}.", faults=msgspec.to_builtins(faults))


def judged(document: Document, start: int, end: int) -> Iterator[Event | list[Fault]]:
    """The events from `start` to `end`, each ready to be stored, or its faults."""
    for number in range(start, min(end, len(document.events))):
        at = f"{document.place}/{number}" if document.place else ""
        yield shapes.event_faults(document.events[number], at=at) or event(document, number, at)


def event(document: Document, number: int, at: str) -> Event | list[Fault]:
    told: Tree = document.events[number]
    declared = told.get("errorDeclaration")
    try:
        happened = fingerprints.instant(told["eventTime"])
    except (ValueError, OverflowError) as error:
        return [Fault(f"{at}/eventTime", f"no calendar of ours holds this time ({error})")]
    try:
        declared_at = fingerprints.instant(declared["declarationTime"]) if declared else None
    except (ValueError, OverflowError) as error:
        return [Fault(f"{at}/errorDeclaration/declarationTime", f"no calendar of ours holds this time ({error})")]
    context = together(document.context, told.get("@context"))
    spaces = fingerprints.spaces_of(context)
    key = fingerprints.key_of(told, spaces)
    return Event(
        key=key,
        uri=told.get("eventID") or fingerprints.name_of(key),
        type=told["type"],
        action=told.get("action"),
        event_time=happened,
        declared_at=declared_at,
        declares=fingerprints.declared_key(told, spaces),
        biz_step=maybe(told.get("bizStep"), "BizStep"),
        disposition=maybe(told.get("disposition"), "Disp"),
        read_point=place(told.get("readPoint")),
        biz_location=place(told.get("bizLocation")),
        things=sorted(things(told)),
        context=msgspec.json.encode(context, order="deterministic"),
        body=bytes(document.raw[number]),
    )


def together(outer: Any, inner: Any) -> list[Any]:
    """The context of the document, and on top of it that of the event."""
    found: list[Any] = []
    for one in (outer, inner):
        for part in cast("list[Any]", one) if isinstance(one, list) else [one]:
            if part is not None and part not in found:
                found.append(part)
    return found


def maybe(value: str | None, kind: str) -> str | None:
    return None if value is None else bare(value, kind)


def place(value: Tree | None) -> str | None:
    return None if value is None else canonical(value["id"])


# ---- by what an event is found: a letter for the part that a thing plays, and its name

EPCS = {"epcList": "e", "childEPCs": "e", "inputEPCList": "i", "outputEPCList": "o"}
CLASSES = {"quantityList": "q", "childQuantityList": "q", "inputQuantityList": "m", "outputQuantityList": "n"}
LISTS = {"bizTransactionList": ("b", "bizTransaction", "BTT"), "sourceList": ("s", "source", "SDT"),
         "destinationList": ("d", "destination", "SDT")}  # fmt: skip


def things(told: Mapping[str, Any]) -> set[str]:
    """`e https://id.gs1.org/01/…/21/…`; a capital letter stands before the class of a piece."""
    found: set[str] = set()
    parent = told.get("parentID")
    for letter, names in [("p", [parent] if parent else []), *((EPCS[f], told[f]) for f in EPCS if f in told)]:
        for name in names:
            same = canonical(name)
            found.add(f"{letter} {same}")
            if same.startswith("https://id.gs1.org/") and (general := class_of(same)) != same:
                found.add(f"{letter.upper()} {general}")
    found.update(f"{CLASSES[f]} {canonical(one['epcClass'])}" for f in CLASSES for one in told.get(f, ()))
    for name, (letter, inner, kind) in LISTS.items():
        for one in told.get(name, ()):
            found.add(f"{letter} {bare(one.get('type', ''), kind)} {canonical(one[inner])}")
    if transformation := told.get("transformationID"):
        found.add(f"t {transformation}")
    lasting = told.get("persistentDisposition", {})
    found.update(f"{letter} {bare(one, 'Disp')}" for letter, part in (("x", "set"), ("y", "unset"))
                 for one in lasting.get(part, ()))  # fmt: skip
    return found


def class_of(link: str) -> str:
    """The article of a piece: its canonical link without serial and lot."""
    return parse(link, strict=False).of_class().link()


# ---- the way back


def answer(found: Sequence[Found], contexts: Mapping[int, Any], *, now: datetime, name: str) -> Tree:
    """An EPCISQueryDocument. `contexts` by id, of all that occur."""
    shared = len(contexts) <= 1
    context = next(iter(contexts.values()), [CONTEXT]) if shared else [CONTEXT]
    results: Tree = {
        "queryName": name,
        "resultsBody": {"eventList": [told(one, None if shared else contexts[one.context_id]) for one in found]},
    }
    return {
        "@context": context,
        "type": "EPCISQueryDocument",
        "schemaVersion": "2.0",
        "creationDate": written(now),
        "epcisBody": {"queryResults": results},
    }


def told(one: Found, context: Any) -> Tree:
    """The event as it was sent, with our recordTime, its eventID and, where it stands apart, its context."""
    fields: Tree = dict(RAW_FIELDS.decode(one.body))
    fields["recordTime"] = written(one.recorded_at)
    fields.setdefault("eventID", one.uri)
    if context is not None:
        fields["@context"] = context
    return fields


def written(moment: datetime) -> str:
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="milliseconds") + "Z"
