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
    """By location, of what was counted there. By article: `inventory.v_accuracy`."""
    return await tx.many(Accuracy, BY_LOCATION)


BY_LOCATION = """
    SELECT location, count(*)::integer AS articles, (count(*) FILTER (WHERE counted = book))::integer AS "right",
           coalesce(100 - 100 * sum(abs(counted - book)) / nullif(sum(greatest(counted, book, 0)), 0), 100)::integer
               AS units_percent,
           sum(withheld)::integer AS withheld, min(counted_at) AS oldest, max(counted_at) AS newest
    FROM inventory.v_accuracy GROUP BY location ORDER BY location
"""
