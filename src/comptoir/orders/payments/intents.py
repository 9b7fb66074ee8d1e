"""What a provider is asked to authorise, on record before it is asked; gone with its answer, in the same transaction.

An answer may get lost (a crash, a cut connection): what stays on record is looked for (payments.unanswered).
"""

from collections.abc import Iterable
from typing import LiteralString
from uuid import UUID

import msgspec

from comptoir.kernel.db import rows
from comptoir.kernel.tx import Asked, Tx

LATE_SECONDS = 300
"""Whoever has asked waits for no answer any more."""


class Intent(msgspec.Struct, frozen=True):
    """A basket is to be paid: the provider is asked under this reference."""

    reference: str
    provider: str
    basket_id: UUID
    attempt: int
    """Of the basket when the provider was asked (baskets.with_payment)."""


def kept(tx: Tx, begun: Iterable[Intent], answered: Iterable[tuple[str, str]]) -> list[Asked]:
    """The statements that keep and drop them; `answered`: provider and reference. Lock the baskets first."""
    asked: list[Asked] = []
    if gone := [{"provider": provider, "reference": reference} for provider, reference in answered]:
        asked.append((DROP, {"gone": rows(gone)}))
    if new := list({(one.provider, one.reference): one for one in begun}.values()):
        asked.append((KEEP, {"new": rows(new), "now": tx.now, "seconds": LATE_SECONDS}))
    return asked


DROP: LiteralString = """
    DELETE FROM orders.payment_intent WHERE (provider, reference) IN (
        SELECT provider, reference FROM json_to_recordset(%(gone)s::json) AS g (provider text, reference text))
"""

KEEP = """
    INSERT INTO orders.payment_intent (provider, reference, basket_id, attempt, next_at)
    SELECT provider, reference, basket_id, attempt, %(now)s + make_interval(secs => %(seconds)s)
    FROM json_to_recordset(%(new)s::json) AS n (provider text, reference text, basket_id uuid, attempt integer)
    ORDER BY provider, reference
    ON CONFLICT (provider, reference) DO UPDATE SET next_at = excluded.next_at, tries = 0
"""
