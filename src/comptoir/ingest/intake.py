"""A request's bytes become rows of the log and dead letters: one verdict for each event, and none costs its neighbours.

`judge` is pure: it needs no database. Four times are kept of every event (Segment's contract): what its sender's clock
said (`originalTimestamp` or `timestamp`, in the body as sent), when it was sent (`sentAt`, in the body; the batch's is
written in where the event has none), when it was recorded (`recorded_at`), and the corrected time (`occurred_at`):
received - (sent - original). So the moment of arrival is occurred_at + (sent - original), exactly.
"""

import re
from collections import Counter
from datetime import datetime
from hashlib import blake2b
from typing import Protocol
from zlib import crc32

import msgspec

from comptoir.ingest.money import bad_money
from comptoir.ingest.plans import NO_PLAN, Compiled
from comptoir.ingest.records import Reason
from comptoir.ingest.wire import (
    Batch,
    Head,
    PlannedHead,
    decode_batch,
    decode_counted,
    decode_head,
    decode_keyed,
    decode_planned_head,
    merged,
    moment,
    suspicious,
    take_apart,
    text_of,
    unix_microseconds,
    unstorable,
)
from comptoir.kernel.errors import Invalid, TooLarge
from comptoir.kernel.ids import uuid7
from comptoir.kernel.log import LANES, fixed, length, origin
from comptoir.kernel.time import PG_EPOCH_MICROSECONDS

MAX_EVENT_BYTES = 32 * 1024
MAX_EVENTS = 20_000
"""In one request. A megabyte of `{},` would hold everybody else up for seconds."""
MAX_MERGED_BYTES = 8 * 1024 * 1024
"""What the context of a batch may become, written under each of its events."""
MAX_TRAITS = 300
MAX_IDENTIFIERS = 50
MAX_IDENTIFIER = 500
MAX_MESSAGE_ID = 100
DAY = 86_400_000_000
"""Microseconds."""
LARGE = 1_500
"""Bytes. A smaller event cannot hold 300 traits or 50 identifiers: it is not counted."""

CALLS = ("track", "identify", "page", "screen", "group", "alias", "merge")
MONEY = frozenset(
    [
        *("Order Completed", "Order Updated", "Order Refunded", "Order Cancelled", "Checkout Started"),
        *("Completed Order", "Updated Order", "Started Order", "Marketplace Order Imported"),
    ]
)
"""Events whose amounts become revenue: they are looked at here, where they can still be mended."""


class Source(Protocol):
    """What the intake needs of a source (channels.Source)."""

    @property
    def source_id(self) -> int: ...
    @property
    def salt(self) -> bytes: ...


class Arrival(msgspec.Struct, frozen=True, kw_only=True):
    """How a request came: whose it is, when, and what its headers said."""

    source: Source
    received: int
    """Unix microseconds by the installation's clock."""
    call: str = ""
    """The call that the path names; empty for a batch."""
    ip: str = ""
    """Of the visitor; empty where the sender is a server."""
    gpc: bool = False
    """Global Privacy Control: the header `Sec-GPC: 1`."""
    sent_at: str = ""
    """RudderStack's header `SentAt`, for events that do not say it themselves."""


class Letter(msgspec.Struct, frozen=True, gc=False):
    """An event that was not taken, as it came."""

    key: bytes
    reason: Reason
    detail: str
    call: str
    name: str
    body: bytes


def _counter() -> Counter[tuple[str, str]]:
    return Counter()  # Counter[…]() would take ten times as long


class Submission(msgspec.Struct):
    """A request, judged: what is to be written of it."""

    source_id: int
    received: int
    keys: list[bytes] = []
    rows: list[bytes] = []
    """Rows of the log without their stamp."""
    labels: list[str] = []
    """Under which name each of them is counted."""
    letters: list[Letter] = []
    warned: Counter[tuple[str, str]] = msgspec.field(default_factory=_counter)
    """By label and reason."""

    @property
    def weight(self) -> int:
        return len(self.keys) + len(self.letters) or 1


class Bad(Exception):
    """The verdict on one event: its reason and a sentence."""

    def __init__(self, reason: Reason, detail: str) -> None:
        super().__init__(detail)
        self.reason: Reason = reason


def judge(data: bytes, arrival: Arrival, plan: Compiled | None = None) -> Submission:
    """Give every event of a request its verdict. Raises Invalid when the request itself is no JSON, or TooLarge."""
    batch, received = _opened(data, arrival)
    if len(batch.batch) > MAX_EVENTS:
        raise TooLarge(f"{len(batch.batch)} events; at most {MAX_EVENTS} are taken: send smaller batches.")
    if (len(bytes(batch.context)) + len(bytes(batch.integrations))) * len(batch.batch) > MAX_MERGED_BYTES:
        raise TooLarge("The context of the batch, written under each of its events: send smaller batches.")
    judging = Judging(arrival, moment(batch.sentAt) or moment(arrival.sent_at), received, plan)
    merge = bool(bytes(batch.context) or bytes(batch.integrations))
    closely = suspicious(data)
    take = judging.take
    for raw in batch.batch:
        body = bytes(raw)
        try:
            if merge or closely or len(body) > LARGE:
                body = _checked(body, batch if merge else None, closely=closely)
            take(body)
        except Bad as bad:
            judging.reject(body, bad.reason, str(bad))
        except msgspec.ValidationError as error:
            judging.reject(body, *_explained(str(error)))
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            judging.reject(body, "nul_or_surrogate" if unstorable(body) else "malformed", str(error))
        except OverflowError as error:
            judging.reject(body, "bad_time", str(error))
    return judging.done


