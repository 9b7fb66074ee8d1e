"""The canonical hash of an event (Core Business Vocabulary 2.0, section 8.9), by which a duplicate is known.

It does not change with the order of keys and lists, the form of an EPC, the prefix of a namespace, the spelling of a
number or the time zone in which a moment is written. eventID, recordTime and errorDeclaration are left out by the
standard; our key of an event adds the errorDeclaration, or the declaration would pass for the event that it declares.

The published implementation (RalphTro/epcis-event-hash-generator 1.9.3, MIT) brings a web server and a JSON-LD
processor that loads contexts from the network. Its hashes are the vectors of our tests. Apart from it we keep long
whole numbers exact (they are told apart), write booleans as XML does, put the type of a list's item first whatever
was written first, and keep an extension within its element whatever its namespace ends with.
"""

import hashlib
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, cast

from comptoir.rfid.gs1 import canonical
from comptoir.rfid.vocabulary import ALERTS, FORMER, MEASUREMENTS, VOC, in_full, words

Tree = Mapping[str, Any]
Spaces = Mapping[str, str]

KNOWN_SPACES = {
    "epcis": "https://ref.gs1.org/epcis/",
    "cbv": "https://ref.gs1.org/cbv/",
    "cbvmda": "urn:epcglobal:cbv:mda:",
    "gs1": VOC,
    "rdfs": "http://www.w3.org/2000/01/rdf-schema#",
    "owl": "http://www.w3.org/2002/07/owl#",
    "xsd": "http://www.w3.org/2001/XMLSchema#",
    "dcterms": "http://purl.org/dc/terms/",
}
"""Prefixes that the context of EPCIS itself declares."""

ORDER = words(
    "eventTime eventTimeZoneOffset certificationInfo parentID epcList inputEPCList childEPCs quantityList"
    " childQuantityList inputQuantityList outputEPCList outputQuantityList action transformationID bizStep disposition"
    " persistentDisposition readPoint bizLocation sensorElementList"
)
LEFT_OUT = {"type", "eventID", "recordTime", "errorDeclaration", "@context"}
METADATA = words("time startTime endTime deviceID deviceMetadata rawData dataProcessingMethod bizRules")
REPORT = words(
    "type exception deviceID deviceMetadata rawData dataProcessingMethod bizRules time microorganism chemicalSubstance"
    " value component stringValue booleanValue hexBinaryValue uriValue minValue maxValue meanValue sDev percRank"
    " percValue uom coordinateReferenceSystem"
)
KINDS = {"bizStep": "BizStep", "disposition": "Disp", "set": "Disp", "unset": "Disp", "component": "Comp"}
"""How the words of a field are called in full."""
LISTS = {"bizTransactionList": ("bizTransaction", "BTT"), "sourceList": ("source", "SDT"),
         "destinationList": ("destination", "SDT")}  # fmt: skip


def event_hash(event: Tree, spaces: Spaces) -> str:
    """`ni:///sha-256;…?ver=CBV2.0` (RFC 6920)."""
    return name_of(digest(pre_hash(event, spaces)))


def name_of(key: bytes) -> str:
    """The eventID of what came without one."""
    return f"ni:///sha-256;{key.hex()}?ver=CBV2.0"


def key_of(event: Tree, spaces: Spaces) -> bytes:
    """32 bytes, the same for the same event: its hash, or with an error declaration a hash of both."""
    text = pre_hash(event, spaces)
    if declared := event.get("errorDeclaration"):
        text += extension("errorDeclaration", declared, spaces)
    return digest(text)


def declared_key(event: Tree, spaces: Spaces) -> bytes | None:
    """The key of the event that this one declares to be an error: it is the same in all but the declaration."""
    return digest(pre_hash(event, spaces)) if event.get("errorDeclaration") else None


