"""The file of records: which columns it may have, and how it is read. Missing ones are empty; the first two must be."""

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


def read(con: duckdb.DuckDBPyConnection, path: Path) -> tuple[int, dict[str, int]]:
    """Make the table `record` of a Parquet or CSV file. How many there are; and by column how many values are of
    another kind, and were left out. `id` is a record's place in the file.

    Raises BadRecords with what to mend: not such a file, no ids, an id twice.
    """
    reader = "read_csv" if path.suffix.lower() in {".csv", ".tsv"} else "read_parquet"
    try:
        file = con.from_query(f"FROM {reader}(?)", params=[str(path)])
        file.create("given")
    except duckdb.Error as error:
        raise BadRecords(f"{path.name} cannot be read: {str(error).splitlines()[0]}") from error
    if lacking := [name for name in NEEDED if name not in file.columns]:
        raise BadRecords(f"The file needs the columns {' and '.join(NEEDED)}.", missing=lacking)
    there = [name for name in COLUMNS if name in file.columns]
    taken = ", ".join(_column(name, kind, name in there) for name, kind in COLUMNS.items())
    con.execute(f"CREATE TABLE record AS SELECT (row_number() OVER ())::INTEGER - 1 AS id, {taken} FROM given")  # noqa: S608
    unreadable = {name: lost for name in there if COLUMNS[name] != "VARCHAR" and (lost := _lost(con, name))}
    con.execute("DROP TABLE given")
    _prove(con)
    return _count(con, "SELECT count(*) FROM record"), unreadable


def _lost(con: duckdb.DuckDBPyConnection, name: str) -> int:
    return _count(con, f"SELECT (SELECT count({name}) FROM given) - (SELECT count({name}) FROM record)")  # noqa: S608


def _column(name: str, kind: str, is_there: bool) -> str:
    if not is_there:
        return f"NULL::{kind} AS {name}"
    if kind == "VARCHAR":
        return f"nullif(trim({name}::VARCHAR), '') AS {name}"
    # A date that is none is nothing that can be compared; it is not worth the record.
    return f"TRY_CAST({name} AS {kind}) AS {name}"


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
