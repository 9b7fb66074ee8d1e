"""Orders that a site or an app tells of by tracked events become sales, so that revenue is counted in one way only.

Segment's e-commerce spec (v2) is the vocabulary: `Order Completed`, `Order Refunded`, `Order Cancelled`; its amounts
are decimals in the currency's unit. An event is a second-hand account of a sale: it is taken where it can be, what does
not add up is balanced by a line that says so, and what cannot be a sale is kept in `orders.unrecorded` with the reason.
"""

import hashlib
from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal

import msgspec

from comptoir.kernel.db import Tx, ints, rows
from comptoir.kernel.errors import Invalid, Refusal
from comptoir.kernel.log import Event
from comptoir.kernel.money import allocate, minor
from comptoir.orders.errors import BadAmount, BadText, EmptySale, ReceiptConflict, UnknownSale
from comptoir.orders.records import NewDiscount, NewLine, NewSale, Receipt, Sale
from comptoir.orders.sales.booked import booked
from comptoir.orders.sales.judging import AHEAD, EARLIEST, LONGEST, MAX_QUANTITY
from comptoir.orders.sales.receipts import sales_by_receipt
from comptoir.orders.sales.recording import record

COMPLETED = frozenset({"order completed", "completed order"})
TAKEN_BACK = frozenset({"order refunded", "order cancelled", "order canceled"})

Amount = str | int | float | None
"""JSON of many hands: 12.5, "12.50", ""."""


class Product(msgspec.Struct, frozen=True, gc=False):
    """A product of an order, as the SDKs' users send it."""

    sku: Amount = None
    product_id: Amount = None
    name: str | None = None
    price: Amount = None
    quantity: Amount = None


class Order(msgspec.Struct, frozen=True, gc=False):
    """The properties of an order event."""

    order_id: Amount = None
    total: Amount = None
    revenue: Amount = None
    value: Amount = None
    tax: Amount = None
    shipping: Amount = None
    discount: Amount = None
    coupon: str | None = None
    currency: str | None = None
    products: list[Product] | None = None


class Body(msgspec.Struct, frozen=True, gc=False):
    properties: Order = Order()


class Shop(msgspec.Struct, frozen=True, gc=False):
    """The outlet of a source."""

    source_id: int
    code: str
    currency: str


class Told(msgspec.Struct, frozen=True, gc=False):
    """An order event, its order, and where it came from."""

    index: int
    event: Event
    order: Order
    number: str
    shop: Shop


async def take_completed(
    tx: Tx, events: Sequence[Event], tracked: Sequence[object | None], nodes: Sequence[int | None]
) -> None:
    """Record the sales and returns that these events tell of. Never raises for what a sender said.

    The lists go with each other; `tracked` is what `ingest.decode` read, None for facts. What is no order event costs a
    look at its name.
    """
    about = [
        (index, wanted)
        for index, (event, act) in enumerate(zip(events, tracked, strict=True))
        if act is not None
        and event.kind == "ingest.track"
        and (wanted := event.name.replace("_", " ").casefold()) in WANTED
    ]
    if not about:
        return
    shops = {
        row[0]: Shop(*row) for row in await tx.tuples(SHOPS, ids=ints({events[i].source_id or 0 for i, _ in about}))
    }
    refused: list[tuple[Event, str, Refusal]] = []
    completed: list[Told] = []
    back: list[Told] = []
    for index, wanted in about:
        event = events[index]
        try:
            told = read(index, event, shops)
        except Refusal as refusal:
            refused.append((event, "", refusal))
        else:
            (completed if wanted in COMPLETED else back).append(told)

    known = await booked(tx, told=[(one.shop.code, one.number) for one in (*completed, *back)])
    completed, back = ([one for one in some if (one.shop.code, one.number) not in known] for some in (completed, back))
    await _record(tx, [(told, None) for told in completed], nodes, refused)
    if back:
        keys = {(told.shop.code, told.number) for told in back}
        originals = await sales_by_receipt(tx, receipts=keys)
        await _record(
            tx, [(told, originals.get((told.shop.code, told.number))) for told in back], nodes, refused, back=True
        )
    if refused:
        await tx.run(KEEP, unrecorded=rows([unrecorded(*one) for one in refused]), now=tx.now)


