"""The trap set holds what it promises, and is the same each time."""

from collections import Counter

import pytest

from identity.traps import COLUMNS, trap_set
from identity.traps.words import MISTYPED, NICKNAMES


@pytest.fixture(scope="module")
def small():
    return trap_set(people=3_000, seed=7)


def test_the_same_seed_makes_the_same_set_and_another_another(small):
    assert trap_set(people=3_000, seed=7) == small
    assert trap_set(people=3_000, seed=8) != small


def test_about_three_records_a_person_with_all_columns(small):
    records, truth = small
    assert 2.5 < len(records) / 3_000 < 3.5
    assert all(tuple(one) == COLUMNS for one in records)
    assert set(truth) == {one["record_id"] for one in records}
    assert {one["source"] for one in records} == {"web", "app", "till", "call", "market", "newsletter", "crm", "device"}


def test_every_trap_is_there(small):
    records, truth = small
    emails = [one["email"].lower() for one in records if one["email"]]
    assert Counter(emails)["no@no.com"] > 10
    assert Counter(one["phone"] for one in records)["0600000000"] > 10
    assert any("+" in one for one in emails)
    assert {one.partition("@")[2] for one in emails} & {wrong for some in MISTYPED.values() for wrong in some}
    nicknames = {one for some in NICKNAMES.values() for one in some}
    assert {one["first_name"] for one in records} & nicknames
    assert any(one["postcode"] and len(one["postcode"]) == 4 for one in records)
    assert any(one["birth_date"] == "1900-01-01" for one in records)
    assert any(one["first_name"] and one["first_name"].rstrip(".") == one["first_name"][0] for one in records)
    # One address of several people, one device of several people, one person of several addresses.
    assert shared(records, truth, lambda one: [one["email"]] if one["source"] == "web" else []) > 5
    assert shared(records, truth, lambda one: one["device_ids"] or []) > 50
    assert len({(truth[one["record_id"]], one["email"]) for one in records}) > len({*truth.values()})


def shared(records, truth, values):
    """How many values are of more than one person."""
    whose = {}
    for one in records:
        for value in values(one):
            if value:
                whose.setdefault(value.lower(), set()).add(truth[one["record_id"]])
    return sum(len(some) > 1 for some in whose.values())


def test_twice_the_noise_is_noisier():
    calm, loud = (trap_set(people=1_000, seed=3, noise=noise)[0] for noise in (0, 2))
    assert not any(one["first_name"] and one["first_name"].isupper() and len(one["first_name"]) > 2 for one in calm)
    assert sum(bool(one["first_name"] and one["first_name"].isupper()) for one in loud) > 300
