"""Finds every sentence the console says.

As a script: `messages.py` prints what has no French yet; `messages.py pages.po` adds it there, for a translator, and
drops from that file what is no longer said.
"""

import sys
from pathlib import Path

from babel.messages import Catalog
from babel.messages.extract import extract_from_file
from babel.messages.pofile import read_po, write_po

CONSOLE = Path(__file__).parents[2] / "src/comptoir/console"
FRENCH = CONSOLE / "locale/fr/LC_MESSAGES"
KEYWORDS = {"_": None, "N_": None, "gettext": None, "ngettext": (1, 2)}
JINJA = {"trim_blocks": "true", "lstrip_blocks": "true"}


def said() -> Catalog:
    """What templates and modules say, with where they say it."""
    found = Catalog()
    sources = [("python", CONSOLE.rglob("*.py"), {}), ("jinja2.ext:babel_extract", CONSOLE.rglob("*.j2"), JINJA)]
    for method, paths, options in sources:
        for path in sorted(paths):
            for line, message, _, _ in extract_from_file(method, path, keywords=KEYWORDS, options=options):
                found.add(message, locations=[(path.relative_to(CONSOLE).as_posix(), line)])
    return found


def read(path: Path) -> Catalog:
    if not path.exists():
        return Catalog(locale="fr")
    with path.open("rb") as file:
        return read_po(file, locale="fr")


def translated() -> dict[str, Catalog]:
    return {path.name: read(path) for path in sorted(FRENCH.glob("*.po"))}


def key(message) -> str:
    return message.id if isinstance(message.id, str) else message.id[0]


def is_done(message) -> bool:
    return all(message.string) if isinstance(message.string, tuple | list) else bool(message.string)


def missing() -> list:
    """What is said in English only."""
    done = {key(m): m for catalog in translated().values() for m in catalog if m.id and is_done(m)}
    return [message for message in said() if message.id and not speaks_for(done.get(key(message)), message)]


def speaks_for(found, message) -> bool:
    """Said of one and of many, it needs a form for each."""
    return found is not None and (isinstance(message.id, str) or not isinstance(found.id, str))


def unused() -> list[tuple[str, str]]:
    """What is translated but no longer said: (file, message)."""
    now = {key(message) for message in said() if message.id}
    return [(name, key(m)) for name, catalog in translated().items() for m in catalog if m.id and key(m) not in now]


def write(name: str) -> None:
    path, now = FRENCH / name, said()
    fresh = Catalog(locale="fr")
    for message in read(path):
        if message.id and key(message) in now:
            fresh.add(message.id, message.string)
    for message in missing():
        fresh.add(message.id, "" if isinstance(message.id, str) else ("", ""))
    save(path, fresh)


def save(path: Path, catalog: Catalog) -> None:
    """Without the header's dates, so that a file changes only when its sentences do."""
    with path.open("wb") as file:
        file.write(HEADER.encode())
        write_po(file, catalog, width=120, sort_output=True, omit_header=True)


HEADER = """msgid ""
msgstr ""
"Language: fr\\n"
"Content-Type: text/plain; charset=utf-8\\n"
"Plural-Forms: nplurals=2; plural=(n > 1);\\n"

"""


if __name__ == "__main__":
    for name in sys.argv[1:]:
        write(name)
    for message in missing():
        print(message.id, [f"{file}:{line}" for file, line in message.locations][:1])
