"""Outlets are recorded by code, judged before they are written, and found by where they are."""

import pytest

from comptoir import channels
from comptoir.channels import Opening, OpeningHours, OutletEntry

pytestmark = pytest.mark.anyio


def shop(code="S1", **changes):
    return OutletEntry(
        **{
            "channel": "shop",
            "code": code,
            "name": f"Shop {code}",
            "country": "FR",
            "time_zone": "Europe/Paris",
            "currency": "EUR",
            **changes,
        }
    )


async def test_the_same_code_again_replaces_and_keeps_the_id(tx):
    (first, other) = await channels.record_outlets(tx, outlets=[shop("S2"), shop("S1", city="Lille")])
    hours = OpeningHours(weekly={"mon": [Opening("09:00", "19:00")]})
    (again,) = await channels.record_outlets(tx, outlets=[shop("S2", name="Renamed", opening_hours=hours)])

    assert (first.code, other.code, other.city) == ("S2", "S1", "Lille")
    assert again.outlet_id == first.outlet_id
    assert (again.name, again.opening_hours) == ("Renamed", hours)
    assert (await channels.outlet(tx, code="S1")).opening_hours is None


async def test_recording_again_takes_no_ids(tx):
    """ON CONFLICT would use up the 32,767 ids of a smallint with a daily import of 457 shops in ten weeks."""
    many = [shop(f"N{i}") for i in range(50)]
    await channels.record_outlets(tx, outlets=many)
    for _ in range(20):
        await channels.record_outlets(tx, outlets=many)
    (new,) = await channels.record_outlets(tx, outlets=[shop("Z")])

    last = max(one.outlet_id for one in await channels.outlets(tx) if one.code != "Z")
    assert new.outlet_id == last + 1


@pytest.mark.parametrize(
    ("changes", "refusal"),
    [
        ({"time_zone": "Europe/Parys"}, channels.UnknownTimeZone),
        ({"time_zone": "../../etc/passwd"}, channels.UnknownTimeZone),
        ({"currency": "EURO"}, channels.UnknownCurrency),
        ({"country": "XX"}, channels.UnknownCountry),
        ({"latitude": 48.0}, channels.BadPosition),
        (
            {"opening_hours": OpeningHours(weekly={"mon": [Opening("09:00", "12:00"), Opening("11:00", "19:00")]})},
            channels.BadOpeningHours,
        ),
        ({"opening_hours": OpeningHours(weekly={"mon": [Opening("09:00", "09:00")]})}, channels.BadOpeningHours),
    ],
)
async def test_what_cannot_be_is_refused_by_name(tx, changes, refusal):
    with pytest.raises(refusal):
        await channels.record_outlets(tx, outlets=[shop("OK"), shop("BAD", **changes)])
    assert await channels.outlets(tx) == []


async def test_a_code_twice_in_one_list_is_refused(tx):
    with pytest.raises(channels.RepeatedCode):
        await channels.record_outlets(tx, outlets=[shop("A"), shop("A")])


async def test_adding_a_known_code_is_refused(tx):
    await channels.add_outlet(tx, outlet=shop())
    with pytest.raises(channels.OutletExists):
        await channels.add_outlet(tx, outlet=shop())


async def test_near_measures_as_the_crow_flies(tx):
    await channels.record_outlets(
        tx,
        outlets=[
            shop("PARIS", latitude=48.8566, longitude=2.3522),
            shop("LILLE", latitude=50.6292, longitude=3.0573),
            shop("LYON", latitude=45.7640, longitude=4.8357),
            shop("GONE", latitude=48.8567, longitude=2.3522, active=False),
            shop("FIJI", latitude=-17.7, longitude=179.99),
            shop("NOWHERE"),
        ],
    )
    found = await channels.near(tx, latitude=48.8566, longitude=2.3522, km=250)
    assert [(one.outlet.code, round(one.km)) for one in found] == [("PARIS", 0), ("LILLE", 204)]
    # Across the date line, 0.02 degrees are two kilometres and not forty thousand.
    (fiji,) = await channels.near(tx, latitude=-17.7, longitude=-179.99, km=10)
    assert fiji.outlet.code == "FIJI"
