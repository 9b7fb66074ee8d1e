"""The proof: every column of every table is searched for her, whatever the register says.

By the database's own catalogue, so that a table that nobody declared is searched too; partitions, TOAST and
materialised views are read with their tables, and an index holds nothing that its table does not.
"""

from collections import defaultdict
from collections.abc import Sequence

from comptoir.kernel.db import Database
from comptoir.kernel.register import catalogue
from comptoir.kernel.register.catalogue import Column
from comptoir.privacy.values import Named

OURS = "privacy.erasure"
"""It names her for as long as it runs, and is emptied in the transaction that says that she is gone."""
REQUEST = "privacy.request"


async def search(db: Database, *, named: Named, nodes: Sequence[int]) -> dict[str, int]:
    """In how many rows of which tables she is found."""
    async with db.reading() as tx:
        columns = [one for one in await catalogue.columns(tx) if one.table not in {OURS, REQUEST}]
        links = [one for one in await catalogue.links(tx) if one.table not in {OURS, REQUEST}]
    found: dict[str, int] = {}
    by_table: defaultdict[str, list[Column]] = defaultdict(list)
    for column in columns:
        by_table[column.table].append(column)
    if everywhere := named.everywhere():
        for table, some in by_table.items():
            async with db.reading() as tx:
                if rows := await catalogue.found(tx, table, some, everywhere):
                    found[table] = rows
    for column in links:
        async with db.reading() as tx:
            if rows := await catalogue.linked(tx, column, nodes):
                found[column.table] = found.get(column.table, 0) + rows
    return found
