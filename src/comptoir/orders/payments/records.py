"""What is agreed about the money of an order, and what a provider is to do of it."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

import msgspec
from msgspec import Meta

Kind = Literal["capture", "refund", "void"]


class PaymentAct(msgspec.Struct, frozen=True, kw_only=True):
    """What a provider is to do. The reference names it: the same again is the same."""

    reference: str
    order_id: UUID
    """Or the basket's, which is the same."""
    kind: Kind
    provider: str
    authorisation: str
    amount_minor: int
    currency: str


class Paid(msgspec.Struct, frozen=True):
    """What was agreed so far, in minor units; what is still to be done with the provider counts."""

    order_id: UUID
    authorised_minor: int
    captured_minor: int
    refunded_minor: int


class Authorisation(msgspec.Struct, kw_only=True):
    """What a provider keeps ready for an order, and what was agreed of it. Minor units."""

    order_id: UUID
    place: int
    """1: that of the order itself."""
    provider: str
    authorisation: str
    currency: str
    authorised_minor: int
    captured_minor: int
    refunded_minor: int

    @property
    def left(self) -> int:
        """May still be taken."""
        return self.authorised_minor - self.captured_minor

    @property
    def kept(self) -> int:
        """Was taken, and may still be given back."""
        return self.captured_minor - self.refunded_minor

    def count(self, kind: Kind, amount_minor: int) -> None:
        if kind == "capture":
            self.captured_minor += amount_minor
        elif kind == "refund":
            self.refunded_minor += amount_minor

    def act(self, kind: Kind, reference: str, amount_minor: int) -> PaymentAct:
        """Under a reference of its own, where the order has several."""
        return PaymentAct(
            reference=reference if self.place == 1 else f"{reference}.{self.place}",
            order_id=self.order_id,
            kind=kind,
            provider=self.provider,
            authorisation=self.authorisation,
            amount_minor=amount_minor,
            currency=self.currency,
        )


class Again(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is to be tried once more; empty: all of the order that failed."""

    references: Annotated[tuple[Annotated[str, Meta(max_length=200)], ...], Meta(max_length=100)] = ()


class Attempt(PaymentAct, frozen=True, kw_only=True):
    """An act with what became of it."""

    state: Literal["due", "done", "failed"]
    tries: int
    detail: str
    asked_at: datetime
    settled_at: datetime | None
