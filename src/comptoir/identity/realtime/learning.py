"""What a model is made of, learnt from a file of records: the same steps as `comptoir identity match` takes.

The file holds one `Written` a line, as JSON.
"""

from pathlib import Path

import duckdb

from comptoir.identity.matching import candidates, cleaning, columns, training
from comptoir.identity.realtime import knowledge
from comptoir.identity.realtime.models import Learnt


def learn(file: Path, version: str) -> Learnt:
    """Seconds to minutes."""
    with duckdb.connect() as con:
        con.execute(READ, [str(file), columns.COLUMNS])
        cleaning.clean(con)
        candidates.pair(con)
        return Learnt(version, training.train(con), knowledge.of(con))


READ = """
    CREATE TABLE record AS SELECT (row_number() OVER ())::INTEGER - 1 AS id, *
    FROM read_json(?, format = 'newline_delimited', columns = ?)
"""
