"""What may be done without a manager, and the seller's own number, are as they are set."""

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest

from comptoir.kernel.errors import Invalid
from comptoir.kernel.settings import Settings
from comptoir.orders.aftersale import policy
from comptoir.orders.aftersale.errors import ApprovalNeeded
from comptoir.orders.aftersale.returns import in_time
from orders.test_aftersale import back, desk  # noqa: F401  fixtures
from orders.test_checkout import ground, house  # noqa: F401  fixtures

NOW = datetime(2026, 5, 4, 12, tzinfo=UTC)


def test_the_defaults_are_those_of_the_reference():
    assert policy.limits() == policy.Limits(10_000, 2_000, 0, 3, 90, 365)
    with pytest.raises(Invalid):
        Settings.load({"COMPTOIR_GOODWILL_MINOR": "-1"})


@pytest.mark.parametrize(("days", "age", "late"), [(0, 4000, False), (30, 30, False), (30, 31, True)])
def test_what_was_sold_too_long_ago_is_for_a_manager(days, age, late):
    sale = SimpleNamespace(receipt_number="1", occurred_at=NOW - timedelta(days=age))
    if late:
        with pytest.raises(ApprovalNeeded):
            in_time([sale], days, NOW)
    else:
        in_time([sale], days, NOW)


@pytest.mark.parametrize(("country", "number"), [("FR", "FR12345678901"), ("GR", "EL123456789"), ("DE", ""), ("", "")])
def test_the_number_is_that_of_the_country(monkeypatch, country, number):
    monkeypatch.setenv("COMPTOIR_SELLER_TAX_NUMBERS", "FR12345678901, EL123456789")
    assert policy.tax_number(country) == number


@pytest.mark.anyio
async def test_a_house_sets_its_own(desk, monkeypatch):  # noqa: F811
    monkeypatch.setenv("COMPTOIR_GOODWILL_MINOR", "100")
    monkeypatch.setenv("COMPTOIR_INSTANT_REFUND_MINOR", "100")
    monkeypatch.setenv("COMPTOIR_RETURN_DAYS", "1")
    monkeypatch.setenv("COMPTOIR_SELLER_TAX_NUMBERS", "FR12345678901")
    sale_id = await desk.sell("1", 3000)  # in May
    asked = {"amount_minor": 101, "reason": "late"}
    refused = await desk("POST", f"sales/{sale_id}/goodwill", asked, status=403)
    assert refused["data"] == {"limit_minor": 100, "given_minor": 0}
    counter = {"location": "nice", "lines": [back(sale_id)]}
    for path, body in (("returns", {"lines": [back(sale_id)]}), ("returns/at-counter", counter)):
        assert (await desk("POST", path, body, status=403))["data"] == {"limit_days": 1}
    made = await desk("POST", "returns", {"lines": [back(sale_id)]}, manager=True)
    assert (await desk("POST", f"returns/{made['return_id']}/refund", {}, status=403))[
        "code"
    ] == "orders.approval_needed"
    made = await desk("POST", f"sales/{sale_id}/documents", {"kind": "receipt"})
    assert made["content"]["seller"]["tax_number"] == "FR12345678901"
    assert "FR12345678901" in made["text"]
