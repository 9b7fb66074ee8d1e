"""Which message keys were recorded in the last seven days and more.

Today's keys are guarded by the unique index of today's partition. Of each frozen day a Bloom filter says "surely new"
or "perhaps": so of 100,000 new keys about 80 are looked up, the others are asked of no index. The filter of a day is
made once, when the day can no longer change, and kept in `ingest.seen_day`, so that a start reads it instead of the
log. A day without its filter yet is simply asked.
"""

import asyncio
from collections.abc import Collection, Iterable, KeysView
from datetime import UTC, date, datetime, timedelta
from typing import Any

import numpy as np
import psycopg
import structlog
from numpy.typing import NDArray

from comptoir.kernel.db import Database

log = structlog.get_logger(__name__)

WINDOW = 7
"""Days before today."""
BITS_PER_KEY = 24
PROBES = 6
"""With 24 to 48 bits a key, one new key in 8,000 or fewer is called "perhaps"."""
FEW = 24
"""Up to so many keys, plain Python is quicker than numpy's overhead."""
RECENT = 50_000


class Filter:
    """A Bloom filter of 16-byte keys that are hashes already: its probes are slices of the key itself."""

    def __init__(self, bits: NDArray[np.uint8]) -> None:
        self.bits = bits
        self.mask = len(bits) * 8 - 1
        self._view = memoryview(bits)  # pyright: ignore[reportArgumentType]

    @classmethod
    def of(cls, keys: NDArray[np.uint64]) -> "Filter":
        """`keys` has two words a key."""
        size = 1 << max(10, (len(keys) * BITS_PER_KEY - 1).bit_length())
        held = np.zeros(size, np.bool_)
        for probe in range(PROBES):
            held[_place(keys, probe, np.uint64(size - 1))] = True
        return cls(np.packbits(held, bitorder="little"))

    def holds(self, key: bytes) -> bool:
        low, high = int.from_bytes(key[:8], "little"), int.from_bytes(key[8:], "little")
        for probe in range(PROBES):
            place = (low + probe * high >> 7) & self.mask
            if not self._view[place >> 3] >> (place & 7) & 1:
                return False
        return True


class Filters:
    """The filters of several days side by side: a batch is held against all of them at once."""

    def __init__(self, filters: Iterable[Filter] = ()) -> None:
        self._filters = list(filters)
        sizes = [len(one.bits) for one in self._filters]
        self._bits = np.concatenate([one.bits for one in self._filters]) if sizes else np.zeros(0, np.uint8)
        self._starts = np.cumsum([0, *sizes[:-1]]).reshape(-1, 1)
        self._masks = np.array([one.mask for one in self._filters], np.uint64).reshape(-1, 1)

    def perhaps(self, keys: Collection[bytes]) -> set[bytes]:
        """Those of the keys that may be in one of them; all that are."""
        if len(keys) <= FEW:
            return {key for key in keys if any(one.holds(key) for one in self._filters)}
        words = np.frombuffer(b"".join(keys), "<u8").reshape(-1, 2)
        index: NDArray[np.intp]
        day, index = np.nonzero(self._held(_place(words, 0, self._masks), self._starts))
        words, starts, masks = words[index], self._starts[day, 0], self._masks[day, 0]
        for probe in range(1, PROBES):
            left: NDArray[np.intp] = np.nonzero(self._held(_place(words, probe, masks), starts))[0]
            words, index, starts, masks = words[left], index[left], starts[left], masks[left]
        listed = list(keys)
        return {listed[int(i)] for i in index}

    def _held(self, places: NDArray[np.int64], starts: NDArray[np.int64]) -> NDArray[Any]:
        return self._bits[starts + (places >> 3)] >> (places & 7).astype(np.uint8) & 1


def _place(words: NDArray[np.uint64], probe: int, mask: NDArray[np.uint64] | np.uint64) -> NDArray[np.int64]:
    """Double hashing (Kirsch and Mitzenmacher 2006): low + i x high, without its lowest bits."""
    # Modulo 2**64 on purpose; the plain Python of Filter.holds agrees because mask is far below 2**57.
    sums = words[:, 0] + np.uint64(probe) * words[:, 1]
    return (sums >> np.uint64(7) & mask).astype(np.int64)


