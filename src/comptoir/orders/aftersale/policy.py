"""What may be done without a manager. Minor units of the sale's currency, days."""

INSTANT_MINOR = 10_000
"""So much is given back before the goods are: beyond it, a manager does it."""
GOODWILL_MINOR = 2_000
"""So much may be given in one go without goods that come back: beyond it, a manager does it."""
WITHOUT_RECEIPT = 3
"""Returns without a receipt of one person within the period: beyond it a manager does it, and a task says so."""
PERIOD_DAYS = 90
BACK_DAYS = 365
"""How far back purchases are looked for without a receipt."""
