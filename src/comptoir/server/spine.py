"""The spine: what becomes of an event, in the order in which it happens, a micro-batch at a time.

    tracked event → who is it? → did she buy? │ → what do we know of her now?
                      recognise               │       project, with the cursor

Up to the bar everything may be done twice, so under a backlog it is done ahead, in a transaction of its own. Facts of
our own (a sale is on record, people were merged) come by on the same log and go straight to the last step.
"""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from functools import lru_cache

from comptoir import consent, identity, ingest, inventory, orders, profiles
from comptoir.kernel import log
from comptoir.kernel.consumers import Consumer, replay
from comptoir.kernel.db import Database, Tx
from comptoir.kernel.log import LANES, Event
from comptoir.kernel.settings import Settings

CUSTOMERS = "customers"

Recognised = tuple[list[Event], list[ingest.Tracked | None], list[int | None]]
"""Events, what was tracked, and whose node it is, which go with each other."""


def consumers(db: Database, settings: Settings, lanes: Iterable[int] = range(LANES)) -> list[Consumer]:
    """All readers of the log, for a worker that owns these lanes."""
    customers = Customers(settings)
    return [Consumer(db, CUSTOMERS, customers.project, prepare=customers.recognise, lanes=lanes)]


async def replay_customers(tx: Tx) -> None:
    """Empty the profiles and read the log again from its beginning: `comptoir replay customers`.

    Identity and orders take what they know already for what it is, so only the profiles are made anew.
    """
    await profiles.empty(tx)
    await replay(tx, consumer=CUSTOMERS)


class Customers:
    """The one consumer that makes customers out of events."""

    def __init__(self, settings: Settings) -> None:
        self.country = settings.country
        self.places = profiles.Places()
        self._names: identity.Cleaner | None = None
        self._plain: Callable[[str, str], tuple[identity.Identifier, ...]] = lambda _user, _anonymous: ()
        self._rules = ""
        self._rules_read: datetime | None = None

    async def recognise(self, tx: Tx, events: list[Event]) -> Recognised:
        """Who it was, and what she bought. Both are known a second time for what they are."""
        tracked = ingest.decode(events)
        await self.places.know(tx, {event.source_id for event in events if event.source_id is not None})
        nodes = await self.resolve(tx, tracked)
        await self.forget_again(tx, events, tracked, nodes)
        await self.heed(tx, tracked)
        await orders.take_completed(tx, events, tracked, nodes)
        return events, tracked, nodes

    async def forget_again(
        self,
        tx: Tx,
        events: Sequence[Event],
        tracked: list[ingest.Tracked | None],
        nodes: Sequence[int | None],
    ) -> None:
        """Events that name somebody who was erased: emptied where they lie, counted, and taken for nothing."""
        if self._names is None:
            return
        gone = [
            index
            for index, (act, node) in enumerate(zip(tracked, nodes, strict=True))
            if act is not None and node is None and not identity.refusal(self.observation(self._names, act))
        ]
        if not gone:
            return
        await log.empty(tx, [events[index] for index in gone])
        await ingest.count_erased(tx, [events[index] for index in gone])
        for index in gone:
            tracked[index] = None

    async def project(self, tx: Tx, recognised: Recognised) -> None:
        """What we know of her now: counted once, with the cursor."""
        await profiles.project(tx, *recognised, places=self.places)
        await identity.realtime.queue.put(tx, described(*recognised[1:]))
        if any(event.kind == inventory.ShortageFound.kind for event in recognised[0]):
            await orders.look_into_shortages(tx)

    async def resolve(self, tx: Tx, tracked: Sequence[ingest.Tracked | None]) -> list[int | None]:
        """The node of each tracked event, by all identifiers it names; None for facts and where nobody is named."""
        cleaner = await self.cleaner(tx)
        asked = [(index, self.observation(cleaner, act)) for index, act in enumerate(tracked) if act is not None]
        nodes: list[int | None] = [None] * len(tracked)
        found = await identity.resolve(tx, [observation for _, observation in asked], rules=cleaner.rules)
        for (index, _), node in zip(asked, found, strict=True):
            nodes[index] = node
        return nodes

    def observation(self, cleaner: identity.Cleaner, act: ingest.Tracked) -> identity.Observation:
        """Everything the event names somebody by, weighed by who says so."""
        place = self.places.by_source[act.source_id]
        identifiers = self._plain(act.user_id, act.anonymous_id) if is_plain(act) else self._clean(cleaner, named(act))
        return identity.Observation(
            identifiers=identifiers,
            at=act.occurred_at,
            source_id=act.source_id,
            position=act.event.position,
            trust=place.trust * TYPED if place.channel in BY_HAND else place.trust,
        )

    async def heed(self, tx: Tx, tracked: Sequence[ingest.Tracked | None]) -> None:
        """Browsers that ask not to be sold or shared are heard; the others cost a look at one flag."""
        said = [act for act in tracked if act is not None and act.body.received.gpc]
        if said:
            cleaner = await self.cleaner(tx)
            signals = [
                consent.Signal(named, act.occurred_at, act.event.position, act.agent)
                for act in said
                for named in [self.observation(cleaner, act).identifiers]
            ]
            await consent.heed(tx, signals)

    async def cleaner(self, tx: Tx) -> identity.Cleaner:
        """How identifiers are written, and which name nobody; looked up again every few seconds."""
        if self._names and self._rules_read and tx.now - self._rules_read < RULES_EVERY:
            return self._names
        rules = await tx.value(RULES)
        if self._names is None or rules != self._rules:
            names = await identity.Cleaner.load(tx)
            self._names, self._rules = names, rules

            # A device sends the same two ids with each of its events.
            @lru_cache(REMEMBERED)
            def plain(user: str, anonymous: str) -> tuple[identity.Identifier, ...]:
                return self._clean(names, [("user_id", user or None), ("anonymous_id", anonymous or None)])

            self._plain = plain
        self._rules_read = tx.now
        return self._names

    def _clean(self, cleaner: identity.Cleaner, raw: list[tuple[str, object]]) -> tuple[identity.Identifier, ...]:
        return cleaner.clean(raw, self.country)[0]


