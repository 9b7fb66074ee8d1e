"""Who is there and what they may do.

permissions  roles → scopes, one table            guards    `allow("orders:write")`, `signed_in`, `public`
keys         API keys of machines                 sessions  sign-in of people, sign-out everywhere
users        people with roles and passwords      csrf      same-origin proof for what a browser sends
audit        who changed what, when
"""

from comptoir.kernel.auth.actors import NOBODY, SYSTEM, Actor
from comptoir.kernel.auth.exchange import ShownOnce
from comptoir.kernel.auth.guards import allow, public, signed_in
from comptoir.kernel.auth.permissions import GRANTS, ROLES, Role

__all__ = ["GRANTS", "NOBODY", "ROLES", "SYSTEM", "Actor", "Role", "ShownOnce", "allow", "public", "signed_in"]
