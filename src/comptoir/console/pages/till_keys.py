"""A till registered, with its key shown once; one that was stolen, or is out of use, ends."""

from uuid import UUID

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath

from comptoir import channels, tills
from comptoir.console.console import Section
from comptoir.console.page import Page
from comptoir.console.pages.addresses import AnyRequest
from comptoir.console.pages.forms import Field, Form, FormView, ask, is_named, typed, wrong_with
from comptoir.console.pages.said import say
from comptoir.console.pages.tills import DECIDE, PATH, show
from comptoir.console.rooms import enter
from comptoir.kernel.auth import Actor, allow
from comptoir.kernel.db import Tx
from comptoir.kernel.errors import Refusal

MAY = [*enter("tills"), allow(DECIDE)]


async def form_of(page: Page, tx: Tx, form: Form) -> FormView:
    _ = page.gettext
    shops = sorted(await channels.outlets(tx, active=True), key=lambda one: (one.channel != "shop", one.name))
    return FormView(
        title=_("Register a till"),
        lead=_("It gets a key of its own, which opens what this till brings and takes along, and nothing else."),
        crumbs=[(PATH, _("Tills"))],
        action=PATH,
        do=_("Register it"),
        icon="key",
        fields=[
            Field(
                kind="select",
                name="outlet",
                label=_("Shop"),
                options=[("", _("choose")), *((one.code, f"{one.name} ({one.code})") for one in shops)],
                value=form.get("outlet", ""),
            ),
            Field(
                name="name",
                label=_("Name"),
                value=form.get("name", ""),
                most=60,
                hint=_("As it is called in the shop: “Till 2, first floor”."),
            ),
        ],
    )


@get(f"{PATH}/new", guards=MAY)
async def read_new_till(page: NamedDependency[Page], tx: NamedDependency[Tx]) -> Response[str]:
    return ask(page, await form_of(page, tx, {}))


@post(PATH, guards=MAY)
async def register_till(
    request: AnyRequest, page: NamedDependency[Page], tx: NamedDependency[Tx], actor: NamedDependency[Actor]
) -> Response[str]:
    """Its page, with the key this once."""
    form, errors = await typed(request), dict[str, str]()
    if not form.get("outlet"):
        errors["outlet"] = page.gettext("Say where it stands.")
    if not 1 <= len(form.get("name", "")) <= 60:
        errors["name"] = page.gettext("Give it a name of up to 60 characters.")
    if not errors:
        try:
            made = await tills.register(tx, device=tills.NewDevice(form["outlet"], form["name"]), actor=actor)
        except Refusal as refusal:
            at = {"tills.device_exists": "name", "channels.unknown_outlet": "outlet"}
            errors = wrong_with(page, refusal, at)
        else:
            return await show(page, tx, made.device.device_id, token=made.token)
    return ask(page, await form_of(page, tx, form), errors)


@post(f"{PATH}/{{device_id:uuid}}/revocation", guards=MAY)
async def revoke_till(
    request: AnyRequest,
    page: NamedDependency[Page],
    tx: NamedDependency[Tx],
    actor: NamedDependency[Actor],
    device_id: FromPath[UUID],
) -> Response[str]:
    """Its key ends at once, once its name was typed. What it has told stays."""
    one = await tills.standing(tx, device_id=device_id)
    if not is_named(await typed(request), one.device.name):
        wrong = page.gettext("Type its name, letter by letter: %(name)s", name=one.device.name)
        return await show(page, tx, device_id, mistyped=wrong)
    await tills.revoke(tx, device_id=device_id, actor=actor)
    return say(page.go(f"{PATH}/{device_id}"), "till_revoked")


section = Section(routes=[read_new_till, register_till, revoke_till])
