"""A retailer with a site, an app, a shop and a call centre, as the outside world meets it: over HTTP, with a worker."""

import base64
import itertools
from datetime import timedelta

import httpx
import pytest

from comptoir import channels, profiles
from comptoir.kernel.auth.actors import SYSTEM
from comptoir.kernel.auth.keys import add_key
from comptoir.kernel.consumers import lags
from comptoir.kernel.settings import Settings
from comptoir.server.spine import consumers, replay_customers
from reuse import application

OUTLETS = [("web", "site"), ("app", "app"), ("shop", "lyon"), ("phone", "calls")]


class Retailer:
    def __init__(self, db, app, client, settings):
        self.db, self.app, self.client = db, app, client
        self.settings = settings
        self.keys = {}
        self.numbers = itertools.count(1)
        self.worker = consumers(db, settings)[0]

    async def track(self, source, *calls):
        """Send calls through the tracking API, as an SDK does, and see them accepted."""
        batch = [{"type": "track", "messageId": f"m{next(self.numbers)}", **call} for call in calls]
        token = base64.b64encode(f"{self.keys[source]}:".encode()).decode()
        answer = await self.client.post("/v1/batch", json={"batch": batch}, headers={"Authorization": f"Basic {token}"})
        assert answer.status_code == 200, answer.text

    async def sell(self, number, total, *, card=None, category=None, **more):
        sale = {
            "outlet": "lyon",
            "number": number,
            "occurred_at": self.now.isoformat(),
            "currency": "EUR",
            "total_minor": total,
            "lines": [{"amount_minor": total, "name": "Boots Corentin", "sku": "boots"}],
            "identifiers": {"loyalty_card": card} if card else {},
            **more,
        }
        answer = await self.client.post("/v1/orders/sales", json=sale, headers=self.key)
        assert answer.json()["recorded"] == 1, answer.text

    async def work(self):
        """Let the worker read the log to its end."""
        while await self.worker.step():
            pass
        async with self.db.transaction() as tx:
            await profiles.refresh_directory(tx, currency=self.settings.currency)
            assert await tx.value("SELECT count(*) FROM kernel.parked_event") == 0

    async def behind(self):
        async with self.db.reading() as tx:
            return sum(lag.events for lag in await lags(tx))

    async def find(self, text):
        answer = await self.client.get("/v1/profiles/people", params={"q": text}, headers=self.key)
        assert answer.status_code == 200, answer.text
        return answer.json()["items"]

    async def key_of(self, text):
        (found,) = await self.find(text)
        return found["key"]

    async def get(self, path, **params):
        answer = await self.client.get(f"/v1/profiles{path}", params=params, headers=self.key)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def thread(self, key):
        return [(m["channel"], m["kind"]) for m in (await self.get(f"/people/{key}/timeline"))["items"]]

    async def everything(self, key):
        """Every read about one person."""
        found = [await self.get(f"/people/{key}{path}") for path in ("", "/measures", "/timeline", "/devices")]
        listed = await self.client.get("/v1/profiles/people", params={"limit": 500}, headers=self.key)
        return [*found, [one for one in listed.json()["items"] if one["key"] == key]]

    async def replay(self):
        async with self.db.transaction() as tx:
            await replay_customers(tx)
        await self.work()


@pytest.fixture
async def retailer(db):
    settings = Settings()
    async with application(settings, db) as app:
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://comptoir.test") as client:
            retailer = Retailer(db, app, client, settings)
            async with db.transaction() as tx:
                retailer.now = tx.now - timedelta(minutes=5)
                for channel, code in OUTLETS:
                    outlet = channels.OutletEntry(
                        channel=channel,
                        code=code,
                        name=code.title(),
                        country="FR",
                        time_zone="Europe/Paris",
                        currency="EUR",
                    )
                    await channels.add_outlet(tx, outlet=outlet)
                    source = await channels.add_source(tx, name=code, outlet=code)
                    retailer.keys[code] = source.write_key
                new = await add_key(
                    tx, name="stories", scopes=["profiles:read", "orders:write", "identity:write"], actor=SYSTEM
                )
            retailer.key = {"Authorization": f"Bearer {new.token}"}
            await app.sources.refresh()
            yield retailer
