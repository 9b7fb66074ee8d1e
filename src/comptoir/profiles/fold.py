"""What a micro-batch of events adds to the measures, folded in memory. Pure: rows in, monoids out.

Everything kept here merges associatively and commutatively (sums, first and last by (time, position), OR), so how
events are cut into batches, and in which order the lanes are read, cannot be seen in the result.
"""

from collections.abc import Iterable, Mapping
from functools import lru_cache
from hashlib import blake2b
from typing import Any

import msgspec

from comptoir import ingest, orders
from comptoir.kernel.log import EPOCH, Event, microseconds
from comptoir.profiles.channel_bits import BIT
from comptoir.profiles.moments import RETURNED, SOLD, Packer
from comptoir.profiles.traits import told, verification, words
from comptoir.profiles.vocabulary import brought_by, meaning

DAY = 86_400_000_000
"""Microseconds."""
HALF_HOUR = 1_800_000_000
MINUTE = 60_000_000
LONGEST_AGENT = 300
LONGEST_CATEGORY = 100
NAMES = frozenset({"name", "first_name", "last_name"})


class Place(msgspec.Struct, frozen=True, gc=False):
    """Where a source stands."""

    outlet_id: int
    channel: str
    trust: float
    """How much its word weighs, 0 to 1."""


Touch = tuple[int, int, str, int | None, ingest.Tracked | None]
"""Unix µs, position, channel, source, and the event itself for where she came from."""


