"""Numbered documents of an order: issued once, never changed; the PDF, and the text for an e-mail."""

from collections.abc import Sequence
from typing import Literal
from uuid import UUID

import msgspec
from litestar import Response, get, post
from litestar.datastructures import State
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.status_codes import HTTP_200_OK

from comptoir import orders
from comptoir.console.language import N_
from comptoir.console.page import HEADERS, Page
from comptoir.console.pages.addresses import AnyRequest
from comptoir.console.pages.forms import Choice, Field, Form
from comptoir.console.pages.order_acts import Desk, Doing, Effect, Made, Sheet, Wrong, chosen
from comptoir.console.pages.said import last_said, say
from comptoir.console.refusals import said_of
from comptoir.console.rooms import enter
from comptoir.kernel import mail
from comptoir.kernel.auth import allow
from comptoir.kernel.db import Tx
from comptoir.kernel.errors import Refusal
from comptoir.kernel.ids import uuid7
from comptoir.kernel.money import Money

WRITE = "orders:write"
PERSONAL = [*enter("orders"), allow("profiles:read")]
MAILS = {
    "due": (N_("on its way"), "info", "hourglass"),
    "done": (N_("sent"), "good", "circle-check"),
    "failed": (N_("not taken"), "bad", "alert-triangle"),
}
KINDS: dict[str, str] = {"invoice": N_("Invoice"), "receipt": N_("Receipt"), "credit_note": N_("Credit note")}
LANGUAGES: Sequence[Choice] = (("fr", "Français"), ("en", "English"))
BUYER = (
    ("name", N_("Made out to")),
    ("street", N_("Street")),
    ("postcode", N_("Postcode")),
    ("city", N_("City")),
    ("country", N_("Country")),
    ("tax_number", N_("Tax number")),
)


def choices(desk: Desk, found: Sequence[orders.aftersale.Writable]) -> list[Choice]:
    _, page = desk.page.gettext, desk.page
    return [
        (
            f"{one.kind}-{one.sale_id}",
            str(
                _(
                    "%(kind)s of receipt %(number)s, %(total)s",
                    kind=_(KINDS[one.kind]),
                    number=one.receipt_number,
                    total=page.language.money(Money(abs(one.total_minor), desk.order.currency)),
                )
            ),
        )
        for one in found
    ]


async def paper_sheet(desk: Desk, form: Form) -> Sheet:
    _ = desk.page.gettext
    agreed = await orders.finding.agreed(desk.tx, order_id=desk.order.order_id)
    to = agreed.delivery.address if agreed else None
    found = await orders.aftersale.writable(desk.tx, order_id=desk.order.order_id)
    return Sheet(
        title=_("Issue a document"),
        lead=_("It gets the next number of its series and is never changed. What is wrong gets a credit note."),
        do=_("Issue it"),
        icon="file-type-pdf",
        fields=[
            Field(
                kind="select",
                name="paper",
                label=_("Which"),
                value=form.get("paper", ""),
                options=choices(desk, found) or [("", _("everything is issued"))],
            ),
            Field(
                kind="select",
                name="language",
                label=_("Language"),
                options=LANGUAGES,
                value=form.get("language", desk.page.language.code),
            ),
            *(
                Field(
                    name=name,
                    label=_(label),
                    value=form.get(name, getattr(to, name, "") or ""),
                    hint=_("Empty: to nobody by name. A credit note is made out as its invoice.")
                    if name == "name"
                    else "",
                )
                for name, label in BUYER
            ),
        ],
    )


async def issue(desk: Desk, form: Form) -> Made:
    _, tx = desk.page.gettext, desk.tx
    paper = form.get("paper", "")
    kind, _dash, number = paper.partition("-")
    mine = {one.sale_id for one in await orders.aftersale.writable(tx, order_id=desk.order.order_id)}
    mine |= {
        one.sale_id
        for one in await orders.documents_of(
            tx, sale_ids=await orders.aftersale.sales_of_order(tx, order_id=desk.order.order_id)
        )
    }
    if kind not in KINDS or not number.isdecimal() or int(number[:18]) not in mine:
        raise Wrong("paper", _("There is nothing to issue."))
    await orders.rights.must_touch_sale(tx, desk.actor, sale_id=int(number))
    buyer = {name: form.get(name, "").strip()[:200] for name, _label in BUYER}
    asked = orders.aftersale.Issue(
        kind=msgspec.convert(kind, Literal["invoice", "receipt", "credit_note"]),
        language=msgspec.convert(chosen(form, "language", LANGUAGES), Literal["en", "fr"]),
        buyer=orders.aftersale.Buyer(**buyer) if buyer["name"] else None,
    )
    made = await orders.aftersale.issue(tx, sale_id=int(number), asked=asked)
    content = made.content
    rows = [Effect("receipt", item.name, Money(item.total_minor, content.currency), item.sku) for item in content.items]
    rows.append(Effect("equal", _("Total"), Money(content.total_minor, content.currency), sum=True))
    to = content.buyer
    address = (
        ", ".join(one for one in (to.name, to.street, f"{to.postcode} {to.city}".strip(), to.country) if one)
        if to
        else ""
    )
    return Made(
        money=rows,
        about=_("For whom, and of what"),
        goods=[
            Effect("user-check", _("Made out to %(who)s", who=address) if address else _("Made out to nobody by name")),
            Effect(
                "receipt", _("%(kind)s of receipt %(number)s", kind=_(KINDS[made.kind]), number=content.receipt_number)
            ),
        ],
        core=(made.kind, made.sale_id, content.items, content.buyer, content.language),
        deed="document_issued",
        href=f"/orders/papers/{made.document_id}",
    )


