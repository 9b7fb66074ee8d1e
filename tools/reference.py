"""Write docs/reference/ anew from the code, or tell with --check which page is stale.

settings.md   every COMPTOIR_… variable            refusals.md  every error code a caller can meet
commands.md   the command line                     facts.md     what is told to the log
api.md        routes, their scopes and answers     tables.md    tables and published views, from schema.sql
"""

import ast
import importlib
import inspect
import pkgutil
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import typer

import comptoir
from comptoir.kernel.errors import Refusal
from comptoir.kernel.log import Fact
from comptoir.kernel.settings import Settings

ROOT = Path(__file__).parents[1]
SRC = ROOT / "src" / "comptoir"
REFERENCE = ROOT / "docs" / "reference"
# In the order of their first migrations: each stands on those before it.
PACKAGES = list(
    dict.fromkeys(
        package
        for file in sorted((SRC / "migrations").glob("*.sql"))
        if (SRC / (package := file.stem.split("_")[1]) / "schema.sql").exists()
    )
)
NOTE = "<!-- Written by tools/reference.py from the code: `make docs`. Do not edit. -->\n"


def main() -> int:
    load_everything()
    pages = {
        "settings.md": settings(),
        "commands.md": commands(),
        "api.md": api(),
        "refusals.md": refusals(),
        "facts.md": facts(),
        "tables.md": tables(),
    }
    stale = [name for name, text in pages.items() if read(REFERENCE / name) != text]
    if "--check" in sys.argv:
        for name in stale:
            print(f"docs/reference/{name} is not what the code says: run `make docs`.")
        return bool(stale)
    REFERENCE.mkdir(parents=True, exist_ok=True)
    for name in stale:
        (REFERENCE / name).write_text(pages[name])
    return 0


def read(path: Path) -> str:
    return path.read_text() if path.exists() else ""


def load_everything() -> None:
    """Refusals and facts register themselves by being defined."""
    for module in pkgutil.walk_packages(comptoir.__path__, "comptoir."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)


def subclasses(root: type) -> list[type]:
    found: list[type] = []
    for child in root.__subclasses__():
        found += [child, *subclasses(child)]
    return [c for c in found if c.__module__.startswith("comptoir.")]


def settings() -> str:
    """The docstring that follows each field in the class body is its meaning."""
    body = ast.parse(inspect.getsource(Settings)).body[0]
    assert isinstance(body, ast.ClassDef)
    meaning: dict[str, str] = {}
    for this, following in zip(body.body, body.body[1:], strict=False):
        if isinstance(this, ast.AnnAssign) and isinstance(this.target, ast.Name) and isinstance(following, ast.Expr):
            meaning[this.target.id] = str(ast.literal_eval(following.value))
    lines = [
        f"| `COMPTOIR_{field.name.upper()}` | `{field.default if field.default != '' else ' '}` | {oneline(meaning.get(field.name, ''))} |"
        for field in msgspec.structs.fields(Settings)
    ]
    return page(
        "Settings",
        "Environment variables; command-line options win over them.",
        ["| variable | default | meaning |", "|---|---|---|", *lines],
    )


def commands() -> str:
    from comptoir.cli import app

    root: Any = typer.main.get_command(app)
    lines: list[str] = []
    for path, command in walk(root, "comptoir"):
        lines += [f"## `{path}`", "", inspect.cleandoc(command.help or ""), ""]
        options = [p for p in command.params if p.name != "help"]
        if options:
            lines += ["| option | default | meaning |", "|---|---|---|"]
            for option in options:
                names = ", ".join(f"`{name}`" for name in option.opts) if option.opts else f"`{option.name}`"
                default = "" if option.default in (None, "", ()) or callable(option.default) else f"`{option.default}`"
                lines.append(f"| {names} | {default} | {oneline(getattr(option, 'help', '') or '')} |")
            lines.append("")
    return page("Commands", "What `comptoir` can do on the command line.", lines)


def walk(command: Any, path: str) -> Iterator[tuple[str, Any]]:
    children = getattr(command, "commands", None)
    if children is None:
        yield path, command
        return
    for name in sorted(children):
        yield from walk(children[name], f"{path} {name}")


