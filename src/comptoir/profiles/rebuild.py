"""The projection can be thrown away: it is what replaying the log makes, and nothing else.

`empty` it, rewind the consumer, and the worker fills it again; `digest` before and after proves that it is the same.
"""

from typing import LiteralString

from comptoir.kernel.db import Tx

TABLES: tuple[LiteralString, ...] = (
    "node",
    "trait",
    "name_word",
    "day",
    "day_category",
    "shop",
    "device",
    "moment",
    "person",
    "minute",
    "takings",
)


async def empty(tx: Tx) -> None:
    """Forget every measure, trait and moment. A worker under way is waited for, and its next batch starts anew."""
    await tx.run(EMPTY)


# First those that the projection and the directory lock first.
EMPTY: LiteralString = "TRUNCATE profiles.moment, profiles.stale, " + ", ".join(
    ["profiles." + table for table in TABLES]
)


async def digest(tx: Tx) -> dict[str, tuple[int, str]]:
    """Per table the number of its rows and a hash of all of them, whatever their order."""
    return {table: (await tx.tuples(DIGEST + table + " AS t"))[0] for table in TABLES}


DIGEST: LiteralString = """
    SELECT count(*), coalesce(sum(hashtextextended(t::text, 0)::numeric), 0)::text FROM profiles."""
