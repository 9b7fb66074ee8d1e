"""Which shop elsewhere stands for which outlet here."""

import secrets

import msgspec

from comptoir import channels
from comptoir.connectors.errors import ConnectionExists, UnknownConnection
from comptoir.connectors.records import Connected, Connection, NewConnection
from comptoir.kernel.auth import Actor, audit
from comptoir.kernel.db import Tx


class Secret(msgspec.Struct, frozen=True):
    """A connection, with what its messages are checked by."""

    connection_id: int
    platform: str
    secret: str


async def connect(tx: Tx, *, new: NewConnection, actor: Actor) -> Connected:
    """A new connection with its secret, shown this once. Raises UnknownOutlet, ConnectionExists."""
    outlet = await channels.outlet(tx, code=new.outlet)
    secret = new.secret or secrets.token_urlsafe(32)
    added = await tx.run(
        ADD, name=new.name, platform=new.platform, outlet_id=outlet.outlet_id, secret=secret, now=tx.now
    )
    if not added:
        raise ConnectionExists(f"A connection is called {new.name!r} already: take another name.")
    after = {"name": new.name, "platform": new.platform, "outlet": new.outlet}
    await audit.record(tx, actor=actor, action="connectors.connect", target=f"connection:{new.name}", after=after)
    return await _shown(tx, new.name, secret)


ADD = """
    INSERT INTO connectors.connection (name, platform, outlet_id, secret, added_at)
    VALUES (%(name)s, %(platform)s, %(outlet_id)s, %(secret)s, %(now)s) ON CONFLICT (name) DO NOTHING
"""


async def renew(tx: Tx, *, name: str, actor: Actor, secret: str = "") -> Connected:
    """Another secret, shown this once; what is signed with the earlier one is refused from now on."""
    secret = secret or secrets.token_urlsafe(32)
    if not await tx.run(RENEW, name=name, secret=secret):
        raise UnknownConnection(f"No connection is called {name[:80]!r}.", connection=name[:80])
    await audit.record(tx, actor=actor, action="connectors.renew", target=f"connection:{name}")
    return await _shown(tx, name, secret)


RENEW = "UPDATE connectors.connection SET secret = %(secret)s WHERE name = %(name)s"


async def switch(tx: Tx, *, name: str, enabled: bool, actor: Actor) -> Connection:
    """Refuse what it sends, or take it again. What came before stays."""
    if not await tx.run(SWITCH, name=name, enabled=enabled):
        raise UnknownConnection(f"No connection is called {name[:80]!r}.", connection=name[:80])
    await audit.record(
        tx, actor=actor, action="connectors.switch", target=f"connection:{name}", after={"enabled": enabled}
    )
    return await connection(tx, name=name)


SWITCH = "UPDATE connectors.connection SET enabled = %(enabled)s WHERE name = %(name)s"


async def _shown(tx: Tx, name: str, secret: str) -> Connected:
    found = await connection(tx, name=name)
    return Connected(found, secret, f"/v1/connectors/{name}/{found.platform}")


async def connection(tx: Tx, *, name: str) -> Connection:
    """Raises UnknownConnection."""
    if found := await tx.maybe(Connection, ONE, name=name):
        return found
    raise UnknownConnection(f"No connection is called {name[:80]!r}.", connection=name[:80])


async def connections(tx: Tx) -> list[Connection]:
    """All, by name."""
    return await tx.many(Connection, ALL)


async def secret_of(tx: Tx, *, name: str, platform: str) -> Secret:
    """Of a connection that is enabled. Raises UnknownConnection."""
    if found := await tx.maybe(Secret, BY_NAME, name=name, platform=platform):
        return found
    raise UnknownConnection(f"No connection of {platform} is called {name[:80]!r}.", connection=name[:80])


COLUMNS = """
    SELECT c.connection_id, c.name, c.platform, o.code AS outlet, c.enabled, c.added_at
    FROM connectors.connection AS c JOIN channels.v_outlet AS o USING (outlet_id)
"""
ONE = COLUMNS + "WHERE c.name = %(name)s"
ALL = COLUMNS + "ORDER BY c.name"
BY_NAME = """
    SELECT connection_id, platform, secret FROM connectors.connection
    WHERE name = %(name)s AND platform = %(platform)s AND enabled
"""
