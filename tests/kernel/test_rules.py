"""What a rule means, what is wrong with one that cannot be read, and how it sounds."""

from datetime import UTC, date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from comptoir.kernel import rules
from comptoir.kernel.rules import Attribute, Vocabulary, Words
from comptoir.kernel.rules.parsing import MAX_DEPTH, MAX_MISTAKES, MAX_NODES, MAX_VALUES
from comptoir.kernel.rules.to_python import bucket

CHANNELS = {
    "web": Words("web shop", "boutique en ligne"),
    "shop": Words("shop", "magasin"),
    "phone": Words("call centre", "centre d’appel"),
}
BASKET = Vocabulary(
    "basket",
    Attribute("total", "money", Words("the basket total", "le total du panier"), sql="b.total_minor"),
    Attribute("units", "integer", Words("the number of pieces", "le nombre d’articles"), sql="b.units"),
    Attribute("weight", "decimal", Words("the weight", "le poids"), sql="b.weight"),
    Attribute("channel", "text", Words("the channel", "le canal"), sql="b.channel", values=CHANNELS),
    Attribute("customer.id", "text", Words("the customer", "le client"), sql="b.customer_id"),
    Attribute("customer.city", "text", Words("the city", "la ville"), sql="b.city"),
    Attribute("customer.groups", "set", Words("the customer’s groups", "les groupes du client"), sql="b.groups"),
    Attribute("customer.birthday", "day", Words("the birthday", "l’anniversaire"), sql="b.birthday"),
    Attribute("customer.last_bought", "moment", Words("the last purchase", "le dernier achat"), sql="b.last_bought"),
    Attribute("first", "boolean", Words("first purchase", "premier achat"), sql="b.first"),
)
NOW = rules.Now(datetime(2026, 11, 22, 9, tzinfo=UTC), "Europe/Paris")


def clause(attribute, op, *value, **more):
    return {"attribute": attribute, "op": op, **({"value": value[0]} if value else {}), **more}


def holds(data, facts, now=NOW):
    return rules.compile(rules.parse(BASKET, data))(facts, now)


def mistakes(data):
    with pytest.raises(rules.BadRule) as refused:
        rules.parse(BASKET, data)
    return refused.value.data["errors"]


def places(data):
    return [(one.place, one.kind) for one in mistakes(data)]


def ago(amount, unit="days"):
    return {"amount": -amount, "unit": unit}


# ---- what it means


@pytest.mark.parametrize("op", ["=", "!=", "in", "not in", "starts with", "contains", "in bucket"])
def test_a_comparison_with_something_missing_is_false_and_its_not_is_true(op):
    values = {"in": ["a"], "not in": ["a"], "in bucket": {"seed": "s", "lo": 0, "hi": 10_000}}
    told = clause("customer.city", op, values.get(op, "a"))
    for facts in ({}, {"customer.city": None}):
        assert not holds(told, facts)
        assert holds({"not": told}, facts)
    assert holds({"not": clause("customer.groups", "has none", ["a"])}, {})
    assert holds(clause("customer.groups", "has none", ["a"]), {"customer.groups": []})


def test_texts_are_compared_as_they_are_read():
    typed, composed = "Orle\u0301ans", "Orl\u00e9ans"
    assert holds(clause("customer.city", "=", composed), {"customer.city": typed})
    assert holds(clause("customer.city", "contains", "le\u0301"), {"customer.city": composed})
    assert not holds(clause("customer.city", "starts with", "Orle"), {"customer.city": typed})
    assert not holds(clause("customer.city", "=", "STRASSE"), {"customer.city": "Straße"})
    assert holds(clause("customer.city", "=", "STRASSE", fold=True), {"customer.city": "Straße"})
    assert holds(clause("customer.groups", "has all", ["VIP", "É"], fold=True), {"customer.groups": {"vip", "e\u0301"}})


def test_decimals_are_exact():
    assert holds(clause("weight", "=", 0.3), {"weight": Decimal("0.1") * 3})
    assert holds(clause("weight", ">", "0.3"), {"weight": Decimal("0.300000000000000000000000000001")})


