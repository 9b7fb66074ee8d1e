"""What the town sells: a catalogue with sizes, shops and a warehouse with stock and its story, prices, promotions.

Told through the front doors of catalog, inventory and pricing. Seeded, so that the same goods lie there every time.
"""

import random
from datetime import time, timedelta
from zoneinfo import ZoneInfo

from comptoir import catalog, channels, inventory, pricing
from comptoir.kernel.db import Database, Tx

PARIS = ZoneInfo("Europe/Paris")
SHOPS = {
    "LYB": ("Lyon Bellecour", "Lyon", "FR", 45.7578, 4.8320, "10:00", "19:30"),
    "LYP": ("Lyon Part-Dieu", "Lyon", "FR", 45.7607, 4.8590, "10:00", "20:00"),
    "NAN": ("Nantes Crébillon", "Nantes", "FR", 47.2135, -1.5620, "10:00", "19:30"),
    "LIL": ("Lille Grand-Place", "Lille", "FR", 50.6366, 3.0635, "10:00", "19:30"),
    "BXL": ("Bruxelles Louise", "Bruxelles", "BE", 50.8333, 4.3560, "10:00", "19:00"),
}
WAREHOUSE, RETURNS = "SQF", "QLT"
CLOSED = "NAN"
"""A shop that is shut today, for stock-taking."""

GARMENTS = [
    # code, name, category, drawing, cloth, price, sizes
    ("C-101", "Coat Ondine, camel", ("Clothes", "Coats"), "coat", "camel", 34900, "34 36 38 40 42 44"),
    ("C-120", "Coat Corail, ink & fir", ("Clothes", "Coats"), "coat", "ink", 29900, "36 38 40 42"),
    ("C-140", "Trench Rivage, écru", ("Clothes", "Coats"), "trench", "ecru", 27900, "36 38 40"),
    ("K-204", "Jumper Alba, écru", ("Clothes", "Knitwear"), "jumper", "ecru", 11900, "S M L"),
    ("K-231", "Cardigan Mousse", ("Clothes", "Knitwear"), "jumper", "fir", 13900, "S M L"),
    ("T-512", "Trousers Lison", ("Clothes", "Trousers"), "trousers", "black", 12900, "36 38 40 42"),
    ("H-601", "Shirt Brume, sky", ("Clothes", "Shirts"), "shirt", "sky", 8900, "36 38 40"),
    ("R-702", "Dress Coline, rose", ("Clothes", "Dresses"), "dress", "rose", 15900, "36 38 40"),
    ("S-310", "Boots Corentin, tan", ("Shoes", "Boots"), "boot", "tan", 18900, "37 38 39 40"),
    ("S-322", "Loafers Paulin", ("Shoes", "Loafers"), "sneaker", "brick", 15900, "38 39 40 41"),
    ("A-410", "Scarf Alba, écru", ("Accessories", "Scarves"), "scarf", "ecru", 8900, ""),
    ("A-433", "Belt Rivage", ("Accessories", "Belts"), "", "grey", 5900, ""),
    ("A-450", "Bag Quai, camel", ("Accessories", "Bags"), "bag", "camel", 24900, ""),
    ("A-471", "Beanie Alba, brick", ("Accessories", "Hats"), "beanie", "brick", 3900, ""),
]  # fmt: skip
PLAIN = 22
"""So many more articles without a drawing, so that the list has a second page."""


async def stock_up(db: Database) -> None:
    """Everything, in a few transactions."""
    async with db.transaction() as tx:
        await describe_places(tx)
        await catalog.import_products(tx, products())
    async with db.transaction() as tx:
        await fill_shelves(tx)
    async with db.transaction() as tx:
        await set_prices(tx)
        await set_promotions(tx)


# ---- the catalogue


def products() -> list[catalog.NewProduct]:
    drawn = [
        catalog.NewProduct(
            code=code,
            name=name,
            brand="Tissandier",
            category=list(category),
            attributes={"drawing": drawing, "cloth": cloth, "material": "boiled wool"} if drawing else {},
            variants=[
                catalog.NewVariant(f"{code}-{size}", gtin=gtin(code, size), name=f"{name}, {size}", attributes={"size": size})
                for size in sizes.split()
            ]
            or [catalog.NewVariant(code, gtin=gtin(code, ""))],
        )
        for code, name, category, drawing, cloth, _, sizes in GARMENTS
    ]  # fmt: skip
    plain = [
        catalog.NewProduct(code=f"B-{900 + n}", name=f"Button card n° {n + 1}", category=["Haberdashery", "Buttons"])
        for n in range(PLAIN)
    ]
    return drawn + plain


