"""Tokens that open one thing each, such as a basket: `ct_<secret>`, for browsers and apps, which keep no API key.

The thing itself holds the digests of its tokens, so that a request needs no look-up before it; a token that opens
nothing is refused there.
"""

import hashlib
import secrets
from uuid import UUID

import msgspec

from comptoir.kernel.auth.actors import Actor

MARK = "ct_"
LEAST, MOST = 40, 80
SCOPES = frozenset({"baskets:write"})


class NewToken(msgspec.Struct, frozen=True):
    """A token just made, with the only sight of it."""

    token: str
    digest: UUID
    """What the thing keeps of it: the first 16 bytes of its SHA-256. The secret has 256 random bits."""


def new_token() -> NewToken:
    token = MARK + secrets.token_urlsafe(32)
    return NewToken(token, digest(token))


def actor_of_token(token: str) -> Actor | None:
    """Its bearer; None for one that is malformed."""
    if not LEAST <= len(token) <= MOST or not token.isascii():
        return None
    return Actor(kind="bearer", id=digest(token), name="bearer", scopes=SCOPES)


def digest(token: str) -> UUID:
    return UUID(bytes=hashlib.sha256(token.encode()).digest()[:16])
