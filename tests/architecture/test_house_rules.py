"""The rules of the house that a machine can check. Each failure says how to mend it."""

import ast
import re
from pathlib import Path

import pytest

import comptoir

SRC = Path(comptoir.__file__).parent
ROOT = SRC.parents[1]
MODULES = sorted(SRC.glob("*/**/*.py"))
PACKAGES = sorted(path.parent.name for path in SRC.glob("*/schema.sql"))
WRITES = re.compile(
    r"\b(?:INSERT\s+INTO|UPDATE|DELETE\s+FROM|TRUNCATE(?:\s+TABLE)?|COPY|MERGE\s+INTO)\s+(?:ONLY\s+)?([a-z_]+)\.",
    re.IGNORECASE,
)
REFERENCES = re.compile(r"\bREFERENCES\s+([a-z_]+)\.", re.IGNORECASE)
LAYERS = [
    "kernel",
    "channels",
    "ingest",
    "identity",
    "consent",
    "catalog",
    "inventory",
    "pricing",
    "rfid",
    "orders",
    "tills",
    "connectors",
    "profiles",
    "feeds",
    "privacy",
    "console",
    "server",
    "demo",
    "cli",
]
MAX_LINES = 400
MAX_NOUNS = 18
STANDING = {"__init__", "__main__", "records", "errors", "events", "api", "reactions", "reconcile", "holdings"}


def name(path: Path) -> str:
    return str(path.relative_to(SRC))


def strings(module: Path):
    for node in ast.walk(ast.parse(module.read_text())):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.lineno, node.value


@pytest.mark.parametrize("module", MODULES, ids=name)
def test_a_package_writes_only_its_own_tables(module):
    package = module.relative_to(SRC).parts[0]
    known = set(PACKAGES)
    # Benchmarks fill tables with earlier days; they are no part of the product's paths.
    if module.parent.name == "bench":
        return
    for line, text in strings(module):
        foreign = (set(WRITES.findall(text)) & known) - {package}
        assert not foreign, f"{name(module)}:{line} writes {foreign}: call that package's operation instead"


@pytest.mark.parametrize("package", PACKAGES)
def test_foreign_keys_point_down(package):
    below = set(LAYERS[: LAYERS.index(package) + 1])
    for target in REFERENCES.findall((SRC / package / "schema.sql").read_text()):
        assert target in below, f"{package}/schema.sql refers to {target}, which lies above it"


@pytest.mark.parametrize("module", MODULES, ids=name)
def test_a_file_can_be_read_in_one_sitting(module):
    lines = len(module.read_text().splitlines())
    assert lines <= MAX_LINES, f"{name(module)} has {lines} lines: split it by noun"


@pytest.mark.parametrize("package", sorted({m.relative_to(SRC).parts[0] for m in MODULES} - {"console", "demo"}))
def test_a_package_is_no_drawer(package):
    nouns = [path for path in (SRC / package).glob("*.py") if path.stem not in STANDING]
    assert len(nouns) <= MAX_NOUNS, f"{package} has {len(nouns)} nouns: it is two packages"


@pytest.mark.parametrize("module", MODULES, ids=name)
def test_no_room_without_a_purpose(module):
    forbidden = {"utils", "util", "helpers", "common", "misc", "services", "service", "managers", "manager", "core"}
    assert not forbidden & set(module.relative_to(SRC).with_suffix("").parts), f"{name(module)}: name it by its noun"


@pytest.mark.parametrize("package", sorted({m.relative_to(SRC).parts[0] for m in MODULES}))
def test_every_package_has_a_front_door_with_a_map(package):
    door = SRC / package / "__init__.py"
    assert door.exists(), f"{package} has no front door"
    assert ast.get_docstring(ast.parse(door.read_text())), f"{package}/__init__.py says nothing about the package"


def test_nothing_but_the_kernel_reads_the_clock():
    """`datetime.now`, `time.time` and SQL's now() escape the shiftable clock."""
    reads = re.compile(r"\b(datetime\.now|datetime\.utcnow|date\.today|time\.time)\(")
    offenders = [
        f"{name(module)}:{number}"
        for module in MODULES
        if module.relative_to(SRC).parts[0] not in {"kernel", "demo", "cli", "server"}
        for number, line in enumerate(module.read_text().splitlines(), 1)
        if reads.search(line) and "clock:" not in line
    ]
    assert not offenders, f"take tx.now (or say `# clock: why`): {offenders}"


def test_no_registry_and_no_machine_path_is_committed():
    index = re.compile(r"--(extra-)?index-url|\"resolved\": \"http|pypi\.org/simple|registry\.npmjs\.org")
    for folder in ("src", "tests", "tools", "requirements", "docs", ".ci"):
        for path in (ROOT / folder).rglob("*"):
            if path.suffix in {".py", ".md", ".sh", ".lock", ".in", ".toml", ".json"} and path != Path(__file__):
                assert not index.search(path.read_text()), path
