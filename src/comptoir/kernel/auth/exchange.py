"""What is known of the request being answered, for hooks that nothing else connects."""

from contextvars import ContextVar
from typing import Any

import msgspec


class Exchange:
    """One request and its answer."""

    __slots__ = ("audited", "claim")

    def __init__(self) -> None:
        self.claim: Any = None
        """http.idempotency.Claim, while an answer is to be kept under an Idempotency-Key."""
        self.audited = False
        """Whether the operation wrote its own line of the audit trail."""


class ShownOnce(msgspec.Struct, frozen=True):
    """An answer with the only sight of a secret: nothing keeps it, not even for who asks again (http.idempotency)."""


exchange: ContextVar[Exchange | None] = ContextVar("exchange", default=None)
