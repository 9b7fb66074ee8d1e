"""What platforms send, read as they mean it: odd ones too."""

import base64

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from comptoir.connectors import shopify, woocommerce
from comptoir.connectors.errors import BadPayload
from comptoir.connectors.history import sale_of
from comptoir.connectors.signatures import fits, signature
from comptoir.kernel.errors import Refusal
from comptoir.orders.external.judging import flags_of
from connectors.payloads import shopify_order, shopify_refund, woo_order

KNOWN = {"shirt": None, "bag": None}


def flags(order):
    return flags_of(order, KNOWN, short=False, unusable=False)


def test_a_signature_is_that_of_the_raw_body():
    # HMAC-SHA256 of RFC 4231's second case, as bytes.
    published = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
    assert base64.b64decode(signature(b"what do ya want for nothing?", "Jefe")).hex() == published
    assert fits(b"{}", "s", signature(b"{}", "s")) and not fits(b"{} ", "s", signature(b"{}", "s"))
    assert not fits(b"{}", "s", "") and not fits(b"{}", "s", "é")


def test_a_shopify_order_adds_up():
    order = shopify.order(shopify_order(), outlet="site")
    assert (order.number, order.total_minor, order.delivery_minor, order.paid_minor) == ("5001", 2890, 490, 2890)
    assert [(one.sku, one.quantity, one.total_minor) for one in order.lines] == [("shirt", 2, 1900), ("bag", 1, 500)]
    assert flags(order) == [] and order.identifiers == {"email": "ana@example.com", "phone": "+33612345678"}
    assert order.delivery.address and order.delivery.address.latitude == 45.76
    assert sale_of(order).total_minor == 2890


def test_tax_that_is_not_included_is_added():
    told = shopify_order(taxes_included=False, total_price="32.07")
    assert flags(shopify.order(told, outlet="site")) == []
    assert flags(shopify.order({**told, "total_price": "28.90"}, outlet="site")) == ["totals_disagree"]


def test_tips_and_gift_cards_are_no_goods():
    told = shopify_order(total_tip_received="2.00", total_price="55.90")
    told["line_items"].append({"id": 13, "sku": "GC", "quantity": 1, "price": "25.00", "gift_card": True})
    order = shopify.order(told, outlet="site")
    assert [one.kind for one in order.lines] == ["goods", "goods", "gift_card", "tip"] and flags(order) == []


def test_another_currency_is_flagged_and_the_shops_own_is_kept():
    order = shopify.order(shopify_order(presentment_currency="USD"), outlet="site")
    assert order.currency == "EUR" and flags(order) == ["presentment_currency"]
    yen = shopify.order(shopify_order(currency="JPY", presentment_currency="JPY", total_price="2890"), outlet="site")
    assert yen.total_minor == 2890


@pytest.mark.parametrize(
    ("email", "identifiers"),
    [("a***@e.com", {}), ("x1@marketplace.amazon.fr", {"relay_email": "x1@marketplace.amazon.fr"}), (None, {})],
)
def test_a_masked_address_names_nobody(email, identifiers):
    told = shopify_order(email=email, phone=None, customer={})
    order = shopify.order(told, outlet="site")
    assert order.identifiers == identifiers
    assert flags(order) == (["masked_email"] if email else [])


def test_what_is_missing_is_flagged_or_refused_with_a_reason():
    order = shopify.order(shopify_order(shipping_address=None), outlet="site")
    assert flags(order) == ["no_address"] and order.delivery.address is None
    assert shopify.order(shopify_order(financial_status="pending"), outlet="site").paid_minor == 0
    for bad in ({"line_items": []}, {"created_at": "yesterday"}, {"total_price": "ten"}, {"id": None}):
        with pytest.raises(BadPayload):
            shopify.told("orders/create", shopify_order(**bad), outlet="site")
    assert shopify.told("carts/update", {"id": 1}, outlet="site").ignored
    assert shopify.told("orders/create", shopify_order(test=True), outlet="site").ignored


def test_refunds_say_what_can_be_done_here():
    told = shopify.told("refunds/create", shopify_refund(), outlet="site")
    assert [(one.line_id, one.quantity) for one in told.refund] == [("11", 1)] and not told.by_hand
    assert told.refund_id == "900"
    back = shopify.told("refunds/create", shopify_refund(items=((11, 1, "return"),)), outlet="site")
    assert back.refund == () and "come back" in back.by_hand
    assert "goodwill" in shopify.told("refunds/create", shopify_refund(items=()), outlet="site").by_hand


def test_a_woocommerce_order_adds_up():
    order = woocommerce.order(woo_order(), outlet="site")
    assert (order.total_minor, order.delivery_minor, order.paid_minor) == (3360, 480, 3360)
    assert [(one.total_minor, one.discount_minor, one.tax_minor) for one in order.lines] == [
        (2280, 120, 380), (600, 0, 100)]  # fmt: skip
    assert flags(order) == [] and order.delivery.address and order.delivery.address.name == "Ana Martin"
    fee = woo_order(fee_lines=[{"name": "Wrapping", "total": "2.00", "total_tax": "0.40"}], total="36.00")
    assert flags(woocommerce.order(fee, outlet="site")) == []


def test_a_woocommerce_order_is_one_when_it_is_placed():
    for status, said in (("pending", "ignored"), ("cancelled", "cancelled"), ("completed", "over")):
        assert getattr(woocommerce.told("order.updated", woo_order(status=status), outlet="site"), said)
    assert woocommerce.told("order.updated", woo_order(refunds=[{"id": 1, "total": "-5.00"}]), outlet="site").by_hand


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=6,
)


@given(field=st.sampled_from(sorted({*shopify_order(), *woo_order()})), value=JSON)
def test_whatever_stands_in_a_field_is_an_order_or_a_refusal(field, value):
    for platform, topic, whole in ((shopify, "orders/create", shopify_order()),
                                   (woocommerce, "order.updated", woo_order())):  # fmt: skip
        try:
            told = platform.told(topic, {**whole, field: value}, outlet="site")
        except Refusal:
            continue
        if told.order:
            msgspec.convert(msgspec.to_builtins(told.order), type(told.order))


def test_a_signed_body_under_the_topic_of_a_deletion_deletes_nothing():
    """WooCommerce signs the body, not the topic; of what is deleted it tells the id alone."""
    assert woocommerce.told("order.deleted", {"id": 7}, outlet="site").cancelled == "deleted"
    with pytest.raises(BadPayload):
        woocommerce.told("order.deleted", woo_order(), outlet="site")
