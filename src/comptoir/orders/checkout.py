"""From a basket to an order, in small durable steps; steps of concurrent shoppers are done together.

`run(tx, steps)` takes a batch: lock the baskets by id, change each in memory, let pricing quote all that want it and
the stock promise all that need it, write everything set-based. Lock order everywhere: baskets by id, then balances.

Paying happens outside, between two steps (payments): no transaction waits for a bank.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from comptoir import inventory, pricing
from comptoir.kernel import log
from comptoir.kernel.db import rows, uuids
from comptoir.kernel.errors import Refusal
from comptoir.kernel.log import Fact
from comptoir.kernel.tx import Asked, Tx
from comptoir.orders import baskets
from comptoir.orders.baskets import Basket, Part, Payment
from comptoir.orders.changes import Change, basket_of, changed, merged, told
from comptoir.orders.errors import OutOfStock
from comptoir.orders.events import OrderPlaced
from comptoir.orders.handover import unsold
from comptoir.orders.hoarding import hoarded
from comptoir.orders.keeping import (
    dropped,
    give_back,
    hold_seconds,
    intent_of,
    keep,
    let_go,
    reserved,
    settled,
    with_hold,
)
from comptoir.orders.payments import Intent, intents
from comptoir.orders.sourcing import BUILT_IN, Planner, count_promised, promised_on, source_baskets, taxed_in
from comptoir.orders.steps import BeginPayment, Merge, PlaceOrder, SetPayment, Step, TakeQuote, ids_of, turn_of

TRIES = 4
"""Rounds of sourcing: another shopper of the same batch may have taken what was free."""


class Checkout:
    """What a batch of steps needs to know: all locations in memory, and the sourcing policy."""

    def __init__(self, places: inventory.Places, planner: Planner | None = None) -> None:
        self.places = places
        self.planner = planner or Planner(BUILT_IN)

    async def run(self, tx: Tx, steps: Sequence[Step]) -> list[Basket | Refusal]:
        """The basket after each step, or why it was refused. Two steps of one basket are done one after the other."""
        known = await _lock(tx, {one for step in steps for one in ids_of(step)})
        before = dict(known)
        done = Done()
        answers: list[Basket | Refusal | None] = [None] * len(steps)
        waiting = list(range(len(steps)))
        while waiting:
            numbers = turn_of(steps, waiting)
            turn = [steps[number] for number in numbers]
            for number, answer in zip(numbers, await self._round(tx, turn, known, done), strict=True):
                answers[number] = answer
                if not isinstance(answer, Refusal):
                    step, was = steps[number], known.get(answer.basket_id)
                    if isinstance(step, PlaceOrder) and answer.state != (was and was.state):
                        done.placed.append(answer)
                    if was is not None and (was.payment is not answer.payment or isinstance(step, SetPayment)):
                        offered = step.payment if isinstance(step, SetPayment) else None
                        done.dropped += dropped(was, answer, offered)
                    if isinstance(step, BeginPayment):
                        done.paying.append(step)
                    elif isinstance(step, SetPayment):
                        done.answered.append((step.payment.provider, step.reference))
                    known[answer.basket_id] = answer
            waiting = [number for number in waiting if answers[number] is None]
        await let_go(tx, done.dropped)
        await count_promised(tx, self.places, [[part.location_id for part in one.parts] for one in done.placed])
        changes = [one for id_, one in known.items() if before.get(id_) is not one]
        # The provider is asked for the basket as it is after all of them.
        done.begun = [intent for step in done.paying if (intent := intent_of(known[step.basket_id], step.provider))]
        for one in await _write(tx, changes, done, self.places):
            known[one.basket_id] = one
        return [known[answer.basket_id] if isinstance(answer, Basket) else answer for answer in answers if answer]

    async def _round(
        self, tx: Tx, steps: Sequence[Step], known: dict[UUID, Basket], done: "Done"
    ) -> list[Basket | Refusal]:
        """At most one step of each basket."""
        answers: dict[int, Basket | Refusal] = {}
        changes: dict[int, Change] = {}
        quoting: dict[int, Basket] = {}
        ordering: dict[int, Basket] = {}
        for number, step in enumerate(steps):
            try:
                basket = basket_of(step, known)
                if isinstance(step, TakeQuote):
                    baskets.ready_to_quote(basket)
                    quoting[number] = basket
                elif isinstance(step, PlaceOrder) and basket.state == "open":
                    baskets.ready_to_order(basket)
                    ordering[number] = basket
                elif isinstance(step, Merge):
                    changes[number] = merged(step, basket, known.get(step.other_id))
                else:
                    changes[number] = Change(basket, changed(step, basket, tx.now))
            except Refusal as refusal:
                answers[number] = refusal
        for (number, change), kept in zip(changes.items(), await keep(tx, list(changes.values())), strict=True):
            answers[number] = kept
            if (fact := told(steps[number], change, tx.now)) is not None:
                done.facts.append(fact)
            if change.gone is not None and change.emptied is not None:
                done.dropped += dropped(change.gone, change.emptied, None)
                known[change.emptied.basket_id] = change.emptied
        for refuse in (hoarded, unsold):
            if quoting and (refused := await refuse(tx, quoting)):
                answers.update(refused)
                quoting = {number: one for number, one in quoting.items() if number not in refused}
        if quoting or ordering:
            answers.update(await self._stocked(tx, quoting, ordering))
        return [answers[number] for number in range(len(steps))]

    # ---- quote and order: goods that are held, and goods that are committed

    async def _stocked(
        self, tx: Tx, quoting: dict[int, Basket], ordering: dict[int, Basket]
    ) -> dict[int, Basket | Refusal]:
        """Prices and goods for those who ask for a quote; what was held for those who order becomes theirs. The stock
        is locked once for all of them.
        """
        answers = await _priced(tx, quoting, self.places)
        answers.update(await settled(tx, ordering, "redeem"))
        wanting = {number: one for number in quoting if isinstance(one := answers[number], Basket)}
        going = {number: one for number, one in ordering.items() if number not in answers}
        acts: dict[int, inventory.Act] = {
            number: inventory.Allocate(reference=one.reference, units=one.units(), channel=one.channel)
            for number, one in going.items()
        }
        for _ in range(TRIES):
            asking = await self._sourced(tx, wanting, answers)
            acts.update(
                (number, inventory.Hold(reference=one.reference, units=one.units(),
                                        seconds=hold_seconds(one, tx.now), channel=one.channel))
                for number, one in asking.items()
            )  # fmt: skip
            verdicts = dict(zip(acts, await inventory.post(tx, list(acts.values())), strict=True)) if acts else {}
            for number, verdict in verdicts.items():
                if number in going:
                    answers[number] = _committed(going[number], verdict)
                elif isinstance(verdict, inventory.Promised):
                    answers[number] = with_hold(asking[number], verdict.expires_at, tx.now)
            wanting = {number: wanting[number] for number in asking if isinstance(verdicts[number], Refusal)}
            acts = {}
            if not wanting:
                break
        answers.update({number: OutOfStock() for number in wanting})
        await settled(tx, {n: one for n, one in going.items() if isinstance(answers[n], Refusal)}, "release")
        return answers

    async def _sourced(
        self, tx: Tx, wanting: dict[int, Basket], answers: dict[int, Basket | Refusal]
    ) -> dict[int, Basket]:
        """From where the goods of each may come. Who finds nothing has his answer."""
        if not wanting:
            return {}
        sourced = await source_baskets(tx, wanting, self.places, self.planner)
        short = [wanting[number] for number, one in sourced.items() if isinstance(one, Refusal)]
        # Overdue holds still count until somebody needs them.
        if short and await inventory.lapse(tx, variants={line.variant_id for one in short for line in one.lines}):
            sourced = await source_baskets(tx, wanting, self.places, self.planner)
        answers.update(sourced)
        return {number: one for number, one in sourced.items() if isinstance(one, Basket)}


def _committed(basket: Basket, verdict: object) -> Basket | Refusal:
    if isinstance(verdict, Refusal):
        return OutOfStock("What was held has gone: quote again.", **verdict.data)
    return msgspec.structs.replace(basket, state="ordered", held_until=None, claim=None)


async def _priced(tx: Tx, quoting: dict[int, Basket], places: inventory.Places) -> dict[int, Basket | Refusal]:
    """Each basket with its quote, its coupons reserved. Who came too late for the last use of one is priced anew."""
    answers: dict[int, Basket | Refusal] = {}
    if not quoting:
        return answers
    pricing_now = quoting
    for last in (False, True):
        going = [(baskets.ready_to_quote(one), one.outlet_id) for one in pricing_now.values()]
        taxed = await taxed_in(tx, going, places)
        requests = [
            baskets.request(one, delivery, where)
            for one, (delivery, _), where in zip(pricing_now.values(), going, taxed, strict=True)
        ]
        for (number, basket), quote in zip(pricing_now.items(), await pricing.quotes(tx, requests), strict=True):
            answers[number] = quote if isinstance(quote, Refusal) else _with_quote(basket, quote)
        priced = {n: one for n in pricing_now if isinstance(one := answers[n], Basket)}
        late = await settled(tx, priced, "reserve")
        if not late or last:
            break
        pricing_now = {number: quoting[number] for number in late}
    given_back = [
        (quoting[number], set(quoting[number].reserved) - set(one.reserved))
        for number, one in answers.items()
        if isinstance(one, Basket) and number not in late and quoting[number].reserved
    ]
    await give_back(tx, given_back)
    return {**answers, **late}


def _with_quote(basket: Basket, quote: pricing.Quote) -> Basket:
    quoted = msgspec.structs.replace(basket, quote=quote, from_elsewhere=False)
    return msgspec.structs.replace(quoted, reserved=reserved(quoted)) if quote.effects or basket.reserved else quoted


class Done(msgspec.Struct):
    """What a batch is to write beside its baskets."""

    placed: list[Basket] = []
    dropped: list[tuple[Basket, Payment]] = []
    facts: list[Fact] = []
    paying: list[BeginPayment] = []
    begun: list[Intent] = []
    answered: list[tuple[str, str]] = []
    """By which provider, under which reference."""


async def _lock(tx: Tx, ids: set[UUID]) -> dict[UUID, Basket]:
    found = [_decode(body) for (body,) in await tx.tuples(LOCK, ids=uuids(sorted(ids)))]
    return {one.basket_id: one for one in found}


_decode = msgspec.json.Decoder(Basket).decode

LOCK = """
    SELECT body FROM orders.basket WHERE basket_id = ANY(%(ids)s::uuid[]) ORDER BY basket_id FOR NO KEY UPDATE
