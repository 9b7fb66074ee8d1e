"""Sends over HTTP as an outside integrator would: with keys, in batches, and waiting when it is told to."""

import asyncio
import base64
from collections.abc import Mapping
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, Self

import httpx
import msgspec

MOST_ATTEMPTS = 60
LONGEST_WAIT = 30.0
"""Seconds; a server that asks for more is asked again sooner."""


class Refused(Exception):
    """The server has answered, and the answer is no."""

    def __init__(self, what: str, status: int, body: str) -> None:
        super().__init__(f"{what}: {status} {body[:600]}")
        self.status = status
        self.body = body


class Courier:
    """One connection pool to one server. 429 and 503 are waited out by `Retry-After`, cut connections retried."""

    def __init__(self, url: str, key: str = "") -> None:
        headers = {"authorization": f"Bearer {key}"} if key else {}
        self.url = url
        self.http = httpx.AsyncClient(base_url=url, headers=headers, timeout=120)
        self.waited = 0.0
        """Seconds spent waiting because the server asked for it."""

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        await self.http.aclose()

    async def get(self, path: str, **params: str | float) -> Any:
        return msgspec.json.decode((await self.send("GET", path, params=params)).content)

    async def post(self, path: str, body: Any, *, method: str = "POST") -> Any:
        """`body` is bytes of JSON already, or anything msgspec can encode."""
        content = body if isinstance(body, bytes) else msgspec.json.encode(body)
        answer = await self.send(method, path, content=content)
        return msgspec.json.decode(answer.content) if answer.content else None

    async def track(self, write_key: str, messages: list[dict[str, Any]]) -> None:
        """One message goes to its own route, several to `/v1/batch`, as the SDKs do it."""
        now = datetime.now(UTC).isoformat()
        token = base64.b64encode(f"{write_key}:".encode()).decode()
        alone = len(messages) == 1 and messages[0]["type"] in {"track", "page", "screen", "identify"}
        path = f"/v1/{messages[0]['type']}" if alone else "/v1/batch"
        body = {**messages[0], "sentAt": now} if alone else {"batch": messages, "sentAt": now}
        await self.send("POST", path, content=msgspec.json.encode(body), headers={"authorization": f"Basic {token}"})

    async def send(
        self,
        method: str,
        path: str,
        *,
        content: bytes | None = None,
        params: Mapping[str, str | float] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> httpx.Response:
        given = {"content-type": "application/json", **(headers or {})}
        for attempt in range(1, MOST_ATTEMPTS + 1):
            try:
                answer = await self.http.request(method, path, content=content, params=params, headers=given)
            except httpx.TransportError:
                if attempt == MOST_ATTEMPTS:
                    raise
                await self._wait(0.5)
                continue
            if answer.status_code in {429, 503} and attempt < MOST_ATTEMPTS:
                await self._wait(asked(answer.headers.get("retry-after")))
                continue
            if answer.status_code >= 400:
                raise Refused(f"{method} {path}", answer.status_code, answer.text)
            return answer
        raise AssertionError

    async def _wait(self, seconds: float) -> None:
        self.waited += seconds
        await asyncio.sleep(seconds)


def asked(retry_after: str | None) -> float:
    """`Retry-After` in seconds; the form with a date is not sent by this server and reads as one second."""
    try:
        return min(max(float(retry_after or 1), 0.1), LONGEST_WAIT)
    except ValueError:
        return 1.0
