"""What the packages above see of the graph."""

from datetime import datetime
from uuid import UUID

import msgspec

Identifier = tuple[int, str]
"""Number of the namespace and normalised value. `Cleaner.clean` makes it from what a sender says."""

Pair = tuple[int, int]
"""Two node ids, the smaller first."""

PERSON_KEY, CONTACT, DEVICE, EPHEMERAL = 1, 2, 3, 4
"""Classes of namespaces, by how much a value proves."""


class Namespace(msgspec.Struct, frozen=True):
    """One kind of identifier and its limits."""

    ns: int
    name: str
    class_: int = msgspec.field(name="class")
    priority: int
    form: str
    max_per_person: int
    max_claimants: int
    confidence: float


class Observation(msgspec.Struct, frozen=True, gc=False):
    """Identifiers that were seen together: in one event, on one receipt, in one imported row."""

    identifiers: tuple[Identifier, ...]
    at: datetime
    source_id: int = 0
    position: int | None = None
    """Of the event in the log."""
    batch_id: str = ""
    """The import it came with; a batch can be retracted as a whole."""
    trust: float = 1.0
    """Of the source, 0 to 1: an address typed at a till proves less than one from a login."""


class Node(msgspec.Struct, frozen=True):
    """One identifier of a person."""

    node_id: int
    person_id: int
    namespace: str
    value: str
    key: UUID
    shared: bool
    first_seen: datetime


class Person(msgspec.Struct, frozen=True):
    """A person as the graph knows it now. Any key in `former_keys` finds it too."""

    key: UUID
    person_id: int
    nodes: list[Node]
    former_keys: list[UUID]


class Move(msgspec.Struct, frozen=True):
    """A node changed person."""

    node_id: int
    was: int
    now: int
