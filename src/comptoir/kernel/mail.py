"""E-mail, handed in at the house's mail server (SMTP, RFC 5321); or written into a folder, for demos and tests.

    await mail.send(settings.mail_url, message)

Who sends does it in a job (kernel.jobs): a server that is away is asked again, and the Message-ID stays the same.
"""

import asyncio
import contextlib
import hashlib
import smtplib
import ssl
from email.message import EmailMessage
from pathlib import Path
from urllib.parse import unquote, urlsplit

from email_validator import EmailNotValidError, validate_email

from comptoir.kernel.errors import Conflict, Invalid, Unprocessable

SECONDS = 20
"""Of patience with the server."""


class MailOff(Conflict):
    """No e-mail is sent here: the operator has named no mail server (COMPTOIR_MAIL_URL)."""

    code = "kernel.mail_off"


class BadAddress(Unprocessable):
    """That is no e-mail address."""

    code = "kernel.bad_address"


class MailRefused(Exception):
    """The server will not take it, now or later: its own words."""


def address(text: str) -> str:
    """As it is to be written to. Raises BadAddress."""
    try:
        return validate_email(text.strip(), check_deliverability=False).normalized
    except EmailNotValidError as error:
        raise BadAddress(str(error)) from error


def check(url: str) -> None:
    """Raises MailOff, or Invalid for a setting that names no mail server."""
    if not url:
        raise MailOff
    where = urlsplit(url)
    if not (where.scheme in {"smtp", "smtps"} and where.hostname) and not (where.scheme == "file" and where.path):
        raise Invalid("COMPTOIR_MAIL_URL says smtp://user:password@host:587, smtps://… or file:/folder.")


async def send(url: str, message: EmailMessage) -> None:
    """Hand it in. Raises MailRefused when that is final; anything else means: try again."""
    check(url)
    await asyncio.to_thread(_hand_in, url, message)


def _hand_in(url: str, message: EmailMessage) -> None:
    where = urlsplit(url)
    if where.scheme == "file":
        folder = Path(unquote(where.path))
        folder.mkdir(parents=True, exist_ok=True)
        name = hashlib.sha256(str(message["message-id"]).encode()).hexdigest()[:32]
        (folder / f"{name}.eml").write_bytes(bytes(message))
        return
    try:
        server = _connected(where.scheme, str(where.hostname), where.port)
        try:
            if where.username:
                _sign_in(server, unquote(where.username), unquote(where.password or ""))
            _hand_over(server, message)
        finally:
            # What was taken is taken, however the farewell goes.
            with contextlib.suppress(smtplib.SMTPException, OSError):
                server.quit()
    except smtplib.SMTPRecipientsRefused as error:
        ((code, reason), *_) = error.recipients.values()
        _final(code, reason, error)
    except smtplib.SMTPAuthenticationError:
        raise  # the house must mend its password: the mail waits
    except smtplib.SMTPResponseException as error:
        _final(error.smtp_code, error.smtp_error, error)


def _connected(scheme: str, host: str, port: int | None) -> smtplib.SMTP:
    trusted = ssl.create_default_context()
    if scheme == "smtps":
        return smtplib.SMTP_SSL(host, port or 465, timeout=SECONDS, context=trusted)
    server = smtplib.SMTP(host, port or 587, timeout=SECONDS)
    server.ehlo()
    if server.has_extn("starttls"):
        server.starttls(context=trusted)
        server.ehlo()
    return server


def _sign_in(server: smtplib.SMTP, user: str, password: str) -> None:
    """A password is told to nobody in clear: whoever strips the encryption from a connection must not have it."""
    if not isinstance(server.sock, ssl.SSLSocket):
        raise smtplib.SMTPException("The mail server offers no encryption: it is not told the password.")
    server.login(user, password)


def _hand_over(server: smtplib.SMTP, message: EmailMessage) -> None:
    try:
        server.send_message(message)
    except smtplib.SMTPNotSupportedError as error:  # an address beyond ASCII
        raise MailRefused(str(error)) from error


def _final(code: int, reason: bytes | str, error: Exception) -> None:
    """5xx is for good (RFC 5321, section 4.2.1)."""
    if code >= 500:
        said = reason.decode("utf-8", "replace") if isinstance(reason, bytes) else reason
        raise MailRefused(f"{code} {said}") from error
    raise error
