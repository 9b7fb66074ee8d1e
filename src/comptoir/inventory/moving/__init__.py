"""Goods on their way to a location of ours.

transfers  sent by another location in two steps, or announced by a supplier
receiving  what was in the parcel: short, over, damaged, never announced
incoming   who has it from which day on
looking    what is on its way and what is late, for people; the story of one
"""

from comptoir.inventory.moving.incoming import Incoming, Outlook, outlook
from comptoir.inventory.moving.looking import Heading, Kind, Standing, Step, Tally, pulse, sought, story, tally
from comptoir.inventory.moving.receiving import Arrived, receive
from comptoir.inventory.moving.transfers import (
    Stage,
    Transfer,
    TransferLine,
    Wanted,
    announce,
    cancel,
    expect,
    locked_transfer,
    request,
    ship,
    transfer,
)

__all__ = [
    "Arrived",
    "Heading",
    "Incoming",
    "Kind",
    "Outlook",
    "Stage",
    "Standing",
    "Step",
    "Tally",
    "Transfer",
    "TransferLine",
    "Wanted",
    "announce",
    "cancel",
    "expect",
    "locked_transfer",
    "outlook",
    "pulse",
    "receive",
    "request",
    "ship",
    "sought",
    "story",
    "tally",
    "transfer",
]
