"""Sign-in of people. A session is a random token in a cookie; the database knows only its SHA-256.

It ends twelve hours after its last use and thirty days after sign-in. Failed sign-ins are counted per account and
address, before the password is looked at, so that a parallel attack gains nothing.
"""

import secrets
from datetime import datetime, timedelta
from uuid import UUID

import msgspec

from comptoir.kernel.auth import audit, users
from comptoir.kernel.auth.actors import Actor
from comptoir.kernel.auth.keys import digest
from comptoir.kernel.auth.permissions import Role, scopes_of
from comptoir.kernel.db import Database, Tx
from comptoir.kernel.errors import Overloaded, Unauthenticated
from comptoir.kernel.ids import uuid7

COOKIE = "comptoir_session"
IDLE = timedelta(hours=12)
LONGEST = timedelta(days=30)
SEEN_EVERY = timedelta(minutes=5)

WINDOW = timedelta(minutes=15)
FAILURES_PER_ACCOUNT_AND_ADDRESS = 5
FAILURES_PER_ACCOUNT = 50
FAILURES_PER_ADDRESS = 100


class WrongPassword(Unauthenticated):
    """The e-mail address or the password is wrong."""

    code = "kernel.wrong_password"


class TooManyAttempts(Overloaded):
    """Too many failed sign-ins: wait a quarter of an hour."""

    code = "kernel.too_many_attempts"
    retry_after = 900


class SignedIn(msgspec.Struct, frozen=True):
    """A new session; `token` goes into the cookie and is not kept."""

    token: str
    actor: Actor
    ends_at: datetime


class Session(msgspec.Struct, frozen=True):
    """A session as its owner may see it."""

    session_id: UUID
    made_at: datetime
    seen_at: datetime
    address: str
    agent: str


class Account(msgspec.Struct, frozen=True):
    user_id: UUID
    password_hash: str


async def sign_in(db: Database, *, email: str, password: str, address: str = "", agent: str = "") -> SignedIn:
    """Check the password and open a session. `address` is the caller's IP address.

    Takes the database, not a transaction: argon2 takes a twentieth of a second, and no transaction waits for it.
    """
    account = email.strip().lower()[:254]
    async with db.transaction() as tx:
        attempt = await tx.value(ATTEMPT, account=account, address=address, now=tx.now)
    # Committed first: attempts that run at the same time must see each other.
    async with db.reading() as tx:
        counts = await tx.tuples(FAILURES, account=account, address=address, since=tx.now - WINDOW)
        found = await tx.maybe(Account, ACCOUNT, email=account)
    both, of_account, of_address = counts[0]
    if (
        both > FAILURES_PER_ACCOUNT_AND_ADDRESS
        or of_account > FAILURES_PER_ACCOUNT
        or of_address > FAILURES_PER_ADDRESS
    ):
        raise TooManyAttempts("Wait a quarter of an hour, or ask an administrator.")
    password_hash = found.password_hash if found else ""
    if not await users.is_password(password, password_hash) or found is None:
        raise WrongPassword("Check both and try again.")
    await users.rehash_if_weak(db, user_id=found.user_id, password=password, password_hash=password_hash)
    async with db.transaction() as tx:
        await tx.run(FORGIVE, account=account, address=address, attempt=attempt)
        return await open_session(tx, user_id=found.user_id, address=address, agent=agent)


ATTEMPT = """
    INSERT INTO kernel.failed_sign_in (account, address, at) VALUES (%(account)s, %(address)s, %(now)s)
    RETURNING attempt_id
"""
FAILURES = """
    SELECT count(*) FILTER (WHERE account = %(account)s AND address = %(address)s),
           count(*) FILTER (WHERE account = %(account)s),
           count(*) FILTER (WHERE address = %(address)s AND address <> '')
    FROM kernel.failed_sign_in
    WHERE at > %(since)s AND (account = %(account)s OR address = %(address)s)
"""
ACCOUNT = """
    SELECT user_id, password_hash FROM kernel.user_account
    WHERE email = %(email)s AND active AND password_hash <> ''
"""
FORGIVE = """
    DELETE FROM kernel.failed_sign_in
    WHERE attempt_id = %(attempt)s OR (account = %(account)s AND address = %(address)s)
"""


