"""Connections to other systems, and what they send."""

from datetime import datetime
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from comptoir.kernel.auth import ShownOnce
from comptoir.orders import ExternalOrder

Platform = Literal["shopify", "woocommerce"]


class NewConnection(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A shop on another system. The same name again replaces what is given."""

    name: Annotated[str, Meta(min_length=1, max_length=60, pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*\Z")]
    platform: Platform
    outlet: Annotated[str, Meta(min_length=1, max_length=60)]
    """Code of the outlet that it is here."""
    secret: Annotated[str, Meta(max_length=200)] = ""
    """With which it signs (Shopify's app secret); empty: one is made, to be entered there."""


class Connection(msgspec.Struct, frozen=True, kw_only=True):
    """A shop on another system, without its secret."""

    connection_id: int
    name: str
    platform: Platform
    outlet: str
    enabled: bool
    added_at: datetime


class Connected(ShownOnce, frozen=True):
    """A connection with the only sight of its secret, and where its webhooks go."""

    connection: Connection
    secret: str
    address: str


class Delivery(msgspec.Struct, frozen=True, kw_only=True):
    """Something that was sent, and what became of it."""

    delivery_id: int
    connection: str
    webhook_id: str
    topic: str
    subject: str
    received_at: datetime
    settled_at: datetime | None
    state: Literal["received", "waiting", "done", "ignored", "failed"]
    code: str
    detail: str
    tries: int


class Fewer(msgspec.Struct, frozen=True):
    """So many pieces of a line are not wanted any more."""

    line_id: str
    quantity: int


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """What a message says, in the words of the house."""

    subject: str
    """The order's number there."""
    order: ExternalOrder | None = None
    over: bool = False
    """It is fulfilled already there: history, not an order to be carried out."""
    cancelled: str | None = None
    """Why it is cancelled there as a whole."""
    refund: tuple[Fewer, ...] = ()
    refund_id: str = ""
    """Of the refund there: told under another webhook id it is the same."""
    by_hand: str = ""
    """What somebody must do here."""
    ignored: str = ""
    """Why there is nothing to be done."""
    raw: dict[str, Any] = {}
