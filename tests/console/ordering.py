"""What the town has ordered: orders of a marketplace that shops and the warehouse work on, each at another stage.

Told through the front doors of orders. What each is for stands in `STAGES`: tests look them up by their number there.
"""

from datetime import timedelta

from comptoir import orders
from comptoir.kernel.db import Database, Tx
from comptoir.kernel.settings import Settings

HOME = orders.Address(name="Inès Morel", street="12 rue de la République", postcode="69002", city="Lyon", country="FR")
STAGES = (
    "new", "accepted", "picked", "sent", "given-back", "cancelled", "rejected", "to-cancel", "to-walk-1", "to-walk-2",
    "ready", "to-fetch", "to-return", "not-refunded",
)  # fmt: skip
OUTLET = "redoute"


def number(stage: str) -> str:
    return f"LR-{STAGES.index(stage) + 1:03d}"


async def take_orders(db: Database) -> None:
    async with db.transaction() as tx:
        taken = {stage: await an_order(tx, stage) for stage in STAGES}
    async with db.transaction() as tx:
        works = {stage: await orders.fulfilments_of(tx, order_id=one.order_id) for stage, one in taken.items()}
        for stage in ("accepted", "picked", "sent", "given-back", "ready", "to-return", "not-refunded"):
            await act(tx, *(orders.Accept(fulfilment_id=one.fulfilment_id) for one in works[stage]))
        for stage in ("picked", "sent", "given-back", "ready", "to-return", "not-refunded"):
            await act(tx, *(pick_all(one) for one in works[stage]))
        await act(tx, *(orders.Ready(fulfilment_id=one.fulfilment_id, shelf="B 14") for one in works["ready"]))
        for stage in ("sent", "given-back", "to-return", "not-refunded"):
            await act(
                tx,
                *(
                    orders.HandOver(fulfilment_id=one.fulfilment_id, carrier="Colissimo", tracking=f"6A{one.fulfilment_id}")
                    for one in works[stage]
                ),
            )  # fmt: skip
        await act(tx, orders.Reject(fulfilment_id=works["rejected"][0].fulfilment_id, reason="not_found"))
        await orders.cancel(
            tx, order_id=taken["cancelled"].order_id, asked=orders.Cancel(reason="changed_mind"), actor="paul"
        )
        await bring_back(tx, taken["not-refunded"])
    # It was paid at the marketplace, and a refund there is refused.
    await orders.payments.perform(db, orders.payments.providers(Settings.load()))
    async with db.transaction() as tx:
        await bring_back(tx, taken["given-back"])


async def bring_back(tx: Tx, order: orders.ExternalRecorded) -> None:
    sale = (await orders.parcels(tx, order_id=order.order_id))[0].sale_id
    line = orders.Back(sale_id=sale, line_number=1, quantity=1, reason="too_small", state="sellable")
    await orders.returns.at_counter(
        tx, asked=orders.AtCounter(lines=(line,), location="LYP"), actor="sana", approved=True
    )


async def act(tx: Tx, *acts) -> None:
    refused = [one for one in await orders.run_fulfilment(tx, acts) if isinstance(one, Exception)]
    assert not refused, refused


def pick_all(work: orders.Fulfilment) -> orders.Pick:
    lots = tuple(orders.Pieces(line=one.line, pieces=one.open) for one in work.lines)
    return orders.Pick(fulfilment_id=work.fulfilment_id, picked=lots)


async def an_order(tx: Tx, stage: str) -> orders.ExternalRecorded:
    """Two jumpers and a coat; what is fetched is a scarf alone, in Lyon Bellecour."""
    fetched = stage == "to-fetch"
    lines = [("A-410", 1, 8_900)] if fetched else [("K-204-M", 2, 11_900), ("C-120-38", 1, 29_900)]
    delivery = (
        orders.Delivery(method="collect", location="LYB") if fetched else orders.Delivery(method="ship", address=HOME)
    )
    placed = tx.now - timedelta(hours=2 + STAGES.index(stage))
    total = sum(many * price for _, many, price in lines)
    order = orders.ExternalOrder(
        outlet=OUTLET, number=number(stage), placed_at=placed, revised_at=placed, currency="EUR",
        lines=tuple(
            orders.ExternalLine(
                line=place, sku=sku, quantity=many, unit_price_minor=price, amount_minor=many * price, total_minor=many * price
            )
            for place, (sku, many, price) in enumerate(lines, 1)
        ),
        delivery=delivery, total_minor=total, paid_minor=total, identifiers={"email": "ines.morel@posteo.example"},
    )  # fmt: skip
    (answer,) = await orders.record_orders(tx, [order])
    assert isinstance(answer, orders.ExternalRecorded), answer
    return answer
