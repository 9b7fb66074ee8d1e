"""A retailer who has met Zoé Quincampoix everywhere, and Ana, who lives at the same address; by the house's own front
doors. Of each: her values, as they may lie anywhere.
"""

import asyncio
import json
from pathlib import Path
from uuid import UUID

from comptoir import connectors, identity, profiles
from comptoir.kernel import log, parked
from comptoir.kernel.auth import SYSTEM, audit
from comptoir.kernel.ids import uuid7
from comptoir.kernel.settings import Settings
from comptoir.server.spine import consumers
from comptoir.tills import NewDevice, register, sync
from connectors.payloads import shopify_order
from connectors.test_deliveries import Shop
from ingest.client import basic
from stories.high_street import HighStreet, collect
from tills.till import NOON, Till, receipt

ZOE = {
    "user_id": "zoe-77413",
    "email": "zoé.quincampoix@exemple-perdu.fr",
    "phone": "+33698765401",
    "loyalty_card": "ZQ90817263",
    "anonymous_id": "anon-zq-5b1c77e0",
    "device_id": "phone-zq-99c04d2",
}
ZOE_WORDS = ["Quincampoix", "14 rue des Ombrelles", "1987-03-29", "TRACK-ZQ-55081", "sonner chez la gardienne Zélie"]
ANA = {"user_id": "ana-11820", "email": "ana.verlaine@exemple-reste.fr", "phone": "+33611223344"}
ADDRESS = {
    "name": "Zoé Quincampoix",
    "street": "14 rue des Ombrelles",
    "postcode": "13002",
    "city": "Marseille",
    "country": "FR",
}
ANAS = {**ADDRESS, "name": "Ana Verlaine", "street": "3 place Haute"}


def forms(value):
    """As it may lie in a file."""
    yield value.encode()
    yield value.lower().encode()
    if not value.isascii():
        yield json.dumps(value)[1:-1].encode()


