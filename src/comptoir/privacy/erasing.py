"""Erasure, in two phases: at once nobody sees her any more; then she is taken out of everything, step by step.

    hidden → links → log → values → files → proof → done

links   her identifiers go under tombstones, and the rows that hang on them, or on her orders, do what the register says
log     events of hers are emptied in place, day by day; what others say of her is taken out
values  her values are taken out of whatever anybody may have written
files   the tables are written anew, so that old rows are not left in the files
proof   every column of every table is searched; what is found begins another round; nothing: the certificate

Each step commits and says how far it has come: a worker that dies is followed by one that goes on from there.
"""

from collections.abc import Sequence
from datetime import date
from typing import Any

import msgspec

from comptoir import identity, orders
from comptoir.kernel import log, parked
from comptoir.kernel.db import Database, Tx, ints, uuids
from comptoir.kernel.jobs import defer, task
from comptoir.kernel.register import Subject, Table, catalogue
from comptoir.privacy import certificates, past, proving
from comptoir.privacy.errors import NotDoubtful
from comptoir.privacy.records import Erasure, Phase
from comptoir.privacy.register import BY_NAME, TABLES, erase
from comptoir.privacy.values import Named

REWRITTEN_MOST = 512 * 1024 * 1024
"""Bytes of a table up to which it is written anew: nobody can use it meanwhile."""
MOST_ROUNDS = 5
AT_ONCE = 500
"""Events of the log rewritten in one transaction."""


# ---- at once


async def hide(tx: Tx, *, request_id: int, person_id: int) -> Erasure:
    """From now on nobody sees her. Erasing begins, unless somebody must say first what is hers."""
    certain, doubtful = await identity.erasing.fan_out(tx, person_id=person_id)
    nodes = [one.node_id for one in certain]
    await identity.erasing.withhold(tx, nodes={*nodes, person_id}, why="erasing")
    await tx.run(BEGIN, request_id=request_id, nodes=ints(nodes), doubtful=encoded(doubtful), now=tx.now)
    if not doubtful:
        await defer(tx, erase_person, once=f"privacy.erase:{request_id}", request_id=request_id)
    return await erasure(tx, request_id=request_id)


async def decide(tx: Tx, *, request_id: int, hers: Sequence[int], others: Sequence[int]) -> Erasure:
    """What of the doubtful identifiers is hers, and what somebody else's. Then erasing begins."""
    before = await erasure(tx, request_id=request_id)
    asked = {int(one["node_id"]) for one in before.doubtful}
    if asked != {*hers, *others} or set(hers) & set(others):
        raise NotDoubtful(doubtful=sorted(asked))
    await identity.erasing.withhold(tx, nodes=hers, why="erasing")
    await tx.run(DECIDE, request_id=request_id, hers=ints(sorted(hers)), now=tx.now)
    await defer(tx, erase_person, once=f"privacy.erase:{request_id}", request_id=request_id)
    return await erasure(tx, request_id=request_id)


async def erasure(tx: Tx, *, request_id: int) -> Erasure:
    return await tx.one(Erasure, ONE, request_id=request_id)


async def go_on(tx: Tx, *, request_id: int) -> None:
    """Once more from the links: somebody has looked why it could not end."""
    if await tx.run(ONCE_MORE, request_id=request_id, now=tx.now):
        await defer(tx, erase_person, once=f"privacy.erase:{request_id}", request_id=request_id)


ONCE_MORE = """
    UPDATE privacy.erasure SET phase = 'links', day = NULL, rounds = 0, changed_at = %(now)s
    WHERE request_id = %(request_id)s AND phase <> 'done' AND named IS NOT NULL
"""


async def erasure_if_any(tx: Tx, *, request_id: int) -> Erasure | None:
    return await tx.maybe(Erasure, ONE, request_id=request_id)


