"""Finding people: by any identifier, by the beginning of a name, by what they did; for the page of customers.

Lists and counts read the directory (profiles.person), which is kept beside the measures; what a row shows about one
person (name, thread) is the merge of her nodes', for the page's few dozen people at once.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any, LiteralString

import msgspec

from comptoir import identity
from comptoir.kernel.db import Tx, ints, texts
from comptoir.kernel.errors import Invalid
from comptoir.kernel.http import cursor_of, place_of
from comptoir.kernel.money import Money
from comptoir.profiles.channel_bits import bits, names
from comptoir.profiles.golden import cards
from comptoir.profiles.measures import total
from comptoir.profiles.people import owners_of
from comptoir.profiles.records import Bead, Found, SearchPage
from comptoir.profiles.traits import words

THREAD = timedelta(days=90)


class Filters(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Who is wanted. All that is given must hold."""

    text: str = ""
    """Beginnings of words of a name, or one identifier, however it is written."""
    channels: list[str] = []
    """Seen or bought in all of these."""
    shops: list[int] = []
    """Bought in one of these outlets."""
    seen_since: datetime | None = None
    spend_from: int | None = None
    """Minor units, of all time, in the currency of the head office."""
    spend_to: int | None = None
    has: list[str] = []
    """Identifiers of all these namespaces: email, phone, loyalty_card …"""
    lacks: list[str] = []
    """No identifier of any of these."""
    least_channels: int | None = None
    """Seen or bought in at least so many channels."""


SORTS: dict[str, LiteralString] = {"last_seen": "last_at", "spend": "spend_minor"}


async def search(
    tx: Tx,
    *,
    filters: Filters = Filters(),  # noqa: B008  frozen
    sort: str = "last_seen",
    after: str | None = None,
    limit: int = 50,
    currency: str = "EUR",
    country: str | None = None,
    people: Sequence[int] | None = None,
) -> SearchPage:
    """A page of people, newest or most valuable first. `people` limits it to these.

    `country` is where a telephone number without a country code is dialled.
    """
    column = SORTS.get(sort)
    if column is None:
        raise Invalid(f"Sort by one of {', '.join(SORTS)}, not by {sort!r}.", sort=sort)
    if people is None and filters.text.strip():
        people = await identity.named(tx, text=filters.text, country=country)
        if not people and words(filters.text):
            people = None
    namespaces = dict(await tx.tuples(NAMESPACES)) if filters.has or filters.lacks else {}
    where, params = conditions(filters, people, namespaces)
    count = await tx.value(COUNT + where, **params)
    page: LiteralString = ""
    if place := place_of(after or "", datetime if column == "last_at" else int, int):
        page = f"AND (p.{column}, p.person_id) < (%(sort_key)s, %(person_id)s)"
        params |= {"sort_key": place[0], "person_id": place[1]}
    rows = await tx.many(
        _Row,
        f"{LIST} WHERE {where} {page} ORDER BY p.{column} DESC, p.person_id DESC LIMIT %(limit)s",
        **params,
        limit=limit + 1,
    )
    shown = rows[:limit]
    last = shown[-1] if len(rows) > limit else None
    return SearchPage(
        people=await found(tx, shown, currency),
        count=count,
        after=last and cursor_of(last.last_at if column == "last_at" else last.spend_minor, last.person_id),
    )


EPOCH = datetime.fromtimestamp(0, UTC)
"""Of whom nothing was seen yet: it sorts, and is told as null."""

COUNT: LiteralString = "SELECT count(*) FROM profiles.person AS p WHERE "
NAMESPACES = "SELECT name, ns FROM identity.namespace"

# By node, not by founder: between a merge and its projection a row's person is no founder, and its key finds her still.
LIST: LiteralString = """
    SELECT p.person_id, (SELECT n.key::text FROM identity.v_node AS n WHERE n.node_id = p.person_id) AS key,
           p.channels, p.first_at, p.last_at, p.events, p.orders, p.spend_minor
    FROM profiles.person AS p
"""


class _Row(msgspec.Struct, frozen=True):
    person_id: int
    key: str
    channels: int
    first_at: datetime
    last_at: datetime
    events: int
    orders: int
    spend_minor: int


