"""A document sent by e-mail: agreed in a transaction, handed in by a job, each time with the same Message-ID."""

from collections.abc import Sequence
from datetime import datetime
from email.message import EmailMessage
from email.utils import format_datetime
from typing import Annotated, Literal
from uuid import UUID

import msgspec
import structlog

from comptoir.kernel import jobs, mail
from comptoir.kernel.db import Database, Tx
from comptoir.kernel.ids import uuid7
from comptoir.kernel.settings import Settings
from comptoir.orders.aftersale import documents
from comptoir.orders.aftersale.documents import Document
from comptoir.orders.aftersale.errors import IdTaken

log = structlog.get_logger(__name__)


class Mailing(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """To whom a document goes. With an id of your own, asking again sends no second one."""

    to: Annotated[str, msgspec.Meta(min_length=3, max_length=320)]
    mail_id: UUID | None = None


class Mailed(msgspec.Struct, frozen=True, kw_only=True):
    """An e-mail with a document, and what became of it. `done`: the mail server has taken it."""

    mail_id: UUID
    document_id: UUID
    recipient: str
    state: Literal["due", "done", "failed"]
    detail: str
    actor: str
    asked_at: datetime
    sent_at: datetime | None


async def post_by_mail(tx: Tx, *, document_id: UUID, asked: Mailing, url: str, actor: str) -> Mailed:
    """Raises UnknownDocument, IdTaken, mail.BadAddress, mail.MailOff."""
    mail.check(url)
    await documents.document(tx, document_id=document_id)
    recipient, mail_id = mail.address(asked.to), asked.mail_id or uuid7()
    if await tx.run(ASK, mail_id=mail_id, document_id=document_id, recipient=recipient, actor=actor, now=tx.now):
        await jobs.defer(tx, mail_document, mail_id=str(mail_id))
    found = await tx.one(Mailed, ONE, mail_id=mail_id)
    if (found.document_id, found.recipient) != (document_id, recipient):
        raise IdTaken(mail_id=str(mail_id))
    return found


async def mails_of(tx: Tx, *, document_id: UUID) -> Sequence[Mailed]:
    """The last first. Personal."""
    return await tx.many(Mailed, OF_DOCUMENT, document_id=document_id)


@jobs.task("orders.mail_document")
async def mail_document(db: Database, *, mail_id: str) -> None:
    """Sent once as far as anybody can tell: a crash between the server's yes and our note sends the same mail again."""
    settings = Settings.load()
    async with db.reading() as tx:
        one = await tx.maybe(Mailed, ONE, mail_id=UUID(mail_id))
        if one is None or one.state != "due":
            return
        paper = await documents.document(tx, document_id=one.document_id)
        pdf = await documents.pdf_of(tx, document_id=one.document_id)
    try:
        await mail.send(settings.mail_url, written(one, paper, pdf, sender=settings.mail_from))
    except mail.MailRefused as refused:
        await _end(db, one, "failed", str(refused))
    except Exception as error:
        await _end(db, one, "due", str(error) or type(error).__name__)
        raise
    else:
        await _end(db, one, "done", "")


async def _end(db: Database, one: Mailed, state: str, detail: str) -> None:
    async with db.transaction() as tx:
        await tx.run(END, mail_id=one.mail_id, state=state, detail=detail[:500], now=tx.now)


def written(one: Mailed, paper: Document, pdf: bytes, *, sender: str) -> EmailMessage:
    """The text of the document with its PDF. Pure."""
    subject, _, text = paper.text.partition("\n\n")
    message = EmailMessage()
    message["Subject"] = subject
    message["From"] = sender or "no-reply@localhost"
    message["To"] = one.recipient
    message["Date"] = format_datetime(one.asked_at)
    message["Message-ID"] = f"<{one.mail_id}@comptoir>"
    message.set_content(text)
    message.add_attachment(pdf, maintype="application", subtype="pdf", filename=f"{paper.number}.pdf")
    return message


ASK = """
    INSERT INTO orders.document_mail (mail_id, document_id, recipient, actor, asked_at)
    VALUES (%(mail_id)s, %(document_id)s, %(recipient)s, %(actor)s, %(now)s) ON CONFLICT (mail_id) DO NOTHING
"""
ONE = """
    SELECT mail_id, document_id, recipient, state, detail, actor, asked_at, sent_at
    FROM orders.document_mail WHERE mail_id = %(mail_id)s
"""
OF_DOCUMENT = """
    SELECT mail_id, document_id, recipient, state, detail, actor, asked_at, sent_at
    FROM orders.document_mail WHERE document_id = %(document_id)s ORDER BY asked_at DESC, mail_id DESC
"""
END = """
    UPDATE orders.document_mail
    SET state = %(state)s, detail = %(detail)s, sent_at = CASE WHEN %(state)s = 'done' THEN %(now)s::timestamptz END
    WHERE mail_id = %(mail_id)s AND state = 'due'
"""
