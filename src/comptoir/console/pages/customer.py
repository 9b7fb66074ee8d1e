"""One customer: the golden record and why, her figures, the thread across channels, her devices, how we know her."""

from collections.abc import Callable, Sequence
from datetime import UTC, timedelta
from typing import Any, Literal
from uuid import UUID

import msgspec
from litestar import Response, get
from litestar.di import NamedDependency
from litestar.params import FromPath

from comptoir import channels, identity, orders, profiles
from comptoir.channels import Channel
from comptoir.console.channels import CHANNELS
from comptoir.console.console import Section
from comptoir.console.drawing import Knot, Reason
from comptoir.console.language import N_
from comptoir.console.page import Page
from comptoir.console.pages import devices, evidence, graph
from comptoir.console.pages.addresses import AnyRequest, Asked
from comptoir.console.pages.said import last_said
from comptoir.console.pages.told import KINDS, field_name, field_value, knots, sentence, speaks
from comptoir.console.pages.veil import veiled
from comptoir.console.rooms import enter
from comptoir.kernel.db import Tx
from comptoir.kernel.money import Money

YEAR = timedelta(days=365)
MOMENTS = 40

Kind = Literal["bought", "basket", "looked", "message", "met", "told"]

KNOWN_BY: Sequence[str] = (
    N_("told by a machine"),
    N_("typed at a till or in a form"),
    N_("said to the call centre"),
    N_("clicked in an e-mail"),
    N_("signed in"),
)
"""How a value is known (profiles.Value.verified), least first."""
CRITERIA = {
    "verified": N_("better known first"),
    "recent": N_("later told first"),
    "frequent": N_("more often told first"),
}
DECIDED = {
    "verified": N_("Better known than the others"),
    "recent": N_("Told later than the others"),
    "frequent": N_("Told more often than the others"),
    "only": N_("The only value that anybody told"),
    "tie": N_("Equal on every count: the one told last"),
}


class Wanted(Asked, frozen=True, kw_only=True):
    """Which part of the thread."""

    kind: tuple[Kind, ...] = ()
    channel: tuple[Channel, ...] = ()
    before: str = ""


class Fact(msgspec.Struct, frozen=True):
    """One line of the golden record."""

    label: str
    value: str
    channel: str
    source: str
    reasons: Sequence[Reason]
    foot: str


class Choice(msgspec.Struct, frozen=True):
    """One filter of the thread."""

    label: str
    icon: str
    channel: str
    on: bool
    href: str


class ThreadView(msgspec.Struct, frozen=True):
    knots: Sequence[Knot]
    lanes: Sequence[str]
    choices: Sequence[Choice]
    everything: str
    """The address of the thread without filters; empty when there are none."""
    older: str
    newest: str
    """The address of its beginning, when this is a later page."""


class CustomerView(msgspec.Struct, frozen=True):
    key: str
    href: str
    name: str
    facts: Sequence[Fact]
    traits: Sequence[Fact]
    identifiers: int
    former: Sequence[str]
    card: str
    year: profiles.Measures
    ever: profiles.Measures
    favourite_shop: tuple[str, str] | None
    """Code and name."""
    language: str
    devices: Sequence[profiles.Device]
    named: Callable[[profiles.Device], tuple[str, str]]
    thread: ThreadView
    picture: graph.Picture
    ties: int
    doubtful: int
    may_mend: bool
    currency: str
    """Of the head office: its sum stands before those in other currencies."""

    def spent(self, spend: Sequence[Money]) -> list[Money]:
        """One sum per currency; who has bought nothing has spent nothing in that of the head office."""
        return sorted(spend, key=lambda one: one.currency != self.currency) or [Money(0, self.currency)]

    def spent_because(self, page: Page) -> list[Reason]:
        gettext = page.gettext
        bought = gettext("receipts and completed orders, returns taken off")
        reasons: list[Reason] = [("=", bought, page.language.number(self.year.orders))]
        reasons += [("=", gettext("of all time"), page.draw.money(one)) for one in self.spent(self.ever.spend)]
        if len(self.ever.spend) > 1:
            reasons.append(("=", gettext("Amounts in different currencies are never added up")))
        return reasons


