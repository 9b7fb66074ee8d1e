"""Every sentence has its French, and figures are written as each language writes them."""

from datetime import UTC, datetime, timedelta

import pytest
from markupsafe import Markup

from comptoir.console.language import LANGUAGES, negotiate
from comptoir.kernel.money import Money
from console.conftest import NOW, PARIS
from console.messages import key, missing, said, translated, unused

EN, FR = LANGUAGES["en"], LANGUAGES["fr"]


def test_nothing_is_said_in_english_only():
    assert [(key(message), message.locations) for message in missing()] == []


def test_no_translation_is_left_over():
    assert unused() == []


def test_a_translation_takes_the_same_values():
    for name, catalog in translated().items():
        for message in catalog:
            if message.id and message.python_format:
                assert not list(message.check(catalog)), f"{name}: {message.id}"


def test_no_message_holds_markup():
    for message in said():
        for text in [message.id] if isinstance(message.id, str) else message.id:
            assert "<" not in text and '"' not in text, text


def test_a_sentence_is_translated_once():
    seen = [key(message) for catalog in translated().values() for message in catalog if message.id]
    assert len(seen) == len(set(seen))


@pytest.mark.parametrize(
    ("amount", "english", "french"),
    [
        (Money(111_111, "EUR"), "€1,111.11", "1\u202f111,11\u00a0€"),
        (Money(-2_000, "EUR"), "−€20.00", "−20,00\u00a0€"),
        (Money(1_234_567, "TND"), "TND1,234.567", "1\u202f234,567\u00a0TND"),
        (Money(5_800, "JPY"), "JP¥5,800", "5\u202f800\u00a0JPY"),
        (Money(0, "EUR"), "€0.00", "0,00\u00a0€"),
    ],
)
def test_money_of_any_currency(amount, english, french):
    assert (EN.money(amount), FR.money(amount)) == (english, french)


def test_money_without_cents_is_rounded():
    assert EN.money(Money(4_821_650, "EUR"), cents=False) == "€48,216"
    assert FR.money(Money(4_821_750, "EUR"), cents=False) == "48\u202f218\u00a0€"


def test_figures():
    assert (EN.number(18_420), FR.number(18_420)) == ("18,420", "18\u202f420")
    assert (EN.number(-6.3, 1), FR.number(2.7)) == ("−6.3", "2,7")
    assert (EN.number(12.4, 1, sign=True), EN.number(0, sign=True)) == ("+12.4", "0")
    assert (EN.percent(0.63), FR.percent(0.635, 1)) == ("63%", "63,5\u00a0%")


@pytest.mark.parametrize(
    ("before", "english", "french"),
    [
        (timedelta(), "today 14:32", "aujourd’hui 14:32"),
        (timedelta(days=1), "yesterday 14:32", "hier 14:32"),
        (timedelta(days=2, hours=-4), "Thu 18:32", "jeu. 18:32"),
        (timedelta(days=44), "8 Oct", "8 oct."),
        (timedelta(days=400), "17 Oct 2025", "17 oct. 2025"),
        (timedelta(days=-1), "22 Nov", "22 nov."),
    ],
)
def test_a_moment_is_as_precise_as_it_matters(before, english, french):
    moment = NOW - before
    assert EN.moment(moment, now=NOW, zone=PARIS) == english
    assert FR.moment(moment, now=NOW, zone=PARIS) == french


def test_midnight_is_of_the_shop_not_of_utc():
    late = datetime(2026, 11, 20, 23, 30, tzinfo=UTC)  # 00:30 on the 21st in Paris
    assert EN.moment(late, now=NOW, zone=PARIS) == "today 00:30"


def test_how_long_since():
    assert [EN.ago(seconds) for seconds in (-3, 12, 130, 7200, 200_000)] == ["0 s", "12 s", "2 min", "2 h", "2 d"]
    assert FR.ago(200_000) == "2\u00a0j"


def test_values_are_escaped_and_markup_is_not():
    said = FR.gettext("Remove %(filter)s", filter="<b>x</b>")
    assert said == "Retirer &lt;b&gt;x&lt;/b&gt;"
    assert FR.gettext("Remove %(filter)s", filter=Markup("<b>x</b>")) == "Retirer <b>x</b>"


def test_none_is_never_told_as_one():
    left = "one piece left", "%(n)s pieces left"
    assert [FR.ngettext(*left, n) for n in (0, 1, 2)] == ["encore 0 pièces", "encore une pièce", "encore 2 pièces"]
    assert [EN.ngettext(*left, n) for n in (0, 1)] == ["0 pieces left", "one piece left"]


def test_plurals_in_english_when_nothing_is_translated():
    assert EN.ngettext("%(n)s person", "%(n)s people", 1) == "1 person"
    assert FR.ngettext("%(n)s of no catalogue", "%(n)s of none", 2000) == "2\u202f000 of none"


@pytest.mark.parametrize(
    ("header", "code"),
    [("fr-FR,fr;q=0.9,en;q=0.8", "fr"), ("nl-BE,nl;q=0.9,en;q=0.6", "en"), ("", "fr"), ("zz, *", "fr"), ("\0;;", "fr")],
)
def test_the_first_language_we_speak(header, code):
    assert negotiate(header, "fr").code == code
