"""The register of personal data: what each package keeps of people, how it hangs on them, and what erasure does to it.

Every package says so of its own tables (`holdings.py`, `HOLDINGS`), in the form of `Table`. From this come the page
"register of processing", the access report, and erasure itself. A test walks the database's catalogue: a column that
nobody has declared fails it, so that no table can be forgotten.
"""

from collections.abc import Awaitable, Callable
from typing import Literal, LiteralString
from uuid import UUID

import msgspec

from comptoir.kernel.db import Tx


class Subject(msgspec.Struct, frozen=True):
    """A person, as the tables name her: `%(nodes)s`, `%(orders)s`, … of the statements below."""

    nodes: list[int]
    """Her identifiers (identity.node), all that are or were ever hers. A founder's is a person_id as well."""
    orders: list[UUID] = []
    """And her baskets: an order has the id of the basket that it was."""
    sales: list[int] = []
    returns: list[UUID] = []
    documents: list[UUID] = []


Fate = Literal["deleted", "emptied", "pseudonymised", "redacted", "kept"]
"""What erasure does: the row goes; its words about her go; the row stays without her, because accounting law wants it;
her values are taken out of somebody's words; nothing, because it is not hers.
"""
By = Literal["node", "order", "value", "log", "staff"]
"""How it hangs on a person: by an identifier's node, by her order, by nothing but her values in it, by an event of the
log; or it is of staff, not of customers.
"""


class Table(msgspec.Struct, frozen=True, kw_only=True):
    """What one table holds. Every column of text, JSON or bytes stands in one of `hers`, `free` and `plain`."""

    name: LiteralString
    what: str = ""
    """In words, for the page; empty where nothing is personal."""
    by: By | None = None
    does: Fate | None = None
    hers: LiteralString = ""
    """Columns that hold a person's data, with a space between."""
    free: LiteralString = ""
    """Columns in which somebody may have written anything: her values are taken out of them, wherever they stand."""
    plain: LiteralString = ""
    """Columns that hold no person's data: codes, words of the house, names of staff, digests."""
    why: str = ""
    """Why it is kept, where erasure leaves something."""
    keep: str = ""
    """For how long: the setting that says so, or a word."""
    erase: LiteralString = ""
    """By her nodes, orders, sales and returns. Safe to repeat."""
    work: Callable[[Tx, Subject], Awaitable[int]] | None = None
    """In place of `erase`, where a statement is not enough."""
    show: LiteralString = ""
    """Rows of hers for the access report, a JSON document each."""
    drop: bool = False
    """A row in whose free columns her values stand, or the numbers of her orders and documents, goes altogether."""

    @property
    def columns(self) -> set[str]:
        return {*self.hers.split(), *self.free.split(), *self.plain.split()}
