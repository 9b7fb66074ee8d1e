"""What reads do to the stock: the rules in order, another one tried on the last events before it holds; where readers
stand.
"""

from collections.abc import Mapping, Sequence
from hashlib import blake2b

import msgspec
from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath

from comptoir import rfid
from comptoir.console.console import Section
from comptoir.console.page import Page
from comptoir.console.pages import reading_rule as fields
from comptoir.console.pages.addresses import AnyRequest
from comptoir.console.pages.forms import Choice, Form, typed
from comptoir.console.pages.pieces import choices, places
from comptoir.console.pages.said import last_said, say
from comptoir.console.refusals import said_of
from comptoir.console.rooms import enter
from comptoir.kernel.auth import Actor, allow
from comptoir.kernel.db import Tx
from comptoir.kernel.errors import NotFound, Refusal

PATH = "/rfid/rules"
READ = [*enter("moves"), allow("rfid:read")]
MAY = [*enter("moves"), allow("rfid:admin")]
LAST = 200
"""Events on which rules are tried."""
MOST = 100
Rules = list[rfid.readings.ReadingRule]


class Row(msgspec.Struct, frozen=True):
    """A rule in words, with how many of the last events it would decide."""

    place: int
    name: str
    condition: str
    outcome: str
    decided: int


class RulesView(msgspec.Struct, frozen=True):
    rows: Sequence[Row]
    version: int
    events: int
    unwanted: int
    readers: Sequence[tuple[str, str]]
    places: Sequence[Choice]
    form: Form
    may: bool
    error: str


class RuleView(msgspec.Struct, frozen=True):
    """One rule as fields."""

    href: str
    place: int
    """0: a new one."""
    after: int
    form: Form
    clauses: Sequence[fields.Clause]
    attributes: Sequence[Choice]
    operators: Sequence[Choice]
    joined: Sequence[Choice]
    acts: Sequence[Choice]
    covers: Sequence[Choice]
    states: Sequence[Choice]
    errors: Mapping[str, str]
    detail: str


class TrialView(msgspec.Struct, frozen=True):
    """What the rules would be, and what each decides of the last events: now, and then."""

    href: str
    form: Form
    confirm: str
    rows: Sequence[tuple[Row, int]]
    gone: Sequence[tuple[str, int]]
    events: int
    unwanted: tuple[int, int]
    nowhere: tuple[int, int]


@get(PATH, guards=READ)
async def read_rules(request: AnyRequest, page: NamedDependency[Page], tx: NamedDependency[Tx]) -> Response[str]:
    told = last_said(request, page)
    return told(await show(page, tx))


async def show(page: Page, tx: Tx, *, form: Form | None = None, error: str = "") -> Response[str]:
    held = await rfid.readings.current(tx)
    trial = await rfid.readings.attempt(tx, given=None, limit=LAST)
    readers, known = await rfid.readings.places_now(tx), await places(tx)
    named = {code: one.name for code, one in known.items()}
    view = RulesView(
        rows=rows_of(page, held.rules, trial),
        version=held.version,
        events=len(trial.events),
        unwanted=trial.fates.get("unwanted", 0),
        readers=[(name, named.get(one.code, one.code)) for name, one in sorted(readers.items())],
        places=choices(known),
        form=form or {},
        may=page.viewer.may("rfid:admin"),
        error=error,
    )
    return page.show("reading_rules.html.j2", view, status=422 if error else 200)


def rows_of(page: Page, held: Sequence[rfid.readings.ReadingRule], trial: rfid.readings.Trial) -> list[Row]:
    language = "fr" if page.language.code == "fr" else "en"
    return [
        Row(
            place,
            one.name,
            rfid.readings.rule_words(one, language),
            rfid.readings.outcome_words(one.outcome, language),
            trial.rules.get(one.name, 0),
        )
        for place, one in enumerate(held, 1)
    ]


# ---- one rule


@get(f"{PATH}/new", guards=MAY)
async def read_new_rule(page: NamedDependency[Page], tx: NamedDependency[Tx]) -> Response[str]:
    held = await rfid.readings.current(tx)
    return show_rule(page, held.version, 0, fields.NEW)


@get(f"{PATH}/{{place:int}}", guards=MAY)
async def read_rule(page: NamedDependency[Page], tx: NamedDependency[Tx], place: FromPath[int]) -> Response[str]:
    held = await rfid.readings.current(tx)
    return show_rule(page, held.version, place, fields.fields_of(at(held.rules, place)))


def at(held: Rules, place: int) -> rfid.readings.ReadingRule:
    if not 1 <= place <= len(held):
        raise NotFound("There is no such rule.")
    return held[place - 1]


def show_rule(
    page: Page, after: int, place: int, form: Form, errors: Mapping[str, str] | None = None, detail: str = ""
) -> Response[str]:
    clauses = fields.clauses_in(form)
    filled = max((one.number for one in clauses if one.attribute), default=0)
    view = RuleView(
        href=f"{PATH}/{place or 'new'}",
        place=place,
        after=after,
        form=form,
        clauses=[one for one in clauses if one.number <= filled + 2],
        attributes=fields.attributes(page),
        operators=fields.operators(page),
        joined=fields.in_words(page, fields.JOINED),
        acts=fields.in_words(page, fields.ACTS),
        covers=fields.in_words(page, fields.COVERS),
        states=fields.states(page),
        errors=errors or {},
        detail=detail,
    )
    return page.show("reading_rule.html.j2", view, status=422 if errors else 200)


