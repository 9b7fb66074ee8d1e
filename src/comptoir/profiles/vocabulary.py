"""What event names mean on a person's thread: Segment's e-commerce names and our own, as data."""

import msgspec


class Meaning(msgspec.Struct, frozen=True, gc=False):
    """How an event counts and shows."""

    kind: str
    """look, search, basket, order, return, told, message, call, visit, other."""
    views: int = 0
    carts: int = 0
    spoke: bool = False
    """We spoke; she did nothing: it is no activity and no touch."""
    shown: bool = True
    """Whether it makes a moment of its own on the thread."""


LOOK = Meaning("look")
VIEW = Meaning("look", views=1)
SEARCH = Meaning("search")
BASKET = Meaning("basket")
ADDED = Meaning("basket", carts=1)
TOLD = Meaning("told")
CALL = Meaning("call")
VISIT = Meaning("visit")
SPOKE = Meaning("message", spoke=True)
ANSWERED = Meaning("message")
OTHER = Meaning("other")
# The fact orders.sale_recorded shows and counts the sale: shown here too, it would stand twice on the thread.
COMPLETED = Meaning("order", shown=False)
SILENT = Meaning("other", shown=False)

BY_NAME: dict[str, Meaning] = {
    "Product Viewed": VIEW,
    "Product Clicked": LOOK,
    "Product List Viewed": LOOK,
    "Product List Filtered": LOOK,
    "Promotion Clicked": LOOK,
    "Products Searched": SEARCH,
    "Product Added": ADDED,
    "Wishlist Product Added to Cart": ADDED,
    "Product Removed": BASKET,
    "Cart Viewed": BASKET,
    "Checkout Started": BASKET,
    "Payment Info Entered": BASKET,
    "Cart Transferred": BASKET,
    "Order Completed": COMPLETED,
    "Order Cancelled": Meaning("order"),
    "Order Refunded": Meaning("return"),
    "Return Initiated": Meaning("return"),
    "Return Received": Meaning("return"),
    "Call Started": CALL,
    "Call Ended": CALL,
    "Store Visited": VISIT,
    "Staff Assisted": VISIT,
    "Pickup Collected": VISIT,
    "Application Opened": VISIT,
    "Email Delivered": SPOKE,
    "Email Sent": SPOKE,
    "SMS Sent": SPOKE,
    "SMS Delivered": SPOKE,
    "Push Notification Received": SPOKE,
    "Promotion Viewed": SPOKE,
    "Pickup Ready": SPOKE,
    "Email Opened": ANSWERED,
    "Email Link Clicked": ANSWERED,
    "SMS Link Clicked": ANSWERED,
    "Push Notification Tapped": ANSWERED,
    "Unsubscribed": ANSWERED,
    # Steps within a checkout and the life of an app: measured in the log, noise on a thread.
    "Checkout Step Viewed": Meaning("basket", shown=False),
    "Checkout Step Completed": Meaning("basket", shown=False),
    "Order Updated": Meaning("order", shown=False),
    "Application Backgrounded": SILENT,
    "Application Installed": OTHER,
    "Application Updated": SILENT,
}
"""Names not listed are shown as "other"."""

BY_TYPE: dict[str, Meaning] = {"page": LOOK, "screen": LOOK, "identify": TOLD, "alias": SILENT, "group": SILENT}
"""For calls that are not `track`."""


def meaning(call: str, name: str) -> Meaning:
    """`call` of the tracking API; `name` of the event, in the words of Segment's version 2."""
    return BY_NAME.get(name, OTHER) if call == "track" else BY_TYPE.get(call, SILENT)


MEDIA = {
    "email": "email",
    "e-mail": "email",
    "newsletter": "email",
    "sms": "sms",
    "text": "sms",
    "social": "social",
    "social-media": "social",
    "cpc": "paid",
    "ppc": "paid",
    "paid": "paid",
    "paidsearch": "paid",
    "paid_social": "paid",
    "display": "paid",
    "banner": "paid",
    "retargeting": "paid",
    "affiliate": "paid",
    "qr": "display",
    "screen": "display",
}
"""utm_medium → the channel that brought her, where it was not the one she acted in."""


def brought_by(medium: str | None, channel: str) -> str:
    return MEDIA.get(medium.lower(), channel) if medium else channel
