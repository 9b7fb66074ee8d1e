"""The order book of all channels: baskets, orders, and what was sold, given back and paid.

baskets    a basket as one document, changed by steps that are safe to repeat
steps      from a basket to an order, as data
checkout   from a basket to an order, in batches: quote, hold, commit
counter    `Counter`, one a process: concurrent shoppers share batches; paying, outside of any transaction
payments   providers behind one Protocol, and a simulator
payment_acts  what providers are to do: agreed in a transaction, done after it
order_book an order as it was agreed, and where each piece of it is
shares     what k of the n pieces of a line cost, to the cent
external   orders made elsewhere: marketplaces, a shop's own system
sourcing   from which locations the goods of an order come
sales      what was sold or given back, at any outlet: receipts
fulfilment what shops and warehouses do for orders, from the allocation to the sale
reconcile  proofs that the books are right

Revenue is counted only from the facts `orders.sale_recorded` and `orders.sale_corrected`. Bulk readers use
`orders.v_sale`, `orders.v_sale_line`.
"""

from comptoir.orders.baskets import Address, Basket, BasketLine, Delivery, Part, Payment
from comptoir.orders.checkout import Checkout
from comptoir.orders.counter import Counter
from comptoir.orders.errors import (
    BadAmount,
    BadDate,
    BadLine,
    BadText,
    BasketClosed,
    BasketExists,
    CardNumberSent,
    EmptySale,
    ExternalOrderConflict,
    IncompleteBasket,
    OutOfStock,
    PaymentExceeded,
    PaymentRefused,
    PaymentUnclear,
    ReceiptConflict,
    TendersDisagree,
    TotalsDisagree,
    UnknownBasket,
    UnknownCurrency,
    UnknownOrder,
    UnknownProvider,
    UnknownSale,
)
from comptoir.orders.events import Account, ExternalOrderShort, OrderPlaced, PaymentFailed, SaleCorrected, SaleRecorded
from comptoir.orders.external import (
    ExternalLine,
    ExternalOrder,
    ExternalRecorded,
    ShortLine,
    external_order,
    record_orders,
)
from comptoir.orders.fulfilment import (
    Accept,
    BadPieces,
    Fulfilment,
    FulfilmentChanged,
    FulfilmentLine,
    HandOver,
    NothingPicked,
    OrderEnded,
    Parcel,
    Pick,
    Pieces,
    Proof,
    UnknownFulfilment,
    WrongState,
    fulfilment,
    fulfilments,
    fulfilments_of,
    history,
    parcels,
)
from comptoir.orders.fulfilment import run as run_fulfilment
from comptoir.orders.order_book import Order, order
from comptoir.orders.payment_acts import Attempt, Paid, PaymentAct, attempts, due, paid, perform
from comptoir.orders.payments import External, Provider, Simulator, providers
from comptoir.orders.reconcile import reconcile
from comptoir.orders.records import (
    Discount,
    Fault,
    Flagged,
    Head,
    Line,
    NewDiscount,
    NewLine,
    NewSale,
    NewTender,
    Receipt,
    Recorded,
    Sale,
    Tender,
    Total,
    Unrecorded,
)
from comptoir.orders.sales.quality import flagged, forget_unrecorded, unrecorded
from comptoir.orders.sales.receipts import find, receipt, sale, sales_by_receipt, sales_of
from comptoir.orders.sales.recording import record
from comptoir.orders.sales.totals import revenue_by_outlet, totals
from comptoir.orders.sales.tracked import take_completed
from comptoir.orders.sourcing import Again, Missing, Wanted, source_again
from comptoir.orders.steps import (
    Look,
    Open,
    PlaceOrder,
    SetCoupons,
    SetDelivery,
    SetLine,
    SetPayment,
    TakeQuote,
)

__all__ = [
    "Accept",
    "Account",
    "Address",
    "Again",
    "Attempt",
    "BadAmount",
    "BadDate",
    "BadLine",
    "BadPieces",
    "BadText",
    "Basket",
    "BasketClosed",
    "BasketExists",
    "BasketLine",
    "CardNumberSent",
    "Checkout",
    "Counter",
    "Delivery",
    "Discount",
    "EmptySale",
    "External",
    "ExternalLine",
    "ExternalOrder",
    "ExternalOrderConflict",
    "ExternalOrderShort",
    "ExternalRecorded",
    "Fault",
    "Flagged",
    "Fulfilment",
    "FulfilmentChanged",
    "FulfilmentLine",
    "HandOver",
    "Head",
    "IncompleteBasket",
    "Line",
    "Look",
    "Missing",
    "NewDiscount",
    "NewLine",
    "NewSale",
    "NewTender",
    "NothingPicked",
    "Open",
    "Order",
    "OrderEnded",
    "OrderPlaced",
    "OutOfStock",
    "Paid",
    "Parcel",
    "Part",
    "Payment",
    "PaymentAct",
    "PaymentExceeded",
    "PaymentFailed",
    "PaymentRefused",
    "PaymentUnclear",
    "Pick",
    "Pieces",
    "PlaceOrder",
    "Proof",
    "Provider",
    "Receipt",
    "ReceiptConflict",
    "Recorded",
    "Sale",
    "SaleCorrected",
    "SaleRecorded",
    "SetCoupons",
    "SetDelivery",
    "SetLine",
    "SetPayment",
    "ShortLine",
    "Simulator",
    "TakeQuote",
    "Tender",
    "TendersDisagree",
    "Total",
    "TotalsDisagree",
    "UnknownBasket",
    "UnknownCurrency",
    "UnknownFulfilment",
    "UnknownOrder",
    "UnknownProvider",
    "UnknownSale",
    "Unrecorded",
    "Wanted",
    "WrongState",
    "attempts",
    "due",
    "external_order",
    "find",
    "flagged",
    "forget_unrecorded",
    "fulfilment",
    "fulfilments",
    "fulfilments_of",
    "history",
    "order",
    "paid",
    "parcels",
    "perform",
    "providers",
    "receipt",
    "reconcile",
    "record",
    "record_orders",
    "revenue_by_outlet",
    "run_fulfilment",
    "sale",
    "sales_by_receipt",
    "sales_of",
    "source_again",
    "take_completed",
    "totals",
    "unrecorded",
]
