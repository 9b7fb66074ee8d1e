"""A till as its maker would write it: a log of its own, chained, sent when there is a line."""

import hashlib
import json
from datetime import UTC, datetime, timedelta
from uuid import UUID

NOON = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)


def sealed(entry):
    """With its hash, reckoned as the guide says, with the standard library alone."""
    text = json.dumps(entry, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
    return {**entry, "hash": hashlib.sha256(text.encode()).hexdigest()}


class Till:
    """Keeps its log until it is acknowledged."""

    def __init__(self, mark=1):
        self.log = []
        self._mark = mark

    def add(self, kind, body, *, at=NOON, entry_id=None):
        number = len(self.log) + 1
        self.log.append(sealed({
            "sequence": number,
            "previous": self.log[-1]["hash"] if self.log else "0" * 64,
            "entry_id": str(entry_id or UUID(int=self._mark * 10**9 + number)),
            "kind": kind,
            "occurred_at": (at + timedelta(minutes=number)).isoformat(),
            "body": body,
        }))  # fmt: skip
        return self.log[-1]

    def sell(self, sku="shirt", pieces=1, *, number=None, **more):
        return self.add("sale", receipt(number or f"T{self._mark}-{len(self.log) + 1}", sku, pieces), **more)

    def take_back(self, sku="shirt", pieces=1, *, to="sellable", **more):
        body = receipt(f"T{self._mark}-{len(self.log) + 1}", sku, pieces)
        return self.add("return", {**body, "to": to}, **more)

    def stock(self, act, sku="shirt", quantity=1, **more):
        return self.add("stock", {"act": act, "sku": sku, "quantity": quantity, **more})

    def claim(self, basket_id, sku="shirt", quantity=1):
        return self.add("claim", {"basket_id": str(basket_id), "units": [{"sku": sku, "quantity": quantity}]})


def receipt(number, sku="shirt", pieces=1):
    return {
        "number": number,
        "currency": "EUR",
        "lines": [{"sku": sku, "quantity_thousandths": pieces * 1000, "amount_minor": 1000 * pieces}],
        "total_minor": 1000 * pieces,
        "tenders": [{"kind": "cash", "amount_minor": 1000 * pieces}],
        "tax_included": True,
    }
