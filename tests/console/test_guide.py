"""The example of docs/guides/console.md is true: it imports, and what it draws holds what it was given."""

import re
from pathlib import Path

from comptoir.console import Console, Page, Retailer
from comptoir.console.language import LANGUAGES
from comptoir.console.pages import FRAME
from comptoir.kernel.auth import Actor
from comptoir.kernel.db import Database
from comptoir.kernel.money import Money
from comptoir.kernel.settings import Settings

from .conftest import NOW

GUIDE = (Path(__file__).parents[2] / "docs/guides/console.md").read_text()


def block(language: str) -> str:
    return re.search(rf"```{language}\n(.*?)```", GUIDE, re.DOTALL).group(1)


def test_the_example_page_stands(tmp_path):
    (tmp_path / "takings.html.j2").write_text(block("jinja"))
    words = {}
    exec(block("python"), words)
    console = Console(
        settings=Settings(),
        database=Database("postgresql://nobody@nowhere.invalid/none"),
        sections=[*FRAME, words["section"]],
        retailer=Retailer("Tissandier"),
        templates=[tmp_path],
    )
    page = Page(console.frame, LANGUAGES["en"], now=NOW, viewer=Actor(kind="user", name="camille@tissandier.example"))
    full = page.show(
        "takings.html.j2", words["TakingsView"](words["Wanted"](), [("LYB", Money(123_450, "EUR"))])
    ).content
    assert "€1,234" in full
    assert 'data-topic="takings.rows"' in full
    assert "The counter is clear" in page.show("takings.html.j2", words["TakingsView"](words["Wanted"](), [])).content
