"""A basket changes hands: to the person who is recognised, to another outlet or device, into another basket.

Nothing is lost and nothing doubled: the lines, what is held and the coupons go with the basket; prices are asked anew
where it comes to another outlet, another currency or another person. What is not sold where it has come stays in it,
and is told when it is to be quoted (`unsold`; all else is pure).
"""

from collections import Counter
from collections.abc import Mapping
from itertools import chain
from typing import Any, Literal
from uuid import UUID

import msgspec

from comptoir import catalog
from comptoir.kernel.auth import Actor
from comptoir.kernel.db import Tx
from comptoir.orders.baskets import LAST_LINE, Basket, BasketLine, Part, open_to_change, unquoted, with_lines
from comptoir.orders.errors import BadLine, BasketOfAnother, NotYourBasket

Rule = Literal["max", "sum"]
"""Of an article that lies in both baskets: as many as in the fuller one, or as in both together."""
MOST_TOKENS = 8
MOST_COUPONS = 20
MOST_PIECES = 1_000_000


def must_touch(basket: Basket, by: Actor | None) -> None:
    """Who may change it: outlets where it is or was, and devices that were let in. None: the house itself."""
    if by is None:
        return
    if by.kind == "bearer":
        if by.id in basket.tokens:
            return
    elif not by.outlets or basket.outlet_id in by.outlets or not by.outlets.isdisjoint(basket.outlets):
        return
    raise NotYourBasket(basket_id=str(basket.basket_id))


def must_look(basket: Basket, by: Actor | None) -> None:
    """Who may look at it: they, and whoever has it shared."""
    if by is None or by.kind != "bearer" or by.id not in basket.shares:
        must_touch(basket, by)


def let_in(basket: Basket, digest: UUID) -> Basket:
    """With one more device; of too many the first one falls out."""
    return msgspec.structs.replace(basket, tokens=(*basket.tokens, digest)[-MOST_TOKENS:])


def shared(basket: Basket, digest: UUID) -> Basket:
    """With one more link to look at it; of too many the first one ends."""
    return msgspec.structs.replace(basket, shares=(*basket.shares, digest)[-MOST_TOKENS:])


def handed(basket: Basket, node_id: int, nodes: frozenset[int]) -> Basket:
    """The person's: `nodes` are all of hers. Raises BasketOfAnother."""
    open_to_change(basket)
    if basket.node_id is None:
        return unquoted(basket, node_id=node_id)
    if basket.node_id not in nodes:
        raise BasketOfAnother(basket_id=str(basket.basket_id))
    return basket


def moved(basket: Basket, *, outlet_id: int, outlet: str, channel: str, currency: str) -> Basket:
    """At another outlet, whose prices and currency hold from now on. What it holds it keeps."""
    open_to_change(basket)
    basket = msgspec.structs.replace(basket, claim=None)
    if (basket.outlet_id, basket.currency) == (outlet_id, currency):
        return basket
    before = tuple(dict.fromkeys(one for one in (*basket.outlets, basket.outlet_id) if one != outlet_id))
    return unquoted(
        basket,
        outlet_id=outlet_id,
        outlet=outlet,
        channel=channel,
        currency=currency,
        outlets=before,
        from_elsewhere=True,
    )


def merged(into: Basket, other: Basket, rule: Rule) -> tuple[Basket, Basket]:
    """The basket that goes on, and the emptied one that points to it. Raises BadLine where one cannot hold both."""
    open_to_change(into)
    open_to_change(other)
    lines, renamed = _together(into, other, rule)
    saved = {one.line: one for one in into.saved}
    known = {one.variant_id for one in into.saved}
    numbers = _free(lines, saved)
    for one in other.saved:
        if one.variant_id not in known:
            number = next(numbers)
            saved[number] = msgspec.structs.replace(one, line=number)
    survivor = unquoted(
        with_lines(into, lines, saved),
        node_id=into.node_id if into.node_id is not None else other.node_id,
        delivery=into.delivery or other.delivery,
        coupons=tuple(dict.fromkeys((*into.coupons, *other.coupons)))[:MOST_COUPONS],
        groups=tuple(dict.fromkeys((*into.groups, *other.groups))),
        parts=_parts(into, other, renamed),
        tokens=(*other.tokens, *into.tokens)[-MOST_TOKENS:],
        shares=(*other.shares, *into.shares)[-MOST_TOKENS:],
        from_elsewhere=into.from_elsewhere or other.from_elsewhere or other.outlet_id != into.outlet_id,
        outlets=tuple(
            dict.fromkeys(one for one in (*into.outlets, *other.outlets, other.outlet_id) if one != into.outlet_id)
        ),
    )
    return survivor, emptied(other, state="merged", merged_into=into.basket_id)