def _opened(data: bytes, arrival: Arrival) -> tuple[Batch, bytes]:
    """The events of a request, and what is to be written at the end of each."""
    batch: Batch
    if arrival.call:
        batch = Batch([msgspec.Raw(_without_key(data.strip()))])
    else:
        try:
            batch = decode_batch(data)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            try:
                batch = take_apart(data, most=MAX_EVENTS)
            except (ValueError, RecursionError):
                raise Invalid(f"The body is no JSON batch of events: {error}") from error
    came: dict[str, str | bool] = {}
    if arrival.ip:
        came["ip"] = arrival.ip
    if arrival.gpc:
        came["gpc"] = True
    return batch, b',"received":' + msgspec.json.encode(came) if came else b""


def _without_key(body: bytes) -> bytes:
    """A single call as it is to be kept. Browser SDKs put the write key into its body, where nobody needs it."""
    if b'"writeKey"' not in body:
        if body[:1] != b"{":
            raise Invalid("The body is no JSON object.")
        return body
    try:
        key = decode_keyed(body).writeKey
    except (msgspec.MsgspecError, UnicodeDecodeError):
        key = None
    if key is not None:
        text = b'"writeKey":' + msgspec.json.encode(key)
        if b"," + text in body:
            return body.replace(b"," + text, b"", 1)
        own = rb'"writeKey"\s*:\s*' + re.escape(msgspec.json.encode(key))
        body = re.sub(rb",\s*" + own + b"|" + own + rb"\s*,", b"", body, count=1)
    return body


def _checked(body: bytes, batch: Batch | None, *, closely: bool) -> bytes:
    """What small clean events cannot violate; and the batch's context under the event's own."""
    if len(body) > MAX_EVENT_BYTES:
        raise Bad("too_large", f"{len(body)} bytes; at most {MAX_EVENT_BYTES} are taken.")
    if closely:
        if unstorable(body):
            raise Bad("nul_or_surrogate", r"A text holds \u0000 or half a surrogate pair: leave it out.")
        body.decode()
    if len(body) > LARGE:
        counted = decode_counted(body)
        inner = counted.context
        most = max(map(len, (counted.properties or (), counted.traits or (), (inner and inner.traits) or ())))
        if most > MAX_TRAITS:
            raise Bad("too_many_traits", f"{most} properties or traits; at most {MAX_TRAITS} are taken.")
        identifiers = len(inner.externalIds or ()) if inner else 0
        if identifiers > MAX_IDENTIFIERS:
            raise Bad("too_many_identifiers", f"{identifiers} identifiers; at most {MAX_IDENTIFIERS} are taken.")
    return merged(body, batch) if batch else body


