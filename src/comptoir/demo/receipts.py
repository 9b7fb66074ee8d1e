"""Receipts as the orders API takes them: the real ones of the history, and those that the twin's tills print.

Of the data set's three discounts, the retailer's own and its match of a coupon are discounts. A manufacturer's coupon
is money: the retailer receives it, so it is part of `sales_value` and is told as a payment. How the rest was paid is
not recorded. Quantities are pieces, but for fuel, which the data set counts in thousandths of a gallon.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec

from comptoir.demo import places
from comptoir.demo.courier import Courier
from comptoir.demo.history import CURRENCY, Line, Receipt, shown
from comptoir.demo.outings import Sale
from comptoir.demo.world import card

PATH = "/v1/orders/sales"
THOUSANDTHS = 1_000


def receipt_entry(receipt: Receipt, *, weeks: int, fuel: set[int]) -> dict[str, Any]:
    """One real receipt: its number is the data set's basket id, its card is made from the household's number."""
    total = sum(line.paid for line in receipt.lines)
    coupons = min(total, sum(line.coupon for line in receipt.lines))
    paid = [("coupon", coupons), ("unrecorded", total - coupons)] if coupons else []
    return {
        "outlet": places.code(receipt.store_id),
        "number": str(receipt.basket_id),
        "occurred_at": shown(receipt.at, weeks),
        "currency": CURRENCY,
        "lines": [line_entry(line, fuel) for line in receipt.lines],
        "total_minor": total,
        "identifiers": {"loyalty_card": card(receipt.household_id)},
        "tenders": [{"kind": kind, "amount_minor": amount} for kind, amount in paid if amount],
    }


def line_entry(line: Line, fuel: set[int]) -> dict[str, Any]:
    """What is as usual (one piece, no discount) is left out: the API's defaults say it."""
    entry: dict[str, Any] = {"sku": str(line.product_id), "amount_minor": line.paid + line.retail + line.coupon_match}
    if line.product_id in fuel:
        entry["quantity_thousandths"] = line.quantity
    elif line.quantity != 1:
        entry["quantity_thousandths"] = line.quantity * THOUSANDTHS
    if line.retail or line.coupon_match:
        kinds = (("retail", line.retail), ("coupon_match", line.coupon_match))
        entry["discounts"] = [{"kind": kind, "amount_minor": amount} for kind, amount in kinds if amount]
    return entry


def sale_entry(sale: Sale, at: datetime) -> dict[str, Any]:
    """One receipt of the twin; its cashier says that it is simulated."""
    return {
        "outlet": places.code(sale.store_id),
        "number": sale.number,
        "occurred_at": at,
        "currency": CURRENCY,
        "lines": [
            {"sku": str(product), "quantity_thousandths": pieces * THOUSANDTHS, "amount_minor": paid}
            for product, pieces, paid in sale.lines
        ],
        "total_minor": sum(paid for _, _, paid in sale.lines),
        "identifiers": {"loyalty_card": sale.card} if sale.card else {},
        "cashier": "simulated",
        "moves_stock": True,
    }


def encode(sales: Sequence[dict[str, Any]]) -> bytes:
    return msgspec.json.encode({"sales": sales})


class NotTaken(Exception):
    """The server has refused receipts that are right."""


async def send_sales(courier: Courier, body: bytes) -> None:
    """All of them are on record afterwards, or it raises with what was refused."""
    answer = await courier.post(PATH, body)
    if answer["refused"]:
        first = next(result for result in answer["results"] if result["status"] == "refused")
        raise NotTaken(f"{answer['refused']} receipts were refused, the first: {first['problem']}")