"""


async def _write(tx: Tx, changed: Sequence[Basket], done: "Done", places: inventory.Places) -> Sequence[Basket]:
    """The baskets as they were written: those that were placed have their number."""
    facts = done.facts
    asked: list[Asked] = intents.kept(tx, done.begun, done.answered)
    if placed := done.placed:
        numbered = dict(await tx.tuples(PLACE, orders=rows([_order_row(one) for one in placed]), now=tx.now))
        lines = [_line_row(one, line) for one in placed for line in (one.quote.lines if one.quote else ())]
        parts = [_part_row(one, part, places, tx.now) for one in placed for part in one.parts]
        asked.append((PLACE_LINES, {"lines": rows(lines), "parts": rows(parts), "now": tx.now}))
        changed = [
            msgspec.structs.replace(one, order_number=numbered[one.basket_id]) if one.basket_id in numbered else one
            for one in changed
        ]
        facts = [*facts, *(_fact(one, numbered[one.basket_id], tx.now) for one in placed)]
    if changed:
        bodies = [
            {
                "basket_id": one.basket_id,
                "state": one.state,
                "node_id": one.node_id,
                "device": one.device or None,
                "held_until": one.held_until,
                "claim": one.claim and one.claim.digest,
                "body": one,
            }
            for one in changed
        ]
        asked.append((WRITE, {"baskets": rows(bodies), "now": tx.now}))
    if facts:
        asked.append(log.told(tx, facts))
    for sql, params in asked:
        tx.later(sql, **params)
    return changed


WRITE = """
    INSERT INTO orders.basket (basket_id, state, node_id, device, held_until, claim, body, changed_at, quiet_since)
    SELECT basket_id, state, node_id, device, held_until, claim, body::text, %(now)s,
           date_bin('10 minutes', %(now)s, 'epoch')
    FROM json_to_recordset(%(baskets)s::json) AS b (basket_id uuid, state text, node_id bigint, device text,
        held_until timestamptz, claim uuid, body json) ORDER BY basket_id
    ON CONFLICT (basket_id) DO UPDATE SET state = excluded.state, node_id = excluded.node_id, claim = excluded.claim,
        held_until = excluded.held_until, body = excluded.body, changed_at = excluded.changed_at,
        quiet_since = excluded.quiet_since
