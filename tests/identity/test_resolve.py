"""The partition is a function of the evidence, whatever the order, the batches and the company it arrives in."""

from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings

from comptoir import identity
from comptoir.identity import Observation, namespaces
from conftest import examples
from identity.worlds import DEVICE, EMAIL, EMPTY, START, USER, cut, partition, reference, whole

pytestmark = pytest.mark.anyio


searching = settings(
    max_examples=examples(30), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@searching
@given(cut())
async def test_order_and_batches_do_not_matter(tx, batches):
    await tx.run(EMPTY)
    rules = await namespaces.load(tx)
    for batch in batches:
        await identity.resolve(tx, batch)
    assert await partition(tx) == reference(whole(batches), rules)


async def test_late_evidence_of_an_earlier_time_wins_the_contest(tx):
    """A laptop seen with two people's addresses goes with the one that it was seen with first, whenever that is heard."""

    def seen(*identifiers, minute):
        return Observation(identifiers, START + timedelta(minutes=minute), source_id=1)

    laptop, jos, mays = (DEVICE, "laptop"), (EMAIL, "jo"), (EMAIL, "may")
    await identity.resolve(tx, [seen((USER, "jo"), jos, minute=0), seen((USER, "may"), mays, minute=0)])
    await identity.resolve(tx, [seen(jos, laptop, minute=10), seen(mays, laptop, minute=20)])
    owner = await identity.lookup(tx, identifier=laptop)
    assert (USER, "jo") in {(USER, n.value) for n in owner.nodes if n.namespace == "user_id"}

    await identity.resolve(tx, [seen(mays, laptop, minute=5)])
    owner = await identity.lookup(tx, identifier=laptop)
    assert [n.value for n in owner.nodes if n.namespace == "user_id"] == ["may"]
    why = await identity.explain.explain(tx, a=laptop, b=jos)
    assert [edge.state for edge in why.against] == ["lost"]


async def test_a_stronger_word_wins_the_contest(tx):
    def seen(*identifiers, trust):
        return Observation(identifiers, START, source_id=1, trust=trust)

    laptop, jos, mays = (DEVICE, "laptop"), (EMAIL, "jo"), (EMAIL, "may")
    await identity.resolve(tx, [seen((USER, "jo"), jos, trust=1), seen((USER, "may"), mays, trust=1)])
    await identity.resolve(tx, [seen(jos, laptop, trust=0.5), seen(mays, laptop, trust=0.4)])
    await identity.resolve(tx, [seen(mays, laptop, trust=0.9)])
    owner = await identity.lookup(tx, identifier=laptop)
    assert [n.value for n in owner.nodes if n.namespace == "user_id"] == ["may"]
