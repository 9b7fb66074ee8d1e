"""What really lies there, and how far the book can be believed.

counts    sheets, differences as of the moment of the counting, approval by somebody else
accuracy  by location, of the last count of each article
house     the retailer's limits
"""

from comptoir.inventory.counting.accuracy import Accuracy
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

__all__ = [
    "Accuracy",
    "Count",
    "CountLine",
    "Counted",
    "House",
    "approve",
    "cancel_count",
    "count",
    "open_count",
    "record_counted",
    "reject",
    "set_house",
    "submit",
]
