"""The command line: what it prints, what it refuses, and that it never shows a traceback."""

import asyncio
import io
import json
import logging
import os
import subprocess
import sys

import msgspec
import psycopg
import pytest
import structlog

from comptoir import catalog, channels, pricing
from comptoir.cli import books, main
from comptoir.kernel import log, logs
from comptoir.kernel.db import Database
from comptoir.kernel.settings import Settings

pytestmark = pytest.mark.anyio


class Done(msgspec.Struct):
    stdout: str
    stderr: str


@pytest.fixture
def comptoir(fresh_url, tmp_path, monkeypatch, capsys):
    """Run a command on a database of its own; what it printed. `expect` is its exit code."""
    monkeypatch.setenv("COMPTOIR_DATABASE_URL", fresh_url)
    monkeypatch.setenv("COMPTOIR_DATA_DIR", str(tmp_path))

    def run(*arguments, stdin="", expect=0):
        monkeypatch.setattr(sys, "argv", ["comptoir", *arguments])
        monkeypatch.setattr(sys, "stdin", io.StringIO(stdin))
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main()
        said = capsys.readouterr()
        assert (ended.value.code or 0) == expect, said
        return Done(said.out, said.err)

    yield run
    structlog.reset_defaults()
    root = logging.getLogger()
    root.handlers = [one for one in root.handlers if not isinstance(one, logs.Handler)]


def test_help_answers_for_every_command(comptoir):
    said = comptoir("--help").stdout
    for name in ("demo", "serve", "worker", "source", "key", "user", "sql", "import", "export", "replay", "doctor"):
        assert name in said


def test_sources_and_keys(comptoir):
    first = comptoir("source", "add", "Web shop", "--channel", "web").stdout.strip()
    assert first.startswith("wk_")
    assert comptoir("source", "add", "Web shop", expect=1).stderr.startswith("A source is called")
    second = comptoir("source", "rotate", "Web shop").stdout.strip()
    assert second != first
    assert second in comptoir("source", "list").stdout
    assert "no channel" in comptoir("source", "add", "Fax", "--channel", "fax", expect=1).stderr

    key = comptoir("key", "add", "--scope", "orders:write", "--scope", "catalog:read").stdout.strip()
    assert key.startswith("ck_")
    assert key.split("_")[1] in comptoir("key", "list").stdout
    assert "revoked" in comptoir("key", "revoke", key).stdout
    assert "orders:write" in comptoir("key", "add", "--scope", "nonsense", expect=1).stderr


def test_users(comptoir):
    said = comptoir("user", "add", "ada@example.org", "--role", "admin", stdin="correct horse battery\n").stdout
    assert said == "ada@example.org: admin.\n"
    comptoir("user", "add", "ada@example.org", "--role", "admin", stdin="correct horse battery\n", expect=1)
    assert "between 10" in comptoir("user", "add", "b@c.d", "--role", "admin", stdin="short\n", expect=1).stderr


def test_sql_reads_published_views_and_nothing_else(comptoir):
    comptoir("source", "add", "Web shop")
    found = comptoir("sql", "SELECT code, channel FROM channels.v_outlet", "--format", "json").stdout
    assert json.loads(found) == {"code": "web-shop", "channel": "web"}
    for forbidden in (
        "SELECT * FROM kernel.api_key",
        "SELECT write_key FROM channels.write_key",
        "DELETE FROM channels.outlet",
        "INSERT INTO channels.outlet DEFAULT VALUES",
        "CREATE TABLE channels.x ()",
        "SELECT 1; DELETE FROM channels.outlet",
        "SELECT pg_read_file('/etc/passwd')",
        "COPY channels.v_outlet TO PROGRAM 'cat'",
        "SELEC",
    ):
        assert "Published are" in comptoir("sql", forbidden, expect=1).stderr, forbidden
    assert "web-shop" in comptoir("sql", "SELECT code FROM channels.v_outlet").stdout
    assert "longer than" in comptoir("sql", "SELECT pg_sleep(9)", "--timeout", "0.2", expect=1).stderr


def test_outlets_come_in_and_go_out(comptoir, tmp_path):
    file = tmp_path / "shops.csv"
    file.write_text("code,channel,name,latitude,longitude\nS1,shop,One,48.8,2.3\nS2,shop,Two,,\nS3,fax,Three,,\n")
    done = comptoir("import", "outlets", str(file), expect=1)
    assert "3 rows read, 2 recorded, 1 refused." in done.stdout
    assert "row 3" in done.stderr
    for form in ("csv", "ndjson", "parquet"):
        written = tmp_path / f"out.{form}"
        assert "2 rows" in comptoir("export", "channels.v_outlet", str(written)).stdout
        assert written.stat().st_size > 0
    (tmp_path / "out.csv").rename(tmp_path / "again.csv")
    assert "not published" in comptoir("export", "kernel.api_key", str(file), expect=1).stderr
    assert "no file" in comptoir("import", "outlets", str(tmp_path / "none.csv"), expect=1).stderr
    file.rename(tmp_path / "shops.xls")
    assert "name it" in comptoir("import", "outlets", str(tmp_path / "shops.xls"), expect=1).stderr


