"""Invoices, receipts and credit notes: numbered without a gap, and never changed.

Who issues one locks its series (outlet, kind, year) until the commit, so a number that is taken is a document that is
there. What it says is frozen as data, with its PDF and the digest of both: read in ten years it is the same, byte for
byte, whatever has become of the shop's address or of the library that drew it. What is wrong gets a credit note.
"""

import hashlib
from collections.abc import Sequence
from datetime import datetime
from typing import LiteralString
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec

from comptoir import channels, pricing
from comptoir.kernel.db import Tx, ints
from comptoir.kernel.ids import uuid7
from comptoir.orders.aftersale import policy
from comptoir.orders.aftersale import sold as books
from comptoir.orders.aftersale.drawing import KINDS, draw, email
from comptoir.orders.aftersale.errors import NothingToWrite, UnknownDocument
from comptoir.orders.aftersale.paper import Buyer, Content, Item, Kind, Language, Seller, TaxPart
from comptoir.orders.records import Line, Sale
from comptoir.orders.sales.receipts import sale as sale_of


class Issue(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which document of a sale is wanted. A credit note is of a return whose sale has an invoice."""

    kind: Kind
    language: Language = "en"
    buyer: Buyer | None = None


class Document(msgspec.Struct, frozen=True, kw_only=True):
    """A document as it was issued. `digest`: SHA-256 of content, e-mail and PDF, as they are kept."""

    document_id: UUID
    kind: Kind
    number: str
    sale_id: int
    corrects_id: UUID | None
    issued_at: datetime
    digest: str
    content: Content
    text: str
    """Ready to be sent by e-mail, as it was issued."""


class Filed(msgspec.Struct, frozen=True, kw_only=True):
    """What lies in the drawer."""

    document_id: UUID
    kind: Kind
    sale_id: int
    corrects_id: UUID | None
    issued_at: datetime
    digest: str
    content: str
    email: str


async def issue(tx: Tx, *, sale_id: int, asked: Issue) -> Document:
    """The document of this kind of a sale, issued once: asked again, it is the same.

    Raises UnknownSale, NothingToWrite.
    """
    await books.lock(tx, sale_ids=[sale_id])
    if known := await tx.maybe(Filed, OF_KIND, sale_id=sale_id, kind=asked.kind):
        return told(known)
    sale = await sale_of(tx, sale_id=sale_id)
    invoice = await _invoice(tx, sale) if sale.is_return else None
    if sale.is_return != (asked.kind == "credit_note"):
        raise NothingToWrite("A return gets a credit note, a sale an invoice or a receipt.", kind=asked.kind)
    if sale.is_return and invoice is None:
        raise NothingToWrite("Its sale has no invoice that could be credited.", kind=asked.kind)
    outlet = await channels.outlet(tx, code=sale.outlet)
    year = tx.now.astimezone(ZoneInfo(outlet.time_zone)).year
    rates = candidates(await pricing.tax_rates(tx), outlet.country)
    number: int = await tx.value(NEXT, outlet_id=sale.outlet_id, kind=asked.kind, year=year)
    content = written(
        sale,
        outlet,
        rates,
        kind=asked.kind,
        number=f"{LETTERS[asked.kind]}-{outlet.code}-{year}-{number:06d}",
        language=invoice.content.language if invoice else asked.language,
        buyer=invoice.content.buyer if invoice else asked.buyer,
        corrects=invoice.number if invoice else "",
        now=tx.now.astimezone(ZoneInfo(outlet.time_zone)),
        tax_number=policy.tax_number(outlet.country),
    )
    text, letter, pdf = msgspec.json.encode(content, order="deterministic"), email(content), draw(content)
    document_id = uuid7()
    row = {
        "document_id": document_id, "outlet_id": sale.outlet_id, "kind": asked.kind, "year": year, "number": number,
        "sale_id": sale_id, "corrects_id": invoice.document_id if invoice else None, "language": content.language,
        "content": text.decode(), "digest": hashlib.sha256(text + letter.encode() + pdf).digest(),
        "pdf": pdf, "email": letter,
    }  # fmt: skip
    await tx.run(FILE, **row, now=tx.now)
    return await document(tx, document_id=document_id)


async def document(tx: Tx, *, document_id: UUID) -> Document:
    """A document as it was issued. Raises UnknownDocument."""
    if found := await tx.maybe(Filed, BY_ID, document_id=document_id):
        return told(found)
    raise UnknownDocument(f"There is no document {document_id}.")


async def pdf_of(tx: Tx, *, document_id: UUID) -> bytes:
    """The same bytes each time. Raises UnknownDocument."""
    found: bytes | None = await tx.value(PDF, document_id=document_id)
    if found is None:
        raise UnknownDocument(f"There is no document {document_id}.")
    return found


async def documents_of(tx: Tx, *, sale_ids: Sequence[int]) -> list[Document]:
    """Those of these sales and of what was given back of them, the first first."""
    return [told(one) for one in await tx.many(Filed, OF_SALES, sale_ids=ints(sale_ids))]


class Writable(msgspec.Struct, frozen=True, kw_only=True):
    """A document that could be issued and is not yet: of a parcel's sale, or of what was given back of it."""

    sale_id: int
    kind: Kind
    receipt_number: str
    occurred_at: datetime
    total_minor: int
    """Of the sale; below zero where money went back."""


async def writable(tx: Tx, *, order_id: UUID) -> list[Writable]:
    """What could be issued for an order's parcels, the first sale first."""
    return await tx.many(Writable, WRITABLE, order_id=order_id)


async def _invoice(tx: Tx, sale: Sale) -> Document | None:
    found = await tx.maybe(Filed, OF_KIND, sale_id=sale.origin_sale_id, kind="invoice")
    return told(found) if found else None


WRITABLE = """
    WITH mine AS (SELECT sale_id FROM orders.parcel WHERE order_id = %(order_id)s),
    could AS (
        SELECT s.sale_id, k.kind FROM mine AS s CROSS JOIN unnest('{invoice,receipt}'::text[]) AS k (kind)
        UNION ALL
        SELECT r.sale_id, 'credit_note' FROM mine AS s JOIN orders.sale AS r ON r.origin_sale_id = s.sale_id
        WHERE EXISTS (SELECT FROM orders.document AS d WHERE d.sale_id = s.sale_id AND d.kind = 'invoice'))
    SELECT c.sale_id, c.kind, s.receipt_number, s.occurred_at, s.total_minor
    FROM could AS c JOIN orders.sale AS s USING (sale_id)
    WHERE NOT EXISTS (SELECT FROM orders.document AS d WHERE d.sale_id = c.sale_id AND d.kind = c.kind)
    ORDER BY c.sale_id, c.kind
"""

NEXT = """
    INSERT INTO orders.document_series AS s (outlet_id, kind, year, last)
    VALUES (%(outlet_id)s, %(kind)s, %(year)s, 1)
    ON CONFLICT (outlet_id, kind, year) DO UPDATE SET last = s.last + 1
    RETURNING last
"""

FILE = """
    INSERT INTO orders.document (document_id, outlet_id, kind, year, number, sale_id, corrects_id, language, content,
        email, digest, pdf, issued_at)
    VALUES (%(document_id)s, %(outlet_id)s, %(kind)s, %(year)s, %(number)s, %(sale_id)s, %(corrects_id)s, %(language)s,
            %(content)s, %(email)s, %(digest)s, %(pdf)s, %(now)s)
"""

FILED: LiteralString = """
    SELECT document_id, kind, sale_id, corrects_id, issued_at, encode(digest, 'hex') AS digest, content,
           email
    FROM orders.document
"""
BY_ID: LiteralString = FILED + "WHERE document_id = %(document_id)s"
OF_KIND: LiteralString = FILED + "WHERE sale_id = %(sale_id)s AND kind = %(kind)s"
OF_SALES: LiteralString = (
    FILED  # noqa: S608  constants only
    + """
    WHERE sale_id = ANY(%(sale_ids)s::bigint[])
       OR sale_id IN (SELECT sale_id FROM orders.sale WHERE origin_sale_id = ANY(%(sale_ids)s::bigint[]))
    ORDER BY issued_at, document_id
"""
)
PDF = "SELECT pdf FROM orders.document WHERE document_id = %(document_id)s"

LETTERS: dict[Kind, str] = {"invoice": "INV", "receipt": "REC", "credit_note": "CN"}

_content = msgspec.json.Decoder(Content)


def told(filed: Filed) -> Document:
    content = _content.decode(filed.content)
    return Document(
        document_id=filed.document_id,
        kind=filed.kind,
        number=content.number,
        sale_id=filed.sale_id,
        corrects_id=filed.corrects_id,
        issued_at=filed.issued_at,
        digest=filed.digest,
        content=content,
        text=filed.email,
    )


def written(
    sale: Sale,
    outlet: channels.Outlet,
    rates: Sequence[int],
    *,
    kind: Kind,
    number: str,
    language: Language,
    buyer: Buyer | None,
    corrects: str,
    now: datetime,
    tax_number: str = "",
) -> Content:
    """What the document says. Amounts are positive, a credit note's too: its kind says which way they go. Pure."""
    items = [item(line, rates, language) for line in sale.lines]
    return Content(
        kind=kind,
        number=number,
        language=language,
        issued_at=now,
        sold_at=sale.occurred_at.astimezone(now.tzinfo),
        receipt_number=sale.receipt_number,
        corrects=corrects,
        seller=Seller(outlet.name, outlet.street, outlet.postcode, outlet.city, outlet.country, tax_number),
        buyer=buyer,
        currency=sale.currency,
        items=items,
        taxes=by_rate(items),
        total_minor=abs(sale.total_minor),
        paid=[(one.kind, abs(one.amount_minor)) for one in sale.tenders],
    )


def item(line: Line, rates: Sequence[int], language: Language) -> Item:
    total, tax = abs(line.net_minor), abs(line.tax_minor)
    quantity = abs(line.quantity)
    return Item(
        name=line.name or line.sku or KINDS[language][line.kind],
        sku=line.sku or "",
        quantity=quantity,
        amount_minor=abs(line.amount_minor),
        discount_minor=abs(line.discount_minor),
        tax_minor=tax,
        total_minor=total,
        rate_millionths=rate_of(total - tax, tax, rates, units=max(1, quantity // 1000)),
    )


def candidates(rates: Sequence[pricing.TaxRate], country: str) -> list[int]:
    """The country's rates, each once; the lowest first."""
    return sorted({one.rate_millionths for one in rates if one.country == country})


def rate_of(net_minor: int, tax_minor: int, rates: Sequence[int], *, units: int) -> int | None:
    """By which rate the stored tax was reckoned; null: by none that we know. A name only: nothing is reckoned by it.

    A share of a line may be off by a unit, and a line that was taxed by the piece by one for each.
    """
    if not tax_minor:
        return 0 if 0 in rates else None
    off = {rate: abs(net_minor * rate - tax_minor * 1_000_000) for rate in rates if rate}
    near = [rate for rate, error in off.items() if error <= 1_000_000 * units]
    return min(near, key=lambda rate: off[rate]) if near else None


def by_rate(items: Sequence[Item]) -> list[TaxPart]:
    """The tax by rate; the sums are those of the lines."""
    parts: dict[int | None, tuple[int, int]] = {}
    for one in items:
        net, tax = parts.get(one.rate_millionths, (0, 0))
        parts[one.rate_millionths] = net + one.total_minor - one.tax_minor, tax + one.tax_minor
    rates = sorted(parts, key=lambda rate: (rate is None, rate or 0))
    return [TaxPart(rate, *parts[rate]) for rate in rates if any(parts[rate])]
