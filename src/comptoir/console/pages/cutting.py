"""Cutting one tie of a person: look first at who would be left, then cut, then, if it was wrong, take it back."""

from collections.abc import Sequence
from typing import Annotated
from uuid import UUID

import msgspec
from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, URLEncodedBody

from comptoir import channels, identity, profiles
from comptoir.console.console import Section
from comptoir.console.page import Page
from comptoir.console.pages import evidence
from comptoir.console.pages.addresses import AnyRequest, Asked
from comptoir.console.pages.mending import MAY, Word
from comptoir.console.pages.said import say
from comptoir.console.pages.told import field_name, field_value
from comptoir.console.refusals import said_of
from comptoir.kernel.auth import Actor
from comptoir.kernel.db import Database, Tx
from comptoir.kernel.errors import NotFound, Refusal

Pair = tuple[int, int]
Number = Annotated[int, msgspec.Meta(ge=1, lt=2**62)]
SHOWN = 4
"""Parts that stand side by side."""


class CutWanted(Asked, frozen=True, kw_only=True):
    """The two identifiers between which the tie lies."""

    a: Number
    b: Number

    @property
    def pair(self) -> Pair:
        return min(self.a, self.b), max(self.a, self.b)


class Part(msgspec.Struct, frozen=True):
    """One of the people that would be."""

    name: str
    identifiers: Sequence[str]


class CutView(msgspec.Struct, frozen=True):
    href: str
    name: str
    a: int
    b: int
    tie: evidence.TieView
    parts: Sequence[Part]
    """One where she stays one person all the same."""
    more_parts: int
    lines: Sequence[tuple[str, Sequence[str]]]
    """What is known of each part: label and values."""
    error: str


@get("/customers/{key:uuid}/cut", guards=MAY)
async def read_cut(
    request: AnyRequest,
    page: NamedDependency[Page],
    tx: NamedDependency[Tx],
    beside: NamedDependency[Database],
    key: FromPath[UUID],
) -> Response[str]:
    return await show_cut(page, tx, beside, key, CutWanted.read(request).pair)


async def show_cut(page: Page, tx: Tx, db: Database, key: UUID, pair: Pair, *, error: str = "") -> Response[str]:
    drawn = await identity.explain.graph(tx, key=key)
    sources = {source.source_id: source.name for source in await channels.sources(tx)}
    tie = next((one for one in evidence.ties(page, drawn, sources) if (one.a, one.b) == pair and one.joins), None)
    if tie is None:
        raise NotFound("These two are not tied, or the tie is cut already.", a=pair[0], b=pair[1])
    ours = {node.node_id for node in drawn.nodes}
    parts = [[node for node in one.nodes if node.node_id in ours] for one in await would_be(db, key, pair)]
    parts = [part for part in parts if part] or [drawn.nodes]
    records = [await profiles.golden_of(tx, nodes=[node.node_id for node in part]) for part in parts[:SHOWN]]
    view = CutView(
        href=f"/customers/{drawn.key}",
        name=(await profiles.golden_record(tx, person=drawn.person_id)).display_name,
        a=pair[0],
        b=pair[1],
        tie=tie,
        parts=[
            Part(record.display_name, [evidence.label(page, node) for node in part])
            for record, part in zip(records, parts, strict=False)
        ],
        more_parts=len(parts) - len(records),
        lines=side_by_side(page, records),
        error=error,
    )
    return page.show("cut.html.j2", view, status=409 if error else 200)


async def would_be(db: Database, key: UUID, pair: Pair) -> list[identity.Person]:
    """The people after the cut, exactly: it is done, looked at, and taken back before anybody sees it."""
    async with db.transaction() as tx:
        before = await identity.person(tx, key=key)
        work = identity.splits.cut(tx, edges=[pair], actor="preview")
        after = await identity.merges.preview(tx, work)
        return after.people or [before]


def side_by_side(page: Page, records: Sequence[profiles.GoldenRecord]) -> list[tuple[str, list[str]]]:
    told = [
        {field.name: field_value(page, field.name, field.value) for field in (*one.fields, *one.traits)}
        for one in records
    ]
    names = dict.fromkeys(name for one in told for name in one)
    return [(page.gettext(field_name(name)), [one.get(name, "") for one in told]) for name in names]


class CutForm(msgspec.Struct, frozen=True):
    a: Number
    b: Number
    reason: Word = ""


@post("/customers/{key:uuid}/cut", guards=MAY)
async def cut(
    page: NamedDependency[Page],
    tx: NamedDependency[Tx],
    beside: NamedDependency[Database],
    actor: NamedDependency[Actor],
    key: FromPath[UUID],
    data: URLEncodedBody[CutForm],
) -> Response[str]:
    pair = min(data.a, data.b), max(data.a, data.b)
    person = await identity.person(tx, key=key)
    if not {node.node_id for node in person.nodes} & set(pair):
        raise NotFound("The tie is not of this person.", a=pair[0], b=pair[1])
    await tx.run("SAVEPOINT cutting")
    try:
        done = await identity.splits.cut(tx, edges=[pair], actor=actor.name, reason=data.reason)
    except Refusal as refusal:
        await tx.run("ROLLBACK TO SAVEPOINT cutting")
        return await show_cut(page, tx, beside, key, pair, error=said_of(page, refusal))
    person = await identity.person(tx, key=key)
    deed = "split" if done.moved else "cut"
    return say(page.go(f"/customers/{person.key}/identity"), deed, undo=done.operation)


section = Section(routes=[read_cut, cut])
