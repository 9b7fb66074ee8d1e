"""The town repeats itself exactly, and does what towns do."""

from collections import Counter
from datetime import UTC, datetime
from itertools import islice, pairwise

import pytest

from comptoir.demo import places, world
from comptoir.demo.outings import Shelf
from comptoir.demo.twin import Twin

ORIGIN = datetime(2026, 11, 16, 5, tzinfo=UTC)
PRODUCTS = {product.product_id: product for product in places.made_up_products()}
WORLD = world.make(seed=5, households=places.made_up_households(seed=5, count=120))


def twin(seed=5, run=0) -> Twin:
    return Twin(seed=seed, world=WORLD, shelf=Shelf(PRODUCTS, list(PRODUCTS)), origin=ORIGIN, run=run)


@pytest.fixture(scope="module")
def acts():
    return list(islice(twin().acts(), 20_000))


def test_the_same_seed_gives_the_same_acts(acts):
    assert list(islice(twin().acts(), 3_000)) == acts[:3_000]
    assert list(islice(twin(seed=6).acts(), 50)) != acts[:50]


def test_another_run_says_other_things(acts):
    assert not {act.key for act in islice(twin(run=1).acts(), 3_000)} & {act.key for act in acts}


def test_time_goes_forward_and_keys_are_unique(acts):
    assert all(earlier.at <= later.at for earlier, later in pairwise(acts))
    assert len({act.key for act in acts}) == len(acts)
    assert acts[0].at >= ORIGIN


def test_every_message_says_that_it_is_simulated(acts):
    assert all(act.message["context"]["library"]["name"] == "comptoir-twin" for act in acts if not act.sale)


def test_the_truth_is_in_no_message(acts):
    for act in acts:
        assert not {"person", "household", "marks"} & act.message.keys()


def test_all_channels_speak(acts):
    assert {act.source for act in acts} == {"web", "app", "calls", "newsletter", "market", "display", "till"}


def test_the_funnel_narrows(acts):
    seen = Counter(act.message.get("event") for act in acts if act.source in {"web", "app"})
    assert seen["Product Viewed"] > seen["Product Added"] > seen["Checkout Started"] > seen["Order Completed"] > 0


def test_a_few_people_do_much(acts):
    per_person = sorted(Counter(act.person for act in acts).values(), reverse=True)
    tenth = len(per_person) // 10
    assert sum(per_person[:tenth]) > 2 * tenth * sum(per_person) / len(per_person)


def test_what_makes_recognition_hard_happens(acts):
    people = {person.number: person for person in WORLD.people}
    wrong = [
        v
        for act in acts
        for n, v in act.marks
        if n == "email" and v not in (people[act.person].email, people[act.person].relay)
    ]
    assert wrong, "nobody mistyped an address"
    users: dict[str, set[int]] = {}
    for act in acts:
        for namespace, value in act.marks:
            if namespace == "anonymous_id":
                users.setdefault(value, set()).add(act.person)
    assert any(len(several) > 1 for several in users.values()), "nobody shared a tablet"


def test_what_was_looked_at_is_bought_in_a_shop(acts):
    looked: dict[int, set[int]] = {}
    found = 0
    for act in acts:
        if act.sale:
            found += bool({line[0] for line in act.sale.lines} & looked.get(act.person, set()))
        elif act.message.get("event") == "Product Viewed" and act.sound:
            looked.setdefault(act.person, set()).add(int(act.message["properties"]["product_id"]))
    assert found > 100


def test_orders_add_up_to_the_cent(acts):
    for act in acts:
        if act.message.get("event") == "Order Completed" and act.sound:
            said = act.message["properties"]
            assert round(said["total"] * 100) == sum(round(p["price"] * 100) * p["quantity"] for p in said["products"])


def test_some_messages_are_damaged(acts):
    assert 0 < sum(not act.sound for act in acts) < len(acts) / 100


def test_the_pace_follows_the_speed(acts):
    days = (acts[-1].at - acts[0].at).total_seconds() / 86_400
    per_second = len(acts) / days / 86_400
    assert twin().pace(10) * per_second == pytest.approx(10, rel=0.25)
