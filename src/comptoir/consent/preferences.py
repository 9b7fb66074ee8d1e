"""What a shopper sees and changes by a link, without a password: contact points masked, no name, no order."""

from collections.abc import Iterable, Mapping, Sequence
from uuid import UUID

import msgspec

from comptoir import identity
from comptoir.consent.deciding import Standing, channels_of, is_whole
from comptoir.consent.effective import named, of_nodes, standing
from comptoir.consent.errors import BadLink
from comptoir.consent.ledger import note
from comptoir.consent.links import Link, Opens, signer
from comptoir.consent.purposes import purposes
from comptoir.consent.records import Effective, Origin, Proof, Purpose, Said, State
from comptoir.identity import Node
from comptoir.kernel.db import Tx
from comptoir.kernel.ids import uuid7

Key = tuple[int, int, str]
"""Contact point, purpose, channel."""


class Line(msgspec.Struct, frozen=True):
    """What she may change, and what holds. `on`: as this contact point has it, whatever another of hers says."""

    key: Key
    on: bool
    holds: Effective


class Contact(msgspec.Struct, frozen=True):
    """A contact point of hers, masked, and what holds for it. `node_id` null: for her as a whole."""

    node_id: int | None
    kind: str
    masked: str
    lines: Sequence[Line]


class Centre(msgspec.Struct, frozen=True):
    """All that the page shows."""

    link: Link
    masked: str
    """The contact point to which the link was sent."""
    contacts: Sequence[Contact]
    purposes: Mapping[str, Purpose]
    deciders: Mapping[int, str]
    """Her contact points, masked, by node: whose word decides."""


class Hers(msgspec.Struct, frozen=True):
    """What a link opens: the contact points of the person to whom it was sent, as the graph knows her now."""

    link: Link
    own: Node
    nodes: Sequence[Node]
    rules: Mapping[str, identity.Namespace]
    purposes: Sequence[Purpose]
    words: dict[Key, Standing]

    def changeable(self) -> list[Key]:
        """All that she may change. Of what concerns her as a whole she speaks by the contact point of the link."""
        own = [
            (self.own.node_id, one.purpose_id, channel) for one in self.asked for channel in one.channels
            if is_whole(channel)
        ]  # fmt: skip
        return own + [
            (node.node_id, one.purpose_id, channel)
            for node in self.nodes
            if self.is_shown(node)
            for one in self.asked
            for channel in channels_of(one, self.rules[node.namespace])
        ]

    @property
    def asked(self) -> list[Purpose]:
        return [one for one in self.purposes if one.enabled]

    def is_shown(self, node: Node) -> bool:
        """Addresses and numbers; devices only where something was said of them: a browser makes a new one each week."""
        return self.rules[node.namespace].form in {"email", "phone"} or any(
            id_ == node.node_id and not is_whole(channel) for id_, _, channel in self.words
        )

    def is_allowed(self, key: Key) -> bool:
        """By this contact point's own word, or where it has said nothing."""
        word = self.words.get(key)
        purpose = next(one for one in self.purposes if one.purpose_id == key[1])
        return word.state == "granted" if word else purpose.basis == "opt_out"


async def opened(tx: Tx, *, token: str, opens: Opens = Opens.PREFERENCES) -> Hers:
    """Raises BadLink."""
    return await of_link(tx, (await signer(tx)).read(token, opens, now=tx.now))


async def of_link(tx: Tx, link: Link) -> Hers:
    own = (await named(tx, [link.node_id])).get(link.node_id)
    if own is None:
        raise BadLink
    # A shared contact point speaks for itself alone, and shows nobody else's.
    nodes = [own] if own.shared else [n for n in await identity.nodes_of(tx, [own.person_id]) if not n.shared]
    return Hers(
        link,
        own,
        nodes,
        (await identity.namespaces.load(tx)).by_name,
        await purposes(tx),
        await standing(tx, [node.node_id for node in nodes]),
    )


async def centre(tx: Tx, *, token: str) -> Centre:
    """What she gets where, and why. Raises BadLink."""
    hers = await opened(tx, token=token)
    holding = of_nodes(hers.asked, dict(hers.rules), hers.nodes, hers.words, alone=hers.own.shared)
    numbers = {one.code: one.purpose_id for one in hers.purposes}

    def lines(of: int | None) -> list[Line]:
        return [
            Line(key, hers.is_allowed(key), one)
            for one in holding
            if one.node_id == of
            for key in [(of or hers.own.node_id, numbers[one.purpose], one.channel)]
        ]

    masks = {node.node_id: masked(node, hers.rules) for node in hers.nodes}
    # Her own first, then the others as they became known.
    shown = sorted(
        (n for n in hers.nodes if hers.is_shown(n)), key=lambda n: (n.node_id != hers.own.node_id, n.node_id)
    )
    contacts = [
        Contact(node.node_id, hers.rules[node.namespace].form, masks[node.node_id], own)
        for node in shown
        if (own := lines(node.node_id))
    ]
    if whole := lines(None):
        contacts.append(Contact(None, "", "", whole))
    return Centre(hers.link, masks[hers.own.node_id], contacts, {one.code: one for one in hers.purposes}, masks)


