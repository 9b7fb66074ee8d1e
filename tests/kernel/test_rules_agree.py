"""A rule says the same in PostgreSQL, in compiled Python, in its explanation and in a naive interpreter of its JSON."""

import hashlib
import sys
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from unicodedata import category, normalize
from zoneinfo import ZoneInfo

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from comptoir.kernel import rules
from comptoir.kernel.db import rows, texts
from comptoir.kernel.rules import folding
from comptoir.kernel.rules.operators import ALLOWED, OPERATORS
from comptoir.kernel.rules.texts import ALIKE, FOLDED, alike, folded
from conftest import examples

pytestmark = pytest.mark.anyio

# ---- what can be known: two attributes of each type, as columns of one record set

COLUMNS = {
    "text": "text", "integer": "bigint", "decimal": "numeric", "money": "bigint",
    "boolean": "boolean", "day": "date", "moment": "timestamptz", "set": "text[]",
}  # fmt: skip
EVERYTHING = [
    rules.Attribute(f"{kind}_{n}", kind, rules.Words(f"the {kind}", f"le {kind}"), sql=f"f.{kind}_{n}")
    for kind in COLUMNS
    for n in (1, 2)
]
NUMBERS = ["integer", "decimal", "money", "boolean"]
RECORDS = ", ".join(f"{kind}_{n} {column}" for kind, column in COLUMNS.items() for n in (1, 2))

ZONES = ["UTC", "Europe/Paris", "America/New_York", "Asia/Kathmandu", "Pacific/Apia", "Australia/Lord_Howe"]
# Around changes of clocks, the ends of months, and the day that Samoa never had; often a day, 30 days, two weeks or a
# month after an hour that the clocks showed twice or skipped.
SCENES = [
    (datetime(2026, 11, 22, 8, 30, 0, 123456, UTC), "UTC"),
    (datetime(2024, 2, 29, 23, 59, 59, 999999, UTC), "America/New_York"),
    (datetime(2026, 3, 31, 12, tzinfo=UTC), "Asia/Kathmandu"),
    (datetime(2012, 1, 1, 9, 30, tzinfo=UTC), "Pacific/Apia"),
    (datetime(2026, 4, 5, 14, 45, tzinfo=UTC), "Australia/Lord_Howe"),
    (datetime(2026, 10, 25, 1, 30, tzinfo=UTC), "Europe/Paris"),
    *((datetime(2026, 10, 25, 1, 30, tzinfo=UTC) + timedelta(days=days), "Europe/Paris") for days in (1, 14, 30, 31)),
    *((datetime(2026, 3, 29, 0, 30, tzinfo=UTC) + timedelta(days=days), "Europe/Paris") for days in (1, 14, 30, 31)),
    *((datetime(2026, 11, 1, 6, 30, tzinfo=UTC) + timedelta(days=days), "America/New_York") for days in (1, 14, 30)),
]
SPANS = [(1, "days"), (30, "days"), (1, "hours"), (26, "hours"), (2, "weeks"), (1, "months"),
         (13, "months"), (1, "years"), (4, "years")]  # fmt: skip

# é in one character and in two, a ligature, sharp s, sigmas, the Turkish i, Kelvin, Hangul, marks in the wrong order.
BITS = ["é", "e\u0301", "E\u0301", "É", "ﬁ", "fi", "ß", "ss", "ẞ", "Σ", "σ", "ς", "İ", "i", "ı", "I", "K", "k", "\u1100\u1161",
        "가", "a\u0323\u0307", "a\u0307\u0323", "a", "A", "%", "_", "\\", "'", "%(x)s", "😀", " ", ",", "{", '"', "NULL",
        "\u0345", "ᾳ", "ΑΙ", "\u0130\u0323"]  # fmt: skip
assigned = st.characters(exclude_categories=["Cs", "Cn"], exclude_characters="\0")
text = st.one_of(
    st.lists(st.sampled_from(BITS), max_size=3).map("".join), st.text(assigned, max_size=4), st.sampled_from(BITS)
)
integer = st.one_of(st.integers(-2, 3), st.sampled_from([2**63 - 1, -(2**63) + 1, 10**9]), st.integers(-(10**6), 10**6))
decimal = st.one_of(
    st.sampled_from(
        ["0", "-0", "0.1", "0.10", "1", "1.0", "1E+2", "100", "0.000000000001", "999999999999999.999999999999"]
    ),
    st.decimals(-(10**6), 10**6, places=4, allow_nan=False).map(str),
).map(Decimal)
money = st.one_of(st.integers(-2, 3), st.sampled_from([10**15, -(10**15)]), st.integers(0, 10**5))


