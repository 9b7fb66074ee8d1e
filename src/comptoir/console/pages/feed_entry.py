"""A feed described, for the first time or anew."""

import re

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath

from comptoir import channels, feeds
from comptoir.console.console import Section
from comptoir.console.language import N_
from comptoir.console.page import Page
from comptoir.console.pages.addresses import AnyRequest
from comptoir.console.pages.feeds import KINDS, PATH, WRITE
from comptoir.console.pages.forms import Field, Form, FormView, ask, typed, wrong_with
from comptoir.console.pages.said import say
from comptoir.console.rooms import enter
from comptoir.kernel.auth import allow
from comptoir.kernel.db import Tx
from comptoir.kernel.errors import Refusal

MAY = [*enter("feeds"), allow(WRITE)]
CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,59}")
FIELDS: dict[str, str] = {
    "outlet": N_("Products are those of an outlet: name it."),
    "country": N_("A country is two letters, like FR."),
    "currency": N_("A currency is three letters, like EUR."),
    "language": N_("A language is written fr or fr-CH."),
    "link": N_("The address of an article’s page has {sku}, {product} or {variant_id} in it."),
}
"""What the backend refuses of each field."""


async def form_of(page: Page, tx: Tx, form: Form, *, known: str = "") -> FormView:
    """`known`: the code of a feed that is described anew."""
    _ = page.gettext
    outlets = sorted(await channels.outlets(tx, active=True), key=lambda one: (one.channel != "web", one.name))
    code = Field(
        name="code",
        label=_("Code"),
        value=form.get("code", ""),
        most=60,
        hint=_("Names the feed for good: letters, digits, dots, dashes."),
    )
    return FormView(
        title=_("Describe it anew") if known else _("A new feed"),
        lead=_("A file that search engines fetch at a secret address. Its address stays when it is described anew."),
        crumbs=[(PATH, _("Feeds")), *([(f"{PATH}/{known}", form.get("name") or known)] if known else [])],
        action=f"{PATH}/{known}/entry" if known else PATH,
        do=_("Describe it so"),
        fields=[
            *(() if known else (code,)),
            Field(name="name", label=_("Name"), value=form.get("name", "")),
            Field(
                kind="select",
                name="kind",
                label=_("What is in it"),
                options=[(key, _(words)) for key, words in KINDS.items()],
                value=form.get("kind", ""),
            ),
            Field(
                kind="select",
                name="format",
                label=_("Format"),
                options=[("xml", "XML"), ("tsv", "TSV")],
                value=form.get("format", ""),
            ),
            Field(
                kind="select",
                name="outlet",
                label=_("Whose"),
                options=[
                    ("", _("all shops of the country")),
                    *((one.code, f"{one.name} ({one.code})") for one in outlets),
                ],
                value=form.get("outlet", ""),
                hint=_("Products are those of an outlet: its assortment, prices and words."),
            ),
            Field(
                name="country",
                label=_("Country"),
                value=form.get("country", ""),
                most=2,
                hint=_("Empty: the outlet’s."),
            ),
            Field(
                name="currency",
                label=_("Currency"),
                value=form.get("currency", ""),
                most=3,
                hint=_("Empty: the outlet’s."),
            ),
            Field(name="language", label=_("Language"), value=form.get("language", ""), most=40, hint=_("fr, fr-CH")),
            Field(
                name="link",
                label=_("Address of an article’s page"),
                value=form.get("link", ""),
                most=1000,
                hint="https://…/{sku}",
            ),
            Field(
                kind="number",
                name="limited",
                label=_("Few, up to"),
                value=form.get("limited", "3"),
                hint=_("So many pieces or fewer are told as few."),
            ),
            Field(kind="check", name="enabled", label=_("It can be fetched"), value=form.get("enabled", "")),
        ],
    )


@get(f"{PATH}/new", guards=MAY)
async def read_new_feed(page: NamedDependency[Page], tx: NamedDependency[Tx]) -> Response[str]:
    return ask(page, await form_of(page, tx, {"enabled": "yes"}))


@post(PATH, guards=MAY)
async def add_feed(request: AnyRequest, page: NamedDependency[Page], tx: NamedDependency[Tx]) -> Response[str]:
    form, errors = await typed(request), dict[str, str]()
    code = form.get("code", "")
    if not CODE.fullmatch(code) or code in {"files", "new"}:
        errors["code"] = page.gettext("Letters, digits, dots, dashes and underscores, at most 60.")
    elif code in {one.code for one in await feeds.feeds(tx)}:
        errors["code"] = page.gettext("Another feed has this code.")
    return await described(page, tx, code, form, errors, known="")


@get(f"{PATH}/{{code:str}}/entry", guards=MAY)
async def read_entry(page: NamedDependency[Page], tx: NamedDependency[Tx], code: FromPath[str]) -> Response[str]:
    one = await feeds.feed(tx, code=code)
    form = {
        name: str(getattr(one, name))
        for name in ("name", "kind", "format", "outlet", "country", "currency", "language", "link", "limited")
    }
    if one.enabled:
        form["enabled"] = "yes"
    return ask(page, await form_of(page, tx, form, known=code))


@post(f"{PATH}/{{code:str}}/entry", guards=MAY)
async def set_entry(
    request: AnyRequest, page: NamedDependency[Page], tx: NamedDependency[Tx], code: FromPath[str]
) -> Response[str]:
    await feeds.feed(tx, code=code)
    return await described(page, tx, code, await typed(request), {}, known=code)


async def described(page: Page, tx: Tx, code: str, form: Form, errors: dict[str, str], *, known: str) -> Response[str]:
    """It is as the form says; or the form again."""
    if not form.get("name"):
        errors["name"] = page.gettext("This is needed.")
    limited = form.get("limited", "")
    if not (limited.isascii() and limited.isdecimal() and len(limited) < 7):
        errors["limited"] = page.gettext("A whole number of pieces.")
    if not errors:
        entry = feeds.FeedEntry(
            name=form["name"][:200],
            kind="local_inventory" if form.get("kind") == "local_inventory" else "products",
            format="tsv" if form.get("format") == "tsv" else "xml",
            outlet=form.get("outlet", "")[:60],
            country=form.get("country", "")[:2].upper(),
            currency=form.get("currency", "")[:3].upper(),
            language=form.get("language", "")[:40],
            link=form.get("link", "")[:1000],
            limited=int(limited),
            enabled="enabled" in form,
        )
        try:
            await feeds.set_feed(tx, code=code, entry=entry)
        except feeds.BadFeed as refusal:
            field = str(refusal.data.get("field", "code"))
            errors = {field: page.gettext(FIELDS.get(field, N_("This cannot be.")))}
        except Refusal as refusal:
            errors = wrong_with(page, refusal, {"channels.unknown_outlet": "outlet"})
        else:
            return say(page.go(f"{PATH}/{code}"), "feed_described")
    return ask(page, await form_of(page, tx, form, known=known), errors)


section = Section(routes=[read_new_feed, add_feed, read_entry, set_entry])