async def change(tx: Tx, *, token: str, wanted: Mapping[Key, bool], proof: Proof, language: str = "") -> int:
    """Each difference from what holds is a choice with its proof; so many were. What is not hers is passed over."""
    hers = await opened(tx, token=token)
    keys = [key for key in hers.changeable() if key in wanted and wanted[key] != hers.is_allowed(key)]
    return await say(tx, hers, {key: wanted[key] for key in keys}, "preference_centre", proof, language)


async def stop_all(tx: Tx, *, token: str, proof: Proof, language: str = "") -> int:
    """No to everything, everywhere: also where a no holds already only because nobody was asked."""
    hers = await opened(tx, token=token)
    still = [key for key in hers.changeable() if not said_no(hers.words.get(key))]
    return await say(tx, hers, dict.fromkeys(still, False), "preference_centre", proof, language)


async def unsubscription(tx: Tx, *, token: str) -> tuple[str, Purpose]:
    """The masked address and the purpose that an unsubscription is about: to be looked at. Raises BadLink."""
    hers = await opened(tx, token=token, opens=Opens.UNSUBSCRIPTION)
    return masked(hers.own, hers.rules), purpose_of(hers)


async def unsubscribe(tx: Tx, *, token: str, proof: Proof, everything: bool = False) -> tuple[str, Purpose]:
    """No more e-mail for this purpose, or none at all, at this address. Asked again it stays so. Raises BadLink."""
    hers = await opened(tx, token=token, opens=Opens.UNSUBSCRIPTION)
    purpose = purpose_of(hers)
    about = [one.purpose_id for one in hers.purposes if "email" in one.channels] if everything else [purpose.purpose_id]
    keys = [(hers.own.node_id, one, "email") for one in about]
    still = [key for key in keys if not said_no(hers.words.get(key))]
    await say(tx, hers, dict.fromkeys(still, False), "unsubscribe", proof, "")
    return masked(hers.own, hers.rules), purpose


def purpose_of(hers: Hers) -> Purpose:
    found = next((one for one in hers.purposes if one.purpose_id == hers.link.purpose_id), None)
    if found is None:
        raise BadLink
    return found


def said_no(word: Standing | None) -> bool:
    return word is not None and word.state in {"denied", "withdrawn"}


async def say(tx: Tx, hers: Hers, wanted: Mapping[Key, bool], origin: Origin, proof: Proof, language: str) -> int:
    """Into the ledger, in one breath."""
    act, told = uuid7(), msgspec.structs.replace(proof, by_link_to=hers.own.node_id)
    noted = await note(tx, list(said(tx, hers, wanted, origin, told, language, act)))
    return sum(one is not None and one.new for one in noted)


def said(
    tx: Tx, hers: Hers, wanted: Mapping[Key, bool], origin: Origin, proof: Proof, language: str, act: UUID
) -> Iterable[Said]:
    wordings = {one.purpose_id: one.wording_id for one in hers.purposes}
    for (node, purpose, channel), yes in wanted.items():
        state: State = "granted" if yes else "withdrawn" if hers.is_allowed((node, purpose, channel)) else "denied"
        word = hers.words.get((node, purpose, channel))
        yield Said(
            node_id=node,
            purpose_id=purpose,
            channel=channel,
            state=state,
            # A till's clock that was ahead must not outlive what she says now.
            said_at=max(tx.now, word.said_at) if word and not yes else tx.now,
            origin=origin,
            wording_id=wordings[purpose],
            language=language,
            proof=proof,
            actor="shopper",
            act=act,
            reference=f"shopper:{act}:{node}:{purpose}:{channel}",
        )


def masked(node: Node, rules: Mapping[str, identity.Namespace]) -> str:
    """As much of it as its owner needs to know it again, and a stranger cannot use."""
    value = node.value
    match rules[node.namespace].form:
        case "email":
            name, _, domain = value.rpartition("@")
            host, _, top = domain.rpartition(".")
            return f"{name[:1]}•••@{host[:1]}•••.{top}"
        case "phone":
            return f"••• ••• {value[-2:]}"
        case _:
            return f"•••{value[-2:]}" if len(value) > 4 else "•••"
