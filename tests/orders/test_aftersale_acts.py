"""Exchanges, goodwill, returns without a receipt, edits, documents and what may be done now, over HTTP."""

import asyncio
import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from comptoir import catalog, pricing
from comptoir.kernel.ids import uuid7
from comptoir.orders import Standing, actions
from comptoir.orders.aftersale import proofs
from comptoir.orders.aftersale.documents import item, rate_of
from comptoir.orders.aftersale.drawing import draw, email
from comptoir.orders.aftersale.paper import Content, Item, Seller, TaxPart
from comptoir.orders.records import Fault, Line
from orders.conftest import NOON
from orders.test_aftersale import back, desk  # noqa: F401  fixtures
from orders.test_checkout import ground, house  # noqa: F401  fixtures

pytestmark = pytest.mark.anyio


async def sizes(desk):  # noqa: F811
    """A dress in two sizes that costs 1,200 now, and a bag for 1,000."""
    async with desk.house.db.transaction() as tx:
        await catalog.import_products(tx, [catalog.NewProduct(
            code="dress", name="Dress",
            variants=[catalog.NewVariant(sku="dress-s"), catalog.NewVariant(sku="dress-m")],
        )])  # fmt: skip
        prices = [pricing.NewPrice(sku=sku, amount_minor=1200) for sku in ("dress-s", "dress-m")]
        await pricing.import_prices(tx, code="shop", prices=prices)


async def sell_dress(desk, number, amount=900, **named):  # noqa: F811
    body = {
        "outlet": "lyon", "number": number, "occurred_at": "2026-05-04T12:00:00Z", "currency": "EUR",
        "lines": [{"sku": "dress-s", "amount_minor": amount + 100, "tax_minor": amount // 6,
                   "discounts": [{"kind": "retail", "amount_minor": 100}]}],
        "total_minor": amount, "tax_included": True, "tenders": [{"kind": "card", "amount_minor": amount}], **named,
    }  # fmt: skip
    return (await desk("POST", "sales", body))["results"][0]["sale"]["sale_id"]


# ---- exchanges


async def test_another_size_costs_what_was_paid(desk):  # noqa: F811
    await desk.house.stock(north_shirt=1)
    await sizes(desk)
    sale_id = await sell_dress(desk, "1")
    asked = {
        "return_id": str(uuid7()), "location": "nice", "lines": [back(sale_id, state="sellable")],
        "instead": [{"sku": "dress-m"}],
    }  # fmt: skip
    made = await desk("POST", "exchanges", asked)
    assert (made["difference_minor"], made["returned"]["refund_minor"]) == (0, 900)
    assert made == await desk("POST", "exchanges", asked)
    new = await desk("GET", f"sales/{made['sale_id']}")
    assert (new["total_minor"], new["tax_minor"], new["outlet"]) == (900, 150, "nice")
    assert [(one["kind"], one["amount_minor"]) for one in new["tenders"]] == [("exchange", 900)]
    assert await desk.revenue() == 900
    # What was paid with goods can be given back again: by hand, or as a voucher.
    gone = {"location": "lyon", "lines": [back(made["sale_id"])], "refund": {"tenders": [
        {"kind": "cash", "amount_minor": 900}]}}  # fmt: skip
    assert (await desk("POST", "returns/at-counter", gone))["refund_minor"] == 900
    await desk.house.right()


async def test_other_goods_cost_what_they_cost_now_and_the_difference_is_paid(desk):  # noqa: F811
    await desk.house.stock(north_shirt=1)
    await sizes(desk)
    sale_id = await sell_dress(desk, "1", amount=600)
    asked = {"location": "lyon", "lines": [back(sale_id)], "instead": [{"sku": "bag"}]}
    unpaid = await desk("POST", "exchanges", asked, status=422)
    assert unpaid["data"] == {"due_minor": 400}
    paid = asked | {"paid": [{"kind": "cash", "amount_minor": 400}]}
    async with desk.house.db.transaction() as tx:
        await pricing.set_tax_rates(tx, rates=[pricing.TaxRate(country="FR", rate_millionths=200_000)])
    try:
        made = await desk("POST", "exchanges", paid)
    finally:
        async with desk.house.db.transaction() as tx:
            await tx.run("DELETE FROM pricing.tax_rate")
    assert made["difference_minor"] == 400
    # Taxed where the shop is.
    assert (await desk("GET", f"sales/{made['sale_id']}"))["tax_minor"] == 167
    assert await desk.revenue() == 1000
    await desk.house.right()


