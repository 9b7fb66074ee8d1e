"""What is read of a person: visits, the golden record and its reasons, the thread page by page, lists and counts."""

from datetime import UTC, date, datetime, timedelta

import pytest

from comptoir import profiles
from comptoir.kernel.errors import Invalid
from comptoir.kernel.money import Money
from comptoir.profiles import traits, visits
from profiles.conftest import START

pytestmark = pytest.mark.anyio

WEB, TILL = 1, 2


@pytest.mark.parametrize(
    ("days", "number"),
    [
        ([], 0),
        ([(date(2026, 3, 1), 0b1)], 1),
        ([(date(2026, 3, 1), 0b110)], 1),
        ([(date(2026, 3, 1), 0b101)], 2),
        ([(date(2026, 3, 1), 0b001), (date(2026, 3, 1), 0b010), (date(2026, 3, 1), 0b100)], 1),
        ([(date(2026, 3, 1), 1 << 47), (date(2026, 3, 2), 1)], 1),
        ([(date(2026, 3, 2), 1), (date(2026, 2, 28), 1 << 47)], 2),
        ([(date(2026, 3, 1), visits.ALL), (date(2026, 3, 2), visits.ALL)], 1),
    ],
)
def test_a_visit_is_a_run_of_half_hours(days, number):
    assert visits.count(days) == number


def test_half_hours_of_a_day():
    assert visits.half_hour(datetime(2026, 1, 1, 0, 29, 59, tzinfo=UTC)) == 1
    assert visits.half_hour(datetime(2026, 1, 1, 23, 30, tzinfo=UTC)) == 1 << visits.LAST


async def test_a_visit_on_two_devices_past_midnight_is_one(house):
    await house.nodes(1, 1)
    night = timedelta(hours=14, minutes=45)  # 23:45
    await house.project(
        (house.event(after=night), 1),
        (house.event(after=night + timedelta(minutes=20)), 2),
        (house.event(after=night + timedelta(hours=3)), 2),
    )
    measures = await profiles.measures(house.tx, person=1)
    assert (measures.visits, measures.channels[0].visits) == (2, 2)
    assert await house.tx.value("SELECT sum(visits) FROM profiles.v_day WHERE person_id = 1") == 2


async def told(house, node, name, *, source=WEB, user=None, after=0):
    body = {"anonymousId": "a", "userId": user, "traits": {"name": name}}
    await house.project((house.event(call="identify", source=source, after=timedelta(hours=after), **body), node))


@pytest.mark.parametrize(
    ("tellings", "value", "decided_by"),
    [
        ([("Ada", WEB, None)], "Ada", "only"),
        ([("Ada", WEB, "u"), ("Aida", TILL, None)], "Ada", "verified"),
        ([("Ada", WEB, "u"), ("Ada", WEB, "u"), ("Aida", WEB, "u")], "Ada", "frequent"),
        ([("Ada", WEB, "u"), ("Aida", WEB, "u")], "Aida", "recent"),
    ],
)
async def test_a_name_survives_by_verification_then_frequency_then_time(house, tellings, value, decided_by):
    await house.nodes(1, 1)
    for hour, (name, source, user) in enumerate(tellings):
        await told(house, 1 + hour % 2, name, source=source, user=user, after=hour)
    record = await profiles.golden_record(house.tx, person=2)
    (field,) = record.fields
    assert (field.value, field.decided_by, record.display_name) == (value, decided_by, value)
    assert {other.value for other in field.others} == {name for name, _, _ in tellings} - {value}


async def test_a_trait_that_changes_with_every_event_keeps_one_row(house):
    await house.nodes(1)
    for number in range(5):
        context = {"traits": {"basketValue": number}}
        await house.project((house.event(anonymousId="a", context=context, after=timedelta(hours=5 - number)), 1))
    record = await profiles.golden_record(house.tx, person=1)
    assert [(t.name, t.value, t.chosen.times) for t in record.traits] == [("basket_value", 0, 5)]
    assert await house.tx.value("SELECT count(*) FROM profiles.trait") == 1


def test_blank_and_monstrous_traits_say_nothing():
    assert traits.told({"email": "  ", "name": None, "note": "x" * 5000, "city": ""}) == []
    assert traits.told({"firstName": " Inès  Anne "}) == [("first_name", '"Inès Anne"', '"Inès Anne"')]
    assert traits.words("Inès Le Goff-Roy") == ["ines", "le", "goff", "roy"]