BEGIN = """
    INSERT INTO privacy.erasure (request_id, phase, nodes, doubtful, hidden_at, changed_at)
    VALUES (%(request_id)s, 'hidden', %(nodes)s::bigint[], %(doubtful)s::json, %(now)s, %(now)s)
    ON CONFLICT DO NOTHING
"""
DECIDE = """
    UPDATE privacy.erasure SET nodes = ARRAY(SELECT DISTINCT unnest(nodes || %(hers)s::bigint[]) ORDER BY 1),
        doubtful = '[]', changed_at = %(now)s
    WHERE request_id = %(request_id)s
"""
ONE = """
    SELECT request_id, phase, nodes, orders, sales, returns, doubtful, named, counts, rounds, hidden_at, changed_at
    FROM privacy.erasure WHERE request_id = %(request_id)s
"""


# ---- and then


@task("privacy.erase")
async def erase_person(db: Database, *, request_id: int) -> None:
    """Go on from where it stands, to the end. Safe to begin again at any moment, by anybody."""
    while (phase := await _step(db, request_id)) != "done":
        if phase is None:
            return
    await _leave_nothing(db)


async def _step(db: Database, request_id: int) -> Phase | None:
    """One phase; the one that comes next. None: somebody must look at it first."""
    async with db.reading() as tx:
        one = await erasure(tx, request_id=request_id)
    if one.doubtful:
        return None
    match one.phase:
        case "hidden":
            await db.within(lambda tx: _bury(tx, one))
        case "links":
            await _erase_links(db, one)
        case "log":
            await _erase_log(db, one)
        case "values":
            await _erase_values(db, one)
        case "files":
            await _rewrite_files(db, one)
        case "proof":
            return await _prove(db, one)
        case "done":
            pass
    async with db.reading() as tx:
        return (await erasure(tx, request_id=request_id)).phase


async def _bury(tx: Tx, one: Erasure) -> None:
    """Her identifiers go, and under each a tombstone, in one transaction: whoever resolves meanwhile waits for it."""
    nodes = await _all_of_hers(tx, one)
    found = await identity.erasing.graves(tx, nodes=nodes)
    subject = await orders.held_by(tx, nodes=nodes)
    await identity.erasing.bury(tx, [(node.ns, node.value) for node in found])
    for table in linked_tables():
        if table.name.startswith("identity.") or table.name in SEEN_BY:
            await _count(tx, one.request_id, table.name, await erase(tx, table, subject))
    named = Named([(node.namespace, node.value) for node in found], [str(node.key) for node in found])
    await _save(tx, one.request_id, "links", subject, named)


SEEN_BY = {"profiles.person", "profiles.name_word", "profiles.stale"}
"""By which people are found: they go together with who is found."""


async def _all_of_hers(tx: Tx, one: Erasure) -> list[int]:
    """What was joined with her since she was hidden is hers too. What is somebody else's today is parted from him."""
    await identity.erasing.exclude(tx)
    people = set((await identity.persons_of(tx, one.nodes)).values())
    for person_id in sorted(people):
        theirs = await identity.nodes_of(tx, [person_id])
        mine = {node.node_id for node in theirs}.intersection(one.nodes)
        if person_id not in one.nodes and len(mine) < len(theirs):
            await identity.splits.split(
                tx,
                key=theirs[0].key,
                nodes=sorted(mine),
                actor="privacy",
                reference=f"erasure:{one.request_id}:{person_id}",
            )
    people = set((await identity.persons_of(tx, one.nodes)).values())
    now = [node.node_id for node in await identity.nodes_of(tx, sorted(people)) if not node.shared]
    return sorted({*one.nodes, *now})


