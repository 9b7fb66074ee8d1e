"""Consent asked at the counter or on the telephone: the wording to read out, and her answer."""

from collections.abc import Mapping, Sequence
from uuid import UUID

import msgspec
from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath

from comptoir import channels, consent, identity, profiles
from comptoir.console.console import Section
from comptoir.console.page import Page
from comptoir.console.pages.addresses import AnyRequest, Asked
from comptoir.console.pages.consent_words import CHANNELS
from comptoir.console.pages.consents import PATH
from comptoir.console.pages.forms import typed
from comptoir.console.pages.said import say
from comptoir.console.refusals import said_of
from comptoir.console.rooms import enter
from comptoir.kernel.auth import Actor, allow
from comptoir.kernel.db import Tx
from comptoir.kernel.errors import Invalid, NotFound, Refusal

WRITE = [*enter("customers"), allow("consent:write")]


class RecordWanted(Asked, frozen=True, kw_only=True):
    node: int = 0
    purpose: str = ""
    channel: consent.Channel = "email"


class RecordView(msgspec.Struct, frozen=True):
    href: str
    name: str
    wanted: RecordWanted
    contact: str
    purpose: consent.Purpose
    channel: str
    outlets: Sequence[tuple[str, str]]
    typed: Mapping[str, str]
    error: str


@get(PATH + "/new", guards=WRITE)
async def read_new_choice(
    request: AnyRequest,
    page: NamedDependency[Page],
    tx: NamedDependency[Tx],
    actor: NamedDependency[Actor],
    key: FromPath[UUID],
) -> Response[str]:
    """The wording to read out, and her answer."""
    return await show(page, tx, actor, key, RecordWanted.read(request), {})


@post(PATH, guards=WRITE)
async def record_choice(
    request: AnyRequest,
    page: NamedDependency[Page],
    tx: NamedDependency[Tx],
    actor: NamedDependency[Actor],
    key: FromPath[UUID],
) -> Response[str]:
    form = await typed(request)
    wanted = asked_by(form)
    person = await identity.person(tx, key=key)
    node = one_of(person, wanted)
    purpose = await purpose_of(tx, wanted)
    outlet = {one.code: one for one in await channels.outlets(tx)}.get(form.get("outlet", ""))
    yes, language = form.get("answer") == "yes", form.get("language")
    told_by_her = consent.NewChoice(
        namespace=node.namespace,
        value=node.value,
        channel=wanted.channel,
        purpose=purpose.code,
        state="granted" if yes else "denied",
        origin="call_centre" if outlet and outlet.channel == "phone" else "till",
        source=form.get("outlet", "")[:200],
        wording=purpose.wording,
        language="fr" if language == "fr" else "en",
        recording=form.get("recording", "")[:2_000],
        note=form.get("note", "")[:2_000],
    )
    (answer,) = await consent.record(tx, [told_by_her], actor=actor, country=page.settings.country)
    if isinstance(answer, Refusal):
        return await show(page, tx, actor, key, wanted, form, error=said_of(page, answer))
    return say(page.go(f"/customers/{person.key}/consents"), "choice_recorded")


def asked_by(form: Mapping[str, str]) -> RecordWanted:
    try:
        return msgspec.convert(
            {k: form[k] for k in ("node", "purpose", "channel") if k in form}, RecordWanted, strict=False
        )
    except msgspec.ValidationError as error:
        raise Invalid(str(error)) from error


async def show(
    page: Page,
    tx: Tx,
    actor: Actor,
    key: UUID,
    wanted: RecordWanted,
    form: Mapping[str, str],
    *,
    error: str = "",
) -> Response[str]:
    person = await identity.person(tx, key=key)
    node, purpose = one_of(person, wanted), await purpose_of(tx, wanted)
    golden = await profiles.golden_record(tx, person=person.person_id)
    outlets = [one for one in await channels.outlets(tx, active=True) if one.channel in {"phone", "shop"}]
    view = RecordView(
        href=f"/customers/{person.key}",
        name=golden.display_name,
        wanted=wanted,
        contact=node.value,
        purpose=purpose,
        channel=page.gettext(CHANNELS[wanted.channel].name),
        outlets=[
            (one.code, one.name)
            for one in sorted(outlets, key=lambda one: (one.channel != "phone", one.name))
            if actor.at(one.outlet_id)
        ],
        typed=form,
        error=error,
    )
    return page.show("consent_new.html.j2", view, status=422 if error else 200)


def one_of(person: identity.Person, wanted: RecordWanted) -> identity.Node:
    """A contact point of hers, not of anybody."""
    for node in person.nodes:
        if node.node_id == wanted.node:
            return node
    raise NotFound


async def purpose_of(tx: Tx, wanted: RecordWanted) -> consent.Purpose:
    for one in await consent.purposes(tx):
        if one.code == wanted.purpose:
            return one
    raise consent.UnknownPurpose


section = Section(routes=[read_new_choice, record_choice])
