"""Money: integer minor units and an ISO 4217 currency. Never a float.

Allocation follows the largest-remainder method (Hamilton), so that parts always add up to the whole.
"""

from collections.abc import Sequence
from decimal import ROUND_HALF_EVEN, Decimal

import msgspec

from comptoir.kernel.errors import Invalid

# ISO 4217 lists these with other than two decimals; every other currency has two.
NONE = ("BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "UYI", "VND", "VUV", "XAF", "XOF")
EXPONENTS = {
    **dict.fromkeys([*NONE, "XPF"], 0),
    **dict.fromkeys(["BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"], 3),
    **dict.fromkeys(["CLF", "UYW"], 4),
}
MAX_MINOR = 10**15
"""Amounts beyond ten thousand milliards are mistakes of entry, not sales."""


class Money(msgspec.Struct, frozen=True, order=False):
    """`amount_minor` is in the currency's smallest unit: cents for EUR, yen for JPY, millimes for TND."""

    amount_minor: int
    currency: str

    def __add__(self, other: "Money") -> "Money":
        if other.currency != self.currency:
            raise Invalid(f"{self.currency} and {other.currency} cannot be added.")
        return Money(self.amount_minor + other.amount_minor, self.currency)

    def decimal(self) -> Decimal:
        """The amount in the currency's unit, exactly."""
        return Decimal(self.amount_minor).scaleb(-exponent(self.currency))


def exponent(currency: str) -> int:
    """How many decimals the currency has (ISO 4217)."""
    return EXPONENTS.get(currency, 2)


def minor(amount: Decimal | str | float, currency: str) -> int:
    """The amount of a foreign system (10.5, "10.50") in minor units, rounded half to even.

    A float is read by its shortest decimal form, so 1.005 means 1.005. Raises Invalid for what is not a finite
    amount below MAX_MINOR.
    """
    try:
        value = Decimal(repr(amount)) if isinstance(amount, float) else Decimal(amount)
        scaled = value.scaleb(exponent(currency)).quantize(Decimal(1), rounding=ROUND_HALF_EVEN)
        result = int(scaled)
    except (ArithmeticError, ValueError) as error:
        raise Invalid(f"{amount!r} is not an amount of money.", currency=currency) from error
    if abs(result) > MAX_MINOR:
        raise Invalid(f"{amount!r} {currency} is more than any sale.", currency=currency)
    return result


def allocate(total: int, weights: Sequence[int]) -> list[int]:
    """Split `total` minor units by `weights` (≥ 0, not all 0); the parts add up to `total` exactly.

    Each part is within one unit of its exact share. Ties go to the earlier part.
    """
    whole = sum(weights)
    if whole <= 0 or min(weights) < 0:
        raise Invalid("Weights must not be negative, and not all zero.", weights=list(weights))
    sign, rest = (-1, -total) if total < 0 else (1, total)
    shares = [divmod(rest * weight, whole) for weight in weights]
    parts = [share for share, _ in shares]
    missing = rest - sum(parts)
    by_remainder = sorted(range(len(parts)), key=lambda i: (-shares[i][1], i))
    for i in by_remainder[:missing]:
        parts[i] += 1
    return [sign * part for part in parts]
