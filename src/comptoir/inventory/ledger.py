"""The only writer of the stock: a batch of acts in one transaction.

Lock the balances of all of them in key order; look at what is promised, with a snapshot taken after the locks; judge
one act after the other in plain Python (book.py); write everything with one statement. So nothing is promised twice,
two batches never wait for each other crosswise, and a crowd at one article costs no more than one at many.

The statements join nothing to a table that grows: a plan that was made while it was empty would read all of it.
"""

from collections.abc import Collection, Iterable, Sequence
from typing import Any, LiteralString

import msgspec

from comptoir.inventory.book import Book, keys_of
from comptoir.inventory.events import ShortageEnded, ShortageFound
from comptoir.inventory.records import Act, Allocate, Answer, HandOver, Hold, Key, Reallocate, Release, is_inside
from comptoir.inventory.stock import Promise, Share, Stock
from comptoir.inventory.waiting import freed, tell
from comptoir.kernel.db import Tx, ints, rows, texts
from comptoir.kernel.errors import Refusal
from comptoir.kernel.log import Fact


async def post(tx: Tx, acts: Sequence[Act]) -> list[Answer | Refusal]:
    """Do every act or refuse it, first come, first served; the answers are in the same order.

    Safe to repeat: under the same reference the same units are promised once. Raises what `Database.within` tries
    again when another process has just used one of the references for the first time.
    """
    keys = {key for act in acts for key in keys_of(act)}
    references = {act.reference for act in acts if isinstance(act, Hold | Allocate | Reallocate | Release | HandOver)}
    book, found = await _look(tx, keys, references)
    answers = [book.judge(act) for act in acts]
    expired: list[tuple[int, int, int]] = []
    if book.short and (expired := await _expire(tx, book.short)):
        book, found = await _look(tx, keys, references)
        answers = [book.judge(act) for act in acts]
    await _write(tx, book, found)
    await tell(tx, freed(book.entries, expired))
    return answers


async def done(tx: Tx, acts: Sequence[Act]) -> list[Answer]:
    """Do them all, or raise the first refusal: for who posts alone."""
    answers: list[Answer] = []
    for answer in await post(tx, acts):
        if isinstance(answer, Refusal):
            raise answer
        answers.append(answer)
    return answers


async def give_back(tx: Tx, keys: Collection[Key]) -> int:
    """Give back what was held too long of these variants at these locations; returns how many lines."""
    if not keys:
        return 0
    await _lock(tx, keys, set())
    expired = await _expire(tx, keys)
    await tell(tx, freed([], expired))
    return len(expired)


# ---- look


class Found(msgspec.Struct):
    """How the book was when it was opened."""

    lines: dict[str, int]
    """One more than the highest line under each reference. Those below may be gone: they were given back alone."""
    short: set[Key]
    """Where more was promised than lay there."""


async def _look(tx: Tx, keys: set[Key], references: set[str]) -> tuple[Book, Found]:
    """The balances, locked, and what is promised there. The second statement sees what the first one waited for:
    each has a snapshot of its own.
    """
    while True:
        asked = _keyed(keys, references)
        balances, promised = await tx.together((LOCK, asked), (LOOK, asked))
        stock = _stock(balances)
        if absent := _absent(keys, stock):
            await _open(tx, absent)
            continue
        promises: dict[str, Promise] = {}
        lines: dict[str, int] = {}
        for reference, line, variant, location, quantity, fenced, channel, expires_at in promised:
            key = (variant, location)
            if reference is not None:
                promise = promises.setdefault(reference, Promise({}, expires_at, channel))
                lines[reference] = max(lines.get(reference, 0), line + 1)
                promise.shares[key] = Share(quantity, fenced)
            elif key in stock:
                stock[key].fences = {**stock[key].fences, channel: quantity}
        # A reference may have got other goods since its keys were looked up.
        if not (more := {key for one in promises.values() for key in one.shares} - stock.keys()):
            break
        keys = keys | more
    found = Found(lines, {key for key, one in stock.items() if one.missing})
    return Book(stock, promises, tx.now), found


