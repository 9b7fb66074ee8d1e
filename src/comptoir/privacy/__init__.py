"""People's rights over their data: access, portability, restriction, erasure with its proof.

register      what every package has declared to hold      asking        received, verified, answered within a month
erasing       two phases, step by step, to the end         past          the log without her
values        how her values may be written                proving       every column of every table is searched
certificates  numbered, without anything of hers           access        her copy, as JSON and to be read
sight         who looked at whom
returning     who comes back of her own accord             paper         reports as PDF

Above everything that keeps people's data, so that it can reach it all; each package says of its own tables what is to
be done with them (kernel.register).
"""

from comptoir.privacy.asking import (
    Asked,
    answered,
    decide,
    erase,
    open_request,
    refuse,
    request,
    requests,
    restrict,
    verify,
)
from comptoir.privacy.certificates import Certificate, certificate, pdf_of
from comptoir.privacy.erasing import erase_person, erasure
from comptoir.privacy.errors import (
    NotDoubtful,
    NotErased,
    NotVerified,
    ReferenceTaken,
    RequestClosed,
    UnknownCertificate,
    UnknownRequest,
    WrongKind,
)
from comptoir.privacy.records import PHASES, Erasure, Request
from comptoir.privacy.register import TABLES, personal
from comptoir.privacy.returning import readmit
from comptoir.privacy.sight import Sight, forget_sights, note, sights, sights_of

__all__ = [
    "PHASES",
    "TABLES",
    "Asked",
    "Certificate",
    "Erasure",
    "NotDoubtful",
    "NotErased",
    "NotVerified",
    "ReferenceTaken",
    "Request",
    "RequestClosed",
    "Sight",
    "UnknownCertificate",
    "UnknownRequest",
    "WrongKind",
    "answered",
    "certificate",
    "decide",
    "erase",
    "erase_person",
    "erasure",
    "forget_sights",
    "note",
    "open_request",
    "pdf_of",
    "personal",
    "readmit",
    "refuse",
    "request",
    "requests",
    "restrict",
    "sights",
    "sights_of",
    "verify",
]
