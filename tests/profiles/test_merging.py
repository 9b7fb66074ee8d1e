"""A person is the merge of her nodes': whatever the order, the batches, and who was thought to be whom meanwhile."""

import itertools
import random
from datetime import UTC, datetime, timedelta
from uuid import UUID

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from comptoir import profiles
from comptoir.identity import PeopleMerged, PeopleSplit
from comptoir.kernel import log
from comptoir.kernel.money import Money
from conftest import examples
from profiles.conftest import SHOP

pytestmark = pytest.mark.anyio

START = datetime(2026, 3, 2, 9, tzinfo=UTC)
NODES = 4
TRAITS = [
    None,
    {"firstName": "Inès"},
    {"firstName": "Ines", "email": "i@example.com"},
    {"email": "J@example.com", "size": 38},
]

deeds = st.lists(
    st.tuples(
        st.integers(1, NODES),
        st.sampled_from(
            ["Product Viewed", "Product Added", "Email Sent", "Products Searched", "identify", "sale", "return"]
        ),
        st.integers(0, 60 * 24 * 3),
        st.sampled_from(TRAITS),
    ),
    min_size=1,
    max_size=40,
)


def events_of(house, deeds):
    made = []
    for node, what, minutes, traits in deeds:
        after = timedelta(minutes=minutes)
        if what in {"sale", "return"}:
            made.append(
                (
                    house.sale(node, 1999 if what == "sale" else -500, after=after, units=1 if what == "sale" else -1),
                    node,
                )
            )
        elif what == "identify":
            made.append((house.event(call="identify", after=after, anonymousId=f"d{node}", traits=traits or {}), node))
        else:
            body = {
                "anonymousId": f"d{node}",
                "userId": f"u{node}" if minutes % 2 else None,
                "context": {
                    "traits": traits,
                    "userAgent": f"Browser {minutes % 3}",
                    "campaign": {"medium": "email"} if minutes % 5 == 0 else None,
                },
                "properties": {"name": "boots", "category": ["Boots", "Coats"][minutes % 2]},
            }
            made.append((house.event(what, after=after, **body), node))
    return made


KEY = UUID(int=1)


def moved(house, fact):
    house.position += 1
    body = msgspec.json.encode(fact).decode()
    return log.Event(0, 1, house.position, fact.kind, "", None, START, START, body), None


async def fresh(house):
    await profiles.empty(house.tx)


@settings(max_examples=examples(12), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(deeds=deeds, cuts=st.lists(st.integers(0, 40), max_size=5), seed=st.integers(0, 10**6))
async def test_neither_order_nor_batches_can_be_seen(house, deeds, cuts, seed):
    await house.nodes(1, 1, 3, 3)
    events = events_of(house, deeds)
    await fresh(house)
    await house.project(*events)
    whole = await profiles.digest(house.tx), await house.everything(1), await house.everything(3)

    await fresh(house)
    random.Random(seed).shuffle(events)
    edges = [0, *sorted(cut % (len(events) + 1) for cut in cuts), len(events)]
    for begin, end in itertools.pairwise(edges):
        if begin < end:
            await house.project(*events[begin:end])

    again = await profiles.digest(house.tx), await house.everything(1), await house.everything(3)
    assert again == whole


@settings(max_examples=examples(12), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(deeds=deeds)
async def test_a_person_is_the_merge_of_her_nodes(house, deeds):
    """The same deeds by one node or by four nodes of one person: every figure is the same."""
    await fresh(house)
    await house.nodes(1, 1, 1, 1)
    position = house.position
    await house.project(*events_of(house, deeds))
    of_four = await profiles.measures(house.tx, person=1)
    thread = await profiles.timeline(house.tx, person=1, limit=500)

    await fresh(house)
    house.position = position
    await house.project(*events_of(house, [(2, *deed[1:]) for deed in deeds]))
    of_one = await profiles.measures(house.tx, person=2)

    assert of_one == of_four
    one = await profiles.timeline(house.tx, person=2, limit=500)
    assert [m.position for m in one.moments] == [m.position for m in thread.moments]


@settings(max_examples=examples(12), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(deeds=deeds, later=deeds)
async def test_a_merge_and_its_unmerge_leave_every_read_as_before(house, deeds, later):
    await fresh(house)
    await house.nodes(1, 1, 3, 3)
    await house.project(*events_of(house, deeds))
    before = [await house.everything(1), await house.everything(3), await people(house)]

    await house.nodes(1, 1, 1, 1)
    await house.project(moved(house, PeopleMerged(person_id=1, key=KEY, absorbed=[3], nodes=[3, 4])))
    merged = await people(house)
    assert {row[0] for row in merged} <= {1}

    await house.nodes(1, 1, 3, 3)
    await house.project(moved(house, PeopleSplit(person_id=1, key=KEY, parts=[1, 3], nodes=[3, 4])))
    assert [await house.everything(1), await house.everything(3), await people(house)] == before


async def people(house):
    return sorted(await house.tx.tuples("SELECT * FROM profiles.person WHERE events > 0"))


async def test_where_she_bought_goes_with_her_identifiers(house):
    async def bought_in_the_shop():
        found = await profiles.search(house.tx, filters=profiles.Filters(shops=[SHOP, 99]))
        return sorted(one.person_id for one in found.people)

    await house.nodes(1, 2, 3)
    await house.project((house.event(anonymousId="a"), 1), (house.sale(2, 500), 2), (house.sale(3, -500), 3))
    assert await bought_in_the_shop() == [2]  # who only gave something back did not buy
    await house.nodes(1, 1, 3)
    await house.project(moved(house, PeopleMerged(person_id=1, key=KEY, absorbed=[2], nodes=[2])))
    assert await bought_in_the_shop() == [1]
    await house.nodes(1, 2, 3)
    await house.project(moved(house, PeopleSplit(person_id=1, key=KEY, parts=[1, 2], nodes=[2])))
    assert await bought_in_the_shop() == [2]


async def test_the_directory_says_what_the_nodes_say(house):
    await house.nodes(1, 1, 3)
    await house.project(
        (house.event(anonymousId="a"), 1),
        (house.event(anonymousId="b", after=timedelta(days=1)), 2),
        (house.sale(2, 5000), 2),
        (house.sale(3, 700, currency="CHF"), 3),
    )
    found = await profiles.search(house.tx, sort="spend")
    assert [(p.person_id, p.events, p.orders, p.spend, p.channels) for p in found.people] == [
        (1, 3, 1, [Money(5000, "EUR")], ["web", "shop"]),
        (3, 1, 1, [Money(700, "CHF")], ["shop"]),
    ]