@post(f"{PATH}/new", guards=MAY)
async def add_rule(
    request: AnyRequest, page: NamedDependency[Page], tx: NamedDependency[Tx], actor: NamedDependency[Actor]
) -> Response[str]:
    return await written(request, page, tx, actor, 0)


@post(f"{PATH}/{{place:int}}", guards=MAY)
async def change_rule(
    request: AnyRequest,
    page: NamedDependency[Page],
    tx: NamedDependency[Tx],
    actor: NamedDependency[Actor],
    place: FromPath[int],
) -> Response[str]:
    return await written(request, page, tx, actor, place)


async def written(request: AnyRequest, page: Page, tx: Tx, actor: Actor, place: int) -> Response[str]:
    """The rule as typed, at its place, or last of all: tried, then put into force."""
    form, held = await typed(request), await rfid.readings.current(tx)
    after = version_in(form)
    if form.pop("again", ""):
        return show_rule(page, after, place, form)
    try:
        rule = fields.rule_in(page, form)
    except fields.Unfit as unfit:
        return show_rule(page, after, place, form, {unfit.field: unfit.why})
    if place:
        at(held.rules, place)
        wanted = [*held.rules[: place - 1], rule, *held.rules[place:]]
    else:
        wanted = [*held.rules, rule]
    try:
        return await proposed(page, tx, actor, wanted, form, f"{PATH}/{place or 'new'}")
    except rfid.BadReadingRule as refusal:
        twice = "names" in refusal.data
        above = page.gettext("Another rule is called so.") if twice else page.gettext("The condition cannot be read.")
        return show_rule(page, after, place, form, {"name" if twice else "": above}, "" if twice else refusal.detail)


@post(f"{PATH}/{{place:int}}/{{deed:str}}", guards=MAY)
async def move_rule(
    request: AnyRequest,
    page: NamedDependency[Page],
    tx: NamedDependency[Tx],
    actor: NamedDependency[Actor],
    place: FromPath[int],
    deed: FromPath[str],
) -> Response[str]:
    """Asked before the one above it, or not asked any more."""
    form, held = await typed(request), await rfid.readings.current(tx)
    rule = at(held.rules, place)
    rest = [*held.rules[: place - 1], *held.rules[place:]]
    if deed == "earlier" and place > 1:
        rest.insert(place - 2, rule)
    elif deed != "removal":
        raise NotFound("There is no such act.")
    return await proposed(page, tx, actor, rest, form, f"{PATH}/{place}/{deed}")


def version_in(form: Form) -> int:
    text = form.get("after", "")
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 9 else 0


async def proposed(page: Page, tx: Tx, actor: Actor, wanted: Rules, form: Form, href: str) -> Response[str]:
    """What it would do of the last events; in force where that was seen. Raises BadReadingRule."""
    if len(wanted) > MOST:
        return await show(page, tx, error=page.gettext("At most %(n)s rules.", n=MOST))
    after = version_in(form)
    then = await rfid.readings.attempt(tx, given=wanted, limit=LAST)
    confirm = blake2b(msgspec.json.encode((after, wanted)), digest_size=8).hexdigest()
    held = await rfid.readings.current(tx)
    if form.get("confirm") == confirm or ("confirm" in form and after != held.version):  # others are in force: refused
        try:
            await rfid.readings.replace(tx, given=wanted, after=after, actor=str(actor.id))
        except Refusal as refusal:
            return await show(page, tx, error=said_of(page, refusal))
        return say(page.go(PATH), "rules_in_force")
    now = await rfid.readings.attempt(tx, given=None, limit=LAST)
    names = {one.name for one in wanted}
    view = TrialView(
        href=href,
        form={name: value for name, value in form.items() if name != "confirm"},
        confirm=confirm,
        rows=[(one, now.rules.get(one.name, 0)) for one in rows_of(page, wanted, then)],
        gone=[(name, events) for name, events in now.rules.items() if name not in names],
        events=len(then.events),
        unwanted=(now.fates.get("unwanted", 0), then.fates.get("unwanted", 0)),
        nowhere=(now.fates.get("nowhere", 0), then.fates.get("nowhere", 0)),
    )
    return page.show("reading_trial.html.j2", view)


# ---- where readers stand


@post("/rfid/places", guards=MAY)
async def set_place(request: AnyRequest, page: NamedDependency[Page], tx: NamedDependency[Tx]) -> Response[str]:
    """A reader stands there; or it is known no more."""
    form = await typed(request)
    name, location = form.get("name", "")[:1000], form.get("location", "")
    known = {name: place.code for name, place in (await rfid.readings.places_now(tx)).items()}
    if "removal" in form:
        known.pop(name, None)
    elif not name or not location:
        return await show(page, tx, form=form, error=page.gettext("Say which reader, and where it stands."))
    else:
        known[name] = location
    try:
        await rfid.readings.stand(tx, {rfid.canonical(name): code for name, code in known.items()})
    except Refusal as refusal:
        return await show(page, tx, form=form, error=said_of(page, refusal))
    return say(page.go(PATH), "reader_known")


section = Section(routes=[read_rules, read_new_rule, read_rule, add_rule, change_rule, move_rule, set_place])
