"""People who are to be gone, and who were.

withholding  who is being erased (seen by nobody) and whose processing is restricted
tombstones   keyed hashes of erased identifiers: what comes back is known, and refused
fan_out      every identifier that ever was hers
"""

from comptoir.identity.erasing.fan_out import Doubtful, fan_out
from comptoir.identity.erasing.tombstones import Grave, WrongHouseKey, buried, buried_at, bury, exclude, graves, readmit
from comptoir.identity.erasing.withholding import release, restricted, withheld, withhold

__all__ = [
    "Doubtful",
    "Grave",
    "WrongHouseKey",
    "buried",
    "buried_at",
    "bury",
    "exclude",
    "fan_out",
    "graves",
    "readmit",
    "release",
    "restricted",
    "withheld",
    "withhold",
]