class House:
    def __init__(self, db, client):
        self.db, self.street = db, HighStreet(db, client)
        self.client = client
        self.worker = consumers(db, Settings())[0]

    async def open(self):
        await self.street.open()
        self.numbers = {}
        self.sku = (await self.street.sells("coat", "M", lyon_M=40))["M"]
        await self.street.sells("shirt", "M", lyon_M=40)
        self.out = (await self.street.sells("scarf", "S", nice_S=1))["S"]
        await self.street.buy(self.street.site, "site", collect("nice"), **{self.out: 1})
        made = await self.street.office(
            "POST", "connectors", {"name": "boutique", "platform": "shopify", "outlet": "market"}
        )
        self.secret = made["secret"]
        made = await self.street.office("POST", "channels/sources", {"name": "site events", "outlet": "site"})
        self.write_key = made["write_key"]
        while (await self.track()).status_code == 401:  # until the process has heard of it
            await asyncio.sleep(0.02)

    async def track(self, *events):
        return await self.client.post(
            "/v1/batch", json={"batch": list(events)}, headers={"authorization": basic(self.write_key)}
        )

    async def work(self):
        while await self.worker.step():
            pass
        async with self.db.transaction() as tx:
            await profiles.refresh_directory(tx, currency="EUR")

    async def key_of(self, who):
        found = await self.street.office("GET", "profiles/people", q=who["email"])
        return found["items"][0]["key"] if found["items"] else None

    # ---- she is met

    def events_of(self, who, name, words, address=ADDRESS):
        """Everything that a site can tell of somebody."""
        base = {"userId": who["user_id"], "context": {"ip": "198.51.100.77", "traits": {"email": who["email"]}}}
        return [
            {"type": "identify", "messageId": f"{name}-1", **base, "anonymousId": who.get("anonymous_id", f"a-{name}"),
             "traits": {"email": who["email"], "phone": who["phone"], "name": words, "birthday": "1987-03-29" if who is ZOE else "1990-01-02",
                        "loyalty_card": who.get("loyalty_card", f"LC-{name}"), "address": address}},
            {"type": "page", "messageId": f"{name}-2", **base, "name": "Home",
             "properties": {"url": f"https://shop.example/?email={who['email'].replace('@', '%40')}"}},
            {"type": "track", "messageId": f"{name}-3", **base, "event": "Product Viewed",
             "properties": {"product_id": "coat", "note": words}},
            {"type": "track", "messageId": f"{name}-4", "event": "App Opened",
             "anonymousId": who.get("anonymous_id", f"a-{name}"),
             "context": {"device": {"id": who.get("device_id", f"d-{name}")}}},
            {"type": "group", "messageId": f"{name}-5", **base, "groupId": "family"},
            {"type": "screen", "messageId": f"{name}-6", **base, "name": f"Welcome {words}"},
        ]  # fmt: skip

    async def meet(self, who, name, words, address):
        """Events, good and bad; an order that is sent, with its invoice, by mail; one that is cancelled; a basket that
        is left; a receipt; a wish; a marketplace; a till; a steward's words; a merge; an event nobody could digest.
        """
        street, office = self.street, self.street.office
        assert (await self.track(*self.events_of(who, name, words, address))).status_code == 200
        await self.track({"type": "track", "event": f"Mail to {who['email']}", "userId": who["user_id"]})
        await self.track({"type": "nonsense", "userId": who["user_id"], "properties": {"email": who["email"]}},
                         {"type": "identify", "traits": {"phone": who["phone"], "name": words}})  # fmt: skip
        await self.work()
        delivery = {"method": "ship", "address": address, "amount_minor": 490}
        who_it_is = {"namespace": "email", "value": who["email"], "how": "consent"}

        async def order():
            basket = await street.fill(street.site, "site", delivery, **{self.sku: 1})
            await street.site("PUT", f"orders/baskets/{basket}/person", who_it_is)
            return await street.checkout(street.site, basket)

        sent = await order()
        ((_, work),) = list((await street.works(sent)).items())
        await street.ship(office, work, carrier="post", tracking=f"TRACK-{name}-55081")
        (sale,) = (await office("GET", "orders/sales", number=f"{sent['order_number']}-"))["items"]
        made = await office("POST", f"orders/sales/{sale['sale_id']}/documents",
                            {"kind": "invoice", "language": "fr", "buyer": {**address}})  # fmt: skip
        await office("POST", f"orders/documents/{made['document_id']}/mails", {"to": who["email"]})
        unsent = await order()
        await office("POST", f"orders/book/{unsent['order_id']}/cancellations",
                     {"cancellation_id": str(uuid7()), "reason": "changed_mind", "note": f"sonner chez {words}",
                      "by": "agent"})  # fmt: skip
        left = await street.fill(street.site, "site", delivery, **{self.sku: 1})
        await street.site("PUT", f"orders/baskets/{left}/person", {**who_it_is, "merge": None})
        told = await office("POST", "orders/sales", [
            {"outlet": "lyon", "number": f"R-{name}", "occurred_at": NOON.isoformat(), "currency": "EUR",
             "lines": [{"sku": self.sku, "quantity_thousandths": 1000, "amount_minor": 9000}], "total_minor": 9000,
             "tax_included": True, "identifiers": {"loyalty_card": who.get("loyalty_card", f"LC-{name}"),
                                                   "email": who["email"]}}])  # fmt: skip
        assert told["refused"] == 0, told
        await office("POST", "inventory/asks",
                     {"ask_id": str(uuid7()), "sku": self.out, "identifiers": {"email": who["email"]}})  # fmt: skip
        await self.shopify(who, name, address)
        await self.till(who, name)
        async with self.db.transaction() as tx:
            event = (await tx.many(log.Event, EVENT, body=f"%{who['user_id']}%"))[0]
            await parked.park(tx, consumer="tests", event=event, error=ValueError(f"no such address {who['email']}"))
            await audit.record(tx, actor=SYSTEM, action="tests.note", target=f"customer:{who['email']}",
                               after={"email": who["email"].upper(), "phone": who["phone"]})  # fmt: skip
            person = await identity.person(tx, key=UUID(await self.key_of(who)))
            other = await identity.observe(tx, identity.Observation(((7, f"side-{name}"),), at=tx.now))
            side = (await identity.nodes_of(tx, [other]))[0]
            await identity.merges.merge(tx, keys=[person.key, side.key], actor="ana",
                                        reason=f"she says she is {who['email']}")  # fmt: skip
        await self.work()
        return sent, sale, made

    async def shopify(self, who, name, address, *, number=None):
        api = type("Api", (), {"_transport": self.client._transport})
        shop = Shop(api, "boutique", "shopify", self.secret)
        number = number or self.numbers.setdefault(name, 6000 + len(self.numbers))
        await shop.send("orders/create", shopify_order(
            number, email=who["email"], phone=who["phone"], customer={"id": number, "email": who["email"]},
            shipping_address={"name": address["name"], "address1": address["street"], "zip": "69001",
                              "city": "Lyon", "country_code": "FR", "province_code": None},
        ), webhook_id=f"w-{name}-{number}")  # fmt: skip
        await connectors.work_off(self.db)

    async def till(self, who, name):
        till = Till(sum(name.encode()))
        body = receipt(f"T-{name}", self.sku)
        till.add("sale", {**body, "identifiers": {"phone": who["phone"], "email": who["email"]}})
        async with self.db.transaction() as tx:
            made = await register(tx, device=NewDevice("lyon", name), actor=SYSTEM)
            done = await sync(tx, device=made.device, sent_at=NOON, entries=till.log)
        assert [one.state for one in done.answers] == ["done"], done.answers

    # ---- where she may lie

    async def rows(self, *values):
        """Every column of every table, as text: [(table, column, value)] where one is found."""
        found = []
        async with self.db.reading() as tx:
            columns = await tx.tuples(EVERY_COLUMN)
            for table, column, kind in columns:
                text = f"encode({column}, 'escape')" if kind == "bytea" else f'"{column}"::text'
                for value in values:
                    wanted = f"%{escaped(value) if kind == 'bytea' else value}%"
                    if await tx.value(f"SELECT EXISTS (SELECT FROM {table} WHERE {text} ILIKE %(wanted)s)",
                                      wanted=wanted):  # fmt: skip
                        found.append((table, column, value))
            pdfs = await tx.tuples("SELECT pdf FROM orders.document")
        found += [("pdf", "", value) for value in values for (pdf,) in pdfs if forms_in(bytes(pdf), value)]
        return found

    async def files(self, *values):
        """Every file of the server's data folder in which one is found."""
        async with self.db.reading() as tx:
            folder = Path(await tx.value("SHOW data_directory"))
        return await asyncio.to_thread(search, folder, values)


