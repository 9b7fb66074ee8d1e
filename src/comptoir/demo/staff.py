"""The demo's own key and its users: one for each role, signed in by one click, without any password."""

import msgspec

from comptoir import channels
from comptoir.kernel.auth import SYSTEM, Role, keys, users
from comptoir.kernel.db import Database
from comptoir.kernel.postgres import database_url
from comptoir.kernel.settings import Settings

KEY = "demo"
SCOPES = ["channels:admin", "catalog:write", "orders:write", "ingest:write", "identity:write", "profiles:write",
          "inventory:admin", "pricing:write"]  # fmt: skip


class Colleague(msgspec.Struct, frozen=True):
    """Somebody who works in the shop. The name is made up."""

    role: Role
    name: str

    @property
    def email(self) -> str:
        return f"{self.name.lower().replace(' ', '.')}@staff.example.com"


PEOPLE = [
    Colleague("admin", "Ada Keller"),
    Colleague("marketer", "Margaux Petit"),
    Colleague("associate", "Sam Ortega"),
    Colleague("agent", "Alice Nguyen"),
    Colleague("merchandiser", "Malik Durand"),
    Colleague("analyst", "Anna Lindqvist"),
    Colleague("executive", "Edward Cole"),
    Colleague("privacy_officer", "Pauline Roche"),
]


async def hire(settings: Settings) -> str:
    """Users for all roles where there are none yet, and a fresh API key: the one of the last start is revoked."""
    async with Database(database_url(settings), size=2) as db, db.transaction() as tx:
        there = {user.email for user in await users.users(tx)}
        for person in PEOPLE:
            if person.email not in there:
                # An empty hash matches no password: the only way in is the click that a demo offers.
                await users.add_user(
                    tx, email=person.email, name=person.name, roles=[person.role], password_hash="", actor=SYSTEM
                )
        for key in await keys.keys(tx):
            if key.name == KEY and key.revoked_at is None:
                await keys.revoke_key(tx, key_id=key.key_id, actor=SYSTEM)
        return (await keys.add_key(tx, name=KEY, scopes=SCOPES, actor=SYSTEM)).token


async def assign(settings: Settings, code: str) -> None:
    """Associates without a shop work in this one."""
    async with Database(database_url(settings), size=2) as db, db.transaction() as tx:
        shop = await channels.outlet(tx, code=code)
        for user in await users.users(tx):
            if "associate" in user.roles and user.outlet_id is None:
                await users.change_user(tx, user_id=user.user_id, outlet_id=shop.outlet_id, actor=SYSTEM)
