"""Which pairs are worth comparing: those that share a key. Exact values, and joints of weaker ones, so that pairs with
no field in common but what a person remembers of herself are found too.

A key that more than `MOST` records share tells nothing, and would cost its square.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import duckdb

MOST = 30
"""Records of one key."""

KEYS = (
    "email",
    "local",
    "phone",
    "card",
    "code",
    "right(phone, 7)",
    "first || last || coalesce(postcode, '')",
    "least(first, last) || '/' || greatest(first, last)",
    "last || '/' || left(first, 1)",
    "sounds(last) || '/' || left(first, 3)",
    "last || '/' || left(first, 1) || department",
    "first || '/' || postcode || number",
    "street || number || postcode",
    "street || number || left(last, 3)",
    "birth::VARCHAR || left(last, 2)",
    "birth::VARCHAR || left(first, 3)",
    "sounds(last) || left(first, 3) || department",
    "left(last, 4) || first || left(postcode, 3)",
    "last || street",
    "last || right(phone, 6)",
    "first || last || birth::VARCHAR",
)
"""SQL over `clean`; one that is null is none."""

HEARD = (
    ("eau|au", "o"), ("ph", "f"), ("ck|qu|q|c", "k"), ("ain|ein|yn|in", "1"), ("an|en|am|em", "2"), ("th", "t"),
    ("[yhe]", "i"), ("z", "s"), ("d$|t$|s$|x$", ""),
    *((f"{letter}+", letter) for letter in "fiklmnoprst"),
)  # fmt: skip
"""What French and English ears hear alike: written alike, doubled letters once, silent ends away."""


def _heard(column: str) -> str:
    for pattern, sound in HEARD:
        column = f"regexp_replace({column}, '{pattern}', '{sound}', 'g')"
    return column


SOUNDS = f"CREATE OR REPLACE MACRO sounds(x) AS left({_heard('x')}, 6)"

KEY = """
    CREATE OR REPLACE TABLE key AS
    SELECT hash(kind, value) AS key, id FROM ({keys}) WHERE value IS NOT NULL AND value <> '' GROUP BY ALL
"""

PAIR = f"""
    CREATE OR REPLACE TABLE pair AS
    WITH block AS (SELECT key FROM key GROUP BY key HAVING count(*) BETWEEN 2 AND {MOST}),
    shared AS (SELECT key, id FROM key SEMI JOIN block USING (key))
    SELECT DISTINCT a.id AS a, b.id AS b FROM shared AS a JOIN shared AS b ON a.key = b.key AND a.id < b.id
"""  # noqa: S608  constants


def pair(con: "duckdb.DuckDBPyConnection") -> int:
    """Make `key` and `pair` (a < b) of `clean`; returns how many pairs there are."""
    con.execute(SOUNDS)
    each = [f"SELECT {number} AS kind, {sql} AS value, id FROM clean" for number, sql in enumerate(KEYS)]  # noqa: S608
    each.append(f"SELECT {len(KEYS)}, unnest(devices), id FROM clean")  # noqa: S608  a number
    con.execute(KEY.format(keys=" UNION ALL ".join(each)))
    con.execute(PAIR)
    found = con.execute("SELECT count(*) FROM pair").fetchone()
    return int(found[0]) if found else 0
