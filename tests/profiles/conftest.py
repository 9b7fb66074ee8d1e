"""Makers of what the projection reads: events of the log, as ingest and orders write them."""

from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from comptoir import ingest, orders, profiles
from comptoir.kernel.log import Event

START = datetime(2026, 3, 2, 9, tzinfo=UTC)
WEB, SHOP = 1, 2


class House:
    """A web site and a shop, and a projection whose events are counted here."""

    def __init__(self, tx):
        self.tx = tx
        self.places = profiles.Places()
        self.position = 0

    async def open(self):
        await self.tx.run(
            "INSERT INTO channels.outlet (outlet_id, channel, code, name, country, time_zone, currency)"
            " OVERRIDING SYSTEM VALUE VALUES (1, 'web', 'w', 'Site', 'FR', 'Europe/Paris', 'EUR'),"
            " (2, 'shop', 's', 'Shop', 'FR', 'Europe/Paris', 'EUR')"
        )
        await self.tx.run(
            "INSERT INTO channels.source (source_id, outlet_id, name, salt)"
            " OVERRIDING SYSTEM VALUE VALUES (1, 1, 'site', 'x'), (2, 2, 'till', 'y')"
        )

    async def nodes(self, *people):
        """Nodes 1, 2, …: each number is the person of a node."""
        for node, person in enumerate(people, 1):
            await self.tx.run(
                "INSERT INTO identity.node (node_id, person_id, first_seen, key, ns, value)"
                " VALUES (%(node)s, %(person)s, %(at)s, gen_random_uuid(), 7, %(value)s)"
                " ON CONFLICT (node_id) DO UPDATE SET person_id = excluded.person_id",
                node=node,
                person=person,
                at=START,
                value=f"device-{node}",
            )

    def event(self, name="Product Viewed", *, call="track", after=timedelta(0), source=WEB, **body):
        self.position += 1
        at = START + after
        return Event(
            0,
            1,
            self.position,
            f"ingest.{call}",
            name if call == "track" else "",
            source,
            at,
            at + timedelta(seconds=1),
            msgspec.json.encode({"type": call, "event": name, **body}).decode(),
        )

    def sale(self, node, total=1000, *, after=timedelta(0), units=1, currency="EUR", category="Boots"):
        self.position += 1
        at = START + after
        fact = orders.SaleRecorded(
            sale_id=self.position,
            node_id=node,
            outlet_id=SHOP,
            channel="shop",
            receipt_number=f"r{self.position}",
            occurred_at=at,
            currency=currency,
            total_minor=total,
            units=units,
            line_count=1,
            categories={category: (total, units)},
            names=["Boots Corentin"],
            is_return=total < 0,
        )
        return Event(0, 1, self.position, fact.kind, "", None, at, at, msgspec.json.encode(fact).decode())

    async def project(self, *events_and_nodes):
        events = [event for event, _ in events_and_nodes]
        nodes = [None if event.kind == "orders.sale_recorded" else node for event, node in events_and_nodes]
        await profiles.project(self.tx, events, ingest.decode(events), nodes, places=self.places)
        await profiles.refresh_directory(self.tx, currency="EUR")

    async def everything(self, person):
        """All that is read about one person."""
        return (
            await profiles.measures(self.tx, person=person),
            await profiles.golden_record(self.tx, person=person),
            await profiles.timeline(self.tx, person=person, limit=500),
            await profiles.devices(self.tx, person=person),
        )


@pytest.fixture
async def house(tx):
    house = House(tx)
    await house.open()
    return house
