"""Who a person is now: by any identifier, or by any public id that was ever given."""

from collections.abc import Iterable, Sequence
from uuid import UUID

from comptoir.identity.errors import BeingErased, UnknownIdentifier, UnknownPerson
from comptoir.identity.normalise import Cleaner, Refused
from comptoir.identity.records import Identifier, Node, Person
from comptoir.kernel.db import Tx, ints, texts


async def lookup(tx: Tx, *, identifier: Identifier) -> Person:
    """The person with this identifier."""
    return await of(tx, person_id=(await node(tx, identifier=identifier)).person_id)


async def named(tx: Tx, *, text: str, country: str | None) -> list[int]:
    """The people of whom this text is an identifier of any kind, however it was typed.

    `country` (ISO 3166) is where a telephone number without a country code is dialled.
    """
    cleaner = await Cleaner.load(tx)
    typed = text.strip()
    # A number copied from a list of E.164 ones often comes without its plus.
    forms = {typed, typed.lower(), "+" + "".join(c for c in typed if c.isdigit())} - {"", "+"}
    asked = {
        found
        for name in cleaner.rules.by_name
        for form in forms
        if not isinstance(found := cleaner.one(name, form, country), Refused)
    }
    wanted = sorted(asked)
    return await tx.values(NAMED, ns=ints(ns for ns, _ in wanted), values=texts(value for _, value in wanted))


async def node(tx: Tx, *, identifier: Identifier) -> Node:
    """One identifier."""
    found = await tx.maybe(Node, NODE, ns=identifier[0], value=identifier[1])
    if not found:
        raise UnknownIdentifier(f"Nobody with {identifier[1]!r} has been seen.")
    return found


async def person(tx: Tx, *, key: UUID) -> Person:
    """The person whom this public id names now; a merged person's old id goes on to work."""
    found = await tx.value("SELECT person_id FROM identity.node WHERE key = %(key)s", key=key)
    if found is None:
        raise UnknownPerson(f"No person was ever known by {key}.")
    return await of(tx, person_id=found)


async def of(tx: Tx, *, person_id: int) -> Person:
    """The person founded by this node. Raises BeingErased."""
    await seen(tx, person_id=person_id)
    return await whole(tx, person_id=person_id)


async def seen(tx: Tx, *, person_id: int) -> None:
    """Raises BeingErased where nobody is to see her any more."""
    if await tx.value(ERASING, person_id=person_id):
        raise BeingErased("This person has asked to be erased, and is being erased.")


ERASING = "SELECT EXISTS (SELECT FROM identity.withheld WHERE node_id = %(person_id)s AND why = 'erasing')"


async def whole(tx: Tx, *, person_id: int) -> Person:
    """The same for those who erase."""
    nodes = await tx.many(Node, NODES, people=ints([person_id]))
    if not nodes:
        raise UnknownPerson(f"No person is founded by node {person_id}.")
    founder = nodes[0]
    return Person(founder.key, founder.person_id, nodes, [node.key for node in nodes[1:]])


async def nodes_by_value(tx: Tx, identifiers: Sequence[Identifier]) -> dict[Identifier, int]:
    """The nodes of those that are known, for bulk readers. None is made."""
    wanted = sorted(set(identifiers))
    found = await tx.tuples(BY_VALUE, ns=ints(ns for ns, _ in wanted), values=texts(value for _, value in wanted))
    return {wanted[index - 1]: node for index, node in found}


async def persons_of(tx: Tx, nodes: Iterable[int]) -> dict[int, int]:
    """The person of each node, for bulk readers."""
    return dict(await tx.tuples(PERSONS_OF, nodes=ints(nodes)))


async def keys_of(tx: Tx, people: Iterable[int]) -> dict[int, UUID]:
    """The public ids of people who are founded by these nodes."""
    return dict(await tx.tuples(KEYS_OF, people=ints(people)))


async def nodes_of(tx: Tx, people: Iterable[int]) -> list[Node]:
    """All nodes of some people, by person, the founder first."""
    return await tx.many(Node, NODES, people=ints(people))


# LIMIT 1 keeps each look a probe of the unique index.
NAMED = """
    SELECT DISTINCT n.person_id FROM unnest(%(ns)s::smallint[], %(values)s::text[]) AS k (ns, value)
    CROSS JOIN LATERAL (
        SELECT person_id FROM identity.node AS n WHERE n.ns = k.ns AND n.value = k.value LIMIT 1) AS n
    WHERE NOT EXISTS (
        SELECT FROM identity.withheld AS w WHERE w.node_id = n.person_id AND w.why = 'erasing')
    ORDER BY n.person_id
"""

BY_VALUE = """
    SELECT k.i, n.node_id FROM unnest(%(ns)s::smallint[], %(values)s::text[]) WITH ORDINALITY AS k (ns, value, i)
    CROSS JOIN LATERAL (
        SELECT node_id FROM identity.node AS n WHERE n.ns = k.ns AND n.value = k.value LIMIT 1) AS n
"""

NODE = """
    SELECT node_id, person_id, namespace, value, key, shared, first_seen
    FROM identity.v_node WHERE ns = %(ns)s AND value = %(value)s
"""

NODES = """
    SELECT node_id, person_id, namespace, value, key, shared, first_seen
    FROM identity.v_node WHERE node_id = ANY(%(people)s::bigint[]) AND person_id = node_id
    UNION ALL
    SELECT node_id, person_id, namespace, value, key, shared, first_seen
    FROM identity.v_node WHERE person_id = ANY(%(people)s::bigint[]) AND person_id <> node_id
    ORDER BY person_id, node_id
"""

PERSONS_OF = "SELECT node_id, person_id FROM identity.node WHERE node_id = ANY(%(nodes)s::bigint[])"
KEYS_OF = "SELECT node_id, key FROM identity.node WHERE node_id = ANY(%(people)s::bigint[])"
