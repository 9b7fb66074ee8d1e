"""How far the book can be believed: the last count of each article against what the book said at that moment."""

from datetime import datetime

import msgspec

from comptoir.kernel.db import Tx


class Accuracy(msgspec.Struct, frozen=True, kw_only=True):
    """A location. An article is right when all pieces were found and no more."""

    location: str
    articles: int
    """Counted at least once."""
    right: int
    units_percent: int
    """100 less the differences, of the greater of book and count, all articles together."""
    withheld: int
    """Units that are not offered because of it."""
    oldest: datetime
    newest: datetime


async def accuracy(tx: Tx) -> list[Accuracy]:
    """By location, of what was counted there. By article: `believed`."""
    return await tx.many(Accuracy, BY_LOCATION)


class Believed(msgspec.Struct, frozen=True, kw_only=True):
    """An article at a location: what its last count found, and what the book said at that moment."""

    variant_id: int
    location: str
    counted: int
    book: int
    percent: int
    """How far the two agree: the smaller of the greater."""
    withheld: int
    counted_at: datetime


async def believed(tx: Tx, *, location: str, after: tuple[int, int] | None = None, limit: int = 50) -> list[Believed]:
    """What was counted at a location, article by article, the worst first; behind `after` (percent, variant)."""
    percent, variant = after or (None, None)
    return await tx.many(Believed, BY_ARTICLE, location=location, percent=percent, variant=variant, limit=limit)


BY_ARTICLE = """
    SELECT variant_id, location, counted, book, percent, withheld, counted_at FROM inventory.v_accuracy
    WHERE location = %(location)s
      AND (%(percent)s::integer IS NULL OR (percent, variant_id) > (%(percent)s::integer, %(variant)s::bigint))
    ORDER BY percent, variant_id LIMIT %(limit)s
"""

BY_LOCATION = """
    SELECT location, count(*)::integer AS articles, (count(*) FILTER (WHERE counted = book))::integer AS "right",
           coalesce(100 - 100 * sum(abs(counted - book)) / nullif(sum(greatest(counted, book, 0)), 0), 100)::integer
               AS units_percent,
           sum(withheld)::integer AS withheld, min(counted_at) AS oldest, max(counted_at) AS newest
    FROM inventory.v_accuracy GROUP BY location ORDER BY location
"""
