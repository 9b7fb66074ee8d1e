"""Certificates of erasure: what was done with how many rows of which table, and where nothing was found afterwards.

Nothing of hers stands in one: it says whose request it was by the request's number, which names nobody any more.
"""

import hashlib
from collections.abc import Sequence
from datetime import datetime

import msgspec

from comptoir.kernel.db import Tx
from comptoir.kernel.register.catalogue import Column
from comptoir.privacy import paper
from comptoir.privacy.errors import UnknownCertificate
from comptoir.privacy.records import Erasure
from comptoir.privacy.register import BY_NAME


class Line(msgspec.Struct, frozen=True):
    """One table: how many rows, and what was done to them."""

    table: str
    rows: int
    done: str
    why: str


class Certificate(msgspec.Struct, frozen=True, kw_only=True):
    """The proof of an erasure."""

    number: int
    request_id: int
    asked_at: datetime
    hidden_at: datetime
    erased_at: datetime
    identifiers: int
    """How many were erased, and lie under tombstones now."""
    lines: list[Line]
    not_rewritten: list[str]
    """Tables so large that PostgreSQL overwrites what was deleted only as it needs the room."""
    tables_searched: int
    columns_searched: int
    found: int
    """Rows with any of her identifiers, after the erasure."""


async def issue(tx: Tx, *, one: Erasure, searched: Sequence[Column]) -> int:
    """The number of the certificate of this erasure, which found nothing any more."""
    await tx.run(LOCK)
    number: int = await tx.value(NEXT)
    asked_at, language = (await tx.tuples(ASKED, request_id=one.request_id))[0]
    content = Certificate(
        number=number,
        request_id=one.request_id,
        asked_at=asked_at,
        hidden_at=one.hidden_at,
        erased_at=tx.now,
        identifiers=len(one.nodes),
        lines=[
            Line(name, rows, BY_NAME[name].does or "", BY_NAME[name].why)
            for name, rows in sorted(one.counts.items())
            if name in BY_NAME
        ],
        not_rewritten=sorted(n.removeprefix(LEFT) for n in one.counts if n.startswith(LEFT)),
        tables_searched=len({column.table for column in searched}),
        columns_searched=len(searched),
        found=0,
    )
    text, pdf = msgspec.json.encode(content), drawn(content, language)
    digest = hashlib.sha256(text + pdf).digest()
    await tx.run(
        ISSUE, number=number, request_id=one.request_id, content=text.decode(), pdf=pdf, digest=digest, now=tx.now
    )
    return number


async def certificate(tx: Tx, *, number: int) -> Certificate:
    """Raises UnknownCertificate."""
    text = await tx.value("SELECT content FROM privacy.certificate WHERE number = %(number)s", number=number)
    if text is None:
        raise UnknownCertificate(f"No certificate has the number {number}.")
    return msgspec.json.decode(text, type=Certificate)


async def pdf_of(tx: Tx, *, number: int) -> bytes:
    """The same bytes each time. Raises UnknownCertificate."""
    found: bytes | None = await tx.value("SELECT pdf FROM privacy.certificate WHERE number = %(number)s", number=number)
    if found is None:
        raise UnknownCertificate(f"No certificate has the number {number}.")
    return found


LEFT = "not rewritten: "
# Two erasures that end at once: the later waits, and no number is left out.
LOCK = "SELECT pg_advisory_xact_lock(hashtext('privacy.certificate'))"
NEXT = "SELECT coalesce(max(number), 0) + 1 FROM privacy.certificate"
ASKED = "SELECT received_at, language FROM privacy.request WHERE request_id = %(request_id)s"
ISSUE = """
    INSERT INTO privacy.certificate (number, request_id, content, pdf, digest, issued_at)
    VALUES (%(number)s, %(request_id)s, %(content)s, %(pdf)s, %(digest)s, %(now)s)
"""


def drawn(content: Certificate, language: paper.Language) -> bytes:
    words = WORDS[language]
    done = [f"{one.table}: {one.rows} ({words[one.done]})" for one in content.lines]
    return paper.draw(
        title=f"{words['title']} {content.number}",
        language=language,
        parts=[
            (
                words["request"],
                [
                    f"{words['number']} {content.request_id}",
                    f"{words['asked']} {content.asked_at:%Y-%m-%d %H:%M} UTC",
                    f"{words['hidden']} {content.hidden_at:%Y-%m-%d %H:%M} UTC",
                    f"{words['erased']} {content.erased_at:%Y-%m-%d %H:%M} UTC",
                    f"{words['identifiers']} {content.identifiers}",
                ],
            ),
            (words["done"], done or ["—"]),
            (words["kept"], sorted({f"{one.table}: {one.why}" for one in content.lines if one.why}) or ["—"]),
            (
                words["proof"],
                [
                    words["searched"].format(tables=content.tables_searched, columns=content.columns_searched),
                    *(f"{words['large']} {one}" for one in content.not_rewritten),
                ],
            ),
        ],
    )


WORDS: dict[paper.Language, dict[str, str]] = {
    "en": {
        "title": "Certificate of erasure",
        "request": "Request",
        "number": "Number",
        "asked": "Received",
        "hidden": "Hidden from everybody",
        "erased": "Erased",
        "identifiers": "Identifiers erased, under keyed hashes now:",
        "done": "Rows by table, and what was done to them",
        "kept": "What stays without her, and why",
        "proof": "Proof",
        "searched": "{columns} columns of {tables} tables searched for each of her identifiers: nothing found.",
        "large": "Vacuumed, not written anew, for its size:",
        "deleted": "deleted",
        "emptied": "emptied",
        "pseudonymised": "pseudonymised",
        "redacted": "her values taken out",
        "kept_": "kept",
        "": "",
    },
    "fr": {
        "title": "Certificat d’effacement",
        "request": "Demande",
        "number": "Numéro",
        "asked": "Reçue le",
        "hidden": "Invisible pour tous depuis le",
        "erased": "Effacée le",
        "identifiers": "Identifiants effacés, désormais sous empreinte à clé :",
        "done": "Lignes par table, et ce qui en a été fait",
        "kept": "Ce qui reste sans elle, et pourquoi",
        "proof": "Preuve",
        "searched": "{columns} colonnes de {tables} tables fouillées pour chacun de ses identifiants : rien trouvé.",
        "large": "Nettoyée sans réécriture, en raison de sa taille :",
        "deleted": "supprimé",
        "emptied": "vidé",
        "pseudonymised": "pseudonymisé",
        "redacted": "ses valeurs retirées",
        "kept_": "conservé",
        "": "",
    },
}