@get("/customers/{key:uuid}", guards=enter("customers"))
async def read_customer(
    request: AnyRequest, page: NamedDependency[Page], tx: NamedDependency[Tx], key: FromPath[UUID]
) -> Response[str]:
    """The page, or the thread alone when htmx asks for `#thread`. A former id leads to the present one."""
    person = await identity.person(tx, key=key)
    if person.key != key:
        return page.go(f"/customers/{person.key}")
    wanted = Wanted.read(request)
    said = last_said(request, page)
    return said(page.show("customer.html.j2", await look(page, tx, person, wanted)))


async def look(page: Page, tx: Tx, person: identity.Person, wanted: Wanted) -> CustomerView:
    href = f"/customers/{person.key}"
    sources = {source.source_id: source for source in await channels.sources(tx)}
    outlets = {outlet.outlet_id: outlet for outlet in await channels.outlets(tx)}
    golden = await profiles.golden_record(tx, person=person.person_id)
    ever = await profiles.measures(tx, person=person.person_id)
    year = await profiles.measures(tx, person=person.person_id, since=(page.now - YEAR).astimezone(UTC).date())
    drawn = await identity.explain.graph(tx, key=person.key)
    favourite = outlets.get(ever.favourite_shop or 0)
    values = {field.name: str(field.value) for field in golden.fields}
    return CustomerView(
        key=str(person.key),
        href=href,
        name=golden.display_name,
        facts=[fact(page, field, sources) for field in golden.fields],
        traits=[fact(page, field, sources) for field in golden.traits],
        identifiers=len(person.nodes),
        former=[str(key) for key in person.former_keys],
        card=values.get("loyalty_card", "")
        or next((node.value for node in person.nodes if node.namespace == "loyalty_card"), ""),
        year=year,
        ever=ever,
        favourite_shop=(favourite.code, favourite.name) if favourite else None,
        language=speaks(page, values.get("language", "")),
        devices=await profiles.devices(tx, person=person.person_id),
        named=devices.named,
        thread=await thread(page, tx, person, wanted, {id_: source.name for id_, source in sources.items()}),
        picture=evidence.picture(drawn, width=300, height=264, most=12),
        ties=sum(edge.state == "joins" for edge in drawn.edges),
        doubtful=sum(edge.state != "joins" for edge in drawn.edges),
        may_mend=page.viewer.may("identity:write"),
        currency=page.settings.currency,
    )


def fact(page: Page, field: profiles.Field, sources: dict[int, channels.Source]) -> Fact:
    """A value, where it came from, and what the rule said."""
    gettext = page.gettext
    source = sources.get(field.chosen.source_id or 0)
    reasons: list[Reason] = [("+", gettext(DECIDED[field.decided_by]))]
    reasons.append(("=", gettext("Told %(n)s times, %(how)s", n=field.chosen.times, how=how(page, field.chosen))))
    for other in field.others:
        told_by = sources.get(other.source_id or 0)
        reasons.append(
            (
                "-",
                gettext(
                    "Set aside: %(value)s, %(source)s, %(when)s",
                    value=field_value(page, field.name, other.value),
                    source=told_by.name if told_by else gettext("a receipt"),
                    when=page.draw.time(other.at),
                ),
                f"{other.times}×",
            )
        )
    rule = ", ".join(gettext(CRITERIA[one]) for one in field.rule)
    return Fact(
        label=gettext(field_name(field.name)),
        value=field_value(page, field.name, field.value),
        channel=source.channel if source else "shop",
        source=gettext(
            "%(source)s, %(when)s",
            source=source.name if source else gettext("a receipt"),
            when=page.draw.time(field.chosen.at),
        ),
        reasons=reasons,
        foot=gettext("Rule: %(rule)s.", rule=rule),
    )