def test_distances_follow_the_calendar_of_the_place():
    """On 29 March 2026 the clocks of Paris skip an hour: a day ago is 23 hours ago, 24 hours are not a day."""
    now = rules.Now(datetime(2026, 3, 29, 10, tzinfo=ZoneInfo("Europe/Paris")), "Europe/Paris")
    yesterday_at_ten = datetime(2026, 3, 28, 10, tzinfo=ZoneInfo("Europe/Paris"))
    facts = {"customer.last_bought": yesterday_at_ten}
    assert holds(clause("customer.last_bought", "in the last", {"amount": 1, "unit": "days"}), facts, now)
    assert holds(clause("customer.last_bought", "in the last", {"amount": 23, "unit": "hours"}), facts, now)
    assert not holds(clause("customer.last_bought", "in the last", {"amount": 22, "unit": "hours"}), facts, now)
    assert rules.Now(yesterday_at_ten, "Europe/Paris").moment(rules.Span(24, "hours")) > now.instant


@pytest.mark.parametrize(
    ("today", "amount", "unit", "expected"),
    [
        (date(2026, 3, 31), -1, "months", date(2026, 2, 28)),
        (date(2024, 2, 29), 1, "years", date(2025, 2, 28)),
        (date(2024, 2, 29), 4, "years", date(2028, 2, 29)),
        (date(2026, 1, 31), -13, "months", date(2024, 12, 31)),
        (date(2026, 1, 1), -1, "weeks", date(2025, 12, 25)),
    ],
)
def test_months_and_years_end_on_a_day_that_there_is(today, amount, unit, expected):
    now = rules.Now(datetime(today.year, today.month, today.day, 12, tzinfo=UTC), "UTC")
    assert now.day(rules.Span(amount, unit)) == expected


def test_today_is_the_day_of_the_place():
    instant = datetime(2026, 11, 22, 23, 30, tzinfo=UTC)
    today = clause("customer.birthday", "=", {"amount": 0, "unit": "days"})
    assert holds(today, {"customer.birthday": date(2026, 11, 23)}, rules.Now(instant, "Europe/Paris"))
    assert holds(today, {"customer.birthday": date(2026, 11, 22)}, rules.Now(instant, "America/New_York"))


def test_an_hour_that_the_clocks_show_twice_or_skip():
    paris = "Europe/Paris"
    half_past_two_twice = rules.Now(datetime(2026, 10, 26, 1, 30, tzinfo=UTC), paris)  # 02:30 on the day after
    assert half_past_two_twice.moment(rules.Span(-1, "days")) == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    half_past_two_never = rules.Now(datetime(2026, 3, 30, 0, 30, tzinfo=UTC), paris)  # 02:30 on the day after
    assert half_past_two_never.moment(rules.Span(-1, "days")) == datetime(2026, 3, 29, 1, 30, tzinfo=UTC)  # 03:30


def test_buckets_stay_and_seeds_are_independent():
    """The figures are part of the contract: whoever was in a split stays there, in every later version."""
    assert [bucket("spring", key) for key in ("ana", "é", 7)] == [9565, 2997, 3631]
    half = {key for key in range(4_000) if bucket("spring", key) < 5_000}
    other = {key for key in range(4_000) if bucket("autumn", key) < 5_000}
    assert 1_850 < len(half) < 2_150
    assert 900 < len(half & other) < 1_100


def test_an_explanation_judges_every_part_and_shows_what_it_saw():
    rule = rules.parse(
        BASKET,
        {"any": [clause("total", ">=", 5000), {"not": clause("channel", "in", ["web"])}, clause("units", "exists")]},
    )
    why = rules.explain(rule, {"total": 4200, "channel": "web"}, NOW)
    assert not why.holds
    assert [(part.holds, part.seen) for part in why.parts] == [(False, 4200), (False, None), (False, None)]
    assert (why.parts[1].parts[0].holds, why.parts[1].parts[0].seen) == (True, "web")
    assert (
        rules.words(why.parts[0].rule(rule), "fr", currency="EUR") == "Le total du panier vaut au moins 50,00\u00a0€."
    )
    assert msgspec.to_builtins(why.parts[0]) == {
        "node": {"attribute": "total", "op": ">=", "value": 5000},
        "holds": False,
        "seen": 4200,
    }


def test_no_value_gets_into_the_sql():
    nasty = "'; DROP TABLE %(x)s; --"
    condition, params = rules.sql(rules.parse(BASKET, clause("customer.city", "=", nasty)), NOW, prefix="p")
    assert condition == 'coalesce(normalize(b.city, NFC) COLLATE "C" = %(p_0)s::text, false)'
    assert params == {"p_0": nasty}


def test_a_vocabulary_without_sql_says_so():
    facts_only = Vocabulary("facts", Attribute("units", "integer", Words("the pieces", "les articles")))
    with pytest.raises(ValueError, match="units of facts has no SQL"):
        rules.sql(rules.parse(facts_only, clause("units", ">", 1)), NOW)


