"""The tracking API: every route that the official Segment and RudderStack SDKs call, as plain ASGI.

Nothing stands between the socket and the decoder: half the cost of a request is the framework one does not use.
An answer of 200 means that the events are durable. What an SDK does with any other status was read from its code:
400, 401 and 413 make it drop what it sent, 429 and 503 with Retry-After make it send again.
"""

import asyncio
import base64
import binascii
import re
import zlib
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, Protocol
from urllib.parse import parse_qsl

import msgspec
import structlog

from comptoir.channels import Source
from comptoir.ingest.intake import CALLS, Arrival, judge
from comptoir.ingest.wire import decode_keyed
from comptoir.ingest.writer import ANSWERED, REQUESTS, Intake
from comptoir.kernel.errors import Invalid, NotFound, Overloaded, Refusal, TooLarge, Unauthenticated, Unavailable
from comptoir.kernel.settings import Settings

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App = Callable[[Any, Any, Any], Awaitable[None]]
Headers = list[tuple[bytes, bytes]]

log = structlog.get_logger(__name__)

LONG = 4_096
"""Bytes. Between two bodies as long as this the event loop turns: PostgreSQL's answer must not wait for all of them."""
BATCH = ""
LETTERS = {"i": "identify", "t": "track", "p": "page", "s": "screen", "g": "group", "a": "alias"}
POSTS = {
    **{f"/v1/{call}": call for call in CALLS},
    **{f"/v1/{letter}": call for letter, call in LETTERS.items()},
    # /v1/batch/b and the like are sent by SDKs whose host was given with a path.
    **dict.fromkeys(["/v1/batch", "/v1/b", "/v1/import", "/v1/batch/b", "/v1/batch/batch", "/beacon/v1/batch"], BATCH),
}
PIXELS = {"/pixel/v1/track": "track", "/pixel/v1/page": "page"}
SETTINGS = re.compile(r"/v1/(?:projects/)+([^/]+)/settings")
OTHERS = frozenset({"/v1/m", "/health", "/sourceConfig"})

OK = b'{"success":true}'
JSON: tuple[bytes, bytes] = (b"content-type", b"application/json")
GIF = base64.b64decode("R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7")
ACCEPTED: MutableMapping[str, Any] = {
    "type": "http.response.start",
    "status": 200,
    "headers": [JSON, (b"content-length", str(len(OK)).encode())],
}
ACCEPTED_BODY: MutableMapping[str, Any] = {"type": "http.response.body", "body": OK}


class Sources(Protocol):
    """Who may send (channels.Sources)."""

    def by_write_key(self, write_key: str) -> Source | None:
        """The enabled source with this live key."""
        ...


class Disconnected(Exception):
    """The sender went away before its request was complete: nobody is left to answer."""


