"""From where goods come: the policy in words, another one tried on the last orders, and put into force."""

import json
import re
from collections.abc import Mapping, Sequence
from hashlib import blake2b
from typing import Any

import msgspec
from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.status_codes import HTTP_200_OK

from comptoir import inventory, orders
from comptoir.console.console import Section
from comptoir.console.language import N_
from comptoir.console.page import Page
from comptoir.console.pages import plan_text
from comptoir.console.pages.addresses import AnyRequest
from comptoir.console.pages.said import last_said, say
from comptoir.console.rooms import enter
from comptoir.kernel.auth import Actor, allow
from comptoir.kernel.db import Tx
from comptoir.kernel.errors import Invalid
from comptoir.kernel.http import READS_ONLY
from comptoir.kernel.money import Money

PATH = "/sourcing"
ADMIN = "orders:admin"
LONGEST = 100_000
MOST_ORDERS = 500
SHOWN_CHANGES = 50
KINDS: dict[str, str] = {"exclude": N_("never from"), "prefer": N_("rather from"), "clear": N_("clear out")}


class Rule(msgspec.Struct, frozen=True):
    name: str
    kind: str
    when: str
    amount: Money | None


class Place(msgspec.Struct, frozen=True):
    """What a location gives by either policy."""

    code: str
    now: int
    then: int


class SourcingView(msgspec.Struct, frozen=True):
    policy: orders.sourcing.Policy
    rules: Sequence[Rule]
    versions: Sequence[orders.sourcing.Version]
    text: str
    last: int
    fault: plan_text.Fault | None
    excerpt: Sequence[tuple[int, str, bool]]
    result: orders.sourcing.Simulation | None
    places: Sequence[Place]
    names: Mapping[str, str]
    """Of locations, by code."""
    currency: str
    confirm: str
    may_force: bool

    def money(self, minor: int) -> Money:
        return Money(minor, self.currency)


@get(PATH, guards=enter("sourcing"))
async def read_sourcing(request: AnyRequest, page: NamedDependency[Page], tx: NamedDependency[Tx]) -> Response[str]:
    said = last_said(request, page)
    asked = request.query_params.get("version", "")
    if asked and not (asked.isascii() and asked.isdecimal() and len(asked) < 9):
        raise Invalid("A version is a number.")
    shown = await orders.sourcing.policy(tx, version=int(asked) if asked else None)
    return said(await show(page, tx, written(in_our_money(page, shown)), last=100))


def in_our_money(page: Page, found: orders.sourcing.Policy) -> orders.sourcing.Policy:
    """The built-in one weighs kilometres against each other in whatever money the house counts in."""
    return found if found.version else msgspec.structs.replace(found, currency=page.settings.currency)


def written(found: orders.sourcing.Policy) -> str:
    told: dict[str, Any] = msgspec.to_builtins(found)
    return json.dumps({name: value for name, value in told.items() if name != "version"}, indent=2, ensure_ascii=False)


async def show(
    page: Page,
    tx: Tx,
    text: str,
    *,
    last: int,
    fault: plan_text.Fault | None = None,
    result: orders.sourcing.Simulation | None = None,
    currency: str = "EUR",
    confirm: str = "",
) -> Response[str]:
    holding = in_our_money(page, await orders.sourcing.policy(tx))
    names = {one.code: one.name for one in await inventory.locations(tx)} if result else {}
    view = SourcingView(
        policy=holding,
        rules=[rule(page, one, holding.currency) for one in holding.rules],
        versions=(await orders.sourcing.versions(tx))[:30],
        text=text,
        last=last,
        fault=fault,
        excerpt=plan_text.excerpt(text, fault.line) if fault else (),
        result=result,
        places=by_place(result) if result else (),
        names=names,
        currency=currency,
        confirm=confirm,
        may_force=page.viewer.may(ADMIN),
    )
    return page.show("sourcing.html.j2", view, status=422 if fault and not page.part else 200)


