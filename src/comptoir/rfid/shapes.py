"""What an event and a document of EPCIS 2.0 look like (standard, section 10), as JSON Schema of our own making.

GS1's own schema may not be handed on, so it is not here; a test holds this one against it where it is at hand. Each
rule says in words (`$comment`) what is wrong when it is broken, and every fault names its place (RFC 6901).
Lengths are bounded: an index entry of the database holds no more.
"""

from collections.abc import Iterable
from typing import Any, cast

import jsonschema_rs
import msgspec

from comptoir.rfid import vocabulary

MAX_URI = 1_000
MAX_THINGS = 20_000
"""EPCs or quantities in one list of one event: more than any gate reads at once."""
MOST_FAULTS = 20
"""Told of one event."""

Shape = dict[str, Any]


class Fault(msgspec.Struct, frozen=True):
    """What is wrong in one place of what was sent: `/epcisBody/eventList/0/bizStep`."""

    place: str
    reason: str


TEXT: Shape = {"type": "string", "$comment": "a text is wanted"}
NUMBER: Shape = {"type": "number", "$comment": "a number is wanted"}
URI: Shape = {"type": "string", "format": "uri", "maxLength": MAX_URI,
              "$comment": f"a URI of at most {MAX_URI} characters is wanted, such as an EPC"}  # fmt: skip
TIME: Shape = {"type": "string", "format": "date-time", "maxLength": 64,
               "$comment": "a time is wanted with its offset (RFC 3339), as in 2026-05-04T12:00:00+02:00"}  # fmt: skip


def many(item: Shape, *, least: int = 0) -> Shape:
    wanted = f"a list of {least or 'no'} to {MAX_THINGS} items is wanted"
    return {"type": "array", "items": item, "minItems": least, "maxItems": MAX_THINGS, "$comment": wanted}


def once(item: Shape) -> Shape:
    return {**many(item), "uniqueItems": True, "$comment": f"a list of at most {MAX_THINGS}, each once, is wanted"}


def word(words: Iterable[str], what: str, *, not_of: str = r"urn:epcglobal:cbv|https?://ns\.gs1\.org/cbv/") -> Shape:
    """A word of the vocabulary, or a URI of one's own."""
    own: Shape = {"format": "uri", "maxLength": MAX_URI, "pattern": f"^(?!{not_of})"}
    return {"type": "string", "anyOf": [{"enum": list(words)}, own],
            "$comment": f"it is neither {what} of CBV 2.0 nor a URI of your own"}  # fmt: skip


def record(fields: Shape, *required: str, extended: bool = True, what: str) -> Shape:
    """An object. Further fields are refused, or need the name of an extension: a URI, or one behind a prefix."""
    shape: Shape = {"type": "object", "properties": fields, "required": list(required),
                    "$comment": f"{what} is an object"}  # fmt: skip
    if not extended:
        return {**shape, "additionalProperties": False}
    names: Shape = {"anyOf": [{"enum": list(fields)}, {"format": "uri"}]}
    why = f"the name is no field of {what}; one of your own is a URI or stands behind a prefix (example:field)"
    return {**shape, "propertyNames": {**names, "$comment": why}}


