"""How things are misspelt."""

import random

from identity.traps.words import SOUNDS

ACCENTS = str.maketrans("àâäéèêëîïôöùûüçÀÂÄÉÈÊËÎÏÔÖÙÛÜÇ", "aaaeeeeiioouuucAAAEEEEIIOOUUUC")


def plain(text: str) -> str:
    return text.translate(ACCENTS).replace("œ", "oe")


def slip(chance: random.Random, text: str) -> str:
    """A slip of the finger: a letter too many, too few, another one, or two swapped."""
    if len(text) < 3:
        return text
    place = chance.randrange(1, len(text) - 1)
    near = chance.choice("aeinrstlo")
    return chance.choice([
        text[:place] + text[place + 1 :],
        text[:place] + text[place] + text[place:],
        text[:place] + near + text[place + 1 :],
        text[:place] + text[place + 1] + text[place] + text[place + 2 :],
    ])  # fmt: skip


def misheard(chance: random.Random, name: str) -> str:
    low = plain(name).lower()
    pairs = [(one, other) for one, other in SOUNDS if one in low]
    if not pairs:
        return name
    one, other = chance.choice(pairs)
    return low.replace(one, other, 1).title()
