"""What consent is asked for, and the words in which it is asked, version by version."""

from collections.abc import Sequence
from typing import Any

import msgspec
from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath

from comptoir import consent
from comptoir.console.console import Section
from comptoir.console.language import N_
from comptoir.console.page import Page
from comptoir.console.pages.addresses import AnyRequest
from comptoir.console.pages.consent_words import CHANNELS
from comptoir.console.pages.forms import Field, Form, FormView, typed, wrong_with
from comptoir.console.pages.forms import ask as ask_form
from comptoir.console.pages.said import last_said, say
from comptoir.console.rooms import enter
from comptoir.kernel.auth import Actor, allow
from comptoir.kernel.db import Tx
from comptoir.kernel.errors import Invalid, Refusal

PATH = "/customers/purposes"
READ = [*enter("customers"), allow("consent:read")]
ADMIN = [*enter("customers"), allow("consent:admin")]
BASES = {"opt_in": N_("only after a yes"), "opt_out": N_("until a no")}


class PurposeRow(msgspec.Struct, frozen=True):
    purpose: consent.Purpose
    name: str
    text: str
    basis: str
    channels: Sequence[str]
    versions: Sequence[consent.Wording]


class PurposesView(msgspec.Struct, frozen=True):
    rows: Sequence[PurposeRow]
    may_change: bool


@get(PATH, guards=READ)
async def read_purposes(request: AnyRequest, page: NamedDependency[Page], tx: NamedDependency[Tx]) -> Response[str]:
    code = page.language.code
    known = await consent.purposes(tx)
    view = PurposesView(
        rows=[
            PurposeRow(
                purpose=one,
                name=one.name(code),
                text=one.text(code),
                basis=page.gettext(BASES[one.basis]),
                channels=[page.gettext(CHANNELS[channel].name) for channel in one.channels],
                versions=await consent.wordings(tx, code=one.code),
            )
            for one in known
        ],
        may_change=page.viewer.may("consent:admin"),
    )
    return last_said(request, page)(page.show("purposes.html.j2", view))


def purpose_form(page: Page, form: Form, *, known: str = "") -> FormView:
    _ = page.gettext
    code = Field(name="code", label=_("Code"), value=form.get("code", ""), most=60, hint=_("Small letters, digits, _"))
    return FormView(
        title=_("Change a purpose") if known else _("A new purpose"),
        lead=_("What was said in a channel that it leaves is kept, and counts again if the channel comes back."),
        crumbs=[("/customers", _("Customers")), (PATH, _("Purposes"))],
        action=f"{PATH}/{known}" if known else PATH,
        do=_("Put it in force"),
        fields=[
            *(() if known else (code,)),
            Field(name="name_en", label=_("Name, English"), value=form.get("name_en", "")),
            Field(name="name_fr", label=_("Name, French"), value=form.get("name_fr", "")),
            Field(
                kind="select",
                name="basis",
                label=_("Allowed"),
                options=[(key, _(words)) for key, words in BASES.items()],
                value=form.get("basis", "opt_in"),
            ),
            Field(kind="head", name="channels", label=_("By which ways")),
            *(
                Field(kind="check", name=f"by_{key}", label=_(face.name), value=form.get(f"by_{key}", ""))
                for key, face in CHANNELS.items()
            ),
            Field(kind="check", name="enabled", label=_("It is in use"), value=form.get("enabled", "")),
        ],
    )


def entry_of(form: Form, code: str) -> consent.PurposeEntry:
    """Raises Invalid for what a person can type wrong."""
    told: dict[str, Any] = {
        "code": code,
        "name_en": form.get("name_en", ""),
        "name_fr": form.get("name_fr", ""),
        "basis": form.get("basis", ""),
        "channels": [key for key in CHANNELS if form.get(f"by_{key}")],
        "enabled": bool(form.get("enabled")),
    }
    try:
        return msgspec.convert(told, consent.PurposeEntry)
    except msgspec.ValidationError as error:
        raise Invalid(str(error), field=str(error).rpartition("$.")[2].partition("[")[0].rstrip("`")) from error


