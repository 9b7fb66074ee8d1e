"""What is packed for COPY is what PostgreSQL reads."""

from datetime import UTC, datetime

import pytest

from comptoir.kernel import pack
from comptoir.kernel.log import microseconds

pytestmark = pytest.mark.anyio

MOMENT = datetime(1969, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC)


async def test_every_type_and_its_null(tx):
    await tx.run(
        "CREATE TEMP TABLE kinds (a smallint, b integer, c bigint, d text, e jsonb, f timestamptz, g text[], h bytea)"
        " ON COMMIT DROP"
    )
    packers = [pack.int2, pack.int4, pack.int8, pack.text]
    full = b"".join(
        (
            pack.start(8),
            *(pack_one(value) for pack_one, value in zip(packers, (-1, 2**31 - 1, -(2**63), "é😀\n"), strict=True)),
            pack.jsonb(b'{"a": [1]}'),
            pack.moment(microseconds(MOMENT)),
            pack.texts(["a", "", 'NULL"{}']),
            pack.binary(b"\0\xff"),
        )
    )
    nulls = b"".join((pack.start(8), *(pack_one(None) for pack_one in packers), pack.NULL * 3, pack.binary(None)))
    empty = b"".join((pack.start(8), pack.NULL * 6, pack.texts([]), pack.NULL))

    await tx.copy("COPY kinds FROM STDIN (FORMAT binary)", pack.whole([full, nulls, empty]))

    assert await tx.tuples("SELECT * FROM kinds") == [
        (-1, 2**31 - 1, -(2**63), "é😀\n", {"a": [1]}, MOMENT, ["a", "", 'NULL"{}'], b"\0\xff"),
        (None,) * 8,
        (*[None] * 6, [], None),
    ]
