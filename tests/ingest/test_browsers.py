"""The browser SDKs in Chromium, with only their host changed, from a page of another origin, in bad weather."""

import asyncio
import http.server
import os
import shutil
import threading
from functools import partial

import pytest
from playwright.async_api import async_playwright

from ingest.house import House
from ingest.packages import fetched
from outside.weather import Weather

pytestmark = [pytest.mark.anyio, pytest.mark.browser]

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
SDKS = {
    "segment": (
        "@segment/analytics-next@1.84.3",
        "dist/umd/index.js",
        """([key, host, many]) => {
            const integrations = many ? {'Segment.io': {deliveryStrategy: {strategy: 'batching', config: {size: 100}}}} : {}
            window.sdk = AnalyticsNext.AnalyticsBrowser.load({writeKey: key, cdnURL: host}, {integrations, retryQueue: true})
        }""",
    ),
    "rudder": (
        "@rudderstack/analytics-js@3.34.1",
        "dist/npm/modern/bundled/umd/index.js",
        """([key, host, many]) => {
            window.sdk = new rudderanalytics.RudderAnalytics()
            window.sdk.load(key, host, {configUrl: host, queueOptions: {
                maxItems: 20000, batch: {enabled: many, maxItems: 100, flushInterval: 200}}})
        }""",
    ),
}
TRACK = """([from, to]) => { for (let n = from; n < to; n++) window.sdk.track('Product Viewed', {number: n}) }"""


@pytest.fixture
def chromium():
    found = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if not found:
        assert not os.environ.get("COMPTOIR_NO_SKIPPED_BROWSER"), "no Chromium here"
        pytest.skip("no Chromium here")
    return found


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


@pytest.fixture
def shop(tmp_path):
    """A shop's page on an origin of its own; the packages lie below it."""
    (tmp_path / "index.html").write_text("<!doctype html><title>Shop</title>")
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(tmp_path)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield tmp_path, f"http://localhost:{server.server_port}"
    server.shutdown()
    server.server_close()


async def numbers(db):
    async with db.reading() as tx:
        return sorted(
            await tx.values(
                "SELECT (body::json->'properties'->>'number')::int FROM kernel.event WHERE kind = 'ingest.track'"
            )
        )


async def arrived(db, number):
    while len(await numbers(db)) < number:
        await asyncio.sleep(0.2)


async def browse(db, source, chromium, shop, sdk, *, events, many, weather):
    package, script, load = SDKS[sdk]
    folder, origin = shop
    (folder / "sdk").symlink_to(fetched(package))
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        page = await browser.new_page()
        said = []
        page.on("console", lambda message: said.append(message.text))
        await page.goto(origin + "/index.html")
        await page.add_script_tag(url=f"/sdk/{script}")
        await page.evaluate(load, [source.write_key, f"http://127.0.0.1:{weather.port}", many])
        for begin in range(0, events, 200):
            await page.evaluate(TRACK, [begin, min(begin + 200, events)])
            if many:
                await arrived(db, begin - 1_000)
        try:
            await asyncio.wait_for(arrived(db, events), 110)
        except TimeoutError:
            missing = sorted(set(range(events)) - set(await numbers(db)))
            pytest.fail(f"missing {missing}; weather {weather.met}; said {said[:5]}")
        await browser.close()


@pytest.mark.parametrize("sdk", SDKS)
async def test_a_browser_sdk_delivers_each_event_once(db, source, chromium, shop, sdk):
    with House(db.url) as house, Weather(house.port, share=0.2) as weather:
        await browse(db, source, chromium, shop, sdk, events=40, many=False, weather=weather)
    assert await numbers(db) == list(range(40))
    async with db.reading() as tx:
        body = await tx.value("SELECT body::json FROM kernel.event LIMIT 1")
    assert body["received"]["ip"] == "127.0.0.1"
    assert "writeKey" not in body
    assert len(weather.met) >= 3, weather.met


@pytest.mark.long
@pytest.mark.parametrize("sdk", SDKS)
async def test_a_browser_sdk_delivers_ten_thousand_events_once(db, source, chromium, shop, sdk):
    with House(db.url) as house, Weather(house.port, share=0.1) as weather:
        browsing = asyncio.create_task(
            browse(db, source, chromium, shop, sdk, events=10_000, many=True, weather=weather)
        )
        for after in (1_000, 5_000):
            await arrived(db, after)
            house.kill()
            house.start()
        await browsing
    assert await numbers(db) == list(range(10_000))