class Fold:
    """`track` and `sell` are the only places that know what an event adds."""

    def __init__(self, places: Mapping[int, Place]) -> None:
        """`places` by source."""
        self.places = places
        self.moments = Packer()
        self.nodes: dict[int, list[Any]] = {}
        """node → [events, channels, first touch, last touch]; a touch sorts by (Unix µs, position)."""
        self.days: dict[tuple[int, int, str, str], list[int]] = {}
        """(node, day, channel, currency) → [half_hours, events, views, carts, orders, units, spend]."""
        self.categories: dict[tuple[int, int, str, str], list[int]] = {}
        """(node, day, category, currency) → [views, units, spend]."""
        self.shops: dict[tuple[int, int, str], list[int]] = {}
        """(node, outlet, currency) → [orders, units, spend, last µs]."""
        self.traits: dict[tuple[int, str, int, str], tuple[int, int, str, int, int]] = {}
        """(node, name, source, slot) → (last µs, position, value, verified, times)."""
        self.words: set[tuple[str, int]] = set()
        self.devices: dict[tuple[int, str, str], list[int]] = {}
        """(node, device, agent) → [first day, last day]."""
        self.takings: dict[tuple[int, str, str], list[int]] = {}
        """(half-hour since 1970, channel, currency) → [orders, units, spend]."""
        self.minutes: dict[int, list[int]] = {}
        """minute since 1970 → [events, merges, splits]."""
        self.moved: set[int] = set()
        """People whom a merge or a split names."""
        self._at = EPOCH
        self._at_us = 0

    def track(self, event: Event, act: ingest.Tracked, node: int) -> None:
        """Something a sender told us about; `node` is whose it is."""
        us, position = microseconds(event.occurred_at), event.position
        recorded = self._recorded(event)
        channel = self.places[act.source_id].channel
        name = act.name
        means = meaning(act.call, name)
        self._minute(recorded)
        if means.shown:
            self.moments.add(node, us, position, recorded, event.source_id, channel, means, name, act.subject or None)
        if traits := act.traits:
            self._tell(node, act.source_id, us, position, traits, verification(channel, signed_in=bool(act.user_id)))
        if means.spoke:
            return
        self._touch(node, (us, position, channel, event.source_id, act), BIT[channel])
        day, within = divmod(us, DAY)
        key = node, day, channel, ""
        counts = self.days.get(key)
        if counts is None:
            counts = self.days[key] = [0, 0, 0, 0, 0, 0, 0]
        counts[0] |= 1 << within // HALF_HOUR
        counts[1] += 1
        counts[2] += means.views
        counts[3] += means.carts
        if means.views and (category := act.category):
            self._category((node, day, category[:LONGEST_CATEGORY], ""), means.views, 0, 0)
        if (device := act.device_id or act.anonymous_id) and (agent := act.agent):
            used = node, device, agent[:LONGEST_AGENT]
            days = self.devices.get(used)
            if days is None:
                self.devices[used] = [day, day]
            elif day < days[0]:
                days[0] = day
            elif day > days[1]:
                days[1] = day

    def sell(self, event: Event, sale: orders.SaleRecorded) -> None:
        """A sale or a return is on record. Those of strangers count in the takings only."""
        us = microseconds(event.occurred_at)
        recorded = self._recorded(event)
        number = 0 if sale.is_return else 1
        self._minute(recorded, 0)
        taken = self.takings.setdefault((us // HALF_HOUR, sale.channel, sale.currency), [0, 0, 0])
        add(taken, number, sale.units, sale.total_minor)
        node = sale.node_id
        if node is None:
            return
        self.moments.add(
            node,
            us,
            event.position,
            recorded,
            None,
            sale.channel,
            RETURNED if sale.is_return else SOLD,
            sale.receipt_number,
            ", ".join(sale.names[:3]) or None,
            (sale.total_minor, sale.currency),
            sale.outlet_id,
        )
        self._touch(node, (us, event.position, sale.channel, None, None), BIT[sale.channel])
        day, half_hour = divmod(us, DAY)
        counts = self.days.setdefault((node, day, sale.channel, sale.currency), [0, 0, 0, 0, 0, 0, 0])
        counts[0] |= 1 << half_hour // HALF_HOUR
        add(counts, 0, 1, 0, 0, number, sale.units, sale.total_minor)
        for category, (amount, units) in sale.categories.items():
            self._category((node, day, category[:LONGEST_CATEGORY], sale.currency), 0, units, amount)
        shop = self.shops.setdefault((node, sale.outlet_id, sale.currency), [0, 0, 0, us])
        shop[3] = max(shop[3], us)
        add(shop, number, sale.units, sale.total_minor)

    def move(self, event: Event, people: Iterable[int], *, merges: int = 0, splits: int = 0) -> None:
        """People became one, or one became several: their measures moved with their nodes, their rows must follow."""
        recorded = self._recorded(event)
        self._minute(recorded, 0)
        counts = self.minutes[recorded // MINUTE]
        counts[1] += merges
        counts[2] += splits
        self.moved.update(people)

    def _touch(self, node: int, touch: Touch, channel: int) -> None:
        known = self.nodes.get(node)
        if known is None:
            self.nodes[node] = [1, channel, touch, touch]
            return
        known[0] += 1
        known[1] |= channel
        if touch[:2] < known[2][:2]:
            known[2] = touch
        elif touch[:2] > known[3][:2]:
            known[3] = touch

    def _category(self, key: tuple[int, int, str, str], views: int, units: int, amount: int) -> None:
        counts = self.categories.get(key)
        if counts is None:
            self.categories[key] = [views, units, amount]
        else:
            counts[0] += views
            counts[1] += units
            counts[2] += amount

    def _tell(self, node: int, source: int, us: int, position: int, traits: dict[str, Any], verified: int) -> None:
        for name, slot, value in told(traits):
            key = node, name, source, slot
            known = self.traits.get(key)
            if known is None:
                self.traits[key] = (us, position, value, verified, 1)
            else:
                newer = (us, position) > known[:2]
                best = max(verified, known[3]) if slot else verified if newer else known[3]
                self.traits[key] = (*((us, position, value) if newer else known[:3]), best, known[4] + 1)
            if name in NAMES:
                self.words.update((word, node) for word in words(msgspec.json.decode(value, type=str, strict=False)))

    def _recorded(self, event: Event) -> int:
        """Unix µs. All events of one transaction have the same."""
        if event.recorded_at != self._at:
            self._at, self._at_us = event.recorded_at, microseconds(event.recorded_at)
        return self._at_us

    def _minute(self, recorded: int, events: int = 1) -> None:
        minute = recorded // MINUTE
        counts = self.minutes.get(minute)
        if counts is None:
            self.minutes[minute] = [events, 0, 0]
        else:
            counts[0] += events


def add(counts: list[int], *more: int) -> None:
    for place, number in enumerate(more):
        counts[place] += number


class Detail(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """Where she came from."""

    campaign: dict[str, str] = {}
    referrer: str = ""
    page: str = ""


encode = msgspec.json.Encoder().encode


def brought(touch: Touch) -> tuple[str, str]:
    """The channel that brought her, and how: a click in a newsletter is a touch of e-mail, though it lands on the site.

    The second is JSON of a `Detail`.
    """
    _, _, channel, _, act = touch
    if act is None:
        return channel, "{}"
    campaign = act.campaign
    by = brought_by(campaign.get("medium"), channel) if campaign else channel
    return by, encode(Detail(campaign, act.referrer, act.page)).decode()


@lru_cache(maxsize=50_000)
def agent_hash(agent: str) -> int:
    """Tells user agents apart in a key that stays short."""
    return int.from_bytes(blake2b(agent.encode(), digest_size=8).digest(), signed=True)
