"""What happens after an order was placed, or something was sold.

owed        what an order still costs, and where each of its pieces is
cancelling  pieces that are not wanted any more, before they are handed over
sold        what was sold, and what of it has come back
returns     goods that come back, at any location: announced or at the counter, received, looked at
refunds     the money for them, as it was paid; never more than was paid
giving      how money goes back: through the provider, or by hand
goodwill    money for a customer who keeps the goods
strangers   goods without a receipt: what a known customer has bought
exchanges   goods for other goods, in one act    for_orders  for goods that come from elsewhere
edits       another address, before the goods are picked    additions  further lines
documents   invoices, receipts and credit notes: numbered, frozen    paper  what stands on them    drawing  as PDF
mailing     the same by e-mail
policy      what may be done without a manager, as it is set
actions     what may be done with an order now, by whom, and why not    standing  how it stands
proofs      what must hold of all of it
"""

from comptoir.orders.aftersale import policy, returns
from comptoir.orders.aftersale.actions import Action, Standing, actions
from comptoir.orders.aftersale.additions import extend, one_at_a_time, stand_by
from comptoir.orders.aftersale.cancelling import cancel, cancellations
from comptoir.orders.aftersale.documents import (
    Document,
    Issue,
    Writable,
    document,
    documents_of,
    issue,
    pdf_of,
    writable,
)
from comptoir.orders.aftersale.edits import change_address
from comptoir.orders.aftersale.errors import (
    ApprovalNeeded,
    EditRefused,
    NotOpen,
    NotReturnable,
    TenderRefused,
    UnknownReturn,
)
from comptoir.orders.aftersale.exchanges import exchange
from comptoir.orders.aftersale.for_orders import exchange_for_order
from comptoir.orders.aftersale.giving import EXCHANGE, UNTAKEN, VOUCHER
from comptoir.orders.aftersale.goodwill import goodwill as give_goodwill
from comptoir.orders.aftersale.mailing import Mailed, Mailing, mails_of, post_by_mail
from comptoir.orders.aftersale.paper import Buyer
from comptoir.orders.aftersale.records import (
    Announce,
    AtCounter,
    Back,
    Cancel,
    Cancellation,
    Exchange,
    Exchanged,
    ExchangedForOrder,
    ExchangeForOrder,
    Fewer,
    Given,
    Goodwill,
    Inspect,
    Instead,
    Receive,
    Return,
    ReturnLine,
    Settling,
    Tender,
    Verdict,
)
from comptoir.orders.aftersale.sold import Sold, SoldLine, order_of, sales_of_order
from comptoir.orders.aftersale.sold import sold as returnable
from comptoir.orders.aftersale.standing import actions_of, open_lines

__all__ = [
    "EXCHANGE",
    "UNTAKEN",
    "VOUCHER",
    "Action",
    "Announce",
    "ApprovalNeeded",
    "AtCounter",
    "Back",
    "Buyer",
    "Cancel",
    "Cancellation",
    "Document",
    "EditRefused",
    "Exchange",
    "ExchangeForOrder",
    "Exchanged",
    "ExchangedForOrder",
    "Fewer",
    "Given",
    "Goodwill",
    "Inspect",
    "Instead",
    "Issue",
    "Mailed",
    "Mailing",
    "NotOpen",
    "NotReturnable",
    "Receive",
    "Return",
    "ReturnLine",
    "Settling",
    "Sold",
    "SoldLine",
    "Standing",
    "Tender",
    "TenderRefused",
    "UnknownReturn",
    "Verdict",
    "Writable",
    "actions",
    "actions_of",
    "cancel",
    "cancellations",
    "change_address",
    "document",
    "documents_of",
    "exchange",
    "exchange_for_order",
    "extend",
    "give_goodwill",
    "issue",
    "mails_of",
    "one_at_a_time",
    "open_lines",
    "order_of",
    "pdf_of",
    "policy",
    "post_by_mail",
    "returnable",
    "returns",
    "sales_of_order",
    "stand_by",
    "writable",
]
