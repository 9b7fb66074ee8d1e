"""The work of shops and warehouses for the orders of all channels, from the allocation to the sale.

floor         `run`: what is done, in batches; an act is done whole or refused whole
records       the acts as data (asked: as they are sent), and how the work stands
picking       from the taking on to the shelf; pieces that are not given
substituting  another article in the place of one that is not to be had
elsewhere     from where such pieces come then
sending       goods that go to another location first, where the customer collects them
handing_over  the goods leave, the money is taken, the sale is recorded
ending        orders of which nothing is open any more
coupons       what an order of which nothing was sold has not used
dossiers      an order with its works, in memory and under lock; writing  what has been changed of it
agenda        what follows from the acts of a batch
waiting       pieces that no location could give, sought again
shortages     a physical fact has eaten what was promised
clock         what is late, and what nobody came for
waves         several works in one walk
works         lists for a board, one with all that was done for it
proofs        that the books of all this are right
"""

from comptoir.orders.fulfilment import coupons
from comptoir.orders.fulfilment.clock import give_up_uncollected, tell_overdue
from comptoir.orders.fulfilment.dossiers import Dossier, look
from comptoir.orders.fulfilment.ending import conclude
from comptoir.orders.fulfilment.errors import (
    BadParcelNumber,
    BadPieces,
    NothingPicked,
    NotPicked,
    NotReplaceable,
    UnknownFulfilment,
    WrongState,
)
from comptoir.orders.fulfilment.events import FulfilmentChanged, OrderEnded, PiecesReplaced
from comptoir.orders.fulfilment.floor import run
from comptoir.orders.fulfilment.records import (
    Accept,
    Act,
    Arrive,
    Done,
    Expire,
    Fulfilment,
    FulfilmentLine,
    HandOver,
    Overdue,
    Pack,
    Parcel,
    Pick,
    Pieces,
    Proof,
    Ready,
    Reject,
    Send,
    Stop,
    Substitute,
    Wave,
)
from comptoir.orders.fulfilment.shortages import look_into_shortages, retry_shortages
from comptoir.orders.fulfilment.waiting import source_waiting
from comptoir.orders.fulfilment.waves import one_walk_at_a_time, start_wave, wave
from comptoir.orders.fulfilment.works import fulfilment, fulfilments, fulfilments_of, history, parcels

__all__ = [
    "Accept",
    "Act",
    "Arrive",
    "BadParcelNumber",
    "BadPieces",
    "Done",
    "Dossier",
    "Expire",
    "Fulfilment",
    "FulfilmentChanged",
    "FulfilmentLine",
    "HandOver",
    "NotPicked",
    "NotReplaceable",
    "NothingPicked",
    "OrderEnded",
    "Overdue",
    "Pack",
    "Parcel",
    "Pick",
    "Pieces",
    "PiecesReplaced",
    "Proof",
    "Ready",
    "Reject",
    "Send",
    "Stop",
    "Substitute",
    "UnknownFulfilment",
    "Wave",
    "WrongState",
    "conclude",
    "coupons",
    "fulfilment",
    "fulfilments",
    "fulfilments_of",
    "give_up_uncollected",
    "history",
    "look",
    "look_into_shortages",
    "one_walk_at_a_time",
    "parcels",
    "retry_shortages",
    "run",
    "source_waiting",
    "start_wave",
    "tell_overdue",
    "wave",
]
