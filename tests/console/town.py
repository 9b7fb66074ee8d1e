"""A small town that is served like any other house: five shops, a site, an app, a call centre; people who come by.

Everything comes in through the doors that a retailer has: the tracking API and recorded receipts. Seeded, so the same
town stands every time; only the clock is today's.

As a script, `python tests/console/town.py` serves it until stopped, for looking at it.
"""

import asyncio
import random
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import httpx
import msgspec

from comptoir import channels, orders, profiles
from comptoir.kernel import consumers
from comptoir.kernel.auth import ROLES, SYSTEM, users
from comptoir.kernel.db import Database
from comptoir.kernel.migrate import migrate
from comptoir.kernel.settings import Settings
from comptoir.kernel.time import advance
from comptoir.server.running import running
from console.goods import stock_up
from console.ordering import take_orders

SHOPS = {
    "LYB": ("Lyon Bellecour", "Lyon"),
    "LYP": ("Lyon Part-Dieu", "Lyon"),
    "NAN": ("Nantes Crébillon", "Nantes"),
    "LIL": ("Lille Grand-Place", "Lille"),
    "BXL": ("Bruxelles Louise", "Bruxelles"),
}
OTHERS = {
    "site": ("web", "Web shop"),
    "appli": ("app", "Tissandier app"),
    "centre": ("phone", "Call centre, Tours"),
    "redoute": ("market", "La Redoute"),
    "lettre": ("email", "Newsletter"),
}
SOURCES = {
    "browser": ("Web shop, browser", "site"),
    "app": ("App, iOS and Android", "appli"),
    "calls": ("Call centre desk", "centre"),
    "news": ("Newsletter", "lettre"),
    "market": ("La Redoute, orders", "redoute"),
}
PEOPLE = [
    ("Inès", "Morel", "Lyon"), ("Garance", "Thévenet", "Lyon"), ("Maëlle", "Kervadec", "Villeurbanne"), ("Bertrand", "Ollier", "Lyon"),
    ("Sixtine", "de Brosses", "Écully"), ("Yasmine", "Belkacem", "Lyon"), ("Aurélien", "Pons", "Caluire"), ("Lieve", "Van Damme", "Bruxelles"),
    ("Odile", "Marchetti", "Oullins"), ("Thomas", "Quéméneur", "Nantes"), ("Ineke", "Janssens", "Bruxelles"), ("Rachid", "Ouali", "Vénissieux"),
    ("Clémence", "Rey", "Lyon"), ("Noémie", "Lacroix", "Nantes"), ("Karim", "Haddad", "Lille"), ("Sylvie", "Gautier", "Lille"),
    ("Paul", "Fontaine", "Nantes"), ("Léa", "Nguyen", "Lyon"), ("Marc", "Wouters", "Bruxelles"), ("Chloé", "Perrin", "Lille"),
]  # fmt: skip
ARTICLES = [
    ("C-101", "Coat Ondine, camel", "Coats", 34900), ("C-120", "Coat Corail, ink", "Coats", 29900), ("K-204", "Jumper Alba, écru", "Knitwear", 11900),
    ("K-231", "Cardigan Mousse", "Knitwear", 13900), ("S-310", "Boots Corentin, tan", "Shoes", 18900), ("S-322", "Loafers Paulin", "Shoes", 15900),
    ("A-410", "Scarf Alba, écru", "Accessories", 8900), ("A-433", "Belt Rivage", "Accessories", 5900), ("T-512", "Trousers Lison", "Trousers", 12900),
]  # fmt: skip
POUNDS_TOO, POUNDS_ONLY = 18, "only.pounds@posteo.example"
"""Who pays in another money: Marc Wouters now and then, and one who never pays in ours."""
PARIS = ZoneInfo("Europe/Paris")
XSS = "<script>alert(1)</script>"


def settings_for(url: str) -> Settings:
    return Settings(
        database_url=url,
        port=0,
        demo=True,
        retailer="Tissandier",
        public_url="https://tissandier.example",
        pool_size=12,
        currency="EUR",
        country="FR",
        simulated_payments=True,
    )


