"""Claim codes: eight signs that an agent can read out and a till can scan, `K7Q2-M9XB`. Only a digest is kept.

Thirty digits and letters, none of which is taken for another, no vowels; the last is a check digit (Luhn mod N), so
that a slip of the tongue is not counted as a guess. 22 thousand million codes, a quarter of an hour, one use.
"""

import hashlib
import secrets
from uuid import UUID

from comptoir.orders.errors import MistypedClaimCode

SIGNS = "0123456789BCDFGHJKMNPQRSTVWXYZ"
LENGTH = 8
SECONDS = 900
READ = str.maketrans("OIL", "011", " -\t")


def make() -> str:
    body = "".join(secrets.choice(SIGNS) for _ in range(LENGTH - 1))
    return body + _check(body)


def shown(code: str) -> str:
    """In fours, as it is read out."""
    return f"{code[:4]}-{code[4:]}"


def digest(code: str) -> UUID:
    """What is kept of a code, however it was typed. Raises MistypedClaimCode."""
    clean = code.upper().translate(READ)
    if len(clean) != LENGTH or not set(clean) <= set(SIGNS) or clean[-1] != _check(clean[:-1]):
        raise MistypedClaimCode(f"{code[:20]!r} is no claim code: it has {LENGTH} signs, such as K7Q2-M9XB.")
    return UUID(bytes=hashlib.sha256(b"basket " + clean.encode()).digest()[:16])


def _check(body: str) -> str:
    """https://en.wikipedia.org/wiki/Luhn_mod_N_algorithm."""
    total = 0
    for place, sign in enumerate(reversed(body)):
        weighed = SIGNS.index(sign) * (1 if place % 2 else 2)
        total += weighed // len(SIGNS) + weighed % len(SIGNS)
    return SIGNS[-total % len(SIGNS)]
