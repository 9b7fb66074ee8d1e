"""Records that share no key: who is one person, found by what agrees and what does not.

columns       the file of records                      cleaning     one form for what can be compared; fillers and slips
nicknames     Bob is Robert                            candidates   which pairs are worth comparing
comparisons   eight fields and their levels            model        the weights: Fellegi and Sunter
training      the weights learnt without labels        clustering   groups, each weighed as a whole
batch         from the file to the file
"""

from comptoir.identity.matching.batch import STEPS, Matched, match
from comptoir.identity.matching.columns import BadRecords
from comptoir.identity.matching.model import BadModel, Model, decode

__all__ = ["STEPS", "BadModel", "BadRecords", "Matched", "Model", "decode", "match"]