class Town(msgspec.Struct):
    """Where it stands and what is in it."""

    url: str
    keys: dict[str, str]
    """Write keys by the name of the source above."""

    @contextmanager
    def visitor(self, role: str = "admin", **headers: str) -> Iterator[httpx.Client]:
        """A signed-in person of this role."""
        with httpx.Client(base_url=self.url, headers={"Origin": self.url, **headers}, timeout=20) as client:
            answer = client.post("/sign-in/as", data={"role": role})
            assert answer.status_code == 303, answer.text
            yield client

    @contextmanager
    def visitor_of(self, shop: str) -> Iterator[httpx.Client]:
        """A signed-in associate of this shop."""
        assert shop == SHOP, "only that one has an associate of its own"
        with httpx.Client(base_url=self.url, headers={"Origin": self.url}, timeout=20) as client:
            answer = client.post("/sign-in", data={"email": OF_SHOP, "password": PASSWORD})
            assert answer.status_code == 303, answer.text
            yield client

    def send(self, source: str, *events: dict) -> None:
        """Hand events to the tracking API, as an SDK does."""
        batch = {"batch": list(events), "sentAt": datetime.now(UTC).isoformat()}
        answer = httpx.post(f"{self.url}/v1/batch", json=batch, auth=(self.keys[source], ""), timeout=20)
        assert answer.status_code == 200, answer.text


@contextmanager
def serving(url: str, *, empty: bool = False, hostile: bool = True) -> Iterator[Town]:
    """The town on a port of its own, in a thread with its own loop, everything digested.

    `hostile`: with somebody who types what she should not.
    """
    loop = asyncio.new_event_loop()
    ready: list[Town] = []
    failed: list[BaseException] = []
    up, stop = threading.Event(), asyncio.Event()

    async def live() -> None:
        await migrate(url)
        async with Database(url, size=2) as db:
            await set_clock(db)
        async with running(settings_for(url)) as house:
            await staff(house.db)
            town = Town(house.url, {})
            if not empty:
                town.keys = await open_doors(house.db)
                await house.app.sources.refresh()
                await asyncio.to_thread(people_come_by, town, hostile=hostile)
                await record_receipts(house.db)
                await digested(house.db)
                await stock_up(house.db)
                await staff_of_a_shop(house.db)
                await take_orders(house.db)
            ready.append(town)
            up.set()
            await stop.wait()

    def run() -> None:
        asyncio.set_event_loop(loop)
        try:
            loop.run_until_complete(live())
        except BaseException as error:  # noqa: BLE001  told to the thread that waits
            failed.append(error)
            up.set()

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    up.wait(120)
    if failed:
        raise failed[0]
    try:
        yield ready[0]
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join(20)
        loop.close()


async def set_clock(db: Database) -> None:
    """Forward to the next 14:32 in Paris, so that a day is under way whenever the tests run."""
    async with db.transaction() as tx:
        target = tx.now.astimezone(PARIS).replace(hour=14, minute=32, second=8, microsecond=0)
        target += timedelta(days=target <= tx.now)
        await advance(tx, by=target - tx.now)


async def staff(db: Database) -> None:
    async with db.transaction() as tx:
        known = {user.email for user in await users.users(tx)}
        for role in ROLES:
            email = f"{role.replace('_', '.')}@tissandier.example"
            if email not in known:
                await users.add_user(
                    tx, email=email, name=NAMES.get(role, ""), roles=[role], password_hash="", actor=SYSTEM
                )


NAMES = {"admin": "Camille Faure", "marketer": "Hugo Lambert", "agent": "Paul Rivière", "associate": "Sana Amrani"}


async def staff_of_a_shop(db: Database) -> None:
    async with db.transaction() as tx:
        shop = await channels.outlet(tx, code=SHOP)
        await users.add_user(
            tx, email=OF_SHOP, name="Lucie Maes", roles=["associate"], outlet_id=shop.outlet_id,
            password_hash=await users.hash_password(PASSWORD), actor=SYSTEM,
        )  # fmt: skip


SHOP, OF_SHOP, PASSWORD = "LIL", "lucie.maes@tissandier.example", "a long enough secret"


async def open_doors(db: Database) -> dict[str, str]:
    outlets = [(code, "shop", name, city) for code, (name, city) in SHOPS.items()]
    outlets += [(code, channel, name, "") for code, (channel, name) in OTHERS.items()]
    async with db.transaction() as tx:
        await channels.record_outlets(
            tx,
            outlets=[
                channels.OutletEntry(
                    channel=channel,
                    code=code,
                    name=name,
                    city=city,
                    country="FR",
                    time_zone="Europe/Paris",
                    currency="EUR",
                )
                for code, channel, name, city in outlets
            ],
        )
        return {
            key: (await channels.add_source(tx, name=name, outlet=outlet)).write_key
            for key, (name, outlet) in SOURCES.items()
        }


async def digested(db: Database) -> None:
    """Until the consumers have read everything."""
    while True:
        async with db.transaction() as tx:
            lags = await consumers.lags(tx)
            if lags and not any(lag.events for lag in lags):
                await profiles.refresh_directory(tx, currency="EUR")
                return
        await asyncio.sleep(0.05)