async def test_the_thread_comes_page_by_page_without_gap_or_repetition(house):
    await house.nodes(1, 1, 1)
    events = [(house.event(after=timedelta(minutes=n // 3)), 1 + n % 3) for n in range(50)]
    sale = house.sale(2, 700, after=timedelta(hours=2))
    await house.project(*events, (sale, 2), (house.event("Email Sent", after=timedelta(hours=3)), 1))
    whole = (await profiles.timeline(house.tx, person=1, limit=100)).moments
    assert len(whole) == 52
    assert (whole[0].kind, whole[0].spoke, whole[1].amount.amount_minor) == ("message", True, 700)
    paged, before = [], None
    while True:
        page = await profiles.timeline(house.tx, person=3, limit=7, before=before)
        paged += page.moments
        if (before := page.before) is None:
            break
    assert paged == whole
    assert len(profiles.strands(whole)) == 3
    only = await profiles.timeline(house.tx, person=1, kinds=["order"], channels=["shop"])
    assert [m.position for m in only.moments] == [sale.position]


async def test_every_line_of_the_thread_says_where(house):
    """A sale by its own outlet, since no source told it; everything else by its source's."""
    await house.nodes(1)
    await house.project(
        (house.event(anonymousId="a"), 1),
        (house.sale(1, 700, after=timedelta(hours=1)), 1),
        (house.sale(1, -200, after=timedelta(hours=2)), 1),
    )
    thread = (await profiles.timeline(house.tx, person=1)).moments
    assert [(m.kind, m.source_id, m.outlet, m.outlet_name) for m in thread] == [
        ("return", None, "s", "Shop"),
        ("order", None, "s", "Shop"),
        ("look", WEB, "w", "Site"),
    ]
    published = await house.tx.tuples("SELECT kind, outlet_id FROM profiles.v_moment ORDER BY occurred_at")
    assert published == [("look", 1), ("order", 2), ("return", 2)]


async def test_a_list_can_be_filtered_sorted_paged_and_counted(house):
    await house.nodes(*range(1, 21))
    for node in range(1, 21):
        await house.project(
            (
                house.event(anonymousId="a", after=timedelta(hours=node), context={"traits": {"name": f"Ada N{node}"}}),
                node,
            ),
            *([(house.sale(node, node * 100), node)] if node % 2 else []),
        )
    found = await profiles.search(house.tx, filters=profiles.Filters(channels=["shop"], spend_from=300), sort="spend")
    assert (found.count, [p.person_id for p in found.people]) == (9, [19, 17, 15, 13, 11, 9, 7, 5, 3])
    seen, after = [], None
    while True:
        page = await profiles.search(house.tx, after=after, limit=6)
        assert page.count == 20
        seen += [p.person_id for p in page.people]
        if (after := page.after) is None:
            break
    assert seen == list(range(20, 0, -1))
    by_name = await profiles.search(house.tx, filters=profiles.Filters(text="ada n1"))
    assert {p.person_id for p in by_name.people} == {1, *range(10, 20)}
    bought = await profiles.search(
        house.tx, filters=profiles.Filters(shops=[2], least_channels=2, has=["anonymous_id"])
    )
    assert bought.count == 10
    assert (await profiles.search(house.tx, filters=profiles.Filters(lacks=["anonymous_id"]))).count == 0
    for wrong in (profiles.Filters(channels=["fax"]), profiles.Filters(has=["shoe_size"])):
        with pytest.raises(Invalid):
            await profiles.search(house.tx, filters=wrong)


async def test_nobody_has_no_profile(house):
    with pytest.raises(profiles.UnknownPerson):
        await profiles.golden_record(house.tx, person=99)


async def test_takings_count_strangers_and_today(house):
    await house.nodes(1)
    await house.project((house.sale(1, 500), 1), (house.sale(None, 300), None))
    rows = await house.tx.tuples("SELECT channel, currency, orders, spend_minor FROM profiles.v_takings")
    assert rows == [("shop", "EUR", 2, 800)]
    live = await profiles.live(house.tx, time_zone="Europe/Paris", currency="EUR")
    assert live.people == 1


async def test_each_currency_has_its_own_sum_and_ours_sorts_the_list(house):
    await house.nodes(1, 1, 3, 4)
    await house.project(
        (house.sale(1, 900, currency="USD"), 1),
        (house.sale(1, 200), 1),
        (house.sale(2, 50_000, currency="USD"), 2),
        (house.sale(3, 300), 3),
        (house.sale(4, 700, currency="CHF"), 4),
        (house.event(anonymousId="a"), 4),
    )
    page = await profiles.search(house.tx, sort="spend")
    assert [(one.person_id, one.orders, one.spend) for one in page.people] == [
        (3, 1, [Money(300, "EUR")]),
        (1, 3, [Money(200, "EUR"), Money(50_900, "USD")]),
        (4, 1, [Money(700, "CHF")]),
    ]
    for filters, people in (({"spend_from": 250}, {3}), ({"spend_to": 0}, {4})):
        page = await profiles.search(house.tx, filters=profiles.Filters(**filters))
        assert {one.person_id for one in page.people} == people


async def test_what_was_taken_in_other_currencies_today_stands_beside(house):
    """Not in the takings of the day, and not lost."""
    ago = house.tx.now - START
    await house.nodes(1)
    await house.project(
        (house.sale(1, 500, after=ago), 1),
        (house.sale(None, 300, after=ago, currency="CHF"), None),
        (house.sale(1, 200, after=ago, currency="USD"), 1),
        (house.sale(1, -900, after=ago, currency="USD", units=-1), 1),
        (house.sale(1, 400, after=ago - timedelta(days=7), currency="GBP"), 1),
    )
    live = await profiles.live(house.tx, time_zone="Europe/Paris", currency="EUR")
    assert [one.spend for one in live.today] == [Money(500, "EUR")]
    assert live.also == [Money(300, "CHF"), Money(-700, "USD")]
    assert live.before == []