async def _record(
    tx: Tx,
    told: Sequence[tuple[Told, Sale | None]],
    nodes: Sequence[int | None],
    refused: list[tuple[Event, str, Refusal]],
    *,
    back: bool = False,
) -> None:
    sales: list[NewSale] = []
    sent: list[Told] = []
    for one, original in told:
        try:
            sales.append(return_of(one, original, tx) if back else sale_of(one, tx))
        except Refusal as refusal:
            refused.append((one.event, one.number, refusal))
        else:
            sent.append(one)
    if not sales:
        return
    answers = await record(
        tx,
        sales,
        nodes=[nodes[one.index] for one in sent],
        source_ids=[one.event.source_id for one in sent],
        timed=False,
    )
    refused += [
        (one.event, one.number, answer)
        for one, answer in zip(sent, answers, strict=True)
        if isinstance(answer, Refusal) and not is_known(answer)
    ]


WANTED = TAKEN_BACK | COMPLETED

SHOPS = """
    SELECT s.source_id, o.code, o.currency
    FROM channels.v_source AS s JOIN channels.v_outlet AS o USING (outlet_id)
    WHERE s.source_id = ANY(%(ids)s::smallint[])
"""

KEEP = """
    INSERT INTO orders.unrecorded
        (position, event_recorded_at, source_id, event_name, order_number, code, detail, kept_at)
    SELECT u.position, u.event_recorded_at, u.source_id, u.event_name, u.order_number, u.code, u.detail, %(now)s
    FROM json_populate_recordset(NULL::orders.unrecorded, %(unrecorded)s::json) AS u
    ORDER BY u.position
    ON CONFLICT (position) DO UPDATE SET code = excluded.code, detail = excluded.detail, kept_at = excluded.kept_at
"""


def is_known(refusal: Refusal) -> bool:
    """The shop itself has sent this order, or another script of the page has: told otherwise, but the same money.

    Where the shop has corrected the money, it was told otherwise before that: by this very event, read again.
    """
    if not isinstance(refusal, ReceiptConflict) or "kind" in refusal.data["differs"]:
        return False
    return bool(refusal.data["recorded"]["corrected_at"]) or not {"currency", "total_minor"} & {
        *refusal.data["differs"]
    }


def read(index: int, event: Event, shops: dict[int, Shop]) -> Told:
    """What an event says of an order. Raises a Refusal."""
    shop = shops.get(event.source_id or 0)
    if shop is None:
        raise Invalid("The event names no source of ours.")
    try:
        order = DECODER.decode(event.body).properties
    except (msgspec.MsgspecError, RecursionError) as error:
        raise BadText(f"The order cannot be read: {error}") from error
    number = "" if order.order_id is None else str(order.order_id).strip()
    if not number:
        raise Invalid("The order has no order_id, so it cannot be told from another.", field="order_id")
    if len(number) > LONGEST // 2:
        raise Invalid("The order_id is too long to be one.", field="order_id")
    return Told(index, event, order, number, shop)


DECODER = msgspec.json.Decoder(Body)


def sale_of(told: Told, tx: Tx) -> NewSale:
    """A completed order as a sale. Its total is what the sender says it is."""
    order, currency = told.order, currency_of(told)
    lines = [line_of(product, currency) for product in order.products or ()]
    if shipping := money(order.shipping, currency):
        lines.append(NewLine(name="Shipping", kind="shipping", amount_minor=shipping))
    tax = money(order.tax, currency) or 0
    # Some shops write a discount as a negative amount.
    discount = abs(money(order.discount, currency) or 0)
    total = money(order.total, currency)
    if total is None and (revenue := money(order.revenue, currency)) is not None:
        total = revenue + tax + (shipping or 0)
    if total is None:
        total = money(order.value, currency)
    if total is None and not lines:
        raise EmptySale("The order has neither products nor a total.")

    goods = sum(line.amount_minor or 0 for line in lines)
    # Prices with tax in them are the rule in Europe: then the total is right without adding it.
    included = bool(tax) and total is not None and total == goods - discount
    discounts = (
        [NewDiscount("coupon" if order.coupon else "discount", discount, order.coupon and order.coupon[:LONGEST])]
        if discount
        else []
    )
    expected = goods - discount + (0 if included else tax)
    if total is None:
        total = expected
    if total > expected or not lines:
        lines.append(
            NewLine(name="Difference to the sender's total", kind="adjustment", amount_minor=max(0, total - expected))
        )
    if total < expected:
        discounts.append(NewDiscount("adjustment", expected - total))
    return NewSale(
        outlet=told.shop.code,
        number=told.number,
        occurred_at=moment(told.event, tx),
        currency=currency,
        lines=tuple(with_tax(lines, tax)),
        discounts=tuple(discounts),
        total_minor=total,
        tax_included=included,
    )


