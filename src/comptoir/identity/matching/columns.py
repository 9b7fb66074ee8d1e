"""The file of records: which columns it may have, and how it is read. Missing ones are empty; the first two must be.

A file that names them otherwise is read through a mapping: `{"first_name": "given_name", "street": "no+road"}` (several
are joined by a space), `{"source": "=till"}` (a word for all records).
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

import duckdb

from comptoir.kernel.errors import Invalid

COLUMNS = {
    "record_id": "VARCHAR",
    "source": "VARCHAR",
    "customer_code": "VARCHAR",
    "first_name": "VARCHAR",
    "last_name": "VARCHAR",
    "email": "VARCHAR",
    "phone": "VARCHAR",
    "street": "VARCHAR",
    "postcode": "VARCHAR",
    "city": "VARCHAR",
    "country": "VARCHAR",
    "birth_date": "DATE",
    "loyalty_card": "VARCHAR",
    "device_ids": "VARCHAR[]",
    "created_at": "TIMESTAMP",
}
NEEDED = ("record_id", "source")
SHOWN = 5
"""Examples of what is wrong."""


class BadRecords(Invalid):
    """The file of records cannot be matched as it is."""

    code = "identity.bad_records"


def read(
    con: duckdb.DuckDBPyConnection, path: Path, mapping: Mapping[str, str] | None = None
) -> tuple[int, dict[str, int]]:
    """Make the table `record` of a Parquet or CSV file. How many there are; and by column how many values are of
    another kind, and were left out. `id` is a record's place in the file.

    Raises BadRecords with what to mend: not such a file, no ids, an id twice.
    """
    reader = "read_csv(?, all_varchar = true)" if path.suffix.lower() in {".csv", ".tsv"} else "read_parquet(?)"
    try:
        file = con.from_query(f"FROM {reader}", params=[str(path)])
        file.create("given")
    except duckdb.Error as error:
        raise BadRecords(f"{path.name} cannot be read: {str(error).splitlines()[0]}") from error
    there = _expressions(file.columns, mapping or {})
    if lacking := [name for name in NEEDED if name not in there]:
        raise BadRecords(f"The file needs the columns {' and '.join(NEEDED)}.", missing=lacking)
    taken = ", ".join(f"{_read(there.get(name, 'NULL'), kind)} AS {name}" for name, kind in COLUMNS.items())
    con.execute(f"CREATE TABLE record AS SELECT (row_number() OVER ())::INTEGER - 1 AS id, {taken} FROM given")  # noqa: S608
    unreadable = {
        name: lost for name, sql in there.items() if COLUMNS[name] != "VARCHAR" and (lost := _lost(con, name, sql))
    }
    con.execute("DROP TABLE given")
    _prove(con)
    return _count(con, "SELECT count(*) FROM record"), unreadable


def _expressions(found: Sequence[str], mapping: Mapping[str, str]) -> dict[str, str]:
    """SQL over `given` of each column that there is. Raises BadRecords."""
    named = {one.strip(): _quoted(one) for one in found}
    there = {name: named[name] for name in COLUMNS if name in named}
    for name, told in mapping.items():
        if name not in COLUMNS:
            raise BadRecords(f"{name} is no column of records.", columns=list(COLUMNS))
        parts = [part.strip() for part in told.split("+")]
        if told.startswith("="):
            there[name] = "'" + told[1:].replace("'", "''") + "'"
        elif lacking := [part for part in parts if part not in named]:
            raise BadRecords(f"The file has no column {', '.join(lacking)}.", columns=list(named))
        elif len(parts) == 1:
            there[name] = named[parts[0]]
        else:
            there[name] = f"concat_ws(' ', {', '.join(f'trim({named[part]}::VARCHAR)' for part in parts)})"
    return there


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _lost(con: duckdb.DuckDBPyConnection, name: str, sql: str) -> int:
    return _count(con, f"SELECT (SELECT count({sql}) FROM given) - (SELECT count({name}) FROM record)")  # noqa: S608


def _read(sql: str, kind: str) -> str:
    """A value that is none of its kind is nothing that can be compared; it is not worth the record."""
    if kind == "VARCHAR":
        return f"nullif(trim(({sql})::VARCHAR), '')"
    if kind == "DATE":
        return f"coalesce(TRY_CAST({sql} AS DATE), TRY_STRPTIME(trim(({sql})::VARCHAR), '%Y%m%d')::DATE)"
    return f"TRY_CAST({sql} AS {kind})"


def _prove(con: duckdb.DuckDBPyConnection) -> None:
    without = _count(con, "SELECT count(*) FROM record WHERE record_id IS NULL OR source IS NULL")
    if without:
        raise BadRecords(f"{without} records have no record_id or no source: give each its own.", records=without)
    twice = con.execute(
        "SELECT record_id FROM record GROUP BY record_id HAVING count(*) > 1 ORDER BY record_id LIMIT ?", [SHOWN]
    ).fetchall()
    if twice:
        raise BadRecords("A record_id is there more than once.", examples=[one for (one,) in twice])


def _count(con: duckdb.DuckDBPyConnection, sql: str) -> int:
    found = con.execute(sql).fetchone()
    return int(found[0]) if found else 0
