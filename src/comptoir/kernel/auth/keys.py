"""API keys of machines: `ck_<prefix>_<secret>`, shown once. Only a SHA-256 of the secret is kept: it has 256 random
bits, so a slow hash would protect nothing and cost every request.
"""

import hashlib
import hmac
import secrets
from collections.abc import Iterable
from datetime import datetime, timedelta
from uuid import UUID

import msgspec

from comptoir.kernel.auth import audit
from comptoir.kernel.auth.actors import Actor
from comptoir.kernel.auth.exchange import ShownOnce
from comptoir.kernel.auth.permissions import is_scope
from comptoir.kernel.db import Tx, ints, texts
from comptoir.kernel.errors import Invalid, NotFound
from comptoir.kernel.ids import uuid7

USE_SEEN_EVERY = timedelta(minutes=1)


class UnknownKey(NotFound):
    """There is no such API key."""

    code = "kernel.unknown_key"


class UnknownScope(Invalid):
    """A scope is `<package>:read`, `<package>:write` or `<package>:admin`."""

    code = "kernel.unknown_scope"


class ApiKey(msgspec.Struct, frozen=True, kw_only=True):
    """An API key as it may be shown: without its secret."""

    key_id: UUID
    name: str
    prefix: str
    """The part of the key that may be seen, to recognise it by."""
    scopes: list[str]
    outlets: list[int]
    """The outlets in whose name it may act (`outlet_id`); empty: all."""
    made_at: datetime
    made_by: str
    last_used_at: datetime | None
    revoked_at: datetime | None


class NewKey(ShownOnce, frozen=True):
    """A key just made, with the only sight of its secret."""

    key: ApiKey
    token: str


async def add_key(tx: Tx, *, name: str, scopes: Iterable[str], outlets: Iterable[int] = (), actor: Actor) -> NewKey:
    """A new key with these scopes, for these outlets or for all. Nobody gives what they do not have."""
    wanted = sorted(set(scopes))
    places = sorted(set(outlets))
    if actor.outlets and (not places or not actor.outlets.issuperset(places)):
        raise Invalid("You cannot give a key more outlets than you have.", outlets=sorted(actor.outlets))
    if wrong := [scope for scope in wanted if not is_scope(scope)]:
        raise UnknownScope(f"{', '.join(wrong)}: say for example orders:write.", scopes=wrong)
    if not wanted:
        raise UnknownScope("Name at least one scope, for example orders:write.")
    if beyond := [scope for scope in wanted if not actor.may(scope)]:
        raise Invalid(f"You cannot give {', '.join(beyond)}: you do not have it.", scopes=beyond)
    prefix, secret = secrets.token_hex(4), secrets.token_urlsafe(32)
    key = await tx.one(
        ApiKey,
        ADD,
        key_id=uuid7(),
        name=name,
        prefix=prefix,
        secret_hash=digest(secret),
        scopes=texts(wanted),
        outlets=ints(places),
        made_at=tx.now,
        made_by=actor.name,
    )
    after = {"name": name, "scopes": wanted} | ({"outlets": places} if places else {})
    await audit.record(tx, actor=actor, action="kernel.add_key", target=f"key:{key.key_id}", after=after)
    return NewKey(key, f"ck_{prefix}_{secret}")


ADD = """
    INSERT INTO kernel.api_key (key_id, name, prefix, secret_hash, scopes, outlets, made_at, made_by)
    VALUES (%(key_id)s, %(name)s, %(prefix)s, %(secret_hash)s, %(scopes)s::text[], %(outlets)s::smallint[],
            %(made_at)s, %(made_by)s)
    RETURNING key_id, name, prefix, scopes, outlets, made_at, made_by, last_used_at, revoked_at
"""


async def revoke_key(tx: Tx, *, key_id: UUID, actor: Actor) -> ApiKey:
    """End a key. Every process hears of it at once."""
    key = await tx.maybe(ApiKey, REVOKE, key_id=key_id, now=tx.now)
    if key is None:
        raise UnknownKey(f"No key has the id {key_id}.")
    await tx.run(TELL)
    await audit.record(tx, actor=actor, action="kernel.revoke_key", target=f"key:{key_id}")
    return key


REVOKE = """
    UPDATE kernel.api_key SET revoked_at = coalesce(revoked_at, %(now)s) WHERE key_id = %(key_id)s
    RETURNING key_id, name, prefix, scopes, outlets, made_at, made_by, last_used_at, revoked_at
"""
TELL = "NOTIFY comptoir_auth"


async def keys(tx: Tx) -> list[ApiKey]:
    """All keys, the newest first."""
    return await tx.many(ApiKey, ALL)


async def key_of_prefix(tx: Tx, *, prefix: str) -> ApiKey:
    """The key of which somebody has seen the beginning (`ck_1a2b3c4d…`)."""
    wanted = prefix.removeprefix("ck_").partition("_")[0]
    found = [key for key in await keys(tx) if key.prefix == wanted]
    if not found:
        raise UnknownKey(f"No key begins with ck_{wanted}.")
    return found[0]


ALL = """
    SELECT key_id, name, prefix, scopes, outlets, made_at, made_by, last_used_at, revoked_at
    FROM kernel.api_key ORDER BY made_at DESC, key_id
"""


class Stored(msgspec.Struct, frozen=True):
    key_id: UUID
    name: str
    secret_hash: bytes
    scopes: list[str]
    outlets: list[int]
    last_used_at: datetime | None


async def actor_of_token(tx: Tx, *, token: str) -> Actor | None:
    """Whose key this is; None for one that is unknown, revoked or malformed."""
    mark, _, rest = token.partition("_")
    prefix, _, secret = rest.partition("_")
    if mark != "ck" or not secret or not rest.isascii() or "\0" in prefix:
        return None
    stored = await tx.maybe(Stored, BY_PREFIX, prefix=prefix)
    if stored is None or not hmac.compare_digest(stored.secret_hash, digest(secret)):
        return None
    if stored.last_used_at is None or tx.now - stored.last_used_at > USE_SEEN_EVERY:
        await tx.run(USED, key_id=stored.key_id, now=tx.now)
    return Actor(
        kind="key",
        id=stored.key_id,
        name=stored.name,
        scopes=frozenset(stored.scopes),
        outlets=frozenset(stored.outlets),
    )


BY_PREFIX = """
    SELECT key_id, name, secret_hash, scopes, outlets, last_used_at FROM kernel.api_key
    WHERE prefix = %(prefix)s AND revoked_at IS NULL
"""
USED = "UPDATE kernel.api_key SET last_used_at = %(now)s WHERE key_id = %(key_id)s"


def digest(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()
