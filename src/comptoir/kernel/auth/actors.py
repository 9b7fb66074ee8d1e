"""Who acts: a user, an API key, the bearer of a token that opens one thing, or the installation itself."""

from typing import Literal
from uuid import UUID

import msgspec

from comptoir.kernel.auth.permissions import Role, opens


class Actor(msgspec.Struct, frozen=True, kw_only=True):
    """The one who asks. Handlers take it as `actor: NamedDependency[Actor]` and pass it to operations."""

    kind: Literal["user", "key", "bearer", "system", "nobody"]
    id: UUID | None = None
    """Of a bearer: the digest of the token. Whoever keeps the thing knows which digests open it."""
    name: str
    """A user's e-mail, a key's name."""
    roles: tuple[Role, ...] = ()
    scopes: frozenset[str] = frozenset()
    outlet_id: int | None = None
    """The shop of an associate."""
    outlets: frozenset[int] = frozenset()
    """The outlets in whose name it may act; empty: all."""
    language: str = ""
    """The console's language a user has chosen; empty: the installation's."""

    def at(self, outlet_id: int) -> bool:
        """Whether it may act in the name of this outlet."""
        return self.kind != "bearer" and (not self.outlets or outlet_id in self.outlets)

    def may(self, scope: str) -> bool:
        return opens(self.scopes, scope)


SYSTEM = Actor(kind="system", name="comptoir", scopes=frozenset({"*:admin"}))
NOBODY = Actor(kind="nobody", name="")
