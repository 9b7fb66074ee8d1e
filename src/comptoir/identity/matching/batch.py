"""`comptoir identity match`: who is one person in a file of records, from the file to the file."""

import gc
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import duckdb
import msgspec
import numpy as np

from comptoir.identity.matching import candidates, cleaning, columns, training
from comptoir.identity.matching.clustering import Clustering
from comptoir.identity.matching.comparisons import CONFLICTS, FIELDS, Clean, levels_sql
from comptoir.identity.matching.model import Model

STEPS = ("read", "clean", "pair", "train", "compare", "group", "write")
Tell = Callable[[str], None]
"""Told the name of each step when it begins."""
BLOCK = 10_000
LEAST = -6.0
"""Bits of a pair that is worth keeping: those below never join anything."""


class Matched(msgspec.Struct, frozen=True):
    """What came of it."""

    records: int
    pairs: int
    persons: int
    households: int
    model: Model
    unreadable: dict[str, int]
    """By column: values that are no dates, no lists; they were left out."""


def match(
    source: Path,
    target: Path,
    *,
    mapping: Mapping[str, str] | None = None,
    model: Model | None = None,
    tell: Tell = lambda _: None,
) -> Matched:
    """Read the records (through a mapping of columns), learn the weights unless a model is given, and write `record_id,
    person_id, household_id, confidence` in the order of the file. Raises BadRecords.

    A person is named by the least of its record ids, a household by the least of its persons.
    """
    with duckdb.connect() as con:
        tell("read")
        records, unreadable = columns.read(con, source, mapping)
        tell("clean")
        cleaning.clean(con)
        tell("pair")
        pairs = candidates.pair(con)
        if model is None:
            tell("train")
            model = training.train(con)
        tell("compare")
        compare(con, model)
        con.execute("DROP TABLE key; DROP TABLE pair")
        tell("group")
        persons = group(con, model)
        households(con, persons)
        tell("write")
        try:
            con.execute(WRITE, [str(target)])
        except duckdb.IOException as error:
            raise OSError(f"{target} cannot be written: {str(error).splitlines()[0]}") from error
        found = con.execute("SELECT count(DISTINCT person_id), count(DISTINCT household_id) FROM answer").fetchone()
        assert found
        return Matched(records, pairs, found[0], found[1], model, unreadable)


def compare(con: duckdb.DuckDBPyConnection, model: Model) -> None:
    """Make `scored`: of each pair that is worth keeping the bits, and whether the first names conflict."""
    sides = ", ".join(f"{side}.{field} AS {field}_{side}" for side in ("l", "r") for field in FIELDS)
    shares = ", ".join(f"{what}_share_{side}" for what in ("first", "last", "place") for side in ("l", "r"))
    conflicts = ", ".join(map(str, sorted(CONFLICTS)))
    con.execute(f"""
        CREATE OR REPLACE TABLE scored AS
        FROM (SELECT a, b, {model.sql()} AS bits, name IN ({conflicts}) AS conflicts FROM (
            SELECT a, b, {levels_sql()}, {shares} FROM (
                SELECT a, b, {sides} FROM pair JOIN clean AS l ON l.id = a JOIN clean AS r ON r.id = b)))
        WHERE bits >= {LEAST}
    """)  # noqa: S608  names of columns and numbers


def group(con: duckdb.DuckDBPyConnection, model: Model) -> Sequence[int]:
    """The person of each record, as the place of one of its records."""
    found = con.execute(f"SELECT {', '.join(FIELDS)} FROM clean ORDER BY id")  # noqa: S608  names of columns
    records: list[Clean] = []
    while rows := found.fetchmany(BLOCK):  # all of them as rows and as records would be a gigabyte more
        records += [Clean(*row) for row in rows]
    pairs = con.execute("SELECT a, b FROM scored ORDER BY bits DESC, a, b")
    ordered: dict[str, Any] = pairs.fetchnumpy()  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]
    collects = gc.isenabled()
    gc.disable()  # nothing here is a cycle, and looking for them among millions of records costs as much as the work
    try:
        return Clustering(records, model).run(ordered["a"].tolist(), ordered["b"].tolist())
    finally:
        if collects:
            gc.enable()


