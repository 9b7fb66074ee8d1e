"""Everything known about a person, as the merge of what is known under her identifiers.

project     a batch of the log becomes measures     golden      the best value of each field, and why
fold        what the batch adds (pure)              timeline    the thread across all channels
directory   one row per person, a second behind   measures    figures, touches, favourites, devices
visits      runs of half-hours                      search      the page of customers
vocabulary  what event names mean                   live        the house at this moment
traits      what is told about people               rebuild     empty it all and replay the log
corrections a corrected sale                        retention   what is forgotten, and when
"""

from comptoir.profiles.directory import keep as keep_directory
from comptoir.profiles.directory import refresh as refresh_directory
from comptoir.profiles.golden import golden_of, golden_record, told_of
from comptoir.profiles.holdings import HOLDINGS
from comptoir.profiles.live import live
from comptoir.profiles.measures import devices, measures
from comptoir.profiles.people import UnknownPerson, person_by_key
from comptoir.profiles.project import Places, project
from comptoir.profiles.rebuild import digest, empty
from comptoir.profiles.records import (
    Bead,
    Device,
    Field,
    Found,
    GoldenRecord,
    Live,
    Measures,
    Moment,
    SearchPage,
    Takings,
    Timeline,
    Touch,
    Value,
)
from comptoir.profiles.retention import forget_moments
from comptoir.profiles.search import Filters, mini_threads, search
from comptoir.profiles.timeline import Strand, UnknownMoment, detail, strands, timeline
from comptoir.profiles.traits import words

__all__ = [
    "HOLDINGS",
    "Bead",
    "Device",
    "Field",
    "Filters",
    "Found",
    "GoldenRecord",
    "Live",
    "Measures",
    "Moment",
    "Places",
    "SearchPage",
    "Strand",
    "Takings",
    "Timeline",
    "Touch",
    "UnknownMoment",
    "UnknownPerson",
    "Value",
    "detail",
    "devices",
    "digest",
    "empty",
    "forget_moments",
    "golden_of",
    "golden_record",
    "keep_directory",
    "live",
    "measures",
    "mini_threads",
    "person_by_key",
    "project",
    "refresh_directory",
    "search",
    "strands",
    "timeline",
    "told_of",
    "words",
]
