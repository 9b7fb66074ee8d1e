"""`/v1/kernel`: API keys, users, and the audit trail."""

from typing import Annotated
from uuid import UUID

import msgspec
from litestar import Router, delete, get, post, put
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody, QueryParameter

from comptoir.kernel.auth import audit, keys, users
from comptoir.kernel.auth.actors import Actor
from comptoir.kernel.auth.guards import allow
from comptoir.kernel.auth.permissions import Role
from comptoir.kernel.db import Database, Tx
from comptoir.kernel.errors import Invalid
from comptoir.kernel.http import Cursor, Limit, Page, page, place_of, raises

Name = Annotated[str, msgspec.Meta(min_length=1, max_length=200)]


class KeyEntry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A new key. Scopes are `<package>:read`, `:write` or `:admin`; write includes read, admin includes both."""

    name: Name
    scopes: Annotated[list[str], msgspec.Meta(min_length=1, max_length=50)]
    outlets: Annotated[list[Annotated[int, msgspec.Meta(ge=1, le=32_767)]], msgspec.Meta(max_length=500)] = []
    """The outlets in whose name it may act (`outlet_id`); empty: all."""


@get("/keys", guards=[allow("kernel:admin")])
async def list_keys(tx: NamedDependency[Tx]) -> list[keys.ApiKey]:
    """All API keys, the newest first, without their secrets."""
    return await keys.keys(tx)


@post("/keys", guards=[allow("kernel:admin")], responses=raises(keys.UnknownScope))
async def add_key(tx: NamedDependency[Tx], actor: NamedDependency[Actor], data: JSONBody[KeyEntry]) -> keys.NewKey:
    """A new API key. Its token is shown this once."""
    return await keys.add_key(tx, name=data.name, scopes=data.scopes, outlets=data.outlets, actor=actor)


@delete("/keys/{key_id:uuid}", status_code=200, guards=[allow("kernel:admin")], responses=raises(keys.UnknownKey))
async def revoke_key(tx: NamedDependency[Tx], actor: NamedDependency[Actor], key_id: FromPath[UUID]) -> keys.ApiKey:
    """End a key at once."""
    return await keys.revoke_key(tx, key_id=key_id, actor=actor)


class UserEntry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A new user."""

    email: users.Email
    roles: Annotated[list[Role], msgspec.Meta(min_length=1, max_length=8)]
    password: Annotated[str, msgspec.Meta(min_length=users.LEAST, max_length=users.MOST)]
    name: Annotated[str, msgspec.Meta(max_length=200)] = ""
    outlet_id: Annotated[int, msgspec.Meta(ge=1, le=32_767)] | None = None


class UserChange(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What to change of a user; what is left out stays."""

    roles: Annotated[list[Role], msgspec.Meta(min_length=1, max_length=8)] | None = None
    active: bool | None = None
    language: Annotated[str, msgspec.Meta(pattern="^(en|fr)?$")] | None = None
    outlet_id: Annotated[int, msgspec.Meta(ge=1, le=32_767)] | None = None
    password: Annotated[str, msgspec.Meta(min_length=users.LEAST, max_length=users.MOST)] | None = None


@get("/users", guards=[allow("kernel:admin")])
async def list_users(tx: NamedDependency[Tx]) -> list[users.User]:
    """All users by e-mail address."""
    return await users.users(tx)


@post("/users", guards=[allow("kernel:admin")], responses=raises(users.BadUser, users.BadPassword, users.UserExists))
async def add_user(
    db: NamedDependency[Database], actor: NamedDependency[Actor], data: JSONBody[UserEntry]
) -> users.User:
    """A new user. A second request with the same address is refused."""
    password_hash = await users.hash_password(data.password)
    async with db.transaction() as tx:
        return await users.add_user(
            tx,
            email=data.email,
            name=data.name,
            roles=data.roles,
            password_hash=password_hash,
            outlet_id=data.outlet_id,
            actor=actor,
        )


@put("/users/{user_id:uuid}", guards=[allow("kernel:admin")], responses=raises(users.UnknownUser, users.BadPassword))
async def change_user(
    db: NamedDependency[Database],
    actor: NamedDependency[Actor],
    user_id: FromPath[UUID],
    data: JSONBody[UserChange],
) -> users.User:
    """Change roles, shop, language or password, or switch a user off."""
    password_hash = None if data.password is None else await users.hash_password(data.password)
    async with db.transaction() as tx:
        return await users.change_user(
            tx,
            user_id=user_id,
            actor=actor,
            roles=data.roles,
            active=data.active,
            language=data.language,
            outlet_id=data.outlet_id,
            password_hash=password_hash,
        )


@get("/audit", guards=[allow("kernel:read")], responses=raises(Invalid))
async def list_audit(
    tx: NamedDependency[Tx],
    target: Annotated[str, QueryParameter(description="Only of this thing, such as source:7.", max_length=500)] = "",
    cursor: Cursor = "",
    limit: Limit = 100,
) -> Page[audit.Entry]:
    """Who changed what, the newest first."""
    after = place_of(cursor, int)
    found = await audit.trail(tx, before=after[0] if after else None, target=target, limit=limit + 1)
    return page(found, limit, lambda entry: [entry.entry_id])


router = Router(
    "/v1/kernel",
    route_handlers=[list_keys, add_key, revoke_key, list_users, add_user, change_user, list_audit],
    tags=["kernel"],
)
