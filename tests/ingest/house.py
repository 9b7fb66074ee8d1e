"""The tracking API as a process of its own, which can be killed and started again on its port."""

import contextlib
import socket
import subprocess
import sys
from pathlib import Path

import psutil


class House:
    def __init__(self, url: str) -> None:
        self.url = url
        with socket.create_server(("127.0.0.1", 0)) as listening:
            self.port = listening.getsockname()[1]
        self.process = None

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait(20)
        self.process.stdout.close()

    def start(self):
        self.process = subprocess.Popen(
            [sys.executable, Path(__file__).with_name("serving.py"), self.url, str(self.port)],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        assert self.process.stdout.readline() == b"ready\n"

    def kill(self):
        """kill -9."""
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()


def kill_postgres(folder: Path) -> None:
    """kill -9 of PostgreSQL with all its processes, as when the power goes."""
    server = psutil.Process(int((folder / "postmaster.pid").read_text().splitlines()[0]))
    processes = [server, *server.children(recursive=True)]
    for process in processes:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()
    psutil.wait_procs(processes, timeout=20)
