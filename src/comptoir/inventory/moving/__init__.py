"""Goods on their way to a location of ours.

transfers  sent by another location in two steps, or announced by a supplier
receiving  what was in the parcel: short, over, damaged, never announced
incoming   who has it from which day on
"""

from comptoir.inventory.moving.incoming import Incoming, Outlook, outlook
from comptoir.inventory.moving.receiving import Arrived, receive
from comptoir.inventory.moving.transfers import (
    Transfer,
    TransferLine,
    Wanted,
    announce,
    cancel,
    expect,
    request,
    ship,
)

__all__ = [
    "Arrived",
    "Incoming",
    "Outlook",
    "Transfer",
    "TransferLine",
    "Wanted",
    "announce",
    "cancel",
    "expect",
    "outlook",
    "receive",
    "request",
    "ship",
]
