"""Unmodified SDKs deliver every event once through refusals, cut connections and servers that die."""

import threading
import time

import pytest
import rudderstack.analytics.client
import segment.analytics.client

from comptoir import channels
from comptoir.kernel.db import Database
from comptoir.kernel.migrate import migrate
from comptoir.kernel.postgres import embedded
from ingest.conftest import WEB
from ingest.house import House, kill_postgres
from outside.weather import Weather

pytestmark = pytest.mark.anyio


def segment_sdk(key, port, failed, **own):
    return segment.analytics.client.Client(
        key, host=f"http://127.0.0.1:{port}", on_error=failed, upload_interval=0.05, max_queue_size=100_000, **own
    )


def rudder_sdk(key, port, failed, **own):
    return rudderstack.analytics.client.Client(
        key, host=f"http://127.0.0.1:{port}", on_error=failed, upload_interval=0.05, max_queue_size=100_000, **own
    )


SDKS = {"segment": segment_sdk, "rudder": rudder_sdk}


def ids(sdk, number):
    """How each SDK is told who it is."""
    return {"anonymous_id": f"visitor-{number % 50}"} if number % 3 else {"user_id": f"user-{number % 50}"}


def deliver(sdk, key, port, events, **own):
    """Track so many events and wait until all are delivered; returns what the SDK gave up."""
    given_up = []
    client = SDKS[sdk](key, port, lambda error, batch: given_up.append((error, len(batch))), **own)
    for number in range(events):
        who = ids(sdk, number)
        client.track(event="Product Viewed", properties={"number": number}, **{"user_id": None, **who})
    client.flush()
    client.join()
    return given_up


async def numbers(db):
    async with db.reading() as tx:
        return sorted(await tx.values("SELECT (body::json->'properties'->>'number')::int FROM kernel.event"))


def requests(weather, number):
    """Wait until so many requests more have come by."""
    number += weather.met.total()
    while weather.met.total() < number:
        time.sleep(0.002)


@pytest.mark.parametrize("sdk", SDKS)
async def test_an_sdk_in_bad_weather(db, source, sdk):
    with House(db.url) as house, Weather(house.port, share=0.3, seed=3) as weather:
        given_up = deliver(sdk, source.write_key, weather.port, 300, upload_size=15, thread=4)
    assert given_up == []
    assert await numbers(db) == list(range(300))
    assert len([fault for fault in weather.met if fault != "none"]) >= 3, weather.met


@pytest.mark.parametrize("sdk", SDKS)
async def test_an_sdk_whose_server_is_killed(db, source, sdk):
    with House(db.url) as house, Weather(house.port, share=0.1) as weather:
        given_up = []
        sending = threading.Thread(
            target=lambda: given_up.extend(deliver(sdk, source.write_key, weather.port, 300, upload_size=5, thread=2))
        )
        sending.start()
        requests(weather, 10)
        house.kill()
        house.start()
        sending.join()
    assert given_up == []
    assert await numbers(db) == list(range(300))


@pytest.mark.long
@pytest.mark.parametrize("sdk", SDKS)
async def test_ten_thousand_events_through_all_of_it(tmp_path, sdk):
    """429, 503, cut connections, kill -9 of the server and of PostgreSQL, again and again: 0 lost, 0 twice."""
    folder = tmp_path / "postgres"
    url = embedded(folder)
    await migrate(url)
    async with Database(url, size=3) as db, db.transaction() as tx:
        await channels.add_outlet(tx, outlet=WEB)
        source = await channels.add_source(tx, name="site", outlet="web")
    given_up, done = [], threading.Event()

    def send():
        given_up.extend(deliver(sdk, source.write_key, weather.port, 10_000, upload_size=20, thread=6, gzip=True))
        done.set()

    with House(url) as house, Weather(house.port, share=0.15) as weather:
        sending = threading.Thread(target=send)
        sending.start()
        for kill in ("server", "postgres", "server", "both"):
            requests(weather, 60)
            if kill != "postgres":
                house.kill()
            if kill != "server":
                kill_postgres(folder)
                assert embedded(folder) == url
            if kill != "postgres":
                house.start()
        sending.join()
    assert done.is_set()
    assert given_up == []
    async with Database(url, size=2) as db:
        assert await numbers(db) == list(range(10_000))
        async with db.reading() as tx:
            counted = await tx.value("SELECT sum(events) FROM ingest.v_source_day WHERE outcome = 'accepted'")
    assert counted == 10_000
    kill_postgres(folder)
