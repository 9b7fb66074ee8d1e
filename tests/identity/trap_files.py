"""Records of a test as a file, or as the table that a file becomes."""

from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from comptoir.identity.matching import columns

SCHEMA = pa.schema(
    [(name, pa.list_(pa.string()) if kind == "VARCHAR[]" else pa.string()) for name, kind in columns.COLUMNS.items()]
)


def write(path: Path, rows: list[dict[str, Any]]) -> None:
    """As Parquet; what a row does not say is null."""
    pq.write_table(pa.Table.from_pylist([{"source": "web", **row} for row in rows], schema=SCHEMA), path)


def load(con: duckdb.DuckDBPyConnection, rows: list[dict[str, Any]]) -> None:
    """As the table `record`."""
    con.register("rows", pa.Table.from_pylist([{"source": "web", **row} for row in rows], schema=SCHEMA))
    taken = ", ".join(f"{name}::{kind} AS {name}" for name, kind in columns.COLUMNS.items())
    con.execute(f"CREATE TABLE record AS SELECT (row_number() OVER ())::INTEGER - 1 AS id, {taken} FROM rows")