NOT_OURS = r"https?://(www\.)?gs1\.org/voc/"
DISPOSITION = word(vocabulary.DISPOSITIONS, "a disposition")
ACTION: Shape = {"enum": ["ADD", "OBSERVE", "DELETE"], "$comment": "an action is ADD, OBSERVE or DELETE"}
QUANTITIES = many(
    record(
        {"epcClass": URI, "quantity": NUMBER,
         "uom": {"type": "string", "pattern": "^[A-Z0-9]{2,3}$",
                 "$comment": "a unit has two or three characters (UN/CEFACT Recommendation 20)"}},
        "epcClass", extended=False, what="a quantity",
    )
)  # fmt: skip
PLACE: Shape = {
    "type": "object",
    "properties": {"id": URI},
    "required": ["id"],
    "$comment": 'a place is written {"id": URI}',
}
TRANSACTIONS = many(
    record({"type": word(vocabulary.BIZ_TRANSACTIONS, "a type of business transaction"), "bizTransaction": URI},
           "bizTransaction", extended=False, what="a business transaction")
)  # fmt: skip
MEASURED: Shape = {
    **dict.fromkeys(("deviceID", "deviceMetadata", "rawData", "dataProcessingMethod", "bizRules"), URI),
    "time": TIME,
}
REPORT = record(
    {
        **MEASURED,
        "type": word(vocabulary.MEASUREMENTS, "a measurement", not_of=NOT_OURS),
        "exception": word(vocabulary.ALERTS, "an alert", not_of=NOT_OURS),
        "component": word(vocabulary.COMPONENTS, "a component"),
        **dict.fromkeys(("microorganism", "chemicalSubstance", "coordinateReferenceSystem", "uriValue"), URI),
        **dict.fromkeys(("value", "minValue", "maxValue", "meanValue", "sDev", "percRank", "percValue"), NUMBER),
        **dict.fromkeys(("stringValue", "uom"), TEXT),
        "booleanValue": {"type": "boolean", "$comment": "true or false is wanted"},
        "hexBinaryValue": {"type": "string", "pattern": "^[A-Fa-f0-9]+$", "$comment": "hexadecimal digits are wanted"},
    },
    "type",
    what="a sensor report",
)
SENSORS = many(
    record(
        {
            "sensorMetadata": record({**MEASURED, "startTime": TIME, "endTime": TIME}, what="sensorMetadata"),
            "sensorReport": many(REPORT, least=1),
        },
        "sensorReport",
        what="a sensor element",
    )
)
CONTEXT: Shape = {
    "anyOf": [URI, {"type": "object"}, {"type": "array", "items": {"anyOf": [URI, {"type": "object"}]}}],
    "$comment": "a JSON-LD context is a URI, an object, or a list of these",
}
LASTING: Shape = {
    **record({name: {**once(DISPOSITION), "minItems": 1} for name in ("set", "unset")}, extended=False,
             what="a persistent disposition"),
    "minProperties": 1,
    "$comment": "a persistent disposition has set, unset or both",
}  # fmt: skip
ILMD: Shape = {"type": "object", "propertyNames": {"format": "uri", "$comment": "master data are named by URIs"},
               "$comment": "ilmd is an object"}  # fmt: skip

COMMON: Shape = {
    "@context": CONTEXT,
    "type": TEXT,
    "eventTime": TIME,
    "recordTime": TIME,
    "eventTimeZoneOffset": {"type": "string", "pattern": "^[+-]((0[0-9]|1[0-3]):[0-5][0-9]|14:00)$",
                            "$comment": "an offset is written +02:00"},
    "eventID": URI,
    "certificationInfo": {"anyOf": [URI, {"type": "array", "items": URI}], "$comment": "a URI or a list of them"},
    "errorDeclaration": record(
        {"declarationTime": TIME, "reason": word(vocabulary.ERROR_REASONS, "a reason of error"),
         "correctiveEventIDs": many(URI)},
        "declarationTime", what="an error declaration",
    ),
}  # fmt: skip
REQUIRED = ("type", "eventTime", "eventTimeZoneOffset")
HOW: Shape = {
    "bizStep": word(vocabulary.BIZ_STEPS, "a business step"),
    "disposition": DISPOSITION,
    "readPoint": PLACE,
    "bizLocation": PLACE,
    "bizTransactionList": TRANSACTIONS,
    **{
        f"{name}List": many(
            record({"type": word(vocabulary.PARTIES, "a type of party"), name: URI}, "type", name, extended=False,
                   what=f"a {name}")
        )
        for name in ("source", "destination")
    },
    "sensorElementList": SENSORS,
}  # fmt: skip
CHILDREN: Shape = {"parentID": URI, "childEPCs": many(URI), "childQuantityList": QUANTITIES, "action": ACTION}


