"""A child process of `comptoir serve`: one API process or one worker.

    python -m comptoir.server.child api FD | worker PLACE OF

It stops in good order on SIGTERM, on SIGINT, and when its parent is gone: standard input is a pipe from the parent,
and its end means that nobody supervises any more.
"""

import asyncio
import os
import signal
import socket
import sys
import threading

import structlog

from comptoir.kernel import logs
from comptoir.kernel.settings import Settings
from comptoir.server.running import serve_api, serve_worker

log = structlog.get_logger(__name__)


def main() -> None:
    settings = Settings.load()
    logs.set_up(settings)
    if sys.platform == "win32":
        runner = asyncio.run
    else:
        import uvloop  # noqa: PLC0415  not made for Windows

        runner = uvloop.run
    try:
        runner(live(settings, sys.argv[1], [int(number) for number in sys.argv[2:]]))
    except Exception:
        log.exception("child.died", arguments=sys.argv[1:])
        raise SystemExit(1) from None


async def live(settings: Settings, kind: str, numbers: list[int]) -> None:
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    threading.Thread(target=watch_parent, args=(loop, stopping), daemon=True).start()
    if kind == "api":
        await serve_api(settings, socket.socket(fileno=numbers[0]), stopping)
    else:
        await serve_worker(settings, stopping, place=numbers[0], of=numbers[1])


def watch_parent(loop: asyncio.AbstractEventLoop, stopping: asyncio.Event) -> None:
    # Not sys.stdin: the interpreter cannot end while a thread holds its lock.
    while os.read(0, 1):
        pass
    loop.call_soon_threadsafe(stopping.set)


if __name__ == "__main__":
    main()
