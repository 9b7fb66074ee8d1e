"""What each deed adds to a person's figures, to the piece and the cent; it is the same told at once and one by one."""

from datetime import UTC, datetime, timedelta

import pytest

from comptoir import profiles
from comptoir.identity import PeopleMerged, PeopleSplit
from comptoir.kernel.money import Money
from comptoir.profiles import fold, traits
from profiles.conftest import SHOP, START, WEB
from profiles.test_merging import KEY, moved

pytestmark = pytest.mark.anyio

HOUR = timedelta(hours=1)
BOOTS = {"name": "Boots Corentin", "category": "Boots"}


@pytest.fixture(params=["at once", "one by one"])
def told(house, request):
    """A fold in memory and a fold in the tables must come to the same."""

    async def tell(*events_and_nodes):
        if request.param == "at once":
            await house.project(*events_and_nodes)
        for one in events_and_nodes if request.param == "one by one" else ():
            await house.project(one)

    return tell


async def test_looks_baskets_sales_and_returns(house, told):
    await house.nodes(1)
    await told(
        (house.event(anonymousId="d", properties=BOOTS), 1),
        (house.event(anonymousId="d", properties=BOOTS, after=HOUR), 1),
        (house.event("Product Added", anonymousId="d", after=HOUR), 1),
        (house.sale(1, 3000, units=2, after=30 * HOUR), 1),
        (house.sale(1, -1000, units=-1, after=2 * HOUR), 1),
        (house.event("Email Sent", anonymousId="d", after=99 * HOUR), 1),
    )
    measures = await profiles.measures(house.tx, person=1)
    assert (measures.events, measures.visits) == (5, 4)
    assert (measures.views, measures.carts, measures.orders, measures.units) == (2, 1, 1, 1)
    assert measures.spend == [Money(2000, "EUR")]
    assert [(c.channel, c.events, c.visits, c.orders) for c in measures.channels] == [
        ("shop", 2, 2, 1),
        ("web", 3, 2, 0),
    ]
    (boots,) = measures.categories
    assert (boots.views, boots.units, boots.spend) == (2, 1, [Money(2000, "EUR")])
    (shop,) = measures.shops
    assert (shop.orders, shop.units, shop.spend, shop.last_at) == (1, 1, [Money(2000, "EUR")], START + 30 * HOUR)
    # What we send is no touch of hers.
    assert (measures.first_touch.at, measures.last_touch.at) == (START, START + 30 * HOUR)
    assert await house.tx.tuples("SELECT events, orders, units, spend_minor FROM profiles.person") == [(5, 1, 1, 2000)]


async def test_a_click_in_a_newsletter_is_a_touch_of_e_mail(house, told):
    await house.nodes(1)
    page = {"url": "https://shop.example/boots"}
    context = {"campaign": {"medium": "newsletter", "name": "spring"}, "page": page, "userAgent": "B"}
    await told(
        (house.event(anonymousId="d", context=context, after=HOUR), 1),
        (house.event(anonymousId="d"), 1),
        (house.event(anonymousId="d", context=context, after=2 * HOUR), 1),
    )
    measures = await profiles.measures(house.tx, person=1)
    assert (measures.first_touch.channel, measures.last_touch.channel) == ("web", "email")
    assert measures.last_touch.campaign == {"medium": "newsletter", "name": "spring"}
    assert [c.channel for c in measures.channels] == ["web"]


async def test_a_device_has_a_first_and_a_last_day(house, told):
    await house.nodes(1)
    agent = {"userAgent": "Browser"}
    await told(*[(house.event(anonymousId="d", context=agent, after=timedelta(days=day)), 1) for day in (3, 0, 9, 5)])
    (device,) = await profiles.devices(house.tx, person=1)
    assert (device.first_day, device.last_day) == (START.date(), START.date() + timedelta(days=9))


async def test_a_node_keeps_every_channel_it_was_seen_in(house, told):
    await house.nodes(1)
    await told((house.event(anonymousId="d"), 1), (house.sale(1), 1), (house.event(anonymousId="d", after=HOUR), 1))
    (found,) = (await profiles.search(house.tx)).people
    assert found.channels == ["web", "shop"]


async def test_takings_stand_at_the_half_hour_of_the_sale(house, told):
    await house.nodes(1)
    late = house.sale(1, 500, after=timedelta(minutes=29))
    after = late.__class__(**{f: getattr(late, f) for f in late.__struct_fields__} | {"recorded_at": START + 50 * HOUR})
    await told((after, 1), (house.sale(1, -200, after=timedelta(minutes=31)), 1))
    rows = await house.tx.tuples("SELECT half_hour, orders, spend_minor FROM profiles.v_takings ORDER BY half_hour")
    assert rows == [(START, 1, 500), (START + HOUR / 2, 0, -200)]


async def test_a_moment_points_at_its_row_of_the_log(house, told):
    await house.nodes(1)
    event = house.event(anonymousId="d")
    await told((event, 1))
    (moment,) = (await profiles.timeline(house.tx, person=1)).moments
    assert (moment.position, moment.recorded_at, moment.occurred_at) == (
        event.position,
        event.recorded_at,
        event.occurred_at,
    )
    assert event.recorded_at != event.occurred_at