def around(now):
    """Moments some days and hours from now."""
    return st.builds(
        lambda days, hours, tiny, zone: (now + timedelta(days=days, hours=hours, microseconds=tiny)).astimezone(
            ZoneInfo(zone)
        ),
        st.sampled_from([0, 1, -1, 2, -2, 14, -14, 28, 29, 30, -30, 31, -31, -365, -366, 365]),
        st.sampled_from([0, 1, -1, 26, -26]),
        st.sampled_from([0, 0, 1, -1]),
        st.sampled_from(ZONES),
    )


def values(kind, now):
    return {
        "text": text,
        "integer": integer,
        "decimal": decimal,
        "money": money,
        "boolean": st.booleans(),
        "day": st.one_of(
            around(now).map(datetime.date), st.sampled_from([date(2, 1, 1), date(9998, 12, 31), date(2026, 2, 28)])
        ),
        "moment": st.one_of(
            around(now), st.sampled_from([datetime(2, 1, 1, tzinfo=UTC), datetime(9998, 12, 31, tzinfo=UTC)])
        ),
        "set": st.lists(text, max_size=3),
    }[kind]


# Facts may lie further out than what a rule may be compared with.
FURTHER = {
    "integer": st.sampled_from([-(2**63), 2**63 - 1]),
    "decimal": st.sampled_from([Decimal("1E+30"), Decimal("-1E-30"), Decimal("0.0999999999999999999999999999999999")]),
    "day": st.sampled_from([date.min, date.max]),
    "moment": st.sampled_from([datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)]),
    "text": st.just("é" * 2_000),
    "set": st.just(["a", "a", "e\u0301", "é"] * 50),
}


# ---- rules about them, as JSON


def plain(value):
    return msgspec.to_builtins(value)


@st.composite
def span(draw, kind, *, signed=True):
    amount, unit = draw(st.sampled_from([one for one in SPANS if kind == "moment" or one[1] != "hours"]))
    return {"amount": amount * (draw(st.sampled_from([1, -1, -1, 0])) if signed else 1), "unit": unit}


@st.composite
def variants(draw, text):
    """A text typed otherwise, or a piece of it."""
    start, end = draw(st.sampled_from([(0, None), (0, None), (0, 1), (0, -1), (1, None)]))
    piece = text[start:end]
    forms = [
        piece,
        "%" + piece[1:],
        "_" + piece[1:],
        normalize("NFC", piece),
        normalize("NFD", piece),
        piece.casefold(),
        piece.upper(),
        piece.swapcase(),
    ]
    return draw(st.sampled_from(forms))


@st.composite
def clause(draw, attributes, pools, now):
    attribute = draw(st.sampled_from(attributes))
    op = draw(st.sampled_from(ALLOWED[attribute.type]))
    kind = "text" if attribute.type == "set" else attribute.type
    # Mostly about what is there: strangers are never equal.
    there = [one for value in pools[attribute.name] for one in (value if attribute.type == "set" else [value])]
    anything = values(kind, now)
    known = (st.sampled_from(there) if there else anything).flatmap(variants if kind == "text" else st.just)
    single = st.one_of(known, known, anything).map(plain)
    made = {"attribute": attribute.name, "op": op}
    match OPERATORS[op].takes:
        case "one":
            relative = [span(kind)] if kind in {"day", "moment"} else []
            made["value"] = draw(st.one_of(single, *relative).filter(lambda v: v != "" or op in {"=", "!="}))
        case "two" if kind in {"day", "moment"} and draw(st.booleans()):
            made["value"] = [draw(span(kind)), draw(single)]
        case "two":
            made["value"] = [plain(v) for v in sorted([draw(known), draw(anything)])]
        case "many":
            made["value"] = draw(st.lists(single, min_size=1, max_size=4))
        case "span":
            made["value"] = draw(span(kind, signed=False))
        case "split":
            seed, key = draw(text), draw(known)
            falls = thrown(seed, normalize("NFC", key) if kind == "text" else key)
            lo, hi = draw(st.sampled_from([(falls, falls + 1), (falls + 1, 10_000), (0, falls), (0, 10_000)]))
            made["value"] = {"seed": seed, "lo": lo, "hi": hi} if lo < hi else {"seed": seed, "lo": 0, "hi": 1}
    if kind == "text" and OPERATORS[op].takes in {"one", "many"} and draw(st.booleans()):
        made["fold"] = True
    return made


