"""Whatever is sent to the routes of /openapi.json, by the schema or against it: no 5xx, and every refusal is typed.

Schemathesis makes the requests; the server is the real one, in a thread, on a real database.
"""

import asyncio
import threading

import hypothesis
import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import GenerationMode

from comptoir.kernel.auth import SYSTEM, keys
from comptoir.kernel.settings import Settings
from comptoir.server import running
from comptoir.server.app import openapi
from conftest import drop, recreate, url_of

EXAMPLES = [pytest.param(2, id="few"), pytest.param(16, id="many", marks=pytest.mark.long)]
"""For each operation, and as many against its schema."""
STREAMS = ("/stream",)
"""Answers without an end."""


def paths() -> list[str]:
    return sorted(path for path in openapi()["paths"] if not path.endswith(STREAMS))


@pytest.fixture(scope="module")
def server(server_url, template, worker_id):
    """The server in a thread with an event loop of its own; yields its address and a key for everything."""
    name = f"contract_{worker_id}"
    recreate(server_url, name, template)
    ready, stop = threading.Event(), threading.Event()
    found: dict[str, str] = {}

    async def live():
        settings = Settings(database_url=url_of(server_url, name), port=0)
        async with running(settings, with_worker=False) as house:
            async with house.db.transaction() as tx:
                made = await keys.add_key(tx, name="contract", scopes=["*:admin"], actor=SYSTEM)
            found.update(url=house.url, token=made.token)
            ready.set()
            await asyncio.to_thread(stop.wait)

    def serve():
        try:
            asyncio.run(live())
        finally:
            ready.set()

    thread = threading.Thread(target=serve)
    thread.start()
    ready.wait(60)
    assert found, "the server did not start"
    yield found
    stop.set()
    thread.join(60)
    drop(server_url, name)


@pytest.fixture(scope="module")
def session(server):
    with requests.Session() as session:
        session.headers["Authorization"] = f"Bearer {server['token']}"
        yield session


@pytest.mark.parametrize("examples", EXAMPLES)
@pytest.mark.parametrize("path", paths())
def test_no_request_breaks_the_server(path, examples, server, session):
    schema = schemathesis.openapi.from_dict(openapi()).include(path=path)
    for made in schema.get_all_operations():
        operation = made.ok()
        for mode in GenerationMode:

            @hypothesis.seed(7)
            @settings(
                max_examples=examples,
                deadline=None,
                database=None,
                phases=[Phase.generate],
                suppress_health_check=list(HealthCheck),
            )
            @given(case=operation.as_strategy(generation_mode=mode))
            def ask(case):
                answer = case.call(base_url=server["url"], session=session, timeout=20)
                told = f"{case.method} {case.formatted_path} {case.query} {case.body!r}: {answer.status_code}"
                assert answer.status_code < 500 or path in {"/healthz", "/readyz"}, told
                if 400 <= answer.status_code < 500 and answer.content:
                    assert answer.headers["content-type"][0] == "application/problem+json", told
                    assert answer.json()["code"], told

            try:
                ask()
            except hypothesis.errors.Unsatisfiable:
                continue  # there is no way to break the schema of this operation


def test_the_server_still_stands(server, session):
    assert session.get(f"{server['url']}/readyz", timeout=20).status_code == 200