def event(fields: Shape, *required: str, what: str, rule: Shape | None = None) -> Shape:
    shape = record({**COMMON, **HOW, **fields}, *REQUIRED, *required, what=what)
    return {**shape, "allOf": [rule]} if rule else shape


def with_one(*names: str, least: int = 1) -> list[Shape]:
    return [{"required": [name], "properties": {name: {"minItems": least}}} for name in names]


def any_of(*rules: Shape, why: str) -> Shape:
    return {"anyOf": list(rules), "$comment": why}


DELETED: Shape = {"properties": {"action": {"const": "DELETE"}}}
NO_CHILD = "it names no child: give childEPCs or childQuantityList (only DELETE may do without)"

EVENTS: dict[str, Shape] = {
    "ObjectEvent": event(
        {"epcList": once(URI), "quantityList": QUANTITIES, "action": ACTION, "persistentDisposition": LASTING,
         "ilmd": ILMD},
        "action",
        what="an ObjectEvent",
        rule={
            "allOf": [
                any_of(*with_one("epcList", least=0), *with_one("quantityList"),
                       {"allOf": [*with_one("sensorElementList"), {"required": ["readPoint"]}]},
                       why="it names nothing: give epcList, quantityList, or sensorElementList with a readPoint"),
                {"if": {"properties": {"action": {"enum": ["OBSERVE", "DELETE"]}}, "required": ["action"]},
                 "then": {"properties": {"ilmd": {"not": {}, "$comment": "ilmd stands in an event of action ADD"}}}},
            ]
        },
    ),
    "AggregationEvent": event(
        CHILDREN, "action", what="an AggregationEvent",
        rule=any_of(*with_one("childEPCs", "childQuantityList"), DELETED, why=NO_CHILD),
    ),
    "AssociationEvent": event(
        CHILDREN, "action", "parentID", what="an AssociationEvent",
        rule=any_of(*with_one("childEPCs", "childQuantityList"), DELETED, why=NO_CHILD),
    ),
    "TransactionEvent": event(
        {"parentID": URI, "epcList": many(URI), "quantityList": QUANTITIES, "action": ACTION,
         "bizTransactionList": {**TRANSACTIONS, "minItems": 1}},
        "action", "bizTransactionList",
        what="a TransactionEvent",
        rule=any_of(*with_one("epcList", least=0), *with_one("quantityList"), DELETED,
                    why="it names no thing: give epcList or quantityList (only DELETE may do without)"),
    ),
    "TransformationEvent": event(
        {"inputEPCList": once(URI), "inputQuantityList": QUANTITIES, "outputEPCList": once(URI),
         "outputQuantityList": QUANTITIES, "transformationID": URI, "persistentDisposition": LASTING, "ilmd": ILMD},
        what="a TransformationEvent",
        rule=any_of(
            {"allOf": [{"anyOf": with_one("inputEPCList", "inputQuantityList")},
                       {"anyOf": with_one("outputEPCList", "outputQuantityList")}]},
            {"required": ["transformationID"],
             "anyOf": with_one("inputEPCList", "inputQuantityList", "outputEPCList", "outputQuantityList")},
            why="it says not what became what: give inputs and outputs, or either with a transformationID",
        ),
    ),
}  # fmt: skip

ALL_FIELDS: Shape = {name: one for shape in EVENTS.values() for name, one in shape["properties"].items()}
OWN_EVENT: Shape = {
    "type": "object",
    "properties": {**ALL_FIELDS, "type": {"type": "string", "format": "uri",
                                      "$comment": "it is no type of EPCIS 2.0, nor a URI of your own"}},
    "required": list(REQUIRED),
    "$comment": "an event is an object",
}  # fmt: skip
"""An event type of somebody's own: what it calls like the standard, it means like the standard."""

VERSION: Shape = {"type": "string", "pattern": r"^\d+(\.\d+)*$", "$comment": "a version is written 2.0"}
HEAD: Shape = {"@context": CONTEXT, "id": URI, "type": TEXT, "schemaVersion": VERSION, "creationDate": TIME}
EVENT_LIST: Shape = {"type": "object", "properties": {"eventList": {"type": "array", "$comment": "a list is wanted"}},
                     "required": ["eventList"], "$comment": "an object with an eventList is wanted"}  # fmt: skip
