"""`comptoir bench match`: who is one person in a million messy records, without labels: time, memory, quality.

The records are the trap set's (tests/identity/traps of the checkout); it is made, and matched, each in a process of its
own, so that the memory that is told is that of matching alone. A tenth of the records is matched too: the bars of
quality are of it, and the time a record costs there says whether it grows no faster than the file.
"""

import asyncio
import importlib
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import duckdb
import msgspec

from comptoir.identity.matching import batch
from comptoir.kernel.errors import NotFound

RECORDS = 1_000_000
RECORDS_EACH = 2.783
"""Of one person, in the trap set."""
AT_MOST = {"seconds": 120, "peak_mb": 3_072, "growth": 1.25, "tenth_most_people": 3}
AT_LEAST = {"tenth_precision": 0.99, "tenth_f1": 0.95}
TESTS = Path(__file__).parents[4] / "tests"
SEED = 1


class Measured(msgspec.Struct, frozen=True):
    """What one run has come to."""

    records: int
    seconds: float
    peak_mb: int
    persons: int


async def run(size: int = RECORDS) -> dict[str, Any]:
    """The figures. `size` is the number of records, roughly."""
    with tempfile.TemporaryDirectory(prefix="comptoir-bench-") as folder:
        small, small_quality = await _measure(Path(folder), size // 10)
        large, large_quality = await _measure(Path(folder), size)
    figures: dict[str, Any] = {
        "records": large.records,
        "seconds": large.seconds,
        "peak_mb": large.peak_mb,
        "persons": large.persons,
        **large_quality,
        "tenth_records": small.records,
        "tenth_seconds": small.seconds,
        **{f"tenth_{name}": value for name, value in small_quality.items()},
        # What a record costs in the whole, in terms of what it costs in the tenth.
        "growth": round(large.seconds / large.records / (small.seconds / small.records), 2),
    }
    ok = all(figures[name] <= most for name, most in AT_MOST.items())
    ok = ok and all(figures[name] >= least for name, least in AT_LEAST.items())
    return {"figures": figures, "reach": {**AT_MOST, **AT_LEAST}, "ok": ok}


async def _measure(folder: Path, records: int) -> tuple[Measured, dict[str, Any]]:
    source, truth, target = (folder / f"{name}-{records}.parquet" for name in ("in", "truth", "out"))
    await _child("make", str(round(records / RECORDS_EACH)), str(source), str(truth))
    measured = msgspec.json.decode(await _child("match", str(source), str(target)), type=Measured)
    return measured, judged(_read(target, "person_id"), _read(truth, "person"))


async def _child(*words: str) -> bytes:
    """The last line of what another process says."""
    done = await asyncio.create_subprocess_exec(sys.executable, "-m", __name__, *words, stdout=asyncio.subprocess.PIPE)
    said, _ = await done.communicate()
    if done.returncode:
        raise ChildProcessError(f"{words[0]} ended with {done.returncode}.")
    return said.splitlines()[-1] if said else b""


def _read(path: Path, column: str) -> dict[str, Any]:
    with duckdb.connect() as con:
        return dict(con.execute(f"SELECT record_id, {column} FROM read_parquet(?)", [str(path)]).fetchall())  # noqa: S608


def judged(found: Mapping[str, object], truth: Mapping[str, object]) -> dict[str, Any]:
    """Pairs of records that are together, B³ (Bagga and Baldwin, 1998), and true people in the worst group."""
    both = Counter((found[one], truth[one]) for one in truth)
    groups, people = Counter(found[one] for one in truth), Counter(truth.values())
    right, together, true = (sum(n * (n - 1) // 2 for n in some.values()) for some in (both, groups, people))
    precision, recall = right / max(1, together), right / max(1, true)
    of_group = sum(n * n / groups[group] for (group, _), n in both.items()) / len(truth)
    of_person = sum(n * n / people[person] for (_, person), n in both.items()) / len(truth)
    return {
        "precision": round(precision, 4),
        "recall": round(recall, 4),
        "f1": round(2 * precision * recall / max(1e-9, precision + recall), 4),
        "b3": round(2 * of_group * of_person / max(1e-9, of_group + of_person), 4),
        "most_people": max(Counter(group for group, _ in both).values()),
    }


def make(people: int, source: Path, truth: Path) -> None:
    """A trap set as two files. Raises NotFound outside of a checkout."""
    if not (TESTS / "identity" / "traps").is_dir():
        raise NotFound("The records of this benchmark are made by tests/identity/traps: run it in a checkout.")
    sys.path.insert(0, str(TESTS))
    trap_set: Callable[..., tuple[list[Any], dict[str, int]]] = importlib.import_module("identity.traps").trap_set
    records, whose = trap_set(people=people, seed=SEED)
    arrow: Any = importlib.import_module("pyarrow")
    parquet: Any = importlib.import_module("pyarrow.parquet")
    parquet.write_table(arrow.Table.from_pylist(records), source)
    parquet.write_table(arrow.table({"record_id": list(whose), "person": list(whose.values())}), truth)


def match(source: Path, target: Path) -> Measured:
    started = time.perf_counter()
    done = batch.match(source, target)
    took = round(time.perf_counter() - started, 1)
    return Measured(done.records, took, _peak_mb(), done.persons)


def _peak_mb() -> int:
    """Of this process since it was started (`ru_maxrss` would count the process that forked it)."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmHWM"):
            return int(line.split()[1]) // 1024
    return 0


if __name__ == "__main__":
    if sys.argv[1] == "make":
        make(int(sys.argv[2]), Path(sys.argv[3]), Path(sys.argv[4]))
    else:
        print(msgspec.json.encode(match(Path(sys.argv[2]), Path(sys.argv[3]))).decode())
