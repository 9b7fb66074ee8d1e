"""The money of orders, as payment providers move it.

providers  behind one Protocol; a simulator
acts       what they are to do: agreed in the transaction that gives cause for it, done after it
intents    what they are asked to authorise, on record before they are asked
unanswered payments whose answer never reached us
records    an act, an authorisation, what was agreed so far
failures   what they did not do: tried again, given up, shown to somebody
"""

from comptoir.orders.payments import intents
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
from comptoir.orders.payments.intents import Intent
from comptoir.orders.payments.providers import EXCHANGE, Authorised, Exchanged, External, Provider, Simulator, providers
from comptoir.orders.payments.records import Attempt, Authorisation, Paid, PaymentAct

__all__ = [
    "CREDIT",
    "EXCHANGE",
    "Attempt",
    "Authorisation",
    "Authorised",
    "Exchanged",
    "External",
    "Intent",
    "Paid",
    "PaymentAct",
    "Provider",
    "Simulator",
    "attempts",
    "authorisations",
    "due",
    "intents",
    "paid",
    "perform",
    "providers",
    "spread",
    "stand_ready",
    "try_again",
]
