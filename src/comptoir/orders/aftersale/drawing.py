"""A document as PDF and as the text of an e-mail, in English and French. Pure: the same content, the same bytes."""

import io
import unicodedata
from collections.abc import Iterator
from datetime import datetime
from functools import cache
from typing import Any

from comptoir.kernel.money import Money
from comptoir.orders.aftersale.paper import Buyer, Content, Item, Language, Seller

WORDS: dict[Language, dict[str, str]] = {
    "en": {
        "invoice": "Invoice",
        "receipt": "Receipt",
        "credit_note": "Credit note",
        "of": "of",
        "to": "To",
        "sold": "Sold on",
        "back": "Given back on",
        "sale": "Receipt",
        "corrects": "Corrects invoice",
        "article": "Article",
        "quantity": "Quantity",
        "price": "Price",
        "discount": "Discount",
        "tax": "Tax",
        "total": "Total",
        "net": "Net",
        "other": "other rate",
        "paid": "Paid",
        "given": "Given back",
        "page": "Page",
        "greeting": "Good day,",
        "here": "here is your document.",
        "thanks": "Thank you.",
    },
    "fr": {
        "invoice": "Facture",
        "receipt": "Ticket",
        "credit_note": "Avoir",
        "of": "du",
        "to": "À",
        "sold": "Vendu le",
        "back": "Repris le",
        "sale": "Ticket",
        "corrects": "Corrige la facture",
        "article": "Article",
        "quantity": "Quantité",
        "price": "Prix",
        "discount": "Remise",
        "tax": "TVA",
        "total": "Total",
        "net": "HT",
        "other": "autre taux",
        "paid": "Réglé",
        "given": "Rendu",
        "page": "Page",
        "greeting": "Bonjour,",
        "here": "voici votre document.",
        "thanks": "Merci.",
    },
}

KINDS: dict[Language, dict[str, str]] = {
    "en": {
        "goods": "Article",
        "service": "Service",
        "shipping": "Delivery",
        "deposit": "Deposit",
        "adjustment": "Adjustment",
    },
    "fr": {
        "goods": "Article",
        "service": "Service",
        "shipping": "Livraison",
        "deposit": "Consigne",
        "adjustment": "Ajustement",
    },
}
"""Lines that have no name of their own."""

TENDERS: dict[Language, dict[str, str]] = {
    "en": {"gift_card": "gift card"},
    "fr": {
        "cash": "espèces",
        "card": "carte",
        "gift_card": "carte cadeau",
        "voucher": "bon d’achat",
        "exchange": "échange",
    },
}
"""Ways of paying as they are printed; others as they were sent."""

LEFT, RIGHT, TOP, BOTTOM = 50, 545, 790, 60
"""Of an A4 page, in points."""
COLUMNS = (300, 365, 425, 475, RIGHT)
"""Where quantity, price, discount, tax and total end."""


def email(content: Content) -> str:
    """Subject in the first line, the text after an empty one."""
    words = WORDS[content.language]
    colon = "\N{NO-BREAK SPACE}:" if content.language == "fr" else ":"
    lines = [
        f"{words[content.kind]} {content.number}",
        "",
        words["greeting"],
        words["here"],
        "",
        *(
            f"{quantity(one, content.language)} × {one.name}{colon} {money(one.total_minor, content)}"
            for one in content.items
        ),
        f"{words['total']}{colon} {money(content.total_minor, content)}",
        *(f"{tax_words(rate, tax, content)}{colon} {money(tax, content)}" for rate, _, tax in taxes(content)),
        "",
        words["thanks"],
        *address(content.seller),
    ]
    return "\n".join(lines) + "\n"


def draw(content: Content) -> bytes:
    """As PDF, one or more pages of A4."""
    from reportlab.lib.pagesizes import A4  # noqa: PLC0415  half a second, for those who issue documents
    from reportlab.pdfgen.canvas import Canvas  # noqa: PLC0415

    fonts()
    paper = io.BytesIO()
    # Invariant: without the moment of drawing and random ids.
    canvas: Any = Canvas(paper, pagesize=A4, invariant=True, pageCompression=1, lang=content.language)
    words = WORDS[content.language]
    canvas.setTitle(f"{words[content.kind]} {content.number}")
    canvas.setAuthor(content.seller.name)
    page = 1
    y = head(canvas, content)
    for one in content.items:
        if y < BOTTOM + 40:
            y = turn(canvas, content, page)
            page += 1
        y = line(canvas, content, one, y)
    if y < BOTTOM + 40 + 14 * (4 + len(content.taxes) + len(content.paid)):
        y = turn(canvas, content, page)
        page += 1
    foot(canvas, content, y)
    write(canvas, RIGHT, 30, f"{words['page']} {page}", size=8, right=True)
    canvas.showPage()
    canvas.save()
    return paper.getvalue()


