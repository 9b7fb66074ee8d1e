"""People who sign in: an e-mail address, roles, and a password kept as argon2id (RFC 9106)."""

import asyncio
from collections.abc import Sequence
from datetime import datetime
from functools import cache
from typing import Annotated
from uuid import UUID

import msgspec
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from comptoir.kernel.auth import audit
from comptoir.kernel.auth.actors import Actor
from comptoir.kernel.auth.permissions import ROLES, Role, scopes_of
from comptoir.kernel.db import Database, Tx, texts
from comptoir.kernel.errors import Conflict, Forbidden, Invalid, NotFound
from comptoir.kernel.ids import uuid7

LEAST, MOST = 10, 200
"""Characters of a password. Length is the only rule (NIST SP 800-63B)."""

Email = Annotated[str, msgspec.Meta(min_length=3, max_length=254, pattern=r"^[^@\s]+@[^@\s]+$")]


class UnknownUser(NotFound):
    """There is no such user."""

    code = "kernel.unknown_user"


class UserExists(Conflict):
    """A user with this e-mail address exists already."""

    code = "kernel.user_exists"


class BadPassword(Invalid):
    """A password has between 10 and 200 characters."""

    code = "kernel.bad_password"


class BadUser(Invalid):
    """A user needs an e-mail address and at least one role."""

    code = "kernel.bad_user"


class User(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody who signs in."""

    user_id: UUID
    email: str
    name: str
    roles: list[Role]
    outlet_id: int | None
    """The shop of an associate."""
    language: str
    """`en`, `fr`, or empty: the installation's."""
    active: bool
    made_at: datetime


async def add_user(
    tx: Tx,
    *,
    email: str,
    roles: Sequence[Role],
    password_hash: str,
    actor: Actor,
    name: str = "",
    outlet_id: int | None = None,
) -> User:
    """A new user. `password_hash` comes from `hash_password`, made before the transaction began; empty: no sign-in."""
    address = email.strip().lower()
    if address.count("@") != 1 or address.startswith("@") or address.endswith("@") or len(address) > 254:
        raise BadUser(f"{email!r} is not an e-mail address.", email=email)
    if not roles or set(roles) - set(ROLES):
        raise BadUser(f"Roles are {', '.join(ROLES)}; name at least one.", roles=list(roles))
    _check_reach(actor, roles)
    await tx.run("SELECT pg_advisory_xact_lock(hashtext('kernel.user_account'))")
    if await tx.maybe(User, BY_EMAIL, email=address):
        raise UserExists(f"{address} exists already.", email=address)
    user = await tx.one(
        User,
        ADD,
        user_id=uuid7(),
        email=address,
        name=name or address.partition("@")[0].replace(".", " ").title(),
        password_hash=password_hash,
        roles=texts(sorted(set(roles))),
        outlet_id=outlet_id,
        now=tx.now,
    )
    after = {"email": address, "roles": user.roles, "outlet_id": outlet_id}
    await audit.record(tx, actor=actor, action="kernel.add_user", target=f"user:{user.user_id}", after=after)
    return user


async def change_user(
    tx: Tx,
    *,
    user_id: UUID,
    actor: Actor,
    roles: Sequence[Role] | None = None,
    active: bool | None = None,
    language: str | None = None,
    outlet_id: int | None = None,
    password_hash: str | None = None,
) -> User:
    """Change what is given. A new password, other roles or a switched-off user end all their sessions."""
    before = await user(tx, user_id=user_id)
    _check_reach(actor, [*before.roles, *(roles or ())])
    after = await tx.one(
        User,
        CHANGE,
        user_id=user_id,
        roles=None if roles is None else texts(sorted(set(roles))),
        active=active,
        language=language,
        outlet_id=outlet_id,
        password_hash=password_hash,
    )
    if password_hash is not None or after.active != before.active or after.roles != before.roles:
        await tx.run("DELETE FROM kernel.session WHERE user_id = %(user_id)s", user_id=user_id)
    await audit.record(
        tx, actor=actor, action="kernel.change_user", target=f"user:{user_id}", before=before, after=after
    )
    return after


def _check_reach(actor: Actor, roles: Sequence[Role]) -> None:
    """Nobody gives what they do not have, nor takes over somebody who has more: a password would do."""
    if beyond := sorted(scope for scope in scopes_of(roles) if not actor.may(scope)):
        raise Forbidden(f"This needs {', '.join(beyond)}, as the roles do.", scopes=beyond)


async def user(tx: Tx, *, user_id: UUID) -> User:
    found = await tx.maybe(User, BY_ID, user_id=user_id)
    if found is None:
        raise UnknownUser(f"No user has the id {user_id}.")
    return found


async def users(tx: Tx) -> list[User]:
    """All users by e-mail address."""
    return await tx.many(User, ALL)


SELECT = "SELECT user_id, email, name, roles, outlet_id, language, active, made_at FROM kernel.user_account "
ADD = """
    INSERT INTO kernel.user_account (user_id, email, name, password_hash, roles, outlet_id, made_at)
    VALUES (%(user_id)s, %(email)s, %(name)s, %(password_hash)s, %(roles)s::text[], %(outlet_id)s, %(now)s)
    RETURNING user_id, email, name, roles, outlet_id, language, active, made_at
"""
CHANGE = """
    UPDATE kernel.user_account
    SET roles = coalesce(%(roles)s::text[], roles), active = coalesce(%(active)s::boolean, active),
        language = coalesce(%(language)s::text, language),
        outlet_id = coalesce(%(outlet_id)s::smallint, outlet_id),
        password_hash = coalesce(%(password_hash)s::text, password_hash)
    WHERE user_id = %(user_id)s
    RETURNING user_id, email, name, roles, outlet_id, language, active, made_at
"""
BY_ID = SELECT + "WHERE user_id = %(user_id)s"
BY_EMAIL = SELECT + "WHERE email = %(email)s"
ALL = SELECT + "ORDER BY email"


# ---- passwords: slow on purpose, so never inside a transaction, and two at a time (64 MiB each)

hasher = PasswordHasher()


@cache
def _two_at_a_time(_: asyncio.AbstractEventLoop) -> asyncio.Semaphore:
    return asyncio.Semaphore(2)


async def hash_password(password: str) -> str:
    """The argon2id hash to store. Refuses what is too short."""
    if not LEAST <= len(password) <= MOST:
        raise BadPassword(f"Take between {LEAST} and {MOST} characters.")
    async with _two_at_a_time(asyncio.get_running_loop()):
        return await asyncio.to_thread(hasher.hash, password)


async def is_password(password: str, password_hash: str) -> bool:
    """Whether the password is right. Takes as long for a user who does not exist (an empty hash)."""
    async with _two_at_a_time(asyncio.get_running_loop()):
        return await asyncio.to_thread(_verify, password, password_hash)


def _verify(password: str, password_hash: str) -> bool:
    try:
        return hasher.verify(password_hash or nobodys_hash(), password) and bool(password_hash)
    except (VerificationError, InvalidHashError):
        return False


@cache
def nobodys_hash() -> str:
    return hasher.hash("nobody has this password")


async def rehash_if_weak(db: Database, *, user_id: UUID, password: str, password_hash: str) -> None:
    """After a sign-in: store the password anew if argon2's recommended cost has risen since."""
    if hasher.check_needs_rehash(password_hash):
        better = await hash_password(password)
        async with db.transaction() as tx:
            await tx.run(REHASH, user_id=user_id, old=password_hash, new=better)


REHASH = """
    UPDATE kernel.user_account SET password_hash = %(new)s
    WHERE user_id = %(user_id)s AND password_hash = %(old)s
"""
