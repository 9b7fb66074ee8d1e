"""Documents by e-mail, through a mail server that may say no, later, or nothing."""

import asyncio
import email
import os
import smtplib
from email import policy
from uuid import UUID

import pytest

from comptoir.kernel import mail
from comptoir.kernel.errors import Invalid
from comptoir.kernel.ids import uuid7
from comptoir.kernel.settings import Settings
from comptoir.orders.aftersale import mailing
from orders.test_aftersale import desk  # noqa: F401  fixtures
from orders.test_aftersale_acts import sell_dress, sizes
from orders.test_checkout import ground, house  # noqa: F401  fixtures

pytestmark = pytest.mark.anyio


class Server:
    """Speaks as much SMTP as is needed. `answer`: what it says to the recipient."""

    def __init__(self):
        self.answer, self.taken, self.heard = b"250 ok", [], b""

    async def __call__(self, reader, writer):
        writer.write(b"220 here\r\n")
        while line := (await reader.readline()).strip():
            verb, self.heard = line[:4].upper(), self.heard + line
            if verb == b"DATA":
                writer.write(b"354 go on\r\n")
                body = await reader.readuntil(b"\r\n.\r\n")
                self.taken.append(email.message_from_bytes(body[:-3], policy=policy.default))
                writer.write(b"250 taken\r\n")
            else:
                writer.write((self.answer if verb == b"RCPT" else b"250 ok") + b"\r\n")
            if verb == b"QUIT":
                break
        writer.close()


@pytest.fixture
async def server(monkeypatch):
    one = Server()
    listening = await asyncio.start_server(one, "127.0.0.1", 0)
    port = listening.sockets[0].getsockname()[1]
    monkeypatch.setenv("COMPTOIR_MAIL_URL", f"smtp://127.0.0.1:{port}")
    monkeypatch.setenv("COMPTOIR_MAIL_FROM", "Boutique <orders@example.com>")
    async with listening:
        yield one


@pytest.fixture
async def paper(desk):  # noqa: F811
    """An invoice that was issued."""
    await desk.house.stock(north_shirt=1)
    await sizes(desk)
    made = await desk("POST", f"sales/{await sell_dress(desk, 'm1')}/documents", {"kind": "invoice"})
    return UUID(made["document_id"])


async def ask(desk, paper, to="zoe@example.com", mail_id=None):  # noqa: F811
    async with desk.house.db.transaction() as tx:
        asked = mailing.Mailing(to=to, mail_id=mail_id)
        url = Settings.load().mail_url
        return await mailing.post_by_mail(tx, document_id=paper, asked=asked, url=url, actor="tests")


async def work(desk, one):  # noqa: F811
    await mailing.mail_document.work(desk.house.db, mail_id=str(one.mail_id))


async def test_a_document_goes_out_once_with_its_pdf(desk, paper, server):  # noqa: F811
    mail_id = uuid7()
    one = await ask(desk, paper, " Zoe@Example.com ", mail_id)
    assert await ask(desk, paper, "Zoe@example.com", mail_id) == one
    with pytest.raises(mailing.IdTaken):
        await ask(desk, paper, "other@example.com", mail_id)
    await work(desk, one)
    await work(desk, one)
    (message,) = server.taken
    assert message["to"] == "Zoe@example.com" and message["from"] == "Boutique <orders@example.com>"
    assert message["subject"].startswith("Invoice INV-lyon-") and message["message-id"] == f"<{mail_id}@comptoir>"
    assert "Total" in message.get_body().get_content()
    (pdf,) = message.iter_attachments()
    assert pdf.get_content().startswith(b"%PDF-") and pdf.get_filename().startswith("INV-lyon-")
    (told,) = await desk("GET", f"documents/{paper}/mails")
    assert (told["state"], told["recipient"], bool(told["sent_at"])) == ("done", "Zoe@example.com", True)


async def test_a_server_that_says_later_is_asked_again_and_one_that_says_no_is_not(desk, paper, server):  # noqa: F811
    one = await ask(desk, paper)
    server.answer = b"451 too busy"
    with pytest.raises(smtplib.SMTPRecipientsRefused):
        await work(desk, one)
    (told,) = await desk("GET", f"documents/{paper}/mails")
    assert told["state"] == "due" and "451" in told["detail"]
    server.answer = b"550 nobody of that name"
    await work(desk, one)
    (told,) = await desk("GET", f"documents/{paper}/mails")
    assert told["state"] == "failed" and "nobody of that name" in told["detail"]
    server.answer = b"250 ok"
    await work(desk, one)
    assert server.taken == []


async def test_a_password_is_told_to_nobody_in_clear(desk, paper, server, monkeypatch):  # noqa: F811
    monkeypatch.setenv("COMPTOIR_MAIL_URL", os.environ["COMPTOIR_MAIL_URL"].replace("//", "//ana:secret@"))
    one = await ask(desk, paper)
    with pytest.raises(smtplib.SMTPException, match="no encryption"):
        await work(desk, one)
    assert (server.taken, b"AUTH" in server.heard) == ([], False)
    (told,) = await desk("GET", f"documents/{paper}/mails")
    assert told["state"] == "due" and "no encryption" in told["detail"]


async def test_what_cannot_be_sent_is_refused_at_once(desk, paper, server, monkeypatch, tmp_path):  # noqa: F811
    for wrong in ("nobody", "a@b@c.d", "zoe@example.com\nBcc: all@example.com"):
        with pytest.raises(mail.BadAddress):
            await ask(desk, paper, wrong)
    monkeypatch.setenv("COMPTOIR_MAIL_URL", "pigeon://tower")
    with pytest.raises(Invalid):
        await ask(desk, paper)
    # The application of this desk was started without a mail server.
    refused = await desk("POST", f"documents/{paper}/mails", {"to": "zoe@example.com"}, status=409)
    assert refused["code"] == "kernel.mail_off"
    monkeypatch.setenv("COMPTOIR_MAIL_URL", f"file:{tmp_path}/mail")
    await work(desk, await ask(desk, paper))
    (file,) = (tmp_path / "mail").iterdir()
    assert email.message_from_bytes(file.read_bytes(), policy=policy.default)["to"] == "zoe@example.com"
