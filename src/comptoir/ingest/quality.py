"""How good the events are that each source sends: exact counts by day, event and reason; by field, from a sample.

Which value is missing or invalid is not counted as events come in, where every event would pay for it. It is read
from the end of the log when somebody asks, and said to be of the last so many events.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, cast

import msgspec

from comptoir.ingest.intake import storable
from comptoir.ingest.plans import NO_PLAN, TRAITS, Compiled, Fault, plans
from comptoir.ingest.records import Plan, PlanEntry, Quality
from comptoir.kernel.db import Tx
from comptoir.kernel.log import EPOCH

SAMPLE = 5_000
DAYS_BACK = 14
PAGES = 2_048
"""Pages of 8 kB at the end of the log that are read for a sample at most: some 20,000 events of all sources."""
STRIDE = 512


async def quality(tx: Tx, *, since: date, until: date | None = None, source_id: int | None = None) -> list[Quality]:
    """Counts of the UTC days from `since` to `until`, both included. Exact: they were written with the events."""
    return await tx.many(Quality, COUNTS, since=since, until=until or date.max, source_id=source_id)


COUNTS = """
    SELECT source_id, day, event, outcome, reason, events FROM ingest.v_source_day
    WHERE day BETWEEN %(since)s AND %(until)s AND (%(source_id)s::smallint IS NULL OR source_id = %(source_id)s)
    ORDER BY day DESC, source_id, outcome, events DESC, event, reason
"""


# ---- a sample of what came last


class Sampled(msgspec.Struct, frozen=True, gc=False):
    """An event of the sample: `told` are its properties or traits."""

    source_id: int
    call: str
    name: str
    body: dict[str, Any]
    told: dict[str, Any]

    @property
    def label(self) -> str:
        """As it is called in a plan."""
        return self.name if self.call == "track" else self.call


class Sample(msgspec.Struct, frozen=True):
    events: Sequence[Sampled]
    since: datetime | None
    """When the oldest of them was recorded; None where there is none."""


async def sample(tx: Tx, *, source_id: int | None = None, most: int = SAMPLE) -> Sample:
    """The last events of a source, or of all: those taken, and those that a tracking plan kept out meanwhile."""
    found: list[tuple[Any, ...]] = []
    left = PAGES
    today = tx.now.astimezone(UTC).date()
    for back in range(DAYS_BACK):
        day = datetime.combine(today - timedelta(days=back), time(), UTC)
        end = await tx.value(LENGTH, part=f"kernel.event_{day:%Y%m%d}") or 0
        while end and left and len(found) < most:
            start = max(0, end - min(STRIDE, left))
            left -= end - start
            found += await tx.tuples(
                LAST,
                day=day,
                start=f"({start},0)",
                end=f"({end},0)",
                source_id=source_id,
                limit=most - len(found),
            )
            end = start
    farthest = datetime.combine(today - timedelta(days=DAYS_BACK), time(), UTC)
    since = min((row[4] for row in found), default=farthest)
    found += await tx.tuples(KEPT_OUT, since=since, source_id=source_id, limit=most)
    return Sample(list(_readable(found)), min((row[4] for row in found), default=None))


LENGTH = "SELECT pg_relation_size(to_regclass(%(part)s)) / 8192"
LAST = """
    SELECT source_id, substr(kind, 8), name, body, recorded_at FROM kernel.event
    WHERE recorded_at >= %(day)s::timestamptz AND recorded_at < %(day)s::timestamptz + interval '1 day'
      AND ctid >= %(start)s::tid AND ctid < %(end)s::tid
      AND source_id IS NOT NULL AND kind LIKE 'ingest.%%'
      AND (%(source_id)s::smallint IS NULL OR source_id = %(source_id)s)
    ORDER BY recorded_at DESC, position DESC LIMIT %(limit)s
"""
KEPT_OUT = """
    SELECT source_id, event_type, event_name, body, last_received_at FROM ingest.dead_letter
    WHERE last_received_at >= %(since)s AND reason IN ('plan_violation', 'unplanned_event')
      AND (%(source_id)s::smallint IS NULL OR source_id = %(source_id)s)
    ORDER BY last_received_at DESC LIMIT %(limit)s
