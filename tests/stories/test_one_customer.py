"""Retail afternoons, end to end: tracking API and orders API → worker → what the counter sees."""

from uuid import UUID

import pytest

from comptoir import identity, profiles

pytestmark = pytest.mark.anyio


def viewed(device, product="Boots Corentin", category="Boots", **more):
    return {
        "event": "Product Viewed",
        "anonymousId": device,
        "properties": {"name": product, "category": category},
        "context": {"userAgent": "Firefox"},
        **more,
    }


async def test_a_stranger_becomes_known_and_her_past_comes_with_her(retailer):
    await retailer.track("site", viewed("laptop"), viewed("laptop", "Coat Ondine", "Coats"))
    await retailer.work()
    (stranger,) = await retailer.find("laptop")
    assert stranger["display_name"] == ""

    await retailer.track(
        "site",
        {
            "type": "identify",
            "anonymousId": "laptop",
            "userId": "u1",
            "traits": {"firstName": "Inès", "lastName": "Morel", "email": "Ines@Example.com"},
        },
    )
    await retailer.work()

    (known,) = await retailer.find("ines@example.com")
    assert [known] == await retailer.find("inès mor") == await retailer.find("MOREL") == await retailer.find("u1")
    assert known["display_name"] == "Inès Morel"
    assert known["key"] == stranger["key"]
    assert await retailer.thread(known["key"]) == [("web", "told"), ("web", "look"), ("web", "look")]
    measures = await retailer.get(f"/people/{known['key']}/measures")
    assert (measures["views"], measures["visits"]) == (2, 1)
    assert {c["category"] for c in measures["categories"]} == {"Boots", "Coats"}


async def test_bought_in_the_shop_what_she_looked_at_on_the_web(retailer):
    await retailer.track("site", viewed("phone-1", userId="u1", context={"traits": {"loyalty_card": "C 100"}}))
    await retailer.sell("r1", 18900, card="C-100")
    await retailer.sell("r2", 500)  # somebody else, without a card
    await retailer.work()

    key = await retailer.key_of("C100")
    assert sorted(await retailer.thread(key)) == [("shop", "order"), ("web", "look")]
    moments = (await retailer.get(f"/people/{key}/timeline"))["items"]
    assert {moment["kind"]: moment["outlet"] for moment in moments} == {"order": "lyon", "look": "site"}
    measures = await retailer.get(f"/people/{key}/measures")
    assert (measures["orders"], measures["spend"]) == (1, [{"amount_minor": 18900, "currency": "EUR"}])
    assert measures["favourite_channel"] == "shop"
    assert measures["first_touch"]["channel"] == "shop"  # the till's clock says five minutes ago
    live = await retailer.get("/live")
    assert sum(half_hour["spend"]["amount_minor"] for half_hour in live["today"]) in {0, 19400}


async def test_an_order_on_the_site_counts_once(retailer):
    lines = [{"sku": "boots", "name": "Boots", "price": 94.5, "quantity": 2, "category": "Boots"}]
    order = {
        "event": "Order Completed",
        "anonymousId": "d1",
        "properties": {"order_id": "o1", "total": 189, "currency": "EUR", "products": lines},
    }
    await retailer.track("site", order, {**order, "messageId": "again"})
    await retailer.work()
    measures = await retailer.get(f"/people/{await retailer.key_of('d1')}/measures")
    assert (measures["orders"], measures["units"], measures["spend"]) == (
        1,
        2,
        [{"amount_minor": 18900, "currency": "EUR"}],
    )
    assert await retailer.thread(await retailer.key_of("d1")) == [("web", "order")]


async def test_an_address_with_a_slip_stays_beside_the_right_one(retailer):
    """Typed wrongly at the till, given rightly at the login: the login's word is better, both are kept."""
    wrong = {"type": "identify", "traits": {"email": "ines.morle@example.com"}, "userId": "u1"}
    right = {"type": "identify", "traits": {"email": "ines.morel@example.com"}, "userId": "u1"}
    await retailer.track("site", right)
    await retailer.work()
    await retailer.track("lyon", wrong)
    await retailer.work()
    record = await retailer.get(f"/people/{await retailer.key_of('u1')}")
    (email,) = [field for field in record["fields"] if field["name"] == "email"]
    assert email["value"] == "ines.morel@example.com"
    assert email["decided_by"] == "verified"
    assert [other["value"] for other in email["others"]] == ["ines.morle@example.com"]


async def test_a_shared_tablet_makes_no_family_of_strangers(retailer):
    for number in range(1, 5):
        await retailer.track(
            "lyon",
            viewed("tablet", f"Look {number}", userId=f"u{number}"),
            viewed(f"own-{number}", userId=f"u{number}"),
        )
        await retailer.work()
    keys = {await retailer.key_of(f"u{number}") for number in range(1, 5)}
    assert len(keys) == 4
    for number in range(1, 5):
        items = (await retailer.get(f"/people/{await retailer.key_of(f'u{number}')}/timeline"))["items"]
        assert {item["subject"] for item in items} == {f"Look {number}", "Boots Corentin"}


async def test_an_unmerge_gives_back_every_read(retailer):
    await retailer.track(
        "site", viewed("d1", userId="u1"), viewed("d1"), {"type": "identify", "userId": "u1", "traits": {"name": "Ada"}}
    )
    await retailer.track(
        "app",
        viewed("d2", "Coat", "Coats"),
        {"type": "identify", "userId": "u2", "traits": {"name": "Eve"}, "anonymousId": "d2"},
    )
    await retailer.sell("r1", 900, identifiers={"user_id": "u2"})
    await retailer.work()
    first, second = await retailer.key_of("u1"), await retailer.key_of("u2")
    before = [await retailer.everything(first), await retailer.everything(second)]

    async with retailer.db.transaction() as tx:
        merge = await identity.merges.merge(tx, keys=[UUID(first), UUID(second)], actor="test")
    await retailer.work()
    assert await retailer.key_of("u2") == await retailer.key_of("u1")
    both = await retailer.get(f"/people/{second}/measures")
    assert both["views"] == 3
    assert both["orders"] == 1

    async with retailer.db.transaction() as tx:
        await identity.undos.undo(tx, operation=merge.operation, actor="test")
    await retailer.work()
    assert [await retailer.everything(first), await retailer.everything(second)] == before


async def test_the_projection_is_its_replay(retailer):
    await retailer.track("site", *[viewed(f"d{n % 5}", userId=f"u{n % 3}" if n % 4 == 0 else None) for n in range(60)])
    await retailer.sell("r1", 900, card="c1")
    order = {"order_id": "o1", "total": 20, "currency": "EUR", "products": [{"sku": "x", "price": 20, "quantity": 1}]}
    await retailer.track("app", {"event": "Order Completed", "userId": "u1", "properties": order})
    await retailer.work()
    async with retailer.db.reading() as tx:
        before = await profiles.digest(tx)
        events = await tx.value("SELECT count(*) FROM kernel.event")
    await retailer.replay()
    async with retailer.db.reading() as tx:
        assert await profiles.digest(tx) == before
        assert await tx.value("SELECT count(*) FROM kernel.event") == events