@get(PATH + "/new", guards=ADMIN, sync_to_thread=False)
def read_new_purpose(page: NamedDependency[Page]) -> Response[str]:
    return ask_form(page, purpose_form(page, {"enabled": "yes"}))


@post(PATH, guards=ADMIN)
async def add_purpose(
    request: AnyRequest, page: NamedDependency[Page], tx: NamedDependency[Tx], actor: NamedDependency[Actor]
) -> Response[str]:
    form = await typed(request)
    try:
        await consent.add_purpose(tx, entry=entry_of(form, form.get("code", "")), actor=actor)
    except Refusal as refusal:
        return ask_form(page, purpose_form(page, form), wrong_with(page, refusal, {"consent.purpose_exists": "code"}))
    return say(page.go(PATH), "purpose_saved")


@get(PATH + "/{code:str}", guards=ADMIN)
async def read_purpose(page: NamedDependency[Page], tx: NamedDependency[Tx], code: FromPath[str]) -> Response[str]:
    one = await named(tx, code)
    form = {"name_en": one.name_en, "name_fr": one.name_fr, "basis": one.basis, "enabled": "yes" if one.enabled else ""}
    form |= {f"by_{channel}": "yes" for channel in one.channels}
    return ask_form(page, purpose_form(page, form, known=code))


@post(PATH + "/{code:str}", guards=ADMIN)
async def change_purpose(
    request: AnyRequest,
    page: NamedDependency[Page],
    tx: NamedDependency[Tx],
    actor: NamedDependency[Actor],
    code: FromPath[str],
) -> Response[str]:
    await named(tx, code)
    form = await typed(request)
    try:
        await consent.change_purpose(tx, entry=entry_of(form, code), actor=actor)
    except Refusal as refusal:
        return ask_form(page, purpose_form(page, form, known=code), wrong_with(page, refusal, {}))
    return say(page.go(PATH), "purpose_saved")


def wording_form(page: Page, one: consent.Purpose, form: Form) -> FormView:
    _ = page.gettext
    return FormView(
        title=_("The next wording"),
        lead=_("Who agreed to an earlier version has agreed to that one: it is kept with each choice."),
        crumbs=[("/customers", _("Customers")), (PATH, _("Purposes"))],
        action=f"{PATH}/{one.code}/wordings",
        do=_("Show it from now on"),
        fields=[
            Field(kind="area", name="text_en", label=_("English"), value=form.get("text_en", ""), most=4_000),
            Field(kind="area", name="text_fr", label=_("French"), value=form.get("text_fr", ""), most=4_000),
        ],
    )


@get(PATH + "/{code:str}/wordings", guards=ADMIN)
async def read_new_wording(page: NamedDependency[Page], tx: NamedDependency[Tx], code: FromPath[str]) -> Response[str]:
    one = await named(tx, code)
    return ask_form(page, wording_form(page, one, {"text_en": one.text_en, "text_fr": one.text_fr}))


@post(PATH + "/{code:str}/wordings", guards=ADMIN)
async def add_wording(
    request: AnyRequest,
    page: NamedDependency[Page],
    tx: NamedDependency[Tx],
    actor: NamedDependency[Actor],
    code: FromPath[str],
) -> Response[str]:
    one = await named(tx, code)
    form = await typed(request)
    texts = consent.NewWording(text_en=form.get("text_en", "")[:4_000], text_fr=form.get("text_fr", "")[:4_000])
    try:
        await consent.add_wording(tx, code=code, entry=texts, actor=actor)
    except Refusal as refusal:
        return ask_form(page, wording_form(page, one, form), wrong_with(page, refusal, {}))
    return say(page.go(PATH), "wording_added")


async def named(tx: Tx, code: str) -> consent.Purpose:
    for one in await consent.purposes(tx):
        if one.code == code:
            return one
    raise consent.UnknownPurpose


section = Section(
    routes=[
        read_purposes,
        read_new_purpose,
        add_purpose,
        read_purpose,
        change_purpose,
        read_new_wording,
        add_wording,
    ]
)
