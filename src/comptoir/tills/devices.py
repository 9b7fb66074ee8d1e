"""Tills register with a key of their own; a stolen one is revoked and its key opens nothing any more."""

from uuid import UUID

from comptoir import channels
from comptoir.kernel.auth import Actor, keys
from comptoir.kernel.db import Tx
from comptoir.kernel.ids import uuid7
from comptoir.tills.errors import DeviceExists, NotADevice, UnknownDevice
from comptoir.tills.records import Device, NewDevice, Registered

SCOPE = "sync:write"
"""A part of `tills`: the lists of all tills and what was set aside are not for a key that can be stolen."""


async def register(tx: Tx, *, device: NewDevice, actor: Actor) -> Registered:
    """A new till with its key, which is shown this once. Raises UnknownOutlet, DeviceExists."""
    outlet = await channels.outlet(tx, code=device.outlet)
    await tx.run(LOCK)
    if await tx.value(TAKEN, outlet_id=outlet.outlet_id, name=device.name):
        raise DeviceExists(f"{device.outlet} has a till {device.name!r}: revoke it, or take another name.")
    made = await keys.add_key(tx, name=f"till {device.outlet} {device.name}", scopes=[SCOPE], actor=actor)
    device_id = uuid7()
    await tx.run(
        ADD, device_id=device_id, outlet_id=outlet.outlet_id, name=device.name, key_id=made.key.key_id, now=tx.now
    )
    return Registered(await _one(tx, device_id), made.token)


LOCK = "SELECT pg_advisory_xact_lock(hashtext('tills.device'))"
TAKEN = "SELECT 1 FROM tills.device WHERE outlet_id = %(outlet_id)s AND name = %(name)s AND revoked_at IS NULL"
ADD = """
    INSERT INTO tills.device (device_id, outlet_id, name, key_id, registered_at)
    VALUES (%(device_id)s, %(outlet_id)s, %(name)s, %(key_id)s, %(now)s)
"""


async def revoke(tx: Tx, *, device_id: UUID, actor: Actor) -> Device:
    """Its key ends at once. What it has told stays."""
    key_id = await tx.value(REVOKE, device_id=device_id, now=tx.now)
    if key_id is None:
        raise UnknownDevice(f"There is no till {device_id}.")
    await keys.revoke_key(tx, key_id=key_id, actor=actor)
    return await _one(tx, device_id)


REVOKE = """
    UPDATE tills.device SET revoked_at = coalesce(revoked_at, %(now)s) WHERE device_id = %(device_id)s RETURNING key_id
"""


async def devices(tx: Tx) -> list[Device]:
    """All tills, by outlet and name."""
    return await tx.many(Device, ALL)


async def device_of(tx: Tx, *, actor: Actor) -> Device:
    """The till that asks. Raises NotADevice."""
    found = await tx.maybe(Device, BY_KEY, key_id=actor.id) if actor.kind == "key" else None
    if found is None:
        raise NotADevice("Register the till (POST /v1/tills/devices) and use the key that it is given.")
    return found


async def device(tx: Tx, *, device_id: UUID) -> Device:
    """Raises UnknownDevice."""
    if found := await tx.maybe(Device, ONE, device_id=device_id):
        return found
    raise UnknownDevice(f"There is no till {device_id}.")


async def _one(tx: Tx, device_id: UUID) -> Device:
    return await tx.one(Device, ONE, device_id=device_id)


COLUMNS = """
    SELECT d.device_id, d.outlet_id, o.code AS outlet, d.name, d.registered_at, d.revoked_at, d.reached, d.gap_since,
           d.skew_ms, d.synced_at
    FROM tills.device AS d JOIN channels.v_outlet AS o USING (outlet_id)
"""
ONE = COLUMNS + "WHERE d.device_id = %(device_id)s"
BY_KEY = COLUMNS + "WHERE d.key_id = %(key_id)s"
ALL = COLUMNS + "ORDER BY o.code, d.name, d.registered_at"