def gtin(code: str, size: str) -> str:
    rng = random.Random(code + size)
    digits = "376" + "".join(str(rng.randrange(10)) for _ in range(9))
    return digits + str(catalog.check_digit(digits))


# ---- places and stock


async def describe_places(tx: Tx) -> None:
    today = tx.now.astimezone(PARIS).date()
    known = {one.code: one for one in await channels.outlets(tx)}
    week = ("mon", "tue", "wed", "thu", "fri", "sat")
    await channels.record_outlets(
        tx,
        outlets=[
            channels.OutletEntry(
                channel="shop", code=code, name=name, city=city, country=country, latitude=lat, longitude=lon,
                time_zone="Europe/Paris", currency=known[code].currency,
                opening_hours=channels.OpeningHours(
                    weekly={day: [channels.Opening(opens, closes)] for day in week},
                    # Open today whatever day it is, so that the same town stands every time; one is shut.
                    exceptions={today: [] if code == CLOSED else [channels.Opening(opens, closes)]},
                ),
            )
            for code, (name, city, country, lat, lon, opens, closes) in SHOPS.items()
        ],
    )  # fmt: skip
    entries = [
        inventory.LocationEntry(
            code=code, kind="shop", name=name, outlet=code, country=country, time_zone="Europe/Paris", safety=0,
            methods=["collect"] if code == "BXL" else ["collect", "ship"], lead_minutes=90,
        )
        for code, (name, _, country, *_) in SHOPS.items()
    ]  # fmt: skip
    entries += [
        inventory.LocationEntry(
            code=WAREHOUSE, kind="warehouse", name="Saint-Quentin-Fallavier", country="FR", latitude=45.64, longitude=5.11,
            time_zone="Europe/Paris", methods=["ship"], safety=2, lead_minutes=240, cut_off=time(14),
        ),
        inventory.LocationEntry(code=RETURNS, kind="quality_hold", name="Returns, Lyon", country="FR"),
    ]  # fmt: skip
    await inventory.record_locations(tx, entries)


async def fill_shelves(tx: Tx) -> None:
    """Deliveries over two months, sales since, what is promised just now; one piece sold that was promised."""
    rng = random.Random(19)
    place = {one.code: one.location_id for one in await inventory.locations(tx)}
    variants = await all_variants(tx)
    acts: list[inventory.Move] = []
    for sku, variant_id in sorted(variants.items()):
        if sku.startswith("B-"):
            if sku != "B-921":
                acts.append(receive(tx, variant_id, place[WAREHOUSE], rng.randint(20, 60), 40))
            continue
        acts.append(receive(tx, variant_id, place[WAREHOUSE], rng.randint(24, 60), 58 + rng.random() * 4))
        for code in SHOPS:
            many = rng.choice([0, 2, 3, 4, 5])
            if many:
                acts.append(
                    move(
                        tx,
                        variant_id,
                        place[WAREHOUSE],
                        place[code],
                        many,
                        50 - rng.random() * 3,
                        "transfer",
                        f"TR-{rng.randint(4000, 4999)}",
                    )
                )
            if many > 2:
                acts.append(move(tx, variant_id, place[code], place[code], 1, 46, "move", "", to_state="display"))
            acts += [
                move(
                    tx,
                    variant_id,
                    place[code],
                    inventory.CUSTOMER,
                    1,
                    rng.random() * 40,
                    "sell",
                    receipt(rng, code),
                    is_fact=True,
                )
                for _ in range(rng.randint(0, max(0, many - 2)))
            ]
        acts += [
            move(tx, variant_id, place[WAREHOUSE], inventory.CUSTOMER, 1, rng.random() * 35, "sell", receipt(rng, "W"), is_fact=True)
            for _ in range(rng.randint(1, 5))
        ]  # fmt: skip
    ondine = variants["C-101-38"]
    there = {"LYB": 4, "LYP": 1, "NAN": 2, "LIL": 2, "BXL": 2, WAREHOUSE: 9}
    acts = [act for act in acts if act.variant_id != ondine]
    acts.append(receive(tx, ondine, place[WAREHOUSE], 40, 59))
    for code, left in there.items():
        if code == WAREHOUSE:
            continue
        acts.append(move(tx, ondine, place[WAREHOUSE], place[code], left + 3, 49, "transfer", "TR-4118"))
        acts += [
            move(
                tx,
                ondine,
                place[code],
                inventory.CUSTOMER,
                1,
                days,
                "sell",
                f"{code}-{10200 + int(days * 10)}",
                is_fact=True,
            )
            for days in (31.4, 17.2, 6.1)
        ]
    lyb = place["LYB"]
    acts += [
        move(tx, ondine, inventory.CUSTOMER, lyb, 1, 4.2, "return", "LYB-10317", reason="too large"),
        move(tx, ondine, lyb, lyb, 1, 3.9, "move", "", to_state="display", reason="window"),
        move(tx, ondine, lyb, lyb, 1, 2.5, "move", "", to_state="damaged", reason="button missing"),
        move(tx, ondine, inventory.ADJUSTMENT, lyb, 1, 1.1, "count", "COUNT-88", reason="found at the count"),
        move(
            tx,
            ondine,
            place[WAREHOUSE],
            place[RETURNS],
            2,
            8,
            "transfer",
            "TR-4190",
            to_state="quarantine",
            reason="seam opens",
        ),
    ]
    acts.sort(key=lambda one: one.occurred_at or tx.now)
    await post(tx, acts)

    def promise(kind, reference, code, many=1, channel="web"):
        return kind(reference=reference, units=[inventory.Units(ondine, place[code], many)], channel=channel)

    await tx.run("UPDATE inventory.entry SET recorded_at = occurred_at")  # told as it happened, but for what follows
    await post(tx, [
        promise(inventory.Hold, "basket-71f3", "LYB"),
        promise(inventory.Allocate, "ORD-20417", "LIL", 2),
        promise(inventory.Allocate, "ORD-20431", WAREHOUSE, 3),
        move(tx, ondine, place["LIL"], inventory.CUSTOMER, 1, 0.05, "sell", "LIL-10388", is_fact=True),
    ])  # fmt: skip

    # Fences and thresholds have no door yet.
    async def keep(sql, **values):
        await tx.run(sql, variant=ondine, **values)

    await keep(FENCE, location=place["BXL"], channel="shop", quantity=2)
    await keep(THRESHOLD, channel="market", quantity=9)


