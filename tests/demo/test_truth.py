"""Precision and recall are those of the textbook, and shared identifiers are left out of them."""

from datetime import UTC, datetime

from comptoir.demo import places, world
from comptoir.demo.truth import Truth, measure
from comptoir.demo.twin import Act

OWNERS = {
    ("email", "a"): {1},
    ("phone", "a"): {1},
    ("user_id", "a"): {1},
    ("email", "b"): {2},
    ("phone", "b"): {2},
    ("anonymous_id", "tablet"): {1, 2},
}


def measured(groups: dict):
    return measure(OWNERS, groups.get)


def test_all_right():
    result = measured({mark: str(min(people)) for mark, people in OWNERS.items()})
    assert (result.precision, result.recall, result.shared) == (1, 1, 1)
    assert (result.people, result.found_people, result.together) == (2, 2, 4)


def test_two_people_in_one():
    result = measured(dict.fromkeys(OWNERS, "one"))
    assert (result.precision, result.recall) == (4 / 10, 1)


def test_nobody_recognised():
    result = measured({mark: f"{mark}" for mark in OWNERS})
    assert (result.precision, result.recall, result.found_people) == (1, 0, 5)


def test_what_is_unknown_is_counted_not_guessed():
    result = measured({("email", "a"): "1"})
    assert (result.unknown, result.people) == (4, 1)


def test_the_truth_is_read_back_as_it_was_kept(tmp_path):
    (person, other) = world.make(seed=1, households=places.made_up_households(seed=1, count=9)).people[:2]
    at = datetime(2026, 11, 16, tzinfo=UTC)
    truth = Truth(tmp_path / "truth")
    assert truth.owners() == {}
    truth.keep(Act(at, "web", person.number, [("email", person.email)], {"messageId": "m1"}), person)
    truth.keep(Act(at, "web", person.number, [("email", "damaged")], {"messageId": "m2"}, sound=False), person)
    truth.write()
    truth.keep(Act(at, "web", other.number, [("email", person.email)], {"messageId": "m3"}), other)
    assert truth.owners() == {("email", person.email): {person.number, other.number}}
    assert len(list((tmp_path / "truth").glob("part-*.parquet"))) == 2
