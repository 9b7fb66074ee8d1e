"""Keyed hashes of erased identifiers. An identifier under a tombstone gets no node again, whoever names it: an event, a
replay, an import, a till. Let in again is who comes back of her own accord, by an explicit act (`readmit`).
"""

from collections.abc import Collection, Iterable
from datetime import datetime
from uuid import UUID

import msgspec

from comptoir.identity.records import Identifier
from comptoir.kernel.db import Tx, ints, texts
from comptoir.kernel.errors import Unavailable
from comptoir.kernel.register.house_key import house_key, keyed


class WrongHouseKey(Unavailable):
    """The key of the house is not the one by which erased people are known: nobody new is taken in without it."""

    code = "identity.wrong_house_key"


class Grave(msgspec.Struct, frozen=True):
    """An identifier that is to be erased."""

    node_id: int
    ns: int
    namespace: str
    value: str
    key: UUID


async def graves(tx: Tx, *, nodes: Iterable[int]) -> list[Grave]:
    """What these nodes are called."""
    return await tx.many(Grave, GRAVES, nodes=ints(sorted(nodes)))


GRAVES = """
    SELECT node_id, ns, namespace, value, key FROM identity.v_node WHERE node_id = ANY(%(nodes)s::bigint[])
    ORDER BY node_id
"""


async def exclude(tx: Tx) -> None:
    """Nobody resolves until the transaction ends."""
    await tx.run(EXCLUDE)


async def bury(tx: Tx, identifiers: Iterable[Identifier]) -> int:
    """Put a tombstone on each; returns how many are new. Whoever resolves meanwhile waits."""
    await tx.run(EXCLUDE)
    await tx.run(FIRST_PROOF, proof=keyed(house_key(), PROOF))
    key = await _key(tx)
    return await tx.run(BURY, hashes=texts(_hashes(key, identifiers)), now=tx.now)


async def buried(tx: Tx, identifiers: Collection[Identifier]) -> set[Identifier]:
    """Those of them that were erased."""
    if not identifiers or not await tx.value("SELECT EXISTS (SELECT FROM identity.tombstone)"):
        return set()
    by_hash = dict(zip(_hashes(await _key(tx), identifiers), identifiers, strict=True))
    found = await tx.values(FIND, hashes=texts(by_hash))
    return {by_hash[one] for one in found}


async def buried_at(tx: Tx, identifiers: Collection[Identifier]) -> dict[Identifier, datetime]:
    """When those of them that were erased were."""
    if not await buried(tx, identifiers):
        return {}
    by_hash = dict(zip(_hashes(await _key(tx), identifiers), identifiers, strict=True))
    return {by_hash[one]: at for one, at in await tx.tuples(WHEN, hashes=texts(by_hash))}


async def readmit(tx: Tx, identifiers: Collection[Identifier]) -> int:
    """Take their tombstones away; returns how many there were."""
    await tx.run(EXCLUDE)
    return await tx.run(READMIT, hashes=texts(_hashes(await _key(tx), identifiers)))


async def _key(tx: Tx) -> bytes:
    key = house_key()
    proof = await tx.value("SELECT proof FROM identity.house_key")
    if proof is not None and bytes(proof) != keyed(key, PROOF):
        raise WrongHouseKey("Set COMPTOIR_HOUSE_KEY, or bring back house.key, to what it was at the last erasure.")
    return key


def _hashes(key: bytes, identifiers: Iterable[Identifier]) -> list[str]:
    return [keyed(key, str(ns), value).hex() for ns, value in identifiers]


PROOF = "comptoir"
# The lock under which `resolve` makes nodes (shared there).
EXCLUDE = "SELECT pg_advisory_xact_lock(hashtext('identity'))"
FIRST_PROOF = "INSERT INTO identity.house_key (proof) VALUES (%(proof)s) ON CONFLICT DO NOTHING"
BURY = """
    INSERT INTO identity.tombstone (hash, buried_at)
    SELECT decode(h, 'hex'), %(now)s FROM unnest(%(hashes)s::text[]) AS h ORDER BY h ON CONFLICT DO NOTHING
"""
FIND = """
    SELECT encode(hash, 'hex') FROM identity.tombstone
    WHERE hash = ANY(ARRAY(SELECT decode(h, 'hex') FROM unnest(%(hashes)s::text[]) AS h))
"""
WHEN = """
    SELECT encode(hash, 'hex'), buried_at FROM identity.tombstone
    WHERE hash = ANY(ARRAY(SELECT decode(h, 'hex') FROM unnest(%(hashes)s::text[]) AS h))
"""
READMIT = """
    DELETE FROM identity.tombstone
    WHERE hash = ANY(ARRAY(SELECT decode(h, 'hex') FROM unnest(%(hashes)s::text[]) AS h))
"""
