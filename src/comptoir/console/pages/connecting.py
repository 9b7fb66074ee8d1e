"""A shop on another system connected, its secret shown once; another secret; its messages refused for a while."""

import re

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath

from comptoir import channels, connectors
from comptoir.console.console import Section
from comptoir.console.page import Page
from comptoir.console.pages.addresses import AnyRequest, host_of
from comptoir.console.pages.connectors import ADMIN, PATH, PLATFORMS, Wanted, show
from comptoir.console.pages.forms import Field, Form, FormView, ask, is_named, typed, wrong_with
from comptoir.console.pages.said import say
from comptoir.console.rooms import enter
from comptoir.kernel.auth import Actor, allow
from comptoir.kernel.db import Tx
from comptoir.kernel.errors import Refusal

MAY = [*enter("connectors"), allow(ADMIN)]
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,59}")


async def form_of(page: Page, tx: Tx, form: Form) -> FormView:
    _ = page.gettext
    outlets = sorted(
        await channels.outlets(tx, active=True), key=lambda one: (one.channel not in {"web", "market"}, one.name)
    )
    return FormView(
        title=_("Connect a shop"),
        lead=_("A shop on Shopify or WooCommerce sends its orders here by webhook, and signs each of them."),
        crumbs=[(PATH, _("Connectors"))],
        action=PATH,
        do=_("Connect it"),
        icon="plug-connected",
        fields=[
            Field(
                name="name",
                label=_("Name"),
                value=form.get("name", ""),
                most=60,
                hint=_("A part of its address: letters, digits, dots, dashes."),
            ),
            Field(
                kind="select",
                name="platform",
                label=_("System"),
                options=list(PLATFORMS.items()),
                value=form.get("platform", ""),
            ),
            Field(
                kind="select",
                name="outlet",
                label=_("Which outlet it is here"),
                options=[("", _("choose")), *((one.code, f"{one.name} ({one.code})") for one in outlets)],
                value=form.get("outlet", ""),
            ),
            Field(
                name="secret",
                label=_("Its secret"),
                value="",
                hint=_("With which it signs: the secret of Shopify’s app. Empty: one is made, to be entered there."),
            ),
        ],
    )


@get(f"{PATH}/new", guards=MAY)
async def read_new_connection(page: NamedDependency[Page], tx: NamedDependency[Tx]) -> Response[str]:
    return ask(page, await form_of(page, tx, {}))


@post(PATH, guards=MAY)
async def add_connection(
    request: AnyRequest, page: NamedDependency[Page], tx: NamedDependency[Tx], actor: NamedDependency[Actor]
) -> Response[str]:
    """Its page, with the secret this once."""
    form, errors = await typed(request), dict[str, str]()
    if not NAME.fullmatch(form.get("name", "")) or form["name"] == "new":
        errors["name"] = page.gettext("Letters, digits, dots, dashes and underscores, at most 60.")
    if not form.get("outlet"):
        errors["outlet"] = page.gettext("Say which outlet it is.")
    if form.get("platform") not in PLATFORMS:
        errors["platform"] = page.gettext("Say which system it is.")
    if not errors:
        new = connectors.NewConnection(
            name=form["name"],
            platform="shopify" if form["platform"] == "shopify" else "woocommerce",
            outlet=form["outlet"],
            secret=form.get("secret", "")[:200],
        )
        try:
            made = await connectors.connect(tx, new=new, actor=actor)
        except Refusal as refusal:
            at = {"connectors.connection_exists": "name", "channels.unknown_outlet": "outlet"}
            errors = wrong_with(page, refusal, at)
        else:
            return await show(page, tx, new.name, Wanted(), made=made, host=host_of(request))
    return ask(page, await form_of(page, tx, form), errors)


@post(f"{PATH}/{{name:str}}/secret", guards=MAY)
async def renew_secret(
    request: AnyRequest,
    page: NamedDependency[Page],
    tx: NamedDependency[Tx],
    actor: NamedDependency[Actor],
    name: FromPath[str],
) -> Response[str]:
    """Another one, once the connection's name was typed; the earlier one ends at once."""
    form = await typed(request)
    await connectors.connection(tx, name=name)
    if not is_named(form, name):
        wrong = page.gettext("Type its name, letter by letter: %(name)s", name=name)
        return await show(page, tx, name, Wanted(), mistyped=wrong)
    made = await connectors.renew(tx, name=name, actor=actor, secret=form.get("secret", "")[:200])
    return await show(page, tx, name, Wanted(), made=made, host=host_of(request))


@post(f"{PATH}/{{name:str}}/state", guards=MAY)
async def switch_connection(
    request: AnyRequest,
    page: NamedDependency[Page],
    tx: NamedDependency[Tx],
    actor: NamedDependency[Actor],
    name: FromPath[str],
) -> Response[str]:
    """Its messages are refused, or taken again."""
    enabled = (await typed(request)).get("enabled") == "yes"
    await connectors.switch(tx, name=name, enabled=enabled, actor=actor)
    return say(page.go(f"{PATH}/{name}"), "connection_on" if enabled else "connection_off")


section = Section(routes=[read_new_connection, add_connection, renew_secret, switch_connection])
