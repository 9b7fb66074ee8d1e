"""Keys of the API, for machines: made with the scopes they need, shown once, revoked at once."""

from collections.abc import Sequence
from uuid import UUID

import msgspec
from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath

from comptoir.console.console import Section
from comptoir.console.page import Page
from comptoir.console.pages.addresses import AnyRequest
from comptoir.console.pages.said import last_said, say
from comptoir.console.rooms import enter
from comptoir.kernel.auth import Actor, allow
from comptoir.kernel.auth import keys as api_keys
from comptoir.kernel.auth.permissions import LEVELS, PACKAGES
from comptoir.kernel.db import Tx

PATH = "/sources/keys"
GUARDS = [*enter("sources"), allow("kernel:admin")]


class KeyForm(msgspec.Struct, frozen=True):
    name: str = ""
    scopes: list[str] = []


class KeysView(msgspec.Struct, frozen=True):
    keys: Sequence[api_keys.ApiKey]
    packages: Sequence[str]
    levels: Sequence[str]
    form: KeyForm
    errors: dict[str, str]
    token: str = ""
    """Of the key just made: the only time it is shown."""


@get(PATH, guards=GUARDS)
async def read_keys(request: AnyRequest, page: NamedDependency[Page], tx: NamedDependency[Tx]) -> Response[str]:
    said = last_said(request, page)
    return said(await show(page, tx))


@post(PATH, guards=GUARDS)
async def add_key(
    page: NamedDependency[Page], tx: NamedDependency[Tx], actor: NamedDependency[Actor], request: AnyRequest
) -> Response[str]:
    sent = await request.form()
    form = KeyForm(str(sent.get("name", "")).strip(), [str(scope) for scope in sent.getall("scopes", []) if scope])
    errors: dict[str, str] = {}
    if not 1 <= len(form.name) <= 100:
        errors["name"] = page.gettext("Give it a name of up to 100 characters.")
    if not form.scopes:
        errors["scopes"] = page.gettext("Choose at least one scope.")
    if errors:
        return await show(page, tx, form, errors, status=422)
    try:
        made = await api_keys.add_key(tx, name=form.name, scopes=form.scopes, actor=actor)
    except api_keys.UnknownScope:
        return await show(page, tx, form, {"scopes": page.gettext("There is no such scope.")}, status=422)
    return await show(page, tx, token=made.token)


@post(f"{PATH}/{{key_id:uuid}}/revocation", guards=GUARDS)
async def revoke_key(
    page: NamedDependency[Page], tx: NamedDependency[Tx], actor: NamedDependency[Actor], key_id: FromPath[UUID]
) -> Response[str]:
    await api_keys.revoke_key(tx, key_id=key_id, actor=actor)
    return say(page.go(PATH), "key_revoked")


async def show(
    page: Page,
    tx: Tx,
    form: KeyForm | None = None,
    errors: dict[str, str] | None = None,
    *,
    token: str = "",
    status: int = 200,
) -> Response[str]:
    view = KeysView(
        keys=await api_keys.keys(tx),
        packages=PACKAGES,
        levels=LEVELS,
        form=form or KeyForm(),
        errors=errors or {},
        token=token,
    )
    return page.show("keys.html.j2", view, status=status)


section = Section(routes=[read_keys, add_key, revoke_key])
