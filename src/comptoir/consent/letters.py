"""Double opt-in: what somebody typed into a form is asked back by a letter, and counts when its link was used."""

from collections.abc import Sequence
from datetime import datetime
from email.message import EmailMessage
from email.utils import format_datetime
from typing import Annotated
from uuid import UUID

import msgspec
from msgspec import Meta

from comptoir import identity
from comptoir.consent.choices import name_of
from comptoir.consent.errors import BadContact, NoPublicAddress, UnknownPurpose, WrongChannel
from comptoir.consent.ledger import note
from comptoir.consent.links import NOBODY, Link, Opens, address, signer
from comptoir.consent.purposes import purposes
from comptoir.consent.records import Code, Language, Long, Origin, Proof, Purpose, Said, Short
from comptoir.identity import Cleaner, Observation, Refused
from comptoir.kernel import jobs, mail
from comptoir.kernel.auth import Actor
from comptoir.kernel.db import Database, Tx, ints
from comptoir.kernel.ids import uuid7
from comptoir.kernel.settings import Settings

MOST_A_DAY = 3
"""Letters to one address that nobody has answered: who types a stranger's address into a form cannot bombard her."""


class SignUp(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Somebody typed this address and ticked these purposes, having read their wordings in this language."""

    email: Annotated[str, Meta(min_length=3, max_length=320)]
    purposes: Annotated[list[Code], Meta(min_length=1, max_length=20)]
    language: Language = "en"
    origin: Origin = "web_form"
    source: Short = ""
    ip: Short = ""
    user_agent: Annotated[str, Meta(max_length=1_000)] = ""
    form: Short = ""
    page: Long = ""


class SignedUp(msgspec.Struct, frozen=True):
    """It waits for her to use the link in the letter."""

    act: UUID


class Confirmed(msgspec.Struct, frozen=True):
    """What she has confirmed. `new`: only now."""

    node_id: int
    purposes: list[Purpose]
    new: bool


async def sign_up(tx: Tx, *, entry: SignUp, actor: Actor, settings: Settings) -> SignedUp:
    """Note it as pending and have the letter sent. The answer does not tell whether the address was known.

    Raises UnknownPurpose, WrongChannel, BadContact, NoPublicAddress, mail.BadAddress, mail.MailOff.
    """
    mail.check(settings.mail_url)
    if not settings.public_url:
        raise NoPublicAddress
    recipient = mail.address(entry.email)
    wanted = await asked_by_mail(tx, entry.purposes)
    contact = (await Cleaner.load(tx)).one("email", recipient, settings.country)
    if isinstance(contact, Refused):
        raise BadContact(f"{recipient!r}: {contact.reason}.", reason=contact.reason)
    node = await identity.observe(tx, Observation(identifiers=(contact,), at=tx.now))
    assert node is not None, "a clean identifier has a node"
    act = uuid7()
    proof = Proof(ip=entry.ip, user_agent=entry.user_agent, form=entry.form, page=entry.page)
    await note(
        tx,
        [
            Said(
                node_id=node,
                purpose_id=one.purpose_id,
                channel="email",
                state="pending",
                said_at=tx.now,
                origin=entry.origin,
                source=entry.source,
                wording_id=one.wording_id,
                language=entry.language,
                proof=proof,
                actor=name_of(actor),
                act=act,
                reference=f"asked:{act}:{one.purpose_id}",
            )
            for one in wanted
        ],
    )
    if await tx.run(
        ASK, act=act, node_id=node, recipient=recipient, language=entry.language, now=tx.now, most=MOST_A_DAY
    ):
        await jobs.defer(tx, mail_confirmation, act=str(act))
    return SignedUp(act)


async def asked_by_mail(tx: Tx, codes: Sequence[str]) -> list[Purpose]:
    known = {one.code: one for one in await purposes(tx)}
    for code in codes:
        if code not in known:
            raise UnknownPurpose(f"There is no purpose {code!r}.", purpose=code)
        if "email" not in known[code].channels or not known[code].enabled:
            raise WrongChannel(f"{code} is not asked for by e-mail.", channel="email", channels=known[code].channels)
    return [known[code] for code in dict.fromkeys(codes)]


class Letter(msgspec.Struct, frozen=True):
    act: UUID
    node_id: int
    recipient: str
    language: str
    state: str
    asked_at: datetime


@jobs.task("consent.mail_confirmation")
async def mail_confirmation(db: Database, *, act: str) -> None:
    """Sent once as far as anybody can tell; a crash between the server's yes and our note sends the same mail again."""
    settings = Settings.load()
    async with db.reading() as tx:
        one = await tx.maybe(Letter, ONE, act=UUID(act))
        if one is None or one.state != "due":
            return
        wanted = set(await tx.values(PURPOSES, act=one.act))
        asked = [purpose for purpose in await purposes(tx) if purpose.purpose_id in wanted]
        # Signed as of when it was asked: however late it is sent, the link's time does not begin anew.
        token = (await signer(tx)).sign(Link(Opens.CONFIRMATION, one.node_id, act=one.act), now=one.asked_at)
    try:
        link = address(settings.public_url, Opens.CONFIRMATION, token)
        await mail.send(settings.mail_url, written(one, asked, link, settings))
    except mail.MailRefused as refused:
        await _end(db, one, "failed", str(refused))
    except Exception as error:
        await _end(db, one, "due", str(error) or type(error).__name__)
        raise
    else:
        await _end(db, one, "done", "")


async def _end(db: Database, one: Letter, state: str, detail: str) -> None:
    async with db.transaction() as tx:
        await tx.run(END, act=one.act, state=state, detail=detail[:500], now=tx.now)


def written(one: Letter, asked: Sequence[Purpose], link: str, settings: Settings) -> EmailMessage:
    """Plain words, no picture that tells whether it was read. Pure."""
    subject, text = WORDS[one.language if one.language in WORDS else "en"]
    what = "\n".join(f"- {purpose.name(one.language)}: {purpose.text(one.language)}" for purpose in asked)
    message = EmailMessage()
    message["Subject"] = subject.format(retailer=settings.retailer)
    message["From"] = settings.mail_from or "no-reply@localhost"
    message["To"] = one.recipient
    message["Date"] = format_datetime(one.asked_at)
    message["Message-ID"] = f"<{one.act}@comptoir>"
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(text.format(retailer=settings.retailer, what=what, link=link))
    return message


ENGLISH = """\
Somebody, we hope you, gave us this address for:

{what}

To confirm, open this page within seven days:
{link}

Was it not you? Then do nothing: without your yes we do not write.

{retailer}
"""
FRENCH = """\
Quelqu’un, vous sans doute, nous a donné cette adresse pour :

{what}

Pour confirmer, ouvrez cette page d’ici sept jours :
{link}

Ce n’était pas vous ? Ne faites rien : sans votre oui, nous n’écrivons pas.

{retailer}
"""
WORDS = {"en": ("{retailer}: please confirm", ENGLISH), "fr": ("{retailer} : merci de confirmer", FRENCH)}


async def asked(tx: Tx, *, token: str) -> Confirmed:
    """What the link would confirm: to be looked at. Scanners of mails open links, so looking confirms nothing."""
    link = (await signer(tx)).read(token, Opens.CONFIRMATION, now=tx.now)
    pending = await tx.many(Pending, PENDING, act=link.act, node_id=link.node_id)
    known = {one.purpose_id: one for one in await purposes(tx)}
    return Confirmed(link.node_id, [known[one.purpose_id] for one in pending], not any(one.done for one in pending))


async def confirm(tx: Tx, *, token: str, proof: Proof) -> Confirmed:
    """She has used the link. It is good once: used again after she took it back, it gives nothing back."""
    link = (await signer(tx)).read(token, Opens.CONFIRMATION, now=tx.now)
    assert link.act != NOBODY
    pending = await tx.many(Pending, PENDING, act=link.act, node_id=link.node_id)
    noted = await note(
        tx,
        [
            Said(
                node_id=link.node_id,
                purpose_id=one.purpose_id,
                channel=one.channel,
                state="granted",
                said_at=tx.now,
                origin="confirmed",
                source=one.source,
                wording_id=one.wording_id,
                language=one.language,
                proof=msgspec.structs.replace(proof, by_link_to=link.node_id),
                actor="shopper",
                act=link.act,
                reference=f"confirmed:{one.choice_id}",
            )
            for one in pending
        ],
    )
    known = {one.purpose_id: one for one in await purposes(tx)}
    return Confirmed(
        link.node_id,
        [known[one.purpose_id] for one in pending],
        any(one is not None and one.new for one in noted),
    )


class Pending(msgspec.Struct, frozen=True):
    choice_id: int
    purpose_id: int
    channel: str
    source: str
    wording_id: int | None
    language: str
    done: bool


async def letters(tx: Tx, *, nodes: Sequence[int]) -> Sequence[Letter]:
    """The last first. Personal."""
    return await tx.many(Letter, LETTERS, nodes=ints(nodes))


ASK = """
    INSERT INTO consent.letter (act, node_id, recipient, language, state, asked_at)
    SELECT %(act)s, %(node_id)s, %(recipient)s, %(language)s, 'due', %(now)s
    WHERE (SELECT count(*) FROM consent.letter AS l
           WHERE l.node_id = %(node_id)s AND l.asked_at > %(now)s::timestamptz - interval '1 day'
             AND NOT EXISTS (SELECT 1 FROM consent.choice AS c
                             WHERE c.node_id = l.node_id AND c.act = l.act AND c.origin = 'confirmed')) < %(most)s
"""
ONE = "SELECT act, node_id, recipient, language, state, asked_at FROM consent.letter WHERE act = %(act)s"
LETTERS = """
    SELECT act, node_id, recipient, language, state, asked_at FROM consent.letter
    WHERE node_id = ANY(%(nodes)s::bigint[]) ORDER BY asked_at DESC
"""
PURPOSES = "SELECT purpose_id FROM consent.choice WHERE act = %(act)s AND state = 'pending'"
PENDING = """
    SELECT choice_id, purpose_id, channel, source, wording_id, language,
           EXISTS (SELECT 1 FROM consent.choice AS d WHERE d.reference = 'confirmed:' || c.choice_id) AS done
    FROM consent.choice AS c
    WHERE act = %(act)s AND state = 'pending' AND node_id = %(node_id)s ORDER BY purpose_id
"""
END = """
    UPDATE consent.letter
    SET state = %(state)s, detail = %(detail)s, sent_at = CASE WHEN %(state)s = 'done' THEN %(now)s::timestamptz END
    WHERE act = %(act)s AND state = 'due'
"""
