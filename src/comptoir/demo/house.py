"""The shop itself: the server as a child process on the embedded database, and what is remembered between starts.

The server runs apart from the demo, so that sending never slows answering, and so that it can be looked at, stopped
and started like any other. It dies with its parent.
"""

import asyncio
import ctypes
import os
import signal
import socket
import sys
from asyncio.subprocess import Process
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx
import msgspec

from comptoir.kernel.settings import Settings

START_LIMIT = 90.0
"""Seconds for the server to say that it is ready; the first start makes the database."""
STOP_LIMIT = 60.0
"""Seconds for the server to finish what is under way."""
DEATH_SIGNAL = 1
"""Linux prctl(2): PR_SET_PDEATHSIG."""
LIBC = ctypes.CDLL(None)  # loaded here: between fork and exec as little as possible is done


LINES = msgspec.json.Decoder(dict[str, Any])
SIGNS_OF_DEFECT = ("http.defect", "ingest.defect", "consumer.parked", "task_ended", "child_died", "Traceback")


class Memory(msgspec.Struct, kw_only=True):
    """What must be the same after a restart, in `demo.json`. Keys and passwords are not in it."""

    seed: int
    size: str
    opened_at: datetime
    """When the demo was started for the first time: the town catches up until then."""
    weeks: int
    """By how much the history is moved."""
    receipts_sent: int = 0
    """Batches of the history that were acknowledged, from the first without a gap."""
    history_done: bool = False
    stocked: bool = False
    """What lies where, and what it costs, is on record."""
    caught_up: bool = False
    runs: int = 0

    @classmethod
    def load(cls, folder: Path) -> "Memory | None":
        file = folder / "demo.json"
        return msgspec.json.decode(file.read_bytes(), type=cls) if file.exists() else None

    def save(self, folder: Path) -> None:
        unfinished = folder / "demo.json.unfinished"
        unfinished.write_bytes(msgspec.json.format(msgspec.json.encode(self)))
        unfinished.rename(folder / "demo.json")


class NotReady(Exception):
    """The server did not start."""


class House:
    """`async with House(settings) as house`: ready when entered, stopped cleanly when left."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.url = f"http://{settings.host}:{settings.port}"
        self.log = settings.data_dir / "server.log"
        self._process: Process | None = None

    async def __aenter__(self) -> Self:
        self.settings.data_dir.mkdir(parents=True, exist_ok=True)
        refuse_taken_port(self.settings.host, self.settings.port)
        with self.log.open("w") as log:
            self._process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "comptoir", "serve"),
                *("--host", self.settings.host, "--port", str(self.settings.port)),
                *("--data-dir", str(self.settings.data_dir)),
                env={**os.environ, **environment(self.settings)},
                stdout=log,
                stderr=asyncio.subprocess.STDOUT,
                start_new_session=True,  # Ctrl+C is for the demo, which then stops the server in good order
                preexec_fn=die_with_parent,
            )
        await self._ready()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        process = self._process
        if process is None or process.returncode is not None:
            return
        process.terminate()
        try:
            await asyncio.wait_for(process.wait(), STOP_LIMIT)
        except TimeoutError:
            process.kill()
            await process.wait()

    @property
    def alive(self) -> bool:
        return self._process is not None and self._process.returncode is None

    async def _ready(self) -> None:
        deadline = asyncio.get_running_loop().time() + START_LIMIT
        async with httpx.AsyncClient(timeout=5) as http:
            while asyncio.get_running_loop().time() < deadline:
                if not self.alive:
                    break
                try:
                    if (await http.get(f"{self.url}/healthz")).is_success:
                        return
                except httpx.TransportError:
                    pass
                await asyncio.sleep(0.1)
        tail = "\n".join(self.log.read_text(errors="replace").splitlines()[-15:])
        await self.__aexit__(None, None, None)
        raise NotReady(f"The server did not start. The end of {self.log}:\n{tail}")

    async def comptoir(self, *arguments: str) -> tuple[int, str]:
        """A command of the CLI beside the running server: its exit code, and what it said."""
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "comptoir", *arguments, "--data-dir", str(self.settings.data_dir)),
            env={**os.environ, **environment(self.settings)},
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        answer, complaint = await process.communicate()
        code = process.returncode or 0
        return code, (answer if not code else answer + complaint).decode(errors="replace")

    async def sql(self, query: str) -> list[dict[str, Any]]:
        """`comptoir sql`: the published views, for questions about everybody at once."""
        code, answer = await self.comptoir("sql", query, "--format", "json")
        if code:
            raise RuntimeError(answer)
        return LINES.decode_lines(answer)

    def defects(self) -> list[str]:
        """Lines of the server's log that tell of a defect of ours."""
        lines = self.log.read_text(errors="replace").splitlines()
        return [line for line in lines if any(sign in line for sign in SIGNS_OF_DEFECT)]


def environment(settings: Settings) -> dict[str, str]:
    """The settings as the child reads them."""
    names = ("database_url", "retailer", "language", "country", "currency", "time_zone", "log_level", "demo",
             "simulated_payments")  # fmt: skip
    return {f"COMPTOIR_{name.upper()}": str(getattr(settings, name)) for name in names if getattr(settings, name)}


def refuse_taken_port(host: str, port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise NotReady(
                f'{host}:{port} cannot be used ({error.strerror}): choose another (make demo DEMO_ARGS="--port 0").'
            ) from error


def free_port(host: str) -> int:
    with socket.socket() as probe:
        probe.bind((host, 0))
        return probe.getsockname()[1]


def die_with_parent() -> None:
    """Even a demo that is killed leaves no server behind (Linux only; elsewhere it may)."""
    if sys.platform == "linux":
        LIBC.prctl(DEATH_SIGNAL, signal.SIGTERM)
