"""What the layers above read from a tracked event: the one definition of it.

`decode` runs in front of everything that makes customers out of events, so it takes about two microseconds an event:
one pass into typed Structs, and whatever needs more work is done only when asked for. A field of the wrong type costs
itself, not the event.
"""

import re
from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any

import msgspec

from comptoir.ingest.body import Body, Device, decode_body, loosely
from comptoir.ingest.intake import CALLS
from comptoir.ingest.wire import text_of
from comptoir.kernel.log import Event


class Tracked(msgspec.Struct, frozen=True, gc=False):
    """A tracked event, read. Texts are empty where nothing was said; identifiers are trimmed texts."""

    event: Event
    call: str
    """`track`, `identify`, `page`, `screen`, `group`, `alias` or `merge`."""
    body: Body
    user_id: str
    anonymous_id: str

    @property
    def source_id(self) -> int:
        return self.event.source_id or 0

    @property
    def occurred_at(self) -> datetime:
        """When it happened, the sender's clock corrected."""
        return self.event.occurred_at

    @property
    def name(self) -> str:
        """The event's name in the words of Segment's e-commerce spec, version 2."""
        return V1.get(self.event.name, self.event.name)

    @property
    def previous_id(self) -> str:
        """Of an alias: the id that is joined to the user's."""
        return text_of(self.body.previous_id)

    @property
    def group_id(self) -> str:
        return text_of(self.body.group_id) or text_of(self.body.context.group_id)

    @property
    def external_ids(self) -> list[tuple[str, str]]:
        """Identifiers of other systems as (type, id): a loyalty card, an account of a marketplace."""
        named = self.body.context.external_ids or self.body.merged
        if not named:
            return []
        pairs = [(one.type or "", text_of(one.id) or text_of(one.value)) for one in named]
        return [pair for pair in pairs if all(pair)]

    @property
    def device_id(self) -> str:
        device = self.body.context.device
        return text_of(device.id) if device else ""

    @property
    def device(self) -> Device | None:
        return self.body.context.device

    @property
    def os(self) -> str:
        """Name and version of the operating system."""
        os = self.body.context.os
        return f"{os.name or ''} {text_of(os.version)}".strip() if os else ""

    @property
    def agent(self) -> str:
        """What the device says it is: the user agent, else its make and system."""
        context = self.body.context
        if context.user_agent:
            return context.user_agent
        if (device := context.device) is None:
            return self.os
        return " ".join(filter(None, (device.manufacturer, device.model or device.type, self.os)))

    @property
    def traits(self) -> dict[str, Any]:
        """What is said of the person, by snake_case names; what is said now before what the SDK remembers."""
        own = self.body.traits if self.call == "identify" else None
        remembered = self.body.context.traits
        if not own and not remembered:
            return {}
        return {
            snake(name): value
            for traits in (remembered, own)
            if traits
            for name, value in traits.items()
            if value is not None and value != ""
        }

    @property
    def group_traits(self) -> dict[str, Any]:
        """Of a group call: what is said of the group."""
        said = self.body.traits if self.call == "group" else None
        return {snake(name): value for name, value in (said or {}).items() if value is not None}

    @property
    def email(self) -> str:
        return self._trait("email")

    @property
    def phone(self) -> str:
        return self._trait("phone")

    def _trait(self, name: str) -> str:
        for traits in (self.body.traits if self.call == "identify" else None, self.body.context.traits):
            if traits and isinstance(found := traits.get(name), str | int) and (text := str(found).strip()):
                return text
        return ""

    @property
    def page(self) -> str:
        """The address of the page; its path where there is no more."""
        page, own = self.body.context.page, self.body.properties
        return (page and (page.url or page.path)) or own.url or own.path or ""

    @property
    def title(self) -> str:
        page = self.body.context.page
        return (page and page.title) or self.body.properties.title or ""

    @property
    def referrer(self) -> str:
        """The address that she came from."""
        context = self.body.context
        if context.page and context.page.referrer:
            return context.page.referrer
        if context.referrer and (found := context.referrer.url or context.referrer.link):
            return found
        return self.body.properties.referrer or ""

    @property
    def campaign(self) -> dict[str, str]:
        """What the link's UTM parameters said: name, source, medium, term, content."""
        said = self.body.context.campaign
        return {name: str(value) for name, value in said.items() if value is not None and value != ""} if said else {}

    @property
    def category(self) -> str:
        """Of the product or list that was looked at."""
        return text_of(self.body.properties.category)

    @property
    def product_id(self) -> str:
        own = self.body.properties
        return text_of(own.product_id) or text_of(own.product_id_camel)

    @property
    def sku(self) -> str:
        return text_of(self.body.properties.sku)

    @property
    def order_id(self) -> str:
        own = self.body.properties
        return text_of(own.order_id) or text_of(own.order_id_camel)

    @property
    def query(self) -> str:
        """What was searched for."""
        return text_of(self.body.properties.query)

    @property
    def subject(self) -> str:
        """What it was about, in a word or two: the product, the order, the search, the page."""
        own = self.body.properties
        return (
            text_of(own.name)
            or self.sku
            or self.product_id
            or self.order_id
            or self.query
            or self.category
            or (self.body.name or self.title or self.page if self.call in {"page", "screen"} else "")
        )

    @property
    def locale(self) -> str:
        return self.body.context.locale or ""

    @property
    def channel(self) -> str:
        """What the sender calls its channel ("web", "mobile", "server"); the outlet of the source knows better."""
        return self.body.channel or self.body.context.channel or ""

    @property
    def consent(self) -> dict[str, bool]:
        """Her choices by category of the consent banner."""
        consent = self.body.context.consent
        return (consent and consent.categories) or {}

    @property
    def gpc(self) -> bool:
        """Global Privacy Control: she opts out of sale and sharing."""
        return self.body.received.gpc

    @property
    def ip(self) -> str:
        """Of the visitor; empty where the sender is a server."""
        return self.body.context.ip or self.body.received.ip or ""

    @property
    def properties(self) -> dict[str, Any]:
        """All properties as they were sent; read anew at each call."""
        try:
            return msgspec.json.decode(self.event.body, type=Properties).properties
        except (msgspec.MsgspecError, RecursionError):
            return {}


