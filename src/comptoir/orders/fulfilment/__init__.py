"""The work of shops and warehouses for the orders of all channels, from the allocation to the sale.

floor         `run`: what is done, in batches; an act is done whole or refused whole
records       the acts as data, and how the work stands
dossiers      an order with its works, in memory and under lock
handing_over  the goods leave, the money is taken, the sale is recorded
ending        orders of which nothing is open any more
works         lists for a board, one with all that was done for it
"""

from comptoir.orders.fulfilment.dossiers import Dossier, look
from comptoir.orders.fulfilment.ending import conclude
from comptoir.orders.fulfilment.errors import BadPieces, NothingPicked, UnknownFulfilment, WrongState
from comptoir.orders.fulfilment.events import FulfilmentChanged, OrderEnded
from comptoir.orders.fulfilment.floor import run
from comptoir.orders.fulfilment.records import (
    Accept,
    Act,
    Done,
    Fulfilment,
    FulfilmentLine,
    HandOver,
    Parcel,
    Pick,
    Pieces,
    Proof,
)
from comptoir.orders.fulfilment.works import fulfilment, fulfilments, fulfilments_of, history, parcels

__all__ = [
    "Accept",
    "Act",
    "BadPieces",
    "Done",
    "Dossier",
    "Fulfilment",
    "FulfilmentChanged",
    "FulfilmentLine",
    "HandOver",
    "NothingPicked",
    "OrderEnded",
    "Parcel",
    "Pick",
    "Pieces",
    "Proof",
    "UnknownFulfilment",
    "WrongState",
    "conclude",
    "fulfilment",
    "fulfilments",
    "fulfilments_of",
    "history",
    "look",
    "parcels",
    "run",
]
