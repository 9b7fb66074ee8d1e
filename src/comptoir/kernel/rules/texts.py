"""When two texts are alike: their canonical composition (NFC), with `fold` their full case folding as well.

Python and PostgreSQL agree on every character that both know (Unicode 14 in Python 3.11, 16 in PostgreSQL 18).
"""

from unicodedata import normalize


def alike(text: str) -> str:
    """The text in NFC, so that é is é however it was typed."""
    return text if text.isascii() else normalize("NFC", text)


def folded(text: str) -> str:
    """The same for Strasse, STRASSE and Straße (Unicode's full case folding, without the Turkic exceptions)."""
    return text.lower() if text.isascii() else normalize("NFC", normalize("NFC", text).casefold())


ALIKE = 'normalize({}, NFC) COLLATE "C"'
FOLDED = 'normalize(kernel.folded(normalize({}, NFC)), NFC) COLLATE "C"'
