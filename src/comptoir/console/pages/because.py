"""Why she is one person: the graph, every tie with its evidence, the strongest path, what was done."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec
from litestar import Response, get
from litestar.di import NamedDependency
from litestar.params import FromPath

from comptoir import channels, identity, profiles
from comptoir.console.console import Section
from comptoir.console.language import N_
from comptoir.console.page import Page
from comptoir.console.pages import evidence, graph
from comptoir.console.pages.addresses import AnyRequest, Asked
from comptoir.console.pages.said import last_said
from comptoir.console.rooms import enter
from comptoir.kernel.auth import allow
from comptoir.kernel.db import Tx

MEND = "identity:write"
READ = [*enter("customers"), allow("identity:read")]

DEEDS: dict[str, str] = {
    "merged": N_("Brought together by new evidence"),
    "resolved": N_("Sorted anew by new evidence"),
    "merge": N_("Brought together by hand"),
    "split": N_("Parted by hand"),
    "undo": N_("Taken back"),
    "retraction": N_("Evidence taken back"),
}

CUT = N_("A tie cut by hand")


class IdentityWanted(Asked, frozen=True, kw_only=True):
    """Between which two identifiers the path is asked for."""

    a: int | None = None
    b: int | None = None


class Step(msgspec.Struct, frozen=True):
    left: str
    right: str
    words: str
    confidence: float


class Deed(msgspec.Struct, frozen=True):
    operation: int
    words: str
    at: datetime
    actor: str
    reason: str
    undone: bool
    can_undo: bool


class IdentityView(msgspec.Struct, frozen=True):
    href: str
    name: str
    identifiers: Sequence[identity.Node]
    joining: int
    doubtful: int
    picture: graph.Picture
    small_picture: graph.Picture
    """The same for a phone, where the other's labels would be too small to read."""
    ties: Sequence[evidence.TieView]
    choices: Sequence[tuple[str, str]]
    a: str
    b: str
    asked: bool
    path: Sequence[Step]
    weakest: str
    journal: Sequence[Deed]
    may_mend: bool


@get("/customers/{key:uuid}/identity", guards=READ)
async def read_identity(
    request: AnyRequest, page: NamedDependency[Page], tx: NamedDependency[Tx], key: FromPath[UUID]
) -> Response[str]:
    """The graph at large, every tie with its evidence, the strongest path between two, the journal."""
    drawn = await identity.explain.graph(tx, key=key)
    if drawn.key != key:
        return page.go(f"/customers/{drawn.key}/identity")
    said = last_said(request, page)
    sources = {source.source_id: source.name for source in await channels.sources(tx)}
    golden = await profiles.golden_record(tx, person=drawn.person_id)
    names = {node.node_id: evidence.label(page, node) for node in drawn.nodes}
    wanted = IdentityWanted.read(request)
    first, last = drawn.nodes[0].node_id, drawn.nodes[-1].node_id
    a, b = wanted.a if wanted.a in names else first, wanted.b if wanted.b in names else last
    path = await path_between(page, tx, drawn, a, b, sources) if wanted.a and wanted.b and a != b else []
    listed = evidence.ties(page, drawn, sources)
    journal = await identity.journal.listing(tx, person_id=drawn.person_id, limit=20)
    view = IdentityView(
        href=f"/customers/{drawn.key}",
        name=golden.display_name,
        identifiers=drawn.nodes,
        joining=sum(tie.joins for tie in listed),
        doubtful=sum(not tie.joins for tie in listed),
        picture=evidence.picture(drawn, width=720, height=430, most=40),
        small_picture=evidence.picture(drawn, width=360, height=330, most=14),
        ties=listed,
        choices=[(str(node), name) for node, name in names.items()],
        a=str(a),
        b=str(b),
        asked=bool(wanted.a and wanted.b),
        path=path,
        weakest=weakest(page, path),
        journal=[deed(one) for one in journal],
        may_mend=page.viewer.may(MEND),
    )
    return said(page.show("identity.html.j2", view))


async def path_between(
    page: Page, tx: Tx, drawn: identity.explain.Graph, a: int, b: int, sources: dict[int, str]
) -> list[Step]:
    """The path whose weakest tie is strongest, step by step."""
    nodes = {node.node_id: node for node in drawn.nodes}
    numbers = {one.name: one.ns for one in (await identity.namespaces.load(tx)).by_ns.values()}
    left, right = nodes[a], nodes[b]
    found = await identity.explain.explain(
        tx, a=(numbers[left.namespace], left.value), b=(numbers[right.namespace], right.value)
    )
    steps: list[Step] = []
    at = a
    for edge in found.path:
        other = edge.b if edge.a == at else edge.a
        words = "; ".join(dict.fromkeys(evidence.source_of(page, one, sources) for one in edge.evidence))
        steps.append(Step(evidence.label(page, nodes[at]), evidence.label(page, nodes[other]), words, edge.confidence))
        at = other
    return steps


def weakest(page: Page, path: Sequence[Step]) -> str:
    if not path:
        return ""
    one = min(path, key=lambda step: step.confidence)
    return f"{one.left} – {one.right}, {page.language.percent(one.confidence, 1)}"


def deed(one: identity.journal.Operation) -> Deed:
    return Deed(
        operation=one.operation,
        words=CUT if one.kind == "split" and "edges" in one.effect.request else DEEDS.get(one.kind, one.kind),
        at=one.at,
        actor=one.actor,
        reason=one.reason,
        undone=one.undone_by is not None,
        can_undo=one.kind in DEEDS,
    )


section = Section(routes=[read_identity])
