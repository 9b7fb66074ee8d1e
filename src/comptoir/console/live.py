"""What moves by itself: topics, the hub that runs them, and the stream that carries them.

A topic's producer runs only while somebody listens, once per language however many listen, and no oftener than
`every` (a quarter of a second at least). A slow client holds nobody up: what it has not taken yet is replaced by what
is newer. Each message has an id, so a stream that broke resumes after the last one seen. One browser profile opens
one stream (static/live.js), because HTTP/1.1 grants six connections per host.
"""

import asyncio
import secrets
from collections import deque
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable
from contextlib import suppress

import msgspec
import structlog

from comptoir.console.language import LANGUAGES
from comptoir.console.page import Page
from comptoir.kernel.db import Tx

HEARTBEAT = 15.0
"""Seconds between signs of life; a proxy cuts streams that are silent for longer."""
AT_MOST = 600.0
"""A stream ends after ten minutes and is opened again at once: that is when rights are looked at anew."""
FASTEST = 0.25
PAUSE_AFTER_ERROR = 5.0

log = structlog.get_logger("comptoir.console.live")


class Topic(msgspec.Struct, frozen=True):
    """One thing that moves, in one room. `produce` returns HTML, or None when there is nothing to say.

    `keep=1` (a state): whoever comes late gets the last message. `keep=50` (a list that grows): whoever resumes gets
    what was missed, up to 50. A topic without `produce` is told by `Hub.publish`.
    """

    name: str
    room: str
    produce: Callable[[Page, Tx], Awaitable[str | None]] | None = None
    every: float = 1.0
    keep: int = 1


class Message(msgspec.Struct, frozen=True):
    number: int
    topic: str
    data: str


class Client:
    """What one stream has still to send: at most `keep` messages per topic."""

    def __init__(self) -> None:
        self.waiting: dict[str, deque[Message]] = {}
        self.woken = asyncio.Event()

    def give(self, message: Message, keep: int) -> None:
        self.waiting.setdefault(message.topic, deque(maxlen=keep)).append(message)
        self.woken.set()

    def take(self) -> list[Message]:
        self.woken.clear()
        taken = [message for messages in self.waiting.values() for message in messages]
        self.waiting.clear()
        return sorted(taken, key=lambda message: message.number)


class Station:
    """One topic in one language: who listens, what was said last."""

    def __init__(self, topic: Topic, language: str) -> None:
        self.topic, self.language = topic, language
        self.clients: set[Client] = set()
        self.said: deque[Message] = deque(maxlen=topic.keep)
        self.producer: asyncio.Task[None] | None = None
        self.pending: deque[str] = deque(maxlen=topic.keep)
        self.timer: asyncio.TimerHandle | None = None
        self.spoke_at = 0.0


class Hub:
    def __init__(self, topics: Iterable[Topic], draw: Callable[[Topic, str], Awaitable[str | None]]) -> None:
        """`draw(topic, language)` runs a topic's producer."""
        self.topics = {topic.name: topic for topic in topics}
        self._draw = draw
        self.open()

    def open(self) -> None:
        """Begin: nothing was said yet. A hub that was closed can be opened again."""
        self._stations: dict[tuple[str, str], Station] = {}
        self._boot = secrets.token_hex(4)
        self._number = 0
        self._open = True

    @property
    def position(self) -> str:
        """The id of the last message; a page prints it, so that its stream begins where the page was drawn."""
        return f"{self._boot}-{self._number}"

    def publish(self, topic: str, data: str, *, language: str | None = None) -> None:
        """Tell a topic's listeners, in one language or in all."""
        for code in LANGUAGES if language is None else (language,):
            self._offer(self._station(topic, code), data)

    async def stream(
        self, names: Iterable[str], language: str, *, after: str, beat: Callable[[], Awaitable[str]]
    ) -> AsyncGenerator[bytes]:
        """Server-sent events of these topics, from after `after` on, with a heartbeat that carries `beat()`."""
        client = Client()
        stations = [self._station(name, language) for name in names if name in self.topics]
        loop = asyncio.get_running_loop()
        ends = loop.time() + AT_MOST
        try:
            for station in stations:
                self._join(station, client, after)
            yield b"retry: 2000\n" + event("beat", await beat())
            next_beat = loop.time() + HEARTBEAT
            while self._open and loop.time() < ends:
                with suppress(TimeoutError):
                    async with asyncio.timeout_at(next_beat):
                        await client.woken.wait()
                for message in client.take():
                    yield event(message.topic, message.data, f"{self._boot}-{message.number}")
                if loop.time() >= next_beat:
                    next_beat = loop.time() + HEARTBEAT
                    yield event("beat", await beat())
        finally:
            for station in stations:
                self._leave(station, client)

    async def close(self) -> None:
        """End all streams and producers: a server waits for its streams before it stops."""
        self._open = False
        running = [station.producer for station in self._stations.values() if station.producer]
        for station in self._stations.values():
            for client in station.clients:
                client.woken.set()
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)

    def _station(self, name: str, language: str) -> Station:
        key = (name, language)
        if key not in self._stations:
            self._stations[key] = Station(self.topics[name], language)
        return self._stations[key]

    def _join(self, station: Station, client: Client, after: str) -> None:
        station.clients.add(client)
        for message in self._missed(station, after):
            client.give(message, station.topic.keep)
        if station.topic.produce and station.producer is None:
            station.producer = asyncio.create_task(self._produce(station))

    def _missed(self, station: Station, after: str) -> list[Message]:
        boot, _, number = after.partition("-")
        if boot == self._boot and number.isdigit():
            return [message for message in station.said if message.number > int(number)]
        # Another process, or an earlier life of this one: a state can be told anew, a list would repeat itself.
        return list(station.said) if station.topic.keep == 1 else []

    def _leave(self, station: Station, client: Client) -> None:
        station.clients.discard(client)  # its producer notices before it draws again

    async def _produce(self, station: Station) -> None:
        """Draw, tell if it changed, rest; until nobody listens."""
        topic, last = station.topic, None
        while station.clients:
            rest = max(topic.every, FASTEST)
            try:
                html = await self._draw(topic, station.language)
            except Exception:
                log.exception("live.not_drawn", topic=topic.name)
                rest = max(rest, PAUSE_AFTER_ERROR)
            else:
                if html is not None and html != last:
                    last = html
                    self._offer(station, html)
            await asyncio.sleep(rest)
        station.producer = None

    def _offer(self, station: Station, data: str) -> None:
        """Say it now, or when `every` has passed since the last time."""
        station.pending.append(data)
        loop = asyncio.get_running_loop()
        due = station.spoke_at + max(station.topic.every, FASTEST)
        if loop.time() >= due:
            self._say(station)
        elif station.timer is None:
            station.timer = loop.call_at(due, self._say, station)

    def _say(self, station: Station) -> None:
        station.timer = None
        station.spoke_at = asyncio.get_running_loop().time()
        while station.pending:
            self._number += 1
            message = Message(self._number, station.topic.name, station.pending.popleft())
            station.said.append(message)
            for client in station.clients:
                client.give(message, station.topic.keep)


def event(name: str, data: str, number: str = "") -> bytes:
    """One event. A beat has no id: what a client has seen moves on with messages only."""
    head = f"id: {number}\nevent: {name}\n" if number else f"event: {name}\n"
    lines = "".join(f"data: {line}\n" for line in data.replace("\r", "").split("\n"))
    return f"{head}{lines}\n".encode()
