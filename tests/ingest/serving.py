"""The tracking API alone, as a process: `python serving.py URL PORT`. Says `ready` when it is."""

import asyncio
import sys

import structlog
import uvicorn

from comptoir import channels, ingest
from comptoir.kernel.db import Database
from comptoir.kernel.settings import Settings


async def main(url: str, port: str) -> None:
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    async with Database(url, size=4) as db, ingest.Intake(db) as intake:
        sources = channels.Sources(db)
        await sources.refresh()
        stopping = asyncio.Event()
        fresh = asyncio.create_task(intake.keep_fresh(stopping))
        app = ingest.Tracking(intake, sources, Settings())
        server = uvicorn.Server(
            uvicorn.Config(app, port=int(port), log_level="warning", access_log=False, lifespan="off")
        )
        running = asyncio.create_task(server.serve())
        while not server.started:
            await asyncio.sleep(0.02)
        print("ready", flush=True)
        await running
        stopping.set()
        await fresh


asyncio.run(main(*sys.argv[1:]))
