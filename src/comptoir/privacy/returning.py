"""Who was erased and comes back of her own accord: she is let in by an explicit act, and begins anew."""

from comptoir import identity
from comptoir.kernel.auth import Actor
from comptoir.kernel.auth.audit import record
from comptoir.kernel.db import Tx
from comptoir.privacy.errors import NotErased


async def readmit(
    tx: Tx, *, namespace: str, value: str, country: str, reason: str, reference: str, actor: Actor
) -> None:
    """Take the tombstone of this identifier away. Raises NotErased. `reason`: how she came back, without her name."""
    cleaner = await identity.Cleaner.load(tx)
    identifier = cleaner.one(namespace, value, country)
    if isinstance(identifier, identity.Refused) or not await identity.erasing.readmit(tx, [identifier]):
        raise NotErased("No tombstone lies on this identifier.", namespace=namespace)
    await record(
        tx, actor=actor, action="privacy.readmit", target=f"privacy_return:{reference}", after={"reason": reason}
    )
