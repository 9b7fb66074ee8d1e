"""Who works for one shop moves, counts and keeps back what lies there: route by route, over HTTP."""

from uuid import UUID

import pytest

from comptoir import channels, inventory
from comptoir.kernel.auth import SYSTEM
from comptoir.kernel.auth.keys import add_key
from inventory.test_api import http  # noqa: F401  a fixture

pytestmark = pytest.mark.anyio

ONE, BROUGHT, SHEET = (str(UUID(int=number)) for number in (1, 2, 3))
PIECE = {"sku": "shirt", "quantity": 1}
PLACE = {"code": "north", "kind": "shop", "name": "Mine now", "outlet": "lyon_shop"}
OF_NORTH = {
    "POST": {
        "movements": {"movements": [{**PIECE, "source": "north", "target": "customer"}]},
        "adjustments": {"lines": [{**PIECE, "location": "north", "reason": "theft"}]},
        "counts": {"count_id": str(UUID(int=9)), "location": "north"},
        f"counts/{SHEET}/lines": {"lines": [PIECE]},
        f"counts/{SHEET}/submission": {}, f"counts/{SHEET}/approval": None, f"counts/{SHEET}/cancellation": None,
        f"counts/{SHEET}/rejection": {"reason": "no"},
        "transfers": {"transfer_id": str(UUID(int=9)), "source": "north", "target": "south", "lines": [PIECE]},
        "deliveries": {"transfer_id": str(UUID(int=9)), "supplier": "Mill", "target": "north", "lines": [PIECE]},
        f"transfers/{ONE}/shipment": {}, f"transfers/{BROUGHT}/cancellation": None,
        f"transfers/{BROUGHT}/receipts": {"reference": "1", "lines": [PIECE]},
    },
    "PUT": {
        "safety": {"safety": [{**PIECE, "location": "north"}]},
        "fences": {"fences": [{**PIECE, "location": "north", "channel": "web"}]},
        "thresholds": {"thresholds": [{**PIECE, "channel": "web"}]},
        f"transfers/{BROUGHT}/days": {"days": {"shirt": None}},
    },
}  # fmt: skip
HERS = [
    ("movements", {"movements": [{**PIECE, "source": "supplier", "target": "lyon", "is_fact": True}]}),
    ("adjustments", {"lines": [{**PIECE, "location": "lyon", "reason": "found"}]}),
    ("counts", {"count_id": str(UUID(int=8)), "location": "lyon", "skus": ["shirt"]}),
    (f"counts/{UUID(int=8)}/lines", {"lines": [{"sku": "shirt", "quantity": 2}]}),
    (f"counts/{UUID(int=8)}/submission", {}),
    ("transfers", {"transfer_id": str(UUID(int=8)), "source": "lyon", "target": "north", "lines": [PIECE]}),
    (f"transfers/{UUID(int=8)}/shipment", {}),
    (f"transfers/{UUID(int=7)}/cancellation", None),
]


@pytest.fixture
async def lyon(http, db):  # noqa: F811
    """A client with the key of the shop in Lyon, and what the office has begun for all of them."""
    async with db.transaction() as tx:
        await channels.record_outlets(tx, outlets=[channels.OutletEntry(
            channel="shop", code="lyon_shop", name="Lyon", country="FR", time_zone="Europe/Paris", currency="EUR"
        )])  # fmt: skip
        outlet = await channels.outlet(tx, code="lyon_shop")
        (place,) = await inventory.by_code(tx, ["lyon"])
        await tx.run("UPDATE inventory.location SET outlet_id = %(o)s WHERE location_id = %(l)s",
                     o=outlet.outlet_id, l=place.location_id)  # fmt: skip
        key = await add_key(tx, name="lyon", scopes=["inventory:write"], outlets=[outlet.outlet_id], actor=SYSTEM)
    for path, body in (
        ("transfers", {"transfer_id": ONE, "source": "north", "target": "lyon", "lines": [PIECE]}),
        ("transfers", {"transfer_id": str(UUID(int=7)), "source": "north", "target": "lyon", "lines": [PIECE]}),
        ("deliveries", {"transfer_id": BROUGHT, "supplier": "Mill", "target": "north", "lines": [PIECE]}),
        ("counts", {"count_id": SHEET, "location": "north", "skus": ["shirt"]}),
    ):
        assert (await http.post(f"/v1/inventory/{path}", json=body)).status_code == 200
    http.headers["authorization"] = f"Bearer {key.token}"
    yield http
    async with db.transaction() as tx:
        await tx.run("UPDATE inventory.location SET outlet_id = NULL")


async def test_what_lies_elsewhere_is_not_hers(lyon, db):
    async with db.reading() as tx:
        before = await tx.tuples("SELECT * FROM inventory.v_balance")
    for method, bodies in OF_NORTH.items():
        for path, body in bodies.items():
            answer = await lyon.request(method, f"/v1/inventory/{path}", json=body)
            assert (answer.status_code, answer.json()["code"]) == (403, "inventory.not_your_goods"), path
    assert (await lyon.put("/v1/inventory/locations", json={"locations": [PLACE]})).status_code == 403
    async with db.reading() as tx:
        assert await tx.tuples("SELECT * FROM inventory.v_balance") == before


async def test_what_lies_in_her_shop_is(lyon):
    for path, body in HERS:
        answer = await lyon.post(f"/v1/inventory/{path}", json=body)
        assert answer.status_code == 200, (path, answer.text)