async def _erase_links(db: Database, one: Erasure) -> None:
    async with db.transaction() as tx:
        # What was under way when her identifiers went may have come since.
        since = await orders.held_by(tx, nodes=one.nodes, orders=one.orders, sales=one.sales)
        returns = sorted({*one.returns, *since.returns})
        subject = Subject(one.nodes, since.orders, since.sales, returns)
        await _save(tx, one.request_id, "links", subject, msgspec.convert(one.named, Named))
    for table in linked_tables():
        async with db.aside() as tx:
            await _count(tx, one.request_id, table.name, await erase(tx, table, subject))
    await _go_on(db, one.request_id, "log")


def linked_tables() -> list[Table]:
    """The identifiers themselves go last: by them it is known what else is hers."""
    return [one for one in TABLES if (one.erase or one.work) and one.name != "privacy.request"]


async def _erase_log(db: Database, one: Erasure) -> None:
    named = msgspec.convert(one.named, Named)
    her = past.Her(named.exact(), frozenset(one.nodes), named.everywhere())
    async with db.reading() as tx:
        days = await past.days(tx)
        done: date | None = await tx.value(DAY, request_id=one.request_id)
    for day in days:
        if done is not None and day <= done:
            continue
        async with db.reading() as tx:
            found = await past.day_of(tx, day=day, named=named, nodes=one.nodes)
        changed = past.judged(found, her)
        for start in range(0, len(changed), AT_ONCE):
            async with db.aside() as tx:
                some = await log.rewrite(tx, changed[start : start + AT_ONCE])
                await _count(tx, one.request_id, "kernel.event", some)
        async with db.aside() as tx:
            await tx.run(DAY_DONE, request_id=one.request_id, day=day)
    async with db.aside() as tx:
        await _count(tx, one.request_id, "kernel.parked_event", await parked.forget_erased(tx))
    await _go_on(db, one.request_id, "values")


DAY = "SELECT day FROM privacy.erasure WHERE request_id = %(request_id)s"
DAY_DONE = "UPDATE privacy.erasure SET day = %(day)s WHERE request_id = %(request_id)s"


async def _erase_values(db: Database, one: Erasure) -> None:
    everywhere = msgspec.convert(one.named, Named).everywhere()
    async with db.reading() as tx:
        columns = await catalogue.columns(tx)
        subject = await orders.held_by(tx, nodes=one.nodes, orders=one.orders, sales=one.sales)
    wide = "|".join(filter(None, [everywhere, numbered(subject)]))
    for table in [one for one in TABLES if one.free and one.by != "log"] if wide else []:
        pattern = wide if table.drop else everywhere
        if not pattern:
            continue
        free = table.free.split()
        some = [column for column in columns if column.table == table.name and column.name in free]
        async with db.aside() as tx:
            act = catalogue.drop_rows if table.drop else catalogue.redact
            await _count(tx, one.request_id, table.name, await act(tx, table.name, some, pattern))
    await _go_on(db, one.request_id, "files")


def numbered(subject: Subject) -> str:
    """The numbers of her orders, returns, documents and purchases, where an answer or a path names them."""
    ids = [str(one) for one in (*subject.orders, *subject.returns, *subject.documents)]
    sales = "|".join(map(str, subject.sales))
    return "|".join([*ids, *([rf'/sales/(?:{sales})(?:/|$)|"sale_id": ?(?:{sales})[,}}]'] if sales else [])])


PASSING = [one.name for one in TABLES if one.drop]
"""Rows come and go in these: one of hers may have gone by itself, and lie in the file still."""


async def _rewrite_files(db: Database, one: Erasure) -> None:
    """What was deleted lies in the files until PostgreSQL needs the room: so the tables are written anew."""
    connection = await db.connect()
    left: list[str] = []
    try:
        for name in sorted({*(name for name, rows in one.counts.items() if rows and name in BY_NAME), *PASSING}):
            left += [
                part
                for part in await catalogue.partitions(connection, name)
                if not await catalogue.rewrite(connection, part, most_bytes=REWRITTEN_MOST)
            ]
        await catalogue.forget_samples(connection)
    finally:
        await connection.close()
    async with db.transaction() as tx:
        for name in left:
            await _count(tx, one.request_id, f"not rewritten: {name}", 1)
    await _go_on(db, one.request_id, "proof")


