"""Statements that travel together answer as one after the other, and a failure among them costs nobody else."""

import asyncio
import contextlib
from functools import partial
from typing import ClassVar

import psycopg
import pytest

from comptoir.kernel import log
from comptoir.kernel.db import Database


class Rang(log.Fact, frozen=True):
    """A bell rang."""

    kind: ClassVar[str] = "tests.rang"
    bell: str

    def lane_key(self) -> str:
        return self.bell


async def test_each_has_its_rows(db):
    async with db.transaction() as tx:
        found = await tx.together(
            ("SELECT %(a)s::int", {"a": 1}),
            ("CREATE TEMP TABLE bell (name text)", {}),
            ("INSERT INTO bell VALUES ('big'), ('small')", {}),
            ("SELECT name FROM bell ORDER BY name", {}),
        )
    assert found == [[(1,)], [], [], [("big",), ("small",)]]


async def test_the_second_sees_what_the_first_has_waited_for(db):
    async with db.transaction() as tx:
        await tx.run("CREATE TABLE public.bell (rung int)")
        await tx.run("INSERT INTO public.bell VALUES (0)")

    async def ring():
        async with db.transaction() as tx:
            _, seen = await tx.together(
                ("SELECT rung FROM public.bell FOR UPDATE", {}), ("SELECT rung FROM public.bell", {})
            )
            await tx.run("UPDATE public.bell SET rung = %(rung)s", rung=seen[0][0] + 1)

    await asyncio.gather(*(ring() for _ in range(10)))
    async with db.reading() as tx:
        assert await tx.value("SELECT rung FROM public.bell") == 10


async def test_a_failure_is_raised_and_the_next_transaction_is_whole(db):
    """psycopg takes for prepared what was to be prepared behind the failure."""
    async with Database(db.url, size=1) as alone:
        for by in [0, *[1] * 5, 0, 1, 1]:
            with pytest.raises(psycopg.errors.DivisionByZero) if by == 0 else contextlib.nullcontext():
                async with alone.transaction() as tx:
                    found = await tx.together(("SELECT 1 / %(by)s::int", {"by": by}), ("SELECT %(x)s::int", {"x": 7}))
                    assert found == [[(1,)], [(7,)]]


async def test_what_is_done_later_is_done_before_whatever_is_asked_next(db):
    async with db.transaction() as tx:
        await tx.run("CREATE TABLE public.bell (name text PRIMARY KEY)")
    ring = "INSERT INTO public.bell VALUES (%(name)s)"
    names = "SELECT name FROM public.bell ORDER BY name"
    for begin in (db.transaction, db.by_index):
        async with begin() as tx:
            tx.later(ring, name="a")
            assert await tx.values(names) == ["a"]
            tx.later(ring, name="b")
            assert await tx.together((names, {})) == [[("a",), ("b",)]]
            tx.later(ring, name="c")
            assert [one["name"] for one in await tx.many(dict, names)] == ["a", "b", "c"]
            tx.later(ring, name="d")
            assert await tx.run("DELETE FROM public.bell WHERE name < 'd'") == 3
            tx.later(ring, name="with the commit")
            assert tx.now
        async with db.reading() as tx:
            assert await tx.values(names) == ["d", "with the commit"]
        async with db.transaction() as tx:
            await tx.run("DELETE FROM public.bell")


async def test_what_is_done_later_fails_the_whole_and_a_rival_has_it_tried_again(db):
    async with db.transaction() as tx:
        await tx.run("CREATE TABLE public.bell (name text PRIMARY KEY)")
        await tx.run("INSERT INTO public.bell VALUES ('taken')")
    ring = "INSERT INTO public.bell VALUES (%(name)s)"
    tries = []

    async def work(tx, rival=""):
        name = "taken" if len(tries) < 2 else "free"
        tries.append(name)
        tx.later(ring, name=f"beside {name}")
        tx.later(ring, name=name, rival=rival)

    for by_index in (False, True):
        with pytest.raises(psycopg.errors.UniqueViolation):
            await db.within(work, by_index=by_index)
    tries.clear()
    await db.within(partial(work, rival="bell_pkey"), by_index=True)
    assert tries == ["taken", "taken", "free"]
    async with db.reading() as tx:
        assert await tx.values("SELECT name FROM public.bell ORDER BY name") == ["beside free", "free", "taken"]


async def test_nobody_who_asks_nothing_begins_and_what_raises_is_rolled_back(db):
    async with Database(db.url, size=1) as alone:
        async with alone.by_index():
            pass
        with pytest.raises(ZeroDivisionError):
            async with alone.by_index() as tx:
                tx.later("CREATE TABLE public.bell (name text)")
                assert await tx.value("SELECT to_regclass('public.bell')::text") == "bell"
                raise ZeroDivisionError
        with pytest.raises(ZeroDivisionError):
            async with alone.by_index() as tx:
                tx.later("CREATE TABLE public.bell (name text)")
                raise ZeroDivisionError
        async with alone.glance() as tx:
            assert await tx.value("SELECT to_regclass('public.bell')") is None


async def test_a_glance_is_one_snapshot_and_asks_once(db):
    async with db.glance() as tx:
        a, b = await tx.together(("SELECT pg_current_snapshot()::text", {}), ("SHOW transaction_read_only", {}))
        assert a and b == [("on",)]
        assert tx.now
        with pytest.raises(AssertionError):
            await tx.together(("SELECT 1", {}))


async def test_facts_told_in_a_statement_are_the_same_as_told_by_copy(db):
    facts = [Rang(bell="big"), Rang(bell="smáll \"'\\ \n")]
    async with db.transaction() as tx:
        await tx.tell(*facts)
        await tx.together(log.told(tx, facts))
        found = await tx.tuples(
            "SELECT lane, kind, name, source_id, occurred_at, recorded_at, body FROM kernel.event"
            " WHERE kind = 'tests.rang' ORDER BY position"
        )
    assert len(found) == 4
    assert found[:2] == found[2:]
