"""Whoever tries codes is stopped: twenty wrong ones in ten minutes, and then none is looked at for a while."""

from datetime import timedelta

from comptoir.kernel.db import Tx
from comptoir.pricing.errors import TooManyGuesses

WRONG = 20
WINDOW = timedelta(minutes=10)


async def count(tx: Tx, *, who: str, tries: int = 1) -> None:
    """Before codes are looked at. Each counts as wrong until `forgive`, so that many at once cannot slip through."""
    before = await tx.value(COUNT, who=who[:200], tries=tries, now=tx.now, since=tx.now - WINDOW)
    if before >= WRONG:
        raise TooManyGuesses("Too many codes were wrong. Try again in ten minutes.", minutes=10)


async def forgive(tx: Tx, *, who: str, tries: int = 1) -> None:
    """These were good."""
    await tx.run(FORGIVE, who=who[:200], tries=tries, now=tx.now)


async def forget(tx: Tx) -> int:
    """Drop what no longer counts."""
    return await tx.run(FORGET, since=tx.now - WINDOW)


# The row of this minute is locked until the end, so that those who try at the same moment stand in line.
COUNT = """
    WITH counted AS (
        INSERT INTO pricing.guess AS g (who, minute, tries) VALUES (%(who)s, date_trunc('minute', %(now)s), %(tries)s)
        ON CONFLICT (who, minute) DO UPDATE SET tries = g.tries + excluded.tries
        RETURNING tries
    )
    SELECT c.tries - %(tries)s + coalesce((SELECT sum(g.tries) FROM pricing.guess AS g
                                          WHERE g.who = %(who)s AND g.minute > %(since)s
                                            AND g.minute < date_trunc('minute', %(now)s)), 0)
    FROM counted AS c
"""

FORGIVE = """
    UPDATE pricing.guess SET tries = tries - %(tries)s
    WHERE who = %(who)s AND minute = date_trunc('minute', %(now)s)
"""

FORGET = "DELETE FROM pricing.guess WHERE minute < %(since)s"
