"""Versions of what was learnt: kept, tried in the shadow, put to use, taken back.

One is live. It is remembered by each process, which looks once in a few seconds whether another has taken its place.
"""

import time
from datetime import datetime
from typing import Literal

import msgspec

from comptoir.identity.errors import NoModel, UnknownModel
from comptoir.identity.matching import model as weights
from comptoir.identity.matching.clustering import Clustering
from comptoir.identity.matching.comparisons import COMPARISONS
from comptoir.identity.realtime import knowledge
from comptoir.kernel.db import Tx
from comptoir.kernel.errors import Conflict

State = Literal["shadow", "live", "retired"]
REMEMBERED = 5.0
"""Seconds."""


class Version(msgspec.Struct, frozen=True):
    """A model as it is listed."""

    version: str
    records: int
    learnt_at: datetime
    state: State


class Learnt:
    """All that judges a record."""

    def __init__(self, version: str, model: weights.Model, known: knowledge.Knowledge) -> None:
        self.version = version
        self.model = model
        self.known = known
        self.weigher = Clustering([], model)
        self.weights = {one.name: model.weights(one.name) for one in COMPARISONS}


class ModelExists(Conflict):
    """There is a model of this version."""

    code = "identity.model_exists"


async def keep(tx: Tx, learnt: Learnt, *, records: int) -> Version:
    """In the shadow at first: it judges nothing yet. Raises ModelExists."""
    found = await tx.maybe(
        Version,
        KEEP,
        version=learnt.version,
        weights=learnt.model.encode(),
        knowledge=learnt.known.encode(),
        records=records,
    )
    if found is None:
        raise ModelExists(f"There is a model {learnt.version}: name this one otherwise.")
    return found


async def put_to_use(tx: Tx, *, version: str) -> Version:
    """Have it judge from now on; the one before is retired. Raises UnknownModel."""
    await tx.run(RETIRE, version=version)
    found = await tx.maybe(Version, USE, version=version)
    if found is None:
        raise UnknownModel(f"There is no model {version}.")
    return found


async def listing(tx: Tx) -> list[Version]:
    """The newest first."""
    return await tx.many(Version, LIST)


async def known(tx: Tx, *, version: str) -> None:
    """Raises UnknownModel."""
    if not await tx.value("SELECT true FROM identity.model WHERE version = %(version)s", version=version):
        raise UnknownModel(f"There is no model {version}.")


class Models:
    """The live model, remembered by a process."""

    def __init__(self) -> None:
        self._learnt: Learnt | None = None
        self._looked = float("-inf")

    async def live(self, tx: Tx) -> Learnt:
        """Raises NoModel."""
        if self._learnt is None or time.monotonic() - self._looked > REMEMBERED:
            version = await tx.value("SELECT version FROM identity.model WHERE state = 'live'")
            if version is None:
                self._learnt = None
                raise NoModel
            if self._learnt is None or self._learnt.version != version:
                self._learnt = await read(tx, version=version)
            self._looked = time.monotonic()
        return self._learnt


async def read(tx: Tx, *, version: str) -> Learnt:
    """Raises UnknownModel."""
    found = await tx.tuples(
        "SELECT weights, knowledge FROM identity.model WHERE version = %(version)s", version=version
    )
    if not found:
        raise UnknownModel(f"There is no model {version}.")
    ((model, known),) = found
    return Learnt(version, weights.decode(model), knowledge.decode(known))


KEEP = """
    INSERT INTO identity.model (version, weights, knowledge, records, learnt_at, state)
    VALUES (%(version)s, %(weights)s, %(knowledge)s, %(records)s, now(), 'shadow')
    ON CONFLICT (version) DO NOTHING RETURNING version, records, learnt_at, state
"""
RETIRE = "UPDATE identity.model SET state = 'retired' WHERE state = 'live' AND version <> %(version)s"
USE = """
    UPDATE identity.model SET state = 'live' WHERE version = %(version)s RETURNING version, records, learnt_at, state
"""
LIST = "SELECT version, records, learnt_at, state FROM identity.model ORDER BY learnt_at DESC, version"
