"""`kernel.folded` on a PostgreSQL before 18, which has no `casefold`: letter by letter, by Python's own foldings.

It says what Python says, and takes about ten times as long as PostgreSQL's own.
"""

import sys
from collections.abc import Iterator

import msgspec
from psycopg import AsyncConnection, sql

CASEFOLD_SINCE = 180_000
"""The first version that has it, as PostgreSQL counts."""

BY_LETTERS = sql.SQL("""
    CREATE OR REPLACE FUNCTION kernel.folded(given text) RETURNS text LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS {}
""")
BODY = """
BEGIN
    IF octet_length(given) = length(given) THEN RETURN lower(given COLLATE "C"); END IF;
    RETURN (SELECT string_agg(coalesce('%s'::jsonb ->> letter, letter), '' ORDER BY place)
            FROM string_to_table(given, NULL) WITH ORDINALITY AS text (letter, place));
END
"""


async def fold_without_casefold(connection: AsyncConnection) -> None:
    """Give `kernel.folded` a body that this server can run. Nothing happens on a newer one."""
    if connection.info.server_version < CASEFOLD_SINCE:
        await connection.execute(by_letters())


def by_letters() -> sql.Composed:
    body = BODY % msgspec.json.encode(dict(foldings())).decode()
    return BY_LETTERS.format(sql.Literal(body))


def foldings() -> Iterator[tuple[str, str]]:
    """Every letter that is another one when its case is folded."""
    for one in map(chr, range(sys.maxunicode + 1)):
        if not "\ud800" <= one <= "\udfff" and (other := one.casefold()) != one:
            yield one, other
