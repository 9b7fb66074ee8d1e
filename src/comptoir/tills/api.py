"""/v1/tills: tills register, bring what they did while they were alone, and take along what they need for it."""

import gzip
import json
from datetime import datetime
from functools import partial
from typing import Annotated, Any, cast
from uuid import UUID

import msgspec
from litestar import Response, Router, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody, QueryParameter, RawBody
from litestar.status_codes import HTTP_200_OK, HTTP_201_CREATED, HTTP_304_NOT_MODIFIED

from comptoir import channels
from comptoir.kernel.auth import Actor, allow
from comptoir.kernel.db import Database, Tx
from comptoir.kernel.errors import TooLarge
from comptoir.kernel.http import AnyRequest, raises
from comptoir.tills import quarantine
from comptoir.tills.devices import device_of, devices, register, revoke
from comptoir.tills.errors import BadSync, DeviceExists, NotADevice, UnknownDevice, UnknownEntry
from comptoir.tills.records import Answer, Aside, Device, NewDevice, Registered, Synced
from comptoir.tills.snapshot import refresh, snapshot
from comptoir.tills.sync import sync

MAX_BODY = 32_000_000
MOST = 5_000
"""Entries of one sync."""


@post(
    "/devices",
    guards=[allow("tills:admin")],
    responses=raises(channels.UnknownOutlet, DeviceExists),
    status_code=HTTP_201_CREATED,
)
async def register_device(
    tx: NamedDependency[Tx], actor: NamedDependency[Actor], data: JSONBody[NewDevice]
) -> Registered:
    """Register a till. Its key is shown this once; it opens this till's sync and snapshot and nothing else."""
    return await register(tx, device=data, actor=actor)


@get("/devices", guards=[allow("tills:read")])
async def list_devices(tx: NamedDependency[Tx], actor: NamedDependency[Actor]) -> list[Device]:
    """Your outlets' tills, how far each has been heard, and since when entries of it are missing."""
    return [one for one in await devices(tx) if actor.at(one.outlet_id)]


@post(
    "/devices/{device_id:uuid}/revocation",
    guards=[allow("tills:admin")],
    responses=raises(UnknownDevice),
    status_code=HTTP_200_OK,
)
async def revoke_device(
    tx: NamedDependency[Tx], actor: NamedDependency[Actor], device_id: FromPath[UUID]
) -> Device:  # fmt: skip
    """End a till's key: it was stolen, or is out of use."""
    return await revoke(tx, device_id=device_id, actor=actor)


@post(
    "/sync",
    guards=[allow("sync:write")],
    responses=raises(NotADevice, BadSync, TooLarge),
    status_code=HTTP_200_OK,
    request_max_body_size=MAX_BODY,
)
async def sync_entries(db: NamedDependency[Database], actor: NamedDependency[Actor], body: RawBody) -> Synced:
    """Bring what the till did: `{"sent_at": …, "entries": […]}`, by the till's own key.

    Each entry is done once; the same again gets its first answer, so whoever has lost an answer sends it all again.
    """
    sent_at, entries = opened(body)
    async with db.reading() as tx:
        device = await device_of(tx, actor=actor)
    return await db.within(partial(sync, device=device, sent_at=sent_at, entries=entries))


@get("/snapshot", guards=[allow("sync:write")], responses=raises(NotADevice))
async def get_snapshot(
    db: NamedDependency[Database],
    actor: NamedDependency[Actor],
    request: AnyRequest,
    since: Annotated[int, QueryParameter(description="The version that the till has; 0: nothing.", ge=0)] = 0,
) -> Response[bytes]:
    """Prices, taxes, promotions and stock of the till's shop; with `since` what has changed. ETag, gzip."""
    async with db.reading() as tx:
        device = await device_of(tx, actor=actor)
        outlet = await channels.outlet(tx, code=device.outlet)
    version = await db.within(partial(refresh, outlet=outlet))
    tag = f'"{device.outlet}-{version}-{since}"'
    headers = {"ETag": tag, "Cache-Control": "private, no-cache", "Vary": "Accept-Encoding, Authorization"}
    if tag in request.headers.get("if-none-match", ""):
        return Response(b"", status_code=HTTP_304_NOT_MODIFIED, headers=headers)
    async with db.reading() as tx:
        told = msgspec.json.encode(await snapshot(tx, outlet=outlet, version=version, since=since))
    if "gzip" in request.headers.get("accept-encoding", ""):
        told = gzip.compress(told, 5)
        headers["Content-Encoding"] = "gzip"
    return Response(told, media_type="application/json", headers=headers)


@get("/quarantine", guards=[allow("tills:read")])
async def list_set_aside(tx: NamedDependency[Tx], actor: NamedDependency[Actor]) -> list[Aside]:
    """Entries of your outlets' tills that contradict their till's chain and that nobody has decided on."""
    hers = {one.device_id for one in await devices(tx) if actor.at(one.outlet_id)}
    return [one for one in await quarantine.set_aside(tx) if one.device_id in hers]


@post(
    "/quarantine/{quarantine_id:int}/taking",
    guards=[allow("tills:admin")],
    responses=raises(UnknownEntry, BadSync),
    status_code=HTTP_200_OK,
)
async def take_entry(
    tx: NamedDependency[Tx], actor: NamedDependency[Actor], quarantine_id: FromPath[int]
) -> Answer:  # fmt: skip
    """It has happened all the same: do what the entry says."""
    return await quarantine.take(tx, quarantine_id=quarantine_id, actor=actor)


@post(
    "/quarantine/{quarantine_id:int}/dismissal",
    guards=[allow("tills:admin")],
    responses=raises(UnknownEntry),
    status_code=HTTP_200_OK,
)
async def dismiss_entry(
    tx: NamedDependency[Tx], actor: NamedDependency[Actor], quarantine_id: FromPath[int]
) -> None:  # fmt: skip
    """Nothing is to be done of it: it was recorded by hand, or never happened."""
    await quarantine.dismiss(tx, quarantine_id=quarantine_id, actor=actor)


router = Router(
    "/v1/tills",
    route_handlers=[
        register_device,
        list_devices,
        revoke_device,
        sync_entries,
        get_snapshot,
        list_set_aside,
        take_entry,
        dismiss_entry,
    ],
    tags=["tills"],
)


def opened(body: bytes) -> tuple[datetime, list[Any]]:
    """What surrounds the entries; each of them is judged by itself."""
    try:
        told: Any = msgspec.json.decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        try:
            told = json.loads(body)  # it reads over half a surrogate pair within one entry
        except (ValueError, RecursionError) as error:
            raise BadSync(f"The body is not JSON: {error}") from error
    envelope = cast("dict[str, Any]", told) if isinstance(told, dict) else {}
    entries: Any = envelope.get("entries")
    if not isinstance(entries, list):
        raise BadSync('Send {"sent_at": …, "entries": […]}.')
    found = cast("list[Any]", entries)
    if len(found) > MOST:
        raise TooLarge(f"{len(found)} entries are too many for one sync: send at most {MOST}.", most=MOST)
    try:
        sent_at = msgspec.convert(envelope.get("sent_at"), Annotated[datetime, msgspec.Meta(tz=True)])
    except msgspec.ValidationError as error:
        raise BadSync("`sent_at` is the till's clock: 2026-11-21T17:30:00+01:00.") from error
    return sent_at, found