class Tracking:
    """The tracking routes; every other path is for the application `behind`."""

    def __init__(self, intake: Intake, sources: Sources, settings: Settings, behind: App | None = None) -> None:
        self._intake = intake
        self._sources = sources
        self._most = settings.max_body_bytes
        self._behind = behind
        self._keys: dict[bytes, str] = {}
        self._judging = asyncio.Lock()

    def takes(self, scope: Scope) -> bool:
        """Whether this request is for the tracking API."""
        if scope["type"] != "http":
            return False
        path = scope["path"]
        if path in POSTS:
            return True
        path = path.rstrip("/")
        return path in POSTS or path in PIXELS or path in OTHERS or SETTINGS.fullmatch(path) is not None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self._behind and not self.takes(scope):
            await self._behind(scope, receive, send)
            return
        headers: dict[bytes, bytes] = dict(scope["headers"])
        origin = headers.get(b"origin")
        call = POSTS.get(scope["path"]) if scope["method"] == "POST" else None
        head: Headers
        try:
            if call is None:
                status, head, body = await self._other(scope, headers, receive)
            else:
                await self._take(call, scope, headers, receive)
                if origin is None:
                    await send(ACCEPTED)
                    await send(ACCEPTED_BODY)
                    return
                status, head, body = 200, [JSON], OK
        except Refusal as refusal:
            status, head, body = _refused(refusal)
        except Disconnected:
            return
        except Exception as error:
            log.exception("ingest.defect", path=scope["path"], reason=repr(error))
            status, head, body = _refused(Unavailable("Something is wrong on our side; it was logged."))
        if status != 200 or call is None:
            REQUESTS.labels(str(status)).inc()
        if origin is not None:
            head = head + _cors(origin, headers.get(b"access-control-request-headers", b""))
        head.append((b"content-length", str(len(body)).encode()))
        await send({"type": "http.response.start", "status": status, "headers": head})
        await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else body})

    # ---- events

    async def _take(self, call: str, scope: Scope, headers: dict[bytes, bytes], receive: Receive) -> None:
        """Judge the body and wait until it is durable."""
        data = await self._body(headers, receive)
        source = self._source(scope, headers, data)
        beside = b"origin" in headers or scope["path"].startswith("/beacon")
        arrival = Arrival(
            source=source,
            received=self._intake.now(),
            call=call,
            ip=_ip(scope) if beside else "",
            gpc=headers.get(b"sec-gpc") == b"1",
            sent_at=headers.get(b"sentat", b"").decode("latin-1"),
        )
        await self._submit(data, arrival)

    async def _submit(self, data: bytes, arrival: Arrival) -> None:
        if len(data) > LONG:
            async with self._judging:
                await asyncio.sleep(0)
        submission = judge(data, arrival, self._intake.plans.get(arrival.source.source_id))
        if submission.keys or submission.letters:
            await self._intake.submit(submission)
        else:
            ANSWERED.inc()

    async def _body(self, headers: dict[bytes, bytes], receive: Receive) -> bytes:
        declared = headers.get(b"content-length", b"0")
        if declared.isdigit() and int(declared) > self._most:
            raise TooLarge(f"{int(declared)} bytes; at most {self._most} are taken: send smaller batches.")
        message = await receive()
        if message["type"] == "http.disconnect":
            raise Disconnected
        data: bytes = message.get("body", b"")
        if message.get("more_body"):
            parts, size = [data], len(data)
            while message.get("more_body"):
                message = await receive()
                if message["type"] == "http.disconnect":
                    raise Disconnected
                part = message.get("body", b"")
                size += len(part)
                if size > self._most:
                    raise TooLarge(f"More than {self._most} bytes: send smaller batches.")
                parts.append(part)
            data = b"".join(parts)
        encoding = headers.get(b"content-encoding")
        return data if encoding in {None, b"identity", b""} else self._expanded(data, encoding)

    def _expanded(self, data: bytes, encoding: bytes | None) -> bytes:
        """A few kilobytes can expand to gigabytes: never more than the limit is."""
        if encoding not in {b"gzip", b"deflate", b"x-gzip"}:
            raise Invalid(f"Content-Encoding {encoding!r} is not known here: use gzip or none.")
        expander = zlib.decompressobj(zlib.MAX_WBITS | 32)
        try:
            expanded = expander.decompress(data, self._most + 1)
        except zlib.error as error:
            raise Invalid(f"The body is not {encoding.decode()}: {error}") from error
        if len(expanded) > self._most:
            raise TooLarge(f"More than {self._most} bytes when expanded: send smaller batches.")
        if not expander.eof:
            raise Invalid("The compressed body is cut off.")
        return expanded

    # ---- who sends

    def _source(self, scope: Scope, headers: dict[bytes, bytes], data: bytes) -> Source:
        """By Basic authentication, else by the key in the body (alone or beside a Bearer token), else in the query."""
        find = self._sources.by_write_key
        authorization = headers.get(b"authorization")
        if authorization is not None and (found := find(self._basic(authorization))) is not None:
            return found
        if b'"writeKey"' in data and (found := find(_key_in(data))) is not None:
            return found
        if scope["query_string"] and (found := find(dict(_query(scope)).get("writeKey", ""))) is not None:
            return found
        agent = headers.get(b"user-agent", b"").decode("latin-1")[:100]
        log.error("ingest.unknown_write_key", path=scope["path"], client=_ip(scope), agent=agent)
        raise Unauthenticated("No source has this write key: `comptoir source add` prints one.")

    def _basic(self, authorization: bytes) -> str:
        if (known := self._keys.get(authorization)) is None:
            scheme, _, token = authorization.partition(b" ")
            try:
                text = base64.b64decode(token.strip(), validate=True) if scheme.lower() == b"basic" else b""
                known = text.decode().partition(":")[0]
            except (binascii.Error, UnicodeDecodeError):
                known = ""
            if len(self._keys) > 1_000:
                self._keys.clear()
            self._keys[authorization] = known
        return known

    # ---- everything else

    async def _other(self, scope: Scope, headers: dict[bytes, bytes], receive: Receive) -> tuple[int, Headers, bytes]:
        path, method = scope["path"].rstrip("/"), scope["method"]
        if method == "OPTIONS":
            return 200, [JSON], b""
        if method == "POST" and path in POSTS:
            await self._take(POSTS[path], scope, headers, receive)
            return 200, [JSON], OK
        if path == "/v1/m":  # the browser SDK's figures about itself
            await self._body(headers, receive)
            return 200, [JSON], OK
        if method not in {"GET", "HEAD"}:
            return _method_not_allowed("GET")
        if path == "/health":
            return 200, [JSON], b'{"status":"ok"}'
        if path in PIXELS:
            await self._pixel(PIXELS[path], scope, headers)
            return 200, [(b"content-type", b"image/gif"), (b"cache-control", b"no-store")], GIF
        if path == "/sourceConfig":
            return 200, [JSON], _rudder_config(self._source(scope, headers, b""))
        if match := SETTINGS.fullmatch(path):
            source = self._sources.by_write_key(match[1])
            if source is None:
                raise NotFound("No source has this write key.")
            return (
                200,
                [JSON],
                _segment_settings(match[1], scope["scheme"], headers.get(b"host", b"").decode("latin-1")),
            )
        return _method_not_allowed("POST")

    async def _pixel(self, call: str, scope: Scope, headers: dict[bytes, bytes]) -> None:
        """A picture in a mail or on a page without script: its query is the event; dots in names nest."""
        source = self._source(scope, headers, b"")
        event: dict[str, Any] = {}
        for name, value in _query(scope):
            if name == "writeKey":
                continue
            *outer, last = name.split(".")[:5]
            inside: dict[str, Any] = event
            for one in outer:
                if not isinstance(inside.get(one), dict):
                    inside[one] = {}
                inside = inside[one]
            inside[last] = value
        arrival = Arrival(
            source=source,
            received=self._intake.now(),
            call=call,
            ip=_ip(scope),
            gpc=headers.get(b"sec-gpc") == b"1",
        )
        await self._submit(msgspec.json.encode(event), arrival)