def trees(*about):
    return st.recursive(
        clause(*about),
        lambda inner: st.one_of(
            st.builds(lambda parts: {"all": parts}, st.lists(inner, max_size=3)),
            st.builds(lambda parts: {"any": parts}, st.lists(inner, min_size=1, max_size=3)),
            st.builds(lambda part: {"not": part}, inner),
        ),
        max_leaves=5,
    )


@st.composite
def worlds(draw, kinds):
    """A vocabulary, some rules in it, some facts, and now."""
    known = [one for one in EVERYTHING if one.type in kinds]
    attributes = draw(st.lists(st.sampled_from(known), min_size=1, max_size=4, unique_by=lambda a: a.name))
    now, zone = draw(st.sampled_from(SCENES))
    pools = {a.name: draw(st.lists(values(a.type, now), min_size=1, max_size=5)) for a in attributes}
    about = attributes, pools, now
    told = draw(st.lists(clause(*about) | trees(*about), min_size=4, max_size=8))
    for a in attributes:
        pools[a.name] += [draw(FURTHER[a.type])] if a.type in FURTHER else []
        if a.type in {"day", "moment"}:
            pools[a.name] += edges(a, told, now, zone)
    return rules.Vocabulary("tests", *attributes), told, crowd(pools), now, zone


def edges(attribute, told, now, zone):
    """The days or moments that the distances in the rules lead to, and those beside them."""
    steps = {
        "day": [timedelta(days=1)],
        "moment": [timedelta(microseconds=1), timedelta(minutes=30), timedelta(hours=1)],
    }

    def distances(node):
        if isinstance(node, list):
            return [found for one in node for found in distances(one)]
        if not isinstance(node, dict) or node.get("attribute", attribute.name) != attribute.name:
            return []
        if "unit" in node:
            return [(sign * node["amount"], node["unit"]) for sign in (1, -1)]
        return [found for one in node.values() for found in distances(one)]

    there = {calendar(*distance, attribute.type, now, zone) for distance in sorted({*distances(told), (0, "days")})}
    return sorted({one + sign * step for one in there for step in steps[attribute.type] for sign in (1, 0, -1)})


