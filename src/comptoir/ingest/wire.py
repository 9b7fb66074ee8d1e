"""The shapes on the wire, as the official SDKs send them, and what is needed to take a batch apart.

Only what the intake itself must know of an event is decoded; the rest of its JSON stays as it came.
"""

import re
from datetime import UTC, datetime

import msgspec

from comptoir.kernel.errors import TooLarge

Id = str | int | float | None


class Some(msgspec.Struct, gc=False):
    """Any JSON object: its shape is checked, its content passed over."""


class Head(msgspec.Struct, gc=False):
    """What the intake reads of every event, in the order in which SDKs write it: so it is found soonest."""

    integrations: msgspec.Raw = msgspec.Raw()
    anonymousId: Id = None  # noqa: N815  the wire's own names
    context: Some | None = None
    userId: Id = None  # noqa: N815
    type: str = ""
    event: str | None = None
    name: str | None = None
    properties: Some | None = None
    traits: Some | None = None
    timestamp: datetime | None = None
    originalTimestamp: datetime | None = None  # noqa: N815
    sentAt: datetime | None = None  # noqa: N815
    messageId: str | int | None = None  # noqa: N815
    groupId: Id = None  # noqa: N815
    previousId: Id = None  # noqa: N815


class PlannedHead(Head, gc=False):
    """The same where a tracking plan is held against the event: its properties and traits stay at hand."""

    traits: msgspec.Raw = msgspec.Raw()  # pyright: ignore[reportIncompatibleVariableOverride, reportGeneralTypeIssues]
    properties: msgspec.Raw = msgspec.Raw()  # pyright: ignore[reportIncompatibleVariableOverride, reportGeneralTypeIssues]


class Counted(msgspec.Struct, gc=False):
    """What is counted in large events."""

    class Context(msgspec.Struct, gc=False):
        externalIds: list[msgspec.Raw] | None = None  # noqa: N815
        traits: dict[str, msgspec.Raw] | None = None

    properties: dict[str, msgspec.Raw] | None = None
    traits: dict[str, msgspec.Raw] | None = None
    context: Context | None = None


class Batch(msgspec.Struct, gc=False):
    """A batch call; a single call is a batch of one."""

    batch: list[msgspec.Raw]
    sentAt: str | None = None  # noqa: N815
    writeKey: str | None = None  # noqa: N815
    context: msgspec.Raw = msgspec.Raw()
    integrations: msgspec.Raw = msgspec.Raw()


class Envelope(msgspec.Struct, gc=False):
    """A batch whose events could not be told apart by the fast decoder: everything but the events."""

    sentAt: object = None  # noqa: N815
    writeKey: object = None  # noqa: N815
    context: msgspec.Raw = msgspec.Raw()
    integrations: msgspec.Raw = msgspec.Raw()


class Keyed(msgspec.Struct, gc=False):
    """Of a single call: the write key, where it stands in the body."""

    writeKey: str | None = None  # noqa: N815


decode_head = msgspec.json.Decoder(Head).decode
decode_batch = msgspec.json.Decoder(Batch).decode
decode_planned_head = msgspec.json.Decoder(PlannedHead).decode
decode_object = msgspec.json.Decoder(dict[str, object] | None).decode
decode_some = msgspec.json.Decoder(Some | None).decode
decode_counted = msgspec.json.Decoder(Counted).decode
decode_keyed = msgspec.json.Decoder(Keyed).decode


def take_apart(data: bytes, *, most: int) -> Batch:
    """The events of a batch of which at least one is no valid JSON, so that it does not cost its neighbours.

    Brackets and strings alone tell where an event begins and ends. Raises ValueError if even they do not match or are
    nested past all sense, and TooLarge at more than `most` events.
    """
    start, events, end = _array(data, most)
    rest = data[:start] + b"[]" + data[end:]
    envelope = msgspec.json.decode(rest, type=Envelope)
    return Batch(
        batch=[msgspec.Raw(one) for one in events],
        sentAt=envelope.sentAt if isinstance(envelope.sentAt, str) else None,
        writeKey=envelope.writeKey if isinstance(envelope.writeKey, str) else None,
        context=envelope.context,
        integrations=envelope.integrations,
    )


def _array(data: bytes, most: int) -> tuple[int, list[bytes], int]:
    """Where the value of the top-level key `batch` begins and ends, and its elements."""
    opening = OPENING.match(data)
    if opening is None:
        raise ValueError("The body has no batch of events.")
    begin = at = opening.end()
    looked_at, patience = data, PATIENCE
    events: list[bytes] = []
    while len(events) <= most:
        at = _end(ELEMENT, looked_at, at)
        after = looked_at[at : at + 1]
        if not after:
            raise ValueError("The JSON of the batch ends before its events do.")
        if after == b'"':
            looked_at = _without_quotes(looked_at, at)
        elif after in b"[{":
            looked_at, at, patience = _past(looked_at, at, patience)
        elif after == b",":
            events.append(data[begin:at].strip())
            begin = at = at + 1
        else:
            if last := data[begin:at].strip():
                events.append(last)
            return opening.end() - 1, events, at + 1
    raise TooLarge(f"More than {most} events: send smaller batches.")


