"""Rows of a file as plain dictionaries: CSV, NDJSON (one JSON object a line) or Parquet, told by the file's name."""

import csv
import importlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from comptoir.kernel.errors import Invalid

BATCH = 5_000


def rows(path: Path) -> Iterator[dict[str, Any]]:
    """Every row. An empty cell of a CSV is left out; one that begins with { or [ is read as JSON."""
    if not path.exists():
        raise Invalid(f"There is no file {path}.")
    match path.suffix.lower():
        case ".csv":
            yield from csv_rows(path)
        case ".ndjson" | ".jsonl":
            yield from ndjson_rows(path)
        case ".parquet":
            yield from parquet_rows(path)
        case _:
            raise Invalid(f"{path.name}: name it .csv, .ndjson or .parquet.")


def csv_rows(path: Path) -> Iterator[dict[str, Any]]:
    with path.open(newline="", encoding="utf-8-sig") as file:
        for row in csv.DictReader(file):
            yield {name: cell(text) for name, text in row.items() if name and text not in (None, "")}


def cell(text: str) -> Any:
    if text[0] not in "[{":
        return text
    try:
        return msgspec.json.decode(text)
    except msgspec.DecodeError:
        return text


def ndjson_rows(path: Path) -> Iterator[dict[str, Any]]:
    with path.open("rb") as file:
        for number, line in enumerate(file, 1):
            if line.strip():
                try:
                    yield msgspec.json.decode(line, type=dict[str, Any])
                except (msgspec.MsgspecError, UnicodeDecodeError) as error:
                    raise Invalid(f"{path.name}, line {number}: {error}") from error


def parquet_rows(path: Path) -> Iterator[dict[str, Any]]:
    parquet: Any = importlib.import_module("pyarrow.parquet")
    with parquet.ParquetFile(path) as file:
        for batch in file.iter_batches(BATCH):
            for row in batch.to_pylist():
                yield {name: value for name, value in row.items() if value is not None}


def count(path: Path) -> int | None:
    """How many rows there are, where that is quickly known."""
    if path.suffix.lower() == ".parquet":
        parquet: Any = importlib.import_module("pyarrow.parquet")
        return parquet.read_metadata(path).num_rows
    with path.open("rb") as file:
        lines = sum(block.count(b"\n") for block in iter(lambda: file.read(1 << 20), b""))
    return lines - 1 if path.suffix.lower() == ".csv" else lines
