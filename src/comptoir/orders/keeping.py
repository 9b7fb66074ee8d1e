"""What a basket has beside its lines, when they change: goods held, coupons reserved, a payment authorised.

Goods that are held follow the lines, and stay held while somebody is busy with the basket; in a merge they go from one
basket to the other at once, so that nobody takes them in between. Nothing here costs a statement unless there is
something to do.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID

import msgspec

from comptoir import inventory, pricing
from comptoir.kernel.db import Tx
from comptoir.kernel.errors import Refusal
from comptoir.orders.baskets import Basket, Payment, Reserved, parts_wanted, payment_reference
from comptoir.orders.changes import Change
from comptoir.orders.payments import Intent, PaymentAct, due

HOLD_SECONDS = 900
RENEW = timedelta(seconds=HOLD_SECONDS / 2)
"""A hold with less than this is prolonged by whatever is done with the basket."""
MOST_HELD = timedelta(hours=1)
"""However busy somebody is: after so long without an order others have the same right to the goods."""


async def keep(tx: Tx, some: Sequence[Change]) -> list[Basket]:
    """The baskets after the step, with what they hold now. Coupons first, then the stock: the house's lock order."""
    await give_back(tx, [(one.gone, one.gone.reserved) for one in some if one.gone])
    await give_back(tx, [(one.before, one.before.reserved) for one in some if one.after.state == "abandoned"])
    acts: list[inventory.Act] = []
    asked: dict[int, int] = {}
    for number, one in enumerate(some):
        releases, hold = _acts(tx, one)
        acts.extend(releases)
        if hold is not None:
            asked[number] = len(acts)
            acts.append(hold)
    verdicts = await inventory.post(tx, acts) if acts else []
    answers = [_held(one) for one in some]
    for number, place in asked.items():
        answers[number] = _judged(tx, some[number], answers[number], verdicts[place])
    return answers


def _acts(tx: Tx, change: Change) -> tuple[list[inventory.Act], inventory.Hold | None]:
    """What becomes of the promises, one beside the other: between a release and a hold nobody else comes."""
    before, after, gone = change.before, change.after, change.gone
    releases: list[inventory.Act] = []
    if gone is not None and gone.held_until is not None:
        releases.append(inventory.Release(reference=gone.reference))
    if before.held_until is None and not releases:
        return [], None
    wanted = parts_wanted(after)
    if not wanted:
        return [*releases, inventory.Release(reference=after.reference)], None
    ends_soon = before.held_until is None or before.held_until - tx.now < RENEW
    if not ends_soon and wanted == before.parts:
        return releases, None
    return releases, inventory.Hold(
        reference=after.reference,
        units=[inventory.Units(one.variant_id, one.location_id, one.quantity) for one in wanted],
        seconds=hold_seconds(before, tx.now),
        channel=after.channel,
    )


def hold_seconds(basket: Basket, now: datetime) -> int:
    """How long its goods are kept from now on."""
    since = _held_since(basket, now)
    return max(1, min(HOLD_SECONDS, int((since + MOST_HELD - now).total_seconds())))


def with_hold(basket: Basket, until: datetime | None, now: datetime) -> Basket:
    """Its goods are kept until then."""
    return msgspec.structs.replace(basket, held_until=until, held_since=_held_since(basket, now))


def _held_since(basket: Basket, now: datetime) -> datetime:
    """What has lapsed begins anew: anybody could have come in between."""
    is_held = basket.held_until is not None and basket.held_until > now
    return basket.held_since if is_held and basket.held_since is not None else now


def _held(change: Change) -> Basket:
    after = change.after
    if change.before.held_until is None and change.gone is None:
        return after
    wanted = parts_wanted(after)
    until = after.held_until if wanted else None
    if wanted == after.parts and until == after.held_until:
        return after
    return msgspec.structs.replace(after, parts=wanted, held_until=until)