async def opened(tx: Tx, keys: set[Key], references: set[str] | None = None) -> dict[Key, Stock]:
    """Lock these balances, and those promised under the references; make those that never were."""
    stock = await _lock(tx, keys, references or set())
    if absent := _absent(keys, stock):
        await _open(tx, absent)
        stock = await _lock(tx, keys, references or set())
    return stock


def _absent(keys: set[Key], stock: dict[Key, Stock]) -> list[Key]:
    return sorted(key for key in keys - stock.keys() if is_inside(key[1]))


async def _open(tx: Tx, absent: Sequence[Key]) -> None:
    variants, locations = zip(*absent, strict=True)
    await tx.run(HEARD, variants=ints(sorted(set(variants))))
    await tx.run(OPEN, variants=ints(variants), locations=ints(locations))


async def _lock(tx: Tx, keys: Iterable[Key], references: set[str]) -> dict[Key, Stock]:
    return _stock(await tx.tuples(LOCK, **_keyed(keys, references)))


def _keyed(keys: Iterable[Key], references: set[str]) -> dict[str, Any]:
    ordered = sorted(keys)
    return {
        "references": texts(references),
        "variants": ints(variant for variant, _ in ordered),
        "locations": ints(location for _, location in ordered),
    }


def _stock(balances: Iterable[tuple[Any, ...]]) -> dict[Key, Stock]:
    return {(variant, location): Stock(*balance) for variant, location, *balance in balances}


KEYS: LiteralString = """
    SELECT variant_id, location_id FROM unnest(%(variants)s::bigint[], %(locations)s::smallint[])
        AS k (variant_id, location_id)
    UNION SELECT variant_id, location_id FROM inventory.promise WHERE reference = ANY(%(references)s::text[])
"""
# The order of the keys is the order of the locks: LATERAL pins it.
LOCK: LiteralString = f"""
    SELECT b.variant_id, b.location_id, b.sellable, b.display, b.damaged, b.quarantine, b.held, b.allocated, b.safety
    FROM ({KEYS} ORDER BY 1, 2) AS k CROSS JOIN LATERAL (
        SELECT b.variant_id, b.location_id, b.sellable, b.display, b.damaged, b.quarantine, b.held, b.allocated,
               coalesce(b.safety, (SELECT l.safety FROM inventory.location AS l WHERE l.location_id = b.location_id))
                   AS safety
        FROM inventory.balance AS b
        WHERE b.variant_id = k.variant_id AND b.location_id = k.location_id
        FOR NO KEY UPDATE
    ) AS b
"""  # noqa: S608

# Whoever asks for an article anywhere locks its balances; one that never was cannot be locked (waiting.ask).
HEARD = """
    SELECT pg_advisory_xact_lock_shared(hashtext('inventory.location'), 0),
           pg_advisory_xact_lock_shared(hashtext('inventory.ask'), hashint8(v))
    FROM unnest(%(variants)s::bigint[]) AS v ORDER BY v
"""

OPEN = """
    INSERT INTO inventory.balance (variant_id, location_id)
    SELECT * FROM unnest(%(variants)s::bigint[], %(locations)s::smallint[]) ON CONFLICT DO NOTHING
"""

LOOK: LiteralString = f"""
    SELECT reference, line, variant_id, location_id, quantity, fenced, channel, expires_at
    FROM inventory.promise WHERE reference = ANY(%(references)s::text[])
    UNION ALL
    SELECT NULL, 0, f.variant_id, f.location_id, f.quantity, 0, f.channel, NULL
    FROM ({KEYS}) AS k CROSS JOIN LATERAL (
        SELECT f.* FROM inventory.fence AS f WHERE f.variant_id = k.variant_id AND f.location_id = k.location_id
    ) AS f
"""  # noqa: S608


async def _expire(tx: Tx, keys: Iterable[Key]) -> list[tuple[int, int, int]]:
    """Give back overdue holds, only at balances that are locked: a hold that loses a line so keeps the others.

    Returns what has come free for everybody, by variant and location, hold by hold.
    """
    ordered = sorted(keys)
    expired = await tx.tuples(
        EXPIRE,
        variants=ints(variant for variant, _ in ordered),
        locations=ints(location for _, location in ordered),
        now=tx.now,
    )
    if expired:
        await _shortages(tx, ordered)
    return expired


