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
