"""A report as PDF: headings, lines of text, pages. Pure: the same content, the same bytes."""

import io
import unicodedata
from collections.abc import Sequence
from functools import cache
from typing import Any, Literal

LEFT, TOP, BOTTOM, WIDTH = 50, 790, 60, 100
"""In points; and characters of a line."""
Language = Literal["en", "fr"]
Part = tuple[str, Sequence[str]]
"""A heading, and the lines beneath it."""


def draw(*, title: str, parts: Sequence[Part], language: Language) -> bytes:
    """One or more pages of A4."""
    from reportlab.lib.pagesizes import A4  # noqa: PLC0415  half a second, for those who draw
    from reportlab.pdfgen.canvas import Canvas  # noqa: PLC0415

    fonts()
    paper = io.BytesIO()
    canvas: Any = Canvas(paper, pagesize=A4, invariant=True, pageCompression=1, lang=language)
    canvas.setTitle(drawable(title))
    page, y = 1, _line(canvas, TOP, title, size=14, bold=True) - 8
    for heading, lines in parts:
        for text, bold in [(heading, True), *((one, False) for line in lines for one in wrapped(line))]:
            if y < BOTTOM:
                _line(canvas, 30, str(page), size=8)
                canvas.showPage()
                page, y = page + 1, TOP
            y = _line(canvas, y - (6 if bold else 0), text, size=10 if bold else 8, bold=bold)
    _line(canvas, 30, str(page), size=8)
    canvas.showPage()
    canvas.save()
    return paper.getvalue()


def _line(canvas: Any, y: int, text: str, *, size: int, bold: bool = False) -> int:
    canvas.setFont("VeraBd" if bold else "Vera", size)
    canvas.drawString(LEFT, y, drawable(text))
    return y - size - 4


def wrapped(text: str) -> list[str]:
    """In lines that fit; a word that does not is broken."""
    lines: list[str] = []
    line = ""
    for word in text.split():
        rest = word
        while len(rest) > WIDTH:
            rest, line = rest[WIDTH:], f"{line} {rest[:WIDTH]}".strip()
            lines.append(line)
            line = ""
        if line and len(line) + 1 + len(rest) > WIDTH:
            lines.append(line)
            line = rest
        else:
            line = f"{line} {rest}".strip()
    return [*lines, line] if line or not lines else lines


@cache
def fonts() -> frozenset[int]:
    """Those that come with the library; returns the characters that they can draw."""
    from reportlab.pdfbase import pdfmetrics  # noqa: PLC0415
    from reportlab.pdfbase.ttfonts import TTFont  # noqa: PLC0415

    for name in ("Vera", "VeraBd"):
        font: Any = TTFont(name, f"{name}.ttf")
        pdfmetrics.registerFont(font)  # pyright: ignore[reportUnknownMemberType]
    face: Any = pdfmetrics.getFont("Vera")  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]
    return frozenset(face.face.charToGlyph)


def drawable(text: str) -> str:
    """Without what the fonts cannot draw: a letter loses its accent before it is lost."""
    known = fonts()

    def drawn(character: str) -> str:
        if ord(character) in known:
            return character
        base = unicodedata.normalize("NFKD", character)[0]
        return base if ord(base) in known else "?"

    return "".join(map(drawn, text))