async def _prove(db: Database, one: Erasure) -> Phase | None:
    named = msgspec.convert(one.named, Named)
    found = await proving.search(db, named=named, nodes=one.nodes)
    if found and one.rounds < MOST_ROUNDS:
        async with db.transaction() as tx:
            await tx.run(AGAIN, request_id=one.request_id, now=tx.now)
        return "links"
    async with db.transaction() as tx:
        if found:
            await tx.run(STUCK, request_id=one.request_id, answer=f"Still found in {', '.join(sorted(found))}.")
            return None
        request = BY_NAME["privacy.request"]
        await erase(tx, request, Subject(one.nodes))
        await certificates.issue(tx, one=one, searched=await catalogue.columns(tx))
        await tx.run(FINISH, request_id=one.request_id, now=tx.now)
    return "done"


async def _leave_nothing(db: Database) -> None:
    """Our own notes of her lie in old rows and in the write-ahead log: those too."""
    connection = await db.connect()
    try:
        for name in ("privacy.erasure", "privacy.request", "jobs.procrastinate_jobs"):
            await catalogue.rewrite(connection, name, most_bytes=REWRITTEN_MOST)
        await catalogue.turn_log(connection)
    finally:
        await connection.close()


AGAIN = """
    UPDATE privacy.erasure SET phase = 'links', day = NULL, rounds = rounds + 1, changed_at = %(now)s
    WHERE request_id = %(request_id)s
"""
STUCK = "UPDATE privacy.request SET state = 'waiting', answer = %(answer)s WHERE request_id = %(request_id)s"
FINISH = """
    WITH done AS (
        UPDATE privacy.erasure SET phase = 'done', named = NULL, nodes = '{}', orders = '{}', sales = '{}',
            returns = '{}', doubtful = '[]', changed_at = %(now)s
        WHERE request_id = %(request_id)s
    )
    UPDATE privacy.request SET state = 'done', closed_at = %(now)s, node_id = NULL, requester = '', verified_by = '',
        note = '', answer = ''
    WHERE request_id = %(request_id)s
"""


# ---- how far it has come


async def _save(tx: Tx, request_id: int, phase: Phase, subject: Subject, named: Named) -> None:
    await tx.run(
        SAVE,
        request_id=request_id,
        phase=phase,
        nodes=ints(subject.nodes),
        orders=uuids(subject.orders),
        sales=ints(subject.sales),
        returns=uuids(subject.returns),
        named=encoded(named),
        now=tx.now,
    )


async def _go_on(db: Database, request_id: int, phase: Phase) -> None:
    async with db.transaction() as tx:
        await tx.run(GO_ON, request_id=request_id, phase=phase, now=tx.now)


async def _count(tx: Tx, request_id: int, table: str, rows: int) -> None:
    if rows:
        await tx.run(COUNT, request_id=request_id, table=table, rows=rows, now=tx.now)


def encoded(value: Any) -> str:
    return msgspec.json.encode(value).decode()


SAVE = """
    UPDATE privacy.erasure SET phase = %(phase)s, nodes = %(nodes)s::bigint[], orders = %(orders)s::uuid[],
        sales = %(sales)s::bigint[], returns = %(returns)s::uuid[], named = %(named)s::json, changed_at = %(now)s
    WHERE request_id = %(request_id)s
"""
GO_ON = "UPDATE privacy.erasure SET phase = %(phase)s, changed_at = %(now)s WHERE request_id = %(request_id)s"
COUNT = """
    UPDATE privacy.erasure SET changed_at = %(now)s,
        counts = (counts::jsonb || jsonb_build_object(%(table)s::text,
                  coalesce((counts ->> %(table)s::text)::bigint, 0) + %(rows)s::bigint))::json
    WHERE request_id = %(request_id)s
"""
