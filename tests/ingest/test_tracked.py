"""What the layers above read from a body; a field of the wrong type costs itself only."""

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from comptoir import ingest
from comptoir.kernel.log import Event
from conftest import examples


def read(body, kind="ingest.track", name="Product Viewed"):
    text = body if isinstance(body, str) else json.dumps(body)
    (act,) = ingest.decode([Event(1, 1, 1, kind, name, 7, datetime.now(UTC), datetime.now(UTC), text)])
    return act


def test_a_browsers_event():
    act = read(
        {
            "userId": 42,
            "anonymousId": " a ",
            "context": {
                "page": {"url": "https://shop/p", "referrer": "https://search/", "title": "Cups"},
                "campaign": {"medium": "email", "name": "autumn", "source": None, "odd": [1]},
                "userAgent": "Mozilla/5.0",
                "locale": "fr-FR",
                "externalIds": [{"type": "loyalty_card", "id": 29, "collection": "users"}, {"id": "x"}],
                "traits": {"email": "a@b.c", "firstName": "Ann", "loyalty card": "", "age": None},
                "consent": {"categoryPreferences": {"marketing": False}},
                "device": {"id": "d1"},
            },
            "properties": {"productId": 5, "category": "kitchen", "price": "12.50"},
            "received": {"ip": "203.0.113.9", "gpc": True},
        }
    )
    assert (act.user_id, act.anonymous_id, act.source_id, act.call) == ("42", "a", 7, "track")
    assert (act.page, act.referrer, act.title, act.agent) == (
        "https://shop/p",
        "https://search/",
        "Cups",
        "Mozilla/5.0",
    )
    assert act.campaign == {"medium": "email", "name": "autumn", "odd": "[1]"}
    assert act.external_ids == [("loyalty_card", "29")]
    assert act.traits == {"email": "a@b.c", "first_name": "Ann"}
    assert (act.email, act.phone, act.device_id, act.locale) == ("a@b.c", "", "d1", "fr-FR")
    assert (act.product_id, act.category, act.subject) == ("5", "kitchen", "5")
    assert (act.gpc, act.ip, act.consent) == (True, "203.0.113.9", {"marketing": False})
    assert act.properties["price"] == "12.50"


def test_identify_names_the_person_and_group_does_not():
    assert read({"userId": "u", "traits": {"lastName": "Roux"}}, "ingest.identify").traits == {"last_name": "Roux"}
    group = read({"userId": "u", "groupId": 9, "traits": {"name": "Roux SA"}}, "ingest.group")
    assert (group.traits, group.group_traits, group.group_id) == ({}, {"name": "Roux SA"}, "9")
    assert read({"userId": "u", "previousId": 3}, "ingest.alias").previous_id == "3"
    merge = read(
        {"mergeProperties": [{"type": "email", "value": "a@b.c"}, {"type": "mobile", "value": "+33"}]}, "ingest.merge"
    )
    assert merge.external_ids == [("email", "a@b.c"), ("mobile", "+33")]


def test_old_names_are_told_in_the_new_words():
    assert read({}, name="Completed Order").name == "Order Completed"
    assert read({}, name="Order Completed").name == "Order Completed"


def test_facts_and_broken_rows_are_none():
    assert read({}, kind="orders.sale_recorded") is None
    assert read("{") is None


@pytest.mark.parametrize("properties", [None, [1], "x", 5, {"category": ["a"], "sku": "s"}])
def test_a_wrong_type_costs_its_field_only(properties):
    act = read(
        {"userId": True, "anonymousId": "a", "context": {"page": {"title": 5, "url": "u"}}, "properties": properties}
    )
    assert (act.user_id, act.anonymous_id, act.page, act.title, act.category) == ("", "a", "u", "", "")
    assert isinstance(act.properties, dict)


FIELDS = [
    "userId",
    "anonymousId",
    "context",
    "traits",
    "page",
    "device",
    "os",
    "campaign",
    "externalIds",
    "type",
    "id",
    "properties",
    "category",
    "name",
    "url",
    "received",
    "gpc",
    "consent",
    "categoryPreferences",
    "email",
]
JSON = st.recursive(
    st.none() | st.booleans() | st.floats(allow_nan=False) | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(FIELDS),
            inner,
            max_size=6,
        )
    ),
    max_leaves=15,
)
READABLE = [name for name, value in vars(ingest.Tracked).items() if isinstance(value, property)]


@given(JSON, st.sampled_from(["ingest.track", "ingest.identify", "ingest.page", "ingest.group"]))
@settings(max_examples=examples(100), deadline=None)
def test_whatever_was_taken_can_be_read(body, kind):
    act = read(body, kind)
    if act is not None:
        for name in READABLE:
            getattr(act, name)
