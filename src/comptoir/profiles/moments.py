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
    """Rows of one batch. What repeats (channel and meaning, names, currencies) is packed once."""

    def __init__(self) -> None:
        self.rows: list[bytes] = []
        self._sources: dict[int | None, bytes] = {}
        self._places: dict[tuple[str, str, bool], bytes] = {}
        self._texts: dict[str, bytes] = {}

    def add(
        self,
        *,
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
    ) -> None:
        """Times are Unix microseconds; `amount` is in minor units of its currency."""
        place = channel, meaning.kind, meaning.spoke
        source = self._sources.get(source_id)
        if source is None:
            source = self._sources[source_id] = pack.int2(source_id)
        where = self._places.get(place)
        if where is None:
            where = self._places[place] = (
                pack.text(channel) + pack.text(meaning.kind) + pack.binary(b"\x01" if meaning.spoke else b"\x00")
            )
        self.rows.append(
            b"".join(
                (
                    _start(
                        12,
                        8,
                        node_id,
                        8,
                        occurred - PG_EPOCH_MICROSECONDS,
                        8,
                        position,
                        8,
                        recorded - PG_EPOCH_MICROSECONDS,
                    ),
                    source,
                    where,
                    self._text(name),
                    pack.NULL if subject is None else pack.text(subject[:LONGEST_SUBJECT]),
                    _NOTHING if amount is None else _amount(8, amount[0]) + self._text(amount[1]),
                )
            )
        )

    def _text(self, value: str) -> bytes:
        packed = self._texts.get(value)
        if packed is None:
            packed = self._texts[value] = pack.text(value)
        return packed

    async def write(self, tx: Tx) -> None:
        if self.rows:
            await tx.copy(COPY, pack.whole(self.rows))


COPY = """
    COPY profiles.moment (node_id, occurred_at, position, recorded_at, source_id, channel, kind, spoke, name, subject,
                          amount_minor, currency)
    FROM STDIN (FORMAT binary)
"""
