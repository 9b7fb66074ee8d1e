"""What people say, and the rule told again in the plainest way."""

from datetime import UTC, datetime, timedelta

from comptoir import consent, identity
from comptoir.identity import Observation
from comptoir.kernel.auth import SYSTEM

START = datetime(2026, 11, 1, tzinfo=UTC)
EMPTY = """
    TRUNCATE consent.choice, consent.standing, identity.node, identity.edge, identity.evidence, identity.cannot_link,
        identity.journal, identity.task
"""
NS = {"user_id": 1, "email": 3, "phone": 4, "anonymous_id": 7}
STRICT = ["granted", "pending", "denied", "withdrawn"]


def at(minute):
    return START + timedelta(minutes=minute)


def choice(value="ines@example.com", state="granted", *, minute=0, namespace="email", **more):
    told = {"channel": "email", "purpose": "offers", "said_at": at(minute), **more}
    return consent.NewChoice(namespace=namespace, value=value, state=state, **told)


async def say(tx, *choices, actor=SYSTEM):
    return await consent.record(tx, choices, actor=actor, country="FR")


async def node(tx, namespace, value):
    return (await identity.resolve(tx, [Observation(((NS[namespace], value),), START)]))[0]


async def together(tx, *identifiers, minute=0):
    named = tuple((NS[namespace], value) for namespace, value in identifiers)
    return await identity.observe(tx, Observation(named, at(minute), source_id=1))


async def asked(tx, node_id, channel="email", purpose="offers"):
    (verdict,) = await consent.may(tx, [(node_id, channel, purpose)])
    return verdict


def naive(said, hers, channel, basis):
    """`said`: (node, channel, state, minute) of one purpose in the order told; `hers`: the nodes that count."""
    latest = {}
    for one, by, state, minute in said:
        if by != channel or one not in hers:
            continue
        rank = (state != "pending", minute, STRICT.index(state))
        if one not in latest or rank >= latest[one][0]:
            latest[one] = rank, state
    states = {state for _, state in latest.values()}
    if not states:
        return basis == "opt_out"
    return states == {"granted"}