def rule(page: Page, one: Any, currency: str) -> Rule:
    words = orders.sourcing.words_of(one.when, currency)
    minor = getattr(one, "amount_minor", None) or getattr(one, "piece_minor", None)
    return Rule(
        one.name,
        KINDS[one.__struct_config__.tag],
        words.fr if page.language.code == "fr" else words.en,
        Money(minor, currency) if minor else None,
    )


def by_place(found: orders.sourcing.Simulation) -> list[Place]:
    """Parcels, the busiest first."""
    now = {one.location: one.parcels for one in found.now.by_location}
    then = {one.location: one.parcels for one in found.then.by_location}
    both = [Place(code, now.get(code, 0), then.get(code, 0)) for code in {**now, **then}]
    return sorted(both, key=lambda one: (-max(one.now, one.then), one.code))[:20]


# ---- what was typed


class Refused(Exception):
    """The text is no policy; where."""

    def __init__(self, fault: plan_text.Fault) -> None:
        super().__init__(fault.words)
        self.fault = fault


def entry_of(text: str) -> orders.sourcing.PolicyEntry:
    """Raises Refused with the line of the mistake."""
    read = plan_text.read(text)
    if isinstance(read, plan_text.Fault):
        raise Refused(read)
    try:
        entry = msgspec.convert(read.value, orders.sourcing.PolicyEntry)
    except msgspec.ValidationError as error:
        detail, _, path = str(error).partition(" - at `$")
        steps = [int(n) if n else name for name, n in re.findall(r"\.([^.\[\]`]+)|\[(\d+)\]", path)]
        raise Refused(read.fault(steps, N_("A policy cannot say this."), detail)) from error
    try:
        orders.sourcing.check(entry)
    except orders.sourcing.BadPolicy as refusal:
        where = [int(step) if step.isdecimal() else step for step in str(refusal.data.get("where", "")).split("/")]
        raise Refused(read.fault(where, N_("This rule cannot be read."), refusal.detail)) from refusal
    return entry


async def typed(request: AnyRequest) -> tuple[str, int, dict[str, str]]:
    form = {name: str(value) for name, value in (await request.form()).items()}
    text = form.get("text", "").replace("\r\n", "\n")
    last = form.get("last", "100")
    if len(text) > LONGEST or not (last.isascii() and last.isdecimal() and 0 < int(last[:6]) <= MOST_ORDERS):
        raise Invalid(f"At most {MOST_ORDERS} orders, and {LONGEST} characters.")
    return text, int(last), form


@post(f"{PATH}/trial", guards=[*enter("sourcing")], opt=READS_ONLY, status_code=HTTP_200_OK)
async def try_policy(request: AnyRequest, page: NamedDependency[Page], tx: NamedDependency[Tx]) -> Response[str]:
    """What it would have done with the last orders. Nothing is kept."""
    text, last, _ = await typed(request)
    try:
        entry = entry_of(text)
    except Refused as refused:
        return await show(page, tx, text, last=last, fault=refused.fault)
    result = await orders.sourcing.simulate(tx, entry=entry, last=last)
    return await show(page, tx, text, last=last, result=result, currency=entry.currency, confirm=word(entry))


def word(entry: orders.sourcing.PolicyEntry) -> str:
    """Names this text of a policy: what was tried is what is put into force."""
    return blake2b(msgspec.json.encode(entry), digest_size=8).hexdigest()


@post(PATH, guards=[*enter("sourcing"), allow(ADMIN)])
async def force_policy(
    request: AnyRequest, page: NamedDependency[Page], tx: NamedDependency[Tx], actor: NamedDependency[Actor]
) -> Response[str]:
    """A new version, which holds at once; only what was tried before, as it was tried."""
    text, last, form = await typed(request)
    try:
        entry = entry_of(text)
    except Refused as refused:
        return await show(page, tx, text, last=last, fault=refused.fault)
    if form.get("confirm") != word(entry):
        result = await orders.sourcing.simulate(tx, entry=entry, last=last)
        return await show(page, tx, text, last=last, result=result, currency=entry.currency, confirm=word(entry))
    await orders.sourcing.set_policy(tx, entry=entry, actor=actor.name)
    return say(page.go(PATH), "policy_in_force")


section = Section(routes=[read_sourcing, try_policy, force_policy])
