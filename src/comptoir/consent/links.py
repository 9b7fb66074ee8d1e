"""Links that open one thing each without a password: signed, for one purpose, until a moment.

Nothing is kept of them: what they open stands in the link, and only we can have signed it (HMAC-SHA-256). A link leaks
sooner or later, so what it shows names nobody.
"""

import base64
import binascii
import hashlib
import hmac
import struct
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from enum import IntEnum
from uuid import UUID

import msgspec

from comptoir.consent.errors import BadLink, NoPublicAddress
from comptoir.kernel.db import Tx

NOBODY = UUID(int=0)
MAC = 16
LONGEST = 200
_packed = struct.Struct("!BBqH16sI")


class Opens(IntEnum):
    """What a link is for. It opens nothing else."""

    PREFERENCES = 1
    CONFIRMATION = 2
    UNSUBSCRIPTION = 3


LASTS = {
    Opens.PREFERENCES: timedelta(days=30),
    Opens.CONFIRMATION: timedelta(days=7),
    # Mails are kept for long, and who wants no more of them must get out by any of them.
    Opens.UNSUBSCRIPTION: timedelta(days=730),
}
PATHS = {
    Opens.PREFERENCES: "/preferences",
    Opens.CONFIRMATION: "/preferences/confirmation",
    Opens.UNSUBSCRIPTION: "/preferences/unsubscription",
}
ONE_CLICK = "List-Unsubscribe=One-Click"


class Link(msgspec.Struct, frozen=True):
    """What stands in one."""

    opens: Opens
    node_id: int
    purpose_id: int = 0
    """Of an unsubscription."""
    act: UUID = NOBODY
    """Of a confirmation: what was asked."""


class Signer(msgspec.Struct, frozen=True):
    """With the key of this installation."""

    keys: dict[int, bytes]

    def sign(self, link: Link, *, now: datetime) -> str:
        number = max(self.keys)
        ends = int((now + LASTS[link.opens]).timestamp())
        body = _packed.pack(link.opens, number, link.node_id, link.purpose_id, link.act.bytes, ends)
        return base64.urlsafe_b64encode(body + self._mac(number, body)).decode().rstrip("=")

    def read(self, token: str, opens: Opens, *, now: datetime) -> Link:
        """Raises BadLink for one that is forged, for something else, or over; it is not told which."""
        if len(token) > LONGEST or not token.isascii():
            raise BadLink
        try:
            raw = base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True)
        except (binascii.Error, ValueError) as error:
            raise BadLink from error
        if len(raw) != _packed.size + MAC:
            raise BadLink
        body, mac = raw[: _packed.size], raw[_packed.size :]
        kind, number, node, purpose, act, ends = _packed.unpack(body)
        if number not in self.keys or not hmac.compare_digest(mac, self._mac(number, body)):
            raise BadLink
        if kind != opens or datetime.fromtimestamp(ends, UTC) <= now:
            raise BadLink
        return Link(opens, node, purpose, UUID(bytes=act))

    def _mac(self, number: int, body: bytes) -> bytes:
        return hmac.digest(self.keys[number], b"comptoir consent " + body, hashlib.sha256)[:MAC]


async def signer(tx: Tx) -> Signer:
    return Signer(dict(await tx.tuples("SELECT key_id, secret FROM consent.link_key")))


def address(public_url: str, opens: Opens, token: str) -> str:
    """Raises NoPublicAddress."""
    if not public_url:
        raise NoPublicAddress
    return f"{public_url.rstrip('/')}{PATHS[opens]}/{token}"


async def preference_links(tx: Tx, nodes: Sequence[int], *, public_url: str) -> list[str]:
    """The way to her preference centre, for the foot of every message to these contact points."""
    sign = await signer(tx)
    return [
        address(public_url, Opens.PREFERENCES, sign.sign(Link(Opens.PREFERENCES, node), now=tx.now)) for node in nodes
    ]


async def unsubscribe_headers(tx: Tx, mails: Sequence[tuple[int, int]], *, public_url: str) -> list[dict[str, str]]:
    """The headers of one-click unsubscription (RFC 8058) for e-mails, each by contact point and purpose id. The DKIM
    signature must cover both; the address must be https for those who heed it.
    """
    sign = await signer(tx)
    return [
        {
            "List-Unsubscribe": f"<{address(public_url, Opens.UNSUBSCRIPTION, token)}>",
            "List-Unsubscribe-Post": ONE_CLICK,
        }
        for node, purpose in mails
        for token in [sign.sign(Link(Opens.UNSUBSCRIPTION, node, purpose), now=tx.now)]
    ]
