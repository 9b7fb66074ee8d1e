"""A real PostgreSQL for every test: one embedded server per worker, its databases cloned from a template."""

import logging
import os
from pathlib import Path

import httpx
import hypothesis
import psycopg
import pytest
import structlog

from comptoir.kernel import log
from comptoir.kernel.auth import SYSTEM, keys
from comptoir.kernel.db import Database, Tx, transaction
from comptoir.kernel.migrate import migrate
from comptoir.kernel.postgres import embedded
from comptoir.kernel.settings import Settings
from reuse import Ground, Slate, application

# How long an example takes says how busy the machine is.
hypothesis.settings.register_profile("house", deadline=None)
hypothesis.settings.load_profile("house")
# Unless told otherwise a logged error is drawn with all locals around it, for seconds.
structlog.dev.ConsoleRenderer.get_active().exception_formatter = structlog.dev.plain_traceback


def examples(few: int) -> int:
    """How many Hypothesis makes: few in every run, and TEST_EXAMPLES times as many in `make test-long`."""
    return few * int(os.environ.get("TEST_EXAMPLES", "1"))


LONGEST_FIRST = [
    "demo/test_demo.py",
    "contract/test_openapi.py",
    "console/test_pages_browser.py",
    "console/test_browser.py",
    "server/test_serve.py",
    "console/test_moves_browser.py",
    "console/test_goods_browser.py",
    "console/test_orders_browser.py",
    "console/test_pages.py",
    "server/test_access.py",
    "rfid/test_readings.py",
    "stories/test_storm.py",
]


def pytest_collection_modifyitems(items):
    """What takes a quarter of a minute begins first, so that the workers end together."""
    places = {name: place for place, name in enumerate(LONGEST_FIRST)}
    items.sort(key=lambda item: places.get("/".join(item.path.parts[-2:]), len(places)))


def pytest_unconfigure():
    """The embedded servers say goodbye when the process ends, and pytest has closed what they would say it to."""
    logging.raiseExceptions = False


@pytest.fixture(scope="session")
def anyio_backend():
    return "asyncio"


@pytest.fixture(scope="session")
def server_url(tmp_path_factory) -> str:
    """A server for each worker of xdist.

    `TEST_DATABASE_URL` names another one, for a run with a single worker.
    """
    if url := os.environ.get("TEST_DATABASE_URL"):
        return url
    # Tests make and drop thousands of rows: durability is proved by its own tests on their own server. What a plan
    # is made of changes when a test says ANALYZE, not from minute to minute.
    return embedded(
        Path(tmp_path_factory.getbasetemp()) / "postgres",
        extra={"fsync": "off", "shared_buffers": "'128MB'", "autovacuum": "off"},
    )


@pytest.fixture(scope="session")
async def template(server_url, worker_id, anyio_backend) -> str:
    """A migrated database that is only ever copied."""
    name = f"template_{worker_id}"
    recreate(server_url, name)
    await migrate(url_of(server_url, name))
    return name


@pytest.fixture(scope="session")
async def database_url(server_url, template, worker_id) -> str:
    """The worker's database for tests that roll back."""
    name = f"test_{worker_id}"
    recreate(server_url, name, template)
    return url_of(server_url, name)


@pytest.fixture(scope="session")
async def shared_db(database_url):
    async with Database(database_url, size=12) as db:
        async with db.transaction() as tx:
            await log.open_days(tx)
        yield db


@pytest.fixture
async def tx(shared_db):
    """A transaction that never commits."""
    async with shared_db.pool.connection() as connection:
        try:
            async with transaction(connection) as tx:
                yield tx
                raise Rollback  # noqa: TRY301  it is the only way out
        except Rollback:
            pass


class Rollback(Exception):
    pass


@pytest.fixture
async def fresh_url(server_url, template, worker_id):
    """A database of one's own, in which nobody was before: for the command line, and for servers as they start."""
    name = f"fresh_{worker_id}"
    recreate(server_url, name, template)
    yield url_of(server_url, name)
    drop(server_url, name)


@pytest.fixture(scope="session")
async def common(server_url, template, worker_id):
    name = f"common_{worker_id}"

    def make() -> str:
        recreate(server_url, name, template)
        with psycopg.connect(url := url_of(server_url, name)) as connection:
            connection.execute(
                "SELECT kernel.open_day((now() AT TIME ZONE 'UTC')::date + day) FROM generate_series(0, 2) AS day"
            )
        return url

    ground = Ground(Slate(make))
    yield ground
    await ground.close()
    ground.slate.close()


@pytest.fixture
async def db(common):
    """A database for tests that commit: as it was made, whatever was done in it before."""
    db = await common.wiped()
    async with db.transaction() as tx:
        await log.open_days(tx)  # it may be past midnight
    return db


def recreate(server_url: str, name: str, template: str = "template0") -> None:
    drop(server_url, name)
    with psycopg.connect(server_url, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE {template}")


def drop(server_url: str, name: str) -> None:
    with psycopg.connect(server_url, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


def url_of(server_url: str, name: str) -> str:
    """The same server, another database."""
    parts = psycopg.conninfo.conninfo_to_dict(server_url)
    return psycopg.conninfo.make_conninfo(**{**parts, "dbname": name})


async def rows(tx: Tx, sql: str, **params):
    return await tx.tuples(sql, **params)


@pytest.fixture
async def app(db):
    """The whole application on a database of its own."""
    async with application(Settings(), db) as app:
        yield app


@pytest.fixture
async def api(app, db):
    """An HTTP client that may do everything: `await api.get("/v1/…")`."""
    async with db.transaction() as tx:
        made = await keys.add_key(tx, name="tests", scopes=["*:admin"], actor=SYSTEM)
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app=app),
        base_url="http://comptoir.test",
        headers={"Authorization": f"Bearer {made.token}"},
    ) as client:
        yield client
