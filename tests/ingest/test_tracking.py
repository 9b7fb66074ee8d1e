"""The routes that the official SDKs call."""

import pytest
from ingest.client import viewed

pytestmark = pytest.mark.anyio


async def test_a_batch_is_durable_when_answered(client, db):
    answer = await client.batch(viewed(), viewed(), sentAt="2026-11-21T10:00:01Z")
    assert (answer.status, answer.json) == (200, {"success": True})
    async with db.reading() as tx:
        assert await tx.value("SELECT count(*) FROM kernel.event") == 2
