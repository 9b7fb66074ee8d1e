"""Many at once: the same partition as one after another, no deadlock, and no hub that slows everybody down."""

import asyncio
import random
import sys
from datetime import timedelta

import pytest

from comptoir import identity
from comptoir.identity import Observation, merges, namespaces, undos
from comptoir.identity.errors import SharedByMany
from comptoir.identity.resolve import SHARE
from comptoir.kernel.db import ints, texts
from identity.worlds import EVENTS, START, observation, partition, reference

pytestmark = pytest.mark.anyio


def crowd(seed, size):
    """Families, kiosks and wrong e-mails, more of them than the property tests have."""
    dice = random.Random(seed)
    return [
        observation(
            dice.choice(EVENTS),
            dice.randrange(12),
            [dice.choice([0, 0, 0, 0, 1, 3]) for _ in range(3)],
            dice.randrange(500),
            dice.randrange(1, 4),
            "",
            1.0,
        )
        for _ in range(size)
    ]


def spread(observation, town):
    """The same people in other towns: more of them, same conflicts within each."""
    ids = tuple((ns, f"{value}@{town}") for ns, value in observation.identifiers)
    return Observation(ids, observation.at, observation.source_id, observation.position)


async def test_four_workers_make_what_one_would_have_made(db):
    world = [spread(o, i % 9) for i, o in enumerate(crowd(3, 3000))]
    random.Random(5).shuffle(world)
    batches = [world[i : i + 60] for i in range(0, len(world), 60)]

    async def worker(mine):
        for batch in mine:

            async def work(tx, batch=batch):
                return await identity.resolve(tx, batch)

            nodes = await db.within(work)
            assert None not in nodes

    await asyncio.gather(*(worker(batches[n::4]) for n in range(4)))
    async with db.transaction() as tx:
        assert await identity.reconcile(tx) == []
        assert await partition(tx) == reference(world, await namespaces.load(tx))
        assert await tx.value("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()") == 0


async def test_stewards_among_the_crowd(db):
    world = [spread(o, i % 9) for i, o in enumerate(crowd(4, 1200))]
    batches = [world[i : i + 40] for i in range(0, len(world), 40)]

    async def worker(mine):
        for batch in mine:
            await db.within(lambda tx, batch=batch: identity.resolve(tx, batch))

    async def steward(number):
        dice = random.Random(number)
        for _ in range(8):
            async with db.transaction() as tx:
                keys = await tx.values("SELECT key FROM identity.node ORDER BY key")
            if len(keys) < 2:
                await asyncio.sleep(0)
                continue
            pair = dice.sample(keys, 2)
            try:
                done = await db.within(lambda tx, pair=pair: merges.merge(tx, keys=pair, actor="steward"))
            except SharedByMany:
                continue
            if dice.random() < 0.5:
                await db.within(lambda tx, done=done: undos.undo(tx, operation=done.operation, actor="steward"))

    await asyncio.gather(worker(batches[0::2]), worker(batches[1::2]), steward(1))
    async with db.transaction() as tx:
        assert await identity.reconcile(tx) == []


PHONE_OF_THE_SHOP = (4, "the shop's")


async def shared_phone(db):
    """A phone that three customers share, and two pairs of accounts that a steward has merged."""
    pairs = [[(1, f"{name} {n}") for n in range(2)] for name in ("jo", "may")]
    async with db.transaction() as tx:
        await identity.resolve(tx, [Observation(((1, f"u{n}"), PHONE_OF_THE_SHOP), START) for n in range(3)])
        await identity.resolve(tx, [Observation((user,), START) for pair in pairs for user in pair])
        for pair in pairs:
            keys = [(await identity.lookup(tx, identifier=user)).key for user in pair]
            await merges.merge(tx, keys=keys, actor="steward")
    return [pair[0] for pair in pairs]


def calls(user):
    return [Observation((user, PHONE_OF_THE_SHOP), START + timedelta(hours=1))]


async def test_a_shared_value_connects_again_only_when_nobody_is_giving_it_edges(db):
    jo, _ = await shared_phone(db)
    async with db.transaction() as tx:
        # One customer more: with her it is shared even by the limit that jo's merge raises.
        await identity.resolve(tx, calls((1, "late")))
        bringing = asyncio.create_task(db.within(lambda other: identity.resolve(other, calls(jo))))
        while not bringing.done() and not await tx.value("SELECT count(*) FROM pg_locks WHERE NOT granted"):
            await asyncio.sleep(0)
    await bringing
    async with db.transaction() as tx:
        assert await identity.reconcile(tx) == []


