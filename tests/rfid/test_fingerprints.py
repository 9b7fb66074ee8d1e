"""The same event has one hash, however it is written; another event has another."""

import json
import random
from copy import deepcopy

import pytest
from hypothesis import given
from hypothesis import strategies as st

from comptoir.rfid.fingerprints import event_hash, instant, key_of, moment, number, pre_hash, spaces_of
from rfid.conftest import CONTEXT, EVERY_KIND, events_of, published, seen, tag

SPACES = spaces_of(CONTEXT)

# What epcis-event-hash-generator 1.9.3 (MIT) says of the same documents; it cannot read the other two.
REFERENCE = {
    "aggregation": "935d85cd42809bbb2e364b59c684e3c7649512b812ec45cd713c72b143a20e7c",
    "association": "6e671107d0c80f2b17c58783628871ea2c5ea2fc2078daad647144b1b5d72156",
    "declared wrong": "b8b0081448802c439b675719bd3f59984114cd7cb7d7c5f5445206da7922c3e0",
    "object": "df0f460b319fb17cee5540d9ce5fc46844bbe6b19c240f4ec6ba69cf3b7fcd96",
    "sensor": "3f28f645886b576f9ef3b5f67dd4f473032a77f402c316751821a7effafe9b0d",
    "transformation": "808f0427fb7d6d7ebfc7a07de237944cf57a9cd604e81df68deaeca8a28f5e8f",
    "with a link": "f5a40d7393c3184bb3387f53024d77f5fcca95b2356c8d57565c4b24cd4cf515",
}

# The same of GS1's examples, by file and place.
PUBLISHED = {
    "AssociationEvent-a": ["39141606ab0b3f78"],
    "AssociationEvent-b": ["2a4801ee770582c1"],
    "AssociationEvent-c": ["847bbfc737fe2de2"],
    "AssociationEvent-d": ["b9350b16fd98c704"],
    "AssociationEvent-e": ["2820137e367df426"],
    "AssociationEvent-f": ["69e809bf262e056b"],
    "AssociationEvent-g": ["b9350b16fd98c704"],
    "AssociationEvent-h": ["2fff9bed44a912a5"],
    "EPCISQueryDocument": ["df6523665bc5e580", "32547b2344d525ea"],
    "Example-Type-sourceOrDestination,measurement,bizTransaction": ["42f0abe66814b701"],
    "Example_9.6.1-ObjectEvent-with-pseudo-SBDH-headers": ["df6523665bc5e580", "32547b2344d525ea"],
    "Example_9.6.1-ObjectEvent": ["df6523665bc5e580", "32547b2344d525ea"],
    "Example_9.6.1-ObjectEventWithDigitalLink": ["d3b08a0fc053bb7d", "4edc29e1e6848aa1"],
    "Example_9.6.1-with-comment": ["df6523665bc5e580", "32547b2344d525ea"],
    "Example_9.6.2-ObjectEvent": ["352ffde936674c01"],
    "Example_9.6.2-ObjectEventWithDigitalLink": ["7542dcd055bf29e6"],
    "Example_9.6.3-AggregationEvent": ["96b6bf98742a60db"],
    "Example_9.6.3-AggregationEventWithDigitalLink": ["c6d04a3b2879ee8b"],
    "Example_9.6.4-TransformationEvent": ["c794227acf3a4d9b"],
    "Example_9.6.4-TransformationEventWithDigitalLink": ["c794227acf3a4d9b"],
    "PersistentDisposition-example": ["8bc6684804a20dea", "d45746bb0cfcfe53"],
}


@pytest.mark.parametrize("name", REFERENCE)
def test_it_is_the_hash_of_the_published_implementation(name):
    assert event_hash(EVERY_KIND[name], SPACES) == f"ni:///sha-256;{REFERENCE[name]}?ver=CBV2.0"


@pytest.mark.parametrize("path", published(), ids=lambda path: path.stem)
def test_it_is_so_for_the_examples_of_gs1(path):
    told = json.loads(path.read_text())
    hashes = [event_hash(one, spaces_of(told["@context"])) for one in events_of(told)]
    if path.stem in PUBLISHED:
        assert [one.partition(";")[2][:16] for one in hashes] == PUBLISHED[path.stem]


def test_the_text_that_is_hashed_reads_in_the_order_of_the_standard():
    assert pre_hash(seen(5, **{"house:clerk": " Zoé "}), SPACES) == (
        "eventType=ObjectEventeventTime=2026-05-04T10:00:00.000ZeventTimeZoneOffset=+02:00"
        "epcListepc=https://id.gs1.org/01/10614141073464/21/5action=OBSERVE"
        "bizStep=https://ref.gs1.org/cbv/BizStep-receivingdisposition=https://ref.gs1.org/cbv/Disp-in_progress"
        "readPointid=https://id.gs1.org/414/0614141007776bizLocationid=https://id.gs1.org/414/0614141008889"
        "{https://house.example/epcis/}clerk=Zoé"
    )


# ---- what does not matter


def shuffled(value, rng):
    """The same in another order of keys and of lists that are sets."""
    if isinstance(value, dict):
        pairs = [(name, shuffled(one, rng)) for name, one in value.items()]
        rng.shuffle(pairs)
        return dict(pairs)
    if isinstance(value, list):
        return rng.sample([shuffled(one, rng) for one in value], len(value))
    return value


@given(st.sampled_from(sorted(EVERY_KIND)), st.randoms(use_true_random=False))
def test_the_order_of_keys_and_lists_does_not_matter(name, rng):
    told = EVERY_KIND[name]
    assert key_of(shuffled(told, rng), SPACES) == key_of(told, SPACES)


