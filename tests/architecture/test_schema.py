"""The tables as they are now (schema.sql of each package) are what all migrations together make."""

import os
import subprocess
from pathlib import Path

import psycopg
import pytest

import comptoir
from comptoir.kernel.postgres import binaries
from conftest import recreate, url_of

SRC = Path(comptoir.__file__).parent
LAYERS = [
    "kernel",
    "channels",
    "ingest",
    "identity",
    "consent",
    "catalog",
    "inventory",
    "pricing",
    "rfid",
    "orders",
    "tills",
    "profiles",
    "feeds",
    "connectors",
    "privacy",
]

pytestmark = pytest.mark.anyio


def dump(url: str) -> str:
    """The schema as pg_dump prints it, without the lines that name the moment or the dump itself."""
    text = subprocess.run(
        [str(binaries() / "pg_dump"), "--schema-only", "--no-owner", "--exclude-schema=jobs", url],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PGTZ": "UTC"},
    ).stdout
    noise = ("--", "\\restrict", "\\unrestrict", "SELECT pg_catalog.set_config")
    return "\n".join(line for line in text.splitlines() if line and not line.startswith(noise))


async def test_migrations_make_the_schema(server_url, template, worker_id):
    name = f"schema_{worker_id}"
    recreate(server_url, name)
    with psycopg.connect(url_of(server_url, name), autocommit=True) as connection:
        for package in LAYERS:
            connection.execute((SRC / package / "schema.sql").read_text())
    assert dump(url_of(server_url, name)) == dump(url_of(server_url, template))