def crowd(pools):
    """Many facts out of a few values, some of them missing in one way or the other."""
    known = []
    for n in range(max(40, *(len(pool) + 2 for pool in pools.values()))):
        picked = {}
        for place, (name, pool) in enumerate(pools.items()):
            choice = (n * (2 * place + 1) + n // (place + 3)) % (len(pool) + 2)
            if choice <= len(pool):
                picked[name] = [*pool, None][choice]
        known.append(picked)
    return known


# ---- the naive interpreter: the words of docs/ideas/rules.md, once more and slowly


def naive(node, kinds, facts, now, zone):
    if "all" in node:
        return all(naive(part, kinds, facts, now, zone) for part in node["all"])
    if "any" in node:
        return any(naive(part, kinds, facts, now, zone) for part in node["any"])
    if "not" in node:
        return not naive(node["not"], kinds, facts, now, zone)
    kind, seen, op = kinds[node["attribute"]], facts.get(node["attribute"]), node["op"]
    if op in {"exists", "missing"}:
        return (seen is None) == (op == "missing")
    if seen is None:
        return False

    def like(one):
        one = normalize("NFC", one)
        return normalize("NFC", one.casefold()) if node.get("fold") else one

    def read(value):
        if isinstance(value, dict):
            return calendar(value["amount"], value["unit"], kind, now, zone)
        if kind in {"text", "set"}:
            return like(value)
        return {"decimal": Decimal, "day": date.fromisoformat, "moment": datetime.fromisoformat}.get(kind, lambda v: v)(
            value.replace("Z", "+00:00") if isinstance(value, str) else value
        )

    if op == "in bucket":
        value = node["value"]
        return thrown(value["seed"], like(seen) if kind == "text" else seen) in range(value["lo"], value["hi"])
    if op in {"in the last", "in the next"}:
        back = -1 if op == "in the last" else 1
        far = calendar(back * node["value"]["amount"], node["value"]["unit"], kind, now, zone)
        here = calendar(0, "days", kind, now, zone)
        return min(far, here) <= seen <= max(far, here)
    seen = like(seen) if kind == "text" else {like(one) for one in seen} if kind == "set" else seen
    value = [read(v) for v in node["value"]] if isinstance(node["value"], list) else read(node["value"])
    return {
        "=": lambda: seen == value,
        "!=": lambda: seen != value,
        "<": lambda: seen < value,
        "<=": lambda: seen <= value,
        ">": lambda: seen > value,
        ">=": lambda: seen >= value,
        "between": lambda: seen >= value[0] and seen <= value[1],
        "in": lambda: any(seen == one for one in value),
        "not in": lambda: not any(seen == one for one in value),
        "starts with": lambda: seen[: len(value)] == value,
        "contains": lambda: any(seen[i:].startswith(value) for i in range(len(seen))),
        "has any": lambda: any(one in seen for one in value),
        "has all": lambda: all(one in seen for one in value),
        "has none": lambda: not any(one in seen for one in value),
    }[op]()


def thrown(seed, key):
    return int(hashlib.sha256(f"{normalize('NFC', seed)}:{key}".encode()).hexdigest()[:8], 16) % 10_000


def calendar(amount, unit, kind, now, zone):
    """The day or moment that far from now, by what the clocks on the wall show."""
    zone = ZoneInfo(zone)
    if kind == "moment" and (amount == 0 or unit == "hours"):
        return now + timedelta(seconds=3600 * amount)
    wall = now.astimezone(zone).replace(tzinfo=None, fold=0)
    if unit in {"days", "weeks"}:
        there = wall + timedelta(days=amount * (7 if unit == "weeks" else 1))
    else:
        months = wall.year * 12 + (wall.month - 1) + amount * (12 if unit == "years" else 1)
        for day in range(wall.day, 0, -1):
            try:
                there = wall.replace(year=months // 12, month=months % 12 + 1, day=day)
                break
            except ValueError:
                continue
    if kind == "day":
        return there.date()
    # Which moments show this on the wall? The first of them; if none does, as if the clocks had not changed yet.
    before, after = (
        (there + timedelta(days=days)).replace(tzinfo=UTC).astimezone(zone).utcoffset() for days in (-2, 2)
    )
    shown = [there.replace(tzinfo=UTC) - offset for offset in (before, after)]
    fitting = [one for one in shown if one.astimezone(zone).replace(tzinfo=None, fold=0) == there]
    return min(fitting) if fitting else shown[0]


# ---- the proof


@settings(max_examples=examples(100), deadline=None, suppress_health_check=list(HealthCheck))
@given(st.sampled_from([["text"], ["set"], ["day"], ["moment"], NUMBERS, [*COLUMNS]]).flatmap(worlds))
async def test_all_back_ends_agree(tx, world):
    vocabulary, told, known, instant, zone = world
    now = rules.Now(instant, zone)
    parsed = [rules.parse(vocabulary, one) for one in told]

    columns, params = [], {}
    for place, rule in enumerate(parsed):
        condition, values = rules.sql(rule, now, prefix=f"rule{place}")
        columns.append(condition)
        params |= values
    asked = f"SELECT {', '.join(columns)} FROM json_to_recordset(%(facts)s::json) AS f ({RECORDS})"
    in_sql = [list(row) for row in await tx.tuples(asked, facts=rows(known), **params)]

    tests = [rules.compile(rule) for rule in parsed]
    in_python = [[test(one, now) for test in tests] for one in known]
    explained = [[rules.explain(rule, one, now).holds for rule in parsed] for one in known]
    types = {name: attribute.type for name, attribute in vocabulary.attributes.items()}
    naively = [[naive(one, types, facts, instant, zone) for one in told] for facts in known]
    assert in_python == naively
    assert in_sql == naively
    assert explained == naively

    for rule in parsed:
        again = rules.parse(vocabulary, msgspec.json.decode(msgspec.json.encode(rule.node)))
        assert again.node == rule.node
        for language in ("en", "fr"):
            said = rules.words(rule, language, currency="EUR", zone=zone)
            assert said.endswith(".")
            assert rules.words(again, language)


@pytest.mark.parametrize("by_letters", [False, True])
async def test_texts_are_alike_in_postgresql_and_python(tx, by_letters):
    """Every character that Python knows: a newer PostgreSQL knows more, but must not think otherwise of these; an
    older one folds by Python's table.
    """
    if by_letters:
        await tx.connection.execute(folding.by_letters())
    known = [chr(n) for n in range(1, sys.maxunicode + 1) if category(chr(n)) not in {"Cs", "Cn"}]
    known += [f"{one}\u0323" for one in known if one.casefold() != one or normalize("NFD", one) != one]
    asked = f"SELECT {ALIKE.format('x')}, {FOLDED.format('x')} FROM unnest(%(x)s::text[]) AS x"
    for (same, small), one in zip(await tx.tuples(asked, x=texts(known)), known, strict=True):
        assert (same, small) == (alike(one), folded(one)), hex(ord(one))