async def unsold(tx: Tx, quoting: Mapping[int, Basket]) -> dict[int, catalog.NotSold]:
    """Those with lines that were put in at another outlet and are not sold where the basket is now, by their number."""
    came = {number: one for number, one in quoting.items() if one.from_elsewhere}
    if not came:
        return {}
    sold = await catalog.where_sold(tx, variants={line.variant_id for one in came.values() for line in one.lines})
    refused: dict[int, catalog.NotSold] = {}
    for number, one in came.items():
        found: dict[int, catalog.NotSold] = {}
        for line in one.lines:
            try:
                sold[line.variant_id].check(sku=line.sku, outlet_id=one.outlet_id, channel=one.channel, now=tx.now)
            except catalog.NotSold as refusal:
                found[line.line] = refusal
        if found:
            (first, *_), skus = found.values(), [refusal.data["sku"] for refusal in found.values()]
            refused[number] = catalog.NotSold(
                f"Take out or save for later: {', '.join(skus)}.", **first.data, skus=skus, lines=list(found)
            )
    return refused


def abandoned(basket: Basket) -> Basket:
    """Its lines stay for whoever comes back; what was held, quoted and paid does not."""
    if basket.state != "open":
        return basket
    return unquoted(basket, state="abandoned", parts=(), sourced="", held_until=None, reserved=(), claim=None)


def emptied(basket: Basket, **changes: Any) -> Basket:
    """Nothing is in it, and it has nothing any more."""
    empty: dict[str, Any] = {
        "lines": (), "saved": (), "coupons": (), "parts": (), "sourced": "",
        "held_until": None, "reserved": (), "claim": None,
    }  # fmt: skip
    return unquoted(basket, **{**empty, **changes})


def _together(into: Basket, other: Basket, rule: Rule) -> tuple[dict[int, BasketLine], dict[int, int]]:
    """The lines of both, and the line of each article in them."""
    lines = {one.line: one for one in into.lines}
    first: dict[int, int] = {}
    for one in into.lines:
        first.setdefault(one.variant_id, one.line)
    had = Counter[int]()
    for one in into.lines:
        had[one.variant_id] += one.quantity
    coming = Counter[int]()
    for one in other.lines:
        coming[one.variant_id] += one.quantity
    numbers = _free(lines, {one.line: one for one in into.saved})
    skus = {one.variant_id: one.sku for one in other.lines}
    for variant, quantity in coming.items():
        more = quantity if rule == "sum" else max(0, quantity - had[variant])
        if (number := first.get(variant)) is None:
            number = first[variant] = next(numbers)
            lines[number] = BasketLine(number, variant, skus[variant], more)
        elif more:
            lines[number] = msgspec.structs.replace(lines[number], quantity=lines[number].quantity + more)
        if lines[number].quantity > MOST_PIECES:
            raise BadLine(f"More than {MOST_PIECES} pieces of {skus[variant]}.", most=MOST_PIECES)
    return lines, first


def _free(*taken: dict[int, BasketLine]) -> Any:
    """Numbers for further lines: after the last one, or where there is a gap."""
    used = {number for some in taken for number in some}
    last = max(used, default=0)
    return (number for number in chain(range(last + 1, LAST_LINE + 1), range(1, last)) if number not in used)


def _parts(into: Basket, other: Basket, renamed: dict[int, int]) -> tuple[Part, ...]:
    """What both hold, by the lines of the one that goes on."""
    total: dict[tuple[int, int, int], int] = {}
    for one in into.parts if into.held_until else ():
        total[one.line, one.variant_id, one.location_id] = one.quantity
    for one in other.parts if other.held_until else ():
        if (line := renamed.get(one.variant_id)) is not None:
            key = line, one.variant_id, one.location_id
            total[key] = total.get(key, 0) + one.quantity
    return tuple(Part(*key, quantity) for key, quantity in sorted(total.items()))
