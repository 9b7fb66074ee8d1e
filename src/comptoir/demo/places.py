"""Where the shops stand. The data set has only their numbers: addresses, positions and hours are generated here.

They lie in towns of the eastern United States, because the receipts' times say so. Also the shops, shelves and
households of a demo without the data package.
"""

import random
from functools import cache
from math import cos, radians

import msgspec

from comptoir.demo.history import Household, Product

# Town, state, ZIP of the centre, position, zone.
TOWNS = [
    ("Cincinnati", "OH", 45202, 39.1031, -84.5120, "America/New_York"),
    ("Dayton", "OH", 45402, 39.7589, -84.1916, "America/New_York"),
    ("Columbus", "OH", 43215, 39.9612, -82.9988, "America/New_York"),
    ("Toledo", "OH", 43604, 41.6528, -83.5379, "America/New_York"),
    ("Cleveland", "OH", 44113, 41.4993, -81.6944, "America/New_York"),
    ("Akron", "OH", 44308, 41.0814, -81.5190, "America/New_York"),
    ("Springfield", "OH", 45502, 39.9242, -83.8088, "America/New_York"),
    ("Chillicothe", "OH", 45601, 39.3331, -82.9824, "America/New_York"),
    ("Hamilton", "OH", 45011, 39.3995, -84.5613, "America/New_York"),
    ("Covington", "KY", 41011, 39.0837, -84.5086, "America/New_York"),
    ("Lexington", "KY", 40507, 38.0406, -84.5037, "America/New_York"),
    ("Frankfort", "KY", 40601, 38.2009, -84.8733, "America/New_York"),
    ("Louisville", "KY", 40202, 38.2527, -85.7585, "America/Kentucky/Louisville"),
    ("Indianapolis", "IN", 46204, 39.7684, -86.1581, "America/Indiana/Indianapolis"),
    ("Fort Wayne", "IN", 46802, 41.0793, -85.1394, "America/Indiana/Indianapolis"),
    ("Muncie", "IN", 47305, 40.1934, -85.3864, "America/Indiana/Indianapolis"),
    ("Richmond", "IN", 47374, 39.8289, -84.8902, "America/Indiana/Indianapolis"),
    ("Detroit", "MI", 48226, 42.3314, -83.0458, "America/Detroit"),
    ("Ann Arbor", "MI", 48104, 42.2808, -83.7430, "America/Detroit"),
    ("Lansing", "MI", 48933, 42.7325, -84.5555, "America/Detroit"),
    ("Charleston", "WV", 25301, 38.3498, -81.6326, "America/New_York"),
    ("Huntington", "WV", 25701, 38.4192, -82.4452, "America/New_York"),
    ("Roanoke", "VA", 24011, 37.2710, -79.9414, "America/New_York"),
    ("Lynchburg", "VA", 24504, 37.4138, -79.1422, "America/New_York"),
    ("Knoxville", "TN", 37902, 35.9606, -83.9207, "America/New_York"),
    ("Asheville", "NC", 28801, 35.5951, -82.5515, "America/New_York"),
    ("Charlotte", "NC", 28202, 35.2271, -80.8431, "America/New_York"),
    ("Columbia", "SC", 29201, 34.0007, -81.0348, "America/New_York"),
    ("Augusta", "GA", 30901, 33.4735, -82.0105, "America/New_York"),
    ("Atlanta", "GA", 30303, 33.7490, -84.3880, "America/New_York"),
]
STREETS = [
    *("Main Street", "Market Street", "High Street", "Church Street", "River Road", "Mill Street", "Orchard Lane"),
    *("Union Avenue", "Station Road", "Lincoln Avenue", "Maple Avenue", "Walnut Street", "College Street"),
    *("Depot Street", "Canal Street", "Spring Street", "Fountain Square", "Chestnut Street", "Vine Street"),
    *("Garden Avenue", "Harrison Avenue", "Franklin Street", "Meadow Drive", "Bridge Street"),
]
HOURS = [(7, 22), (6, 23), (8, 21), (7, 23)]
SHELVES = {
    "Produce": ["Apples", "Tomatoes", "Salad", "Bananas", "Carrots", "Berries"],
    "Bakery": ["White bread", "Rye bread", "Croissants", "Apple pie", "Bagels"],
    "Dairy": ["Milk", "Butter", "Yoghurt", "Cheddar", "Cream"],
    "Grocery": ["Coffee", "Green tea", "Rice", "Spaghetti", "Olive oil", "Soup", "Dark chocolate"],
    "Household": ["Dish soap", "Paper towels", "Light bulbs", "Candles"],
}


class Shop(msgspec.Struct, frozen=True):
    """One shop with everything that is made up about it; only its number is real."""

    store_id: int
    name: str
    street: str
    postal_code: str
    city: str
    region: str
    latitude: float
    longitude: float
    time_zone: str
    opens: int
    """Hour of the local day; Sundays it opens an hour later and closes an hour earlier."""
    closes: int

    @property
    def code(self) -> str:
        return code(self.store_id)


@cache
def code(store_id: int) -> str:
    """`CIN-367`: the made-up town and the real number. The town is the first thing that is drawn for a shop."""
    return f"{random.Random(f'shop:{store_id}').choice(TOWNS)[0][:3].upper()}-{store_id}"


def shops(store_ids: list[int]) -> list[Shop]:
    """The same number always stands in the same place, whatever the seed of the people."""
    taken: set[str] = set()
    made: list[Shop] = []
    for store_id in sorted(store_ids):
        rng = random.Random(f"shop:{store_id}")
        town, state, postcode, latitude, longitude, zone = rng.choice(TOWNS)
        street = next(
            (street for street in rng.sample(STREETS, len(STREETS)) if f"{town}, {street}" not in taken), "Plaza"
        )
        name = f"{town}, {street}" if f"{town}, {street}" not in taken else f"{town}, {street} {store_id}"
        taken.add(name)
        opens, closes = rng.choice(HOURS)
        north, east = rng.gauss(0, 0.05), rng.gauss(0, 0.05)
        made.append(
            Shop(
                store_id=store_id,
                name=name,
                street=f"{rng.randrange(1, 3_000)} {street}",
                postal_code=f"{postcode + rng.randrange(30):05d}",
                city=town,
                region=state,
                latitude=round(latitude + north, 5),
                longitude=round(longitude + east / cos(radians(latitude)), 5),
                time_zone=zone,
                opens=opens,
                closes=closes,
            )
        )
    return made


# ---- without the data package


def made_up_products() -> list[Product]:
    return [
        Product(
            product_id=shelf * 1_000 + number * 10 + size,
            name=f"{kind}, {words}",
            brand="Comptoir",
            category=[department, kind],
            package_size=words,
            manufacturer_id=0,
            price=random.Random(f"price:{kind}:{words}").randrange(99, 1_299, 10),
        )
        for shelf, (department, kinds) in enumerate(SHELVES.items(), 1)
        for number, kind in enumerate(kinds)
        for size, words in enumerate(("small", "large", "family"))
    ]


def made_up_households(seed: int, count: int) -> list[Household]:
    rng = random.Random(f"{seed}:households")
    products = [product.product_id for product in made_up_products()]
    return [
        Household(
            household_id=number,
            stores=rng.sample(MADE_UP_STORES, 3),
            baskets=int(rng.paretovariate(1.1)) + 5,
            favourites=rng.sample(products, 20),
        )
        for number in range(1, count + 1)
    ]


MADE_UP_STORES = list(range(1, 25))
