"""What was sold or given back, at any outlet: a till's receipt, a completed order of a site, a marketplace's.

recording  `record`: any number of receipts at once, idempotent by outlet and number
judging    whether a sale can be on record, decided from what it says alone
lines      rows and facts of a batch, packed for COPY
customers  whose sale it was: identifiers become a node
goods      what a till has sold leaves the stock of its shop
corrections  the shop's own account takes the place of an event's
tracked    `take_completed`: order events of sites and apps become sales
booked     events about orders that stand in our own book
receipts   sales looked up by id, number, customer
totals     what outlets, channels and days took
quality    what was recorded with a flag, and what could not be recorded
"""

from comptoir.orders.sales.recording import record

__all__ = ["record"]
