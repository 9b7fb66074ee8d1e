"""A customer's consents: what holds for each contact point and why, and the proof behind it."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

import msgspec
from litestar import Response, get
from litestar.di import NamedDependency
from litestar.params import FromPath

from comptoir import consent, identity, profiles
from comptoir.console.console import Section
from comptoir.console.drawing import Reason
from comptoir.console.page import Page
from comptoir.console.pages import evidence
from comptoir.console.pages.addresses import AnyRequest, Asked
from comptoir.console.pages.consent_words import CHANNELS, HERS, HOW, STATES
from comptoir.console.pages.said import last_said
from comptoir.console.rooms import enter
from comptoir.kernel.auth import allow
from comptoir.kernel.db import Tx
from comptoir.kernel.errors import NotFound

PATH = "/customers/{key:uuid}/consents"
READ = [*enter("customers"), allow("consent:read")]
WRITE = [*enter("customers"), allow("consent:write")]
SHOWN = 50
"""Lines of the history on one page."""
LAST = 2**63


class Cell(msgspec.Struct, frozen=True):
    """One channel of one purpose at one contact point."""

    name: str
    bead: str
    icon: str
    allowed: bool
    word: str
    reasons: Sequence[Reason]
    proof: str
    """Address of the line that decides; empty where nothing was said."""
    record: str


class Row(msgspec.Struct, frozen=True):
    name: str
    kind: str
    shared: bool
    cells: Mapping[str, Sequence[Cell]]
    """By purpose."""


class Told(msgspec.Struct, frozen=True):
    """One line of the history."""

    href: str
    purpose: str
    way: str
    contact: str
    state: tuple[str, str, str]
    at: datetime
    how: str
    source: str
    stands: bool


class ConsentsView(msgspec.Struct, frozen=True):
    href: str
    name: str
    purposes: Sequence[tuple[str, str]]
    """Code and name."""
    rows: Sequence[Row]
    history: Sequence[Told]
    older: str
    may_write: bool


class Wanted(Asked, frozen=True, kw_only=True):
    before: int = 0


@get(PATH, guards=READ)
async def read_consents(
    request: AnyRequest, page: NamedDependency[Page], tx: NamedDependency[Tx], key: FromPath[UUID]
) -> Response[str]:
    """All that holds for her, and everything she ever said."""
    person = await identity.person(tx, key=key)
    href = f"/customers/{person.key}/consents"
    wanted = Wanted.read(request)
    golden = await profiles.golden_record(tx, person=person.person_id)
    known = await consent.purposes(tx)
    holds = await consent.effective(tx, person=person.person_id)
    behind = await consent.lines(tx, choice_ids=[one.choice_id for one in holds if one.choice_id])
    nodes = {node.node_id: node for node in person.nodes}
    before = wanted.before if 0 < wanted.before < LAST else None
    lines = await consent.history(tx, nodes=list(nodes), before=before, limit=SHOWN + 1)
    view = ConsentsView(
        href=f"/customers/{person.key}",
        name=golden.display_name,
        purposes=[(one.code, one.name(page.language.code)) for one in known],
        rows=rows(page, href, nodes, holds, behind),
        history=[told(page, href, one, nodes, known) for one in lines[:SHOWN]],
        older=wanted.url(href, before=lines[SHOWN - 1].choice_id) if len(lines) > SHOWN else "",
        may_write=page.viewer.may("consent:write"),
    )
    return last_said(request, page)(page.show("consents.html.j2", view))


def rows(
    page: Page,
    href: str,
    nodes: Mapping[int, identity.Node],
    holds: Sequence[consent.Effective],
    behind: Mapping[int, consent.Choice],
) -> list[Row]:
    """Contact points that say something or can be asked, then the person as a whole. Browsers that say nothing are
    left out: there may be hundreds.
    """
    of: dict[int | None, list[consent.Effective]] = {}
    for one in holds:
        of.setdefault(one.node_id, []).append(one)
    shown = [
        id_ for id_ in of
        if id_ is not None and (nodes[id_].namespace in {"email", "phone"} or any(one.state for one in of[id_]))
    ]  # fmt: skip
    found: list[Row] = []
    for id_ in [*shown, *([None] if None in of else [])]:
        node = nodes[id_] if id_ is not None else None
        cells: dict[str, list[Cell]] = {}
        for one in of[id_]:
            cells.setdefault(one.purpose, []).append(cell(page, href, one, nodes, behind.get(one.choice_id or 0)))
        found.append(
            Row(
                name=node.value if node else page.gettext("The whole person"),
                kind=page.gettext(evidence.NAMES.get(node.namespace, node.namespace))
                if node
                else page.gettext("the strictest of all her words"),
                shared=node.shared if node else False,
                cells=cells,
            )
        )
    return found


def cell(
    page: Page,
    href: str,
    one: consent.Effective,
    nodes: Mapping[int, identity.Node],
    line: consent.Choice | None,
) -> Cell:
    gettext, face = page.gettext, CHANNELS[one.channel]
    node = one.node_id or next((id_ for id_, node in nodes.items() if not node.shared), 0)
    return Cell(
        name=gettext(face.name),
        bead=face.bead,
        icon=face.icon,
        allowed=one.allowed,
        word=gettext(HERS.get(one.because, one.because)),
        reasons=reasons(page, one, nodes, line),
        proof=f"{href}/{one.choice_id}" if one.choice_id else "",
        record=f"{href}/new?node={node}&purpose={one.purpose}&channel={one.channel}",
    )


def reasons(
    page: Page, one: consent.Effective, nodes: Mapping[int, identity.Node], line: consent.Choice | None
) -> list[Reason]:
    gettext, sign = page.gettext, "+" if one.allowed else "-"
    if line is None:
        word = {
            "nobody_objected": gettext("Nobody has said anything, and this purpose needs no yes"),
            "never_asked": gettext("Nobody has said anything, and this purpose needs a yes"),
        }.get(one.because, gettext(HERS.get(one.because, one.because)))
        return [(sign, word)]
    found: list[Reason] = [
        (
            sign,
            gettext(
                "%(state)s, %(how)s, %(when)s",
                state=gettext(STATES[line.state][0]),
                how=gettext(HOW[line.origin]),
                when=page.draw.time(line.said_at),
            ),
        )
    ]
    if one.node_id is None and (decider := nodes.get(line.node_id)):
        found.append(("=", gettext("The strictest word is that of %(contact)s", contact=decider.value)))
    if line.wording:
        found.append(("=", gettext("Having read version %(n)s of the wording", n=line.wording)))
    if line.source:
        found.append(("=", gettext("Told by %(source)s", source=line.source)))
    return found


def told(
    page: Page,
    href: str,
    one: consent.Choice,
    nodes: Mapping[int, identity.Node],
    known: Sequence[consent.Purpose],
) -> Told:
    names = {purpose.code: purpose.name(page.language.code) for purpose in known}
    return Told(
        href=f"{href}/{one.choice_id}",
        purpose=names.get(one.purpose, one.purpose),
        way=page.gettext(CHANNELS[one.channel].name),
        contact=nodes[one.node_id].value,
        state=STATES[one.state],
        at=one.said_at,
        how=page.gettext(HOW[one.origin]),
        source=one.source,
        stands=one.stands,
    )


# ---- the proof of one


class ProofView(msgspec.Struct, frozen=True):
    href: str
    name: str
    told: Told
    line: consent.Choice
    wording: str
    parts: Sequence[tuple[str, str]]
    """What there is of proof: label and value."""


@get(PATH + "/{choice_id:int}", guards=READ)
async def read_proof(
    page: NamedDependency[Page], tx: NamedDependency[Tx], key: FromPath[UUID], choice_id: FromPath[int]
) -> Response[str]:
    """One word of hers, with everything that shows that it was said."""
    person = await identity.person(tx, key=key)
    line = await consent.choice(tx, choice_id=choice_id) if choice_id < LAST else None
    nodes = {node.node_id: node for node in person.nodes}
    if line is None or line.node_id not in nodes:
        raise NotFound
    golden = await profiles.golden_record(tx, person=person.person_id)
    versions = {one.version: one for one in await consent.wordings(tx, code=line.purpose)}
    read = versions.get(line.wording or 0)
    href = f"/customers/{person.key}"
    view = ProofView(
        href=href,
        name=golden.display_name,
        told=told(page, f"{href}/consents", line, nodes, await consent.purposes(tx)),
        line=line,
        wording=read.text(line.language) if read else "",
        parts=proofs(page, line, nodes),
    )
    return page.show("consent_proof.html.j2", view)


def proofs(page: Page, line: consent.Choice, nodes: Mapping[int, identity.Node]) -> list[tuple[str, str]]:
    gettext, proof = page.gettext, line.proof
    by_link = nodes.get(proof.by_link_to or 0)
    found = [
        (gettext("Recorded by"), line.actor),
        (gettext("Source"), line.source),
        (gettext("By the link sent to"), by_link.value if by_link else ""),
        (gettext("Form"), proof.form),
        (gettext("Page"), proof.page),
        (gettext("IP address"), proof.ip),
        (gettext("Browser"), proof.user_agent),
        (gettext("Recording of the call"), proof.recording),
        (gettext("Note"), proof.note),
        (gettext("Event in the log"), str(proof.position) if proof.position is not None else ""),
    ]
    return [(label, value) for label, value in found if value]


section = Section(routes=[read_consents, read_proof])