async def test_an_order_is_exchanged_in_a_shop_and_the_rest_goes_back_to_the_payment(desk):  # noqa: F811
    await desk.house.stock(north_shirt=3)
    order_id = await desk.buy(shirt=2)
    (sale_id,) = await desk.hand_over(order_id)
    asked = {"location": "nice", "lines": [back(sale_id, 2)], "instead": [{"sku": "bag"}]}
    assert (await desk("POST", "exchanges", asked))["difference_minor"] == -1000
    assert await desk.money(order_id) == (2490, 2490, 1000)
    assert await desk.revenue() == 1490
    await desk.house.right()


# ---- goodwill


async def test_goodwill_has_a_limit_and_an_end(desk):  # noqa: F811
    sale_id = await desk.sell("1", 3000)
    asked = {"goodwill_id": str(uuid7()), "amount_minor": 2000, "reason": "late"}
    first = await desk("POST", f"sales/{sale_id}/goodwill", asked)
    assert first["tenders"][0]["kind"] == "cash"
    assert first == await desk("POST", f"sales/{sale_id}/goodwill", asked)
    too_much = {"amount_minor": 1001, "reason": "late"}
    assert (await desk("POST", f"sales/{sale_id}/goodwill", too_much, status=422))["data"] == {"left_minor": 1000}
    dear = await desk.sell("2", 90_000)
    other = await desk("POST", f"sales/{sale_id}/goodwill", asked | {"amount_minor": 1000}, status=409)
    assert other["code"] == "orders.id_taken"
    other = await desk("POST", f"sales/{dear}/goodwill", asked, status=409)
    assert other["code"] == "orders.id_taken"
    big = {"amount_minor": 5000, "reason": "scratched"}
    assert (await desk("POST", f"sales/{dear}/goodwill", big, status=403))["code"] == "orders.approval_needed"
    await desk("POST", f"sales/{dear}/goodwill", big, manager=True)
    again = {"amount_minor": 1, "reason": "a little at a time"}
    assert (await desk("POST", f"sales/{dear}/goodwill", again, status=403))["data"]["given_minor"] == 5000
    # What was given already is not given again with the goods.
    made = await desk("POST", "returns/at-counter", {"location": "nice", "lines": [back(sale_id)]})
    assert made["refund_minor"] == 1000
    assert await desk.revenue() == 85_000
    await desk.house.right()


# ---- without a receipt


async def test_what_she_bought_is_found_and_too_often_waits_for_a_manager(desk):  # noqa: F811
    await desk.house.stock(north_shirt=1)
    await sizes(desk)
    named = {"identifiers": {"email": "ana@example.com"}}
    for number, amount in enumerate((900, 600, 800, 700, 500)):
        await sell_dress(desk, f"s{number}", amount=amount, **named)
    async with desk.house.db.reading() as tx:
        person = await tx.value(
            "SELECT f.key FROM identity.node AS n JOIN identity.node AS f ON f.node_id = n.person_id"
            " WHERE n.value = 'ana@example.com'"
        )
    found = await desk("GET", f"purchases?person={person}&sku=dress-s")
    assert sorted(one["paid_minor"] for one in found) == [500, 600, 700, 800, 900]
    asked = {"person": str(person), "sku": "dress-s", "reason": "gift", "location": "nice"}
    made = [await desk("POST", "returns/without-receipt", asked) for _ in range(3)]
    named = asked | {"return_id": str(uuid7())}
    made += [await desk("POST", "returns/without-receipt", named)]
    assert made[-1] == await desk("POST", "returns/without-receipt", named)
    others = ({"quantity": 2}, {"sku": "bag"}, {"return_id": made[0]["return_id"], "quantity": 2})
    for other in others:
        refused = await desk("POST", "returns/without-receipt", named | other, status=409)
        assert refused["code"] == "orders.id_taken", other
    announced = {"return_id": str(uuid7()), "lines": [back(await sell_dress(desk, "s9", amount=9900))]}
    await desk("POST", "returns", announced)
    unlike = asked | {"return_id": announced["return_id"]}
    assert (await desk("POST", "returns/without-receipt", unlike, status=409))["code"] == "orders.id_taken"
    assert [one["refund_minor"] for one in made] == [500, 600, 700, None]
    settling = f"returns/{made[-1]['return_id']}/refund"
    assert (await desk("POST", settling, {}, status=403))["code"] == "orders.approval_needed"
    async with desk.house.db.reading() as tx:
        assert await tx.values("SELECT kind FROM orders.task") == ["without_receipt"]
    assert (await desk("POST", "returns/without-receipt", asked, manager=True))["refund_minor"] == 900
    none = await desk("POST", "returns/without-receipt", asked, status=409)
    assert none["data"]["left"] == 0
    await desk("POST", "returns/without-receipt", asked | {"person": str(uuid7())}, status=404)
    await desk.house.right()


