"""The shapes on the wire, as the official SDKs send them, and what is needed to take a batch apart.

Only what the intake itself must know of an event is decoded; the rest of its JSON stays as it came.
"""

import re
from collections.abc import Iterator
from datetime import UTC, datetime

import msgspec

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


def take_apart(data: bytes) -> Batch:
    """The events of a batch of which at least one is no valid JSON, so that it does not cost its neighbours.

    Brackets and strings alone tell where an event begins and ends. Raises ValueError if even they do not match.
    """
    start, events, end = _array(data)
    rest = data[:start] + b"[]" + data[end:]
    envelope = msgspec.json.decode(rest, type=Envelope)
    return Batch(
        batch=[msgspec.Raw(one) for one in events],
        sentAt=envelope.sentAt if isinstance(envelope.sentAt, str) else None,
        writeKey=envelope.writeKey if isinstance(envelope.writeKey, str) else None,
        context=envelope.context,
        integrations=envelope.integrations,
    )


def _array(data: bytes) -> tuple[int, list[bytes], int]:
    """Where the value of the top-level key `batch` begins and ends, and its elements."""
    depth, start, begin, wanted = 0, -1, -1, False
    events: list[bytes] = []
    for at, token in _tokens(data):
        if start < 0:
            if depth == 1 and token == b'"batch"':
                wanted = True
            elif wanted and depth == 1 and token == b"[":
                start, begin = at, at + 1
            elif token not in b":" and depth == 1:
                wanted = False
            depth += (token in b"{[") - (token in b"}]")
            continue
        if depth == 2 and token == b",":
            events.append(data[begin:at].strip())
            begin = at + 1
        depth += (token in b"{[") - (token in b"}]")
        if depth == 1:
            if last := data[begin:at].strip():
                events.append(last)
            return start, events, at + 1
    raise ValueError("The JSON of the batch ends before its events do.")


def _tokens(data: bytes) -> Iterator[tuple[int, bytes]]:
    for match in TOKEN.finditer(data):
        token = match.group()
        yield match.start(), token if (token[:1] == b'"' and len(token) == 7) or len(token) == 1 else b'""'


TOKEN = re.compile(rb'"(?:[^"\\]|\\.)*"|[{}\[\],:]', re.DOTALL)


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
