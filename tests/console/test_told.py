"""How what happened reads: in the words of a shop, in both languages."""

import pytest

from comptoir.console.language import LANGUAGES
from comptoir.console.pages.told import field_value, sentence
from comptoir.profiles.corrections import CORRECTED


@pytest.mark.parametrize(
    ("code", "named", "alone"),
    [
        ("en", "Purchase put right: Coat Ondine", "A purchase was put right"),
        ("fr", "Achat rectifié\u00a0: Coat Ondine", "Un achat a été rectifié"),
    ],
)
@pytest.mark.parametrize("kind", ["order", "return"])
def test_a_corrected_purchase_is_neither_bought_nor_brought_back(page, code, named, alone, kind):
    page.language = LANGUAGES[code]
    assert sentence(page, kind, CORRECTED, "Coat Ondine") == named
    assert sentence(page, kind, CORRECTED, None) == alone


def test_a_language_is_called_by_its_name_wherever_it_stands(page):
    assert field_value(page, "language", "fr") == "French"
    assert field_value(page, "language", "pt_BR") == "Portuguese"
    assert field_value(page, "language", "no such") == "no such"
    assert field_value(page, "nickname", "fr") == "fr"
