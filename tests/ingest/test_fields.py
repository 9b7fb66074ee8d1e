"""Data quality by field, and a plan tried on what came last: read from a sample of the log, not counted on the way in."""

import pytest

from comptoir import ingest
from comptoir.ingest.plans import Compiled
from comptoir.ingest.quality import Sample, Sampled, by_convention, learned, rated, rehearsed
from comptoir.ingest.records import Plan, PlanEntry
from comptoir.kernel.log import EPOCH

pytestmark = pytest.mark.anyio

PRODUCT = {
    "type": "object",
    "properties": {
        "sku": {"type": "string"},
        "price": {"type": "number"},
        "products": {"items": {"required": ["sku"]}},
    },
    "required": ["sku"],
}


def compiled(events, **how):
    return Compiled(
        Plan(
            source_id=1,
            version=1,
            note="",
            made_at=EPOCH,
            made_by="",
            events=events,
            **{"mode": "observe", "unplanned": "allow", **how},
        )
    )


def seen(name, told, call="track", **body):
    return Sampled(1, call, name, {"timestamp": "2026-11-21T10:00:00Z", **body}, told)


def test_faults_of_a_plan_carry_their_field_and_no_value():
    faults = compiled({"P": PRODUCT}).faults(
        "track", "P", {"price": "jane@secret.example", "products": [{}, {"sku": 1}]}
    )
    assert {(one.field, one.kind, one.rule) for one in faults} == {
        ("sku", "missing", "required"),
        ("price", "invalid", "type"),
        ("products[].sku", "missing", "required"),
    }
    assert "secret" not in repr(faults)
    closed = compiled({"P": {"properties": {"a": {}}, "additionalProperties": False}})
    assert [(one.field, one.kind) for one in closed.faults("track", "P", {"zz": 1})] == [("zz", "unexpected")]
    assert compiled({}, unplanned="report").faults("track", "Q", {})[0].kind == "unplanned"


@pytest.mark.parametrize(
    ("event", "faults"),
    [
        (seen("Product Viewed", {"sku": "C-1", "name": "Coat", "price": 9, "currency": "EUR"}), set()),
        (seen("Product Viewed", {"product_id": 7, "name": " ", "price": "9"}), {("name", "invalid"), ("price", "invalid")}),
        (seen("Product Viewed", {}), {("product_id", "missing"), ("name", "missing"), ("price", "missing")}),
        (seen("Order Completed", {"order_id": "1", "total": -1, "currency": "eur", "products": [{"price": 1}]}),
         {("total", "invalid"), ("currency", "invalid"), ("products[].product_id", "missing")}),
        (seen("", {"email": "not an address"}, "identify", userId="u"), {("email", "invalid")}),
        (seen("", {}, "identify"), {("email", "missing"), ("userId", "missing")}),
        (seen("Garden Visited", {}), set()),
        (Sampled(1, "track", "Garden Visited", {}, {}), {("timestamp", "missing")}),
    ],
)  # fmt: skip
def test_what_an_event_has_by_convention(event, faults):
    assert {(one.field, one.kind) for one in by_convention(event)} == faults


def test_rates_by_field_are_of_the_events_in_which_the_field_is_expected():
    good = seen("Product Viewed", {"sku": "C-1", "name": "Coat", "price": 9})
    bad = seen("Product Viewed", {"name": "Coat", "price": "9"})
    found = rated(Sample([good, good, good, bad, seen("Garden Visited", {})], None), {})
    assert {(one.event, one.field, one.looked, one.missing, one.invalid) for one in found.rates} == {
        ("Product Viewed", "product_id", 4, 1, 0),
        ("Product Viewed", "price", 4, 0, 1),
    }
    planned = rated(Sample([bad], None), {1: compiled({"Product Viewed": PRODUCT})})
    assert {(one.field, one.missing, one.planned) for one in planned.rates} == {("sku", 1, True), ("price", 0, True)}


def test_a_plan_learned_from_a_sample_breaks_none_of_it():
    events = [
        seen("Product Viewed", {"sku": "C-1", "price": 9}),
        seen("Product Viewed", {"sku": "C-2", "price": 9.5, "colour": None}),
        seen("", {"email": "a@b.example"}, "identify"),
    ]
    plan = learned(Sample(events, None))
    assert plan["Product Viewed"]["required"] == ["sku", "price"]
    assert plan["Product Viewed"]["properties"]["price"] == {"type": "number"}
    rehearsal = rehearsed(Sample(events, None), compiled(plan))
    assert (rehearsal.looked, rehearsal.broken) == (3, 0)


async def test_the_sample_is_of_the_log_and_of_what_a_plan_kept_out(db, client, source, intake):
    """Accepted and kept out, of this source alone, and no more than asked for."""
    async with db.transaction() as tx:
        entry = PlanEntry(mode="enforce", events={"Product Viewed": PRODUCT})
        await ingest.save_plan(tx, source_id=source.source_id, entry=entry)
    await intake.refresh_plans()
    batch = [
        {"type": "track", "event": "Product Viewed", "anonymousId": "a", "properties": told}
        for told in [{"sku": "C-1"}] * 6 + [{"price": 1}, {"sku": 4}]
    ]
    assert (await client.batch(*batch)).status == 200
    async with db.reading() as tx:
        found = await ingest.by_field(tx, source_id=source.source_id)
        entry = PlanEntry(events={"Product Viewed": {"required": ["price"]}})
        rehearsal = await ingest.rehearse(tx, source_id=source.source_id, entry=entry)
        nobody = await ingest.by_field(tx, source_id=source.source_id + 1)
        few = await ingest.sample(tx, source_id=source.source_id, most=3)
    assert {(one.field, one.looked, one.missing, one.invalid) for one in found.rates} == {("sku", 8, 1, 1)}
    assert (rehearsal.looked, rehearsal.broken) == (8, 7)
    assert nobody.looked == 0
    assert len(few.events) == 3 + 2