def how(page: Page, value: profiles.Value) -> str:
    return page.gettext(KNOWN_BY[min(max(value.verified, 0), len(KNOWN_BY) - 1)])


async def thread(page: Page, tx: Tx, person: identity.Person, wanted: Wanted, places: dict[int, str]) -> ThreadView:
    href = f"/customers/{person.key}"
    found = await profiles.timeline(
        tx,
        person=person.person_id,
        channels=wanted.channel or None,
        kinds=[kind for one in wanted.kind for kind in KINDS[one][2]] or None,
        before=wanted.before or None,
        limit=MOMENTS,
    )
    used = {one.channel for one in found.moments}
    ever = await profiles.measures(tx, person=person.person_id)
    lived = {one.channel for one in ever.channels} | set(wanted.channel)
    return ThreadView(
        knots=knots(page, profiles.strands(found.moments), places, href=href + "/moments/%d"),
        lanes=[channel for channel in CHANNELS if channel in used],
        choices=[
            *(
                Choice(page.gettext(name), icon, "", kind in wanted.kind, toggled(wanted, href, kind=kind))
                for kind, (name, icon, _) in KINDS.items()
            ),
            *(
                Choice(page.draw.channel_name(key), "", key, key in wanted.channel, toggled(wanted, href, channel=key))
                for key in CHANNELS
                if key in lived and len(lived) > 1
            ),
        ],
        everything=href if wanted.kind or wanted.channel else "",
        older=wanted.url(href, before=found.before) if found.before else "",
        newest=wanted.url(href, before="") if wanted.before else "",
    )


def toggled(wanted: Wanted, href: str, **one: str) -> str:
    """The thread with this filter on, or off if it was on."""
    ((name, value),) = one.items()
    chosen: tuple[str, ...] = getattr(wanted, name)
    changed = tuple(other for other in chosen if other != value) if value in chosen else (*chosen, value)
    return wanted.url(href, before="", **{name: changed})


class MomentView(msgspec.Struct, frozen=True):
    title: str
    receipt: orders.Sale | None
    """Of a purchase: what was on its ticket."""
    body: str
    veiled: bool
    href: str
    who: str

    def sum(self, amount_minor: int) -> Money:
        """In the currency of the receipt."""
        return Money(amount_minor, self.receipt.currency if self.receipt else "")


@get("/customers/{key:uuid}/moments/{position:int}", guards=enter("customers"))
async def read_moment(
    page: NamedDependency[Page], tx: NamedDependency[Tx], key: FromPath[UUID], position: FromPath[int]
) -> Response[str]:
    """One event as it was sent, beside the thread. Personal values only for those who may read raw events."""
    person = await identity.person(tx, key=key)
    body: dict[str, Any] = await profiles.detail(tx, person=person.person_id, position=position)
    open_ = page.viewer.may("ingest:read")
    golden = await profiles.golden_record(tx, person=person.person_id)
    name = str(body.get("event") or body.get("name") or body.get("type") or "order")
    written = msgspec.json.format(msgspec.json.encode(body if open_ else veiled(body)), indent=2).decode()
    view = MomentView(
        title=sentence(page, str(body.get("type", "order")), name, None),
        receipt=await receipt_of(page, tx, body),
        body=written,
        veiled=not open_,
        href=f"/customers/{person.key}",
        who=golden.display_name,
    )
    return page.show("moment.html.j2", view)


async def receipt_of(page: Page, tx: Tx, body: dict[str, Any]) -> orders.Sale | None:
    number = body.get("sale_id")
    if not isinstance(number, int) or not page.viewer.may("orders:read"):
        return None
    return await orders.sale(tx, sale_id=number)


section = Section(routes=[read_customer, read_moment])