def _past(data: bytes, at: int, patience: int) -> tuple[bytes, int, int]:
    """The end of a value that VALUE does not match, bracket by bracket; and the patience left."""
    depth = 0
    while patience > 0:
        at = _end(BETWEEN, data, at)
        bracket = data[at : at + 1]
        if not bracket:
            raise ValueError("The JSON of the batch ends before its events do.")
        if bracket == b'"':
            data = _without_quotes(data, at)
            continue
        at += 1
        patience -= 1
        depth += 1 if bracket in b"[{" else -1
        if depth == 0:
            return data, at, patience
    raise ValueError("The events are nested so deeply that they cannot be told apart.")


def _end(pattern: re.Pattern[bytes], data: bytes, at: int) -> int:
    found = pattern.match(data, at)
    assert found  # nothing is enough for it
    return found.end()


def _without_quotes(data: bytes, at: int) -> bytes:
    """For a text that has no end: from there on, quotes are no more than other characters."""
    return data[:at] + data[at:].replace(b'"', b" ")


DEPTH = 32
"""Levels of nesting that are passed over without a step of Python: more than events really have."""
PATIENCE = 100_000
"""Brackets that are looked at one by one, in one body: three events of the largest size, however nested, have fewer."""

# Atomic groups instead of `(?:…)*+`, which Python 3.11.2 gets wrong (gh-106052).
STRING = rb'"[^"\\]*(?>(?:\\.[^"\\]*)*)"'


def _value(depth: int) -> bytes:
    if depth == 0:
        return STRING
    return STRING + rb'|[\[{][^"\[\]{}]*(?>(?:(?:' + _value(depth - 1) + rb')[^"\[\]{}]*)*)[\]}]'


VALUE = _value(DEPTH)
OPENING = re.compile(
    rb'[^"\[\]{}]*\{[^"\[\]{}]*(?>(?:(?!"batch"\s*:\s*\[)(?:' + VALUE + rb')[^"\[\]{}]*)*)"batch"\s*:\s*\[',
    re.DOTALL,
)
ELEMENT = re.compile(rb'[^"\[\]{},]*(?>(?:(?:' + VALUE + rb')[^"\[\]{},]*)*)', re.DOTALL)
BETWEEN = re.compile(rb'[^"\[\]{}]*(?>(?:' + STRING + rb'[^"\[\]{}]*)*)', re.DOTALL)


def suspicious(data: bytes) -> bool:
    """Whether some event in it must be looked at more closely. Quick searches, for one byte first: nearly always no."""
    escaped = b"\\" in data and (b"\\u0000" in data or b"\\ud" in data or b"\\uD" in data)
    return escaped or b"\0" in data or not _is_utf8(data)


def _is_utf8(data: bytes) -> bool:
    if data.isascii():
        return True
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True


def unstorable(raw: bytes) -> bool:
    r"""Whether a text in this JSON holds U+0000 or half a surrogate pair (`"\ud83d"` without its second half)."""
    # Pairs are fine, and so is an escaped backslash before a "u": read it as JSON does.
    text = ESCAPE.sub(_unescape, raw.decode("utf-8", "replace"))
    return "\0" in text or any("\ud800" <= one <= "\udfff" for one in text)


ESCAPE = re.compile(r"\\\\|\\u([dD][89abAB][0-9a-fA-F]{2})\\u([dD][c-fC-F][0-9a-fA-F]{2})|\\u([0-9a-fA-F]{4})")


def _unescape(match: re.Match[str]) -> str:
    high, _, single = match.groups()
    if high is not None:
        return "?"
    return "?" if single is None else chr(int(single, 16))


def merged(raw: bytes, batch: Batch) -> bytes:
    """The event with the batch's context and integrations under its own."""
    event = msgspec.json.decode(raw, type=dict[str, msgspec.Raw])
    for name, under in (("context", batch.context), ("integrations", batch.integrations)):
        below = _object(under)
        if not below:
            continue
        own = _object(event.get(name, msgspec.Raw()))
        event[name] = msgspec.Raw(msgspec.json.encode({**below, **own}))
    return msgspec.json.encode(event)


def _object(raw: msgspec.Raw) -> dict[str, msgspec.Raw]:
    try:
        return msgspec.json.decode(raw, type=dict[str, msgspec.Raw])
    except msgspec.MsgspecError:
        return {}


def moment(text: str | None) -> datetime | None:
    """A moment as SDKs write it; None for what is none."""
    if not text:
        return None
    try:
        return msgspec.convert(text, datetime)
    except msgspec.ValidationError:
        return None


def unix_microseconds(moment: datetime) -> int:
    """Exact to the microsecond until the year 2250. A time without a zone is UTC."""
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return int(moment.timestamp() * 1e6 + 0.5)


def text_of(value: Id) -> str:
    """An identifier as text: numbers are written out, white space around it is dropped."""
    if value is None:
        return ""
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        value = int(value)
    return str(value).strip()
