"""One transaction per request: `tx: NamedDependency[Tx]`.

A read (GET) gets a read-only transaction with one snapshot. What changes the world gets a transaction that commits
after the handler and before the answer is sent, honours `Idempotency-Key`, and leaves a line in the audit trail.
A POST that only asks says `opt=READS_ONLY`.
"""

from collections.abc import AsyncGenerator
from typing import Any

from litestar import Response
from litestar.datastructures import State
from litestar.di import Provide
from litestar.enums import MediaType
from litestar.serialization import default_serializer
from litestar.types import Empty

from comptoir.kernel.auth import audit
from comptoir.kernel.auth.exchange import ShownOnce, exchange
from comptoir.kernel.auth.guards import actor_of, provide_actor
from comptoir.kernel.db import Database, Tx
from comptoir.kernel.http import idempotency
from comptoir.kernel.http.requests import AnyRequest
from comptoir.kernel.settings import Settings

READS = frozenset({"GET", "HEAD", "OPTIONS"})
READS_ONLY = {"reads_only": True}
"""`opt=` of a POST that changes nothing: a search whose terms do not fit an address, a preview."""


async def provide_tx(request: AnyRequest, state: State) -> AsyncGenerator[Tx]:
    """The transaction of this request. No other dependency of ours may refuse, or this one would stay open."""
    if request.method in READS or request.route_handler.opt.get("reads_only"):
        async with state.db.reading() as tx:
            yield tx
        return
    actor = actor_of(request)
    now = exchange.get()
    async with state.db.transaction() as tx:
        if now is not None and request.method == "POST" and (key := request.headers.get("idempotency-key")):
            route = request.url.path
            now.claim = await idempotency.claim(
                tx, key=key, actor=f"{actor.kind}:{actor.id}", route=route, body=await request.body()
            )
        yield tx
        if now is None or not now.audited:
            await audit.record(tx, actor=actor, action=action_of(request), target=request.url.path)


def action_of(request: AnyRequest) -> str:
    """`channels.add_source`: the package and the handler."""
    function = request.route_handler.fn
    package = function.__module__.removeprefix("comptoir.").partition(".")[0]
    return f"{package}.{function.__name__}"


async def keep_answer(response: Response[Any]) -> Response[Any]:
    """After the handler, before the commit: keep the answer under its Idempotency-Key."""
    now = exchange.get()
    if now is None or now.claim is None or response.status_code is Empty or (response.status_code or 200) >= 400:
        return response
    claim, now.claim = now.claim, None
    media_type = str(getattr(response.media_type, "value", response.media_type) or MediaType.JSON.value)
    answer = response.render(response.content, media_type, default_serializer)
    # A page may hold what is shown once, and nobody sees whether it does.
    secret = isinstance(response.content, ShownOnce) or media_type.startswith(MediaType.HTML.value)
    kept = None if secret else answer
    await idempotency.keep(claim, status=response.status_code or 200, media_type=media_type, answer=kept)
    response.content = answer
    return response


def provide_db(state: State) -> Database:
    """For what takes more than one transaction, or none while something slow is under way."""
    return state.db


def provide_beside(state: State) -> Database:
    """For who needs a second transaction while that of the request is open: of a pool that waits for no request."""
    return state.beside


def provide_settings(state: State) -> Settings:
    return state.settings


DEPENDENCIES = {
    "tx": Provide(provide_tx),
    "actor": Provide(provide_actor, sync_to_thread=False),
    "db": Provide(provide_db, sync_to_thread=False),
    "beside": Provide(provide_beside, sync_to_thread=False),
    "settings": Provide(provide_settings, sync_to_thread=False),
}