"""


def _order_row(one: Basket) -> dict[str, Any]:
    quote = one.quote
    assert quote
    return {
        "order_id": one.basket_id,
        "outlet_id": one.outlet_id,
        "channel": one.channel,
        "node_id": one.node_id,
        "currency": one.currency,
        "delivery": one.delivery,
        "payment": one.payment,
        "delivery_minor": quote.delivery.total_minor,
        "discount_minor": quote.discount_minor,
        "tax_minor": quote.tax_minor,
        "total_minor": quote.total_minor,
        "sourced": one.sourced or None,
        "groups": one.groups or None,
    }


PLACE = """
    INSERT INTO orders.sales_order (order_id, outlet_id, channel, node_id, currency, delivery, payment, delivery_minor,
        discount_minor, tax_minor, total_minor, placed_at, sourced, groups)
    SELECT order_id, outlet_id, channel, node_id, currency, delivery, payment, delivery_minor, discount_minor,
           tax_minor, total_minor, coalesce(placed_at, %(now)s), sourced::json, groups
    FROM json_to_recordset(%(orders)s::json) AS o (order_id uuid, outlet_id smallint, channel text, node_id bigint,
        currency text, delivery json, payment json, delivery_minor bigint, discount_minor bigint, tax_minor bigint,
        total_minor bigint, placed_at timestamptz, sourced text, groups json)
    RETURNING order_id, order_number