@pytest.mark.parametrize("name", ["Total", "a b", "a.", "x')", ""])
def test_names_of_attributes_are_plain(name):
    with pytest.raises(ValueError, match="not written like"):
        Vocabulary("bad", Attribute(name, "integer", Words("x", "x")))


# ---- what is wrong with it


def test_all_mistakes_are_told_with_their_places():
    wrong = {
        "all": [
            clause("totl", ">=", 5000),
            clause("total", "starts with", 5),
            clause("total", ">=", 50.5),
            {"any": []},
            {"not": clause("channel", "in", ["web", "wbe"])},
            clause("customer.birthday", "between", ["2026-02-30", "2026-01-01"], vlue=1),
            {"all": [], "any": []},
            "vip",
        ]
    }
    found = mistakes(wrong)
    assert [(one.place, one.kind) for one in found] == [
        ("/all/0/attribute", "unknown_attribute"),
        ("/all/1/op", "bad_operator"),
        ("/all/2/value", "bad_value"),
        ("/all/3/any", "shape"),
        ("/all/4/not/value/1", "unknown_value"),
        ("/all/5/vlue", "unknown_key"),
        ("/all/5/value/0", "bad_value"),
        ("/all/6", "shape"),
        ("/all/7", "shape"),
    ]
    assert found[0].mend == "Did you mean total?"
    assert found[2].mend == "Write whole minor units: 5000 for 50.00."
    assert found[4].mend == "Did you mean web?"
    assert found[5].mend == "Did you mean value?"


@pytest.mark.parametrize(
    ("told", "place"),
    [
        (clause("units", "=", True), "/value"),
        (clause("units", "=", 1.0), "/value"),
        (clause("units", "=", 2**63), "/value"),
        (clause("units", "="), "/value"),
        (clause("units", "exists", 1), "/value"),
        (clause("units", "in", []), "/value"),
        (clause("units", "in", 3), "/value"),
        (clause("units", "between", [2, 1]), "/value"),
        (clause("units", "between", [1, 2, 3]), "/value"),
        (clause("units", "=", 1, fold=True), "/fold"),
        (clause("total", "=", 10**15 + 1), "/value"),
        (clause("weight", "=", "NaN"), "/value"),
        (clause("weight", "=", float("inf")), "/value"),
        (clause("weight", "=", "1e999999999"), "/value"),
        (clause("weight", "=", "1e-999999999"), "/value"),
        (clause("weight", "=", "a lot"), "/value"),
        (clause("first", "=", 1), "/value"),
        (clause("customer.city", "=", 1), "/value"),
        (clause("customer.city", "=", "a\0b"), "/value"),
        (clause("customer.city", "=", "\ud800"), "/value"),
        (clause("customer.city", "=", "x" * 501), "/value"),
        (clause("customer.city", "contains", ""), "/value"),
        (clause("customer.city", "exists", fold=True), "/fold"),
        (clause("customer.city", "=", "x", fold=1), "/fold"),
        (clause("customer.birthday", "=", "2026-11-22T00:00:00Z"), "/value"),
        (clause("customer.birthday", "=", "0001-01-01"), "/value"),
        (clause("customer.birthday", ">", {"amount": 1, "unit": "hours"}), "/value/unit"),
        (clause("customer.birthday", ">", {"amount": 1, "unit": "moons"}), "/value"),
        (clause("customer.birthday", ">", {"amount": 1, "unit": "days", "x/~": 1}), "/value/x~1~0"),
        (clause("customer.birthday", "in", [ago(1)]), "/value/0"),
        (clause("customer.birthday", "between", [ago(1), ago(2)]), "/value"),
        (clause("customer.last_bought", ">", "2026-11-22T09:00:00"), "/value"),
        (clause("customer.last_bought", "=", "2026-11-22T09:00:00Z"), "/op"),
        (clause("customer.last_bought", "in the last", {"amount": 0, "unit": "days"}), "/value/amount"),
        (clause("customer.last_bought", "in the last", {"amount": 101, "unit": "years"}), "/value/amount"),
        (clause("customer.id", "in bucket", {"seed": "a", "lo": 5, "hi": 5}), "/value"),
        (clause("customer.id", "in bucket", {"seed": "a", "lo": 0, "hi": 10_001}), "/value"),
        (clause("customer.groups", "=", "vip"), "/op"),
        (clause("customer.groups", ["="], "vip"), "/op"),
        (clause(["total"], "=", 1), "/attribute"),
        ({"attribute": "total"}, "/op"),
        ({}, ""),
        (None, ""),
        ({"and": []}, ""),
        ({"all": {}}, "/all"),
        ({"not": []}, "/not"),
    ],
)
def test_what_means_nothing_is_refused(told, place):
    assert [one.place for one in mistakes(told)] == [place]


