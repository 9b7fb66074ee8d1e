"""Tills that can be offline: what they did comes in later, once, in order, and nothing of it is lost.

devices    tills register; each has a key of its own that can be revoked
chain      a device's entries hang together by SHA-256: duplicates, gaps and forks are told apart; pure
sync       `sync`: a batch of entries of one device in one transaction
acts       what entries do to the books: sales, returns, stock, claims
quarantine what stands aside, and the decision to take it all the same, or to leave it
looking    how each till stands, for people
snapshot   prices, taxes, promotions and stock to take along, as a delta by version
"""

from comptoir.tills.devices import device_of, devices, register, revoke
from comptoir.tills.errors import BadSync, DeviceExists, NotADevice, UnknownDevice, UnknownEntry
from comptoir.tills.events import TillEntrySetAside, TillGapClosed, TillGapFound
from comptoir.tills.holdings import HOLDINGS
from comptoir.tills.looking import Faulty, Standing, faulty, pulse, standing, standings
from comptoir.tills.quarantine import dismiss, set_aside, take
from comptoir.tills.records import Answer, Aside, Device, NewDevice, Registered, Snapshot, Synced
from comptoir.tills.snapshot import snapshot
from comptoir.tills.sync import sync

__all__ = [
    "HOLDINGS",
    "Answer",
    "Aside",
    "BadSync",
    "Device",
    "DeviceExists",
    "Faulty",
    "NewDevice",
    "NotADevice",
    "Registered",
    "Snapshot",
    "Standing",
    "Synced",
    "TillEntrySetAside",
    "TillGapClosed",
    "TillGapFound",
    "UnknownDevice",
    "UnknownEntry",
    "device_of",
    "devices",
    "dismiss",
    "faulty",
    "pulse",
    "register",
    "revoke",
    "set_aside",
    "snapshot",
    "standing",
    "standings",
    "sync",
    "take",
]
