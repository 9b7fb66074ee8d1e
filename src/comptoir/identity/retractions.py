"""Treating a bad import or a misconfigured source as never having spoken, and taking that back."""

from comptoir.identity import journal, namespaces, testimony
from comptoir.identity.errors import NothingToRetract
from comptoir.identity.journal import Effect, Operation
from comptoir.identity.settle import settle
from comptoir.identity.testimony import Scope
from comptoir.kernel.db import Tx


async def retract(tx: Tx, *, scope: Scope, actor: str, reason: str = "", reference: str | None = None) -> Operation:
    """Retract the evidence of a batch or a source; who hangs together only by it is parted.

    What is retracted stays so when it is seen again, until the retraction is undone.
    """
    if scope.batch_id is None and scope.source_id is None:
        raise NothingToRetract("Name a batch or a source.")
    request = as_json(scope)
    opened = await journal.begin(
        tx, kind="retraction", actor=actor, reason=reason, reference=reference, request=request
    )
    if isinstance(opened, Operation):
        return opened
    touched = await testimony.retract(tx, opened, scope)
    moves = await settle(tx, await namespaces.load(tx), recount=touched, operation=True)
    return await journal.finish(tx, opened, Effect(retracted=request, request=request), moves)


def as_json(scope: Scope) -> dict[str, str | int]:
    return {
        name: value.isoformat() if hasattr(value, "isoformat") else value
        for name in scope.__struct_fields__
        if (value := getattr(scope, name)) is not None
    }
