"""What a file of records says of names, fillers and slips, kept beside the weights that were learnt from it.

Batch finds it in the data as it cleans (`matching.cleaning`); one record that comes alone is cleaned by what was found
then.
"""

import zlib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    import duckdb


class Domain(msgspec.Struct, frozen=True, array_like=True):
    """The part of an e-mail behind the @."""

    meant: str
    """Itself, or the one that it is a slip of."""
    relays: bool
    """Its addresses are masks."""


class Knowledge(msgspec.Struct, frozen=True, kw_only=True):
    """Counts and shares of one file."""

    records: int
    words: Mapping[str, tuple[int, int]]
    """How many records bear it as first name, and how many as last."""
    first_shares: Mapping[str, float]
    """Of the records with a first name, those that have this one, as it is cleaned; and so on."""
    last_shares: Mapping[str, float]
    place_shares: Mapping[str, float]
    domains: Mapping[str, Domain]
    frequent: Mapping[str, int]
    """Domains that another one may be a slip of, and their records."""
    often: frozenset[str]
    """Local parts that several providers know."""
    fillers: Mapping[str, frozenset[str]]
    """By field (mail, phone, card, device, birth, last): values that name nobody."""

    @property
    def unseen(self) -> float:
        """The share of a value that the file does not have: it is the next record's."""
        return 1 / (self.records + 1)

    def encode(self) -> bytes:
        return zlib.compress(msgspec.msgpack.encode(self), 6)

    def first(self, word: str) -> int:
        """How many bear this first name; 0 when it is none, or oftener a last name."""
        firsts, lasts = self.words.get(word, NEVER)
        return firsts if len(word) >= 3 and firsts >= 5 and firsts > lasts else 0

    def last(self, word: str) -> int:
        """How many bear this last name; 0 when it is none, or far oftener a first name."""
        firsts, lasts = self.words.get(word, NEVER)
        return lasts if len(word) >= 3 and lasts * 10 > (firsts if firsts >= 5 else 0) else 0

    def filler(self, field: str, value: str | None) -> bool:
        return value in self.fillers.get(field, NONE)


NONE: frozenset[str] = frozenset()
NEVER = 0, 0


def decode(found: bytes) -> Knowledge:
    return msgspec.msgpack.decode(zlib.decompress(found), type=Knowledge)


def of(con: "duckdb.DuckDBPyConnection") -> Knowledge:
    """What cleaning has found; to be called behind `cleaning.clean` on the same connection."""

    def pairs(sql: str) -> dict[Any, Any]:
        return dict(con.execute(sql).fetchall())

    fillers: dict[str, set[str]] = {}
    for field, value in con.execute("SELECT field, value FROM filler").fetchall():
        fillers.setdefault(field, set()).add(value)
    domains = con.execute("SELECT domain, meant, relays FROM domain WHERE domain <> meant OR relays").fetchall()
    (records,) = con.execute("SELECT count(*) FROM clean").fetchone() or (0,)
    return Knowledge(
        records=records,
        words=pairs("SELECT word, (firsts, lasts) FROM word"),
        first_shares=pairs("SELECT first, any_value(first_share) FROM clean WHERE first IS NOT NULL GROUP BY first"),
        last_shares=pairs("SELECT last, any_value(last_share) FROM clean WHERE last IS NOT NULL GROUP BY last"),
        place_shares=pairs(
            "SELECT postcode, any_value(place_share) FROM clean WHERE postcode IS NOT NULL GROUP BY postcode"
        ),
        domains={name: Domain(meant, relays) for name, meant, relays in domains},
        frequent=pairs("SELECT domain, n FROM domains WHERE n >= 20"),
        often=frozenset(value for (value,) in con.execute("SELECT local FROM often").fetchall()),
        fillers={field: frozenset(values) for field, values in fillers.items()},
    )