def return_of(told: Told, original: Sale | None, tx: Tx) -> NewSale:
    """A refund or a cancellation as a return: of the whole order, or of what the event names.

    A whole order is taken back once, however it is told; parts are told from each other by what they say.
    """
    order, currency = told.order, currency_of(told)
    total = money(order.total, currency)
    if total is None:
        total = money(order.value, currency) if order.products is None else None
    whole = original is not None and (total == original.total_minor or (total is None and not order.products))
    takes_back = Receipt(told.shop.code, told.number)
    if original and whole:
        return NewSale(
            outlet=told.shop.code,
            number=f"{told.number}/return",
            occurred_at=moment(told.event, tx),
            currency=original.currency,
            lines=tuple(again(original)),
            total_minor=original.total_minor,
            tax_included=original.tax_included,
            kind="return",
            takes_back=takes_back,
        )
    if total is None and not order.products:
        raise UnknownSale(f"The order {told.number} is not on record, and the event does not say what was given back.")
    sale = sale_of(told, tx)
    said = msgspec.json.encode((sale.lines, sale.discounts, sale.total_minor))
    part = hashlib.blake2b(said, digest_size=6).hexdigest()
    return msgspec.structs.replace(sale, number=f"{told.number}/return/{part}", kind="return", takes_back=takes_back)


def again(sale: Sale) -> list[NewLine]:
    """The lines of a sale, to be given back."""
    reduced: dict[int, list[NewDiscount]] = {}
    for one in sale.discounts:
        reduced.setdefault(one.line_number, []).append(NewDiscount(one.kind, one.amount_minor, one.code))
    return [
        NewLine(
            sku=line.sku,
            amount_minor=line.amount_minor,
            discounts=tuple(reduced.get(line.line_number, ())),
            quantity_thousandths=line.quantity,
            unit_price_minor=line.unit_price_minor,
            tax_minor=line.tax_minor,
            gtin=line.gtin,
            name=line.name,
            kind=line.kind,
        )
        for line in sale.lines
    ]


def line_of(product: Product, currency: str) -> NewLine:
    sku = next((str(one).strip() for one in (product.sku, product.product_id) if one not in {None, ""}), None)
    try:
        quantity = Decimal(1) if product.quantity in {None, ""} else Decimal(str(product.quantity))
        fits = 0 <= quantity * 1000 <= MAX_QUANTITY
    except ArithmeticError as error:
        raise BadAmount(f"{product.quantity!r} is no quantity.", field="quantity") from error
    if not fits:
        raise BadAmount(f"{product.quantity!r} is no quantity of a sale.", field="quantity")
    price = money(product.price, currency)
    amount = 0 if price is None else minor(Decimal(str(product.price)) * quantity, currency)
    return NewLine(
        sku=sku and sku[:LONGEST],
        name=product.name and product.name[:LONGEST],
        quantity_thousandths=int(quantity * 1000),
        unit_price_minor=price,
        amount_minor=amount,
    )


def with_tax(lines: Sequence[NewLine], tax: int) -> Sequence[NewLine]:
    """The order's tax spread over its lines by their amounts, to the cent."""
    if not tax:
        return lines
    amounts = [line.amount_minor or 0 for line in lines]
    shares = allocate(tax, amounts if any(amounts) else [1] * len(amounts))
    return [msgspec.structs.replace(line, tax_minor=share) for line, share in zip(lines, shares, strict=True)]


def money(amount: Amount, currency: str) -> int | None:
    if amount is None or amount == "":
        return None
    return minor(amount.strip() if isinstance(amount, str) else Decimal(str(amount)), currency)


def currency_of(told: Told) -> str:
    """The order's, or what its outlet's till rings in."""
    return (told.order.currency or "").strip().upper()[:10] or told.shop.currency


def moment(event: Event, tx: Tx) -> datetime:
    """When it happened; a sender whose clock is off by years has sold all the same, when we heard of it."""
    return event.occurred_at if EARLIEST <= event.occurred_at <= tx.now + AHEAD else event.recorded_at


def unrecorded(event: Event, number: str, refusal: Refusal) -> dict[str, object]:
    return {
        "position": event.position,
        "event_recorded_at": event.recorded_at,
        "source_id": event.source_id,
        "event_name": event.name,
        "order_number": number.replace("\0", ""),
        "code": refusal.code,
        "detail": str(refusal).replace("\0", "")[:1000],
    }
