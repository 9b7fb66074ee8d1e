"""Guards of routes. A route without one is refused (`default_deny`), and a test finds it first.

guards=[allow("orders:write")]    a key with the scope, or a signed-in user whose role grants it
guards=[signed_in]                any user
guards=[public]                   anybody: said on purpose
"""

from typing import Any, cast

from litestar.connection import ASGIConnection, Request
from litestar.handlers import BaseRouteHandler

from comptoir.kernel.auth.actors import NOBODY, Actor
from comptoir.kernel.auth.authenticator import Authenticator
from comptoir.kernel.auth.csrf import check_same_origin
from comptoir.kernel.auth.permissions import is_scope
from comptoir.kernel.auth.sessions import COOKIE
from comptoir.kernel.errors import Forbidden, Unauthenticated

Connection = ASGIConnection[Any, Any, Any, Any]


class allow:  # noqa: N801  it reads as a word in `guards=[allow("orders:write")]`
    """Opens a route to those who have `scope`."""

    def __init__(self, scope: str) -> None:
        if not is_scope(scope):
            raise ValueError(f"{scope!r} is not a scope: <package>:read|write|admin")
        self.scope = scope

    async def __call__(self, connection: Connection, _: BaseRouteHandler) -> None:
        actor = await authenticated(connection)
        if actor.kind == "nobody":
            raise Unauthenticated("Send an API key (Authorization: Bearer …) or sign in.")
        if not actor.may(self.scope):
            raise Forbidden(f"This needs the scope {self.scope}.", scope=self.scope)


async def signed_in(connection: Connection, _: BaseRouteHandler) -> None:
    """Any user, whatever the role."""
    if (await authenticated(connection)).kind != "user":
        raise Unauthenticated("Sign in first.")


async def public(connection: Connection, _: BaseRouteHandler) -> None:
    """Anybody. Who it is, is still known to the handler."""
    await authenticated(connection)


async def default_deny(connection: Connection, handler: BaseRouteHandler) -> None:
    """For the whole application: what nobody opened is shut. OPTIONS is answered by Litestar itself."""
    if connection.scope["method"] != "OPTIONS" and not is_marked(handler):  # type: ignore[typeddict-item]
        raise Forbidden("This route has no guard.")


def is_marked(handler: BaseRouteHandler) -> bool:
    """Whether the route says who may use it."""
    return any(isinstance(guard, allow) or guard in {signed_in, public} for guard in guards_of(handler))


def guards_of(handler: BaseRouteHandler) -> list[Any]:
    """All guards of a route, as they were written (Litestar wraps them)."""
    resolved = cast("list[Any]", handler.resolve_guards())  # pyright: ignore[reportUnknownMemberType]
    return [getattr(guard, "func", guard) for guard in resolved]


async def authenticated(connection: Connection) -> Actor:
    """The actor of this request, found once; NOBODY without credentials. Wrong credentials are refused."""
    known = connection.scope["state"].get("actor")
    if known is None:
        known = connection.scope["state"]["actor"] = await _recognise(connection)
    return known


async def _recognise(connection: Connection) -> Actor:
    authenticator: Authenticator = connection.app.state.authenticator
    if (header := connection.headers.get("authorization")) is not None:
        kind, _, token = header.partition(" ")
        if kind.lower() != "bearer" or (actor := await authenticator.of_key(token.strip())) is None:
            raise Unauthenticated("This API key is unknown or was revoked: send Authorization: Bearer ck_…")
        return actor
    if token := connection.cookies.get(COOKIE):
        actor = await authenticator.of_session(token)
        if actor is not None:
            check_same_origin(connection)
            return actor
    return NOBODY


def actor_of(request: Connection) -> Actor:
    """The actor that a guard has found; NOBODY before that."""
    return request.scope["state"].get("actor") or NOBODY


def provide_actor(request: Request[Any, Any, Any]) -> Actor:
    """`actor: NamedDependency[Actor]`: never refuses, the guard has spoken before."""
    return actor_of(request)