def test_a_rule_has_its_limits():
    deep = clause("units", ">", 1)
    for _ in range(MAX_DEPTH):
        deep = {"not": deep}
    assert places(deep) == [("/not" * MAX_DEPTH, "limit")]
    assert places({"all": [clause("units", ">", 1)] * 10 * MAX_NODES}) == [(f"/all/{MAX_NODES - 1}", "limit")]
    assert places(clause("units", "in", [1] * (MAX_VALUES + 1))) == [("/value", "limit")]
    assert len(mistakes(clause("channel", "in", ["wbe"] * MAX_VALUES))) == MAX_MISTAKES
    deepest = []
    for _ in range(100_000):
        deepest = [deepest]
    assert places({"all": [deepest, {"not": deepest}]}) == [("/all/0", "shape"), ("/all/1/not", "shape")]


def test_the_largest_rule_can_be_used():
    nest = clause("customer.city", "in", ["é" * 500] * MAX_VALUES, fold=True)
    for _ in range(MAX_DEPTH - 2):
        nest = {"not": nest}
    wide = {"any": [nest, *[clause("units", "between", [1, 2])] * (MAX_NODES - MAX_DEPTH)]}
    assert holds(wide, {"units": 2})
    assert rules.words(rules.parse(BASKET, wide), "fr")


def test_a_bad_rule_reads_well():
    with pytest.raises(rules.BadRule) as refused:
        rules.parse(BASKET, {"all": [clause("totl", ">", 1), clause("unit", ">", 1)]})
    assert refused.value.detail == '/all/0/attribute: "totl" is not known. Did you mean total? (and 1 more)'
    assert refused.value.data["vocabulary"] == "basket"


anything = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text()
    | st.sampled_from([*BASKET.attributes, "=", "in"]),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(
                ["all", "any", "not", "attribute", "op", "value", "fold", "amount", "unit", "seed", "lo", "hi"]
            )
            | st.text(max_size=3),
            inner,
            max_size=4,
        )
    ),
)
likely = st.builds(
    lambda attribute, op, value: {"attribute": attribute, "op": op, "value": value},
    st.sampled_from([*BASKET.attributes]),
    st.sampled_from(sorted({op for ops in rules.ALLOWED.values() for op in ops})),
    anything,
)


@given(anything | likely | st.lists(likely, max_size=3).map(lambda parts: {"all": parts}))
def test_whatever_is_sent_is_a_rule_or_a_bad_one(data):
    try:
        rule = rules.parse(BASKET, data)
    except rules.BadRule as bad:
        for one in bad.data["errors"]:
            assert one.wrong
            assert one.mend
            assert leads_somewhere(one.place, data)
        assert msgspec.json.encode(bad.data)
    else:
        assert rules.parse(BASKET, msgspec.to_builtins(rule.node)).node == rule.node
        assert rules.words(rule, "en")


def leads_somewhere(place, data):
    """A JSON Pointer names what is there, or a member of an object that lacks it."""
    steps = [step.replace("~1", "/").replace("~0", "~") for step in place.split("/")[1:]]
    for step in steps[:-1]:
        data = data[int(step)] if isinstance(data, list) else data[step]
    return not steps or (int(steps[-1]) < len(data) if isinstance(data, list) else isinstance(data, dict))


# ---- how it sounds


