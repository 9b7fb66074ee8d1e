"""Orders that were made elsewhere: a marketplace, a shop's own system. They are taken, not judged.

records  what such an order says, and what became of it
intake   `record_orders`: set-based, once by outlet and number
judging  whether it can be taken, and what somebody should look at
forgotten  of whom was erased
revisions  what a newer version may change
"""

from comptoir.orders.external.forgotten import without_erased
from comptoir.orders.external.intake import record_orders
from comptoir.orders.external.records import ExternalLine, ExternalOrder, ExternalRecorded, ShortLine
from comptoir.orders.external.revisions import external_order

__all__ = [
    "ExternalLine",
    "ExternalOrder",
    "ExternalRecorded",
    "ShortLine",
    "external_order",
    "record_orders",
    "without_erased",
]
