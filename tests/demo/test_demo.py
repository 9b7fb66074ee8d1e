"""The whole demo at its smallest: it opens, fills, lives, is checked, closes, and goes on where it was."""

import os
import subprocess
import sys

import psutil
import pytest

from comptoir.demo.house import Memory


def demo(folder, *options: str, **env: str) -> subprocess.CompletedProcess:
    command = [sys.executable, "-m", "comptoir", "demo", "--data-dir", str(folder), "--port", "0", "--size", "tiny"]
    return subprocess.run(
        [*command, *options],
        capture_output=True,
        text=True,
        timeout=170,
        check=False,
        env={**os.environ, "COLUMNS": "160", **env},
    )


@pytest.fixture(scope="module")
def first(tmp_path_factory):
    folder = tmp_path_factory.mktemp("demo")
    return folder, demo(folder, "--check")


def test_every_acceptance_check_holds(first):
    _, done = first
    assert done.returncode == 0, done.stdout[-6_000:] + done.stderr[-3_000:]
    assert "✘" not in done.stdout
    assert done.stdout.count("✔") >= 8


def test_it_leaves_nothing_behind(first):
    folder, _ = first
    for process in psutil.process_iter(["cmdline"]):
        assert str(folder) not in " ".join(process.info["cmdline"] or []), process.info


def test_a_second_start_goes_on(first):
    folder, _ = first
    before = Memory.load(folder)
    assert before.history_done
    assert before.caught_up
    done = demo(folder, "--check")
    assert done.returncode == 0, done.stdout[-6_000:] + done.stderr[-3_000:]
    after = Memory.load(folder)
    assert (after.weeks, after.receipts_sent, after.runs) == (before.weeks, before.receipts_sent, before.runs + 1)


def test_other_people_need_another_folder(first):
    folder, _ = first
    done = demo(folder, "--seed", "7")
    assert done.returncode == 1
    assert "--seed 1 --size tiny" in done.stdout