FENCE = """
    INSERT INTO inventory.fence (variant_id, location_id, channel, quantity)
    VALUES (%(variant)s, %(location)s, %(channel)s, %(quantity)s)
"""
THRESHOLD = """
    INSERT INTO inventory.threshold (variant_id, channel, quantity) VALUES (%(variant)s, %(channel)s, %(quantity)s)
"""


def receipt(rng: random.Random, code: str) -> str:
    return f"{code}-{rng.randint(10000, 99999)}"


async def all_variants(tx: Tx) -> dict[str, int]:
    found: dict[str, int] = {}
    after = None
    while page := await catalog.search(tx, after=after, limit=100):
        found |= {one.sku: one.variant_id for product in page for one in product.variants}
        after = (page[-1].search_name, page[-1].product_id)
    return found


async def post(tx: Tx, acts: list) -> None:
    refused = [answer for answer in await inventory.post(tx, acts) if isinstance(answer, Exception)]
    assert not refused, refused[:3]


def receive(tx: Tx, variant: int, place: int, many: int, days: float) -> inventory.Move:
    return move(tx, variant, inventory.SUPPLIER, place, many, days, "receive", "PO-7731")


def move(
    tx: Tx, variant: int, source: int, target: int, many: int, days: float, act: str, reference: str, *,
    to_state="sellable", is_fact=False, reason="",
) -> inventory.Move:  # fmt: skip
    return inventory.Move(
        variant_id=variant, quantity=many, from_location_id=source, to_location_id=target, act=act, reference=reference,
        to_state=to_state, is_fact=is_fact, reason=reason, occurred_at=tx.now - timedelta(days=days),
    )  # fmt: skip


# ---- prices and promotions


async def set_prices(tx: Tx) -> None:
    lists = {
        "WINTER": pricing.PriceListEntry(name="Winter 2026", currency="EUR"),
        "GOLD": pricing.PriceListEntry(name="Gold customers", currency="EUR", customer_group="gold"),
        "MARKET": pricing.PriceListEntry(name="La Redoute", currency="EUR", channel="market"),
        "LILLE": pricing.PriceListEntry(name="Lille, opening week", currency="EUR", outlet="LIL", ends_at=tx.now + timedelta(days=5)),
        "SPRING": pricing.PriceListEntry(name="Spring 2027", currency="EUR", starts_at=tx.now + timedelta(days=90)),
        "SUMMER": pricing.PriceListEntry(name="Summer 2026", currency="EUR", ends_at=tx.now - timedelta(days=60)),
        "POUNDS": pricing.PriceListEntry(name="London", currency="GBP", channel="web"),
    }  # fmt: skip
    for code, entry in lists.items():
        await pricing.set_price_list(tx, code=code, entry=entry)
    skus = {code: [f"{code}-{size}" for size in sizes.split()] or [code] for code, *_, sizes in GARMENTS}
    cost = {code: price for code, *_, price, _ in GARMENTS}
    prices = [
        pricing.NewPrice(sku, cost[code], was_minor=cost[code] + 4000 if code in {"C-140", "R-702"} else None)
        for code, several in skus.items()
        for sku in several
    ]
    prices += [pricing.NewPrice(f"B-{900 + n}", 250 + 10 * n) for n in range(PLAIN - 2)]
    coats = [(sku, cost[code]) for code in ("C-101", "C-120") for sku in skus[code]]
    await pricing.import_prices(tx, code="WINTER", prices=prices)
    await pricing.import_prices(tx, code="GOLD", prices=[pricing.NewPrice(s, p - 3000) for s, p in coats])
    await pricing.import_prices(tx, code="MARKET", prices=[pricing.NewPrice(s, p + 1000) for s, p in coats])
    await pricing.import_prices(tx, code="LILLE", prices=[pricing.NewPrice(s, p - 2000, was_minor=p) for s, p in coats])
    await pricing.import_prices(tx, code="SPRING", prices=[pricing.NewPrice(s, p - 5000) for s, p in coats])
    await pricing.import_prices(tx, code="SUMMER", prices=[pricing.NewPrice(s, p - 6000) for s, p in coats])
    await pricing.import_prices(tx, code="POUNDS", prices=[pricing.NewPrice(s, p - 1900) for s, p in coats])
    await pricing.set_tax_rates(tx, rates=[pricing.TaxRate(country="FR", rate_millionths=200_000)])


