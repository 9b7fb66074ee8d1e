"""What the packages refuse is said in the reader's language."""

import ast
import importlib
import pkgutil
from pathlib import Path

import pytest

import comptoir
from comptoir.console import refusals
from comptoir.console.language import LANGUAGES
from comptoir.console.page import Page
from comptoir.identity.errors import KeptApart, SharedByMany
from comptoir.kernel.errors import Refusal
from comptoir.kernel.http import problems

BELOW = (
    *(
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
        "profiles",
        "feeds",
        "connectors",
        "privacy",
    ),
    "console",
)
"""Packages whose refusals can come up in a route of the console: itself and those it may import."""


def refused() -> dict[str, type[Refusal]]:
    for package in BELOW:
        for module in pkgutil.walk_packages([str(Path(comptoir.__path__[0], package))], f"comptoir.{package}."):
            importlib.import_module(module.name)

    def all_of(kind):
        for one in kind.__subclasses__():
            yield one
            yield from all_of(one)

    # Not what other tests declare.
    ours = tuple(f"comptoir.{package}." for package in BELOW)
    return {one.code: one for one in all_of(Refusal) if one.__module__.startswith(ours)}


def problem_codes() -> set[str]:
    """Codes that the kernel gives to errors that are no refusals of ours."""
    tree = ast.parse(Path(problems.__file__).read_text())
    spelled = {
        word.value.value
        for call in ast.walk(tree)
        if isinstance(call, ast.Call)
        for word in call.keywords
        if word.arg == "code" and isinstance(word.value, ast.Constant)
    }
    return spelled | set(problems.CODES.values())


def test_every_code_has_words_and_they_are_french_in_french():
    codes = set(refused()) | problem_codes()
    assert len(codes) > 50
    french = LANGUAGES["fr"]
    assert not codes - set(refusals.WORDS), "say it in console/refusals.py"
    same = [code for code in codes if french.gettext(refusals.WORDS[code]) == refusals.WORDS[code]]
    same += [code for code, words in refusals.PARTICULAR.items() if french.gettext(words) == words]
    assert not same, "say it in French"


def test_no_words_are_left_over():
    assert not set(refusals.WORDS) - set(refused()) - problem_codes()
    assert not set(refusals.PARTICULAR) - set(refusals.WORDS)


@pytest.fixture
def french(page) -> Page:
    page.language = LANGUAGES["fr"]
    return page


def test_the_data_of_a_refusal_are_said(french):
    told = refusals.said_of(french, SharedByMany("x is used by several people.", values=["<b>@posteo.example"]))
    assert told == "&lt;b&gt;@posteo.example est partagé par plusieurs personnes et ne peut être rattaché à une seule."
    assert refusals.said_of(french, SharedByMany("other", other=1)).startswith("Un identifiant est ici partagé")
    assert refusals.said_of(french, SharedByMany()).startswith("Un identifiant est ici partagé")
    assert "annulez cela d’abord" in refusals.said_of(french, KeptApart("A steward has …"))


def test_a_newer_code_is_said_in_its_own_words(french):
    class Newer(Refusal):
        """Something that nobody has translated."""

        code = "tests.newer"

    assert refusals.said_of(french, Newer()) == "Something that nobody has translated."


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("/sources/7777", "Cette source n’existe pas."),
        ("/quality/letters/999999", "Cette lettre morte n’existe pas."),
        ("/customers/00000000-0000-4000-8000-000000000000", "Personne n’a jamais été connu sous cette adresse."),
        ("/events?source=abc", "La demande est mal formée."),
    ],
)
def test_a_page_says_why_in_french(town, path, words):
    with town.visitor("admin", **{"Accept-Language": "fr"}) as client:
        answer = client.get(path)
    assert words in answer.text
    assert answer.status_code in {400, 404}
