"""The golden record: of all values that were told, the one that survives, computed when asked.

Rules are data: criteria in order, the first that tells two values apart decides. Because nothing is stored, a merge
or an unmerge needs no repair of values, and "why this one?" is answered by the very computation.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Any

import msgspec

from comptoir.kernel.db import Tx, ints, texts
from comptoir.profiles.people import nodes_of
from comptoir.profiles.records import Field, GoldenRecord, Value
from comptoir.profiles.traits import FIELDS

RULES: dict[str, tuple[str, ...]] = {
    "email": ("verified", "recent"),
    "phone": ("verified", "recent"),
    "name": ("verified", "frequent", "recent"),
    "first_name": ("verified", "frequent", "recent"),
    "last_name": ("verified", "frequent", "recent"),
    "address": ("recent",),
    "birthday": ("verified", "frequent", "recent"),
    "gender": ("verified", "frequent", "recent"),
    "language": ("frequent", "recent"),
    "loyalty_card": ("recent",),
    "home_shop": ("recent",),
    "company": ("recent",),
}
"""Per field its criteria in order: verified (better known first), recent (told later), frequent (told more often)."""
OTHER_TRAITS = ("recent",)

CRITERIA: dict[str, Callable[[Value], Any]] = {
    "verified": lambda value: value.verified,
    "recent": lambda value: value.at,
    "frequent": lambda value: value.times,
}


async def golden_record(tx: Tx, *, person: int) -> GoldenRecord:
    """The best known value of each field with its source, its rule, and what was set aside."""
    nodes = await nodes_of(tx, person=person)
    told = await tx.many(_Told, TOLD, nodes=ints(nodes))
    return record(nodes[0], told)


async def golden_of(tx: Tx, *, nodes: Sequence[int]) -> GoldenRecord:
    """What the record of exactly these identifiers would be: the preview of a merge or a split."""
    told = await tx.many(_Told, TOLD, nodes=ints(nodes))
    return record(min(nodes, default=0), told)


TOLD = """
    SELECT node_id, name, nullif(source_id, 0) AS source_id, value, verified, at, position, times
    FROM profiles.trait WHERE node_id = ANY(%(nodes)s::bigint[])
"""


class _Told(msgspec.Struct, frozen=True):
    node_id: int
    name: str
    source_id: int | None
    value: str
    verified: int
    at: datetime
    position: int
    times: int


async def cards(tx: Tx, *, owners: dict[int, int]) -> dict[int, dict[str, Any]]:
    """The surviving values that a list shows, per person; `owners` maps nodes to people."""
    told = await tx.many(_Told, TOLD_ON_CARDS, nodes=ints(owners), names=texts(ON_CARDS))
    by_person: defaultdict[int, list[_Told]] = defaultdict(list)
    for value in told:
        by_person[owners[value.node_id]].append(value)
    return {
        person: {field.name: field.value for field in fields} | {"display_name": display_name(fields)}
        for person, values in by_person.items()
        for fields in [survivors(values, ON_CARDS)]
    }


async def told_of(tx: Tx, *, nodes: Sequence[int]) -> dict[int, dict[str, Any]]:
    """The surviving value of each field, of each identifier by itself."""
    told = await tx.many(_Told, TOLD_ON_CARDS, nodes=ints(nodes), names=texts(FIELDS))
    by_node: defaultdict[int, list[_Told]] = defaultdict(list)
    for value in told:
        by_node[value.node_id].append(value)
    return {node: {field.name: field.value for field in survivors(values, FIELDS)} for node, values in by_node.items()}


ON_CARDS = ("name", "first_name", "last_name", "email", "address")
TOLD_ON_CARDS = TOLD + " AND name = ANY(%(names)s::text[])"


def record(person: int, told: Sequence[_Told]) -> GoldenRecord:
    fields = survivors(told, FIELDS)
    others = sorted({value.name for value in told} - set(FIELDS))
    return GoldenRecord(person, display_name(fields), fields, survivors(told, others))


def survivors(told: Iterable[_Told], names: Sequence[str]) -> list[Field]:
    by_name: defaultdict[str, list[_Told]] = defaultdict(list)
    for value in told:
        by_name[value.name].append(value)
    return [choose(name, by_name[name]) for name in names if name in by_name]


def choose(name: str, told: Sequence[_Told]) -> Field:
    """Apply the field's rule. Equal values of several nodes and sources count as one, told as often as all together."""
    rule = RULES.get(name, OTHER_TRAITS)
    ranked = sorted(merge(told), key=lambda value: rank(value, rule), reverse=True)
    best, *others = ranked
    chosen, set_aside = best[0], [value for value, _ in others]
    decided_by = "only"
    if set_aside:
        second = set_aside[0]
        decided_by = next((c for c in rule if CRITERIA[c](chosen) != CRITERIA[c](second)), "tie")
    return Field(name, chosen.value, chosen, list(rule), decided_by, set_aside[:10])


def merge(told: Sequence[_Told]) -> list[tuple[Value, int]]:
    """Each different value once, with the position at which it was last told."""
    groups: defaultdict[str, list[_Told]] = defaultdict(list)
    for value in told:
        groups[value.value].append(value)
    merged: list[tuple[Value, int]] = []
    for encoded, group in groups.items():
        last = max(group, key=lambda value: (value.at, value.position, value.node_id))
        value = Value(
            value=msgspec.json.decode(encoded),
            source_id=last.source_id,
            at=last.at,
            verified=max(value.verified for value in group),
            times=sum(value.times for value in group),
            node_id=last.node_id,
        )
        merged.append((value, last.position))
    return merged


def rank(candidate: tuple[Value, int], rule: Sequence[str]) -> tuple[Any, ...]:
    """Ties go to what was told last, so the choice never depends on the order of rows."""
    value, position = candidate
    return (*(CRITERIA[criterion](value) for criterion in rule), value.at, position, value.node_id)


def display_name(fields: Iterable[Field]) -> str:
    """The name to show: as told in one piece, else put together, else the e-mail, else nothing."""
    values = {field.name: str(field.value) for field in fields}
    parts = [values[part] for part in ("first_name", "last_name") if part in values]
    return values.get("name") or " ".join(parts) or values.get("email", "")