def households(con: duckdb.DuckDBPyConnection, persons: Sequence[int]) -> None:
    """Make `answer`. People of one household share an e-mail, or a last name and a home or a telephone."""
    _register(con, "person", id=np.arange(len(persons)), person=np.asarray(persons))
    con.execute(HOME)
    links = con.execute("SELECT a, b FROM home").fetchall()
    home = _closed(links)
    _register(
        con, "house", person=np.asarray(sorted(home), dtype=np.int64),
        household=np.asarray([home[one] for one in sorted(home)], dtype=np.int64),
    )  # fmt: skip
    con.execute(ANSWER)


def _register(con: duckdb.DuckDBPyConnection, name: str, **arrays: Any) -> None:
    con.register("arrays", arrays)
    con.execute(f"CREATE OR REPLACE TABLE {name} AS FROM arrays")
    con.unregister("arrays")


def _closed(links: Sequence[tuple[int, int]]) -> dict[int, int]:
    """To each that is linked, the least of all that hang together with it."""
    of: dict[int, int] = {}

    def root(one: int) -> int:
        while (up := of.setdefault(one, one)) != one:
            of[one] = of[up]
            one = up
        return one

    for one, other in links:
        a, b = root(one), root(other)
        of[max(a, b)] = min(a, b)
    return {one: root(one) for one in of}


HOME = f"""
    CREATE OR REPLACE TABLE home AS
    WITH value AS (
        SELECT DISTINCT person, kind, value FROM (
            SELECT person, 1 AS kind, concat_ws('/', last, street, number, postcode) AS value
            FROM clean JOIN person USING (id) WHERE last || street || number || postcode IS NOT NULL
            UNION ALL SELECT person, 2, email FROM clean JOIN person USING (id)
            UNION ALL SELECT person, 3, last || '/' || phone FROM clean JOIN person USING (id)
        ) WHERE value IS NOT NULL
    )
    SELECT DISTINCT min(person) OVER same AS a, person AS b FROM value
    WINDOW same AS (PARTITION BY kind, value)
    QUALIFY count(*) OVER same BETWEEN 2 AND {cleaning.CROWD}
"""  # noqa: S608  a number

# Of a record that is with others: how sure its best pair among them is. Of one that is alone: that none fits outside.
ANSWER = """
    CREATE OR REPLACE TABLE answer AS
    WITH probable AS (
        SELECT one.id, max(1 / (1 + pow(2, -one.bits))) FILTER (WHERE p.person = q.person) AS inside,
               max(1 / (1 + pow(2, -one.bits))) FILTER (WHERE p.person <> q.person AND NOT one.conflicts) AS outside
        FROM (SELECT a AS id, b AS other, bits, conflicts FROM scored
              UNION ALL SELECT b, a, bits, conflicts FROM scored) AS one
        JOIN person AS p ON p.id = one.id JOIN person AS q ON q.id = one.other GROUP BY one.id
    ), named AS (
        SELECT r.id, r.record_id, min(r.record_id) OVER (PARTITION BY p.person) AS person_id,
               coalesce(h.household, p.person) AS household, count(*) OVER (PARTITION BY p.person) AS size
        FROM record AS r JOIN person AS p USING (id) LEFT JOIN house AS h USING (person)
    )
    SELECT n.id, n.record_id, n.person_id, min(n.person_id) OVER (PARTITION BY n.household) AS household_id,
           round(CASE WHEN n.size > 1 THEN coalesce(o.inside, 0.5) ELSE 1 - coalesce(o.outside, 0) END, 4) AS confidence
    FROM named AS n LEFT JOIN probable AS o USING (id)
"""
WRITE = "COPY (SELECT record_id, person_id, household_id, confidence FROM answer ORDER BY id) TO ? (FORMAT parquet)"