def digest(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()


def spaces_of(context: Any) -> dict[str, str]:
    """Prefix to namespace, of a JSON-LD context; later declarations win."""
    found = dict(KNOWN_SPACES)
    for part in cast("list[Any]", context if isinstance(context, list) else [context]):
        if isinstance(part, dict):
            declared = cast("dict[str, Any]", part)
            found.update({name: one for name, one in declared.items() if isinstance(one, str) and name[:1] != "@"})
    return found


def pre_hash(event: Tree, spaces: Spaces) -> str:
    """What is hashed: the fields in the order of the standard, then what has no place in it, sorted."""
    parts = [f"eventType={expanded(str(event['type']), spaces)}"]
    parts += [field(name, event[name], spaces) for name in ORDER if name in event]
    rest = [
        listed(name, value, spaces) if name in LISTS else extension(name, value, spaces)
        for name, value in event.items()
        if name not in ORDER and name not in LEFT_OUT
    ]
    return "".join((*parts, *sorted(rest)))


def field(name: str, value: Any, spaces: Spaces) -> str:
    """One field of the standard with its name; empty for an empty one."""
    if name in {"readPoint", "bizLocation"}:
        return name + element(value, ["id"], spaces)
    if name == "persistentDisposition":
        return name + element(value, ["set", "unset"], spaces)
    if name == "sensorElementList":
        return named(name, (f"sensorElement{sensor(one, spaces)}" for one in value))
    if name == "childEPCs" or name.endswith("EPCList") or name == "epcList":
        return named(name, (f"epc={plain(one, spaces)}" for one in value))
    if name.lower().endswith("quantitylist"):
        return named(name, ("quantityElement" + element(one, ["epcClass", "quantity", "uom"], spaces) for one in value))
    return scalars(name, value, spaces)


def named(name: str, items: Iterable[str]) -> str:
    joined = "".join(sorted(items))
    return name + joined if joined else ""


def sensor(one: Tree, spaces: Spaces) -> str:
    parts: list[str] = []
    if "sensorMetadata" in one:
        parts.append("sensorMetadata" + element(one["sensorMetadata"], METADATA, spaces))
    parts += sorted("sensorReport" + element(report, REPORT, spaces) for report in one["sensorReport"])
    return "".join(parts) + extras(one, {"sensorMetadata", "sensorReport"}, spaces)


def element(one: Tree, order: Sequence[str], spaces: Spaces) -> str:
    """The fields of an object in their order, then its extensions."""
    return "".join(scalars(name, one[name], spaces) for name in order if name in one) + extras(one, set(order), spaces)


def extras(one: Tree, known: set[str], spaces: Spaces) -> str:
    return "".join(sorted(extension(name, value, spaces) for name, value in one.items() if name not in known))


def listed(name: str, items: Iterable[Tree], spaces: Spaces) -> str:
    inner, kind = LISTS[name]
    told: list[str] = []
    for one in items:
        named_type = f"type={text_of(in_full(str(one['type']), kind), spaces)}" if one.get("type") else ""
        told.append(f"{named_type}{inner}={plain(one[inner], spaces)}")
    return named(name, told)


def scalars(name: str, value: Any, spaces: Spaces) -> str:
    """`name=value`, of a list once for each, sorted."""
    several = cast("list[Any]", value) if isinstance(value, list) else [value]
    told: list[str] = []
    for one in several:
        text = one
        if isinstance(one, str) and name in KINDS:
            text = in_full(one, KINDS[name])
        elif isinstance(one, str) and one in MEASURED:
            text = VOC + one if name in {"type", "exception"} else one
        spelled = moment(text) if "time" in name.lower() and "offset" not in name.lower() else plain(text, spaces)
        if spelled:
            told.append(f"{name}={spelled}")
    return "".join(sorted(told))


MEASURED = {*MEASUREMENTS, *ALERTS}


def extension(name: str, value: Any, spaces: Spaces) -> str:
    """What somebody added: `{namespace}name=value`, nested, a list once for each of its items."""
    if isinstance(value, list):
        return "".join(sorted(extension(name, one, spaces) for one in cast("list[Any]", value)))
    prefix, colon, local = name.partition(":")
    spelled = f"{{{spaces[prefix]}}}{local}" if colon and prefix in spaces else name
    if spelled == COMMENT:
        return ""
    if isinstance(value, dict):
        inner = cast("dict[str, Any]", value)
        return spelled + "".join(sorted(extension(*one, spaces) for one in inner.items()))
    text = plain(value, spaces)
    return f"{spelled}={text}" if text else spelled


COMMENT = "{http://www.w3.org/2000/01/rdf-schema#}comment"


def plain(value: Any, spaces: Spaces) -> str:
    """A value in its one spelling."""
    if value is None:
        return "None"
    if isinstance(value, bool):
        return "true" if value else "false"
    return text_of(value, spaces) if isinstance(value, str) else number(str(value))


def text_of(text: str, spaces: Spaces) -> str:
    text = expanded(text.strip(), spaces)
    for former, now in FORMER.items():
        text = text.replace(former, now)
    return canonical(number(text))


def expanded(text: str, spaces: Spaces) -> str:
    prefix, colon, local = text.partition(":")
    return spaces[prefix] + local if colon and prefix in spaces and not local.startswith("//") else text


NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,3})?")


def number(text: str) -> str:
    """12.50 and 12.5 are one number, and so are 007 and 7; whole numbers keep all their digits."""
    if not NUMBER.fullmatch(text) or not text.isascii():
        return text
    exact = Decimal(text)
    if abs(exact.adjusted()) > 400:
        return text
    if exact == exact.to_integral_value():
        return str(int(exact))
    near = float(text)
    return repr(near) if math.isfinite(near) and Decimal(repr(near)) == exact else format(exact.normalize(), "f")


def moment(value: Any) -> str:
    """UTC, to the millisecond: the fourth digit is rounded half up."""
    try:
        found = instant(str(value).strip())
        found = (found + timedelta(microseconds=500)).astimezone(UTC)
    except (ValueError, OverflowError):
        return str(value)
    return found.replace(tzinfo=None).isoformat(timespec="milliseconds") + "Z"


def instant(text: str) -> datetime:
    """An RFC 3339 time. Raises ValueError or OverflowError for one that no calendar of ours holds."""
    found = datetime.fromisoformat(text.upper())
    if found.tzinfo is None:
        raise ValueError("no offset")
    return found.astimezone(UTC)
