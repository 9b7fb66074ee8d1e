"""One record cleaned as batch cleans a file (`matching.cleaning`), by what that file has said: a property test holds
the two together.
"""

import re
import unicodedata
from collections.abc import Sequence
from datetime import date, datetime

import msgspec
from rapidfuzz.distance import Levenshtein

from comptoir.identity.matching.cleaning import COMPLEMENT, KINDS, RELAYS, WHOLE
from comptoir.identity.matching.comparisons import Clean
from comptoir.identity.matching.nicknames import FULL
from comptoir.identity.realtime.knowledge import NEVER, Knowledge


class Written(msgspec.Struct, frozen=True, kw_only=True):
    """A record as a source has written it: the columns of `comptoir identity match` that are compared."""

    source: str = ""
    customer_code: str | None = None
    first_name: str | None = None
    last_name: str | None = None
    email: str | None = None
    phone: str | None = None
    street: str | None = None
    postcode: str | None = None
    city: str | None = None
    country: str | None = None
    birth_date: date | None = None
    loyalty_card: str | None = None
    device_ids: Sequence[str] = ()
    created_at: datetime | None = None


def clean(one: Written, known: Knowledge) -> Clean:
    """What can be compared of it."""
    first, last = turned(letters(one.first_name), letters(one.last_name), known)
    mail = stripped(one.email)
    name, _, host = mail.partition("@") if mail else ("", "", "")
    local, host = re.sub(r"\+.*$", "", name), host.partition("@")[0]
    spelt = spelt_in(local, known) if local and (first is None or last is None) else (None, None)
    is_spelt = first is None and spelt[0] is not None
    first = first if first is not None else spelt[0]
    last = None if known.filler("last", last) else last
    if last is None and spelt[1] is not None and first is not None and spelt[1] != first:
        last = spelt[1]
    meant, relays = domain(host, known)
    no_mail = not mail or not host or known.filler("mail", mail)
    bare = local.replace(".", "")
    phone = nine_digits(one.phone)
    street = street_only(one.street)
    postcode = place(one.postcode, one.country)
    whole = first.replace(" ", "") if first is not None else None
    family = last.replace(" ", "") if last is not None else None
    card = re.sub("[^A-Za-z0-9]", "", one.loyalty_card or "").upper() or None
    kiosks = known.fillers.get("device", frozenset())
    devices = [device for device in one.device_ids if device not in kiosks]
    return Clean(
        first=whole,
        part=first.split(" ", 1)[0] if first is not None and " " in first else None,
        called=tuple(dict.fromkeys((whole, *FULL.get(whole, ())))) if whole is not None else (),
        last=family,
        lasts=tuple(last.split(" ")) if last is not None and " " in last else None,
        email=None if no_mail else f"{bare}@gmail.com" if meant in GMAIL else f"{local}@{meant}",
        local=None if no_mail or relays or bare in known.often or is_only_name(local, first, last) else bare,
        relays=relays,
        phone=None if known.filler("phone", phone) else phone,
        number=(match[2] if (match := NUMBER.search(street)) else "") if street is not None else None,
        street=words(street),
        postcode=postcode,
        birth=None if one.birth_date and known.filler("birth", one.birth_date.isoformat()) else one.birth_date,
        card=None if known.filler("card", card) else card,
        code=code.upper() if (code := stripped_as_is(one.customer_code)) else None,
        devices=tuple(devices) or None,
        first_share=known.first_shares.get(whole, known.unseen) if whole is not None else 0.0,
        last_share=known.last_shares.get(family, known.unseen) if family is not None else 0.0,
        place_share=known.place_shares.get(postcode, known.unseen) if postcode is not None else 0.0,
        is_spelt=is_spelt,
    )


def is_only_name(local: str, first: str | None, last: str | None) -> bool:
    """m.dupont@ at another provider says no more than the name does."""
    if re.search("[0-9]", local):
        return False
    spelt = re.sub("[^a-z]", "", local)
    named = [one.replace(" ", "") for one in (last, first if len(first or "") >= 3 else None) if one is not None]
    return any(one in spelt for one in named)


GMAIL = {"gmail.com", "googlemail.com"}
NUMBER = re.compile("(^| )([0-9]{1,4})")
NO_WORD = re.compile("[0-9]+[a-z]?")
OF_COMPLEMENT = re.compile(COMPLEMENT)
TELL_NOTHING = frozenset(KINDS.split())


