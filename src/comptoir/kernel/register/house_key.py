"""The key of the house: what is to be known again without being kept is hashed with it (HMAC-SHA-256).

It lies outside the database, so that who has a copy of the database cannot try out addresses: in COMPTOIR_HOUSE_KEY,
or in `house.key` in the data folder, made when it is first needed. Who loses it does not know again whom the house has
erased; so it belongs into the back-up, apart from the database's.
"""

import hashlib
import hmac
import os
import secrets
from pathlib import Path

from comptoir.kernel.settings import Settings

FILE = "house.key"


def house_key() -> bytes:
    """The key; made where there is none yet. Two processes that make it at once agree on one."""
    settings = Settings.load()
    if settings.house_key:
        return settings.house_key.encode()
    path = settings.data_dir / FILE
    if not path.exists():
        _make(path)
    return path.read_bytes()


def _make(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    mine = path.with_name(f".{FILE}.{os.getpid()}.{secrets.token_hex(4)}")
    mine.touch(mode=0o600)
    mine.write_text(secrets.token_hex(32))
    try:
        os.link(mine, path)
    except FileExistsError:
        return
    finally:
        mine.unlink()


def keyed(key: bytes, *parts: str) -> bytes:
    """The hash of what these parts say, of 32 bytes."""
    return hmac.new(key, "\0".join(parts).encode(), hashlib.sha256).digest()
