"""SKUs and location codes as the ids that the ledger uses. Such a pair never changes, so a process remembers it."""

from collections.abc import Iterable

from comptoir import catalog
from comptoir.inventory.errors import UnknownLocation, UnknownVariant
from comptoir.kernel.db import Tx, texts

MOST = 500_000
"""SKUs remembered by a process."""


class Codes:
    """What the shop calls its articles and places."""

    def __init__(self) -> None:
        self._variants: dict[str, int] = {}
        self._locations: dict[str, int] = {}

    async def learn(self, tx: Tx, *, skus: Iterable[str] = (), locations: Iterable[str] = ()) -> None:
        """Look up those that are not known yet."""
        if new := [sku for sku in skus if sku not in self._variants]:
            if len(self._variants) > MOST:
                self._variants.clear()
            found = await catalog.variants_by_sku(tx, new)
            self._variants.update((sku, one.variant_id) for sku, one in found.items())
        if new := [code for code in locations if code not in self._locations]:
            self._locations.update(dict(await tx.tuples(LOCATIONS, codes=texts(new))))

    def knows(self, skus: Iterable[str], locations: Iterable[str]) -> bool:
        return all(sku in self._variants for sku in skus) and all(code in self._locations for code in locations)

    def variant(self, sku: str) -> int:
        if (found := self._variants.get(sku)) is None:
            raise UnknownVariant(f"The catalog has no SKU {sku[:80]!r}.", sku=sku[:80])
        return found

    def location(self, code: str) -> int:
        if (found := self._locations.get(code)) is None:
            raise UnknownLocation(f"No location has the code {code[:80]!r}.", location=code[:80])
        return found


LOCATIONS = "SELECT code, location_id FROM inventory.location WHERE code = ANY(%(codes)s::text[])"