def described(tracked: Sequence[ingest.Tracked | None], nodes: Sequence[int | None]) -> set[int]:
    """Of whom something was told that a person may be known by."""
    return {
        node
        for act, node in zip(tracked, nodes, strict=True)
        if act is not None and node is not None and (act.body.context.traits or act.call == "identify")
    }


REMEMBERED = 100_000
"""Pairs of user and device whose identifiers are kept clean in memory."""
BY_HAND = frozenset({"shop", "phone"})
TYPED = 0.9
"""An address that staff typed for somebody weighs less than one she gave herself: one letter makes it another's."""
RULES_EVERY = timedelta(seconds=5)
RULES = """
    SELECT concat((SELECT string_agg(n::text, ' ' ORDER BY ns) FROM identity.namespace AS n),
                  (SELECT string_agg(b::text, ' ' ORDER BY blocked_value_id) FROM identity.blocked_value AS b))
"""


def is_plain(act: ingest.Tracked) -> bool:
    """Whether it names nobody but by userId and anonymousId, as nearly all events do."""
    body, context = act.body, act.body.context
    return not (
        context.traits or context.external_ids or context.device or body.traits or body.merged or body.previous_id
    )


def named(act: ingest.Tracked) -> list[tuple[str, object]]:
    """The identifiers of an event by namespace, as the sender wrote them."""
    found: list[tuple[str, object]] = []
    if act.user_id:
        found.append(("user_id", act.user_id))
    if act.anonymous_id:
        found.append(("anonymous_id", act.anonymous_id))
    body = act.body
    if body.context.traits or (body.traits and act.call == "identify"):
        traits = act.traits
        found += [(name, traits[name]) for name in ("email", "phone", "loyalty_card") if name in traits]
    if body.context.external_ids or body.merged:
        found += act.external_ids
    if device := body.context.device:
        if device_id := act.device_id:
            found.append(("device_id", device_id))
        if device.advertising_id:
            found.append(("idfa" if act.os.lower().startswith("i") else "gaid", device.advertising_id))
    if body.previous_id is not None:
        found.append(("anonymous_id", act.previous_id))
    return found
