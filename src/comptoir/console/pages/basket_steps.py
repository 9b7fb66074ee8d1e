"""The steps of a basket at the call centre, as they are typed: lines, delivery, coupons, quote, payment, order."""

from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta

import msgspec

from comptoir import channels, orders
from comptoir.console.page import Page
from comptoir.console.pages.addresses import AnyRequest
from comptoir.console.pages.pieces import read_lines
from comptoir.kernel.auth import Actor
from comptoir.kernel.db import Tx
from comptoir.kernel.errors import Invalid
from comptoir.kernel.money import minor

Typed = Mapping[str, str]
LONGEST = 20_000
MOST_PIECES = 1_000_000
MOST_COSTS = 10_000_000
"""Minor units."""


class At(msgspec.Struct, frozen=True):
    """A basket, and who does what was typed."""

    page: Page
    tx: Tx
    actor: Actor
    counter: orders.Counter
    basket: orders.Basket
    form: Typed


Step = Callable[[At], Awaitable[orders.Basket]]


async def typed(request: AnyRequest) -> dict[str, str]:
    return {name: str(value)[:LONGEST].replace("\0", "") for name, value in (await request.form()).items()}


class Mistyped(Invalid):
    """What was typed cannot be read: a line names an article and whole pieces, an amount is like 12.50."""

    code = "console.mistyped"


async def set_lines(at: At) -> orders.Basket:
    """Pieces of the lines there are, and further articles; what is 0 is taken out."""
    basket = at.basket
    wanted: list[orders.BasketLine] = []
    for one in at.basket.lines:
        text = at.form.get(f"q-{one.line}", str(one.quantity)).strip() or "0"
        if not (text.isascii() and text.isdecimal() and len(text) < 8 and int(text) <= MOST_PIECES):
            raise Mistyped
        if int(text) != one.quantity:
            wanted.append(msgspec.structs.replace(one, quantity=int(text)))
    if more := at.form.get("more", "").strip():
        found, wrong = await read_lines(at.tx, at.page, more)
        if wrong:
            raise Mistyped(wrong)
        last = max((one.line for one in (*at.basket.lines, *at.basket.saved)), default=0)
        here = {one.variant_id: one for one in at.basket.lines}
        for place, one in enumerate(found, 1):
            if (before := here.get(one.variant_id)) is not None:
                wanted.append(msgspec.structs.replace(before, quantity=before.quantity + one.quantity))
            else:
                wanted.append(orders.BasketLine(last + place, one.variant_id, one.sku, one.quantity))
    for one in wanted:
        sold = await at.counter.assortments.of(one.variant_id)
        basket = await at.counter(orders.SetLine(basket.basket_id, one, sold, by=at.actor))
    return basket


async def set_delivery(at: At) -> orders.Basket:
    """To her address, or to be collected. What else she has said of it stays: what may be replaced, its coordinates."""
    before = at.basket.delivery
    if at.form.get("method") == "collect":
        delivery = orders.Delivery(method="collect", location=at.form.get("location", "")[:200])
    else:
        names = ("name", "street", "postcode", "city", "country", "region")
        given = {name: at.form.get(name, "").strip()[:200] for name in names}
        given["country"] = given["country"].upper()
        try:
            address = msgspec.convert(given, orders.Address)
        except msgspec.ValidationError as error:
            raise orders.IncompleteBasket(str(error), missing=["delivery.address"]) from error
        known = before.address if before else None
        if known and msgspec.structs.replace(known, latitude=None, longitude=None) == address:
            address = known
        delivery = orders.Delivery(method="ship", address=address)
    replace = before.replace if before else None
    delivery = msgspec.structs.replace(delivery, replace=replace, amount_minor=costs_in(at))
    return await at.counter(orders.SetDelivery(at.basket.basket_id, delivery, by=at.actor))


def costs_in(at: At) -> int:
    """What the delivery costs; nothing is nothing. Raises Mistyped."""
    try:
        costs = minor(at.form.get("costs", "").strip().replace(",", ".") or "0", at.basket.currency)
    except Invalid as error:
        raise Mistyped from error
    if not 0 <= costs <= MOST_COSTS:
        raise Mistyped
    return costs


async def set_coupons(at: At) -> orders.Basket:
    codes = tuple(dict.fromkeys(at.form.get("coupons", "").replace(",", " ").split()))[:20]
    return await at.counter.give_coupons(at.basket.basket_id, tuple(one[:60] for one in codes), by=at.actor)


async def quote(at: At) -> orders.Basket:
    return await at.counter(orders.TakeQuote(at.basket.basket_id, by=at.actor))


async def pay(at: At) -> orders.Basket:
    return await at.counter.pay(
        at.basket.basket_id,
        provider=at.form.get("provider", ""),
        token=at.form.get("token", "").strip()[:200],
        by=at.actor,
    )


async def place(at: At) -> orders.Basket:
    return await at.counter.place(at.basket.basket_id, by=at.actor)


async def take_over(at: At) -> orders.Basket:
    """Who may touch it needs no code from her: one is made and used."""
    code = orders.claim_codes.make()
    expires_at = at.tx.now + timedelta(seconds=orders.claim_codes.SECONDS)
    offered = orders.ClaimCode(orders.claim_codes.digest(code), expires_at)
    await at.counter(orders.OfferClaim(at.basket.basket_id, offered, by=at.actor))
    return await at.counter.claim(code, await channels.outlet(at.tx, code=at.form.get("outlet", "")), by=at.actor)


STEPS: dict[str, Step] = {
    "lines": set_lines,
    "delivery": set_delivery,
    "coupons": set_coupons,
    "quote": quote,
    "payment": pay,
    "order": place,
    "outlet": take_over,
}