"""


def _readable(found: Sequence[tuple[Any, ...]]) -> Iterator[Sampled]:
    for source_id, call, name, body, _ in found:
        text = body if isinstance(body, str) else storable(bytes(body).decode("utf-8", "replace"))
        try:
            decoded = msgspec.json.decode(text, type=dict[str, Any])
        except (msgspec.MsgspecError, UnicodeError, RecursionError):
            continue
        (told,) = objects([decoded.get("traits" if call in TRAITS else "properties")]) or [{}]
        yield Sampled(source_id, call, name, decoded, told)


def objects(values: Any) -> list[dict[str, Any]]:
    """Those of a list that are JSON objects."""
    listed = cast("list[Any]", values) if isinstance(values, list) else []
    return [cast("dict[str, Any]", value) for value in listed if isinstance(value, dict)]


# ---- by field


class FieldRate(msgspec.Struct, frozen=True):
    """How often one field of one event was missing or invalid, in a sample."""

    source_id: int
    event: str
    field: str
    looked: int
    """Events in which it is expected."""
    missing: int
    invalid: int
    planned: bool
    """Whether the source's tracking plan says so; else it is what such an event has by convention."""


class FieldQuality(msgspec.Struct, frozen=True):
    looked: int
    since: datetime | None
    rates: Sequence[FieldRate]
    """Fields that were missing or invalid at least once, the worst first."""


async def by_field(tx: Tx, *, source_id: int | None = None, most: int = SAMPLE) -> FieldQuality:
    """Which values the last events of a source, or of all, lack or have wrong."""
    taken = await sample(tx, source_id=source_id, most=most)
    return rated(taken, {plan.source_id: Compiled(plan) for plan in await plans(tx)})


def rated(taken: Sample, rules: dict[int, Compiled]) -> FieldQuality:
    looked: Counter[tuple[int, str]] = Counter()
    counts: Counter[tuple[int, str, str, str]] = Counter()
    planned: set[tuple[int, str]] = set()
    for one in taken.events:
        plan = rules.get(one.source_id, NO_PLAN)
        by_plan = plan.names(one.call, one.name)
        label = one.label if by_plan or one.call != "track" or one.name in EXPECTED else ""
        looked[one.source_id, label] += 1
        if by_plan:
            planned.add((one.source_id, label))
        faults = plan.faults(one.call, one.name, one.told) if by_plan else by_convention(one)
        for field, kind in {(fault.field, "missing" if fault.kind == "missing" else "invalid") for fault in faults}:
            counts[one.source_id, label, field, kind] += 1
    fields = {(source_id, label, field) for source_id, label, field, _ in counts}
    rates = [
        FieldRate(
            source_id=source_id,
            event=label,
            field=field,
            looked=looked[source_id, label],
            missing=counts[source_id, label, field, "missing"],
            invalid=counts[source_id, label, field, "invalid"],
            planned=(source_id, label) in planned,
        )
        for source_id, label, field in fields
    ]
    worst = sorted(
        rates, key=lambda one: (-(one.missing + one.invalid) / one.looked, -one.looked, one.event, one.field)
    )
    return FieldQuality(len(taken.events), taken.since, worst)


# ---- what such an event has by convention (Segment's e-commerce spec)

Valid = Callable[[Any], bool]
Expected = tuple[tuple[str, ...], bool, Valid]
"""Names of one field, the first that is there counts; whether its lack is a fault; what a value must be."""


def is_text(value: Any) -> bool:
    return isinstance(value, str | int) and not isinstance(value, bool) and str(value).strip() != ""