@pytest.mark.parametrize(
    ("told", "english", "french"),
    [
        (clause("total", ">=", 5000), "The basket total is at least €50.00.", "Le total du panier vaut au moins 50,00 €."),
        (clause("units", "between", [2, 5]), "The number of pieces is between 2 and 5.", "Le nombre d’articles se situe entre 2 et 5."),
        (clause("weight", "=", "1234.5"), "The weight is 1,234.5.", "Le poids vaut 1 234,5."),
        (clause("units", "not in", [1, 2]), "The number of pieces is neither 1 nor 2.", "Le nombre d’articles ne vaut ni 1 ni 2."),
        (clause("channel", "in", ["web", "shop"]), "The channel is web shop or shop.", "Le canal est boutique en ligne ou magasin."),
        (clause("channel", "not in", ["web"]), "The channel is not web shop.", "Le canal n’est pas boutique en ligne."),
        (clause("customer.city", "starts with", "Par", fold=True), "The city starts with “Par” (in capitals or not).", "La ville commence par « Par » (en majuscules ou non)."),
        (clause("customer.groups", "has any", ["a", "b", "c"]), "“a”, “b” or “c” is among the customer’s groups.", "« a », « b » ou « c » figure parmi les groupes du client."),
        (clause("customer.groups", "has all", ["a", "b"]), "“a” and “b” are among the customer’s groups.", "« a » et « b » figurent parmi les groupes du client."),
        (clause("customer.groups", "has none", ["a", "b"]), "Neither “a” nor “b” is among the customer’s groups.", "Ni « a » ni « b » ne figure parmi les groupes du client."),
        (clause("customer.groups", "has none", ["a"]), "“a” is not among the customer’s groups.", "« a » ne figure pas parmi les groupes du client."),
        (clause("first", "=", True), "First purchase: yes.", "Premier achat : oui."),
        (clause("first", "!=", True), "First purchase: no.", "Premier achat : non."),
        (clause("customer.birthday", "=", "2026-12-24"), "The birthday is 24 December 2026.", "L’anniversaire est le 24 décembre 2026."),
        (clause("customer.birthday", "<=", "2026-12-24"), "The birthday is 24 December 2026 or earlier.", "L’anniversaire est au plus tard le 24 décembre 2026."),
        (clause("customer.birthday", ">", {"amount": 0, "unit": "days"}), "The birthday is after today.", "L’anniversaire est après aujourd’hui."),
        (clause("customer.birthday", "in the next", {"amount": 2, "unit": "weeks"}), "The birthday is in the next 2 weeks.", "L’anniversaire tombe dans les 2 prochaines semaines."),
        (clause("customer.last_bought", "in the last", {"amount": 30, "unit": "days"}), "The last purchase is in the last 30 days.", "Le dernier achat tombe dans les 30 derniers jours."),
        (clause("customer.last_bought", "in the last", {"amount": 1, "unit": "years"}), "The last purchase is in the last year.", "Le dernier achat tombe dans la dernière année."),
        (clause("customer.last_bought", "<", ago(3, "months")), "The last purchase is more than 3 months ago.", "Le dernier achat remonte à plus de 3 mois."),
        (clause("customer.last_bought", "between", [ago(2, "years"), ago(1, "years")]), "The last purchase is between 2 years ago and 1 year ago.", "Le dernier achat se situe entre il y a 2 ans et il y a 1 an."),
        (clause("customer.last_bought", ">", "2026-11-22T08:30:00Z"), "The last purchase is after 22 November 2026, 09:30.", "Le dernier achat est après le 22 novembre 2026 à 09:30."),
        (clause("customer.id", "in bucket", {"seed": "spring", "lo": 0, "hi": 1250}), "The customer falls between 0% and 12.5% of the split “spring”.", "Le client tombe entre 0 % et 12,5 % de la répartition « spring »."),
        ({"not": clause("customer.city", "exists")}, "It is not true that we know the city.", "Il n’est pas vrai qu’on connaît la ville."),
        ({"not": clause("units", ">", 1)}, "It is not true that the number of pieces is more than 1.", "Il n’est pas vrai que le nombre d’articles vaut plus de 1."),
        ({"all": []}, "Always.", "Toujours."),
        (
            {"all": [clause("units", ">", 1), {"any": [clause("first", "=", False), clause("customer.city", "missing")]}]},
            "The number of pieces is more than 1, and (first purchase: no, or we do not know the city).",
            "Le nombre d’articles vaut plus de 1, et (premier achat : non, ou on ne connaît pas la ville).",
        ),
    ],
)  # fmt: skip
def test_a_rule_is_a_sentence(told, english, french):
    rule = rules.parse(BASKET, told)
    assert rules.words(rule, "en", currency="EUR", zone="Europe/Paris") == english
    spaces = str.maketrans({"\u202f": " ", "\u00a0": " "})
    assert rules.words(rule, "fr", currency="EUR", zone="Europe/Paris").translate(spaces) == french


def test_without_a_currency_and_a_zone_it_says_what_it_counts_in():
    assert rules.words(rules.parse(BASKET, clause("total", "<", 5000)), "en").endswith("less than 5,000 minor units.")
    moment = clause("customer.last_bought", ">", "2026-11-22T09:30:00+01:00")
    assert (
        rules.words(rules.parse(BASKET, moment), "fr") == "Le dernier achat est après le 22 novembre 2026 à 08:30 UTC."
    )
