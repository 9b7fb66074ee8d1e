"""The docs say what the code says, and leave nothing out."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]


def test_the_reference_is_what_the_code_says():
    done = subprocess.run(
        [sys.executable, ROOT / "tools" / "reference.py", "--check"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("page", ["settings", "commands", "api", "refusals", "facts", "tables"])
def test_everything_in_the_reference_has_a_meaning(page):
    text = (ROOT / "docs" / "reference" / f"{page}.md").read_text()
    empty = [
        line for line in text.splitlines() if re.search(r"^\| `[^|]*\|[^|]*\| +\|$", line) or line.endswith("|  |")
    ]
    assert not empty, f"{page}.md: say in the code what these mean: {empty}"


@pytest.mark.parametrize("page", PAGES, ids=lambda p: str(p.relative_to(ROOT)))
def test_links_lead_somewhere(page):
    for target in re.findall(r"\]\(([^)#\s]+)[^)]*\)", page.read_text()):
        if "://" not in target and not target.startswith("mailto:"):
            assert (page.parent / target).exists(), f"{page.name} points to {target}, which is not there"


def test_every_page_of_the_docs_can_be_found_from_the_index():
    index = (ROOT / "docs" / "index.md").read_text()
    for page in (ROOT / "docs").rglob("*.md"):
        name = str(page.relative_to(ROOT / "docs"))
        if name != "index.md" and not name.startswith(("decisions/", "reference/")):
            assert f"({name})" in index, f"docs/index.md does not lead to {name}"


def test_the_architecture_page_names_every_package():
    text = (ROOT / "ARCHITECTURE.md").read_text()
    for package in sorted(p.parent.name for p in (ROOT / "src" / "comptoir").glob("*/__init__.py")):
        assert f"`{package}" in text or f"/{package}" in text or f" {package}/" in text, package


def test_the_architecture_page_names_rooms_that_are_there():
    text = (ROOT / "ARCHITECTURE.md").read_text()
    for place in re.findall(r"`([a-z_]+/[\w/.]+\.\w+)`", text):
        assert any((root / place).exists() for root in (ROOT / "src" / "comptoir", ROOT)), place


def test_every_pain_has_a_test_that_is_there():
    text = (ROOT / "docs" / "ideas" / "pains.md").read_text()
    assert re.findall(r"^## P(\d+) ", text, re.MULTILINE) == [str(number) for number in range(1, 16)]
    for row in (line for line in text.splitlines() if line.startswith("| ") and not line.startswith("| pain")):
        named = re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", row)
        assert named and row.count("::") == len(named), row
        for path, name in named:
            assert re.search(rf"^(async )?def {name}\(", (ROOT / path).read_text(), re.MULTILINE), f"{path}::{name}"