def is_amount(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and value >= 0


def is_currency(value: Any) -> bool:
    return isinstance(value, str) and re.fullmatch("[A-Z]{3}", value) is not None


def is_email(value: Any) -> bool:
    return isinstance(value, str) and re.fullmatch(r"[^@\s]+@[^@\s.]+(\.[^@\s.]+)+", value.strip()) is not None


def is_phone(value: Any) -> bool:
    return is_text(value) and 6 <= len(re.sub(r"\D", "", str(value))) <= 15


PRODUCT: list[Expected] = [
    (("product_id", "sku"), True, is_text),
    (("name",), True, is_text),
    (("price",), True, is_amount),
    (("currency",), False, is_currency),
]
ORDER: list[Expected] = [
    (("order_id",), True, is_text),
    (("total", "revenue", "value"), True, is_amount),
    (("currency",), True, is_currency),
    (("products",), True, lambda value: bool(objects(value))),
]
LINE: list[Expected] = [
    (("product_id", "sku"), True, is_text),
    (("price",), False, is_amount),
    (("quantity",), False, is_amount),
]
EXPECTED: dict[str, list[Expected]] = {
    **dict.fromkeys(("Product Viewed", "Product Added", "Product Removed", "Product Clicked"), PRODUCT),
    **dict.fromkeys(("Order Completed", "Order Updated", "Order Refunded", "Order Cancelled"), ORDER),
}
PERSON: list[Expected] = [(("email",), True, is_email), (("phone",), False, is_phone)]


def by_convention(one: Sampled) -> list[Fault]:
    """What an event of this name lacks or has wrong, where no plan says what it has."""
    faults: list[Fault] = []
    if one.call == "identify":
        faults += compared(PERSON, one.told)
        faults += compared([(("userId",), True, is_text)], one.body)
    elif one.call == "track":
        faults += compared(EXPECTED.get(one.name, []), one.told)
        if one.name in EXPECTED:
            faults += [
                fault for line in objects(one.told.get("products")) for fault in compared(LINE, line, "products[].")
            ]
    if not one.body.get("timestamp") and not one.body.get("originalTimestamp"):
        faults.append(Fault("timestamp", "missing", ""))
    return faults


def compared(expected: Sequence[Expected], told: dict[str, Any], within: str = "") -> list[Fault]:
    faults: list[Fault] = []
    for names, needed, valid in expected:
        value = next((told[name] for name in names if told.get(name) not in (None, "")), None)
        if value is None:
            if needed:
                faults.append(Fault(within + names[0], "missing", ""))
        elif not valid(value):
            faults.append(Fault(within + names[0], "invalid", ""))
    return faults


# ---- a plan, tried on what came last


class Broken(msgspec.Struct, frozen=True):
    """Events of one name under a plan."""

    event: str
    looked: int
    broken: int
    faults: Sequence[tuple[Fault, int]]
    """What was wrong and in how many of them, the most frequent first."""


class Rehearsal(msgspec.Struct, frozen=True):
    """What a plan would have done to the last events of its source."""

    looked: int
    broken: int
    since: datetime | None
    events: Sequence[Broken]
    """The most broken first; those that fit follow."""


async def rehearse(tx: Tx, *, source_id: int, entry: PlanEntry, most: int = SAMPLE) -> Rehearsal:
    """Hold the last events of a source against a plan that is not in force. Raises BadSchema."""
    draft = Plan(source_id=source_id, version=0, made_at=EPOCH, made_by="", **msgspec.structs.asdict(entry))
    plan = Compiled(draft)
    return rehearsed(await sample(tx, source_id=source_id, most=most), plan)


def rehearsed(taken: Sample, plan: Compiled) -> Rehearsal:
    looked: Counter[str] = Counter()
    broken: Counter[str] = Counter()
    wrong: dict[str, Counter[Fault]] = {}
    for one in taken.events:
        looked[one.label] += 1
        if faults := set(plan.faults(one.call, one.name, one.told)):
            broken[one.label] += 1
            wrong.setdefault(one.label, Counter()).update(faults)
    events = [
        Broken(label, count, broken[label], wrong[label].most_common(20) if label in wrong else [])
        for label, count in looked.items()
    ]
    ranked = sorted(events, key=lambda one: (-one.broken, -one.looked, one.event))
    return Rehearsal(len(taken.events), broken.total(), taken.since, ranked)


def learned(taken: Sample) -> dict[str, dict[str, Any]]:
    """A plan that fits the sample: of each event the properties it has, their types, and which it always has."""
    groups: dict[str, list[dict[str, Any]]] = {}
    for one in taken.events:
        if one.label:
            groups.setdefault(one.label, []).append(one.told)
    return {label: _schema(groups[label]) for label in sorted(groups)}


def _schema(told: Sequence[dict[str, Any]]) -> dict[str, Any]:
    seen: Counter[str] = Counter(name for one in told for name in one)
    types: dict[str, set[str]] = {}
    for one in told:
        for name, value in one.items():
            types.setdefault(name, set()).add(_type(value))
    properties: dict[str, Any] = {}
    for name, _ in seen.most_common(60):
        kinds = types[name] - ({"integer"} if "number" in types[name] else set())
        properties[name] = {"type": kinds.pop() if len(kinds) == 1 else sorted(kinds)}
    always = [name for name in properties if seen[name] == len(told)]
    return {"type": "object", "properties": properties, **({"required": always} if always else {})}


def _type(value: Any) -> str:
    for kind, name in ((bool, "boolean"), (int, "integer"), (float, "number"), (str, "string"), (list, "array")):
        if isinstance(value, kind):
            return name
    return "null" if value is None else "object"
