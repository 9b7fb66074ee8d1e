"""`comptoir serve` as its own processes: ready by itself, dead children come back, SIGTERM ends all in good order."""

import asyncio
import contextlib
import os
import signal
import socket
import sys

import httpx
import psutil
import psycopg
import pytest

from comptoir.kernel.migrate import LOCK
from comptoir.kernel.postgres import embedded
from comptoir.server.running import listen
from ingest.house import kill_postgres

pytestmark = pytest.mark.anyio


@contextlib.asynccontextmanager
async def served(url, tmp_path):
    probe = listen("127.0.0.1", 0)
    port = probe.getsockname()[1]
    probe.close()
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "comptoir", "serve", "--data-dir", str(tmp_path), "--port", str(port)),
        env={**os.environ, "COMPTOIR_DATABASE_URL": url, "COMPTOIR_LOG_FORMAT": "json"},
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=10) as client:
            yield process, client
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()


async def healthy(client, seconds=60.0):
    async with asyncio.timeout(seconds):
        while True:
            with contextlib.suppress(httpx.TransportError):
                if (await client.get("/healthz")).status_code == 200:
                    return
            await asyncio.sleep(0.05)


async def test_it_heals_and_stops_in_good_order(fresh_url, tmp_path):
    async with served(fresh_url, tmp_path) as (process, client):
        await healthy(client)
        children = psutil.Process(process.pid).children()
        assert len(children) == 2

        for child in children:
            child.kill()
            child.wait(20)
        await healthy(client)
        text = (await client.get("/metrics")).text
        assert "comptoir_requests_total" in text

        children = psutil.Process(process.pid).children()
        process.send_signal(signal.SIGTERM)
        _, log = await asyncio.wait_for(process.communicate(), 60)
        assert process.returncode == 0, log
        assert "serve.stopped" in log.decode()
        assert not [child for child in children if child.is_running()]


async def says(process, event):
    """Wait for a line of the log."""
    said = []
    async with asyncio.timeout(60):
        async for line in process.stderr:
            said.append(line.decode())
            if f'"{event}"' in said[-1]:
                return
    pytest.fail(f"it ended without {event}: {''.join(said)}")


WAITING = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"


async def test_a_database_that_comes_late_and_falls_again_is_waited_for(tmp_path):
    folder = tmp_path / "postgres"
    url = embedded(folder, extra={"shared_buffers": "'128MB'"})
    kill_postgres(folder)
    async with served(url, tmp_path) as (process, client):
        await says(process, "serve.database_away")
        embedded(folder)
        # It has come late enough: served as ever.
        await says(process, "serve.listening")
        await healthy(client)
        process.send_signal(signal.SIGTERM)
        await says(process, "serve.stopped")

    # It falls while the migrations wait their turn.
    async with await psycopg.AsyncConnection.connect(url, autocommit=True) as first:
        await first.execute("SELECT pg_advisory_lock(%s)", [LOCK])
        async with served(url, tmp_path) as (process, client):
            async with asyncio.timeout(60):
                while (await (await first.execute(WAITING)).fetchone()) == (0,):
                    await asyncio.sleep(0.02)
            kill_postgres(folder)
            await says(process, "serve.database_away")
            embedded(folder)
            await says(process, "serve.listening")
            await healthy(client)
    kill_postgres(folder)


async def test_who_waits_for_the_database_can_be_stopped(tmp_path):
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        url = f"postgresql://x@127.0.0.1:{nobody.getsockname()[1]}/x"
        async with served(url, tmp_path) as (process, _):
            await says(process, "serve.database_away")
            process.send_signal(signal.SIGTERM)
            await says(process, "serve.stopped")
            assert await asyncio.wait_for(process.wait(), 60) == 0


async def test_children_end_with_a_parent_that_was_killed(fresh_url, tmp_path):
    async with served(fresh_url, tmp_path) as (process, client):
        await healthy(client)
        children = psutil.Process(process.pid).children()
        process.kill()
        await process.wait()
        _, alive = await asyncio.to_thread(psutil.wait_procs, children, timeout=60)
        assert not alive


async def test_a_taken_port_is_told_in_a_sentence(fresh_url, tmp_path):
    taken = listen("127.0.0.1", 0)
    port = taken.getsockname()[1]
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "comptoir", "serve", "--data-dir", str(tmp_path), "--port", str(port)),
        env={**os.environ, "COMPTOIR_DATABASE_URL": fresh_url},
        stderr=asyncio.subprocess.PIPE,
    )
    _, said = await asyncio.wait_for(process.communicate(), 60)
    taken.close()
    assert process.returncode == 1
    assert "choose another with --port" in said.decode()
    assert "Traceback" not in said.decode()
