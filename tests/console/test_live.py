"""Topics run only while somebody listens, are told no oftener than they may, and a stream that broke goes on."""

import asyncio
from contextlib import aclosing, asynccontextmanager

import pytest

from comptoir.console import live
from comptoir.console.live import Hub, Topic

pytestmark = pytest.mark.anyio


async def beat():
    return "14:32"


class Reader:
    """What one browser reads of a stream."""

    def __init__(self, stream):
        self.stream = stream

    async def next(self, within=2.0):
        """The next message: (event, data, id)."""
        async with asyncio.timeout(within):
            raw = (await anext(self.stream)).decode()
        lines = [line for line in raw.splitlines() if line]
        found = {}
        for line in lines:
            field, _, value = line.partition(": ")
            found[field] = f"{found[field]}\n{value}" if field in found else value
        return found.get("event"), found.get("data"), found.get("id")

    async def silent(self, during=0.1):
        """Nothing comes; the stream is spoilt after this."""
        with pytest.raises(TimeoutError):
            await self.next(within=during)


@asynccontextmanager
async def listening(hub, *topics, after="", language="en"):
    async with aclosing(hub.stream(topics, language, after=after, beat=beat)) as stream:
        reader = Reader(stream)
        assert (await reader.next())[0] == "beat"
        yield reader


async def draw_nothing(topic, language):
    return None


def told(*topics):
    return Hub(topics, draw_nothing)


async def test_a_message_reaches_who_listens_in_that_language():
    hub = told(Topic("home.kpi", "home"))
    async with listening(hub, "home.kpi") as english, listening(hub, "home.kpi", language="fr") as french:
        hub.publish("home.kpi", "<b>one</b>\n<i>two</i>", language="en")
        event, data, number = await english.next()
        assert (event, data) == ("home.kpi", "<b>one</b>\n<i>two</i>")
        assert number == hub.position
        await french.silent()


async def test_one_who_comes_late_gets_the_last_state_but_no_old_lines():
    hub = told(Topic("state", "home"), Topic("lines", "home", keep=10))
    hub.publish("state", "old")
    hub.publish("lines", "line 1")
    async with listening(hub, "state", "lines") as reader:
        assert (await reader.next())[:2] == ("state", "old")
        await reader.silent()


async def test_a_broken_stream_goes_on_where_it_broke():
    hub = told(Topic("lines", "home", every=0, keep=10))
    async with listening(hub, "lines") as reader:
        hub.publish("lines", "line 1")
        *_, last = await reader.next()
    for number in range(2, 5):
        hub.publish("lines", f"line {number}")
    await asyncio.sleep(live.FASTEST + 0.05)
    async with listening(hub, "lines", after=last) as reader:
        assert [(await reader.next())[1] for _ in range(3)] == ["line 2", "line 3", "line 4"]


@pytest.mark.parametrize("after", ["", "elsewhere-7", "nonsense", "-", "x-\u0663"])
async def test_an_id_of_another_process_is_no_error(after):
    hub = told(Topic("state", "home"))
    hub.publish("state", "now")
    async with listening(hub, "state", after=after) as reader:
        assert (await reader.next())[1] == "now"


async def test_a_crowd_of_messages_is_told_at_its_pace():
    hub = told(Topic("state", "home", every=live.FASTEST))
    async with listening(hub, "state") as reader:
        for number in range(1000):
            hub.publish("state", str(number), language="en")
        assert (await reader.next())[1] == "0"
        assert (await reader.next())[1] == "999"
        await reader.silent()


async def test_a_slow_client_holds_nobody_up_and_is_bounded():
    hub = told(Topic("lines", "home", keep=5))
    client = live.Client()
    for number in range(100):
        client.give(live.Message(number, "lines", str(number)), 5)
    assert [message.data for message in client.take()] == ["95", "96", "97", "98", "99"]
    assert hub.position.endswith("-0")


async def test_a_producer_runs_only_while_somebody_listens_and_once_for_all():
    drawn = 0

    async def draw(topic, language):
        nonlocal drawn
        drawn += 1
        return f"<b>{drawn}</b>"

    async def nothing(page, tx):
        raise AssertionError("the hub draws by its own function")

    hub = Hub([Topic("count", "home", nothing, every=live.FASTEST)], draw)
    await asyncio.sleep(0.05)
    assert drawn == 0
    async with listening(hub, "count") as one, listening(hub, "count") as other:
        assert (await one.next())[1] == (await other.next())[1] == "<b>1</b>"
        assert (await one.next())[1] == "<b>2</b>"
    await asyncio.sleep(2.5 * live.FASTEST)
    stopped = drawn
    await asyncio.sleep(2 * live.FASTEST)
    assert drawn == stopped <= 3
    async with listening(hub, "count") as again:
        assert (await again.next())[0] == "count"


async def test_what_did_not_change_is_not_told_again():
    async def draw(topic, language):
        return "same"

    hub = Hub([Topic("still", "home", beat, every=live.FASTEST)], draw)
    async with listening(hub, "still") as reader:
        assert (await reader.next())[1] == "same"
        await reader.silent(3 * live.FASTEST)


async def test_a_producer_that_fails_is_tried_again(monkeypatch):
    monkeypatch.setattr(live, "PAUSE_AFTER_ERROR", 0.05)
    tries = iter([ValueError("not now"), "drawn"])

    async def draw(topic, language):
        found = next(tries)
        if isinstance(found, Exception):
            raise found
        return found

    hub = Hub([Topic("shaky", "home", beat)], draw)
    hub.topics["shaky"] = Topic("shaky", "home", beat, every=0)
    async with listening(hub, "shaky") as reader:
        assert (await reader.next())[1] == "drawn"


async def test_an_unknown_topic_is_left_out():
    hub = told(Topic("known", "home"))
    async with listening(hub, "unknown", "known") as reader:
        hub.publish("known", "x")
        assert (await reader.next())[0] == "known"


async def test_the_heart_beats(monkeypatch):
    monkeypatch.setattr(live, "HEARTBEAT", 0.05)
    async with listening(told(), "none") as reader:
        assert await reader.next() == ("beat", "14:32", None)
        assert await reader.next() == ("beat", "14:32", None)


async def test_a_stream_ends_after_a_while_so_that_rights_are_looked_at_anew(monkeypatch):
    monkeypatch.setattr(live, "AT_MOST", 0.05)
    monkeypatch.setattr(live, "HEARTBEAT", 0.02)
    seen = [one async for one in told().stream([], "en", after="", beat=beat)]
    assert 1 <= len(seen) <= 5


async def test_closing_ends_every_stream_and_producer():
    async def draw(topic, language):
        return "x"

    hub = Hub([Topic("t", "home", beat)], draw)
    seen = []

    async def read():
        seen.extend([one async for one in hub.stream(["t"], "en", after="", beat=beat)])

    reading = asyncio.create_task(read())
    await asyncio.sleep(0.05)
    await hub.close()
    async with asyncio.timeout(1):
        await reading
    assert len(seen) >= 1


async def test_a_message_cannot_forge_another():
    """A line break in the data begins a new data line, never a new field."""
    written = live.event("t", "a\r\nid: 99\n\nevent: evil", "7-1").decode()
    assert written == "id: 7-1\nevent: t\ndata: a\ndata: id: 99\ndata: \ndata: event: evil\n\n"