# ---- who comes by


def person(number: int) -> dict[str, str]:
    first, last, city = PEOPLE[number]
    plain = f"{first}.{last}".lower().replace(" ", "").translate(str.maketrans("éèëôçïî", "eeeocii"))
    return {
        "user": f"u-{1000 + number}", "first": first, "last": last, "city": city, "email": f"{plain}@posteo.example",
        "phone": f"+3364187{2000 + number * 7:04d}", "card": f"8840{2200 + number * 13:04d}", "cookie": f"{number:08x}-c00c-4000-8000-{number * 7919 + 11_184_811:012x}", "phone_id": f"{number:08x}-a1b2-4000-8000-{number * 6151 + 9_586_981:012x}",
    }  # fmt: skip


def event(at: datetime, kind: str = "track", **body) -> dict:
    return {
        "type": kind,
        "timestamp": at.isoformat(),
        "context": {"userAgent": "Mozilla/5.0 (Macintosh) Safari/605.1"},
        **body,
    }


def looks(who: dict, at: datetime, articles: list, **ids) -> Iterator[dict]:
    for place, (sku, name, category, price) in enumerate(articles):
        yield event(
            at + timedelta(minutes=2 * place),
            event="Product Viewed",
            properties={
                "product_id": sku,
                "sku": sku,
                "name": name,
                "category": category,
                "price": price / 100,
                "currency": "EUR",
            },
            **ids,
        )


def people_come_by(town: Town, *, hostile: bool = True) -> None:
    rng = random.Random(7)
    now = datetime.now(UTC)
    sent: dict[str, list[dict]] = {key: [] for key in SOURCES}
    for number in range(len(PEOPLE)):
        who = person(number)
        for _ in range(rng.randint(2, 6)):
            at = now - timedelta(days=rng.random() * 85, hours=rng.random() * 5)
            sent["browser"] += looks(who, at, rng.sample(ARTICLES, rng.randint(1, 4)), anonymousId=who["cookie"])
        at = now - timedelta(days=rng.random() * 60)
        if number % 4 != 3:
            traits = {
                "email": who["email"],
                "firstName": who["first"],
                "lastName": who["last"],
                "address": {"city": who["city"], "country": "FR"},
                "language": "fr",
            }
            sent["browser"].append(event(at, "identify", anonymousId=who["cookie"], userId=who["user"], traits=traits))
            sent["browser"].append(
                event(
                    at + timedelta(minutes=3),
                    event="Product Added",
                    anonymousId=who["cookie"],
                    userId=who["user"],
                    properties={
                        "sku": "K-204",
                        "name": "Jumper Alba, écru",
                        "price": 119,
                        "quantity": 1,
                        "currency": "EUR",
                    },
                )
            )
        if number % 3 == 0:
            phone = {**event(now, "identify")["context"], "userAgent": "Tissandier/4.2 (iPhone15,2; iOS 26.1)"}
            sent["app"].append(
                event(
                    at + timedelta(days=1),
                    "identify",
                    anonymousId=who["phone_id"],
                    userId=who["user"],
                    traits={"phone": who["phone"], "loyalty_card": who["card"]},
                )
                | {"context": phone}
            )
            sent["app"].append(
                event(
                    at + timedelta(days=1, minutes=1),
                    event="Application Opened",
                    anonymousId=who["phone_id"],
                    userId=who["user"],
                )
                | {"context": phone}
            )
        if number % 5 == 0:
            sent["calls"].append(
                event(
                    at + timedelta(days=2), event="Call Started", userId=who["user"], properties={"reason": "delivery"}
                )
            )
        if number % 2 == 0:
            sent["news"].append(
                event(
                    at - timedelta(days=3),
                    event="Email Delivered",
                    userId=who["user"],
                    properties={"email_subject": "Winter knit", "name": "Winter knit"},
                )
            )
            sent["news"].append(
                event(
                    at - timedelta(days=3) + timedelta(hours=2),
                    event="Email Opened",
                    userId=who["user"],
                    properties={"email_subject": "Winter knit", "name": "Winter knit"},
                )
            )
    if hostile:
        # Somebody who types what she should not.
        sent["browser"].append(
            event(
                now - timedelta(hours=3),
                "identify",
                anonymousId="evil-1",
                userId="u-evil",
                traits={"name": XSS, "email": "evil@posteo.example", "motto": f'"{XSS}'},
            )
        )
        sent["browser"].append(
            event(
                now - timedelta(hours=2),
                event=f"Evil {XSS}",
                anonymousId="evil-1",
                userId="u-evil",
                properties={"name": XSS},
            )
        )
    # A tablet that three people share.
    for number in (0, 1, 2):
        sent["app"].append(
            event(
                now - timedelta(days=9 - number),
                "identify",
                anonymousId="shared-tablet-0001",
                userId=person(number)["user"],
                traits={},
            )
        )
    # Today, up to this minute.
    for number in range(40):
        who = person(rng.randrange(len(PEOPLE)))
        sent["browser"] += looks(
            who, now - timedelta(minutes=40 - number), [rng.choice(ARTICLES)], anonymousId=who["cookie"]
        )
    # What cannot be taken.
    sent["browser"] += [
        {"type": "track", "anonymousId": "x"},
        {"type": "track", "event": "Product Viewed"},
        {"type": "trakc", "anonymousId": "x"},
    ]
    sent["market"] += [
        event(
            now,
            event="Order Completed",
            anonymousId="m-1",
            properties={"order_id": "R-1", "total": -20, "currency": "EUR"},
        )
    ]
    sent["calls"] += [{"type": "track", "userId": "u-1000", "event": "Call Started", "timestamp": "yesterday"}]
    for source, events in sent.items():
        for place in range(0, len(events), 100):
            town.send(source, *events[place : place + 100])