def search(folder, values):
    wanted = {form for value in values for form in forms(value)}
    found = []
    for path in folder.rglob("*"):
        if path.is_file():
            data = path.read_bytes()
            found += [(str(path.relative_to(folder)), form) for form in wanted if form in data]
    return found


def forms_in(data, value):
    return any(form in data for form in forms(value))


def escaped(value):
    return "".join(chr(b) if b < 128 else f"\\\\{b:03o}" for b in value.encode())


EVERY_COLUMN = """
    SELECT quote_ident(n.nspname) || '.' || quote_ident(c.relname), a.attname::text, format_type(a.atttypid, -1)
    FROM pg_attribute AS a JOIN pg_class AS c ON c.oid = a.attrelid JOIN pg_namespace AS n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'm', 'p') AND a.attnum > 0 AND NOT a.attisdropped AND NOT c.relispartition
      AND (n.nspname !~ '^pg_' OR c.relname IN ('pg_statistic')) AND n.nspname <> 'information_schema'
    ORDER BY 1, a.attnum
"""
EVENT = """
    SELECT lane, xid::text::bigint AS xid, position, kind, name, source_id, occurred_at, recorded_at, body
    FROM kernel.event WHERE body LIKE %(body)s AND kind LIKE 'ingest.%%' ORDER BY position
"""