def renamed(value, old, new):
    return json.loads(json.dumps(value).replace(f'"{old}:', f'"{new}:'))


@pytest.mark.parametrize("name", EVERY_KIND)
def test_neither_do_prefixes_ids_nor_the_time_of_record(name):
    told = EVERY_KIND[name]
    other = renamed(told, "house", "h") | {"eventID": "urn:uuid:1", "recordTime": "2027-01-01T00:00:00Z"}
    spaces = spaces_of([CONTEXT[0], {"h": CONTEXT[1]["house"], "unused": "https://a.example/"}])
    assert key_of(other, spaces) == key_of(told, SPACES)


@pytest.mark.parametrize(
    "changed",
    [
        {"eventTime": "2026-05-04T10:00:00Z"},
        {"eventTime": "2026-05-04T06:00:00.0004-04:00"},
        {"bizStep": "https://ref.gs1.org/cbv/BizStep-receiving"},
        {"epcList": ["https://id.gs1.org/01/10614141073464/21/5"]},
        {"epcList": ["https://shop.example/p/01/10614141073464/10/LOT/21/5?17=261231"]},
        {"readPoint": {"id": "https://id.gs1.org/414/0614141007776"}},
        {"rdfs:comment": "nothing of it"},
    ],
    ids=str,
)
def test_the_same_thing_said_otherwise_is_the_same(changed):
    assert key_of(seen(5, **changed), SPACES) == key_of(seen(5), SPACES)


# ---- what does


@pytest.mark.parametrize(
    "changed",
    [
        {"eventTime": "2026-05-04T12:00:00.001+02:00"},
        {"eventTimeZoneOffset": "+01:00"},
        {"epcList": [tag(5), tag(6)]},
        {"epcList": [tag("05")]},
        {"action": "ADD"},
        {"bizStep": "shipping"},
        {"disposition": "https://house.example/in_progress"},
        {"readPoint": {"id": "urn:epc:id:sgln:0614141.00777.1"}},
        {"house:clerk": "Ana"},
        {"house:number": 614141123456789012345},
        {"house:number": 614141123456789012346},
        {"errorDeclaration": {"declarationTime": "2026-05-05T08:00:00Z"}},
        {"errorDeclaration": {"declarationTime": "2026-05-05T08:00:01Z"}},
    ],
    ids=str,
)
def test_another_event_has_another_key(changed):
    others = [seen(5), seen(5, **{"house:clerk": "Zoé"}), seen(5, **{"house:number": 1})]
    assert key_of(seen(5, **changed), SPACES) not in {key_of(one, SPACES) for one in others}


def test_long_numbers_are_told_apart():
    one, other = (seen(5, **{"house:n": "61414112345678901234" + last}) for last in "56")
    assert key_of(one, SPACES) != key_of(other, SPACES)


def every_leaf(value, path=()):
    if isinstance(value, dict):
        for name, one in value.items():
            yield from every_leaf(one, (*path, name))
    elif isinstance(value, list):
        for place, one in enumerate(value):
            yield from every_leaf(one, (*path, place))
    else:
        yield path


LEAVES = [
    (name, path)
    for name, told in EVERY_KIND.items()
    for path in every_leaf(told)
    if path[0] not in {"eventID", "recordTime"}
]


@pytest.mark.parametrize(("name", "path"), LEAVES, ids=str)
def test_no_value_is_overlooked(name, path):
    told = deepcopy(EVERY_KIND[name])
    inner = told
    for step in path[:-1]:
        inner = inner[step]
    was = inner[path[-1]]
    inner[path[-1]] = was + 1 if isinstance(was, int | float) else "2031-01-01T00:00:00Z" if "ime" in str(path[-1]) else f"{was}0"  # fmt: skip
    assert key_of(told, SPACES) != key_of(EVERY_KIND[name], SPACES)


# ---- spellings


@pytest.mark.parametrize(
    ("told", "wanted"),
    [("12.50", "12.5"), ("007", "7"), ("+3.0", "3"), ("-0.0", "0"), ("1e3", "1000"), ("0.1", "0.1"), ("1_000", "1_000"),
     ("nan", "nan"), ("1e-7", "1e-07"), ("9007199254740993", "9007199254740993"), ("0.10000000000000000001",) * 2,
     ("1e999", "1e999"), ("٣", "٣"), ("", ""), ("12.", "12")],
)  # fmt: skip
def test_a_number_has_one_spelling(told, wanted):
    assert number(told) == wanted


@given(st.text())
def test_no_text_breaks_the_spelling(text):
    assert number(number(text)) == number(text)
    assert isinstance(moment(text), str)


@given(st.datetimes(timezones=st.just(None)), st.integers(-14 * 60, 14 * 60))
def test_a_moment_is_one_in_every_zone(when, minutes):
    from datetime import UTC, timedelta, timezone  # noqa: PLC0415

    told = when.replace(tzinfo=UTC)
    try:
        elsewhere = told.astimezone(timezone(timedelta(minutes=minutes)))
    except OverflowError:
        return
    assert moment(elsewhere.isoformat()) == moment(told.isoformat())
    assert instant(elsewhere.isoformat()) == told


def test_the_fourth_digit_of_a_second_is_rounded():
    assert moment("2026-05-04T10:00:00.9995Z") == "2026-05-04T10:00:01.000Z"
    assert moment("2026-05-04T10:00:00.0004999Z") == "2026-05-04T10:00:00.000Z"


def test_ten_thousand_events_have_ten_thousand_keys():
    rng = random.Random(7)
    keys = {key_of(seen(serial, **{"house:n": rng.random()}), SPACES) for serial in range(10_000)}
    assert len(keys) == 10_000