"""


def _line_row(one: Basket, line: pricing.PricedLine) -> dict[str, Any]:
    sku = next(mine.sku for mine in one.lines if mine.line == line.line)
    return {
        "order_id": one.basket_id,
        "line": line.line,
        "variant_id": line.variant_id,
        "sku": sku,
        "quantity": line.quantity,
        "unit_price_minor": line.unit_price_minor,
        "amount_minor": line.amount_minor,
        "discount_minor": line.discount_minor,
        "tax_minor": line.tax_minor,
        "total_minor": line.total_minor,
        "effects": line.effects,
    }


def _part_row(one: Basket, part: Part, places: inventory.Places, now: datetime) -> dict[str, Any]:
    """What is collected elsewhere than it lies is sent there first."""
    assert one.delivery
    method: inventory.Method = one.delivery.method
    destination = places.ids.get(one.delivery.location) if method == "collect" else None
    if destination == part.location_id:
        destination = None
    elif destination is not None:
        method = "transfer"
    return {
        "order_id": one.basket_id,
        "method": method,
        "destination_id": destination,
        "due_at": places.due(part.location_id, method, now),
        "promised_on": promised_on(places, part.location_id, now),
        **msgspec.to_builtins(part),
    }


PLACE_LINES = """
    WITH line AS (
        INSERT INTO orders.sales_order_line (order_id, line, variant_id, sku, quantity, unit_price_minor, amount_minor,
            discount_minor, tax_minor, total_minor, effects)
        SELECT order_id, line, variant_id, sku, quantity, unit_price_minor, amount_minor, discount_minor, tax_minor,
               total_minor, effects
        FROM json_to_recordset(%(lines)s::json) AS l (order_id uuid, line integer, variant_id bigint, sku text,
            quantity integer, unit_price_minor bigint, amount_minor bigint, discount_minor bigint, tax_minor bigint,
            total_minor bigint, effects json)
    ), part AS MATERIALIZED (
        SELECT * FROM json_to_recordset(%(parts)s::json) AS p (order_id uuid, line integer, location_id smallint,
            variant_id bigint, quantity integer, method text, destination_id smallint, due_at timestamptz,
            promised_on date)
    ), work AS (
        INSERT INTO orders.fulfilment (order_id, location_id, method, destination_id, due_at, promised_on, changed_at)
        SELECT DISTINCT order_id, location_id, method, destination_id, due_at, promised_on, %(now)s::timestamptz
        FROM part
        RETURNING fulfilment_id, order_id, location_id
    )
    INSERT INTO orders.fulfilment_line (fulfilment_id, order_id, line, location_id, variant_id, quantity)
    SELECT fulfilment_id, order_id, line, location_id, variant_id, quantity
    FROM part JOIN work USING (order_id, location_id)
"""


def _fact(one: Basket, number: int, now: datetime) -> OrderPlaced:
    assert one.quote
    return OrderPlaced(
        order_id=one.basket_id,
        order_number=number,
        node_id=one.node_id,
        outlet_id=one.outlet_id,
        channel=one.channel,
        currency=one.currency,
        total_minor=one.quote.total_minor,
        units=sum(line.quantity for line in one.lines),
        placed_at=now,
    )