def stripped_as_is(text: str | None) -> str | None:
    return (text.strip(" ") or None) if text is not None else None


def stripped(text: str | None) -> str:
    return (text or "").strip(" ").lower()


def accentless(text: str) -> str:
    return "".join(one for one in unicodedata.normalize("NFD", text) if not unicodedata.combining(one))


def letters(text: str | None) -> str | None:
    """A name in plain letters."""
    if not (text := stripped_as_is(text)):
        return None
    plain = accentless(text).lower().replace("œ", "oe").replace("æ", "ae")
    return re.sub("[^a-z]+", " ", plain).strip(" ") or None


def nine_digits(text: str | None) -> str | None:
    digits = re.sub("[^0-9]", "", text or "")
    return digits[-9:] if len(digits) >= 9 else None


def street_only(text: str | None) -> str | None:
    """Number and street, without complements."""
    if not (text := stripped_as_is(text)):
        return None
    return re.sub("[^a-z0-9]+", " ", OF_COMPLEMENT.sub(" ", accentless(text).lower())).strip(" ")


def words(street: str | None) -> str | None:
    """What tells a street from another."""
    found = [
        WHOLE.get(word, word)
        for word in (street or "").split(" ")
        if word and not NO_WORD.fullmatch(word) and word not in TELL_NOTHING
    ]
    return "".join(found) or None


def place(postcode: str | None, country: str | None) -> str | None:
    """A postcode of four digits has lost its zero."""
    if not (postcode := stripped_as_is(postcode)):
        return None
    digits = re.sub("[^0-9]", "", postcode)
    if len(digits) == 4 and (stripped_as_is(country) or "FR")[:2].upper() == "FR":
        return f"0{digits}"
    return re.sub("[^A-Za-z0-9]", "", postcode).upper() or None


def turned(first: str | None, last: str | None, known: Knowledge) -> tuple[str | None, str | None]:
    """Names in each other's box are put right: either word is far oftener the other one."""
    if first is None or last is None:
        return first, last
    one, other = known.words.get(first, NEVER), known.words.get(last, NEVER)
    as_turned = (other[0] + 0.5) * (one[1] + 0.5)
    return (last, first) if as_turned > 3 * (one[0] + 0.5) * (other[1] + 0.5) else (first, last)


def domain(name: str, known: Knowledge) -> tuple[str, bool]:
    """Which one is meant, and whether its addresses are masks."""
    if (found := known.domains.get(name)) is not None:
        return found.meant, found.relays
    if not name or name in known.frequent:
        return name, name in RELAYS
    near = [
        (many, other)
        for other, many in known.frequent.items()
        if abs(len(other) - len(name)) <= 2 and Levenshtein.distance(name, other, score_cutoff=2) <= 2
    ]
    return (max(near)[1] if near and name not in known.domains else name), name in RELAYS


def spelt_in(local: str, known: Knowledge) -> tuple[str | None, str | None]:
    """First and last name that an address is spelt like: marie.dupont75, dupontmarie, m.dupont, mdupont."""
    is_first, is_last = known.first, known.last
    best: list[tuple[int, int, str] | None] = [None, None]

    def read(box: int, sure: int, many: int, word: str) -> None:
        if best[box] is None or (sure, many, word) > (best[box] or ()):
            best[box] = sure, many, word

    tokens = re.sub("[^a-z]+", " ", local).strip(" ").split(" ")
    for word in tokens:
        for other in tokens:
            if other != word and (many := is_first(word) * is_last(other)):
                read(0, 5, many, word)
                read(1, 5, many, other)
        if len(word) == 1:
            read(0, 4, 0, word)
        if many := is_first(word):
            read(0, 3, many, word)
        if many := is_last(word):
            read(1, 3, many, word)
        for cut in range(4, len(word) - 3):
            for front, back in ((word[:cut], word[cut:]), (word[cut:], word[:cut])):
                if many := is_first(front) * is_last(back):
                    read(0, 2, many, front)
                    read(1, 2, many, back)
        if len(word) >= 5 and not is_first(word) and (many := is_last(word[1:])):
            read(0, 1, many, word[0])
            read(1, 1, many, word[1:])
    return tuple(one[2] if one else None for one in best)  # pyright: ignore[reportReturnType]