async def set_promotions(tx: Tx) -> None:
    def rule(attribute, op, value):
        return {"attribute": attribute, "op": op, "value": value}

    entries = {
        "KNIT-2": pricing.PromotionEntry(
            name="Two knits, a third off the second", scope="line", benefit=pricing.BuyGet(1, 1, 3_300), group="knit",
            target=rule("line.categories", "has any", ["Clothes / Knitwear"]), stacking="exclusive", priority=5,
            ends_at=tx.now + timedelta(days=12),
        ),
        "WELCOME": pricing.PromotionEntry(
            name="Ten euros for the first order", scope="order", benefit=pricing.AmountOff(1_000), currency="EUR",
            needs_coupon=True, condition=rule("basket.amount", ">=", 5_000),
        ),
        "COAT-WEEK": pricing.PromotionEntry(
            name="Coat week", scope="line", benefit=pricing.Percent(1_500), group="coats", stacking="exclusive",
            target=rule("line.categories", "has any", ["Clothes / Coats"]), priority=3, currency="EUR",
            budget_minor=2_500_000, max_uses=400, starts_at=tx.now - timedelta(days=3), ends_at=tx.now + timedelta(days=4),
            max_discount_minor=12_000,
        ),
        "GOLD-COATS": pricing.PromotionEntry(
            name="Gold: thirty euros off a coat", scope="line", benefit=pricing.AmountOff(3_000), currency="EUR", group="coats",
            stacking="exclusive", target=rule("line.categories", "has any", ["Clothes / Coats"]),
            condition=rule("basket.groups", "has any", ["gold"]),
        ),
        "BIG-BASKET": pricing.PromotionEntry(
            name="Five per cent from 500 euros", scope="order", benefit=pricing.Percent(500),
            condition={"all": [rule("basket.amount", ">=", 50_000), rule("basket.channel", "in", ["web", "app"])]},
        ),
        "FREE-DELIVERY": pricing.PromotionEntry(
            name="Delivery on the house from 80 euros", scope="shipping", benefit=pricing.FixedPrice(0), currency="EUR",
            condition=rule("basket.amount", ">=", 8_000),
        ),
        "SUMMER-END": pricing.PromotionEntry(
            name="End of summer", scope="order", benefit=pricing.Percent(2_000), ends_at=tx.now - timedelta(days=70),
        ),
    }  # fmt: skip
    for code, entry in entries.items():
        await pricing.set_promotion(tx, code=code, entry=entry)
    await pricing.set_campaign(
        tx, code="NEWCOMERS", entry=pricing.CampaignEntry(name="First order, by e-mail", promotion="WELCOME")
    )
    await pricing.add_coupons(tx, campaign_code="NEWCOMERS", coupons=[
        pricing.NewCoupon("WELCOME10", max_uses=None, label="WELCOME10"),
        pricing.NewCoupon("USEDUP01", max_uses=1),
    ])  # fmt: skip
    uses = [pricing.Use(act="redeem", reference="ORD-20402", code="USEDUP01", amount_minor=1_000)]
    uses += [
        pricing.Use(act="redeem", reference=f"ORD-{20300 + n}", promotion="COAT-WEEK", amount_minor=5_235)
        for n in range(38)
    ]
    uses += [pricing.Use(act="reserve", reference="basket-71f3", promotion="COAT-WEEK", amount_minor=5_235)]
    settled = await pricing.settle(tx, uses)
    assert not [one for one in settled if isinstance(one, Exception)], settled