def test_the_books(comptoir):
    assert "nothing is wrong" in comptoir("reconcile").stdout
    assert "emptied" in comptoir("replay", "customers").stdout
    assert "customers" in comptoir("replay", "nobody", expect=1).stderr


WAITING = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
DEADLOCKS = "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"


async def test_a_replay_that_meets_a_reader_half_way_is_done_again(fresh_url, tmp_path):
    settings = Settings(database_url=fresh_url, data_dir=tmp_path)
    async with (
        await psycopg.AsyncConnection.connect(fresh_url) as reader,
        await psycopg.AsyncConnection.connect(fresh_url, autocommit=True) as outside,
    ):

        async def value(sql):
            return (await (await outside.execute(sql)).fetchone())[0]

        # Whoever has waited long enough looks for a deadlock, and is the one to give way: the replay.
        await reader.execute("SET deadlock_timeout = '1min'")
        await reader.execute("SELECT FROM profiles.takings")
        replaying = asyncio.create_task(books.replay(settings, "customers"))
        async with asyncio.timeout(30):
            while not await value(WAITING):
                await asyncio.sleep(0.02)
        await reader.execute("SELECT FROM profiles.moment")
        await reader.rollback()
        assert "emptied" in await replaying
        async with asyncio.timeout(30):
            while await value(DEADLOCKS) != 1:
                await asyncio.sleep(0.02)


def test_a_difference_in_the_books_is_named(comptoir, fresh_url):
    comptoir("source", "list")
    with psycopg.connect(fresh_url) as connection:
        # Two identifiers of one person, without any evidence that they are.
        connection.execute(
            "INSERT INTO identity.node (node_id, person_id, ns, value, key, first_seen)"
            " SELECT n, 901, 1, 'u' || n, gen_random_uuid(), now() FROM generate_series(901, 902) AS n"
        )
    done = comptoir("reconcile", expect=1)
    assert "orders, inventory, pricing, identity, consent: 1 faults" in done.stdout
    assert "identity: identifier 902 belongs to person 901, its evidence says to 902" in done.stderr


def test_the_doctor_reports_and_hides_the_database_url(comptoir, fresh_url):
    comptoir("source", "list")
    done = comptoir("doctor")
    assert "migrations" in done.stdout
    assert "database_url=(set)" in done.stdout
    assert fresh_url not in done.stdout


def test_the_doctor_says_that_a_database_is_empty(comptoir, fresh_url):
    with psycopg.connect(fresh_url) as connection:
        connection.execute("DROP SCHEMA kernel CASCADE")
    assert "The database is empty" in comptoir("doctor", expect=1).stdout


@pytest.mark.parametrize("wrong", [("--speed", "0"), ("--lang", "de")])
def test_a_demo_that_cannot_be_is_refused_before_it_starts(comptoir, wrong):
    assert wrong[1] in comptoir("demo", *wrong, expect=2).stderr


def test_a_database_of_another_version_is_told_by_the_doctor_and_by_every_other_command(comptoir, fresh_url):
    comptoir("source", "list")
    with psycopg.connect(fresh_url) as connection:
        connection.execute("UPDATE kernel.migration SET checksum = 'other' WHERE name LIKE '0006%'")
    assert "another version, which had other: 0006_orders.sql" in comptoir("doctor", expect=1).stdout
    assert "empty data folder" in comptoir("source", "list", expect=1).stderr


def test_a_database_that_is_away_is_one_sentence():
    done = subprocess.run(
        [sys.executable, "-m", "comptoir", "source", "list"],
        env={**os.environ, "COMPTOIR_DATABASE_URL": "postgresql://127.0.0.1:1/none"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr.startswith("The database cannot be reached")
    assert "Traceback" not in done.stderr


async def test_where_prices_differ_is_told_and_without_a_rule_the_command_fails(comptoir, fresh_url):
    async with Database(fresh_url) as db, db.transaction() as tx:
        await log.open_days(tx)
        await channels.record_outlets(tx, outlets=[
            channels.OutletEntry(channel=channel, code=channel, name=channel, country="FR", time_zone="Europe/Paris",
                                 currency="EUR") for channel in ("web", "shop")
        ])  # fmt: skip
        await catalog.import_products(tx, [catalog.NewProduct(code="tea", name="Tea")])
        for code, channel, amount in (("base", None, 300), ("web", "web", 280)):
            entry = pricing.PriceListEntry(name=code, currency="EUR", channel=channel)
            await pricing.set_price_list(tx, code=code, entry=entry)
            await pricing.import_prices(tx, code=code, prices=[pricing.NewPrice("tea", amount)])
    told = await asyncio.to_thread(comptoir, "price-differences")
    assert [line.split() for line in told.stdout.splitlines()[1:]] == [
        ["tea", "shop", "300", "base", "everywhere"], ["tea", "web", "280", "web", "list"],
    ]  # fmt: skip
    async with Database(fresh_url) as db, db.transaction() as tx:
        entry = pricing.PriceListEntry(name="x", currency="EUR", channel="web")
        await pricing.set_price_list(tx, code="x", entry=entry)
        await pricing.import_prices(tx, code="x", prices=[pricing.NewPrice("tea", 270)])

    def failing():
        return comptoir("price-differences", "--json", expect=1)

    assert json.loads((await asyncio.to_thread(failing)).stdout)["ruled"] is False
