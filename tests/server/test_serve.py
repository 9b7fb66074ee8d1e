"""`comptoir serve` as its own processes: ready by itself, dead children come back, SIGTERM ends all in good order."""

import asyncio
import contextlib
import os
import signal
import sys

import httpx
import psutil
import pytest

from comptoir.server.running import listen

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
