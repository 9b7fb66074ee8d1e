"""Who pays: providers behind one Protocol, and a simulator that can refuse, time out and answer late.

A provider is asked outside of any transaction, under a reference: asked again it gives the same answer, so a crash
between its answer and our commit costs nothing. Cards are the provider's business; we see a token.
"""

import asyncio
from typing import Protocol

import msgspec

from comptoir.kernel.settings import Settings
from comptoir.orders.errors import PaymentRefused, PaymentUnclear


class Authorised(msgspec.Struct, frozen=True):
    """The provider keeps so much ready for us."""

    authorisation: str
    amount_minor: int
    currency: str


class Provider(Protocol):
    """A payment provider."""

    name: str

    async def authorise(self, *, reference: str, amount_minor: int, currency: str, token: str) -> Authorised:
        """Keep the amount ready. Raises PaymentRefused or PaymentUnclear. The same reference, the same answer."""
        ...

    async def find(self, *, reference: str) -> Authorised | None:
        """What was authorised under this reference, and never let go; None: nothing was. Raises PaymentUnclear."""
        ...

    async def capture(self, *, authorisation: str, reference: str, amount_minor: int) -> None:
        """Take so much of it. The same reference takes once."""
        ...

    async def refund(self, *, authorisation: str, reference: str, amount_minor: int) -> None:
        """Give so much back of what was taken. The same reference gives once."""
        ...

    async def void(self, *, authorisation: str) -> None:
        """Let go of what was not taken."""
        ...


class Simulator:
    """A provider for demos and tests; what it does stands in the token: `ok`, `refuse`, `timeout`, `late`,
    `lost` (it says yes, and nobody hears it). It forgets all when its process ends.
    """

    name = "simulator"

    def __init__(self, *, late: float = 0.2) -> None:
        self._late = late
        self.authorised: dict[str, Authorised] = {}
        self.captured: dict[str, dict[str, int]] = {}
        self.refunded: dict[str, dict[str, int]] = {}
        self.voided: set[str] = set()

    async def authorise(self, *, reference: str, amount_minor: int, currency: str, token: str) -> Authorised:
        if token == "refuse":  # noqa: S105  a word, not a secret
            raise PaymentRefused("The bank says no.")
        if token == "timeout":  # noqa: S105
            raise PaymentUnclear
        if token == "late":  # noqa: S105
            await asyncio.sleep(self._late)
        made = Authorised(f"sim-{reference}", amount_minor, currency)
        made = self.authorised.setdefault(reference, made)
        if token == "lost":  # noqa: S105
            raise PaymentUnclear
        return made

    async def find(self, *, reference: str) -> Authorised | None:
        found = self.authorised.get(reference)
        return None if found is None or found.authorisation in self.voided else found

    async def capture(self, *, authorisation: str, reference: str, amount_minor: int) -> None:
        taken = self.captured.setdefault(authorisation, {})
        taken.setdefault(reference, amount_minor)

    async def refund(self, *, authorisation: str, reference: str, amount_minor: int) -> None:
        given = self.refunded.setdefault(authorisation, {})
        given.setdefault(reference, amount_minor)

    async def void(self, *, authorisation: str) -> None:
        self.voided.add(authorisation)


class External:
    """Who paid elsewhere: a marketplace, a site's own till. The money is there already, and never passes through us.

    It is not given back from here either: a refund is refused, so that somebody gives it back where it was paid.
    """

    name = "external"

    async def authorise(self, *, reference: str, amount_minor: int, currency: str, token: str) -> Authorised:  # noqa: ARG002
        raise PaymentRefused("What is paid elsewhere comes with its order.")

    async def find(self, *, reference: str) -> Authorised | None:  # noqa: ARG002
        return None

    async def capture(self, *, authorisation: str, reference: str, amount_minor: int) -> None:
        """It was taken before the order came."""

    async def refund(self, *, authorisation: str, reference: str, amount_minor: int) -> None:  # noqa: ARG002
        raise PaymentRefused("It was paid elsewhere: give it back there.")

    async def void(self, *, authorisation: str) -> None:
        """Nothing was kept ready for us."""


EXCHANGE = "exchange"


class Exchanged(External):
    """What was given for goods that came back, and stands ready for an order: it is in our books already."""

    name = EXCHANGE


def providers(settings: Settings) -> dict[str, Provider]:
    """Those that the settings name, by name."""
    known: list[Provider] = [External(), Exchanged(), *([Simulator()] if settings.simulated_payments else [])]
    return {one.name: one for one in known}
