"""What lies where, what is promised to whom, and every act that made it so.

locations  shops, warehouses and what else is an account of the ledger
desk       `Desk`, one a process: concurrent callers share batches
availability  which locations can give me this, how, and when
moving     transfers, deliveries, receiving; who has it from which day on
counting   sheets, differences, approval; how far the book can be believed
adjustments  theft, damage, display, customers' returns; keeping  safety, fences, thresholds
waiting    who is told when a unit comes free
explaining  the same, and for each location that cannot: why not
shelves    what lies where, for people who look; the story of an article at a place
rights     whose goods they are, where somebody works for one shop only
ledger     `post`: the only writer; a batch of acts, each done whole or refused whole; overdue  what was held too long
book       its decisions, pure
stock      what lies at a place and what is promised there, in memory
take_on    what lies where, taken over from the system before
shortages  where more is promised than lies there
reconcile  proofs that balances, promises and ledger agree

`Hold`, `Allocate`, `Reallocate`, `Release`, `HandOver` and `Move` are what may be asked. Bulk readers use
`inventory.v_balance` and `inventory.v_ledger`.
"""

from comptoir.inventory import counting, moving, rights
from comptoir.inventory.adjustments import REASONS, Adjustment, Reason, adjust
from comptoir.inventory.availability import Offer, Place, Places, Question, available, km_to, places
from comptoir.inventory.desk import Desk
from comptoir.inventory.errors import (
    AlreadyAllocated,
    BadMove,
    BadQuantity,
    InsufficientStock,
    NothingPromised,
    NotThere,
    NotYourGoods,
    UnknownLocation,
    UnknownVariant,
)
from comptoir.inventory.events import ShortageEnded, ShortageFound
from comptoir.inventory.explaining import Explained, Explanation, explain, explain_each
from comptoir.inventory.holdings import HOLDINGS
from comptoir.inventory.keeping import (
    Fence,
    Kept,
    KeptAt,
    Safety,
    Threshold,
    kept,
    set_fences,
    set_safety,
    set_thresholds,
)
from comptoir.inventory.ledger import post
from comptoir.inventory.locations import by_code, locations, record_locations
from comptoir.inventory.overdue import expire, lapse
from comptoir.inventory.reconcile import reconcile
from comptoir.inventory.records import (
    ADJUSTMENT,
    CUSTOMER,
    SUPPLIER,
    TRANSIT,
    Act,
    Allocate,
    Answer,
    Done,
    Fault,
    HandOver,
    Hold,
    Location,
    LocationEntry,
    Method,
    Move,
    Promised,
    Reallocate,
    Release,
    Short,
    State,
    Units,
)
from comptoir.inventory.shelves import (
    Entry,
    KeptBack,
    Level,
    Standing,
    in_stock,
    kept_back,
    levels,
    newest_entry,
    stock_of,
    story,
)
from comptoir.inventory.shortages import Shortage, missing, shortages
from comptoir.inventory.take_on import Opening, TakenOver, take_over

__all__ = [
    "ADJUSTMENT",
    "CUSTOMER",
    "HOLDINGS",
    "REASONS",
    "SUPPLIER",
    "TRANSIT",
    "Act",
    "Adjustment",
    "Allocate",
    "AlreadyAllocated",
    "Answer",
    "BadMove",
    "BadQuantity",
    "Desk",
    "Done",
    "Entry",
    "Explained",
    "Explanation",
    "Fault",
    "Fence",
    "HandOver",
    "Hold",
    "InsufficientStock",
    "Kept",
    "KeptAt",
    "KeptBack",
    "Level",
    "Location",
    "LocationEntry",
    "Method",
    "Move",
    "NotThere",
    "NotYourGoods",
    "NothingPromised",
    "Offer",
    "Opening",
    "Place",
    "Places",
    "Promised",
    "Question",
    "Reallocate",
    "Reason",
    "Release",
    "Safety",
    "Short",
    "Shortage",
    "ShortageEnded",
    "ShortageFound",
    "Standing",
    "State",
    "TakenOver",
    "Threshold",
    "Units",
    "UnknownLocation",
    "UnknownVariant",
    "adjust",
    "available",
    "by_code",
    "counting",
    "expire",
    "explain",
    "explain_each",
    "in_stock",
    "kept",
    "kept_back",
    "km_to",
    "lapse",
    "levels",
    "locations",
    "missing",
    "moving",
    "newest_entry",
    "places",
    "post",
    "reconcile",
    "record_locations",
    "rights",
    "set_fences",
    "set_safety",
    "set_thresholds",
    "shortages",
    "stock_of",
    "story",
    "take_over",
]
