"""Moments packed for binary COPY: one row of the timeline per event worth showing."""

import struct

from comptoir.kernel import pack
from comptoir.kernel.db import Tx
from comptoir.kernel.time import PG_EPOCH_MICROSECONDS
from comptoir.profiles.vocabulary import Meaning

LONGEST_SUBJECT = 160
SOLD, RETURNED = Meaning("order"), Meaning("return")

_start = struct.Struct("!hiqiqiqiq").pack  # number of columns, node_id, occurred_at, position, recorded_at
_amount = struct.Struct("!iq").pack
_NOTHING = pack.NULL * 2


class Packer:
    """Rows of one batch. What repeats (source, channel, meaning and name) is packed once."""

    def __init__(self) -> None:
        self.rows: list[bytes] = []
        self._whats: dict[tuple[int | None, str, str, Meaning, int | None], bytes] = {}

    def add(
        self,
        node_id: int,
        occurred: int,
        position: int,
        recorded: int,
        source_id: int | None,
        channel: str,
        meaning: Meaning,
        name: str,
        subject: str | None = None,
        amount: tuple[int, str] | None = None,
        outlet_id: int | None = None,
    ) -> None:
        """Times are Unix microseconds; `amount` is in minor units; `outlet_id` says where, when no source does."""
        what = self._whats.get((source_id, channel, name, meaning, outlet_id))
        if what is None:
            what = self._whats[source_id, channel, name, meaning, outlet_id] = b"".join(
                (
                    pack.int2(source_id),
                    pack.int2(outlet_id),
                    pack.text(channel),
                    pack.text(meaning.kind),
                    pack.binary(b"\x01" if meaning.spoke else b"\x00"),
                    pack.text(name),
                )
            )
        times = occurred - PG_EPOCH_MICROSECONDS, recorded - PG_EPOCH_MICROSECONDS
        self.rows.append(
            _start(13, 8, node_id, 8, times[0], 8, position, 8, times[1])
            + what
            + (pack.NULL if subject is None else pack.text(subject[:LONGEST_SUBJECT]))
            + (_NOTHING if amount is None else _amount(8, amount[0]) + pack.text(amount[1]))
        )

    async def write(self, tx: Tx) -> None:
        if self.rows:
            await tx.copy(COPY, pack.whole(self.rows))


COPY = """
    COPY profiles.moment (node_id, occurred_at, position, recorded_at, source_id, outlet_id, channel, kind, spoke, name,
                          subject, amount_minor, currency)
    FROM STDIN (FORMAT binary)
"""