def head(canvas: Any, content: Content) -> int:
    words = WORDS[content.language]
    write(canvas, LEFT, TOP, content.seller.name, size=14, bold=True)
    y = TOP - 16
    for text in address(content.seller)[1:]:
        write(canvas, LEFT, y, text)
        y -= 12
    write(canvas, RIGHT, TOP, words[content.kind], size=14, bold=True, right=True)
    write(canvas, RIGHT, TOP - 16, content.number, right=True)
    write(canvas, RIGHT, TOP - 28, f"{words['of']} {day(content.issued_at, content.language)}", right=True)
    write(canvas, RIGHT, TOP - 40, f"{words['sale']} {content.receipt_number}", right=True)
    moved = words["back" if content.kind == "credit_note" else "sold"]
    write(canvas, RIGHT, TOP - 52, f"{moved} {day(content.sold_at, content.language)}", right=True)
    if content.corrects:
        write(canvas, RIGHT, TOP - 64, f"{words['corrects']} {content.corrects}", right=True)
    if content.buyer:
        write(canvas, LEFT, TOP - 80, words["to"], size=8)
        for number, text in enumerate(address(content.buyer)):
            write(canvas, LEFT, TOP - 92 - 12 * number, text)
    return columns(canvas, content, TOP - 175)


def columns(canvas: Any, content: Content, y: int) -> int:
    words = WORDS[content.language]
    write(canvas, LEFT, y, words["article"], size=8, bold=True)
    for end, name in zip(COLUMNS, ("quantity", "price", "discount", "tax", "total"), strict=True):
        write(canvas, end, y, words[name], size=8, bold=True, right=True)
    canvas.line(LEFT, y - 4, RIGHT, y - 4)
    return y - 18


def line(canvas: Any, content: Content, one: Item, y: int) -> int:
    write(canvas, LEFT, y, one.name[:44])
    texts = (
        quantity(one, content.language),
        money(one.amount_minor, content),
        money(one.discount_minor, content) if one.discount_minor else "",
        "" if one.rate_millionths is None else percent(one.rate_millionths, content.language),
        money(one.total_minor, content),
    )
    for end, text in zip(COLUMNS, texts, strict=True):
        write(canvas, end, y, text, right=True)
    if one.sku and one.sku != one.name:
        write(canvas, LEFT, y - 10, one.sku[:60], size=7)
        y -= 10
    return y - 16


def foot(canvas: Any, content: Content, y: int) -> None:
    words = WORDS[content.language]
    canvas.line(LEFT, y + 8, RIGHT, y + 8)
    y -= 6
    write(canvas, 425, y, words["total"], size=11, bold=True, right=True)
    write(canvas, RIGHT, y, money(content.total_minor, content), size=11, bold=True, right=True)
    for rate, net, tax in taxes(content):
        y -= 14
        write(canvas, 365, y, f"{words['net']} {money(net, content)}", right=True)
        write(canvas, 475, y, tax_words(rate, tax, content), right=True)
        write(canvas, RIGHT, y, money(tax, content), right=True)
    for kind, amount in content.paid:
        y -= 14
        word = words["given" if content.kind == "credit_note" else "paid"]
        write(canvas, 475, y, f"{word} ({TENDERS[content.language].get(kind, kind)})", right=True)
        write(canvas, RIGHT, y, money(amount, content), right=True)


def turn(canvas: Any, content: Content, page: int) -> int:
    write(canvas, RIGHT, 30, f"{WORDS[content.language]['page']} {page}", size=8, right=True)
    canvas.showPage()
    write(canvas, LEFT, TOP, f"{WORDS[content.language][content.kind]} {content.number}", size=8)
    return columns(canvas, content, TOP - 24)


def write(canvas: Any, x: int, y: int, text: str, *, size: int = 9, bold: bool = False, right: bool = False) -> None:
    canvas.setFont("VeraBd" if bold else "Vera", size)
    (canvas.drawRightString if right else canvas.drawString)(x, y, drawable(text))


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
        if character.isspace():
            return "\N{NO-BREAK SPACE}"
        base = unicodedata.normalize("NFKD", character)[0]
        return base if ord(base) in known else "?"

    return "".join(map(drawn, text))


def address(of: Seller | Buyer) -> list[str]:
    lines = [of.name, of.street, f"{of.postcode} {of.city}".strip(), of.country]
    return [one for one in [*lines, of.tax_number] if one]


def taxes(content: Content) -> Iterator[tuple[int | None, int, int]]:
    for one in content.taxes:
        yield one.rate_millionths, one.net_minor, one.tax_minor


def tax_words(rate: int | None, tax_minor: int, content: Content) -> str:
    """Where there is no tax, and no rate of none, no rate is named."""
    words = WORDS[content.language]
    if rate is None:
        return f"{words['tax']} {words['other']}" if tax_minor else words["tax"]
    return f"{words['tax']} {percent(rate, content.language)}"


def percent(rate_millionths: int, language: Language) -> str:
    text = f"{rate_millionths / 10_000:.4f}".rstrip("0").rstrip(".")
    return f"{text.replace('.', ',')}\N{NO-BREAK SPACE}%" if language == "fr" else f"{text}%"


def quantity(one: Item, language: Language) -> str:
    whole, part = divmod(one.quantity, 1000)
    return f"{whole}{',' if language == 'fr' else '.'}{part:03d}" if part else str(whole)


def money(amount_minor: int, content: Content) -> str:
    from babel.numbers import format_currency  # noqa: PLC0415

    return format_currency(Money(amount_minor, content.currency).decimal(), content.currency, locale=content.language)


def day(moment: datetime, language: Language) -> str:
    from babel.dates import format_date  # noqa: PLC0415

    return format_date(moment.date(), "long", locale=language)
