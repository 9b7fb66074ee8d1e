"""Whose goods they are: users and keys of some shops move, count and keep back what lies in these.

What is elsewhere, also in a warehouse, is nobody's of them. A transfer is asked for and called off by either end, sent
by the one and received by the other. Who is of no shop in particular may act on all of it. Everybody may look.
"""

from collections.abc import Iterable
from typing import LiteralString
from uuid import UUID

from comptoir.inventory.errors import NotYourGoods
from comptoir.inventory.records import is_inside
from comptoir.kernel.auth import Actor
from comptoir.kernel.db import Tx, ints


async def must_keep(tx: Tx, by: Actor, location_ids: Iterable[int]) -> None:
    """All these locations are theirs, or accounts outside the house. Raises NotYourGoods."""
    wanted = {one for one in location_ids if is_inside(one)}
    if by.outlets and wanted - await _theirs(tx, by, wanted):
        raise NotYourGoods


async def must_keep_one(tx: Tx, by: Actor, location_ids: Iterable[int]) -> None:
    """One of these locations at least is theirs. Raises NotYourGoods."""
    if by.outlets and not await _theirs(tx, by, set(location_ids)):
        raise NotYourGoods


def must_keep_all(by: Actor) -> None:
    """It holds for every place. Raises NotYourGoods."""
    if by.outlets:
        raise NotYourGoods("It holds for all places: the office decides it.")


async def must_send(tx: Tx, by: Actor, *, transfer_id: UUID) -> None:
    """The goods leave one of theirs. Raises NotYourGoods; of a transfer that does not exist others speak."""
    for source, _ in await tx.tuples(ENDS, transfer_id=transfer_id) if by.outlets else ():
        await must_keep_one(tx, by, [source])


async def must_receive(tx: Tx, by: Actor, *, transfer_id: UUID) -> None:
    """The goods come to one of theirs. Raises NotYourGoods; of a transfer that does not exist others speak."""
    for _, target in await tx.tuples(ENDS, transfer_id=transfer_id) if by.outlets else ():
        await must_keep_one(tx, by, [target])


async def must_be_an_end(tx: Tx, by: Actor, *, transfer_id: UUID) -> None:
    """The goods leave one of theirs or come there. Raises NotYourGoods; of one that does not exist others speak."""
    for ends in await tx.tuples(ENDS, transfer_id=transfer_id) if by.outlets else ():
        await must_keep_one(tx, by, ends)


async def must_count(tx: Tx, by: Actor, *, count_id: UUID) -> None:
    """It is counted at one of theirs. Raises NotYourGoods; of a count that does not exist others speak."""
    for here in await tx.tuples(COUNTED, count_id=count_id) if by.outlets else ():
        await must_keep_one(tx, by, here)


async def _theirs(tx: Tx, by: Actor, location_ids: set[int]) -> set[int]:
    return set(await tx.values(THEIRS, ids=ints(sorted(location_ids)), outlets=ints(sorted(by.outlets))))


THEIRS: LiteralString = """
    SELECT location_id FROM inventory.location
    WHERE location_id = ANY(%(ids)s::int[]) AND outlet_id = ANY(%(outlets)s::int[])
"""

ENDS = "SELECT from_location_id, to_location_id FROM inventory.transfer WHERE transfer_id = %(transfer_id)s"

COUNTED = "SELECT location_id FROM inventory.count WHERE count_id = %(count_id)s"