DOCUMENTS: dict[str, Shape] = {
    "EPCISDocument": record(
        {**HEAD, "instanceIdentifier": TEXT, "sender": TEXT, "receiver": TEXT,
         "epcisHeader": {"type": "object", "$comment": "a header is an object"}, "epcisBody": EVENT_LIST},
        "@context", "type", "schemaVersion", "creationDate", "epcisBody", what="an EPCISDocument",
    ),
    "EPCISQueryDocument": record(
        {**HEAD, "epcisBody": record(
            {"queryResults": record(
                {"queryName": TEXT, "subscriptionID": TEXT, "resultsBody": EVENT_LIST},
                "queryName", "resultsBody", what="queryResults")},
            "queryResults", what="epcisBody")},
        "@context", "type", "epcisBody", what="an EPCISQueryDocument",
    ),
}  # fmt: skip


def _compiled(shape: Shape) -> Any:
    return jsonschema_rs.validator_for(shape, validate_formats=True)


_EVENTS = {name: _compiled(shape) for name, shape in EVENTS.items()}
_NAME = _compiled({"format": "uri"})
_OWN = _compiled(OWN_EVENT)
_DOCUMENTS = {name: _compiled(shape) for name, shape in DOCUMENTS.items()}


def event_faults(told: Any, *, at: str = "") -> list[Fault]:
    """What is wrong with an event; empty for nothing. `at` is where it stands."""
    name = cast("dict[str, Any]", told).get("type") if isinstance(told, dict) else None
    if not isinstance(name, str):
        reason = "an event is an object with a type" if name is None else "the type of an event is a text"
        return [Fault(at, reason)]
    validator = _EVENTS.get(name, _OWN)
    if validator.is_valid(told):
        return []
    return _faults(validator, EVENTS.get(name, OWN_EVENT), told, at)


def document_faults(told: Any) -> list[Fault]:
    """What is wrong around the events."""
    name = cast("dict[str, Any]", told).get("type") if isinstance(told, dict) else None
    if not isinstance(name, str) or name not in DOCUMENTS:
        known = " or ".join(DOCUMENTS)
        return [Fault("/type", f"the type is {known}; a single event goes to /v1/rfid/events")]
    return _faults(_DOCUMENTS[name], DOCUMENTS[name], told, "")


def _faults(validator: Any, shape: Shape, told: Any, at: str) -> list[Fault]:
    found: list[Fault] = []
    for error in validator.iter_errors(told):
        path = list(error.instance_path)
        if "propertyNames" in error.schema_path:
            known = _around(error, shape).get("properties", {})
            path += [name for name in error.instance if name not in known and not _NAME.is_valid(name)][:1]
        place = at + "".join(f"/{escaped(step)}" for step in path)
        found.append(Fault(place, _reason(error, shape)))
        if len(found) == MOST_FAULTS:
            break
    return found


def _around(error: Any, shape: Shape) -> Shape:
    """The rule whose `propertyNames` was broken."""
    for step in error.schema_path:
        if step == "propertyNames":
            break
        shape = shape[step]
    return shape


def _reason(error: Any, shape: Any) -> str:
    """The words of the innermost rule that was broken; the validator's own for a missing field."""
    said = ""
    for step in error.schema_path:
        if isinstance(shape, dict):
            said = str(cast("Shape", shape).get("$comment", said))
        shape = cast("Any", shape)[step] if isinstance(shape, dict | list) else None
    missing = getattr(error.kind, "property", None)
    if isinstance(missing, str):
        return f"{missing} is missing"
    unexpected = getattr(error.kind, "unexpected", None)
    if unexpected:
        return f"{', '.join(map(str, unexpected))[:200]} cannot stand here"
    return said or str(error.message)[:200]


def escaped(step: str | int) -> str:
    return str(step).replace("~", "~0").replace("/", "~1")
