"""The people are made from a seed: valid contacts, nobody twice, the same every time."""

import random
from collections import Counter

import phonenumbers
import pytest
from email_validator import validate_email

from comptoir.demo import places, world
from comptoir.demo.world import mistyped

HOUSEHOLDS = places.made_up_households(seed=3, count=600)


@pytest.fixture(scope="module")
def town():
    return world.make(seed=3, households=HOUSEHOLDS)


def test_the_same_seed_makes_the_same_people(town):
    assert world.make(seed=3, households=HOUSEHOLDS) == town
    assert world.make(seed=4, households=HOUSEHOLDS) != town


def test_a_household_does_not_depend_on_its_neighbours(town):
    few = world.make(seed=3, households=HOUSEHOLDS[100:103]).people
    assert few == [person for person in town.people if person.household_id in {101, 102, 103}]


def test_contacts_are_valid_and_reach_nobody(town):
    for person in town.people:
        assert phonenumbers.is_valid_number(phonenumbers.parse(person.phone))
        assert person.phone[5:10] == "55501"
        assert validate_email(person.email, check_deliverability=False).normalized == person.email
        assert person.email.rpartition("@")[2].removeprefix("mail.").removeprefix("post.").startswith("example.")


def test_only_a_household_shares(town):
    for of in ("email", "phone", "card"):
        homes = Counter(value for value, _ in {(getattr(p, of), p.household_id) for p in town.people})
        assert set(homes.values()) == {1}, of
    assert Counter(p.user_id for p in town.people).most_common(1)[0][1] == 1


def test_one_card_holder_per_household(town):
    holders = Counter(person.household_id for person in town.people if person.holds_card)
    assert set(holders.values()) == {1}
    assert len(holders) == len(HOUSEHOLDS)


def test_a_card_is_an_ean_13_for_use_inside_a_company():
    digits = [int(digit) for digit in world.card(42)]
    assert digits[:2] == [2, 9]
    assert len(digits) == 13
    assert sum(digit * (3 if place % 2 else 1) for place, digit in enumerate(digits)) % 10 == 0


def test_a_mistyped_address_is_nobody_elses(town):
    rng = random.Random(1)
    everybody = {person.email for person in town.people}
    for person in town.people[:300]:
        wrong = mistyped(rng, person.email)
        assert wrong not in everybody
        assert wrong.partition("@")[2] == person.email.partition("@")[2]


def test_cookies_differ_by_generation(town):
    device = town.people[0].devices[0]
    assert device.cookie(0) == device.cookie(0) != device.cookie(1)