async def test_a_minute_counts_events_and_the_people_merged_and_parted(house, told):
    await house.nodes(1, 2, 3)
    await told(
        (house.event(anonymousId="d"), 1),
        moved(house, PeopleMerged(person_id=1, key=KEY, absorbed=[2, 3], nodes=[2, 3])),
        moved(house, PeopleSplit(person_id=1, key=KEY, parts=[1, 2], nodes=[2])),
        moved(house, PeopleMerged(person_id=1, key=KEY, absorbed=[2], nodes=[2])),
        moved(house, PeopleSplit(person_id=1, key=KEY, parts=[1, 3], nodes=[3])),
    )
    counts = await house.tx.tuples("SELECT sum(events)::int, sum(merges)::int, sum(splits)::int FROM profiles.minute")
    assert counts == [(1, 3, 2)]


async def test_who_is_parted_off_has_a_row_at_once(house):
    await house.nodes(1, 1)
    await house.project((house.event(anonymousId="a"), 1), (house.event(anonymousId="b"), 2))
    await house.nodes(1, 2)
    await house.project(moved(house, PeopleSplit(person_id=1, key=KEY, parts=[1, 2], nodes=[2])))
    assert sorted(await house.tx.values("SELECT person_id FROM profiles.person WHERE nodes = 1")) == [1, 2]


async def test_a_value_is_as_sure_as_it_ever_was(house, told):
    """Signed in once, typed at the till since: it is still hers."""
    await house.nodes(1)
    mail = {"email": "ines@example.com"}
    await told(
        (house.event(call="identify", anonymousId="a", userId="u", traits=mail), 1),
        (house.event(call="identify", anonymousId="a", traits=mail, after=HOUR), 1),
        (house.event(call="identify", anonymousId="a", traits={"size": 38}, userId="u"), 1),
        (house.event(call="identify", anonymousId="a", traits={"size": 40}, after=HOUR), 1),
    )
    record = await profiles.golden_record(house.tx, person=1)
    (email,), (size,) = record.fields, record.traits
    assert (email.chosen.verified, email.chosen.times, email.chosen.at) == (traits.SIGNED_IN, 2, START + HOUR)
    # Of what is no field only the last word counts, and how it was known.
    assert (size.value, size.chosen.verified, size.chosen.times) == (40, traits.TYPED, 2)


async def test_a_value_of_two_identifiers_is_as_sure_as_the_surer_one(house):
    await house.nodes(1, 1)
    mail = {"email": "ines@example.com"}
    await house.project(
        (house.event(call="identify", anonymousId="a", userId="u", traits=mail), 1),
        (house.event(call="identify", anonymousId="a", source=SHOP, traits=mail, after=HOUR), 2),
    )
    (email,) = (await profiles.golden_record(house.tx, person=1)).fields
    assert (email.chosen.verified, email.chosen.times, email.chosen.node_id) == (traits.SIGNED_IN, 2, 2)


@pytest.mark.parametrize(("order", "name"), [((1, 2), "Bea"), ((2, 1), "Ada")])
async def test_of_two_values_told_in_one_moment_the_later_in_the_log_survives(house, order, name):
    await house.nodes(1, 1)
    events = {}
    for place in order:
        given = {1: "Ada", 2: "Bea"}[place]
        events[place] = house.event(call="identify", anonymousId="a", traits={"home_shop": given})
    await house.project(*[(events[place], place) for place in (1, 2)])
    (field,) = (await profiles.golden_record(house.tx, person=1)).fields
    assert (field.value, field.decided_by) == (name, "tie")


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ({"firstName": "Inès", "last_name": "Le Goff"}, "Inès Le Goff"),
        ({"lastname": "Le Goff", "email": "I@example.com"}, "Le Goff"),
        ({"name": "Inès LG", "firstName": "Inès"}, "Inès LG"),
        ({"email": " I@Example.com "}, "i@example.com"),
        ({"phone": "+33612345678"}, ""),
    ],
)
async def test_a_person_is_called_by_the_best_that_is_known(house, given, shown):
    await house.nodes(1)
    await house.project((house.event(call="identify", anonymousId="a", traits=given), 1))
    assert (await profiles.golden_record(house.tx, person=1)).display_name == shown


@pytest.mark.parametrize(
    ("channel", "signed_in", "known_by"),
    [
        ("shop", True, traits.TYPED),
        ("phone", True, traits.SAID),
        ("email", False, traits.CLICKED),
        ("sms", False, traits.CLICKED),
        ("web", True, traits.SIGNED_IN),
        ("app", False, traits.TYPED),
    ],
)
def test_how_well_a_value_is_known(channel, signed_in, known_by):
    assert traits.verification(channel, signed_in=signed_in) == known_by


def test_an_event_tells_no_more_than_three_hundred_traits():
    assert len(traits.told({f"t{n:03}": n for n in range(400)})) == traits.MOST_TRAITS


def test_agents_have_their_own_numbers():
    assert fold.agent_hash("A") != fold.agent_hash("B")
    assert -(2**63) <= fold.agent_hash("Mozilla/5.0") < 2**63


async def test_years_before_1970_are_days_too(house, told):
    await house.nodes(1)
    old = datetime(1969, 12, 31, 23, 45, tzinfo=UTC)
    await told((house.sale(1, 700, after=old - START), 1), (house.event(source=WEB, anonymousId="d"), 1))
    rows = await house.tx.tuples("SELECT day::text, half_hours FROM profiles.day ORDER BY day")
    assert rows[0] == ("1969-12-31", 1 << 47)
