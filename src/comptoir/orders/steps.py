"""The steps from a basket to an order, as data. Each is safe to repeat.

`by` is who asks; None is the house itself. Whether he may is decided under the lock (handover.must_touch).
"""

from collections.abc import Sequence
from typing import Literal
from uuid import UUID

import msgspec

from comptoir import catalog
from comptoir.kernel.auth import Actor
from comptoir.orders.baskets import Basket, BasketLine, ClaimCode, Delivery, Payment
from comptoir.orders.handover import Rule

How = Literal["signed_in", "confirmed", "consent"]
"""Why we believe who she is: she has signed in, has confirmed it (by a code sent to her), or has said so and agreed."""


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """A step that somebody asks for."""

    by: Actor | None = None


class Open(Asked, frozen=True):
    """A new basket; the same again is the same."""

    basket: Basket

    @property
    def basket_id(self) -> UUID:
        return self.basket.basket_id


class Look(Asked, frozen=True):
    """The basket as it is."""

    basket_id: UUID


class SetLine(Asked, frozen=True):
    """The line as it is to be, wanted now or saved for later; quantity 0 takes it out."""

    basket_id: UUID
    line: BasketLine
    sold: catalog.Sold = catalog.EVERYWHERE
    """Where the article is sold."""
    saved: bool = False


class SetDelivery(Asked, frozen=True):
    """How the goods get to the customer."""

    basket_id: UUID
    delivery: Delivery


class SetCoupons(Asked, frozen=True):
    """The codes that the customer has given."""

    basket_id: UUID
    coupons: tuple[str, ...]


class SetGroups(Asked, frozen=True):
    """The groups of customers whose prices hold: whoever sells knows them, a shopper's own device never says them."""

    basket_id: UUID
    groups: tuple[str, ...]


class TakeQuote(Asked, frozen=True):
    """Prices as they are now, and the goods held for a while."""

    basket_id: UUID


class BeginPayment(Asked, frozen=True):
    """A provider is about to be asked for the quoted total: on record first, or a lost answer would never be found."""

    basket_id: UUID
    provider: str


class SetPayment(Asked, frozen=True):
    """A provider has promised to pay, when the basket was at this attempt. What does not fit any more is let go."""

    basket_id: UUID
    payment: Payment
    attempt: int = 0
    reference: str = ""
    """Under which the provider was asked."""
    found: bool = False
    """So late that nobody waits for it (payments.unanswered): it opens nothing again, and replaces no other payment."""


class DropPayment(Asked, frozen=True):
    """The goods have gone: what was promised to be paid will be let go. An order is never made on it afterwards."""

    basket_id: UUID
    authorisation: str


class PlaceOrder(Asked, frozen=True):
    """The goods are committed, the basket becomes the order."""

    basket_id: UUID


# ---- the basket's life


class HandTo(Asked, frozen=True):
    """The person is recognised: the basket is hers. `nodes` are all of hers, `how` is why we believe it."""

    basket_id: UUID
    node_id: int
    nodes: frozenset[int]
    how: How


class LetIn(Asked, frozen=True):
    """A device may touch it: the digest of its token."""

    basket_id: UUID
    digest: UUID


class Share(Asked, frozen=True):
    """Whoever has the token may look at it."""

    basket_id: UUID
    digest: UUID


class OfferClaim(Asked, frozen=True):
    """Who names the code may take it over. A new code ends the one before."""

    basket_id: UUID
    code: ClaimCode


class Claim(Asked, frozen=True, kw_only=True):
    """It goes on at this outlet: the code says so, and has said it now."""

    basket_id: UUID
    digest: UUID
    outlet_id: int
    outlet: str
    channel: str
    currency: str


class Merge(Asked, frozen=True, kw_only=True):
    """All that lies in the other comes into this one. `nodes`: both are baskets of this person, and may be merged."""

    basket_id: UUID
    other_id: UUID
    rule: Rule = "max"
    nodes: frozenset[int] = frozenset()


class Abandon(Asked, frozen=True):
    """Nobody came back for a while: what it holds is let go."""

    basket_id: UUID


Step = (
    Open
    | Look
    | SetLine
    | SetDelivery
    | SetCoupons
    | SetGroups
    | TakeQuote
    | BeginPayment
    | SetPayment
    | DropPayment
    | PlaceOrder
    | HandTo
    | LetIn
    | Share
    | OfferClaim
    | Claim
    | Merge
    | Abandon
)


def ids_of(step: Step) -> tuple[UUID, ...]:
    """The baskets that it may change."""
    return (step.basket_id, step.other_id) if isinstance(step, Merge) else (step.basket_id,)


def turn_of(steps: Sequence[Step], waiting: Sequence[int]) -> list[int]:
    """The first step of each basket; of two baskets that are merged, it must be the turn of both."""
    busy: set[UUID] = set()
    turn: list[int] = []
    for number in waiting:
        ids = ids_of(steps[number])
        if busy.isdisjoint(ids):
            turn.append(number)
        busy.update(ids)
    return turn
