"""The courier waits as long as it is told, sends again what was cut off, and takes a no for a no."""

import asyncio
import contextlib

import msgspec
import pytest

from comptoir.demo.courier import Courier, Refused, asked

pytestmark = pytest.mark.anyio


@contextlib.asynccontextmanager
async def server(*answers: str):
    """Gives these answers in turn (the last one for ever); an empty one cuts the connection. Keeps what was sent."""
    received: list[tuple[str, bytes]] = []
    left = list(answers)

    conversations: set[asyncio.Task] = set()

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        conversations.add(asyncio.current_task())
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode()
                sizes = [line.split(":")[1] for line in head.lower().split("\r\n") if line.startswith("content-length")]
                received.append((head, await reader.readexactly(int((sizes or ["0"])[0]))))
                said = left.pop(0) if len(left) > 1 else left[0]
                if not said:
                    break
                writer.write(said.encode())
                await writer.drain()
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()

    listening = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with listening:
        yield f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}", received
        await asyncio.gather(*conversations)


OK = "HTTP/1.1 200 OK\r\ncontent-length: 16\r\n\r\n" + '{"success":true}'
BUSY = "HTTP/1.1 429 Too Many Requests\r\nretry-after: 0.2\r\ncontent-length: 0\r\n\r\n"
AWAY = "HTTP/1.1 503 Service Unavailable\r\ncontent-length: 0\r\nretry-after: 0.1\r\n\r\n"
NO = "HTTP/1.1 422 Unprocessable\r\ncontent-length: 2\r\n\r\nno"


async def test_it_waits_and_sends_the_same_again():
    async with server(BUSY, AWAY, "", OK) as (url, received), Courier(url, "ck_1") as courier:
        await courier.track("wk_1", [{"type": "track", "event": "A", "messageId": "1"}])
    assert courier.waited == pytest.approx(0.2 + 0.1 + 0.5)
    assert len({body for _, body in received}) == 1, "a retry says the very same"
    assert len(received) == 4


async def test_one_message_has_its_own_route_and_several_go_together():
    async with server(OK) as (url, received), Courier(url, "ck_1") as courier:
        await courier.track("wk_1", [{"type": "identify", "userId": "u"}])
        await courier.track("wk_1", [{"type": "track"}, {"type": "page"}])
    heads = [head for head, _ in received]
    assert heads[0].startswith("POST /v1/identify ")
    assert heads[1].startswith("POST /v1/batch ")
    assert all("authorization: basic d2tfmto=" in head.lower() for head in heads), "the write key, not the API key"
    assert len(msgspec.json.decode(received[1][1])["batch"]) == 2


async def test_a_refusal_is_not_repeated():
    async with server(NO) as (url, received), Courier(url) as courier:
        with pytest.raises(Refused, match="422 no"):
            await courier.post("/v1/orders/sales", {})
    assert len(received) == 1


def test_how_long_it_waits():
    assert (asked("7"), asked(None), asked("0"), asked("9999"), asked("Wed, 21 Oct")) == (7, 1, 0.1, 30, 1)
