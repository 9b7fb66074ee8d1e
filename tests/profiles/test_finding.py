"""Anyone is found by any identifier, in whatever way it is typed."""

import pytest

from comptoir import identity, profiles
from profiles.conftest import START

pytestmark = pytest.mark.anyio


@pytest.fixture
async def ines(house):
    """One person, by five identifiers; and somebody else."""
    cleaner = await identity.Cleaner.load(house.tx)
    raw = [
        ("user_id", "U-77"),
        ("email", "Ines.Morel@Example.com"),
        ("phone", "+33612345678"),
        ("loyalty_card", "2012 3456 789"),
        ("anonymous_id", "d1"),
    ]
    identifiers, refused = cleaner.clean(raw, "FR")
    assert refused == []
    other, _ = cleaner.clean([("user_id", "u9"), ("anonymous_id", "d2"), ("phone", "+33687654321")], "FR")
    nodes = await identity.resolve(
        house.tx, [identity.Observation(one, START, 1) for one in (identifiers, other, other)]
    )
    await house.project((house.event(anonymousId="d1"), nodes[0]), (house.event(anonymousId="d2"), nodes[1]))
    return (await identity.persons_of(house.tx, nodes[:1]))[nodes[0]]


@pytest.mark.parametrize(
    "typed",
    [
        "06 12 34 56 78",
        "0612345678",
        "+33 6 12 34 56 78",
        "33612345678",
        "0033 612 345 678",
        "INES.MOREL@EXAMPLE.COM",
        " ines.morel@example.com ",
        "20123456789",
        "2012-3456 789",
        "U-77",
        "d1",
    ],
)
async def test_however_it_is_typed(house, ines, typed):
    page = await profiles.search(house.tx, filters=profiles.Filters(text=typed), country="FR")
    assert [one.person_id for one in page.people] == [ines]


async def test_what_is_nobodys_finds_nobody(house, ines):
    for typed in ("06 12 34 56 79", "2012345678", "ines.morel@example.org", "@", "+"):
        page = await profiles.search(house.tx, filters=profiles.Filters(text=typed), country="FR")
        assert page.people == [], typed


async def test_who_is_known_and_was_never_seen_is_listed_too(house, ines):
    """An order names somebody before anything else has come of her: the directory knows her all the same."""
    cleaner = await identity.Cleaner.load(house.tx)
    new, _ = cleaner.clean([("email", "new@example.com")], "FR")
    nodes = await identity.resolve(house.tx, [identity.Observation(new, START, 1)])
    await house.tx.run("INSERT INTO profiles.person (person_id, nodes) VALUES (%(person)s, 1)", person=nodes[0])
    found = await profiles.search(house.tx, people=[ines, nodes[0]])
    assert [one.person_id for one in found.people] == [ines, nodes[0]]
    assert found.people[0].last_at is not None
    assert (found.people[1].first_at, found.people[1].last_at) == (None, None)
    first = await profiles.search(house.tx, people=[ines, nodes[0]], limit=1)
    rest = await profiles.search(house.tx, people=[ines, nodes[0]], limit=1, after=first.after)
    assert ([one.person_id for one in rest.people], rest.after) == ([nodes[0]], None)
