"""The counter of one process: the steps of concurrent shoppers are done together, and each gets his own basket back.

Two queues, one batch of each at a time: what promises goods and locks the stock for it, and what only changes baskets.
So the interpreter works for the one while PostgreSQL works for the other (half as many checkouts again); fewer and
larger batches beat any further overlap.
"""

import time
from collections.abc import Iterable, Sequence
from uuid import UUID

from comptoir import catalog, channels, identity, pricing
from comptoir.inventory import Desk
from comptoir.kernel.auth import Actor
from comptoir.kernel.coalesce import Coalescer
from comptoir.kernel.db import Database, Tx
from comptoir.kernel.errors import Overloaded, Refusal, Unavailable
from comptoir.orders import claim_codes
from comptoir.orders.baskets import Basket, Payment, open_to_change, payment_reference, ready_to_pay
from comptoir.orders.checkout import Checkout
from comptoir.orders.errors import (
    BasketClosed,
    BasketMerged,
    BasketOfAnother,
    IncompleteBasket,
    NotYourBasket,
    UnknownBasket,
    UnknownProvider,
)
from comptoir.orders.handover import Rule, must_touch
from comptoir.orders.kept_baskets import live_baskets, waiting_for
from comptoir.orders.payments import Provider
from comptoir.orders.sourcing import Planners
from comptoir.orders.steps import (
    BeginPayment,
    Claim,
    DropPayment,
    HandTo,
    How,
    Look,
    Merge,
    PlaceOrder,
    SetCoupons,
    SetPayment,
    Step,
    TakeQuote,
)

REMEMBERED = 5.0
"""Seconds."""
ROUNDS = 5
"""Of looking for further baskets of a person, while her other devices do the same."""