# ---- edits and actions


async def test_another_address_until_it_is_packed(desk):  # noqa: F811
    await desk.house.stock(north_shirt=3)
    order_id = await desk.buy(shirt=2)
    new = {"name": "Ana", "street": "2 rue Vieille", "postcode": "06000", "city": "Nice", "country": "FR"}
    changed = await desk("PUT", f"book/{order_id}/address", new)
    assert changed["address"]["city"] == "Nice" and changed["amount_minor"] == 490
    abroad = await desk("PUT", f"book/{order_id}/address", new | {"country": "BE"}, status=409)
    assert abroad["data"] == {"why": "other_taxes"}
    may = {one["name"]: (one["allowed"], one["why"]) for one in await desk("GET", f"book/{order_id}/actions")}
    assert may["cancel"] == may["change_address"] == may["accept"] == (True, "")
    assert may["hand_over"] == (False, "nothing_picked") and may["take_back"] == (False, "nothing_handed_over")
    await desk.hand_over(order_id, pieces=1)
    late = await desk("PUT", f"book/{order_id}/address", new | {"city": "Lyon"}, status=409)
    assert late["data"] == {"why": "picking_begun"}
    await desk("POST", f"book/{order_id}/cancellations", {"reason": "late"})
    may = {one["name"]: (one["allowed"], one["why"]) for one in await desk("GET", f"book/{order_id}/actions")}
    assert may["cancel"] == (False, "nothing_open")
    assert may["take_back"] == may["exchange"] == may["invoice"] == (True, "")
    assert may["credit_note"] == (False, "nothing_given_back")


counts = st.integers(0, 4)


@given(st.builds(
    Standing, open=counts, unaccepted=counts, accepted=counts, picked=counts, handed_over=counts, returned=counts,
    method=st.sampled_from(["ship", "collect"]), taken_minor=counts, given_minor=counts, uninvoiced=counts,
    uncredited=counts,
), st.sets(st.sampled_from(["orders:read", "orders:write", "orders:admin"])))  # fmt: skip
def test_what_is_not_allowed_says_why(order, scopes):
    for one in actions(order, frozenset(scopes)):
        assert one.allowed == (one.why == "")
        assert not one.allowed or scopes - {"orders:read"}
        if one.allowed and one.name in {"cancel", "change_address", "pick", "hand_over"}:
            assert order.open


# ---- documents


