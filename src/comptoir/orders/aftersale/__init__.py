"""What happens after an order was placed, or something was sold.

owed        what an order still costs, and where each of its pieces is
cancelling  pieces that are not wanted any more, before they are handed over
sold        what was sold, and what of it has come back
returns     goods that come back, at any location: announced or at the counter, received, looked at
refunds     the money for them, as it was paid; never more than was paid
giving      how money goes back: through the provider, or by hand
goodwill    money for a customer who keeps the goods
strangers   goods without a receipt: what a known customer has bought
exchanges   goods for other goods, in one act
edits       another address, before the goods are picked
documents   invoices, receipts and credit notes: numbered, frozen    paper  what stands on them    drawing  as PDF
policy      what may be done without a manager
actions     what may be done with an order now, by whom, and why not    standing  how it stands
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