def _judged(tx: Tx, change: Change, after: Basket, verdict: object) -> Basket:
    if isinstance(verdict, inventory.Promised):
        return with_hold(
            msgspec.structs.replace(after, held_until=change.before.held_until), verdict.expires_at, tx.now
        )
    # What it held has lapsed and went to somebody else. In a merge, what it had itself it has still.
    until, parts = change.before.held_until, change.before.parts
    if change.gone is not None and until is not None and until > tx.now:
        return msgspec.structs.replace(after, parts=parts, held_until=until)
    return msgspec.structs.replace(after, held_until=None)


# ---- coupons


def reserved(basket: Basket) -> tuple[Reserved, ...]:
    """What its quote has reserved."""
    return tuple(
        Reserved(effect.coupon or "", "" if effect.coupon else effect.promotion)
        for effect in (basket.quote.effects if basket.quote else ())
        if effect.counted
    )


async def give_back(tx: Tx, some: Iterable[tuple[Basket, Iterable[Reserved]]]) -> None:
    """These uses are free again for others."""
    uses = [
        pricing.Use(act="release", reference=one.reference, code=use.code, promotion=use.promotion, node_id=one.node_id)
        for one, some_uses in some
        for use in some_uses
    ]
    if uses:
        await pricing.settle(tx, uses)


async def settled(tx: Tx, some: dict[int, Basket], act: Literal["reserve", "redeem", "release"]) -> dict[int, Refusal]:
    """Reserve, redeem or give back what the quotes use of limited promotions and coupons; who was refused."""
    uses = [
        (
            number,
            pricing.Use(
                act=act,
                reference=one.reference,
                code=effect.coupon or "",
                promotion="" if effect.coupon else effect.promotion,
                amount_minor=effect.discount_minor,
                node_id=one.node_id,
                expires_at=tx.now + timedelta(seconds=HOLD_SECONDS) if act == "reserve" else None,
            ),
        )
        for number, one in some.items()
        if one.quote
        for effect in one.quote.effects
        if effect.counted
    ]
    if not uses:
        return {}
    answers = await pricing.settle(tx, [use for _, use in uses])
    refused = {n: one for (n, _), one in zip(uses, answers, strict=True) if isinstance(one, Refusal)}
    if refused and act != "release":
        # Whole or not at all: what was settled for a basket that is refused is given back.
        await settled(tx, {number: some[number] for number in refused}, "release")
    return refused


# ---- payments


def intent_of(basket: Basket, provider: str) -> Intent | None:
    """What the provider is about to be asked; None: nothing, the basket has changed."""
    if basket.state != "open" or basket.quote is None:
        return None
    return Intent(payment_reference(basket, basket.quote), provider, basket.basket_id, basket.attempt)


def dropped(before: Basket, after: Basket, offered: Payment | None) -> list[tuple[Basket, Payment]]:
    """Payments that the basket no longer stands for, or that came when they did not fit any more."""
    found: list[tuple[Basket, Payment]] = []
    now = after.payment.authorisation if after.payment else ""
    if before.payment is not None and before.payment.authorisation != now:
        found.append((before, before.payment))
    if offered is not None and offered.authorisation != now:
        found.append((before, offered))
    return found


async def let_go(tx: Tx, some: Sequence[tuple[Basket, Payment]]) -> None:
    """To be void: agreed with the change that gave cause for it, so that a crash loses nothing (payments.acts)."""
    await void(tx, [(basket.basket_id, payment) for basket, payment in some])


async def void(tx: Tx, some: Iterable[tuple[UUID, Payment]]) -> None:
    """The same, by the ids of the baskets."""
    acts = {
        payment.authorisation: PaymentAct(
            reference=f"void-{payment.authorisation}",
            order_id=basket_id,
            kind="void",
            provider=payment.provider,
            authorisation=payment.authorisation,
            amount_minor=payment.amount_minor,
            currency=payment.currency,
        )
        for basket_id, payment in some
    }
    await due(tx, list(acts.values()))
