"""Who is who, by hand: bringing two together, parting one, and taking it back."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import Annotated
from urllib.parse import urlsplit
from uuid import UUID

import msgspec
from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, URLEncodedBody

from comptoir import identity, profiles
from comptoir.console.charts import Contact
from comptoir.console.console import Section
from comptoir.console.page import Page
from comptoir.console.pages import evidence
from comptoir.console.pages.addresses import AnyRequest, Asked
from comptoir.console.pages.customers import Wanted as CustomersWanted
from comptoir.console.pages.customers import contacts, seek
from comptoir.console.pages.said import say
from comptoir.console.pages.told import field_name, field_value
from comptoir.console.refusals import said_of
from comptoir.console.rooms import ROOM, enter
from comptoir.kernel.auth import Actor, allow
from comptoir.kernel.db import Tx
from comptoir.kernel.errors import Invalid, Refusal
from comptoir.kernel.money import Money

MEND = "identity:write"
MAY = [*enter("customers"), allow(MEND)]
CANDIDATES = 8


Word = Annotated[str, msgspec.Meta(max_length=500)]


class Summary(msgspec.Struct, frozen=True):
    """One of the two, in short."""

    key: str
    name: str
    sub: str
    spend: Sequence[Money]
    orders: int
    identifiers: int
    contacts: Sequence[Contact]
    last_at: datetime | None = None


class Line(msgspec.Struct, frozen=True):
    label: str
    left: str
    right: str
    together: str = ""
    field: str = ""

    @property
    def differs(self) -> bool:
        return bool(self.left and self.right and self.left != self.right)


# ---- bringing together


class MergeWanted(Asked, frozen=True, kw_only=True):
    q: str = ""
    other: UUID | None = None


class Pair(msgspec.Struct, frozen=True):
    left: Summary
    right: Summary
    lines: Sequence[Line]
    together_contacts: Sequence[Contact]

    @property
    def spend(self) -> list[Money]:
        """Of both together, by currency."""
        minor = Counter[str]()
        for one in (*self.left.spend, *self.right.spend):
            minor[one.currency] += one.amount_minor
        return [Money(amount, currency) for currency, amount in minor.items()]


class MergeView(msgspec.Struct, frozen=True):
    href: str
    name: str
    question: str
    candidates: Sequence[Summary]
    pair: Pair | None
    error: str


@get("/customers/{key:uuid}/merge", guards=MAY)
async def read_merge(
    request: AnyRequest, page: NamedDependency[Page], tx: NamedDependency[Tx], key: FromPath[UUID]
) -> Response[str]:
    return await show_merge(page, tx, key, MergeWanted.read(request))


async def show_merge(page: Page, tx: Tx, key: UUID, wanted: MergeWanted, *, error: str = "") -> Response[str]:
    person = await identity.person(tx, key=key)
    pair = None
    if wanted.other is not None:
        other = await identity.person(tx, key=wanted.other)
        if other.person_id == person.person_id:
            return page.go(f"/customers/{person.key}")
        pair = await side_by_side(page, tx, person, other)
    candidates: list[Summary] = []
    if wanted.q and pair is None:
        found = await seek(tx, page, CustomersWanted(q=wanted.q), {}, limit=CANDIDATES)
        others = [one for one in found.people if one.person_id != person.person_id]
        nameless = await evidence.known_as(tx, page, [one.person_id for one in others if not one.display_name])
        candidates = [
            msgspec.structs.replace(summary, sub=nameless.get(one.person_id) or summary.sub)
            for one in others
            for summary in [summary_of(page, one)]
        ]
    golden = await profiles.golden_record(tx, person=person.person_id)
    view = MergeView(f"/customers/{person.key}", golden.display_name, wanted.q, candidates, pair, error)
    return page.show("merge.html.j2", view, status=409 if error else 200)


def summary_of(page: Page, found: profiles.Found, *, identifiers: int = 0) -> Summary:
    email = found.email if found.email != found.display_name else ""
    return Summary(
        key=found.key,
        name=found.display_name,
        sub=" · ".join(part for part in (found.city, email) if part),
        spend=found.spend,
        orders=found.orders,
        identifiers=identifiers,
        contacts=contacts(page, found.thread),
        last_at=found.last_at,
    )


async def side_by_side(page: Page, tx: Tx, left: identity.Person, right: identity.Person) -> Pair:
    """The two and what they would be together. Nothing is written: the golden record is computed from both."""
    people = [left.person_id, right.person_id]
    found = {one.person_id: one for one in (await seen(page, tx, people)).people}
    together = await profiles.golden_of(tx, nodes=[node.node_id for node in (*left.nodes, *right.nodes)])
    beads = [bead for one in found.values() for bead in one.thread]
    return Pair(
        left=summary_or_none(page, found.get(left.person_id), left),
        right=summary_or_none(page, found.get(right.person_id), right),
        lines=compared(
            page,
            await profiles.golden_record(tx, person=left.person_id),
            await profiles.golden_record(tx, person=right.person_id),
            together,
        ),
        together_contacts=contacts(page, sorted(beads, key=lambda bead: (bead.day, bead.channel))),
    )


async def seen(page: Page, tx: Tx, people: list[int]) -> profiles.SearchPage:
    return await profiles.search(tx, people=people, limit=len(people), currency=page.settings.currency)


def summary_or_none(page: Page, found: profiles.Found | None, person: identity.Person) -> Summary:
    """Somebody of whom nothing is counted yet still has identifiers."""
    if found is None:
        return Summary(str(person.key), "", "", [], 0, len(person.nodes), [])
    return summary_of(page, found, identifiers=len(person.nodes))


def compared(
    page: Page,
    left: profiles.GoldenRecord,
    right: profiles.GoldenRecord,
    together: profiles.GoldenRecord | None = None,
) -> list[Line]:
    """The golden records field by field."""
    mine, theirs, joint = (
        {field.name: field_value(page, field.name, field.value) for field in (*record.fields, *record.traits)}
        if record
        else {}
        for record in (left, right, together)
    )
    order = dict.fromkeys([*(field.name for field in (together or left).fields), *mine, *theirs])
    return [
        Line(page.gettext(field_name(name)), mine.get(name, ""), theirs.get(name, ""), joint.get(name, ""), name)
        for name in order
    ]


class MergeForm(msgspec.Struct, frozen=True):
    other: UUID
    reason: Word = ""


@post("/customers/{key:uuid}/merge", guards=MAY)
async def merge(
    page: NamedDependency[Page],
    tx: NamedDependency[Tx],
    actor: NamedDependency[Actor],
    key: FromPath[UUID],
    data: URLEncodedBody[MergeForm],
) -> Response[str]:
    await tx.run("SAVEPOINT merging")
    try:
        done = await identity.merges.merge(tx, keys=[key, data.other], actor=actor.name, reason=data.reason)
    except Refusal as refusal:
        await tx.run("ROLLBACK TO SAVEPOINT merging")
        return await show_merge(page, tx, key, MergeWanted(other=data.other), error=said_of(page, refusal))
    person = await identity.person(tx, key=key)
    return say(page.go(f"/customers/{person.key}"), "merged", undo=done.operation)


# ---- parting


class SplitWanted(Asked, frozen=True, kw_only=True):
    node: tuple[int, ...] = ()


class Choosable(msgspec.Struct, frozen=True):
    node_id: int
    value: str
    kind: str
    shared: bool
    first_seen: datetime


class Part(msgspec.Struct, frozen=True):
    name: str
    identifiers: int


class SplitView(msgspec.Struct, frozen=True):
    href: str
    name: str
    identifiers: Sequence[Choosable]
    leaving: Sequence[int]
    stays: Part | None
    leaves: Part | None
    lines: Sequence[Line]
    error: str


@get("/customers/{key:uuid}/split", guards=MAY)
async def read_split(
    request: AnyRequest, page: NamedDependency[Page], tx: NamedDependency[Tx], key: FromPath[UUID]
) -> Response[str]:
    return await show_split(page, tx, key, SplitWanted.read(request).node)


async def show_split(page: Page, tx: Tx, key: UUID, asked: Sequence[int], *, error: str = "") -> Response[str]:
    """Both parts as they would be: the golden record is computed from the identifiers of each."""
    person = await identity.person(tx, key=key)
    golden = await profiles.golden_record(tx, person=person.person_id)
    away = [node.node_id for node in person.nodes if node.node_id in set(asked)]
    rest = [node.node_id for node in person.nodes if node.node_id not in set(asked)]
    stays = leaves = None
    lines: list[Line] = []
    if away and rest:
        left = await profiles.golden_of(tx, nodes=rest)
        right = await profiles.golden_of(tx, nodes=away)
        stays, leaves = Part(left.display_name, len(rest)), Part(right.display_name, len(away))
        lines = compared(page, left, right)
    elif away and not error:
        error = page.gettext("Somebody has to stay: leave at least one identifier.")
    view = SplitView(
        href=f"/customers/{person.key}",
        name=golden.display_name,
        identifiers=[
            Choosable(
                node.node_id,
                node.value,
                evidence.NAMES.get(node.namespace, node.namespace),
                node.shared,
                node.first_seen,
            )
            for node in person.nodes
        ],
        leaving=away,
        stays=stays,
        leaves=leaves,
        lines=lines,
        error=error,
    )
    return page.show("split.html.j2", view, status=409 if error else 200)


@post("/customers/{key:uuid}/split", guards=MAY)
async def split(
    request: AnyRequest,
    page: NamedDependency[Page],
    tx: NamedDependency[Tx],
    actor: NamedDependency[Actor],
    key: FromPath[UUID],
) -> Response[str]:
    form = await request.form()
    try:
        nodes = sorted({int(str(one)) for one in form.getall("node", [])})
    except ValueError as error:
        raise Invalid("An identifier is named by its number.") from error
    reason = str(form.get("reason", ""))[:500]
    await tx.run("SAVEPOINT splitting")
    try:
        done = await identity.splits.split(tx, key=key, nodes=nodes, actor=actor.name, reason=reason)
    except Refusal as refusal:
        await tx.run("ROLLBACK TO SAVEPOINT splitting")
        return await show_split(page, tx, key, nodes, error=said_of(page, refusal))
    person = await identity.person(tx, key=key)
    return say(page.go(f"/customers/{person.key}"), "split", undo=done.operation)


# ---- taking it back


@post("/customers/undo/{operation:int}", guards=MAY)
async def undo(
    page: NamedDependency[Page],
    tx: NamedDependency[Tx],
    actor: NamedDependency[Actor],
    request: AnyRequest,
    operation: FromPath[int],
) -> Response[str]:
    """Take an operation back and show one of those it touched."""
    if operation >= 2**63:
        raise Invalid("There is no such operation.")
    done = await identity.undos.undo(tx, operation=operation, actor=actor.name)
    before = await identity.journal.operation(tx, operation)
    # An operation that moved nobody is still shown at one whose tie it was.
    people = await identity.nodes_of(tx, done.people or before.people or await holders(tx, before))
    path = f"/customers/{people[0].key}" if people else "/customers"
    steward = ROOM["stewardship"].path
    if urlsplit(request.headers.get("hx-current-url", "")).path == steward:
        path = steward
    answer = page.go(path)
    if request.headers.get("hx-request"):  # the toast swaps nothing: the whole window goes
        answer = page.answer("", headers={"HX-Redirect": path})
    return say(answer, "undone")


async def holders(tx: Tx, operation: identity.journal.Operation) -> list[int]:
    """Whose the ties are that an operation cut, and whom it keeps apart."""
    pairs = (*operation.effect.banned, *operation.effect.apart)
    return sorted(set((await identity.persons_of(tx, [node for pair in pairs for node in pair])).values()))


section = Section(routes=[read_merge, merge, read_split, split, undo])