class Counter:
    """`await counter(SetLine(…))` → the basket, durable; or the refusal is raised."""

    def __init__(self, db: Database, desk: Desk, providers: Iterable[Provider] = (), *, max_batch: int = 100) -> None:
        self.desk = desk
        self.assortments = catalog.Assortments(db)
        self._db = db
        self._providers = {one.name: one for one in providers}
        self._outlets: dict[str, tuple[float, channels.Outlet]] = {}
        self._planners = Planners()
        self._changing = Coalescer(self._run, max_batch=max_batch)
        self._promising = Coalescer(self._run, max_batch=max_batch)

    async def __call__(self, step: Step) -> Basket:
        queue = self._promising if isinstance(step, TakeQuote | PlaceOrder) else self._changing
        return await queue(step)

    async def pay(self, basket_id: UUID, *, provider: str, token: str, by: Actor | None = None) -> Basket:
        """Have the quoted total authorised. Asked again, it is authorised once.

        What the basket does not ask for any more when the provider answers is let go (keeping.dropped); an answer that
        never comes is looked for (payments.unanswered).
        """
        if (asked := self._providers.get(provider)) is None:
            raise UnknownProvider(f"No payment provider is called {provider!r}.", providers=sorted(self._providers))
        basket = await self(BeginPayment(basket_id, provider, by=by))
        quote = ready_to_pay(basket)
        reference = payment_reference(basket, quote)
        paid = await asked.authorise(
            reference=reference,
            amount_minor=quote.total_minor,
            currency=basket.currency,
            token=token,
        )
        payment = Payment(
            provider=provider,
            authorisation=paid.authorisation,
            amount_minor=paid.amount_minor,
            currency=paid.currency,
        )
        paid_for = await self(SetPayment(basket_id, payment, basket.attempt, reference))
        if paid_for.payment is None or paid_for.payment.authorisation != payment.authorisation:
            open_to_change(paid_for)
            raise IncompleteBasket("It has changed meanwhile: quote it and pay again.", missing=["quote", "payment"])
        return paid_for

    async def place(self, basket_id: UUID, *, by: Actor | None = None) -> Basket:
        """The basket becomes the order. What was authorised is let go when the goods have gone meanwhile."""
        try:
            return await self(PlaceOrder(basket_id, by=by))
        except (Overloaded, Unavailable, UnknownBasket, IncompleteBasket, NotYourBasket, BasketMerged):
            raise  # nothing was decided: ask again
        except Refusal:
            await self._let_go(basket_id)
            raise

    async def _let_go(self, basket_id: UUID) -> None:
        """The basket forgets the payment, and the provider is to (payments.acts): no order is made on it afterwards."""
        basket = await self(Look(basket_id))
        if basket.state == "open" and basket.payment:
            await self(DropPayment(basket_id, basket.payment.authorisation))

    async def give_coupons(self, basket_id: UUID, coupons: tuple[str, ...], *, by: Actor | None = None) -> Basket:
        """The codes that she has given. Unknown ones count as tries to guess one: twenty for a basket in ten minutes,
        and none is looked at for a while. Raises TooManyGuesses.
        """
        basket = await self(Look(basket_id, by=by))
        must_touch(basket, by)
        if new := set(coupons) - set(basket.coupons):
            who = f"basket:{basket_id}"
            async with self._db.transaction() as tx:
                await pricing.count_guesses(tx, who=who, tries=len(new))
                good = [
                    code
                    for code in sorted(new)
                    if await pricing.judge(tx, code=code, reference=basket.reference, node_id=basket.node_id)
                ]
                await pricing.forgive_guesses(tx, who=who, tries=len(good))
        return await self(SetCoupons(basket_id, coupons, by=by))

    async def claim(self, code: str, outlet: channels.Outlet, *, by: Actor | None = None) -> Basket:
        """The basket that waits under the code goes on at this outlet. Twenty wrong codes in ten minutes, and none is
        looked at for a while. Raises UnknownClaimCode, MistypedClaimCode, TooManyGuesses.
        """
        digest = claim_codes.digest(code)
        who = f"claim:{by.kind}:{by.id}" if by else "claim:house"
        async with self._db.transaction() as tx:
            await pricing.count_guesses(tx, who=who)
        async with self._db.reading() as tx:
            basket_id = await waiting_for(tx, digest=digest)
        basket = await self(
            Claim(
                by=by,
                basket_id=basket_id,
                digest=digest,
                outlet_id=outlet.outlet_id,
                outlet=outlet.code,
                channel=outlet.channel,
                currency=outlet.currency,
            )
        )
        async with self._db.transaction() as tx:
            await pricing.forgive_guesses(tx, who=who)
        return basket

    async def hand_to(
        self, basket_id: UUID, person: identity.Person, *, how: How, merge: Rule | None = "max", by: Actor | None = None
    ) -> Basket:
        """The person is recognised: the basket is hers, and what lies in her other ones of the same currency comes
        into it, unless `merge` is None.
        """
        nodes = frozenset(one.node_id for one in person.nodes)
        basket = await self(HandTo(basket_id, person.person_id, nodes, how, by=by))
        if merge is None:
            return basket
        for _ in range(ROUNDS):
            async with self._db.reading() as tx:
                found = await live_baskets(tx, nodes=nodes)
            others = [one for one in found if one.basket_id != basket_id and one.currency == basket.currency]
            for other in others:
                step = Merge(basket_id=basket_id, other_id=other.basket_id, rule=merge, nodes=nodes, by=by)
                try:
                    basket = await self(step)
                except (BasketMerged, BasketClosed):
                    # Another of her devices was faster: it took that one, or this one.
                    if await self._ended(basket_id):
                        raise
            if not others:
                break
        return basket

    async def _ended(self, basket_id: UUID) -> bool:
        return (await self(Look(basket_id))).state not in {"open", "abandoned"}

    async def merge(self, basket_id: UUID, other_id: UUID, *, rule: Rule, by: Actor | None = None) -> Basket:
        """What lies in the other comes into this one; the caller may touch both."""
        both = [await self(Look(one, by=by)) for one in (basket_id, other_id)]
        whose = {one.node_id for one in both if one.node_id is not None}
        nodes: frozenset[int] = frozenset()
        if len(whose) > 1:
            must_touch(both[1], by)
            async with self._db.reading() as tx:
                people = set((await identity.persons_of(tx, whose)).values())
            if len(people) > 1:
                raise BasketOfAnother(basket_id=str(other_id))
            nodes = frozenset(whose)
        return await self(Merge(basket_id=basket_id, other_id=other_id, rule=rule, nodes=nodes, by=by))

    async def outlet(self, code: str) -> channels.Outlet:
        """Outlets hardly change: what was looked up is good for a few seconds."""
        until, found = self._outlets.get(code, (0.0, None))
        if found is None or time.monotonic() > until:
            async with self._db.reading() as tx:
                found = await channels.outlet(tx, code=code)
            self._outlets[code] = time.monotonic() + REMEMBERED, found
        return found

    async def close(self) -> None:
        """Finish what was accepted."""
        await self._changing.close()
        await self._promising.close()

    async def _run(self, steps: list[Step]) -> Sequence[Basket | Refusal]:
        async def work(tx: Tx) -> list[Basket | Refusal]:
            return await Checkout(await self.desk.places(tx), await self._planners.now(tx)).run(tx, steps)

        return await self._db.within(work, by_index=True)