PAPER = Doing(action="", sheet=paper_sheet, act=issue, at={"orders.nothing_to_write": "paper"})


# ---- those that were issued


class PaperView(msgspec.Struct, frozen=True):
    paper: orders.Document
    kind: str
    total: Money
    order: str
    """Its order's page; empty: of a sale over the counter."""
    mails: Sequence[tuple[orders.aftersale.Mailed, tuple[str, str, str]]]
    """To whom it was sent, the last first, and how that stands."""
    mail_id: UUID
    """Of the next one."""
    to: str = ""
    error: str = ""
    may_send: bool = False


@get("/orders/papers/{document_id:uuid}", guards=PERSONAL)
async def read_paper(
    request: AnyRequest, page: NamedDependency[Page], tx: NamedDependency[Tx], document_id: FromPath[UUID]
) -> Response[str]:
    """A document as it was issued, to be printed or sent again. Personal."""
    said = last_said(request, page)
    await orders.rights.must_touch_document(tx, page.viewer, document_id=document_id)
    return said(page.show("order_paper.html.j2", await looked_at(page, tx, document_id)))


@post("/orders/papers/{document_id:uuid}/mails", guards=[*PERSONAL, allow(WRITE)], status_code=HTTP_200_OK)
async def send_paper(
    request: AnyRequest,
    page: NamedDependency[Page],
    tx: NamedDependency[Tx],
    state: State,
    document_id: FromPath[UUID],
) -> Response[str]:
    """By e-mail, with its PDF. The form names the mail, so that a second click sends no second one."""
    form = {name: str(value) for name, value in (await request.form()).items()}
    await orders.rights.must_touch_document(tx, page.viewer, document_id=document_id)
    view = await looked_at(page, tx, document_id)
    try:
        asked = msgspec.convert({"to": form.get("to", ""), "mail_id": form.get("mail_id")}, orders.aftersale.Mailing)
        await orders.aftersale.post_by_mail(
            tx, document_id=document_id, asked=asked, url=state.settings.mail_url, actor=page.viewer.name
        )
    except (mail.BadAddress, mail.MailOff, msgspec.ValidationError) as error:
        said = said_of(page, error) if isinstance(error, Refusal) else page.gettext("That is no e-mail address.")
        again = msgspec.structs.replace(view, to=form.get("to", "")[:320], error=said)
        return page.show("order_paper.html.j2", again, status=422)
    return say(page.go(f"/orders/papers/{document_id}"), "document_mailed")


async def looked_at(page: Page, tx: Tx, document_id: UUID) -> PaperView:
    paper = await orders.aftersale.document(tx, document_id=document_id)
    order_id = await orders.aftersale.order_of(tx, sale_id=paper.sale_id)
    return PaperView(
        paper,
        page.gettext(KINDS[paper.kind]),
        Money(paper.content.total_minor, paper.content.currency),
        f"/orders/{order_id}" if order_id else "",
        [(one, MAILS[one.state]) for one in await orders.aftersale.mails_of(tx, document_id=document_id)],
        uuid7(),
        may_send=page.viewer.may(WRITE),
    )


@get("/orders/papers/{document_id:uuid}/pdf", guards=PERSONAL, media_type="application/pdf")
async def read_pdf(
    page: NamedDependency[Page], tx: NamedDependency[Tx], document_id: FromPath[UUID]
) -> Response[bytes]:
    """The same bytes each time. Personal: kept by no cache."""
    await orders.rights.must_touch_document(tx, page.viewer, document_id=document_id)
    paper = await orders.aftersale.document(tx, document_id=document_id)
    pdf = await orders.aftersale.pdf_of(tx, document_id=document_id)
    head = HEADERS | {"Content-Disposition": f'inline; filename="{paper.number}.pdf"'}
    return Response(pdf, media_type="application/pdf", headers=head)
