"""Opening hours hold in the outlet's own time, over midnight, over exceptions, and when the clocks change."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from comptoir import channels
from comptoir.channels import Opening, OpeningHours, Outlet, is_open, next_opening
from comptoir.channels.hours import WEEKDAYS, check_hours

DAY = [Opening("09:00", "12:30"), Opening("14:00", "19:00")]
WEEK = {day: DAY for day in WEEKDAYS if day != "sun"}


def outlet(weekly=WEEK, exceptions=None, zone="Europe/Paris", active=True, hours=True):
    return Outlet(
        outlet_id=1,
        channel="shop",
        code="S1",
        name="Shop",
        country="FR",
        time_zone=zone,
        currency="EUR",
        opening_hours=OpeningHours(weekly=weekly, exceptions=exceptions or {}) if hours else None,
        active=active,
    )


def paris(text):
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo("Europe/Paris"))


@pytest.mark.parametrize(
    ("moment", "open_now"),
    [
        ("2026-11-23T08:59", False),
        ("2026-11-23T09:00", True),
        ("2026-11-23T12:29", True),
        ("2026-11-23T12:30", False),
        ("2026-11-23T14:00", True),
        ("2026-11-23T19:00", False),
        ("2026-11-22T10:00", False),  # a Sunday
    ],
)
def test_open_from_opening_until_closing(moment, open_now):
    assert is_open(outlet(), paris(moment)) is open_now


def test_the_next_opening_skips_closed_days():
    assert next_opening(outlet(), paris("2026-11-21T19:30")) == paris("2026-11-23T09:00")
    assert next_opening(outlet(), paris("2026-11-23T10:00")) == paris("2026-11-23T10:00")


def test_an_exception_replaces_its_day():
    shop = outlet(exceptions={date(2026, 12, 25): [], date(2026, 12, 20): [Opening("10:00", "18:00")]})
    assert not is_open(shop, paris("2026-12-25T10:00"))
    assert is_open(shop, paris("2026-12-20T10:00"))
    assert next_opening(shop, paris("2026-12-24T19:30")) == paris("2026-12-26T09:00")


def test_a_bar_closes_after_midnight_and_the_morning_after_an_exception_too():
    bar = outlet(weekly={"fri": [Opening("18:00", "02:00")]})
    assert is_open(bar, paris("2026-11-21T01:59"))
    assert not is_open(bar, paris("2026-11-21T02:00"))
    assert not is_open(bar, paris("2026-11-20T01:00"))


def test_until_24_00_is_until_the_end_of_the_day():
    shop = outlet(weekly={"mon": [Opening("00:00", "24:00")]})
    assert is_open(shop, paris("2026-11-23T23:59"))
    assert not is_open(shop, paris("2026-11-24T00:00"))


def test_nine_in_the_morning_is_nine_on_the_days_the_clocks_change():
    for moment in ("2026-03-30T09:00", "2026-10-26T09:00"):
        assert is_open(outlet(), paris(moment))
        assert not is_open(outlet(), paris(moment) - timedelta(minutes=1))


def test_without_hours_always_open_and_gone_never():
    assert is_open(outlet(hours=False), paris("2026-11-22T03:00"))
    assert not is_open(outlet(hours=False, active=False), paris("2026-11-22T03:00"))
    assert next_opening(outlet(active=False), paris("2026-11-22T03:00")) is None
    assert next_opening(outlet(weekly={}), paris("2026-11-22T03:00")) is None


@given(
    st.integers(0, 3 * 365 * 24 * 60).map(
        lambda minutes: datetime(2025, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes)
    ),
    st.sampled_from(
        ["Europe/Paris", "America/New_York", "Asia/Kathmandu", "Pacific/Kiritimati", "Australia/Lord_Howe"]
    ),
)
def test_the_next_opening_is_open_and_a_minute_before_it_is_not(moment, zone):
    shop = outlet(zone=zone)
    opens = next_opening(shop, moment)
    assert opens is not None
    assert opens >= moment
    assert is_open(shop, opens)
    if opens > moment:
        assert not is_open(shop, moment)
        assert not is_open(shop, opens - timedelta(minutes=1))


@pytest.mark.parametrize(
    "openings",
    [
        [Opening("09:00", "12:00"), Opening("11:00", "19:00")],
        [Opening("09:00", "09:00")],
        [Opening("24:00", "01:00")],
        [Opening("18:00", "02:00"), Opening("19:00", "20:00")],
    ],
)
def test_hours_that_contradict_themselves_are_refused(openings):
    with pytest.raises(channels.BadOpeningHours):
        check_hours(OpeningHours(weekly={"mon": openings}))
