"""The decisions: a batch of acts, judged one after the other, in memory and under lock. Pure: no database, no clock.

An act is done whole or refused whole. What it needs is looked at before anything is changed.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

import msgspec

from comptoir.inventory.errors import (
    AlreadyAllocated,
    BadMove,
    BadQuantity,
    InsufficientStock,
    NothingPromised,
    NotThere,
)
from comptoir.inventory.records import (
    Act,
    Allocate,
    Answer,
    Done,
    HandOver,
    Hold,
    Key,
    Move,
    Promised,
    Reallocate,
    Release,
    Short,
    State,
    Units,
    is_inside,
)
from comptoir.inventory.stock import Entry, Promise, Share, Stock
from comptoir.kernel.errors import Refusal

MOST = 1_000_000
"""Pieces in one line: more is a typing error."""


class Book:
    """What lies where, what is promised to whom, and what has been done about it so far."""

    def __init__(self, stock: dict[Key, Stock], promises: dict[str, Promise], now: datetime) -> None:
        self.stock = stock
        self.promises = promises
        self.now = now
        self.entries: list[Entry] = []
        self.touched: set[Key] = set()
        """Balances that have changed."""
        self.fences: set[tuple[int, int, str]] = set()
        """Fences that have changed."""
        self.told: set[str] = set()
        """References whose promises have changed."""
        self.short: set[Key] = set()
        """Where somebody was refused for want of stock: an overdue hold may help."""
        self._actor = ""

    def judge(self, act: Act) -> Answer | Refusal:
        self._actor = act.actor
        try:
            match act:
                case Hold():
                    return self._hold(act)
                case Allocate():
                    return self._allocate(act)
                case Reallocate():
                    return self._reallocate(act)
                case Release():
                    return self._release(act)
                case HandOver():
                    return self._hand_over(act)
                case Move():
                    return self._move(act)
        except Refusal as refusal:
            return refusal

    # ---- promises

    def _hold(self, act: Hold) -> Promised:
        wanted = _summed(act.units)
        promise = self.promises.get(act.reference)
        if promise and promise.expires_at is None:
            return self._same(act.reference, promise, wanted)
        until = self.now + timedelta(seconds=act.seconds)
        return self._promise(act.reference, wanted, until, act.channel, "hold").answer(act.reference)

    def _allocate(self, act: Allocate) -> Promised:
        wanted = _summed(act.units)
        promise = self.promises.get(act.reference)
        if promise and promise.expires_at is None:
            return self._same(act.reference, promise, wanted)
        return self._promise(act.reference, wanted, None, act.channel, "allocate").answer(act.reference)

    def _same(self, reference: str, promise: Promise, wanted: dict[Key, int]) -> Promised:
        if {key: share.quantity for key, share in promise.shares.items()} != wanted:
            raise AlreadyAllocated(reference=reference)
        return promise.answer(reference)

    def _promise(
        self, reference: str, wanted: dict[Key, int], until: datetime | None, channel: str, act: str
    ) -> Promise:
        """Make the promise of the reference this one, whatever it held before."""
        had = self.promises.get(reference) or Promise({}, until)
        shares = had.shares
        if short := [
            Short(*key, quantity, own + max(0, free))
            for key, quantity in wanted.items()
            if (free := self._free(key, channel)) < quantity - (own := shares[key].quantity if key in shares else 0)
            and quantity > own
        ]:
            self.short.update((one.variant_id, one.location_id) for one in short)
            raise InsufficientStock(
                f"{short[0].wanted} wanted, {short[0].free} free.",
                reference=reference,
                short=msgspec.to_builtins(short),
            )
        if had.channel != channel:
            for key, share in shares.items():
                self._unfence(key, had.channel, share.fenced)
                share.fenced = 0
        new: dict[Key, Share] = {}
        for key in {**shares, **wanted}:
            before, after = shares.get(key), wanted.get(key, 0)
            stock = self.stock[key]
            was = before.quantity if before else 0
            if after > was:
                new[key] = Share(after, (before.fenced if before else 0) + self._fence(key, channel, after - was))
            else:
                back = max(0, before.fenced - after) if before else 0
                self._unfence(key, had.channel, back)
                if after:
                    assert before
                    new[key] = Share(after, before.fenced - back)
            d_held = (after if until else 0) - was
            d_allocated = 0 if until else after
            if d_held or d_allocated:
                stock.held += d_held
                stock.allocated += d_allocated
                self._enter(key, act, d_held=d_held, d_allocated=d_allocated, reference=reference)
        return self._keep(reference, Promise(new, until, channel))

    def _reallocate(self, act: Reallocate) -> Promised:
        promise = self.promises.get(act.reference) or Promise({}, None, act.channel)
        if promise.expires_at is not None:
            raise NothingPromised("It is held, not allocated.", reference=act.reference)
        away = self._covered(act.reference, promise, act.away) if act.away else {}
        to = _summed(act.to) if act.to else {}
        change = {key: to.get(key, 0) - away.get(key, 0) for key in {**away, **to}}
        if short := [
            Short(*key, more, max(0, free))
            for key, more in change.items()
            if more > 0 and (free := self._free(key, promise.channel)) < more
        ]:
            self.short.update((one.variant_id, one.location_id) for one in short)
            raise InsufficientStock(reference=act.reference, short=msgspec.to_builtins(short))
        for key, more in change.items():
            if more > 0:
                share = promise.shares.setdefault(key, Share(0))
                share.fenced += self._fence(key, promise.channel, more)
                share.quantity += more
            elif more < 0:
                self._give_up(promise, key, -more)
            if more:
                self.stock[key].allocated += more
                self._enter(key, "reallocate", d_allocated=more, reference=act.reference)
        return self._keep(act.reference, promise).answer(act.reference)

    def _free(self, key: Key, channel: str) -> int:
        return self.stock[key].free(channel) if key in self.stock else 0

    def _release(self, act: Release) -> Promised:
        promise = self.promises.get(act.reference)
        if promise is None:
            return Promised(act.reference, [], None)
        units = {key: share.quantity for key, share in promise.shares.items()}
        if act.units is not None:
            units = self._covered(act.reference, promise, act.units)
        for key, quantity in units.items():
            stock = self.stock[key]
            self._give_up(promise, key, quantity)
            if promise.expires_at:
                stock.held -= quantity
                self._enter(key, "release", d_held=-quantity, reference=act.reference)
            else:
                stock.allocated -= quantity
                self._enter(key, "release", d_allocated=-quantity, reference=act.reference)
        return self._keep(act.reference, promise).answer(act.reference)

    def _hand_over(self, act: HandOver) -> Promised:
        promise = self.promises.get(act.reference)
        if promise is None or promise.expires_at is not None:
            raise NothingPromised(reference=act.reference)
        if act.still_promised and not is_inside(act.to_location_id):
            raise BadMove("What has left the house is promised to nobody.")
        for key, quantity in self._covered(act.reference, promise, act.units).items():
            stock = self.stock[key]
            share = promise.shares[key]
            share.fenced = min(share.fenced, share.quantity - quantity)
            self._less(promise, key, quantity)
            stock.allocated -= quantity
            stock.sellable -= quantity
            self._arrive(key[0], act.to_location_id, "sellable", quantity)
            self._enter(
                key,
                "hand_over",
                moved=-quantity,
                other_location_id=act.to_location_id,
                other_state="sellable",
                d_allocated=-quantity,
                reference=act.reference,
            )
            if act.still_promised:
                there = (key[0], act.to_location_id)
                promise.shares.setdefault(there, Share(0)).quantity += quantity
                self.stock[there].allocated += quantity
                self._enter(there, "hand_over", d_allocated=quantity, reference=act.reference)
        return self._keep(act.reference, promise).answer(act.reference)

    def _covered(self, reference: str, promise: Promise, units: list[Units]) -> dict[Key, int]:
        wanted = _summed(units)
        if any(key not in promise.shares or promise.shares[key].quantity < n for key, n in wanted.items()):
            raise NothingPromised(reference=reference, promised=msgspec.to_builtins(promise.answer(reference).units))
        return wanted

    def _give_up(self, promise: Promise, key: Key, quantity: int) -> None:
        """What was taken from the channel's fence goes back to it."""
        share = promise.shares[key]
        back = max(0, share.fenced - (share.quantity - quantity))
        self._unfence(key, promise.channel, back)
        share.fenced -= back
        self._less(promise, key, quantity)

    def _less(self, promise: Promise, key: Key, quantity: int) -> None:
        promise.shares[key].quantity -= quantity
        if not promise.shares[key].quantity:
            del promise.shares[key]

    def _keep(self, reference: str, promise: Promise) -> Promise:
        self.told.add(reference)
        self.promises[reference] = promise
        if not promise.shares:
            del self.promises[reference]
        return promise

    def _fence(self, key: Key, channel: str, quantity: int) -> int:
        """Take what the channel's fence still has; returns how many."""
        fences = self.stock[key].fences
        if not (taken := min(quantity, fences.get(channel, 0))):
            return 0
        fences[channel] -= taken
        self.fences.add((*key, channel))
        return taken

    def _unfence(self, key: Key, channel: str, quantity: int) -> None:
        if quantity:
            fences = self.stock[key].fences
            fences[channel] = fences.get(channel, 0) + quantity
            self.fences.add((*key, channel))

    # ---- units that move

    def _move(self, act: Move) -> Done:
        if not 1 <= act.quantity <= MOST:
            raise BadQuantity(quantity=act.quantity)
        source, target = (act.variant_id, act.from_location_id), (act.variant_id, act.to_location_id)
        leaves, arrives = is_inside(act.from_location_id), is_inside(act.to_location_id)
        if not (leaves or arrives) or (source == target and act.from_state == act.to_state):
            raise BadMove
        if leaves and not act.is_fact and (there := self._there(source, act.from_state)) < act.quantity:
            if act.from_state == "sellable":
                self.short.add(source)
            raise NotThere(f"{act.quantity} wanted, {max(0, there)} there.", there=max(0, there))
        here, other = (source, target) if leaves else (target, source)
        if leaves:
            self._arrive(*source, act.from_state, -act.quantity)
        if arrives:
            self._arrive(*target, act.to_state, act.quantity)
        self._enter(
            here,
            act.act,
            state=act.from_state if leaves else act.to_state,
            moved=-act.quantity if leaves else act.quantity,
            other_location_id=other[1],
            other_state=act.to_state if leaves else act.from_state,
            reason=act.reason,
            reference=act.reference,
            occurred_at=act.occurred_at,
        )
        return Done(self.stock[source].missing if leaves else 0)

    def _there(self, key: Key, state: State) -> int:
        stock = self.stock.get(key) or Stock()
        return stock.sellable - stock.held - stock.allocated if state == "sellable" else getattr(stock, state)

    def _arrive(self, variant_id: int, location_id: int, state: State, quantity: int) -> None:
        if is_inside(location_id):
            stock = self.stock.setdefault((variant_id, location_id), Stock())
            setattr(stock, state, getattr(stock, state) + quantity)
            self.touched.add((variant_id, location_id))

    def _enter(
        self,
        key: Key,
        act: str,
        *,
        state: State = "sellable",
        moved: int = 0,
        other_location_id: int | None = None,
        other_state: State | None = None,
        d_held: int = 0,
        d_allocated: int = 0,
        reason: str = "",
        reference: str = "",
        occurred_at: datetime | None = None,
    ) -> None:
        self.touched.add(key)
        self.entries.append(
            Entry(
                variant_id=key[0],
                location_id=key[1],
                act=act,
                state=state,
                moved=moved,
                other_location_id=other_location_id,
                other_state=other_state,
                d_held=d_held,
                d_allocated=d_allocated,
                reason=reason,
                reference=reference,
                actor=self._actor,
                occurred_at=occurred_at or self.now,
            )
        )


def _summed(units: Sequence[Units]) -> dict[Key, int]:
    """Two lines of one variant at one location are judged together."""
    total: Counter[Key] = Counter()
    for one in units:
        if not 1 <= one.quantity <= MOST:
            raise BadQuantity(quantity=one.quantity)
        total[one.variant_id, one.location_id] += one.quantity
    if not total:
        raise BadQuantity("No line.")
    return dict(total)


def keys_of(act: Act) -> Iterable[Key]:
    """The balances that an act names. Those of what is promised under its reference come on top."""
    match act:
        case Move():
            return ((act.variant_id, act.from_location_id), (act.variant_id, act.to_location_id))
        case Reallocate():
            return [(one.variant_id, one.location_id) for one in (*act.away, *act.to)]
        case HandOver():
            there = [(one.variant_id, act.to_location_id) for one in act.units]
            return [*((one.variant_id, one.location_id) for one in act.units), *there]
        case _:
            return ((one.variant_id, one.location_id) for one in act.units or ())
