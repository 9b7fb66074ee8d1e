"""Messages as the platforms shape them, written by hand after their documentation."""

from copy import deepcopy


def shopify_order(number=5001, **more):
    """Two shirts with a discount, a bag, sent home; prices with tax, paid."""
    return {
        "id": number,
        "name": f"#{number - 4000}",
        "created_at": "2026-05-04T14:00:00+02:00",
        "updated_at": "2026-05-04T14:00:00+02:00",
        "currency": "EUR",
        "presentment_currency": "EUR",
        "taxes_included": True,
        "financial_status": "paid",
        "fulfillment_status": None,
        "cancelled_at": None,
        "cancel_reason": None,
        "total_price": "28.90",
        "total_outstanding": "0.00",
        "total_discounts": "1.00",
        "total_tax": "4.82",
        "total_tip_received": "0.00",
        "email": "ana@example.com",
        "phone": "+33612345678",
        "customer": {"id": 77, "email": "ana@example.com"},
        "line_items": [
            {
                "id": 11, "sku": "shirt", "title": "Shirt", "quantity": 2, "price": "10.00", "gift_card": False,
                "requires_shipping": True, "total_discount": "0.00",
                "discount_allocations": [{"amount": "1.00", "discount_application_index": 0}],
                "tax_lines": [{"title": "TVA", "price": "3.17", "rate": 0.2}],
            },
            {
                "id": 12, "sku": "bag", "title": "Bag", "quantity": 1, "price": "5.00", "gift_card": False,
                "requires_shipping": True, "discount_allocations": [], "tax_lines": [],
            },
        ],
        "shipping_lines": [{"title": "Home", "price": "4.90", "discounted_price": "4.90", "tax_lines": []}],
        "shipping_address": {
            "name": "Ana Martin", "address1": "1 rue Neuve", "zip": "69001", "city": "Lyon", "country_code": "FR",
            "province_code": None, "latitude": 45.76, "longitude": 4.84,
        },
        "refunds": [],
        **more,
    }  # fmt: skip


def shopify_refund(number=5001, items=((11, 1, "cancel"),), refund=900):
    return {
        "id": refund,
        "order_id": number,
        "created_at": "2026-05-05T10:00:00+02:00",
        "refund_line_items": [
            {"id": place, "line_item_id": line, "quantity": quantity, "restock_type": restock, "subtotal": "9.50"}
            for place, (line, quantity, restock) in enumerate(items, 1)
        ],
        "transactions": [{"amount": "9.50", "kind": "refund", "status": "success"}],
    }


def woo_order(number=801, **more):
    """The same in WooCommerce's shape: lines without tax, the tax beside them."""
    return deepcopy({
        "id": number,
        "number": str(number),
        "status": "processing",
        "currency": "EUR",
        "prices_include_tax": False,
        "date_created_gmt": "2026-05-04T12:00:00",
        "date_modified_gmt": "2026-05-04T12:00:00",
        "date_paid_gmt": "2026-05-04T12:01:00",
        "discount_total": "1.00",
        "total": "33.60",
        "total_tax": "5.60",
        "transaction_id": "tr_1",
        "billing": {"first_name": "Ana", "last_name": "Martin", "email": "ana@example.com", "phone": "",
                    "address_1": "1 rue Neuve", "postcode": "69001", "city": "Lyon", "country": "FR", "state": ""},
        "shipping": {"first_name": "", "last_name": "", "address_1": "", "postcode": "", "city": "", "country": ""},
        "line_items": [
            {"id": 1, "sku": "shirt", "name": "Shirt", "quantity": 2, "subtotal": "20.00", "subtotal_tax": "4.00",
             "total": "19.00", "total_tax": "3.80"},
            {"id": 2, "sku": "bag", "name": "Bag", "quantity": 1, "subtotal": "5.00", "subtotal_tax": "1.00",
             "total": "5.00", "total_tax": "1.00"},
        ],
        "shipping_lines": [{"id": 3, "total": "4.00", "total_tax": "0.80"}],
        "fee_lines": [],
        "refunds": [],
        **more,
    })  # fmt: skip
