"""What follows from the acts of a batch, for the stock, the money and the people; gathered, then done together."""

from typing import Any

import msgspec

from comptoir import inventory
from comptoir.kernel.log import Fact
from comptoir.orders.fulfilment.dossiers import Dossier, Work
from comptoir.orders.fulfilment.errors import WrongState
from comptoir.orders.fulfilment.handing_over import Leaving
from comptoir.orders.fulfilment.records import Method, Reject


class Sought(msgspec.Struct, kw_only=True):
    """Pieces that a location does not give."""

    dossier: Dossier
    work: Work
    act: Reject
    pieces: dict[int, int]
    """By line."""
    at: dict[int, int]
    """Where they lie, by line."""


class Agenda(msgspec.Struct):
    """In the order in which it was decided."""

    stock: list[inventory.Act] = msgspec.field(default_factory=list[inventory.Act])
    leaving: list[Leaving] = msgspec.field(default_factory=list[Leaving])
    sought: list[Sought] = msgspec.field(default_factory=list[Sought])
    sent: list[tuple[Dossier, Work, dict[int, int]]] = msgspec.field(
        default_factory=list[tuple[Dossier, Work, dict[int, int]]]
    )
    """Pieces that are under way to a destination, by line."""
    facts: list[Fact] = msgspec.field(default_factory=list[Fact])
    tasks: list[dict[str, Any]] = msgspec.field(default_factory=list[dict[str, Any]])

    def ask(self, kind: str, why: str, *, work: Work, office: bool = False, **data: Any) -> None:
        """Somebody must look at it: at the location, or in the office."""
        self.tasks.append(
            {
                "kind": kind,
                "order_id": work.order_id,
                "fulfilment_id": work.fulfilment_id,
                "location_id": None if office else work.location_id,
                "why": why,
                "data": data,
            }
        )


ANY: tuple[Method, ...] = ("collect", "ship", "transfer")


def allowed(work: Work, done: str, *states: str, methods: tuple[Method, ...] = ANY) -> None:
    """Raises WrongState, which names the state."""
    if work.state in states and work.method in methods:
        return
    raise WrongState(
        f"What is {work.state}, to {work.method}, cannot be {done}: it must be {' or '.join(states)}"
        + ("." if methods == ANY else f", to {' or '.join(methods)}."),
        fulfilment_id=work.fulfilment_id,
        state=work.state,
        method=work.method,
        allowed=list(states),
        methods=list(methods),
    )
