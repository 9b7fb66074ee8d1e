"""What may be done: asked by those who send, for many at once, and told of a person with its reasons."""

from collections import defaultdict
from collections.abc import Iterable, Sequence

from comptoir import identity
from comptoir.consent.deciding import Standing, channels_of, decide, is_whole, why
from comptoir.consent.purposes import purposes
from comptoir.consent.records import CHANNELS, WHOLE, Effective, Purpose, Verdict
from comptoir.identity import Namespace, Node
from comptoir.kernel.db import Tx, ints

Asked = tuple[int, str, str]
"""Node, channel, purpose."""


async def may(tx: Tx, asked: Sequence[Asked]) -> list[Verdict]:
    """Whether each may be done now. Ask in the transaction that claims the message, not before it.

    Of a contact point its own latest word holds. Of what concerns the whole person (post, onsite, sale_or_share) the
    most restrictive of her contact points' does; a shared contact point speaks for nobody but itself.
    """
    if not asked:
        return []
    known = {one.code: one for one in await purposes(tx)}
    rules = (await identity.namespaces.load(tx)).by_name
    nodes = await named(tx, {node for node, _, _ in asked})
    people = {
        node.person_id for node, channel in ((nodes.get(id_), channel) for id_, channel, _ in asked)
        if node and is_whole(channel) and not node.shared
    }  # fmt: skip
    members: dict[int, list[int]] = defaultdict(list)
    for node in await identity.nodes_of(tx, people) if people else []:
        if not node.shared:
            members[node.person_id].append(node.node_id)
    held = await identity.erasing.restricted(tx, nodes=nodes)
    words = await standing(tx, {*nodes, *(one for of in members.values() for one in of)})

    def verdict(id_: int, channel: str, code: str) -> Verdict:
        if id_ in held:
            return Verdict(False, "restricted")
        node, purpose = nodes.get(id_), known.get(code)
        if node is None or purpose is None:
            return decide(purpose, channel, rules.get(node.namespace) if node else None, ())
        hers = members[node.person_id] if is_whole(channel) and not node.shared else [id_]
        said = (word for one in hers if (word := words.get((one, purpose.purpose_id, channel))))
        return decide(purpose, channel, rules[node.namespace], said)

    return [verdict(*one) for one in asked]


async def effective(tx: Tx, *, person: int) -> list[Effective]:
    """What holds for somebody, contact point by contact point, then of her as a whole; each with its reason."""
    nodes = await identity.nodes_of(tx, [person])
    return of_nodes(
        await purposes(tx),
        (await identity.namespaces.load(tx)).by_name,
        nodes,
        await standing(tx, [node.node_id for node in nodes]),
    )


async def effective_of(tx: Tx, *, node: int) -> list[Effective]:
    """The same of one contact point alone: one that several people share speaks for nobody else."""
    found = await named(tx, [node])
    return of_nodes(
        await purposes(tx),
        (await identity.namespaces.load(tx)).by_name,
        list(found.values()),
        await standing(tx, [node]),
        alone=True,
    )


def of_nodes(
    known: Iterable[Purpose],
    rules: dict[str, Namespace],
    nodes: Sequence[Node],
    words: dict[tuple[int, int, str], Standing],
    *,
    alone: bool = False,
) -> list[Effective]:
    """Pure. `alone`: a shared node's word of the whole person is told as its own."""
    found: list[Effective] = []
    known = list(known)
    for node in nodes:
        for purpose in known:
            for channel in channels_of(purpose, rules[node.namespace]):
                word = words.get((node.node_id, purpose.purpose_id, channel))
                verdict = decide(purpose, channel, rules[node.namespace], [word] if word else [])
                found.append(told(node, purpose, channel, verdict, word))
    hers = [node for node in nodes if alone or not node.shared]
    if not hers:
        return found
    for purpose in known:
        for channel in (one for one in CHANNELS if one in WHOLE and one in purpose.channels):
            said = [word for node in hers if (word := words.get((node.node_id, purpose.purpose_id, channel)))]
            verdict = decide(purpose, channel, rules[hers[0].namespace], said)
            word = next((one for one in said if one.choice_id == verdict.choice_id), None)
            found.append(told(None, purpose, channel, verdict, word))
    return found


def told(node: Node | None, purpose: Purpose, channel: str, verdict: Verdict, word: Standing | None) -> Effective:
    return Effective(
        node_id=node.node_id if node else None,
        namespace=node.namespace if node else "",
        value=node.value if node else "",
        purpose=purpose.code,
        channel=channel,  # type: ignore[arg-type]
        allowed=verdict.allowed,
        because=verdict.because,
        why=why(verdict),
        state=word.state if word else None,
        choice_id=verdict.choice_id,
        decided_by=verdict.node_id,
        said_at=verdict.said_at,
        origin=word.origin if word else None,
    )


async def standing(tx: Tx, nodes: Iterable[int]) -> dict[tuple[int, int, str], Standing]:
    """What stands for these contact points, by node, purpose and channel."""
    found = await tx.many(Standing, STANDING, nodes=ints(sorted(set(nodes))))
    return {(one.node_id, one.purpose_id, one.channel): one for one in found}


async def named(tx: Tx, nodes: Iterable[int]) -> dict[int, Node]:
    """These nodes as they are now."""
    return {one.node_id: one for one in await tx.many(Node, NODES, nodes=ints(sorted(set(nodes))))}


STANDING = """
    SELECT node_id, purpose_id, channel, state::text AS state, said_at, origin, choice_id
    FROM consent.standing WHERE node_id = ANY(%(nodes)s::bigint[])
"""
NODES = """
    SELECT node_id, person_id, namespace, value, key, shared, first_seen
    FROM identity.v_node WHERE node_id = ANY(%(nodes)s::bigint[])
"""