async def test_two_at_once_make_one_shared_value_connect_again(db):
    begun = asyncio.Barrier(2)
    attempts = []

    async def bring(user):
        async def work(tx):
            await tx.run(SHARE)
            attempts.append(user)
            if attempts.count(user) == 1:
                await begun.wait()  # both hold the graph before either asks to have it alone
            await identity.resolve(tx, calls(user))

        await db.within(work)

    await asyncio.gather(*(bring(user) for user in await shared_phone(db)))
    assert len(attempts) == 3
    async with db.transaction() as tx:
        assert await identity.reconcile(tx) == []
        _, hubs = await partition(tx)
        assert hubs == frozenset()


async def test_an_address_of_five_thousand_people_stands_alone_and_stays_cheap(tx):
    everybody = (3, "shop@example.com")
    people = [Observation(((1, f"u{n}"), everybody), START + timedelta(seconds=n)) for n in range(5000)]
    await identity.resolve(tx, people[:4000])
    before = await work_of(tx)
    await identity.resolve(tx, people[4000:])
    after = await work_of(tx)

    person = await identity.lookup(tx, identifier=everybody)
    assert [node.value for node in person.nodes] == [everybody[1]]
    assert person.nodes[0].shared
    assert await tx.value("SELECT count(*) FROM identity.v_person") == 5001
    assert after - before < 40_000  # rows fetched: some for each of the thousand new people, none for each old one
    assert (await identity.explain.graph(tx, key=person.key)).complete is False


async def work_of(tx):
    return await tx.value(
        "SELECT sum(coalesce(seq_tup_read, 0) + coalesce(idx_tup_fetch, 0))::bigint"
        " FROM pg_stat_xact_user_tables WHERE schemaname = 'identity'"
    )


async def test_five_thousand_browsers_with_one_address_end_as_strangers(tx):
    await identity.resolve(
        tx, [Observation(((7, f"a{n}"), (3, "typed@example.com")), START + timedelta(seconds=n)) for n in range(1200)]
    )
    assert await tx.value("SELECT count(*) FROM identity.v_person") == 1201
    assert await identity.reconcile(tx) == []


async def test_too_many_identifiers_in_one_event_harm_nobody(tx):
    good = Observation(((1, "u1"), (3, "e1")), START)
    broken = Observation(tuple((6, f"d{n}") for n in range(1000)), START)
    nodes = await identity.resolve(tx, [good, broken, Observation((), START), good])
    assert nodes[0] == nodes[3] is not None
    assert nodes[1:3] == [None, None]
    assert [identity.refusal(o) for o in (good, broken, Observation((), START))] == [
        None,
        "too_many_identifiers",
        "no_identifier",
    ]


HOT = ["FIND", "LOOK", "LOCK", "MEMBERS", "EDGES", "RECOUNT", "PERSONS_OF"]


async def test_hot_statements_use_their_indexes(db):
    """Under a generic plan, as a long-lived connection has it, on tables with something in them."""
    files = [sys.modules[f"comptoir.identity.{name}"] for name in ("resolve", "settle", "closures", "people")]
    world = [spread(o, i) for i, o in enumerate(crowd(6, 6000))]
    async with db.transaction() as tx:
        await identity.resolve(tx, world)
    some = dict.fromkeys(("a", "b", "nodes", "people"), ints([1, 2, 3])) | {
        "sources": ints([1, 1, 1]),
        "ns": ints([1, 1, 1]),
        "values": texts(["x", "y", "z"]),
        "batches": texts(["", "", ""]),
    }
    plans = {}
    async with db.transaction() as tx:
        await tx.run("ANALYZE")
        await tx.run("SET LOCAL plan_cache_mode = force_generic_plan")
        for statement in HOT:
            sql = next(getattr(file, statement) for file in files if hasattr(file, statement))
            plans[statement] = "\n".join(await tx.values("EXPLAIN " + sql, **some))
    for statement, plan in plans.items():
        assert "Seq Scan" not in plan, (statement, plan)
        assert "Index" in plan, (statement, plan)
