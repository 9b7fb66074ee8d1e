"""What may be done without a manager, and who sells: as the settings say. Minor units of the sale's currency, days."""

import msgspec

from comptoir.kernel.settings import Settings


class Limits(msgspec.Struct, frozen=True):
    """Beyond them, a manager does it."""

    instant_minor: int
    """So much is given back before the goods are."""
    goodwill_minor: int
    """So much may be given in one go without goods that come back."""
    return_days: int
    """For so long after the sale goods come back; 0: for ever."""
    without_receipt: int
    """Returns without a receipt of one person within the period; beyond it a task says so."""
    without_receipt_days: int
    """That period."""
    purchases_days: int
    """How far back purchases are looked for without a receipt."""


def limits() -> Limits:
    """As they are set now."""
    settings = Settings.load()
    return Limits(
        instant_minor=settings.instant_refund_minor,
        goodwill_minor=settings.goodwill_minor,
        return_days=settings.return_days,
        without_receipt=settings.returns_without_receipt,
        without_receipt_days=settings.returns_without_receipt_days,
        purchases_days=settings.purchases_back_days,
    )


def tax_number(country: str) -> str:
    """The seller's own for sales in this country (ISO 3166-1); empty: none is set. Greece writes EL for GR."""
    prefix = "EL" if country == "GR" else country
    numbers = Settings.load().seller_tax_numbers.replace(",", " ").split()
    return next((one for one in numbers if prefix and one.startswith(prefix)), "")
