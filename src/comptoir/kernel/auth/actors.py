"""Who acts: a user, an API key, or the installation itself."""

from typing import Literal
from uuid import UUID

import msgspec

from comptoir.kernel.auth.permissions import Role, opens


class Actor(msgspec.Struct, frozen=True, kw_only=True):
    """The one who asks. Handlers take it as `actor: NamedDependency[Actor]` and pass it to operations."""

    kind: Literal["user", "key", "system", "nobody"]
    id: UUID | None = None
    name: str
    """A user's e-mail, a key's name."""
    roles: tuple[Role, ...] = ()
    scopes: frozenset[str] = frozenset()
    outlet_id: int | None = None
    """The shop of an associate."""
    language: str = ""
    """The console's language a user has chosen; empty: the installation's."""

    def may(self, scope: str) -> bool:
        return opens(self.scopes, scope)


SYSTEM = Actor(kind="system", name="comptoir", scopes=frozenset({"*:admin"}))
NOBODY = Actor(kind="nobody", name="")