async def open_session(tx: Tx, *, user_id: UUID, address: str = "", agent: str = "") -> SignedIn:
    """A session without a password: after one was checked, or for the one-click users of a demo."""
    token = secrets.token_urlsafe(32)
    user = await users.user(tx, user_id=user_id)
    actor = actor_of(user)
    await tx.run(
        OPEN,
        session_id=uuid7(),
        token_hash=digest(token),
        user_id=user_id,
        now=tx.now,
        ends_at=tx.now + LONGEST,
        address=address,
        agent=agent[:300],
    )
    await audit.record(tx, actor=actor, action="kernel.sign_in", target=f"user:{user_id}")
    return SignedIn(token, actor, tx.now + LONGEST)


OPEN = """
    INSERT INTO kernel.session (session_id, token_hash, user_id, made_at, seen_at, ends_at, address, agent)
    VALUES (%(session_id)s, %(token_hash)s, %(user_id)s, %(now)s, %(now)s, %(ends_at)s, %(address)s, %(agent)s)
"""


async def sign_out(tx: Tx, *, token: str) -> None:
    """End this session."""
    await tx.run("DELETE FROM kernel.session WHERE token_hash = %(hash)s", hash=digest(token))


async def sign_out_everywhere(tx: Tx, *, user_id: UUID, actor: Actor) -> int:
    """End all sessions of a user; returns how many there were."""
    ended = await tx.run("DELETE FROM kernel.session WHERE user_id = %(user_id)s", user_id=user_id)
    await audit.record(tx, actor=actor, action="kernel.sign_out_everywhere", target=f"user:{user_id}")
    return ended


async def sessions(tx: Tx, *, user_id: UUID) -> list[Session]:
    """The live sessions of a user, the last used first."""
    return await tx.many(Session, LIVE, user_id=user_id, now=tx.now, idle_since=tx.now - IDLE)


LIVE = """
    SELECT session_id, made_at, seen_at, address, agent FROM kernel.session
    WHERE user_id = %(user_id)s AND ends_at > %(now)s AND seen_at > %(idle_since)s
    ORDER BY seen_at DESC
"""


class Seen(msgspec.Struct, frozen=True):
    seen_at: datetime
    user_id: UUID
    email: str
    name: str
    roles: list[Role]
    outlet_id: int | None
    language: str
    active: bool
    made_at: datetime


async def actor_of_token(tx: Tx, *, token: str) -> tuple[Actor, bool] | None:
    """Whose session this is, and whether its last use should be written down; None for one that has ended."""
    seen = await tx.maybe(Seen, LIVE_ONE, hash=digest(token), now=tx.now, idle_since=tx.now - IDLE)
    if seen is None:
        return None
    user = users.User(**{name: getattr(seen, name) for name in users.User.__struct_fields__})
    return actor_of(user), tx.now - seen.seen_at > SEEN_EVERY


LIVE_ONE = """
    SELECT s.seen_at, u.user_id, u.email, u.name, u.roles, u.outlet_id, u.language, u.active, u.made_at
    FROM kernel.session AS s JOIN kernel.user_account AS u USING (user_id)
    WHERE s.token_hash = %(hash)s AND s.ends_at > %(now)s AND s.seen_at > %(idle_since)s AND u.active
"""


async def touch(tx: Tx, *, token: str) -> None:
    """The session was used now: it lives on."""
    await tx.run(
        "UPDATE kernel.session SET seen_at = %(now)s WHERE token_hash = %(hash)s", now=tx.now, hash=digest(token)
    )


async def forget(tx: Tx) -> int:
    """Drop sessions that have ended and attempts older than a day. Run by a timer."""
    ended = await tx.run(ENDED, now=tx.now, idle_since=tx.now - IDLE)
    await tx.run("DELETE FROM kernel.failed_sign_in WHERE at < %(since)s", since=tx.now - timedelta(days=1))
    return ended


ENDED = "DELETE FROM kernel.session WHERE ends_at <= %(now)s OR seen_at <= %(idle_since)s"


def actor_of(user: users.User) -> Actor:
    return Actor(
        kind="user",
        id=user.user_id,
        name=user.email,
        roles=tuple(user.roles),
        scopes=scopes_of(user.roles),
        outlet_id=user.outlet_id,
        outlets=frozenset() if user.outlet_id is None else frozenset({user.outlet_id}),
        language=user.language,
    )


def cookie(token: str, *, secure: bool) -> str:
    """The Set-Cookie value. Lax: a link from a mail finds the user signed in, a foreign form does not."""
    life = f"Max-Age={int(LONGEST.total_seconds())}" if token else "Max-Age=0"
    return f"{COOKIE}={token}; Path=/; {life}; HttpOnly; SameSite=Lax" + ("; Secure" if secure else "")