class Seen:
    """The filters of the frozen days, as one process knows them, and the keys it wrote last."""

    def __init__(self) -> None:
        self.today = date.min
        self._filters: dict[date, Filter] = {}
        self._all = Filters()
        self.since = datetime.min.replace(tzinfo=UTC)
        """Keys that no filter clears are looked for from here on."""
        self._young: set[bytes] = set()
        self._old: set[bytes] = set()

    def to_ask(self, keys: KeysView[bytes], remembered: set[bytes]) -> Collection[bytes]:
        """The keys that must be looked up before they may be written. (Today's index guards today.)"""
        if len(self._filters) < WINDOW or not keys:
            return keys
        return self._all.perhaps(keys) | remembered

    def remembered(self, keys: KeysView[bytes]) -> set[bytes]:
        """Those of the keys that this process wrote lately: a good guess at what is known."""
        return (keys & self._young) | (keys & self._old)

    def remember(self, keys: Iterable[bytes]) -> None:
        """What was just written is what is most often sent again. A hint only: looking it up decides."""
        self._young.update(keys)
        if len(self._young) > RECENT:
            self._old, self._young = self._young, set()

    def turn(self, today: date) -> None:
        """A new day: the filters that are still of use stay."""
        self.today = today
        first = today - timedelta(days=WINDOW)
        self._filters = {day: one for day, one in self._filters.items() if first <= day < today}
        self._all = Filters(self._filters.values())
        self.since = datetime(first.year, first.month, first.day, tzinfo=UTC)

    def missing(self) -> list[date]:
        days = [self.today - timedelta(days=n) for n in range(1, WINDOW + 1)]
        return [day for day in days if day not in self._filters]

    def add(self, day: date, made: Filter) -> None:
        """The filter of a frozen day."""
        self._filters[day] = made
        self._all = Filters(self._filters.values())


async def load(db: Database, seen: Seen) -> None:
    """Bring in the filters that are missing: from the table, or made from the log and kept for the next start.

    Only to be called when no transaction that stamped one of these days is still open (Intake's turn of the day).
    """
    today = seen.today
    for day in seen.missing():
        async with db.reading() as tx:
            found = await tx.value("SELECT filter FROM ingest.seen_day WHERE day = %(day)s", day=day)
        if found is None:
            keys = await _keys_of(db, day)
            made = await asyncio.to_thread(Filter.of, keys)
            async with db.transaction() as tx:
                await tx.run(KEEP, day=day, keys=len(keys), filter=made.bits.tobytes())
            log.info("ingest.day_frozen", day=str(day), keys=len(keys))
        else:
            made = Filter(np.frombuffer(found, np.uint8))
        if seen.today != today:
            return  # the day has turned meanwhile: somebody else loads
        seen.add(day, made)
    async with db.transaction() as tx:
        await tx.run(FORGET, before=today - timedelta(days=2 * WINDOW))


KEEP = "INSERT INTO ingest.seen_day (day, keys, filter) VALUES (%(day)s, %(keys)s, %(filter)b) ON CONFLICT DO NOTHING"
FORGET = "DELETE FROM ingest.seen_day WHERE day < %(before)s"


async def _keys_of(db: Database, day: date) -> NDArray[np.uint64]:
    connection: psycopg.AsyncConnection[Any] = await db.connect()
    first = datetime(day.year, day.month, day.day, tzinfo=UTC)
    parts: list[bytes] = []
    try:
        async with (
            connection.cursor() as cursor,
            cursor.copy(KEYS, {"first": first, "next": first + timedelta(days=1)}) as copy,
        ):
            async for part in copy:
                parts.append(bytes(part))  # noqa: PERF401
    finally:
        await connection.close()
    # 19 bytes of header and 2 of trailer around rows of 22: the count of columns, the length, the key.
    rows = b"".join(parts)[19:-2]
    return np.frombuffer(rows, np.uint8).reshape(-1, 22)[:, 6:].copy().view("<u8")


KEYS = """
    COPY (
        SELECT key FROM kernel.event
        WHERE recorded_at >= %(first)s AND recorded_at < %(next)s AND source_id IS NOT NULL
    ) TO STDOUT (FORMAT binary)
"""