def conditions(
    filters: Filters, people: Sequence[int] | None, namespaces: Mapping[str, int]
) -> tuple[LiteralString, dict[str, Any]]:
    """The filters as SQL on `profiles.person AS p`, and their parameters."""
    found: list[LiteralString] = ["p.nodes > 0", SEEN]
    params: dict[str, Any] = {}
    if people is not None:
        found.append("p.person_id = ANY(%(people)s::bigint[])")
        params["people"] = ints(people)
    elif wanted := words(filters.text):
        found.append(NAMED)
        params["words"] = texts(wanted)
    if filters.channels:
        found.append("p.channels & %(channels)s = %(channels)s")
        params["channels"] = bits(filters.channels)
    if filters.shops:
        found.append("p.outlets && %(shops)s::smallint[]")
        params["shops"] = ints(filters.shops)
    if filters.seen_since is not None:
        found.append("p.last_at >= %(seen_since)s")
        params["seen_since"] = filters.seen_since
    if filters.spend_from is not None:
        found.append("p.spend_minor >= %(spend_from)s")
        params["spend_from"] = filters.spend_from
    if filters.spend_to is not None:
        found.append("p.spend_minor <= %(spend_to)s")
        params["spend_to"] = filters.spend_to
    if filters.has:
        found.append("p.namespaces & %(has)s = %(has)s")
        params["has"] = namespace_bits(filters.has, namespaces)
    if filters.lacks:
        found.append("p.namespaces & %(lacks)s = 0")
        params["lacks"] = namespace_bits(filters.lacks, namespaces)
    if filters.least_channels is not None:
        found.append("bit_count(p.channels::integer::bit(32)) >= %(least_channels)s")
        params["least_channels"] = filters.least_channels
    return " AND ".join(found), params


SEEN: LiteralString = """
    NOT EXISTS (SELECT FROM identity.withheld AS w WHERE w.node_id = p.person_id AND w.why = 'erasing')
"""


def namespace_bits(names: Sequence[str], namespaces: Mapping[str, int]) -> int:
    if unknown := sorted(set(names) - set(namespaces)):
        raise Invalid(f"No identifiers are called {', '.join(unknown)}: take one of {', '.join(sorted(namespaces))}.")
    return sum({1 << namespaces[name] for name in names})


# Each word begins some word of some name that was told under some node of the person. The upper end of the range makes
# the prefix an index range in C order, where LIKE with a parameter would scan.
NAMED: LiteralString = """
    p.person_id IN (
        SELECT n.person_id
        FROM unnest(%(words)s::text[]) AS k (word)
        CROSS JOIN LATERAL (SELECT w.node_id FROM profiles.name_word AS w
                            WHERE w.word >= k.word AND w.word < k.word || U&'\\FFFD') AS w
        JOIN identity.node AS n USING (node_id)
        GROUP BY n.person_id
        HAVING count(DISTINCT k.word) = cardinality(%(words)s::text[]))
"""


async def found(tx: Tx, rows: Sequence[_Row], currency: str) -> list[Found]:
    """Dress the rows of a page: names, spend, and the thread of the last 90 days, a statement each for all of them."""
    owners = await owners_of(tx, people=[row.person_id for row in rows])
    named = await cards(tx, owners=owners)
    spent = await spends(tx, owners=owners, first=currency)
    threads = await mini_threads(tx, owners=owners)
    return [
        Found(
            person_id=row.person_id,
            key=row.key,
            display_name=card.get("display_name", ""),
            email=card.get("email"),
            city=city(card.get("address")),
            channels=names(row.channels),
            first_at=row.first_at if row.first_at > EPOCH else None,
            last_at=row.last_at if row.last_at > EPOCH else None,
            events=row.events,
            orders=row.orders,
            spend=spent.get(row.person_id, []),
            thread=threads.get(row.person_id, []),
        )
        for row in rows
        for card in [named.get(row.person_id, {})]
    ]


def city(address: Any) -> str | None:
    found = address.get("city") if isinstance(address, Mapping) else None  # pyright: ignore[reportUnknownVariableType, reportUnknownMemberType]
    return found if isinstance(found, str) else None


async def spends(tx: Tx, *, owners: dict[int, int], first: str) -> dict[int, list[Money]]:
    """Per person what she spent in each currency, that of the head office before the others."""
    amounts: defaultdict[int, list[tuple[str, int, int]]] = defaultdict(list)
    for node_id, currency, spend_minor, orders in await tx.tuples(SPENDS, nodes=ints(owners)):
        amounts[owners[node_id]].append((currency, spend_minor, orders))
    return {
        person: sorted(total(amount), key=lambda money: money.currency != first) for person, amount in amounts.items()
    }


SPENDS = "SELECT node_id, currency, spend_minor, orders FROM profiles.shop WHERE node_id = ANY(%(nodes)s::bigint[])"


async def mini_threads(tx: Tx, *, owners: dict[int, int]) -> dict[int, list[Bead]]:
    """Per person one bead per day and channel of the last 90 days, oldest first."""
    since = (tx.now - THREAD).astimezone(UTC).date()
    weights: defaultdict[int, dict[tuple[date, str], float]] = defaultdict(dict)
    for node_id, day, channel, weight in await tx.tuples(THREADS, nodes=ints(owners), since=since):
        beads = weights[owners[node_id]]
        beads[day, channel] = max(weight, beads.get((day, channel), 0.0))
    return {
        person: [Bead(day, channel, weight) for (day, channel), weight in sorted(beads.items())]
        for person, beads in weights.items()
    }


THREADS = """
    SELECT node_id, day, channel,
           CASE WHEN orders <> 0 THEN 2 WHEN carts > 0 THEN 1.5 WHEN views > 0 THEN 1 ELSE 0.6 END::float8
    FROM profiles.day
    WHERE node_id = ANY(%(nodes)s::bigint[]) AND day >= %(since)s
"""
