"""Records that share no key, as they come: each is compared with everyone before it is a second old.

knowledge    what a file of records says            cleaning     one record, cleaned by it
keys         who is worth comparing with it         accounts     the records, and who is near one
scoring      who it may be, field by field          recognition  evidence for the graph, or a question
reviews      the steward's queue                    models       versions: in the shadow, live, taken back
queue        accounts that are still to be compared  learning  what a model is made of; imported by who learns
"""

from comptoir.identity.errors import NoModel
from comptoir.identity.realtime import models, queue, reviews
from comptoir.identity.realtime.cleaning import Written
from comptoir.identity.realtime.models import Learnt, Models
from comptoir.identity.realtime.recognition import SURE, Recognised, recognise
from comptoir.identity.realtime.reviews import Review
from comptoir.identity.realtime.scoring import Likeness

__all__ = [
    "SURE",
    "Learnt",
    "Likeness",
    "Models",
    "NoModel",
    "Recognised",
    "Review",
    "Written",
    "models",
    "queue",
    "recognise",
    "reviews",
]
