"""The partition is a function of the evidence, whatever the order, the batches and the company it arrives in."""

import pytest
from hypothesis import HealthCheck, given, settings

from comptoir import identity
from comptoir.identity import namespaces
from identity.worlds import EMPTY, cut, partition, reference, whole

pytestmark = pytest.mark.anyio


searching = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@searching
@given(cut())
async def test_order_and_batches_do_not_matter(tx, batches):
    await tx.run(EMPTY)
    rules = await namespaces.load(tx)
    for batch in batches:
        await identity.resolve(tx, batch)
    assert await partition(tx) == reference(whole(batches), rules)
