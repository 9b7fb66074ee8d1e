"""What really lies there, and how far the book can be believed.

counts    sheets, differences as of the moment of the counting, approval by somebody else
accuracy  by location, of the last count of each article
looking   how far each is, and what moved meanwhile, for people
house     the retailer's limits; `worth`: what a difference is in money
"""

from comptoir.inventory.counting.accuracy import Accuracy, Believed, accuracy, believed
from comptoir.inventory.counting.counts import (
    Count,
    Counted,
    CountLine,
    approve,
    cancel_count,
    count,
    open_count,
    record_counted,
    reject,
    submit,
)
from comptoir.inventory.counting.house import House, set_house
from comptoir.inventory.counting.house import house as limits
from comptoir.inventory.counting.looking import Sheet, moved_since, pulse, sheets
from comptoir.inventory.counting.worth import Worths

__all__ = [
    "Accuracy",
    "Believed",
    "Count",
    "CountLine",
    "Counted",
    "House",
    "Sheet",
    "Worths",
    "accuracy",
    "approve",
    "believed",
    "cancel_count",
    "count",
    "limits",
    "moved_since",
    "open_count",
    "pulse",
    "record_counted",
    "reject",
    "set_house",
    "sheets",
    "submit",
]