EXPIRE = """
    WITH overdue AS (
        DELETE FROM inventory.promise AS p
        WHERE (p.reference, p.line) IN (
            SELECT o.reference, o.line
            FROM unnest(%(variants)s::bigint[], %(locations)s::smallint[]) AS k (variant_id, location_id)
            CROSS JOIN LATERAL (
                SELECT reference, line FROM inventory.promise AS p
                WHERE p.variant_id = k.variant_id AND p.location_id = k.location_id AND p.expires_at <= %(now)s
            ) AS o)
        RETURNING p.reference, p.variant_id, p.location_id, p.quantity, p.fenced, p.channel
    ), freed AS (
        INSERT INTO inventory.balance AS b (variant_id, location_id, held)
        SELECT variant_id, location_id, sum(quantity) FROM overdue GROUP BY 1, 2
        ON CONFLICT (variant_id, location_id) DO UPDATE SET held = b.held - excluded.held
    ), fenced AS (
        INSERT INTO inventory.fence AS f (variant_id, location_id, channel, quantity)
        SELECT variant_id, location_id, channel, sum(fenced) FROM overdue WHERE fenced > 0 GROUP BY 1, 2, 3
        ON CONFLICT (variant_id, location_id, channel) DO UPDATE SET quantity = f.quantity + excluded.quantity
    ), entered AS (
        INSERT INTO inventory.entry (variant_id, location_id, d_held, act, reference, occurred_at, recorded_at)
        SELECT variant_id, location_id, -quantity, 'expire', reference, %(now)s, %(now)s FROM overdue
    )
    SELECT variant_id, location_id, quantity - fenced FROM overdue
"""

# ---- write


class _Balance(msgspec.Struct):
    variant_id: int
    location_id: int
    sellable: int
    display: int
    damaged: int
    quarantine: int
    held: int
    allocated: int


class _Line(msgspec.Struct):
    reference: str
    line: int
    variant_id: int
    location_id: int
    quantity: int
    fenced: int
    channel: str
    expires_at: Any
    is_new: bool


async def _write(tx: Tx, book: Book, found: Found) -> None:
    if not book.entries and not book.told:
        return
    lines: list[_Line] = []
    shrunk: list[str] = []
    gone: list[str] = []
    for reference in book.told:
        promise = book.promises.get(reference)
        shares = promise.shares if promise else {}
        for number, (key, share) in enumerate(shares.items()):
            assert promise
            is_new = reference not in found.lines
            lines.append(
                _Line(
                    reference, number, *key, share.quantity, share.fenced, promise.channel, promise.expires_at, is_new
                )
            )
        if (had := found.lines.get(reference, 0)) > len(shares):
            shrunk.append(reference)
            gone += [f"{reference} {number}" for number in range(len(shares), had)]
    balances = [
        _Balance(*key, s.sellable, s.display, s.damaged, s.quarantine, s.held, s.allocated)
        for key in sorted(book.touched)
        for s in (book.stock[key],)
    ]
    tx.later(
        WRITE,
        rival="promise_pkey",  # somebody else has promised other goods under the same new reference
        entries=rows(book.entries),
        balances=rows(balances),
        lines=rows(lines),
        shrunk=texts(shrunk),
        gone=texts(gone),
        now=tx.now,
    )
    if book.fences:
        left = [[*key, book.stock[key[:2]].fences[key[2]]] for key in sorted(book.fences)]
        tx.later(FENCES, fences=rows(left))
    await _shortages(tx, [key for key in book.touched if key in found.short or book.stock[key].missing])