class Judging:
    """Judges the events of one request. What is the same for all of them is worked out once."""

    def __init__(self, arrival: Arrival, sent: datetime | None, received: bytes, plan: Compiled | None) -> None:
        source = arrival.source
        self.done = Submission(source.source_id, arrival.received)
        self._salt = source.salt
        self._received = arrival.received
        self._call = arrival.call
        self._plan = plan or NO_PLAN
        self._decode = decode_planned_head if plan else decode_head
        self._origins = _origins(source.source_id)
        self._sent = unix_microseconds(sent) if sent else None
        self._sent_text = b',"sentAt":' + msgspec.json.encode(sent) if sent else b""
        # What is written at the end of an event, instead of its closing brace; nothing where nothing is added.
        self._end = received + b"}" if received else b""
        self._end_sent = self._sent_text + received + b"}" if sent else self._end

    def take(self, body: bytes) -> None:
        """One good event becomes one row of the log, or Bad is raised. (The hot path: three microseconds.)"""
        head = self._decode(body)
        call = self._call or head.type
        prefix = self._origins.get(call)
        if prefix is None:
            raise Bad("unknown_type", f"{call!r} is no call; it is one of {', '.join(CALLS)}.")

        who = head.userId or head.anonymousId
        if type(who) is not str or len(who) > MAX_IDENTIFIER or not (who := who.strip()):
            who = _strongest(head, call)
        if call == "track":
            label = name = head.event or ""
            if not name or name.isspace():
                raise Bad("missing_event_name", "A track call needs `event`, a text.")
            if name in MONEY and (wrong := bad_money(body)):
                raise Bad("bad_money", wrong)
        else:
            label, name = call, head.name or ""
            if call != "identify":
                _check_other(head, call)
        if head.groupId is not None or head.previousId is not None:
            _check_identifiers(head)
        if isinstance(head, PlannedHead) and (violation := self._plan.violation(head, call, name)) is not None:
            if self._plan.enforced:
                raise Bad(*violation)
            self.done.warned[label, violation[0]] += 1

        occurred = received = self._received
        if (sent_at := head.sentAt) is None:
            sent, end = self._sent, self._end_sent
        else:
            sent, end = unix_microseconds(sent_at), self._end
        if (original := head.originalTimestamp or head.timestamp) is not None:
            occurred = unix_microseconds(original)
            if sent is not None:
                occurred += received - sent
        if occurred > received + DAY or (sent is not None and not -DAY < received - sent < DAY):
            self.done.warned[label, "clock_off"] += 1
            # A moment to come would stay "the latest" for years.
            occurred = min(occurred, received)
        if occurred < 0:
            raise Bad("bad_time", f"It would have happened before 1970: timestamp {original}, sentAt {sent_at}.")

        message_id = head.messageId
        if type(message_id) is not str or not message_id:
            message_id, end = _message_id(message_id, end)
        if len(message_id) > MAX_MESSAGE_ID:
            raise Bad("message_id_too_long", f"{len(message_id)} characters; at most {MAX_MESSAGE_ID} are taken.")
        key = blake2b(self._salt + message_id.encode(), digest_size=16).digest()

        if end:
            body = body[:-1] + end
        text = name.encode()
        done = self.done
        done.keys.append(key)
        done.labels.append(label)
        since_2000 = occurred - PG_EPOCH_MICROSECONDS
        lane = crc32(who.encode()) % LANES
        done.rows.append(
            b"".join((prefix, fixed(2, lane, 8, since_2000, 16, key, len(text)), text, length(len(body)), body))
        )

    def reject(self, body: bytes, reason: Reason, detail: str) -> None:
        """One bad event becomes one dead letter."""
        try:
            head = decode_head(body)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            head = Head()
        key = blake2b(self._salt + body, digest_size=16).digest()
        if self._sent_text and body[-1:] == b"}" and b'"sentAt"' not in body:
            body = body[:-1] + self._sent_text + b"}"  # a replay corrects the clock by it
        call, name = self._call or head.type, head.event or head.name or ""
        self.done.letters.append(
            Letter(key, reason, storable(detail)[:1000], storable(call)[:40], storable(name)[:200], body)
        )


def _message_id(given: str | int | None, end: bytes) -> tuple[str, bytes]:
    """An id for the event that came without one, written into it; a number as text."""
    if given is not None and given != "":
        return str(given), end
    made = str(uuid7())
    return made, b',"messageId":"' + made.encode() + b'"' + (end or b"}")


def _strongest(head: Head, call: str) -> str:
    """The identifier that decides the lane, where the usual ones are no plain texts."""
    for value in (head.userId, head.anonymousId):
        if len(text := text_of(value)) > MAX_IDENTIFIER:
            raise Bad("identifier_too_long", f"{len(text)} characters; at most {MAX_IDENTIFIER} are taken.")
        if text:
            return text
    if call == "merge":
        return "merge"
    raise Bad("no_user_anon_id", "It names neither a userId nor an anonymousId.")


def _check_other(head: Head, call: str) -> None:
    if call == "group" and not text_of(head.groupId):
        raise Bad("bad_group_id", "A group call needs `groupId`.")
    if call == "alias" and not text_of(head.previousId):
        raise Bad("no_previous_id", "An alias call needs `previousId`.")


def _check_identifiers(head: Head) -> None:
    if len(text_of(head.groupId)) > MAX_IDENTIFIER:
        raise Bad("bad_group_id", f"groupId has more than {MAX_IDENTIFIER} characters.")
    if len(text_of(head.previousId)) > MAX_IDENTIFIER:
        raise Bad("identifier_too_long", f"previousId has more than {MAX_IDENTIFIER} characters.")


def _explained(error: str) -> tuple[Reason, str]:
    """What a wrong type means, by where it stands."""
    where = error.rpartition("`$.")[2].rstrip("`")
    if where in {"timestamp", "originalTimestamp", "sentAt"}:
        return "bad_time", error
    if where == "event":
        return "missing_event_name", error
    return ("unknown_type" if where == "type" else "malformed"), error


_known_origins: dict[int, dict[str, bytes]] = {}


def _origins(source_id: int) -> dict[str, bytes]:
    if (known := _known_origins.get(source_id)) is None:
        known = {call: origin(f"ingest.{call}".encode(), source_id) for call in CALLS}
        _known_origins[source_id] = known
    return known


def storable(text: str) -> str:
    """The text with what PostgreSQL cannot store made visible."""
    return text.encode("utf-8", "replace").decode().replace("\0", "\N{REPLACEMENT CHARACTER}")
