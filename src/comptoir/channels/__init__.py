"""Where the retailer meets customers, and what sends us events from there.

outlets   shops, sites, apps, call centres, marketplaces, social accounts; near a point
hours     whether one is open, and when it opens next
sources   what sends events, its write keys, and `Sources`: all of them in memory
"""

from comptoir.channels.errors import (
    BadOpeningHours,
    BadPosition,
    OutletExists,
    RepeatedCode,
    SourceExists,
    UnknownCountry,
    UnknownCurrency,
    UnknownOutlet,
    UnknownSource,
    UnknownTimeZone,
)
from comptoir.channels.holdings import HOLDINGS
from comptoir.channels.hours import is_open, next_closing, next_opening, openings_of
from comptoir.channels.outlets import (
    add_outlet,
    countries,
    currencies,
    near,
    outlet,
    outlets,
    record_outlets,
    time_zones,
)
from comptoir.channels.records import Channel, Near, Opening, OpeningHours, Outlet, OutletEntry, Source
from comptoir.channels.sources import Sources, add_source, change_source, rotate, source, sources

__all__ = [
    "HOLDINGS",
    "BadOpeningHours",
    "BadPosition",
    "Channel",
    "Near",
    "Opening",
    "OpeningHours",
    "Outlet",
    "OutletEntry",
    "OutletExists",
    "RepeatedCode",
    "Source",
    "SourceExists",
    "Sources",
    "UnknownCountry",
    "UnknownCurrency",
    "UnknownOutlet",
    "UnknownSource",
    "UnknownTimeZone",
    "add_outlet",
    "add_source",
    "change_source",
    "countries",
    "currencies",
    "is_open",
    "near",
    "next_closing",
    "next_opening",
    "openings_of",
    "outlet",
    "outlets",
    "record_outlets",
    "rotate",
    "source",
    "sources",
    "time_zones",
]