# A promise under a new reference must be the only one; so its insert has no ON CONFLICT.
WRITE = """
    WITH entry AS (
        INSERT INTO inventory.entry (variant_id, location_id, state, moved, other_location_id, other_state, d_held,
            d_allocated, act, reason, reference, actor, occurred_at, recorded_at)
        SELECT variant_id, location_id, state, moved, other_location_id, other_state, d_held, d_allocated, act, reason,
               reference, actor, occurred_at, %(now)s
        FROM json_to_recordset(%(entries)s::json) AS e (variant_id bigint, location_id smallint, state text,
            moved integer, other_location_id smallint, other_state text, d_held integer, d_allocated integer, act text,
            reason text, reference text, actor text, occurred_at timestamptz)
    ), balance AS (
        INSERT INTO inventory.balance AS b
            (variant_id, location_id, sellable, display, damaged, quarantine, held, allocated)
        SELECT * FROM json_to_recordset(%(balances)s::json) AS b (variant_id bigint, location_id smallint,
            sellable integer, display integer, damaged integer, quarantine integer, held integer, allocated integer)
        ON CONFLICT (variant_id, location_id) DO UPDATE SET sellable = excluded.sellable, display = excluded.display,
            damaged = excluded.damaged, quarantine = excluded.quarantine, held = excluded.held,
            allocated = excluded.allocated
    ), line AS MATERIALIZED (
        SELECT * FROM json_to_recordset(%(lines)s::json) AS l (reference text, line smallint, variant_id bigint,
            location_id smallint, quantity integer, fenced integer, channel text, expires_at timestamptz,
            is_new boolean)
    ), made AS (
        INSERT INTO inventory.promise
            (reference, line, variant_id, location_id, quantity, fenced, channel, expires_at)
        SELECT reference, line, variant_id, location_id, quantity, fenced, channel, expires_at
        FROM line WHERE is_new
    ), changed AS (
        INSERT INTO inventory.promise
            (reference, line, variant_id, location_id, quantity, fenced, channel, expires_at)
        SELECT reference, line, variant_id, location_id, quantity, fenced, channel, expires_at
        FROM line WHERE NOT is_new
        ON CONFLICT (reference, line) DO UPDATE SET variant_id = excluded.variant_id,
            location_id = excluded.location_id, quantity = excluded.quantity, fenced = excluded.fenced,
            channel = excluded.channel, expires_at = excluded.expires_at
    )
    DELETE FROM inventory.promise
    WHERE reference = ANY(%(shrunk)s::text[]) AND reference || ' ' || line = ANY(%(gone)s::text[])
"""

FENCES = """
    UPDATE inventory.fence AS f SET quantity = (k ->> 3)::integer
    FROM json_array_elements(%(fences)s::json) AS k
    WHERE f.variant_id = (k ->> 0)::bigint AND f.location_id = (k ->> 1)::smallint AND f.channel = k ->> 2
"""


async def _shortages(tx: Tx, keys: Iterable[Key]) -> None:
    """Keep what is missing at these balances, and tell those above of what has changed."""
    if not (ordered := sorted(keys)):
        return
    changed = await tx.tuples(
        SHORTAGES,
        variants=ints(variant for variant, _ in ordered),
        locations=ints(location for _, location in ordered),
        now=tx.now,
    )
    facts: list[Fact] = [
        ShortageFound(variant_id=variant, location_id=location, missing=missing)
        if missing
        else ShortageEnded(variant_id=variant, location_id=location)
        for variant, location, missing in changed
    ]
    await tx.tell(*facts)


SHORTAGES = """
    WITH place AS MATERIALIZED (
        SELECT b.*
        FROM unnest(%(variants)s::bigint[], %(locations)s::smallint[]) AS k (variant_id, location_id)
        CROSS JOIN LATERAL (
            SELECT b.variant_id, b.location_id, greatest(b.held + b.allocated - greatest(b.sellable, 0), 0) AS missing
            FROM inventory.balance AS b WHERE b.variant_id = k.variant_id AND b.location_id = k.location_id
        ) AS b
    ), kept AS (
        INSERT INTO inventory.shortage AS s (variant_id, location_id, missing, since)
        SELECT variant_id, location_id, missing, %(now)s FROM place WHERE missing > 0
        ON CONFLICT (variant_id, location_id) DO UPDATE SET missing = excluded.missing
        WHERE s.missing <> excluded.missing
        RETURNING variant_id, location_id, missing
    ), gone AS (
        DELETE FROM inventory.shortage
        WHERE (variant_id, location_id) IN (SELECT variant_id, location_id FROM place WHERE missing = 0)
        RETURNING variant_id, location_id, 0
    )
    SELECT * FROM kept UNION ALL SELECT * FROM gone
"""