def _key_in(data: bytes) -> str:
    try:
        return decode_keyed(data).writeKey or ""
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        found = KEY.search(data)  # some event in it is no JSON: the others still have an owner
        return found[1].decode() if found else ""


KEY = re.compile(rb'"writeKey"\s*:\s*"([A-Za-z0-9_-]{1,100})"')


def _query(scope: Scope) -> list[tuple[str, str]]:
    try:
        return parse_qsl(scope["query_string"].decode("latin-1"), max_num_fields=200, errors="replace")
    except ValueError as error:
        raise Invalid(f"The query cannot be read: {error}") from error


def _ip(scope: Scope) -> str:
    client = scope.get("client")
    return client[0] if client else ""


def _refused(refusal: Refusal) -> tuple[int, Headers, bytes]:
    """In the SDKs' own form: analytics-python reads `code` and `message` and sends again for ever without them."""
    head: Headers = [JSON]
    if isinstance(refusal, Overloaded | Unavailable):
        wait = b"1" if isinstance(refusal, Overloaded) else b"2"
        head += [(b"retry-after", wait), (b"x-ratelimit-reset", wait)]
    answer = {"success": False, "code": refusal.code, "message": refusal.detail or refusal.title()}
    return refusal.status, head, msgspec.json.encode(answer)


def _method_not_allowed(allow: str) -> tuple[int, Headers, bytes]:
    answer = {"success": False, "code": "method_not_allowed", "message": f"Use {allow}."}
    return 405, [JSON, (b"allow", allow.encode())], msgspec.json.encode(answer)


def _cors(origin: bytes, asked: bytes) -> Headers:
    """Any page may send, with any headers: RudderStack's SDK grows a new one (`SentAt`, `Rsa-Retry-…`) now and then."""
    return [
        (b"access-control-allow-origin", origin),
        (b"access-control-allow-credentials", b"true"),
        (b"access-control-allow-methods", b"POST, GET, OPTIONS"),
        (b"access-control-allow-headers", ALLOWED + (b", " + asked if NAMES.fullmatch(asked) else b"")),
        (b"access-control-expose-headers", b"retry-after"),
        (b"access-control-max-age", b"86400"),
        (b"vary", b"origin"),
    ]


ALLOWED = b"authorization, content-type, x-retry-count, anonymousid, sentat"
NAMES = re.compile(rb"[A-Za-z0-9-]+(?: ?, ?[A-Za-z0-9-]+){0,30}")


def _segment_settings(write_key: str, scheme: str, host: str) -> bytes:
    """What analytics.js, Kotlin and Swift fetch before they send."""
    enabled = {"__default": {"enabled": True}}
    return msgspec.json.encode(
        {
            "integrations": {
                "Segment.io": {
                    "apiKey": write_key,
                    "apiHost": f"{host}/v1",
                    "protocol": scheme,
                    "versionSettings": {"version": "4.4.7", "componentTypes": ["browser"]},
                }
            },
            "plan": {"track": enabled, "identify": enabled, "group": enabled},
            "analyticsNextEnabled": True,
            "metrics": {"sampleRate": 0},
        }
    )


def _rudder_config(source: Source) -> bytes:
    """What the RudderStack SDKs fetch before they send."""
    quiet = {"errors": {"enabled": False}, "metrics": {"enabled": False}}
    return msgspec.json.encode(
        {
            "source": {
                "id": str(source.source_id),
                "name": source.name,
                "writeKey": source.write_key,
                "enabled": True,
                "workspaceId": "comptoir",
                "config": {"statsCollection": quiet},
                "destinations": [],
                "connections": [],
                "dataplanes": {},
            }
        }
    )