async def test_documents_are_numbered_without_a_gap_and_stay_as_they_were(desk):  # noqa: F811
    await desk.house.stock(north_shirt=1)
    await sizes(desk)
    async with desk.house.db.transaction() as tx:
        await pricing.set_tax_rates(tx, rates=[pricing.TaxRate(country="FR", rate_millionths=200_000)])
    sales = [await sell_dress(desk, f"d{number}") for number in range(6)]
    buyer = {"name": "Zoë Müller", "city": "Łódź"}
    asked = {"kind": "invoice", "language": "fr", "buyer": buyer}
    # Some are refused in between: a number that is taken is a document that is there.
    refused = [desk("POST", f"sales/{sale_id}/documents", {"kind": "credit_note"}, status=422) for sale_id in sales]
    made = await asyncio.gather(
        *(desk("POST", f"sales/{sale_id}/documents", asked) for sale_id in [*sales, *sales]), *refused
    )
    documents = {one["number"]: one for one in made if "number" in one}
    assert sorted(documents) == [f"INV-lyon-{made[0]['issued_at'][:4]}-{number:06d}" for number in range(1, 7)]
    one = made[0]
    content = one["content"]
    assert (content["total_minor"], content["taxes"]) == (900, [{"rate_millionths": 200_000, "net_minor": 750,
                                                                 "tax_minor": 150}])  # fmt: skip
    assert content["seller"]["name"] == "Lyon" and one["text"].startswith("Facture INV-lyon-")
    head = {"authorization": f"Bearer {desk.keys[0]}"}
    at = f"/v1/orders/documents/{one['document_id']}/pdf"
    first = await desk.client.get(at, headers=head)
    assert first.headers["content-type"] == "application/pdf" and first.content.startswith(b"%PDF-")
    async with desk.house.db.transaction() as tx:
        await tx.run("UPDATE channels.outlet SET name = 'Moved' WHERE code = 'lyon'")
    assert (await desk.client.get(at, headers=head)).content == first.content
    assert await desk("GET", f"documents/{one['document_id']}") == one
    async with desk.house.db.reading() as tx:
        text, letter, pdf = (
            await tx.tuples(
                "SELECT content, email, pdf FROM orders.document WHERE document_id = %(id)s", id=one["document_id"]
            )
        )[0]
    assert hashlib.sha256(text.encode() + letter.encode() + pdf).hexdigest() == one["digest"]

    # What is given back gets a credit note of its invoice.
    sale_id = sales[0]
    await desk("POST", "returns/at-counter", {"location": "lyon", "lines": [back(sale_id)]})
    async with desk.house.db.reading() as tx:
        return_id = await tx.value("SELECT sale_id FROM orders.sale WHERE origin_sale_id = %(id)s", id=sale_id)
    note = await desk("POST", f"sales/{return_id}/documents", {"kind": "credit_note"})
    assert note["content"]["corrects"] == made[0]["number"] and note["content"]["language"] == "fr"
    assert note["content"]["buyer"]["name"] == "Zoë Müller" and note["content"]["total_minor"] == 900
    found = await desk("GET", f"sales/{sale_id}/documents")
    assert [one["kind"] for one in found] == ["invoice", "credit_note"]
    await desk.house.right()

    # A document that somebody has changed by hand is found.
    async with desk.house.db.transaction() as tx:
        await tx.run("UPDATE orders.document SET content = replace(content, '900', '901') WHERE kind = 'invoice'")
        assert await tx.many(Fault, proofs.FROZEN, most=9)
        await tx.run("DELETE FROM orders.document WHERE kind = 'credit_note'")
        assert await tx.many(Fault, proofs.SERIES, most=9)


def test_a_rate_is_named_only_where_the_stored_tax_was_reckoned_by_it():
    assert rate_of(750, 150, [55_000, 200_000], units=1) == 200_000
    assert rate_of(948, 52, [55_000, 200_000], units=1) == 55_000
    assert rate_of(750, 100, [55_000, 200_000], units=1) is None
    assert rate_of(750, 0, [55_000], units=1) is None


def test_what_has_no_name_and_no_tax_is_told_in_the_language_of_the_document():
    line = Line(1, "shipping", None, None, None, None, None, 1000, None, 490, 0, 0, 490)
    assert [item(line, [55_000], language).name for language in ("en", "fr")] == ["Delivery", "Livraison"]
    made = paper(items=[item(line, [55_000], "fr")], taxes=[TaxPart(None, 490, 0)], total_minor=490)
    told = email(made).replace("\N{NO-BREAK SPACE}", " ")
    assert "1 × Livraison : 4,90 €\nTotal : 4,90 €\nTVA : 0,00 €\n" in told
    assert "TVA autre taux : 0,90 €" in email(paper(items=[], taxes=[TaxPart(None, 400, 90)], total_minor=490)).replace(
        "\N{NO-BREAK SPACE}", " "
    )


def paper(**more):
    return Content(
        kind="receipt", number="REC-1", language="fr", issued_at=NOON, sold_at=NOON, receipt_number="1", corrects="",
        seller=Seller("A", "", "", "", "FR"), buyer=None, currency="EUR", paid=[("cash", more["total_minor"])], **more,
    )  # fmt: skip


def test_the_same_content_is_the_same_pdf():
    one = Item(name="Café Ω ж", sku="c", quantity=1250, amount_minor=100, discount_minor=0, tax_minor=0,
               total_minor=100, rate_millionths=None)  # fmt: skip
    made = paper(items=[one] * 80, taxes=[], total_minor=8000)
    first = draw(made)
    assert first == draw(made)
    # Four pages.
    assert first.count(b"/Type /Page\n") == 4
