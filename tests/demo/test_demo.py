"""The whole demo at its smallest: it opens, fills, lives, is checked, closes, and goes on where it was."""

import os
import signal
import socket
import subprocess
import sys

import psutil
import pytest

from comptoir.demo.check import CHECKS
from comptoir.demo.house import Memory

ENVIRONMENT = {**os.environ, "COLUMNS": "160"}


def command(folder, *options: str) -> list[str]:
    given = ["--data-dir", str(folder), "--port", "0", "--size", "tiny", *options]
    return [sys.executable, "-m", "comptoir", "demo", *given]


def demo(folder, *options: str) -> subprocess.CompletedProcess:
    return subprocess.run(
        command(folder, *options), capture_output=True, text=True, timeout=170, check=False, env=ENVIRONMENT
    )


def processes_of(folder) -> list[dict]:
    """Those of the demo; PostgreSQL itself needs a moment to end after the last one who uses it."""
    return [
        process.info
        for process in psutil.process_iter(["name", "cmdline"])
        if str(folder) in " ".join(process.info["cmdline"] or []) and "postgres" not in process.info["name"]
    ]


@pytest.fixture(scope="module")
def first(tmp_path_factory):
    folder = tmp_path_factory.mktemp("demo")
    return folder, demo(folder, "--check")


def test_every_acceptance_check_holds(first):
    _, done = first
    assert done.returncode == 0, done.stdout[-6_000:] + done.stderr[-3_000:]
    assert "✘" not in done.stdout
    assert done.stdout.count("✔") == len(CHECKS)


def test_it_leaves_nothing_behind(first):
    folder, _ = first
    assert not processes_of(folder)


def test_ctrl_c_closes_it_and_the_next_start_goes_on(first):
    folder, _ = first
    before = Memory.load(folder)
    assert (before.history_done, before.caught_up) == (True, True)
    with subprocess.Popen(
        command(folder), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=ENVIRONMENT
    ) as running:
        for line in running.stdout:
            if "Ctrl+C ends it" in line:
                break
        running.send_signal(signal.SIGINT)
        said = running.stdout.read()
        assert running.wait(60) == 0, said
    assert "closed" in said
    after = Memory.load(folder)
    assert (after.weeks, after.receipts_sent, after.runs) == (before.weeks, before.receipts_sent, before.runs + 1)
    assert not processes_of(folder)


def test_other_people_need_another_folder(first):
    folder, _ = first
    done = demo(folder, "--seed", "7")
    assert done.returncode == 1
    assert "--seed 1 --size tiny" in done.stdout


def test_a_taken_port_is_said(first, tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        done = demo(tmp_path, "--port", str(taken.getsockname()[1]))
    assert done.returncode == 1
    assert "choose another" in done.stdout
