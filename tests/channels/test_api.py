"""/v1/channels over HTTP."""

import pytest

pytestmark = pytest.mark.anyio

OUTLET = {
    "channel": "shop",
    "code": "S1",
    "name": "Rue de la Paix",
    "country": "FR",
    "time_zone": "Europe/Paris",
    "currency": "EUR",
    "latitude": 48.8689,
    "longitude": 2.3311,
    "opening_hours": {"weekly": {"mon": [{"opens": "09:00", "closes": "19:00"}]}, "exceptions": {"2026-12-25": []}},
}


async def test_an_outlet_is_added_read_replaced_and_listed(api):
    added = await api.post("/v1/channels/outlets", json=OUTLET)
    assert added.status_code == 201, added.text
    assert (await api.get("/v1/channels/outlets/S1")).json() == added.json()
    assert added.json()["opening_hours"] == OUTLET["opening_hours"]

    again = await api.post("/v1/channels/outlets", json=OUTLET)
    assert (again.status_code, again.json()["code"]) == (409, "channels.outlet_exists")

    many = [{**OUTLET, "code": f"S{n}", "name": f"Shop {n}"} for n in range(1, 8)]
    replaced = await api.put("/v1/channels/outlets", json={"outlets": many})
    assert replaced.json()[0]["outlet_id"] == added.json()["outlet_id"]

    seen, cursor = [], ""
    while cursor is not None:
        page = (await api.get("/v1/channels/outlets", params={"cursor": cursor, "limit": 3, "channel": "shop"})).json()
        seen += [outlet["code"] for outlet in page["items"]]
        cursor = page["next"]
    assert seen == [f"S{n}" for n in range(1, 8)]


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"time_zone": "Mars/Olympus"}, 422, "channels.unknown_time_zone"),
        ({"currency": "EUROS"}, 422, "channels.unknown_currency"),
        ({"country": "Q"}, 422, "channels.unknown_country"),
        ({"longitude": None}, 422, "channels.bad_position"),
        ({"latitude": 91}, 400, "invalid"),
        ({"channel": "fax"}, 400, "invalid"),
        ({"code": "a b"}, 400, "invalid"),
        ({"code": "PAR\n"}, 400, "invalid"),
        ({"colour": "red"}, 400, "invalid"),
        ({"opening_hours": {"weekly": {"mon": [{"opens": "9", "closes": "19:00"}]}}}, 400, "invalid"),
        (
            {"opening_hours": {"weekly": {"mon": [{"opens": "09:00", "closes": "09:00"}]}}},
            422,
            "channels.bad_opening_hours",
        ),
    ],
)
async def test_bad_outlets_are_refused_by_name(api, change, status, code):
    answer = await api.post("/v1/channels/outlets", json=OUTLET | change)
    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text


async def test_a_source_is_added_changed_and_rotated_and_its_salt_never_shown(api):
    await api.post("/v1/channels/outlets", json=OUTLET)
    added = (await api.post("/v1/channels/sources", json={"name": "Till 1", "outlet": "S1"})).json()
    assert added["write_key"].startswith("wk_")
    assert "salt" not in added

    path = f"/v1/channels/sources/{added['source_id']}"
    assert (await api.put(path, json={"enabled": False, "trust": 0.2})).json()["trust"] == 0.2
    rotated = (await api.post(f"{path}/rotation")).json()
    assert rotated["write_key"] != added["write_key"]
    assert [s["write_key"] for s in (await api.get("/v1/channels/sources")).json()] == [rotated["write_key"]]
    assert (await api.post("/v1/channels/sources/999/rotation")).json()["code"] == "channels.unknown_source"
    assert (await api.post("/v1/channels/sources", json={"name": "x", "outlet": "no"})).status_code == 404


async def test_near(api):
    await api.post("/v1/channels/outlets", json=OUTLET)
    near = (await api.get("/v1/channels/near", params={"lat": 48.87, "lon": 2.33, "km": 5})).json()
    assert [(one["outlet"]["code"], one["km"] < 1) for one in near] == [("S1", True)]
    assert (await api.get("/v1/channels/near", params={"lat": 0, "lon": 0, "km": 5})).json() == []
    assert (await api.get("/v1/channels/near", params={"lat": "nan", "lon": 0})).status_code == 400
    assert (await api.get("/v1/channels/near", params={"lat": 91, "lon": 0})).status_code == 400
