"""The files the browser loads, read into memory once: styles, scripts, fonts and the sprite of icons.

Their address holds a digest of all of them (`/static/<digest>/console.js`), so they may be cached for ever, and what
one file asks of another by a relative path (a font, a module) is always of the same release.
"""

import hashlib
import re
from pathlib import Path

import msgspec

STATIC = Path(__file__).parent / "static"

TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".woff2": "font/woff2",
    ".txt": "text/plain; charset=utf-8",
    ".md": "text/markdown; charset=utf-8",
}


class Asset(msgspec.Struct, frozen=True):
    body: bytes
    media_type: str


class Assets:
    def __init__(self, folder: Path = STATIC) -> None:
        self.files = {
            path.relative_to(folder).as_posix(): Asset(path.read_bytes(), TYPES[path.suffix])
            for path in sorted(folder.rglob("*"))
            if path.is_file()
        }
        digest = hashlib.sha256()
        for name, asset in self.files.items():
            digest.update(name.encode() + b"\0" + asset.body)
        self.digest = digest.hexdigest()[:12]
        self._icons = frozenset(re.findall(r'<symbol id="([^"]+)"', self.files["icons.svg"].body.decode()))

    def url(self, name: str) -> str:
        """The address of a file. A name that does not exist is an error at once, not a 404 later."""
        if name not in self.files:
            raise KeyError(f"no static file is called {name!r}")
        return f"/static/{self.digest}/{name}"

    def icon(self, name: str) -> str:
        if name not in self._icons:
            raise KeyError(f"no icon is called {name!r}: add its <symbol> to static/icons.svg")
        return f"/static/{self.digest}/icons.svg#{name}"
