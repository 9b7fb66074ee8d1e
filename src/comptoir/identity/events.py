"""What the graph tells those above it. `person_id`s are founders' node ids; keys are public ids."""

from uuid import UUID

from comptoir.kernel.log import Fact


class PeopleMerged(Fact, frozen=True):
    """Several people were found to be one. Their old keys go on to work."""

    kind = "identity.people_merged"

    person_id: int
    key: UUID
    absorbed: list[int]
    """The person ids that now are `person_id`."""
    nodes: list[int]
    """The nodes that changed person."""

    def lane_key(self) -> str:
        return str(self.key)


class PeopleSplit(Fact, frozen=True):
    """One person was found to be several. Their own old keys stand for them again."""

    kind = "identity.people_split"

    person_id: int
    key: UUID
    parts: list[int]
    """The person ids that its nodes went to."""
    nodes: list[int]

    def lane_key(self) -> str:
        return str(self.key)
