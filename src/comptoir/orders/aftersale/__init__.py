"""What happens after an order was placed, or something was sold.

owed        what an order still costs, and where each of its pieces is
cancelling  pieces that are not wanted any more, before they are handed over
sold        what was sold, and what of it has come back
returns     goods that come back, at any location: announced or at the counter, received, looked at
refunds     the money for them, as it was paid; never more than was paid
policy      what may be done without a manager
actions     what may be done with an order now, by whom, and why not
proofs      what must hold of all of it
"""

from comptoir.orders.aftersale import returns
from comptoir.orders.aftersale.actions import Action, Standing, actions
from comptoir.orders.aftersale.cancelling import cancel, cancellations
from comptoir.orders.aftersale.records import (
    Announce,
    AtCounter,
    Back,
    Cancel,
    Cancellation,
    Fewer,
    Inspect,
    Receive,
    Return,
    ReturnLine,
    Settling,
    Verdict,
)

__all__ = [
    "Action",
    "Announce",
    "AtCounter",
    "Back",
    "Cancel",
    "Cancellation",
    "Fewer",
    "Inspect",
    "Receive",
    "Return",
    "ReturnLine",
    "Settling",
    "Standing",
    "Verdict",
    "actions",
    "cancel",
    "cancellations",
    "returns",
]