def api() -> str:
    from comptoir.server.app import openapi

    schema: dict[str, Any] = openapi()
    wanted = scopes()
    lines: list[str] = []
    group = ""
    for path, verbs in sorted(schema["paths"].items()):
        head = path.split("/")[2] if path.startswith("/v1/") else "other"
        if head != group:
            group = head
            lines += [
                *([""] if lines else []),
                f"## {group}",
                "",
                "| route | what it does | scope | answers |",
                "|---|---|---|---|",
            ]
        for verb, operation in verbs.items():
            if verb not in {"get", "post", "put", "patch", "delete"}:
                continue
            what = oneline(operation.get("description") or operation.get("summary") or "")
            answers = ", ".join(sorted(operation.get("responses", {})))
            lines.append(f"| `{verb.upper()} {path}` | {what} | {wanted[verb.upper(), path]} | {answers} |")
    return page(
        "HTTP API",
        "All routes but those of the SDKs ([connect a source](../guides/sources.md)), `/metrics` and the console's. The machine-readable form "
        "is `/openapi.json`; errors are problem+json (RFC 9457), see [refusals](refusals.md). Without the scope the answer is 401 or 403.",
        lines,
    )


def scopes() -> dict[tuple[str, str], str]:
    """What a key or a role must have for each route."""
    from litestar.routes import HTTPRoute

    from comptoir.kernel.auth.guards import allow, guards_of
    from comptoir.kernel.db import Database
    from comptoir.server.app import create_app

    app = create_app(Settings(), Database("postgresql://")).litestar
    return {
        (method, route.path_format): ", ".join(
            f"`{guard.scope}`" for guard in guards_of(handler) if isinstance(guard, allow)
        )
        or "none"
        for route in app.routes
        if isinstance(route, HTTPRoute)
        for handler in route.route_handlers
        for method in handler.http_methods
    }


def refusals() -> str:
    seen = {c.code: c for c in subclasses(Refusal)}
    lines = ["| code | status | meaning |", "|---|---|---|"]
    lines += [f"| `{code}` | {c.status} | {oneline(inspect.getdoc(c) or '')} |" for code, c in sorted(seen.items())]
    return page("Refusals", "Stable codes of problem+json answers.", lines)


def facts() -> str:
    lines: list[str] = []
    for fact in sorted((c for c in subclasses(Fact) if hasattr(c, "kind")), key=lambda c: c.kind):
        lines += [f"## `{fact.kind}`", "", inspect.getdoc(fact) or "", "", "| field | type |", "|---|---|"]
        lines += [f"| `{f.name}` | `{typename(f.type)}` |" for f in msgspec.structs.fields(fact)]
        lines.append("")
    return page("Facts", "What packages tell the log; past tense, each with its fields.", lines)


def tables() -> str:
    lines: list[str] = []
    for package in PACKAGES:
        text = read(SRC / package / "schema.sql")
        lines += [f"## {package}", "", "| table or view | what it holds |", "|---|---|"]
        for match in re.finditer(r"((?:^--.*\n)*)^CREATE (?:UNLOGGED )?(TABLE|VIEW) ([\w.]+)", text, re.MULTILINE):
            comment = " ".join(line.lstrip("- ").strip() for line in match[1].splitlines())
            lines.append(f"| `{match[3]}`{' (view)' if match[2] == 'VIEW' else ''} | {oneline(comment)} |")
        lines.append("")
    return page(
        "Tables", "One PostgreSQL schema per package. `v_*` views are published: `comptoir sql` reads them.", lines
    )


def typename(kind: Any) -> str:
    return (
        kind.__name__
        if isinstance(kind, type) and not getattr(kind, "__args__", None)
        else str(kind).replace("typing.", "").replace("|", "or")
    )


def oneline(text: str) -> str:
    return re.sub(r"\s+", " ", text).strip().replace("|", "\\|")


def page(title: str, lead: str, lines: list[str]) -> str:
    return "\n".join([NOTE, f"# {title}", "", lead, "", *lines]).rstrip() + "\n"


if __name__ == "__main__":
    sys.exit(main())
