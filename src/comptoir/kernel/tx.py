"""One transaction object, passed first to every operation. It is the whole data-access layer.

Statements stand as constants beside the operation that uses them, with `%(name)s` parameters.
"""

from collections.abc import AsyncGenerator, Iterable, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Any, LiteralString, TypeVar

import msgspec
import psycopg
from psycopg import AsyncConnection, AsyncCursor
from psycopg.rows import dict_row

if TYPE_CHECKING:
    from comptoir.kernel.log import Fact

Into = TypeVar("Into")
Asked = tuple[LiteralString, dict[str, Any]]
"""A statement and its parameters."""


class Tx:
    """An open transaction. `now` is its clock: aware, UTC, possibly shifted (kernel.time).

    What need not be answered at once travels with what is asked next: `later`, and the BEGIN of `Database.by_index`,
    whose transactions have no `now` before their first statement.
    """

    __slots__ = ("_begin", "_end", "_later", "_rivals", "connection", "now")

    def __init__(
        self,
        connection: AsyncConnection[Any],
        now: datetime | None = None,
        *,
        begin: Sequence[LiteralString] = (),
        end: Sequence[LiteralString] = (),
    ) -> None:
        """Already begun, or to be begun by these statements; the last one answers with the clock. `end`: behind what is
        asked first; nothing may be asked after it.
        """
        self.connection = connection  # what Tx has no word for: `send` first
        self._begin = begin
        self._end = end
        self._later: list[Asked] = []
        self._rivals: set[str] = set()
        if now is not None:
            self.now = now

    async def run(self, sql: LiteralString, **params: Any) -> int:
        """Execute; return the number of rows touched."""
        await self.send()
        return (await self.connection.execute(sql, params or None)).rowcount

    async def many(self, into: type[Into], sql: LiteralString, **params: Any) -> list[Into]:
        """All rows, each converted by column names into a Struct (or any type msgspec knows)."""
        await self.send()
        async with self.connection.cursor(row_factory=dict_row, binary=True) as cursor:
            await cursor.execute(sql, params or None)
            return msgspec.convert(await cursor.fetchall(), list[into])

    async def maybe(self, into: type[Into], sql: LiteralString, **params: Any) -> Into | None:
        """The first row, or None."""
        found = await self.many(into, sql, **params)
        return found[0] if found else None

    async def one(self, into: type[Into], sql: LiteralString, **params: Any) -> Into:
        """The only row; anything else is a defect."""
        (found,) = await self.many(into, sql, **params)
        return found

    async def tuples(self, sql: LiteralString, **params: Any) -> list[tuple[Any, ...]]:
        """All rows as plain tuples: for hot, wide or throw-away reads."""
        if self._later or self._begin:
            (cursor,) = await self._travel([(sql, params)])
            return await cursor.fetchall()
        async with self.connection.cursor(binary=True) as cursor:
            await cursor.execute(sql, params or None)
            return await cursor.fetchall()

    async def values(self, sql: LiteralString, **params: Any) -> list[Any]:
        """The first column of all rows."""
        return [row[0] for row in await self.tuples(sql, **params)]

    async def value(self, sql: LiteralString, **params: Any) -> Any:
        """The first column of the first row, or None."""
        found = await self.tuples(sql, **params)
        return found[0][0] if found else None

    async def together(self, *asked: Asked) -> list[list[tuple[Any, ...]]]:
        """The rows of several statements that do not need each other's answers, each with its parameters; none for
        one that returns nothing. They travel as one message, which costs a third of one after the other. Each has
        its own snapshot, as always: the second sees what the first has waited for.
        """
        cursors = await self._travel(asked)
        return [await cursor.fetchall() if cursor.description else [] for cursor in cursors]

    def later(self, sql: LiteralString, *, rival: str = "", **params: Any) -> None:
        """A write whose answer nobody needs: done before whatever is asked next, in the same message, or with the
        COMMIT; its error comes from there. `rival`: the constraint that tells that another transaction was faster,
        so that this one is to be tried again (`Database.within`).
        """
        self._later.append((sql, params))
        if rival:
            self._rivals.add(rival)

    async def send(self) -> None:
        """What was to travel with the next statement goes now."""
        if self._later or self._begin:
            await self._travel(())

    async def commit(self) -> None:
        """The end. Nothing is to be asked afterwards."""
        if self._later:
            await self._travel([("COMMIT", {})])
        elif not self._begin and not self._end:
            await self.connection.execute("COMMIT")

    async def _travel(self, asked: Sequence[Asked]) -> list[AsyncCursor[Any]]:
        """Send everything that waits, and these; the answers to these."""
        begin, self._begin = self._begin, ()
        later, self._later = self._later, []
        assert begin or not self._end, "It has ended with what was asked first."
        sent: list[Asked] = [*((one, {}) for one in begin), *later, *asked, *((one, {}) for one in self._end)]
        cursors: list[AsyncCursor[Any]] = []
        try:
            async with self.connection.pipeline():
                for sql, params in sent:
                    cursors.append(cursor := self.connection.cursor(binary=True))
                    await cursor.execute(sql, params or None)
        except BaseException as error:
            # What was to be prepared behind the one that failed is not, though psycopg believes so; and who was cut
            # off leaves answers behind that nobody reads. The pool is to take a new connection.
            await self.connection.close()
            if isinstance(error, psycopg.errors.UniqueViolation) and error.diag.constraint_name in self._rivals:
                raise psycopg.errors.SerializationFailure(str(error)) from error
            raise
        if begin:
            row = await cursors[len(begin) - 1].fetchone()
            assert row
            self.now = row[0]
        return cursors[len(begin) + len(later) :][: len(asked)]

    async def copy(self, sql: LiteralString, data: bytes | Iterable[bytes]) -> None:
        """`COPY … FROM STDIN (FORMAT binary)` of rows packed by `kernel.pack`."""
        await self.send()
        async with self.connection.cursor().copy(sql) as copy:
            if isinstance(data, bytes):
                await copy.write(data)
            else:
                for block in data:
                    await copy.write(block)

    async def tell(self, *facts: "Fact") -> None:
        """Append facts to the log, in this transaction."""
        from comptoir.kernel import log  # noqa: PLC0415  the log is written with a Tx: it imports this module

        await log.tell(self, facts)

    @asynccontextmanager
    async def trial(self) -> AsyncGenerator["Trial"]:
        """What is done in the block is undone at its end, unless `keep()` was said; facts and jobs with it.

        So whoever asks may be shown what an act would do before it is done, by the act itself. A refusal undoes too.
        """
        one = Trial()
        await self.send()
        async with self.connection.transaction():
            try:
                yield one
                await self.send()
            except BaseException:
                self._later.clear()  # it belongs to what is undone
                raise
            if not one.kept:
                raise psycopg.Rollback


class Trial:
    """Whether what was tried is to stand."""

    def __init__(self) -> None:
        self.kept = False

    def keep(self) -> None:
        self.kept = True
