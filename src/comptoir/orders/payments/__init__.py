"""The money of orders, as payment providers move it.

providers  behind one Protocol; a simulator
acts       what they are to do: agreed in the transaction that gives cause for it, done after it
records    an act, an authorisation, what was agreed so far
failures   what they did not do: tried again, given up, shown to somebody
"""

from comptoir.orders.payments.acts import (
    CREDIT,
    attempts,
    authorisations,
    due,
    paid,
    perform,
    spread,
    stand_ready,
    try_again,
)
from comptoir.orders.payments.providers import EXCHANGE, Exchanged, External, Provider, Simulator, providers
from comptoir.orders.payments.records import Attempt, Authorisation, Paid, PaymentAct

__all__ = [
    "CREDIT",
    "EXCHANGE",
    "Attempt",
    "Authorisation",
    "Exchanged",
    "External",
    "Paid",
    "PaymentAct",
    "Provider",
    "Simulator",
    "attempts",
    "authorisations",
    "due",
    "paid",
    "perform",
    "providers",
    "spread",
    "stand_ready",
    "try_again",
]
