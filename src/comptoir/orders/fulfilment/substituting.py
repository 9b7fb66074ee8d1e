"""Another article in the place of one that is not to be had, from the shelf of the same location.

Whether that may be is for the customer to say (`Delivery.replace`), or for the house where she was not asked. She pays
what the other article costs, and never more than for the pieces that it replaces: what it costs above that is taken
off as a discount, so its receipt shows both. Its tax is that of its own rate.

The order gets a line of its own for it, which points at the line that it replaces. The pieces of that line are
cancelled, with their share of its money; the sums of the order stay as they were agreed.
"""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

import msgspec

from comptoir import catalog, inventory, pricing
from comptoir.kernel.db import Tx
from comptoir.kernel.errors import Refusal
from comptoir.orders import shares
from comptoir.orders.fulfilment.agenda import Agenda, allowed
from comptoir.orders.fulfilment.dossiers import Dossier, Line, OrderLine, Work
from comptoir.orders.fulfilment.errors import NotReplaceable
from comptoir.orders.fulfilment.events import PiecesReplaced
from comptoir.orders.fulfilment.picking import moved, within
from comptoir.orders.fulfilment.records import Act, Replaceable, Substitute
from comptoir.orders.shares import Money, up_to
from comptoir.orders.sourcing import taxed_in

WHOLE = 1_000_000
"""Millionths of a rate."""


class Offer(msgspec.Struct, frozen=True):
    """What so many pieces of an article cost there, by its price list: promotions are for what was ordered."""

    variant_id: int
    sku: str
    unit_price_minor: int
    amount_minor: int
    tax_included: bool
    rate_millionths: int


async def offered(
    tx: Tx, acts: Sequence[Act], orders: Mapping[int, UUID], dossiers: Mapping[UUID, Dossier]
) -> dict[int, Offer | Refusal]:
    """What is offered instead, by the place of the act; or why it cannot be."""
    asked = {
        number: (act, dossiers[orders[act.fulfilment_id]])
        for number, act in enumerate(acts)
        if isinstance(act, Substitute) and act.fulfilment_id in orders
    }
    if not asked:
        return {}
    known = await catalog.variants_by_sku(tx, {act.sku for act, _ in asked.values()})
    offers: dict[int, Offer | Refusal] = {
        number: inventory.UnknownVariant(f"The catalog knows no {act.sku!r}.", skus=[act.sku])
        for number, (act, _) in asked.items()
        if act.sku not in known
    }
    asking = [number for number in asked if number not in offers]
    going = [(asked[number][1].delivery, asked[number][1].outlet_id) for number in asking]
    taxed = await taxed_in(tx, going, await inventory.places(tx)) if going else []
    requests = [
        _request(asked[number][1], asked[number][0], known[asked[number][0].sku].variant_id, where)
        for number, where in zip(asking, taxed, strict=True)
    ]
    for number, quote in zip(asking, await pricing.quotes(tx, requests) if requests else [], strict=True):
        offers[number] = quote if isinstance(quote, Refusal) else _offer(asked[number][0].sku, quote.lines[0])
    return offers


def _request(dossier: Dossier, act: Substitute, variant_id: int, taxed_in: tuple[str, str]) -> pricing.QuoteRequest:
    country, region = taxed_in
    return pricing.QuoteRequest(
        reference=dossier.reference,
        outlet_id=dossier.outlet_id,
        channel=dossier.channel,  # pyright: ignore[reportArgumentType]  the outlet's own
        currency=dossier.currency,
        lines=(pricing.QuoteLine(1, variant_id, act.pieces),),
        country=country,
        region=region,
    )


def _offer(sku: str, line: pricing.PricedLine) -> Offer:
    assert line.variant_id is not None
    return Offer(
        line.variant_id, sku, line.unit_price_minor, line.amount_minor, line.tax_included, line.tax_rate_millionths or 0
    )


def substitute(act: Substitute, dossier: Dossier, work: Work, agenda: Agenda, offer: Offer | Refusal) -> None:
    """The pieces are in the box, those that they replace are given up. Pure. Raises NotReplaceable, BadPieces."""
    if dossier.was_done(work, "substitute", act.reference):
        return
    allowed(work, "replaced", "accepted")
    old = work.line(act.line)
    within(work, act.line, act.pieces, old.open, "open")
    if isinstance(offer, Refusal):
        raise offer
    may_replace(act.rule, dossier.delivery.replace)
    if offer.variant_id == old.variant_id:
        raise NotReplaceable("It is the same article.", why="same_article", sku=act.sku)

    quoted = dossier.lines[act.line]
    cancelled = sum(one.cancelled for one in dossier.pieces(act.line))
    share = shares.cancelled(quoted, before=cancelled, pieces=act.pieces)
    line = replaced(offer, share, line=max(dossier.lines) + 1, pieces=act.pieces, instead_of=act.line)
    dossier.lines[line.line] = line
    dossier.added.append(line)
    work.lines[line.line] = Line(
        line=line.line, location_id=old.location_id, variant_id=offer.variant_id, quantity=act.pieces, picked=act.pieces
    )
    old.cancelled += act.pieces
    old.picked = min(old.picked, old.open)
    dossier.note(
        work, "substitute", line=line.line, pieces=act.pieces, reason=act.reason, reference=act.reference,
        actor=act.actor,
    )  # fmt: skip
    agenda.stock += [
        *([move] if (move := moved(act, dossier, old.variant_id, old.location_id, act.pieces)) else ()),
        inventory.Reallocate(
            reference=dossier.reference,
            away=[inventory.Units(old.variant_id, old.location_id, act.pieces)],
            to=[inventory.Units(offer.variant_id, old.location_id, act.pieces)],
            channel=dossier.channel,
            actor=act.actor,
        ),
    ]
    if act.reason == "not_found":
        agenda.ask(act.reason, "Find it, or write it off.", work=work, pieces={act.line: act.pieces})
    agenda.facts.append(
        PiecesReplaced(
            order_id=dossier.order_id,
            order_number=dossier.order_number,
            node_id=dossier.node_id,
            sku=quoted.sku,
            instead=offer.sku,
            pieces=act.pieces,
            saved_minor=share.total_minor - line.total_minor,
        )
    )


def may_replace(rule: Replaceable, wish: bool | None) -> None:
    """Raises NotReplaceable, which says who has to be asked."""
    if rule == "never":
        raise NotReplaceable("Nothing is replaced in this house.", why="never")
    if wish is False:
        raise NotReplaceable("The customer wants nothing else.", why="refused")
    if wish is None and rule == "if_allowed":
        raise NotReplaceable("The customer was not asked: ask her, or give the pieces up.", why="not_asked")


def replaced(offer: Offer, share: Money, *, line: int, pieces: int, instead_of: int) -> OrderLine:
    """What the pieces cost her: their own price, or the share of what they replace if that is less."""
    rate, amount = offer.rate_millionths, offer.amount_minor
    full = amount if offer.tax_included else amount + up_to(amount, rate, WHOLE)
    total = min(full, share.total_minor)
    whole = total == full and not offer.tax_included
    tax = total - amount if whole else up_to(total, rate, WHOLE + rate)
    discount = amount - (total if offer.tax_included else total - tax)
    effects: list[dict[str, Any]] = [{"kind": "substitution", "promotion": "", "discount_minor": discount}]
    return OrderLine(
        amount, discount, tax, total, quantity=pieces, line=line, variant_id=offer.variant_id, sku=offer.sku,
        unit_price_minor=offer.unit_price_minor, effects=effects if discount else [], instead_of=instead_of,
    )  # fmt: skip
