"""The tracking plan of a source: read, edited as a table or as text, tried on what came last, published, restored."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from hashlib import blake2b
from typing import Annotated, Any, Literal, cast

import msgspec
from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.status_codes import HTTP_200_OK

from comptoir import channels, ingest
from comptoir.console.console import Section
from comptoir.console.language import N_
from comptoir.console.page import Page
from comptoir.console.pages import plan_table, plan_text
from comptoir.console.pages.addresses import AnyRequest, Asked
from comptoir.console.pages.plan_table import Row, Table
from comptoir.console.pages.said import last_said, say
from comptoir.console.pages.sources import PATH, known
from comptoir.console.rooms import enter
from comptoir.kernel.auth import Actor, allow
from comptoir.kernel.db import Tx
from comptoir.kernel.errors import Invalid
from comptoir.kernel.http import READS_ONLY

PUBLISH = "ingest:write"
LONGEST = 400_000
"""Characters of a plan as text."""
KINDS = {
    "missing": N_("missing"),
    "invalid": N_("invalid"),
    "unexpected": N_("not in the plan"),
    "unplanned": N_("the plan does not name this event"),
}
"""What can be wrong with a field."""

View = Literal["table", "json"]


class PlanWanted(Asked, frozen=True, kw_only=True):
    version: Annotated[int, msgspec.Meta(ge=1, lt=2**31)] | None = None
    view: View = "table"


class Draft(msgspec.Struct, frozen=True, kw_only=True):
    """What is in the editor: the table over its schemas, or the text."""

    base: dict[str, Any] = {}
    tables: Sequence[Table] = ()
    text: str = ""
    view: View = "table"
    version: int = 0
    """The newest when editing began; 0 where there was none."""
    mode: Literal["observe", "enforce"] = "observe"
    unplanned: Literal["allow", "report"] = "allow"
    note: str = ""


class Past(msgspec.Struct, frozen=True):
    """One version of the history."""

    version: int
    mode: str
    events: int
    note: str
    by: str
    at: datetime


class PlanView(msgspec.Struct, frozen=True, kw_only=True):
    href: str
    source: channels.Source
    draft: Draft
    base: str
    newest: int
    shown: int
    """The version in the editor where it is an old one; else 0."""
    fault: plan_text.Fault | None
    excerpt: Sequence[tuple[int, str, bool]]
    error: str
    rehearsal: ingest.Rehearsal | None
    confirm: str
    history: Sequence[Past]
    kinds: Mapping[str, str]
    types: Sequence[str] = plan_table.TYPES


@get(f"{PATH}/{{source_id:int}}/plan", guards=enter("sources"))
async def read_plan(
    request: AnyRequest, page: NamedDependency[Page], tx: NamedDependency[Tx], source_id: FromPath[int]
) -> Response[str]:
    said = last_said(request, page)
    wanted = PlanWanted.read(request)
    history = await ingest.versions(tx, source_id=known(source_id))
    shown = await ingest.plan(tx, source_id=known(source_id), version=wanted.version) if wanted.version else None
    plan = shown or (history[0] if history else None)
    draft = (
        Draft(mode=plan.mode, unplanned=plan.unplanned, version=history[0].version, view=wanted.view)
        if plan
        else Draft(view=wanted.view)
    )
    draft = with_events(draft, plan.events if plan else {})
    old = shown.version if shown and shown.version != history[0].version else 0
    return said(await show(page, tx, source_id, draft, shown=old))


def with_events(draft: Draft, events: dict[str, Any]) -> Draft:
    return msgspec.structs.replace(draft, base=events, tables=plan_table.tables(events), text=written(events))


def written(events: Mapping[str, Any]) -> str:
    return json.dumps(events, indent=2, ensure_ascii=False)


async def show(
    page: Page,
    tx: Tx,
    source_id: int,
    draft: Draft,
    *,
    shown: int = 0,
    fault: plan_text.Fault | None = None,
    error: str = "",
    rehearsal: ingest.Rehearsal | None = None,
    confirm: str = "",
) -> Response[str]:
    source = await channels.source(tx, source_id=known(source_id))
    history = await ingest.versions(tx, source_id=source.source_id)
    view = PlanView(
        href=f"{PATH}/{source.source_id}",
        source=source,
        draft=draft,
        base=json.dumps(draft.base, ensure_ascii=False),
        newest=history[0].version if history else 0,
        shown=shown,
        fault=fault,
        excerpt=plan_text.excerpt(draft.text, fault.line) if fault else (),
        error=error,
        rehearsal=rehearsal,
        confirm=confirm,
        history=[
            Past(one.version, one.mode, len(one.events), one.note, one.made_by, one.made_at) for one in history[:50]
        ],
        kinds=KINDS,
    )
    status = 422 if fault or error else 409 if confirm else 200
    return page.show("plan.html.j2", view, status=200 if page.part else status)


# ---- what was typed


class Refused(Exception):
    """The draft cannot be read: the draft as typed, and its fault or a sentence."""

    def __init__(self, draft: Draft, *, fault: plan_text.Fault | None = None, error: str = "") -> None:
        super().__init__(error)
        self.draft, self.fault, self.error = draft, fault, error


async def typed(request: AnyRequest) -> tuple[Draft, dict[str, str]]:
    """The draft as it was typed, and the form."""
    sent = await request.form()
    form = {name: str(value).replace("\r\n", "\n") for name, value in sent.items()}
    text, base = form.get("text", ""), form.get("base", "{}")
    if max(len(text), len(base)) > LONGEST:
        raise Invalid(f"A plan has at most {LONGEST} characters.")
    try:
        draft = msgspec.convert(
            {
                "view": form.get("view", "table"),
                "version": form.get("version", "0"),
                "mode": form.get("mode", "observe"),
                "unplanned": "report" if "unplanned" in form else "allow",
                "note": form.get("note", "")[:500],
                "text": text,
                "base": msgspec.json.decode(base, type=dict[str, Any]),
            },
            Draft,
            strict=False,
        )
    except (msgspec.MsgspecError, UnicodeError, RecursionError) as error:
        raise Invalid(f"The form is not as it was sent: {error}") from error
    if draft.view == "table":
        told = {table.name: table for table in plan_table.tables(draft.base)}
        draft = msgspec.structs.replace(draft, tables=[named(one, told) for one in plan_table.read_form(form)])
    return draft, form


def named(one: Table, told: Mapping[str, Table]) -> Table:
    """With the words that the table does not show, from the schemas that travelled with it."""
    before = told.get(one.was)
    also = {row.was: row.also for row in before.rows} if before else {}
    rows = [msgspec.structs.replace(row, also=also.get(row.was, "") if row.was else "") for row in one.rows]
    return msgspec.structs.replace(one, rows=rows, also=before.also if before else "")


def events_of(page: Page, draft: Draft) -> dict[str, Any]:
    """The schemas of the draft. Raises Refused where two things have one name, or the text is no plan."""
    if draft.view == "table":
        names = [(one.name.strip(), one) for one in draft.tables if one.name.strip()]
        if twice := doubled([name for name, _ in names]):
            raise Refused(draft, error=page.gettext("Two events are called “%(name)s”.", name=twice))
        for name, one in names:
            if twice := doubled([row.name.strip() for row in one.rows if row.name.strip()]):
                words = page.gettext("“%(event)s” has two properties called “%(name)s”.", event=name, name=twice)
                raise Refused(draft, error=words)
        return plan_table.changed(draft.base, draft.tables)
    found = plan_text.read(draft.text)
    if isinstance(found, plan_text.Fault):
        raise Refused(draft, fault=found)
    whole: Any = found.value
    if not isinstance(whole, dict):
        raise Refused(draft, fault=found.fault((), N_("A plan is an object: names of events and their schemas.")))
    events = cast("dict[str, Any]", whole)
    for name, schema in events.items():
        if not isinstance(schema, dict):
            raise Refused(draft, fault=found.fault((name,), N_("The schema of an event is an object.")))
    return events


def doubled(names: Sequence[str]) -> str:
    return next((name for place, name in enumerate(names) if name in names[:place]), "")


def entry_of(draft: Draft, events: dict[str, Any]) -> ingest.PlanEntry:
    return ingest.PlanEntry(mode=draft.mode, unplanned=draft.unplanned, events=events, note=draft.note)


def bad_schema(draft: Draft, events: dict[str, Any], refusal: ingest.BadSchema) -> Refused:
    """Shown in the text, where it has a line."""
    text = draft.text if draft.view == "json" else written(events)
    read = plan_text.read(text)
    assert isinstance(read, plan_text.Text)
    path = [refusal.data["event"], *refusal.data["path"]]
    fault = read.fault(path, N_("This is no valid JSON Schema."), refusal.data["because"])
    return Refused(msgspec.structs.replace(draft, view="json", text=text, base=events), fault=fault)


# ---- editing, trying


@post(
    f"{PATH}/{{source_id:int}}/plan/draft",
    guards=[*enter("sources"), allow(PUBLISH)],
    opt=READS_ONLY,
    status_code=HTTP_200_OK,
)
async def edit_plan(
    request: AnyRequest, page: NamedDependency[Page], tx: NamedDependency[Tx], source_id: FromPath[int]
) -> Response[str]:
    """The editor after one step: a row more or less, the other view, what came last learned, the draft tried."""
    await channels.source(tx, source_id=known(source_id))
    draft, form = await typed(request)
    deed = form.get("deed", "check")
    rehearsal = None
    try:
        if deed.startswith(("row.", "drop.", "event")):
            draft = edited(draft, deed)
        elif deed == "learn":
            found = await ingest.sample(tx, source_id=known(source_id))
            draft = with_events(msgspec.structs.replace(draft, view="table"), ingest.learned(found))
        else:
            events = events_of(page, draft)
            if deed in {"table", "json"}:
                draft = with_events(msgspec.structs.replace(draft, view=cast("View", deed)), events)
            else:
                rehearsal = await tried(tx, source_id, draft, events)
    except Refused as refused:
        return await show(page, tx, source_id, refused.draft, fault=refused.fault, error=refused.error)
    return await show(page, tx, source_id, draft, rehearsal=rehearsal)


def edited(draft: Draft, deed: str) -> Draft:
    """`event`, `row.3`: one more; `drop.3`, `drop.3.1`: that one less."""
    tables = list(draft.tables)
    what, *numbers = deed.split(".")
    try:
        places = [int(number) for number in numbers]
        if what == "event":
            tables.append(Table("", [Row("", "string", False)]))
        elif what == "row":
            rows = [*tables[places[0]].rows, Row("", "string", False)]
            tables[places[0]] = msgspec.structs.replace(tables[places[0]], rows=rows)
        elif len(places) == 1:
            del tables[places[0]]
        else:
            rows = [row for place, row in enumerate(tables[places[0]].rows) if place != places[1]]
            tables[places[0]] = msgspec.structs.replace(tables[places[0]], rows=rows)
    except (ValueError, IndexError) as error:
        raise Invalid("There is no such row.") from error
    return msgspec.structs.replace(draft, tables=tables)


async def tried(tx: Tx, source_id: int, draft: Draft, events: dict[str, Any]) -> ingest.Rehearsal:
    try:
        return await ingest.rehearse(tx, source_id=known(source_id), entry=entry_of(draft, events))
    except ingest.BadSchema as refusal:
        raise bad_schema(draft, events, refusal) from refusal


# ---- publishing


@post(f"{PATH}/{{source_id:int}}/plan", guards=[*enter("sources"), allow(PUBLISH)])
async def publish_plan(
    request: AnyRequest,
    page: NamedDependency[Page],
    tx: NamedDependency[Tx],
    actor: NamedDependency[Actor],
    source_id: FromPath[int],
) -> Response[str]:
    """Make the draft the next version. One that would keep out what comes in today is published at the second word."""
    await channels.source(tx, source_id=known(source_id))
    draft, form = await typed(request)
    try:
        events = events_of(page, draft)
        rehearsal = await tried(tx, source_id, draft, events)
    except Refused as refused:
        return await show(page, tx, source_id, refused.draft, fault=refused.fault, error=refused.error)
    history = await ingest.versions(tx, source_id=known(source_id))
    if (newest := history[0].version if history else 0) != draft.version:
        words = page.gettext("Version %(n)s was published meanwhile. Look at it before you publish yours.", n=newest)
        return await show(page, tx, source_id, draft, error=words)
    word = blake2b(msgspec.json.encode(entry_of(draft, events)), digest_size=8).hexdigest()
    if draft.mode == "enforce" and rehearsal.broken and form.get("confirm") != word:
        return await show(page, tx, source_id, draft, rehearsal=rehearsal, confirm=word)
    await ingest.save_plan(tx, source_id=known(source_id), entry=entry_of(draft, events), made_by=actor.name)
    return say(page.go(f"{PATH}/{source_id}/plan"), "plan_published")


@post(f"{PATH}/{{source_id:int}}/plan/{{version:int}}", guards=[*enter("sources"), allow(PUBLISH)])
async def restore_plan(
    page: NamedDependency[Page],
    tx: NamedDependency[Tx],
    actor: NamedDependency[Actor],
    source_id: FromPath[int],
    version: FromPath[int],
) -> Response[str]:
    """Publish an old version again, as the next one."""
    old = await ingest.plan(tx, source_id=known(source_id), version=version if version < 2**31 else 2**31 - 1)
    note = page.gettext("Version %(n)s again", n=old.version)
    entry = ingest.PlanEntry(mode=old.mode, unplanned=old.unplanned, events=old.events, note=note)
    await ingest.save_plan(tx, source_id=old.source_id, entry=entry, made_by=actor.name)
    return say(page.go(f"{PATH}/{source_id}/plan"), "plan_published")


section = Section(routes=[read_plan, edit_plan, publish_plan, restore_plan])