async def record_receipts(db: Database) -> None:
    rng = random.Random(11)
    async with db.reading() as tx:
        now = tx.now
    midnight = now.astimezone(PARIS).replace(hour=0, minute=0, second=0, microsecond=0)
    sales: list[orders.NewSale] = []

    def sell(outlet: str, at: datetime, who: dict | None, *, kind: str = "sale", currency: str = "EUR") -> None:
        articles = rng.sample(ARTICLES, rng.choice([1, 1, 2, 3]))
        named = (
            {}
            if who is None
            else {"loyalty_card": who["card"]}
            if outlet in SHOPS
            else {"user_id": who["user"], "email": who["email"]}
        )
        sales.append(
            orders.NewSale(
                outlet=outlet, number=f"{outlet}-{len(sales):05d}", occurred_at=at, currency=currency, kind=kind, identifiers=named,
                lines=[orders.NewLine(sku=sku, name=name, amount_minor=price) for sku, name, _, price in articles],
                total_minor=sum(price for *_, price in articles),
            )
        )  # fmt: skip

    for number in range(len(PEOPLE)):
        for _ in range(rng.randint(0, 7)):
            sell(
                rng.choice(["LYB", "LYB", "LYP", "NAN", "LIL", "BXL", "site"]),
                now - timedelta(days=1 + rng.random() * 360),
                person(number),
            )
    for back in (0, 7):
        opening = midnight - timedelta(days=back) + timedelta(hours=7.5)
        for _ in range(260):
            at = opening + timedelta(hours=13.5 * rng.betavariate(2, 1.6))
            shop = rng.choices([*SHOPS, "site", "appli", "redoute", "centre"], [9, 6, 5, 4, 3, 12, 6, 2, 1])[0]
            who = person(rng.randrange(len(PEOPLE))) if rng.random() < 0.6 else None
            if at < now and (back == 0 or rng.random() < 0.88):
                sell(shop, at, who)
    sell("LYB", now - timedelta(minutes=20), person(0), kind="return")
    # Those who pay in another money than the house counts in: one who also pays in ours, and one who never does.
    sell("site", now - timedelta(days=12), person(POUNDS_TOO), currency="GBP")
    sell("site", now - timedelta(minutes=35), person(POUNDS_TOO), currency="GBP")
    sales.append(
        orders.NewSale(
            outlet="site", number="site-pounds", occurred_at=now - timedelta(days=3), currency="GBP",
            identifiers={"email": POUNDS_ONLY}, lines=[orders.NewLine(name="Scarf Alba, écru", amount_minor=7_900)],
            total_minor=7_900,
        )
    )  # fmt: skip
    async with db.transaction() as tx:
        answers = await orders.record(tx, sales)
    refused = [answer for answer in answers if not isinstance(answer, orders.Recorded)]
    assert not refused, refused[:3]


def main() -> None:
    from comptoir.kernel.postgres import embedded  # noqa: PLC0415

    folder = Path(sys.argv[1] if len(sys.argv) > 1 else "/tmp/comptoir-town")
    with serving(embedded(folder / "postgres")) as town:
        print(town.url, flush=True)
        print(*town.keys.items(), sep="\n", flush=True)
        threading.Event().wait()


if __name__ == "__main__":
    main()
