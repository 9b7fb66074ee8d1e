"""The outermost ring: a request id, security headers, and a refusal of what no route may see."""

import re
import time
from functools import lru_cache
from typing import Any

import structlog
from litestar.types import ASGIApp, Message, Receive, Scope, Send

from comptoir.kernel import metrics
from comptoir.kernel.auth.exchange import Exchange, exchange
from comptoir.kernel.ids import uuid7
from comptoir.kernel.logs import request_id

log = structlog.get_logger(__name__)

OURS = re.compile(r"[A-Za-z0-9._-]{1,64}")

# A page that needs more says so itself (console); everything else shows nothing and is shown nowhere.
HEADERS = [
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"same-origin"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'; base-uri 'none'"),
    (b"cross-origin-opener-policy", b"same-origin"),
]
HTTPS = (b"strict-transport-security", b"max-age=31536000")
LINES = {
    secure: b"".join(b"%b: %b\r\n" % pair for pair in ([*HEADERS, HTTPS] if secure else HEADERS))
    for secure in (False, True)
}
"""The same as they are sent, by whether the connection is encrypted."""

UNSTORABLE = (
    b'{"type":"urn:comptoir:invalid","title":"The request is not well formed.","status":400,'
    b'"detail":"The address holds the character U+0000, which cannot be stored.","code":"invalid","data":{},'
    b'"request_id":"%s"}'
)


class Edge:
    """Wraps the application."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self._access = AccessLog()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        this = begin(next((value for name, value in scope["headers"] if name == b"x-request-id"), b""))
        began = time.perf_counter()
        status = 500

        async def send_more(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message["headers"], *missing(message["headers"], scope, this)]
            await send(message)

        try:
            if "\0" in scope["path"] or b"%00" in scope["query_string"]:
                await refuse(send_more, this)
                return
            await self.app(scope, receive, send_more)
        finally:
            route = str(scope.get("path_template") or "-")
            self._access.note(scope["method"], route, status, time.perf_counter() - began, path=scope["path"])


def begin(given: bytes) -> str:
    """The id of a request that begins: the caller's own, or a new one."""
    this = given.decode("latin-1")
    if not given or not OURS.fullmatch(this):
        this = uuid7().hex
    request_id.set(this)
    exchange.set(Exchange())
    return this


class AccessLog:
    """Counts requests, and logs them for who wants to see everything."""

    def __init__(self) -> None:
        self._log = log.bind()  # now, and not for each request

    def note(self, method: str, route: str, status: int, seconds: float, *, path: str = "") -> None:
        count, took = counted(method, route, status)
        count.inc()
        took.observe(seconds)
        self._log.debug("http.request", method=method, path=path or route, status=status, seconds=seconds)


@lru_cache(maxsize=4096)
def counted(method: str, route: str, status: int) -> tuple[Any, Any]:
    """The counter and the histogram of such requests: to look one up costs more than to use it."""
    return metrics.requests.labels(method, route, status), metrics.request_seconds.labels(route)


def missing(present: Any, scope: Any, this: str) -> list[tuple[bytes, bytes]]:
    """The headers that the answer has not set itself."""
    names = {name.lower() for name, _ in present}
    wanted = [*HEADERS, HTTPS] if scope.get("scheme") == "https" else HEADERS
    return [(b"x-request-id", this.encode()), *(pair for pair in wanted if pair[0] not in names)]


async def refuse(send: Any, this: str) -> None:
    body = UNSTORABLE % this.encode()
    headers = [(b"content-type", b"application/problem+json"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": 400, "headers": headers})
    await send({"type": "http.response.body", "body": body, "more_body": False})
