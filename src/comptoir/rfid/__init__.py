"""Radio tags: what a thing's GS1 key says, in all its written forms.

gs1   EPC URN, GS1 Digital Link and element string, and one canonical form to compare them by

Reads do not touch stock: turning them into counts and movements is a later part, by rules, through inventory.
"""

from comptoir.rfid.errors import BadGs1Key
from comptoir.rfid.gs1 import Key, canonical, parse

__all__ = ["BadGs1Key", "Key", "canonical", "parse"]
