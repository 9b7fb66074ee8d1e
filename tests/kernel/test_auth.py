"""Keys, users, sessions: what opens, what does not, and what stops at once."""

import asyncio
from datetime import timedelta

import pytest

from comptoir.kernel import time
from comptoir.kernel.auth import GRANTS, ROLES, SYSTEM, Actor, audit, keys, sessions, users
from comptoir.kernel.auth.authenticator import Authenticator
from comptoir.kernel.auth.permissions import opens
from comptoir.kernel.errors import Invalid

pytestmark = pytest.mark.anyio

PASSWORD = "correct horse battery"


@pytest.fixture(scope="module")
async def password_hash():
    return await users.hash_password(PASSWORD)


async def hire(db, password_hash, *, email="ada@example.org", roles=("admin",)):
    async with db.transaction() as tx:
        return await users.add_user(tx, email=email, roles=list(roles), password_hash=password_hash, actor=SYSTEM)


def test_a_level_includes_those_below_it_and_no_other_package():
    assert opens(frozenset({"orders:write"}), "orders:read")
    assert not opens(frozenset({"orders:write"}), "orders:admin")
    assert not opens(frozenset({"orders:admin"}), "profiles:read")
    assert opens(frozenset({"*:admin"}), "profiles:admin")
    assert not opens(frozenset({"*:read"}), "profiles:write")


def test_every_role_grants_something_and_only_the_admin_everything():
    assert set(GRANTS) == set(ROLES)
    assert all(GRANTS.values())
    assert [role for role in ROLES if "*:admin" in GRANTS[role]] == ["admin"]


async def test_a_key_is_known_by_its_whole_token_until_it_is_revoked(tx):
    made = await keys.add_key(tx, name="till", scopes=["orders:write"], actor=SYSTEM)
    actor = await keys.actor_of_token(tx, token=made.token)
    assert (actor.kind, actor.name, actor.scopes) == ("key", "till", frozenset({"orders:write"}))
    (listed,) = await keys.keys(tx)
    assert listed.last_used_at == tx.now

    for wrong in (made.token[:-1], made.token + "x", made.token.replace("ck_", "wk_"), "", "ck_", "ck__", "ck_\0_x"):
        assert await keys.actor_of_token(tx, token=wrong) is None

    await keys.revoke_key(tx, key_id=made.key.key_id, actor=SYSTEM)
    assert await keys.actor_of_token(tx, token=made.token) is None


async def test_the_secret_of_a_key_is_kept_nowhere(tx):
    made = await keys.add_key(tx, name="till", scopes=["orders:write"], actor=SYSTEM)
    secret = made.token.split("_", 2)[2]
    stored = await tx.value("SELECT k::text FROM kernel.api_key AS k")
    trail = await audit.trail(tx)
    assert secret not in stored
    assert secret not in repr(trail)


async def test_nobody_gives_a_scope_they_do_not_have(tx):
    clerk = Actor(kind="user", name="clerk", scopes=frozenset({"kernel:admin"}))
    with pytest.raises(Invalid):
        await keys.add_key(tx, name="x", scopes=["orders:write"], actor=clerk)
    with pytest.raises(keys.UnknownScope):
        await keys.add_key(tx, name="x", scopes=["orders:everything"], actor=SYSTEM)


async def test_sign_in_needs_the_right_password_of_an_active_user(db, password_hash):
    user = await hire(db, password_hash)
    opened = await sessions.sign_in(db, email=" Ada@Example.org ", password=PASSWORD)
    assert opened.actor.id == user.user_id
    assert opened.actor.may("kernel:admin")

    for email, password in (("ada@example.org", "wrong password"), ("nobody@example.org", PASSWORD), ("", "")):
        with pytest.raises(sessions.WrongPassword):
            await sessions.sign_in(db, email=email, password=password)

    async with db.transaction() as tx:
        await users.change_user(tx, user_id=user.user_id, active=False, actor=SYSTEM)
    with pytest.raises(sessions.WrongPassword):
        await sessions.sign_in(db, email="ada@example.org", password=PASSWORD)
    assert await Authenticator(db).of_session(opened.token) is None


async def test_a_user_without_a_password_cannot_sign_in_by_the_empty_one(db):
    await hire(db, "")
    with pytest.raises(sessions.WrongPassword):
        await sessions.sign_in(db, email="ada@example.org", password="")


