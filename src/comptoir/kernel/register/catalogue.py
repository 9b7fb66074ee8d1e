"""The database's own catalogue: which tables and columns there are, whoever has declared them. And what is done to any
table by name, since its package has said so in the register.
"""

from collections.abc import Sequence
from typing import Any

import msgspec
from psycopg import AsyncConnection, errors, sql

from comptoir.kernel.db import Tx

PLACE = "[erased]"


class Column(msgspec.Struct, frozen=True):
    """A column in which words may stand."""

    table: str
    name: str
    type: str


async def columns(tx: Tx) -> list[Column]:
    """All columns of text, JSON, bytes and addresses; a partitioned table stands for its partitions."""
    return await tx.many(Column, COLUMNS)


async def links(tx: Tx) -> list[Column]:
    """All columns that name a node or a person by number."""
    return await tx.many(Column, LINKS)


COLUMNS = """
    SELECT n.nspname || '.' || c.relname AS "table", a.attname::text AS name,
           format_type(a.atttypid, -1) AS type
    FROM pg_attribute AS a JOIN pg_class AS c ON c.oid = a.attrelid JOIN pg_namespace AS n ON n.oid = c.relnamespace
    JOIN pg_type AS t ON t.oid = a.atttypid LEFT JOIN pg_type AS e ON e.oid = t.typelem AND t.typcategory = 'A'
    WHERE c.relkind IN ('r', 'p', 'm') AND NOT c.relispartition AND a.attnum > 0 AND NOT a.attisdropped
      AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
      AND coalesce(e.typname, t.typname) IN ('text', 'varchar', 'bpchar', 'json', 'jsonb', 'bytea', 'inet', 'cidr',
                                             'xml', 'hstore', 'citext')
    ORDER BY 1, a.attnum
"""
LINKS = """
    SELECT n.nspname || '.' || c.relname AS "table", a.attname::text AS name, format_type(a.atttypid, -1) AS type
    FROM pg_attribute AS a JOIN pg_class AS c ON c.oid = a.attrelid JOIN pg_namespace AS n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'p', 'm') AND NOT c.relispartition AND a.attnum > 0 AND NOT a.attisdropped
      AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema' AND a.attname IN ('node_id', 'person_id')
    ORDER BY 1, a.attnum
"""


def written(column: Column) -> sql.Composable:
    """A column as text; bytes as they can be read."""
    name = sql.Identifier(column.name)
    if column.type == "bytea":
        return sql.SQL("encode({}, 'escape')").format(name)
    return sql.SQL("{}::text").format(name)


def of(table: str) -> sql.Identifier:
    return sql.Identifier(*table.split("."))


async def found(tx: Tx, table: str, some: Sequence[Column], pattern: str) -> int:
    """In how many rows of the table the pattern is found, in any of these columns."""
    where = sql.SQL(" OR ").join(sql.SQL("{} ~* {}").format(written(one), sql.Literal(pattern)) for one in some)
    query = sql.SQL("SELECT count(*) FROM {} WHERE {}").format(of(table), where)
    return (await _fetch(tx, query))[0][0]


async def linked(tx: Tx, column: Column, nodes: Sequence[int]) -> int:
    """How many rows name one of these nodes."""
    query = sql.SQL("SELECT count(*) FROM {} WHERE {} = ANY({})").format(
        of(column.table), sql.Identifier(column.name), sql.Literal(list(nodes))
    )
    return (await _fetch(tx, query))[0][0]


async def drop_rows(tx: Tx, table: str, some: Sequence[Column], pattern: str) -> int:
    """Delete the rows in which the pattern stands."""
    where = sql.SQL(" OR ").join(sql.SQL("{} ~* {}").format(written(one), sql.Literal(pattern)) for one in some)
    await tx.send()
    return (await tx.connection.execute(sql.SQL("DELETE FROM {} WHERE {}").format(of(table), where))).rowcount


async def redact(tx: Tx, table: str, some: Sequence[Column], pattern: str) -> int:
    """Take what the pattern finds out of these columns."""
    await tx.send()
    touched = 0
    for one in some:
        name, text = sql.Identifier(one.name), written(one)
        query = sql.SQL("UPDATE {} SET {} = {} WHERE {} ~* {}").format(
            of(table), name, _without(one, text, pattern), text, sql.Literal(pattern)
        )
        touched += (await tx.connection.execute(query)).rowcount
    return touched


def _without(column: Column, text: sql.Composable, pattern: str) -> sql.Composable:
    if column.type == "bytea":
        return sql.SQL("''::bytea")
    # In JSON a number may be meant: 0 is a value as well as a word.
    place = "0" if column.type in {"json", "jsonb"} else PLACE
    cleaned = sql.SQL("regexp_replace({}, {}, {}, 'gi')").format(text, sql.Literal(pattern), sql.Literal(place))
    return sql.SQL("({})::{}").format(cleaned, TYPES[column.type])


TYPES = {
    "text": sql.SQL("text"),
    "character varying": sql.SQL("varchar"),
    "character": sql.SQL("bpchar"),
    "json": sql.SQL("json"),
    "jsonb": sql.SQL("jsonb"),
    "text[]": sql.SQL("text[]"),
}


async def rewrite(connection: AsyncConnection[Any], table: str, *, most_bytes: int) -> bool:
    """Write the table anew, so that nothing of old rows is left in its files; a large one is only vacuumed, and False
    is returned: PostgreSQL overwrites what is free as it needs the room.
    """
    size = await connection.execute("SELECT pg_total_relation_size(%s::regclass)", [table])
    ((bytes_,),) = await size.fetchall()
    full = bytes_ <= most_bytes
    how = sql.SQL("VACUUM (FULL, ANALYZE) {}") if full else sql.SQL("VACUUM (ANALYZE) {}")
    await connection.execute(how.format(of(table)))
    return full


async def partitions(connection: AsyncConnection[Any], table: str) -> list[str]:
    """Its partitions by name, or itself."""
    found = await connection.execute(
        "SELECT i.inhrelid::regclass::text FROM pg_inherits AS i WHERE i.inhparent = %s::regclass ORDER BY 1", [table]
    )
    return [name for (name,) in await found.fetchall()] or [table]


async def _fetch(tx: Tx, query: sql.Composed) -> list[tuple[Any, ...]]:
    await tx.send()
    return await (await tx.connection.execute(query)).fetchall()


async def turn_log(connection: AsyncConnection[Any]) -> bool:
    """Begin a new file of the write-ahead log and let go of those before it. False: this role may not; then they are
    let go of by themselves, at the server's next checkpoints.
    """
    try:
        await connection.execute("SELECT pg_switch_wal()")
        await connection.execute("CHECKPOINT")
    except errors.InsufficientPrivilege:
        return False
    return True


async def forget_samples(connection: AsyncConnection[Any]) -> bool:
    """The planner's statistics hold samples of values: those of before go with the rows of before."""
    try:
        await connection.execute("VACUUM (FULL) pg_catalog.pg_statistic")
    except errors.InsufficientPrivilege:
        return False
    return True
