"""Who really did what. Written beside the database and read by the measurement only: nothing of it is ever sent.

`truth/part-*.parquet` has one row for every identifier that an act showed: act, time, source, person, household,
namespace, value. An identifier that several people use (a household's card, its tablet, its landline) belongs to
nobody alone and is counted apart.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable
from importlib import import_module
from pathlib import Path
from typing import Any

import duckdb
import msgspec

from comptoir.demo.outings import Mark
from comptoir.demo.twin import Act
from comptoir.demo.world import Person

pa: Any = import_module("pyarrow")  # it ships no types
pq: Any = import_module("pyarrow.parquet")
SCHEMA = pa.schema(
    [
        ("act", pa.string()),
        ("at", pa.timestamp("us", tz="UTC")),
        ("source", pa.string()),
        ("person", pa.int64()),
        ("household", pa.int64()),
        ("namespace", pa.string()),
        ("value", pa.string()),
    ]
)
ROWS_PER_PART = 20_000


class Truth:
    """Keeps the truth of a run in memory and writes it in parts: a part that is there is whole."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._rows: list[tuple[object, ...]] = []

    def keep(self, act: Act, person: Person) -> None:
        if not act.sound:
            return
        for namespace, value in act.marks:
            self._rows.append((act.key, act.at, act.source, person.number, person.household_id, namespace, value))
        if len(self._rows) >= ROWS_PER_PART:
            self.write()

    def empty(self) -> None:
        """Before a run that was cut off is repeated from its beginning."""
        self._rows.clear()
        for part in self.folder.glob("part-*.parquet"):
            part.unlink()

    def write(self) -> None:
        if not self._rows:
            return
        self.folder.mkdir(parents=True, exist_ok=True)
        columns = [
            pa.array(column, field.type) for column, field in zip(zip(*self._rows, strict=True), SCHEMA, strict=True)
        ]
        number = len(list(self.folder.glob("part-*.parquet")))
        unfinished = self.folder / "unfinished"
        pq.write_table(pa.table(columns, SCHEMA), unfinished)
        unfinished.rename(self.folder / f"part-{number:05d}.parquet")
        self._rows.clear()

    def owners(self) -> dict[Mark, set[int]]:
        """Every identifier seen so far and the people who used it."""
        self.write()
        parts = [str(part) for part in sorted(self.folder.glob("part-*.parquet"))]
        if not parts:
            return {}
        with duckdb.connect() as sql:
            sql.read_parquet(parts).create_view("seen")
            rows = sql.execute("SELECT namespace, value, list(DISTINCT person) FROM seen GROUP BY ALL").fetchall()
        return {(namespace, value): set(people) for namespace, value, people in rows}


class Measured(msgspec.Struct, frozen=True):
    """How the recognised people compare with the real ones, over pairs of identifiers of one person."""

    identifiers: int
    shared: int
    """Used by several people: left out of the pairs."""
    unknown: int
    """Seen by nobody: sent, but not found on the server (yet)."""
    people: int
    """Real people with at least one identifier."""
    found_people: int
    """How many the server sees in the same identifiers."""
    together: int
    """Pairs that really belong together."""
    found: int
    """Pairs the server puts together."""
    right: int
    """Pairs in both."""

    @property
    def precision(self) -> float:
        return self.right / self.found if self.found else 1.0

    @property
    def recall(self) -> float:
        return self.right / self.together if self.together else 1.0


def measure(owners: dict[Mark, set[int]], recognised: Callable[[Mark], str | None]) -> Measured:
    """`recognised` says to which person the server gives an identifier, None where it does not know it."""
    real: dict[int, int] = defaultdict(int)
    found: dict[str, int] = defaultdict(int)
    both: dict[tuple[int, str], int] = defaultdict(int)
    shared = unknown = 0
    for mark, people in owners.items():
        if len(people) > 1:
            shared += 1
            continue
        if (group := recognised(mark)) is None:
            unknown += 1
            continue
        (person,) = people
        real[person] += 1
        found[group] += 1
        both[person, group] += 1
    return Measured(
        identifiers=len(owners),
        shared=shared,
        unknown=unknown,
        people=len(real),
        found_people=len(found),
        together=pairs(real.values()),
        found=pairs(found.values()),
        right=pairs(both.values()),
    )


def pairs(sizes: Iterable[int]) -> int:
    return sum(size * (size - 1) // 2 for size in sizes)
