"""One desk a process: what concurrent callers ask is done together, and each gets its own answer."""

import time
from collections.abc import Sequence

from comptoir.inventory.availability import Offer, Places, Question, available, places
from comptoir.inventory.book import keys_of
from comptoir.inventory.codes import Codes
from comptoir.inventory.ledger import post
from comptoir.inventory.records import Act, Answer, Key
from comptoir.kernel.coalesce import Coalescer
from comptoir.kernel.db import Database, Tx
from comptoir.kernel.errors import Refusal

FRESH = 1.0
"""Seconds for which the list of locations is good."""

MANY = 16
"""For so many acts a second batch begins beside the one under way. Where both want one article, PostgreSQL lets the
second wait; all the same it is a tenth to a third faster than one at a time.
"""
ENOUGH = 8
"""For so many questions a second batch begins beside the one under way; for fewer its cost is more than the wait."""


class Desk:
    """`await desk.post(Hold(…))` → the answer, durable, or its refusal is raised. `await desk.ask(Question(…))`."""

    def __init__(self, db: Database, *, max_batch: int = 200) -> None:
        self.codes = Codes()
        self._db = db
        self._posting = Coalescer(self._post, max_batch=max_batch, lanes=2, enough=MANY, alike=_article)
        self._asking = Coalescer(self._ask, max_batch=max_batch, lanes=2, enough=ENOUGH)
        self._places = Places()
        self._places_until = 0.0

    async def post(self, act: Act) -> Answer:
        return await self._posting(act)

    async def ask(self, question: Question) -> list[Offer]:
        return await self._asking(question)

    async def learn(self, *, skus: Sequence[str] = (), locations: Sequence[str] = ()) -> Codes:
        """The codes, these among them if they exist."""
        if not self.codes.knows(skus, locations):
            async with self._db.reading() as tx:
                await self.codes.learn(tx, skus=skus, locations=locations)
        return self.codes

    async def places(self, tx: Tx) -> Places:
        """All locations, as they were a second ago at most."""
        if time.monotonic() > self._places_until:
            self._places = await places(tx)
            self._places_until = time.monotonic() + FRESH
        return self._places

    @property
    def known(self) -> Places:
        """The locations as they were last looked at."""
        return self._places

    async def close(self) -> None:
        """Finish what was accepted."""
        await self._posting.close()
        await self._asking.close()

    async def _post(self, acts: list[Act]) -> Sequence[Answer | Refusal]:
        async def work(tx: Tx) -> list[Answer | Refusal]:
            return await post(tx, acts)

        return await self._db.within(work, by_index=True)

    async def _ask(self, questions: list[Question]) -> Sequence[list[Offer]]:
        if time.monotonic() > self._places_until:
            async with self._db.reading() as tx:
                await self.places(tx)
        async with self._db.glance() as tx:
            return await available(tx, questions, self._places)


def _article(act: Act) -> Key | None:
    """For which balance two acts would wait for each other, as far as one look tells."""
    return next(iter(keys_of(act)), None)
