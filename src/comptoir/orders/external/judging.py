"""Whether an order made elsewhere can be taken, decided from what it says alone; what somebody should look at."""

import hashlib
from collections.abc import Mapping
from uuid import UUID

import msgspec

from comptoir import channels
from comptoir.catalog import KnownVariant
from comptoir.kernel.http import refuse_nul
from comptoir.kernel.ids import uuid7
from comptoir.orders.errors import BadLine, BadText, UnknownCurrency
from comptoir.orders.external.records import ExternalLine, ExternalOrder
from comptoir.orders.sales.judging import Outlet, currencies

Key = tuple[int, str]
"""Outlet and number."""


class Judged(msgspec.Struct, frozen=True, gc=False):
    """An order that can be taken."""

    order: ExternalOrder
    outlet: Outlet
    content: bytes
    order_id: UUID

    @property
    def key(self) -> Key:
        return self.outlet.outlet_id, self.order.number


def judge(order: ExternalOrder, outlets: dict[str, Outlet]) -> Judged:
    """Raises a Refusal that says how to mend the order."""
    if (outlet := outlets.get(order.outlet)) is None:
        raise channels.UnknownOutlet(f"There is no outlet {order.outlet[:80]!r}.", outlet=order.outlet[:80])
    if order.currency not in currencies():
        raise UnknownCurrency(f"{order.currency!r} is not an ISO 4217 code like EUR.", currency=order.currency)
    if len({one.line for one in order.lines}) < len(order.lines):
        raise BadLine("Two lines have one number.")
    try:
        said = ENCODER.encode(order)
    except UnicodeEncodeError as error:
        raise BadText("A text holds half of a surrogate pair: send valid Unicode.") from error
    refuse_nul(said)
    lines = [(one.line, one.kind, one.sku, one.quantity, one.total_minor) for one in order.lines]
    fixed = [order.currency, order.total_minor, order.delivery_minor, lines]
    return Judged(order, outlet, hashlib.blake2b(ENCODER.encode(fixed), digest_size=16).digest(), uuid7())


ENCODER = msgspec.json.Encoder(order="deterministic")


def is_promised(line: ExternalLine, variants: Mapping[str, KnownVariant]) -> bool:
    return line.kind == "goods" and line.sku in variants


def flags_of(order: ExternalOrder, variants: Mapping[str, KnownVariant], *, short: bool, unusable: bool) -> list[str]:
    """What was taken although somebody should look at it."""
    flags = list(order.flags)
    if any(one.kind == "goods" and one.sku not in variants for one in order.lines):
        flags.append("unknown_sku")
    if sum(one.total_minor for one in order.lines) + order.delivery_minor != order.total_minor:
        flags.append("totals_disagree")
    if short:
        flags.append("short")
    if unusable:
        flags.append("unusable_identifier")
    return sorted(set(flags))
