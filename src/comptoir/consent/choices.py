"""What senders tell of consent is judged row by row, finds its contact point, and goes into the ledger."""

import hashlib
from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

import msgspec

from comptoir import channels, identity
from comptoir.consent.deciding import reaches
from comptoir.consent.errors import (
    BadContact,
    NotYourOutlet,
    ReferenceTaken,
    SaidLater,
    SourceNeeded,
    UnknownPurpose,
    UnknownWording,
    WrongChannel,
)
from comptoir.consent.ledger import note
from comptoir.consent.purposes import purposes
from comptoir.consent.records import BY_STAFF, NewChoice, Proof, Purpose, Recorded, Said
from comptoir.identity import Cleaner, Identifier, Observation, Refused
from comptoir.kernel.auth import Actor
from comptoir.kernel.db import Tx
from comptoir.kernel.errors import Refusal
from comptoir.kernel.ids import uuid7

AHEAD = timedelta(minutes=5)
"""So much may a sender's clock be before ours."""

Judged = tuple[NewChoice, Identifier, Purpose, int | None]
"""A choice, its contact point, its purpose, and the wording that was shown."""


async def record(
    tx: Tx, choices: Sequence[NewChoice | Refusal], *, actor: Actor, country: str = ""
) -> list[Recorded | Refusal]:
    """Into the ledger, in the order given; one that cannot be taken never loses those beside it.

    `country` reads national telephone numbers where a choice names none.
    """
    desk = await Desk.open(tx, actor, country)
    judged = [desk.judge(one) for one in choices]
    good = [one for one in judged if not isinstance(one, Refusal)]
    firsts = {identifier: choice.said_at or tx.now for choice, identifier, _, _ in reversed(good)}
    found = await identity.resolve(tx, [Observation(identifiers=(one,), at=at) for one, at in firsts.items()])
    nodes = dict(zip(firsts, found, strict=True))
    act = uuid7()
    said = [desk.said(one, nodes[one[1]], act) for one in good]
    noted = iter(await note(tx, said))
    answers: list[Recorded | Refusal] = []
    for one in judged:
        if isinstance(one, Refusal):
            answers.append(one)
            continue
        reference = one[0].reference or ""
        answers.append(next(noted) or ReferenceTaken(f"{reference!r} is another choice.", reference=reference))
    return answers


class Desk:
    """What choices are judged by, as it is now. Pure once it is open."""

    def __init__(
        self,
        tx: Tx,
        actor: Actor,
        country: str,
        cleaner: Cleaner,
        known: Sequence[Purpose],
        wordings: dict[tuple[int, int], int],
        outlets: dict[str, int],
    ) -> None:
        self.now, self.actor, self.country, self.cleaner = tx.now, actor, country, cleaner
        self.purposes = {one.code: one for one in known}
        self.wordings, self.outlets = wordings, outlets

    @classmethod
    async def open(cls, tx: Tx, actor: Actor, country: str) -> "Desk":
        wordings = {(purpose, version): id_ for purpose, version, id_ in await tx.tuples(WORDINGS)}
        outlets = {one.code: one.outlet_id for one in await channels.outlets(tx)}
        return cls(tx, actor, country, await Cleaner.load(tx), await purposes(tx), wordings, outlets)

    def judge(self, one: NewChoice | Refusal) -> Judged | Refusal:
        """A refusal stands for itself."""
        if isinstance(one, Refusal):
            return one
        try:
            return self._judged(one)
        except Refusal as refusal:
            return refusal

    def _judged(self, one: NewChoice) -> Judged:
        purpose = self.purposes.get(one.purpose)
        if purpose is None:
            raise UnknownPurpose(f"There is no purpose {one.purpose!r}.", purpose=one.purpose)
        contact = self.cleaner.one(one.namespace, one.value, one.country or self.country or None)
        if isinstance(contact, Refused):
            raise BadContact(f"{contact.value!r} as {contact.namespace}: {contact.reason}.", reason=contact.reason)
        if one.channel not in purpose.channels or not reaches(one.channel, self.cleaner.rules.by_ns[contact[0]]):
            raise WrongChannel(
                f"{one.purpose} by {one.channel} cannot be said of a contact point of the kind {one.namespace}.",
                channel=one.channel,
                channels=purpose.channels,
            )
        if one.said_at and one.said_at > self.now + AHEAD:
            raise SaidLater(f"{one.said_at} is yet to come.")
        self._source(one)
        wording = None
        if one.wording is not None:
            wording = self.wordings.get((purpose.purpose_id, one.wording))
            if wording is None:
                raise UnknownWording(f"{one.purpose} has no wording {one.wording}.", purpose=one.purpose)
        return one, contact, purpose, wording

    def _source(self, one: NewChoice) -> None:
        """What staff say that she said is said in the name of an outlet of theirs."""
        if one.origin not in BY_STAFF:
            return
        if one.source not in self.outlets:
            raise SourceNeeded(f"{one.source!r} is no outlet: `source` is the code of the one that took the word.")
        if not self.actor.at(self.outlets[one.source]):
            raise NotYourOutlet(outlet=one.source)

    def said(self, judged: Judged, node: int | None, act: UUID) -> Said:
        one, contact, purpose, wording = judged
        assert node is not None, "a clean identifier has a node"
        return Said(
            node_id=node,
            purpose_id=purpose.purpose_id,
            channel=one.channel,
            state=one.state,
            said_at=one.said_at or self.now,
            origin=one.origin,
            source=one.source,
            wording_id=wording,
            language=one.language,
            proof=Proof(
                ip=one.ip,
                user_agent=one.user_agent,
                form=one.form,
                page=one.page,
                recording=one.recording,
                note=one.note,
            ),
            actor=name_of(self.actor),
            act=act,
            reference=f"told:{one.reference}" if one.reference else reference_of(one, contact),
        )


def reference_of(one: NewChoice, contact: Identifier) -> str:
    """What was said at a told time is one choice, however often it is told; without a time each is another."""
    if one.said_at is None:
        return f"act:{uuid7()}"
    told = [contact, one.purpose, one.channel, one.state, one.said_at.timestamp(), one.origin, one.source]
    return f"same:{hashlib.sha256(msgspec.json.encode(told)).hexdigest()[:40]}"


def name_of(actor: Actor) -> str:
    return f"{actor.kind}:{actor.name}"


WORDINGS = "SELECT purpose_id, version, wording_id FROM consent.wording"
