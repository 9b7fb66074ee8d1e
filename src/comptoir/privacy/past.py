"""The log of one day without her: events of hers are emptied, and what others say of her is taken out. Pure, but for
the reading and the writing around it.
"""

import re
from collections.abc import Sequence
from datetime import date
from typing import Any, cast

import msgspec

from comptoir import ingest
from comptoir.kernel import log
from comptoir.kernel.db import Tx
from comptoir.kernel.log import Event, Rewritten
from comptoir.kernel.register.catalogue import PLACE
from comptoir.privacy.values import Named, folded

NUMBERS = ("node_id", "person_id")
LISTS = ("nodes", "absorbed", "parts")
ALONE = ("inventory.back_in_stock", "consent.")
"""How kinds of facts begin that tell of one person and of nothing else."""


class Her(msgspec.Struct, frozen=True):
    """By what she is known in the log."""

    exact: frozenset[str]
    nodes: frozenset[int]
    everywhere: str


async def day_of(tx: Tx, *, day: date, named: Named, nodes: Sequence[int]) -> list[Event]:
    """Events of that day that may be hers, or may speak of her."""
    numbers = "|".join(map(str, sorted(nodes)))
    found = await tx.tuples(
        DAY,
        day=day,
        values=named.in_events() or NEVER,
        numbers=rf'"(?:node_id|person_id)":(?:{numbers})[,}}]' if numbers else NEVER,
        listed=rf"[\[,](?:{numbers})[,\]]" if numbers else NEVER,
    )
    return [Event(*row) for row in found]


NEVER = "(?!)"
# A fact of ours names people by number only; what was tracked, by value.
DAY = r"""
    SELECT lane, xid::text::bigint, position, kind, name, source_id, occurred_at, recorded_at, body
    FROM kernel.event
    WHERE recorded_at >= %(day)s::date AND recorded_at < %(day)s::date + 1
      AND (body ~* %(values)s OR name ~* %(values)s
           OR kind NOT LIKE 'ingest.%%' AND (body ~ %(numbers)s OR body ~ %(listed)s AND kind LIKE 'identity.%%')
           OR kind LIKE 'ingest.%%' AND position('\u' IN body) > 0)
    ORDER BY position
"""


def judged(events: Sequence[Event], her: Her) -> list[Rewritten]:
    """How these events stand from now on; those that say nothing of her are left out."""
    pattern = re.compile(her.everywhere, re.IGNORECASE) if her.everywhere else None
    found: list[Rewritten] = []
    for event, act in zip(events, ingest.decode(events), strict=True):
        if act is not None and is_hers(act, her):
            found.append(Rewritten(event.position, event.recorded_at, log.ERASED, "", "{}"))
            continue
        body = without(event.body, her, pattern)
        if body == event.body and not (pattern and pattern.search(event.name)):
            continue
        if body is None or event.kind.startswith(ALONE):
            found.append(Rewritten(event.position, event.recorded_at, log.ERASED, "", "{}"))
            continue
        name = pattern.sub(PLACE, event.name) if pattern else event.name
        found.append(Rewritten(event.position, event.recorded_at, event.kind, name, body))
    return found


def hers(events: Sequence[Event], her: Her) -> list[Event]:
    """Those that were tracked of her."""
    return [
        event for event, act in zip(events, ingest.decode(events), strict=True) if act is not None and is_hers(act, her)
    ]


def is_hers(act: ingest.Tracked, her: Her) -> bool:
    """She is who it names by its user id; without one, by any identifier."""
    if act.user_id:
        return folded(act.user_id) in her.exact or known(act.user_id, her)
    return any(
        folded(value) in her.exact or known(value, her)
        for value in (
            *(act.anonymous_id, act.previous_id, act.device_id, act.email, act.phone),
            *(str(act.traits.get("loyalty_card") or ""), *(value for _, value in act.external_ids)),
        )
        if value
    )


def known(value: str, her: Her) -> bool:
    return bool(her.everywhere) and re.fullmatch(her.everywhere, value.strip(), re.IGNORECASE) is not None


def without(body: str, her: Her, pattern: "re.Pattern[str] | None") -> str | None:
    """The body without her; None where nothing is left of it: a fact about her alone."""
    try:
        told = msgspec.json.decode(body)
    except (msgspec.MsgspecError, RecursionError):
        return pattern.sub(PLACE, body) if pattern else body
    if isinstance(told, dict):
        fields = cast("dict[str, Any]", told)
        if any(her.nodes.intersection(_numbers(fields.get(name))) for name in LISTS):
            return None
    cleaned = _walked(told, her, pattern)
    return body if cleaned == told else msgspec.json.encode(cleaned).decode()


def _numbers(value: Any) -> list[int]:
    return [one for one in cast("list[Any]", value) if isinstance(one, int)] if isinstance(value, list) else []


def _walked(value: Any, her: Her, pattern: "re.Pattern[str] | None") -> Any:
    if isinstance(value, dict):
        return {
            (pattern.sub(PLACE, name) if pattern else name): None
            if name in NUMBERS and one in her.nodes
            else _walked(one, her, pattern)
            for name, one in cast("dict[str, Any]", value).items()
        }
    if isinstance(value, list):
        return [_walked(one, her, pattern) for one in cast("list[Any]", value)]
    if isinstance(value, str):
        return pattern.sub(PLACE, value) if pattern else value
    if isinstance(value, int) and not isinstance(value, bool) and pattern and pattern.fullmatch(str(value)):
        return 0
    return value


async def days(tx: Tx) -> list[date]:
    """All days that the log has."""
    return await tx.values(DAYS)


DAYS = """
    SELECT to_date(right(inhrelid::regclass::text, 8), 'YYYYMMDD') FROM pg_inherits
    WHERE inhparent = 'kernel.event'::regclass ORDER BY 1
"""