class Properties(msgspec.Struct, gc=False):
    """All properties of an event."""

    properties: dict[str, Any] = {}


def decode(events: Sequence[Event]) -> list[Tracked | None]:
    """Read tracked events; None for facts, and for what is no JSON object (an old or foreign row)."""
    read: list[Tracked | None] = []
    for event in events:
        call = KINDS.get(event.kind)
        if call is None:
            read.append(None)
            continue
        try:
            body = decode_body(event.body)
        except (msgspec.MsgspecError, RecursionError):
            body = loosely(event.body)
        if body is None:
            read.append(None)
            continue
        user, anonymous = body.user_id, body.anonymous_id
        read.append(
            Tracked(
                event,
                call,
                body,
                user.strip() if type(user) is str else text_of(user),
                anonymous.strip() if type(anonymous) is str else text_of(anonymous),
            )
        )
    return read


KINDS = {f"ingest.{call}": call for call in CALLS}
V1 = {
    "Viewed Product Category": "Product List Viewed",
    "Viewed Promotion": "Promotion Viewed",
    "Clicked Promotion": "Promotion Clicked",
    "Clicked Product": "Product Clicked",
    "Viewed Product": "Product Viewed",
    "Added Product": "Product Added",
    "Removed Product": "Product Removed",
    "Started Order": "Checkout Started",
    "Viewed Checkout Step": "Checkout Step Viewed",
    "Completed Checkout Step": "Checkout Step Completed",
    "Updated Order": "Order Updated",
    "Completed Order": "Order Completed",
}
"""The names of Segment's first e-commerce spec."""


@lru_cache(maxsize=10_000)
def snake(name: str) -> str:
    """`firstName`, `FirstName` and `first name` are `first_name`."""
    return WORD.sub(r"\1_\2", name.strip()).replace(" ", "_").replace("-", "_").lower()[:100]


WORD = re.compile(r"([a-z0-9])([A-Z])")
