"""Coupon codes: Crockford's base 32 with his check digit, without vowels so that no word comes of it; kept as a hash.

https://www.crockford.com/base32.html: 32 digits without I, L, O and U, the check digit is the number modulo 37. Codes
whose check digit would be one of his five further signs are not made. Read back, small letters, dashes and blanks do
not matter, O is 0, I and L are 1.
"""

import os
from hashlib import sha256
from uuid import UUID

import numpy as np

from comptoir.pricing.errors import BadCode

DIGITS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
VOWELS = (DIGITS.index("A"), DIGITS.index("E"))
VALUE = {digit: value for value, digit in enumerate(DIGITS)}
MODULUS = 37
SHORTEST, LENGTH, LONGEST = 12, 16, 32
READ = str.maketrans("OIL", "011", " -\t")


def make(count: int, *, length: int = LENGTH) -> list[str]:
    """So many codes, the last digit of each its check digit. 16 digits have 73 random bits."""
    made: list[str] = []
    letters = np.frombuffer(DIGITS.encode(), np.uint8)
    allowed = np.array([value for value in range(32) if value not in VOWELS], np.uint8)
    while (short := count - len(made)) > 0:
        tries = short * 5 // 4 + 16  # a fifth has a check digit that we do not use
        # 240 is a multiple of 30, so every digit is as likely as another.
        random = np.frombuffer(os.urandom(tries * length), np.uint8)
        random = random[random < 240]
        values = allowed[random[: len(random) // (length - 1) * (length - 1)].reshape(-1, length - 1) % 30]
        rest = np.zeros(len(values), np.int64)
        for place in range(length - 1):
            rest = (rest * 32 + values[:, place]) % MODULUS
        good = (rest < 32) & ~np.isin(rest, VOWELS)
        whole = letters[np.column_stack([values[good], rest[good].astype(np.uint8)])].tobytes().decode()
        made += [whole[start : start + length] for start in range(0, len(whole), length)][:short]
    return made


def shown(code: str) -> str:
    """In fours, as it is printed."""
    return "-".join(code[start : start + 4] for start in range(0, len(code), 4))


def read(code: str) -> str:
    """A code as somebody typed or scanned it, in the one form that is hashed."""
    return code.upper().translate(READ)


def right(code: str) -> bool:
    """Whether the check digit fits: a wrong digit or two that changed places are noticed. Only for codes of ours."""
    clean = read(code)
    if len(clean) < SHORTEST or not all(digit in VALUE for digit in clean):
        return False
    rest = 0
    for digit in clean[:-1]:
        rest = (rest * 32 + VALUE[digit]) % MODULUS
    return rest == VALUE[clean[-1]]


def hashed(code: str) -> UUID:
    """What is kept of a code: the first 16 bytes of the SHA-256 of its one form."""
    return UUID(bytes=digest(read(code)))


def digest(clean: str) -> bytes:
    """The same of a code that is in its one form."""
    return sha256(clean.encode()).digest()[:16]


def chosen(code: str) -> str:
    """A code that somebody thought of: SUMMER25. Raises BadCode."""
    clean = read(code)
    if not 4 <= len(clean) <= 60 or not (clean.isascii() and clean.isalnum()):
        raise BadCode(f"{code[:60]!r}: 4 to 60 letters and digits make a code.", code=code[:60])
    return clean