async def test_guessing_is_stopped_also_in_parallel_and_only_for_that_account_and_address(db, password_hash):
    await hire(db, password_hash)
    await hire(db, password_hash, email="bob@example.org")

    async def guess(number):
        try:
            await sessions.sign_in(db, email="ada@example.org", password=f"guess number {number}", address="10.0.0.1")
        except sessions.WrongPassword:
            return "tried"
        except sessions.TooManyAttempts:
            return "stopped"

    outcomes = await asyncio.gather(*(guess(n) for n in range(12)))
    assert outcomes.count("tried") <= sessions.FAILURES_PER_ACCOUNT_AND_ADDRESS
    with pytest.raises(sessions.TooManyAttempts):
        await sessions.sign_in(db, email="ada@example.org", password=PASSWORD, address="10.0.0.1")
    assert await sessions.sign_in(db, email="ada@example.org", password=PASSWORD, address="10.0.0.2")
    assert await sessions.sign_in(db, email="bob@example.org", password=PASSWORD, address="10.0.0.1")

    async with db.transaction() as tx:
        await time.advance(tx, by=timedelta(minutes=16))
    assert await sessions.sign_in(db, email="ada@example.org", password=PASSWORD, address="10.0.0.1")


async def test_a_session_ends_by_sign_out_by_idleness_and_everywhere(db, password_hash):
    user = await hire(db, password_hash)
    who = Authenticator(db)

    async def enter():
        async with db.transaction() as tx:
            return (await sessions.open_session(tx, user_id=user.user_id)).token

    first, second, third = await enter(), await enter(), await enter()
    assert await who.of_session(first)
    assert await who.of_session(first + "x") is None
    async with db.transaction() as tx:
        await sessions.sign_out(tx, token=first)
    assert await who.of_session(first) is None

    async with db.transaction() as tx:
        await time.advance(tx, by=timedelta(hours=11))
    assert await who.of_session(second)  # its use is written down: it lives twelve hours more
    async with db.transaction() as tx:
        await time.advance(tx, by=timedelta(hours=2))
    assert await who.of_session(second)
    assert await who.of_session(third) is None

    fourth = await enter()
    async with db.transaction() as tx:
        assert await sessions.sign_out_everywhere(tx, user_id=user.user_id, actor=SYSTEM) >= 2
    assert await who.of_session(second) is None and await who.of_session(fourth) is None


async def test_other_roles_and_another_password_end_all_sessions(db, password_hash):
    user = await hire(db, password_hash)
    for change in ({"roles": ["analyst"]}, {"password_hash": password_hash}):
        async with db.transaction() as tx:
            token = (await sessions.open_session(tx, user_id=user.user_id)).token
            await users.change_user(tx, user_id=user.user_id, actor=SYSTEM, **change)
        assert await Authenticator(db).of_session(token) is None


async def test_a_cookie_is_for_our_pages_only():
    cookie = sessions.cookie("token", secure=True)
    assert {"HttpOnly", "SameSite=Lax", "Secure", "Path=/"} <= set(cookie.split("; "))
    assert "Secure" not in sessions.cookie("token", secure=False)


async def test_what_has_expired_is_forgotten(db, password_hash):
    user = await hire(db, password_hash)
    async with db.transaction() as tx:
        await sessions.open_session(tx, user_id=user.user_id)
        await time.advance(tx, by=timedelta(days=31))
    async with db.transaction() as tx:
        assert await sessions.forget(tx) == 1


async def test_users_are_checked_before_they_are_hired(tx):
    for email, roles in (
        ("ada", ["admin"]),
        ("@x", ["admin"]),
        ("a@b@c", ["admin"]),
        ("a@b.c", []),
        ("a@b.c", ["king"]),
    ):
        with pytest.raises(users.BadUser):
            await users.add_user(tx, email=email, roles=roles, password_hash="", actor=SYSTEM)
    await users.add_user(tx, email="A@b.c", roles=["admin"], password_hash="", actor=SYSTEM)
    with pytest.raises(users.UserExists):
        await users.add_user(tx, email="a@B.c", roles=["admin"], password_hash="", actor=SYSTEM)
    with pytest.raises(users.BadPassword):
        await users.hash_password("short")


async def test_the_trail_tells_who_before_and_after(tx):
    made = await users.add_user(tx, email="a@b.c", roles=["admin"], password_hash="", actor=SYSTEM)
    await users.change_user(tx, user_id=made.user_id, roles=["analyst"], actor=SYSTEM)
    newest = (await audit.trail(tx, target=f"user:{made.user_id}"))[0]
    assert (newest.before["roles"], newest.after["roles"]) == (["admin"], ["analyst"])
    assert newest.actor_name == "comptoir"
