"""How what happened reads: in the words of a shop, in both languages."""

from datetime import date

import pytest

from comptoir.console.language import LANGUAGES
from comptoir.console.pages import devices
from comptoir.console.pages.told import field_value, sentence
from comptoir.profiles import Device
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


@pytest.mark.parametrize(
    ("agent", "name", "icon"),
    [
        ("Mozilla/5.0 (Macintosh) Safari/605.1", "Safari, Mac", "device-desktop"),
        ("Mozilla/5.0 (Windows NT 10.0) Chrome/140.0 Safari/537.36 Edg/140.0", "Edge, Windows", "device-desktop"),
        ("Mozilla/5.0 (Linux; Android 15) Chrome/140.0 Mobile Safari/537.36", "Chrome, Android", "device-mobile"),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 18) CriOS/140.0 Safari/604.1", "Chrome, iPhone", "device-mobile"),
        ("Tissandier/4.2 (iPhone15,2; iOS 26.1)", "Tissandier 4.2, iPhone", "device-mobile"),
        ("curl/8.5", "curl/8.5", "device-mobile"),
        ("", "", "device-mobile"),
    ],
)
def test_a_device_is_called_by_its_browser_and_its_kind(agent, name, icon):
    assert devices.named(Device("d", agent, date(2026, 1, 1), date(2026, 1, 1))) == (name, icon)
