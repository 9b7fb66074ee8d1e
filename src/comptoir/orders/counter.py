"""The counter of one process: the steps of concurrent shoppers are done together, and each gets his own basket back.

One queue for all kinds of steps, one batch at a time: fewer and larger batches beat every overlap (the prototype).
"""

import time
from collections.abc import Iterable, Sequence
from uuid import UUID

from comptoir import catalog, channels
from comptoir.inventory import Desk
from comptoir.kernel.coalesce import Coalescer
from comptoir.kernel.db import Database, Tx
from comptoir.kernel.errors import Overloaded, Refusal, Unavailable
from comptoir.orders.baskets import Basket, Payment, ready_to_pay
from comptoir.orders.checkout import Checkout
from comptoir.orders.errors import IncompleteBasket, UnknownBasket, UnknownProvider
from comptoir.orders.payments import Provider
from comptoir.orders.sourcing import Planners
from comptoir.orders.steps import DropPayment, Look, PlaceOrder, SetPayment, Step

REMEMBERED = 5.0
"""Seconds."""


class Counter:
    """`await counter(SetLine(…))` → the basket, durable; or the refusal is raised."""

    def __init__(self, db: Database, desk: Desk, providers: Iterable[Provider] = (), *, max_batch: int = 100) -> None:
        self.desk = desk
        self.assortments = catalog.Assortments(db)
        self._db = db
        self._providers = {one.name: one for one in providers}
        self._outlets: dict[str, tuple[float, channels.Outlet]] = {}
        self._planners = Planners()
        self._coalescer = Coalescer(self._run, max_batch=max_batch)

    async def __call__(self, step: Step) -> Basket:
        return await self._coalescer(step)

    async def pay(self, basket_id: UUID, *, provider: str, token: str) -> Basket:
        """Have the quoted total authorised. Asked again, it is authorised once."""
        if (asked := self._providers.get(provider)) is None:
            raise UnknownProvider(f"No payment provider is called {provider!r}.", providers=sorted(self._providers))
        basket = await self(Look(basket_id))
        quote = ready_to_pay(basket)
        paid = await asked.authorise(
            reference=f"{basket_id}-{basket.attempt}-{quote.total_minor}",
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
        return await self(SetPayment(basket_id, payment))

    async def place(self, basket_id: UUID) -> Basket:
        """The basket becomes the order. What was authorised is let go when the goods have gone meanwhile."""
        try:
            return await self(PlaceOrder(basket_id))
        except (Overloaded, Unavailable, UnknownBasket, IncompleteBasket):
            raise  # nothing was decided: ask again
        except Refusal:
            await self._let_go(basket_id)
            raise

    async def _let_go(self, basket_id: UUID) -> None:
        """First the basket forgets the payment, then the provider: an order is never made on what was let go."""
        basket = await self(Look(basket_id))
        payment = basket.payment
        if basket.state == "open" and payment and (provider := self._providers.get(payment.provider)):
            await self(DropPayment(basket_id, payment.authorisation))
            await provider.void(authorisation=payment.authorisation)

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
        await self._coalescer.close()

    async def _run(self, steps: list[Step]) -> Sequence[Basket | Refusal]:
        async def work(tx: Tx) -> list[Basket | Refusal]:
            return await Checkout(await self.desk.places(tx), await self._planners.now(tx)).run(tx, steps)

        return await self._db.within(work, by_index=True)
