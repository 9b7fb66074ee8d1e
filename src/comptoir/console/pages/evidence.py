"""Why identifiers are one person: identity's graph and explanations, in words and as a picture."""

from collections.abc import Mapping, Sequence
from datetime import datetime

import msgspec

from comptoir import identity
from comptoir.console.drawing import Reason
from comptoir.console.language import N_
from comptoir.console.page import Page
from comptoir.console.pages import graph
from comptoir.kernel.db import Tx

NAMES: dict[str, str] = {
    "user_id": N_("account"),
    "loyalty_card": N_("loyalty card"),
    "email": N_("e-mail"),
    "phone": N_("phone"),
    "relay_email": N_("marketplace address"),
    "device_id": N_("device"),
    "anonymous_id": N_("browser"),
    "idfa": N_("Apple advertising id"),
    "gaid": N_("Android advertising id"),
    "push_token": N_("push token"),
}
STATES: dict[str, str] = {
    "joins": N_("joins"),
    "lost": N_("does not join"),
    "shared": N_("shared"),
    "cut": N_("cut by hand"),
    "retracted": N_("taken back"),
}
WHY: dict[str, str] = {
    "joins": N_("These are one person."),
    "lost": N_("Stronger evidence puts them with different people, and one person cannot have both."),
    "shared": N_("One of them belongs to several people, so it connects nobody."),
    "cut": N_("Somebody cut this by hand."),
    "retracted": N_("All evidence of it was taken back."),
}
KINDS: dict[str, str] = {
    "deterministic": N_("seen together, by %(source)s"),
    "probabilistic": N_("much alike, found by %(source)s"),
    "steward": N_("said by hand"),
    "import": N_("imported together, by %(source)s"),
}


class TieView(msgspec.Struct, frozen=True):
    """One tie as a line of the list."""

    a: int
    b: int
    left: str
    right: str
    joins: bool
    state: str
    confidence: float
    sources: str
    first_at: datetime
    reasons: Sequence[Reason]
    foot: str
    undo: int = 0
    """The operation that cut it by hand, which can be taken back; 0 where none did."""


NAMED_BY_EVENTS = ("user_id", "anonymous_id")


async def find(tx: Tx, page: Page, text: str, *, namespaces: Sequence[str] = ()) -> list[int]:
    """The people of whom this text is an identifier: in these namespaces, or in any that it can stand in."""
    cleaner = await identity.Cleaner.load(tx)
    people: dict[int, None] = {}
    for name in namespaces or (await identity.namespaces.load(tx)).by_name:
        cleaned = cleaner.one(name, text, page.settings.country)
        if isinstance(cleaned, identity.Refused):
            continue
        try:
            people[(await identity.lookup(tx, identifier=cleaned)).person_id] = None
        except identity.UnknownIdentifier:
            continue
    return list(people)


async def known_as(tx: Tx, page: Page, people: Sequence[int]) -> dict[int, str]:
    """For those without a name: the strongest identifier of each, as one says it."""
    rank = {name: place for place, name in enumerate(NAMES)}
    best: dict[int, identity.Node] = {}
    for node in await identity.nodes_of(tx, people):
        before = best.get(node.person_id)
        if before is None or rank.get(node.namespace, 99) < rank.get(before.namespace, 99):
            best[node.person_id] = node
    return {person: label(page, node) for person, node in best.items()}


def picture(drawn: identity.explain.Graph, *, width: int, height: int, most: int) -> graph.Picture:
    """The person's identifiers and ties. What was taken back is listed, not drawn."""
    identifiers = [
        *(graph.Identifier(n.node_id, n.namespace, n.value, True, n.shared) for n in drawn.nodes),
        *(graph.Identifier(n.node_id, n.namespace, n.value, False, n.shared) for n in drawn.outside),
    ]
    ties = [
        graph.Tie(edge.a, edge.b, edge.confidence, edge.state == "joins")
        for edge in drawn.edges
        if edge.state != "retracted"
    ]
    return graph.draw(identifiers, ties, width=width, height=height, most=most)


def ties(page: Page, drawn: identity.explain.Graph, sources: Mapping[int, str]) -> list[TieView]:
    """All ties, those that join first, the surest first."""
    names = {node.node_id: label(page, node) for node in (*drawn.nodes, *drawn.outside)}
    views = [
        TieView(
            a=edge.a,
            b=edge.b,
            left=names.get(edge.a, "…"),
            right=names.get(edge.b, "…"),
            joins=edge.state == "joins",
            state=STATES[edge.state],
            confidence=edge.confidence,
            sources=", ".join(dict.fromkeys(source_of(page, one, sources) for one in edge.evidence)),
            first_at=edge.first_seen,
            reasons=reasons(page, edge, sources),
            foot=page.gettext("What several sources say independently adds up; what one repeats counts once."),
            undo=edge.banned_by[0] if edge.state == "cut" and len(edge.banned_by) == 1 else 0,
        )
        for edge in drawn.edges
    ]
    return sorted(views, key=lambda one: (not one.joins, -one.confidence, one.a, one.b))


def label(page: Page, node: identity.Node) -> str:
    """An identifier with its kind: what one reads aloud."""
    short = graph.shorten(graph.Identifier(node.node_id, node.namespace, node.value))
    return f"{page.gettext(NAMES.get(node.namespace, node.namespace))} {short}"


def source_of(page: Page, one: identity.explain.Evidence, sources: Mapping[int, str]) -> str:
    return page.gettext("by hand") if one.kind == "steward" else sources.get(one.source_id, page.gettext("ourselves"))


def reasons(page: Page, edge: identity.explain.Edge, sources: Mapping[int, str]) -> list[Reason]:
    """The evidence of a tie, each with its weight; and, where it does not join, why not."""
    gettext = page.gettext
    lines: list[Reason] = [("+" if edge.state == "joins" else "-", gettext(WHY[edge.state]))]
    for one in edge.evidence:
        what = gettext(KINDS.get(one.kind, KINDS["deterministic"]), source=source_of(page, one, sources))
        when = gettext("%(what)s, %(when)s", what=what, when=page.draw.time(one.observed_at))
        gone = bool(one.retracted_by)
        lines.append(("-" if gone else "=", when, gettext("taken back") if gone else page.language.percent(one.prob)))
    return lines
