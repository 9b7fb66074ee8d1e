"""GS1 keys in their three written forms, and one form to compare them by.

    parse("urn:epc:id:sgtin:0614141.107346.2017")            EPC URN (EPC Tag Data Standard 2.0, section 6)
    parse("https://shop.example/01/10614141073464/21/2017")  GS1 Digital Link (URI Syntax 1.4), of any host
    parse("(01)10614141073464(21)2017")                      element string, in brackets or raw with FNC1 (GS, U+001D)

All three give the same `Key`, whose `link()` is the canonical Digital Link. A URN is cut behind the company prefix,
which no key shows by itself: `urn()` asks for its length.

There is no library to lean on: the one for event hashes brings a web server along, the syntax engine of GS1 is C.
"""

import re
from functools import lru_cache
from urllib.parse import quote, unquote

import msgspec

from comptoir.catalog import BadGtin, check_digit, gtin14
from comptoir.rfid.errors import BadGs1Key

DOMAIN = "https://id.gs1.org"


class Scheme(msgspec.Struct, frozen=True):
    """How a kind of key is written. The value of its AI is `lead`, `digits` digits and a check digit."""

    name: str
    ai: str
    digits: int = 0
    """Without lead and check digit; 0: letters and digits of any number, without check digit."""
    moved: bool = False
    """In the URN the first digit stands behind the company prefix (indicator of a GTIN, extension of an SSCC)."""
    lead: str = ""
    serial_ai: str = ""
    """The AI of the serial; "+" where it is appended to the key's own value."""
    serial: int = 0
    """The longest serial."""
    numeric_serial: bool = False
    optional: bool = False
    """The key may stand without serial, which a URN of an instance writes as 0 (sgln)."""


SCHEMES = {
    one.name: one
    for one in (
        Scheme("sgtin", "01", 13, moved=True, serial_ai="21", serial=20),
        Scheme("upui", "01", 13, moved=True, serial_ai="235", serial=28),
        Scheme("sscc", "00", 17, moved=True),
        Scheme("sgln", "414", 12, serial_ai="254", serial=20, optional=True),
        Scheme("pgln", "417", 12),
        Scheme("grai", "8003", 12, lead="0", serial_ai="+", serial=16),
        Scheme("giai", "8004", serial=30),
        Scheme("gsrn", "8018", 17),
        Scheme("gsrnp", "8017", 17),
        Scheme("gdti", "253", 12, serial_ai="+", serial=17),
        Scheme("sgcn", "255", 12, serial_ai="+", serial=12, numeric_serial=True),
        Scheme("ginc", "401", serial=30),
        Scheme("gsin", "402", 16),
        Scheme("cpi", "8010", serial_ai="8011", serial=12, numeric_serial=True),
        Scheme("itip", "8006", 13, moved=True, serial_ai="21", serial=20),
    )
}
BY_AI = {one.ai: one for one in SCHEMES.values() if one.name != "upui"}
NAMES = {"gtin": "01", "sscc": "00", "gln": "414", "party": "417", "grai": "8003", "giai": "8004", "gsrn": "8018",
         "gsrnp": "8017", "gdti": "253", "gcn": "255", "ginc": "401", "gsin": "402", "cpid": "8010", "itip": "8006",
         "lot": "10", "ser": "21", "cpv": "22"}  # fmt: skip
"""The words that Digital Link allowed in place of AIs until version 1.2: still read, never written."""

CLASSES = {"lgtin", "sgtin", "grai", "gdti", "sgcn", "cpi", "itip", "upui"}


class Key(msgspec.Struct, frozen=True):
    """One GS1 key. `value` is that of its AI, with check digit; `serial` and `lot` are as they are read aloud.

    Without serial it names a class of things (an article, a lot of it); an SSCC, a GLN, a GSRN need none.
    """

    scheme: str
    value: str
    serial: str = ""
    lot: str = ""

    @property
    def gtin(self) -> str | None:
        """GTIN-14 of what is an article."""
        return self.value[:14] if self.scheme in {"sgtin", "upui", "itip"} else None

    def of_class(self) -> "Key":
        """The same without serial and lot: the article of this one piece."""
        return Key(self.scheme, self.value)

    def link(self, domain: str = DOMAIN) -> str:
        """GS1 Digital Link with the finest level only: a piece without its lot."""
        kind = SCHEMES[self.scheme]
        path = f"{domain}/{kind.ai}/{escaped(self.value)}"
        if self.serial:
            return path + (
                escaped(self.serial) if kind.serial_ai == "+" else f"/{kind.serial_ai}/{escaped(self.serial)}"
            )
        return f"{path}/10/{escaped(self.lot)}" if self.lot else path

    def elements(self) -> str:
        """Element string in brackets."""
        kind = SCHEMES[self.scheme]
        own = self.serial if kind.serial_ai == "+" else ""
        text = f"({kind.ai}){self.value}{own}" + (f"(10){self.lot}" if self.lot else "")
        return text + (f"({kind.serial_ai}){self.serial}" if self.serial and not own else "")

    def urn(self, prefix: int) -> str:
        """EPC URN; `prefix` is the number of digits of the company prefix (6 to 12). Raises BadGs1Key."""
        if not 6 <= prefix <= 12:
            raise BadGs1Key(f"A company prefix has 6 to 12 digits, not {prefix}.", prefix=prefix)
        return f"urn:epc:{self._urn_kind()}:{self._urn_body(SCHEMES[self.scheme], prefix)}"

    def _urn_kind(self) -> str:
        if self.lot and not self.serial:
            return "class:lgtin"
        kind = SCHEMES[self.scheme]
        pattern = kind.serial_ai and not self.serial and not kind.optional
        return f"idpat:{self.scheme}" if pattern else f"id:{self.scheme}"

    def _urn_body(self, kind: Scheme, prefix: int) -> str:
        extra = ""
        if not kind.digits:
            parts = [self.value[:prefix], in_urn(self.value[prefix:])]
        else:
            digits = self.value[len(kind.lead) : len(kind.lead) + kind.digits]
            if self.scheme == "itip":
                extra = f".{self.value[14:16]}.{self.value[16:18]}"
            first, rest = (digits[0], digits[1:]) if kind.moved else ("", digits)
            parts = [rest[:prefix], first + rest[prefix:]]
        body = ".".join(parts) + extra
        if not kind.serial_ai:
            return f"{body}." if self.scheme == "gsrn" and not parts[1] else body
        if self.lot and not self.serial:
            return f"{body}.{in_urn(self.lot)}"
        return f"{body}.{in_urn(self.serial)}" if self.serial else body + (".0" if kind.optional else ".*")


def parse(text: str, *, strict: bool = True) -> Key:
    """Any of the three forms. Raises BadGs1Key, or BadGtin; unless `strict`, check digits are taken as they are."""
    try:
        if text.startswith("urn:epc:"):
            return from_urn(text)
        if text.startswith(("http://", "https://")):
            return from_link(text, strict=strict)
        return from_elements(text, strict=strict)
    except BadGtin as refusal:
        raise BadGs1Key(refusal.detail, **refusal.data) from refusal


@lru_cache(maxsize=65_536)
def canonical(uri: str) -> str:
    """One spelling for all of one key: the canonical Digital Link. What is no GS1 key stays as it is."""
    if not uri.startswith(("urn:epc:", "http://", "https://")):
        return uri
    try:
        return parse(uri, strict=False).link()
    except BadGs1Key:
        return uri


# ---- EPC URN

URN = re.compile(r"urn:epc:(id|idpat|class):([a-z]+):(.+)", re.DOTALL)
PLAIN = re.compile(r"(?:[!'()*+,\-.0-9:;=A-Z_a-z]|%(?:2[2356F]|3[CEF]))*", re.IGNORECASE)
"""What stands in a URN (Tag Data Standard, table A-1): seven of the 82 characters only escaped, # beside them."""


def from_urn(text: str) -> Key:
    """`urn:epc:id:…`, `urn:epc:class:lgtin:…`, `urn:epc:idpat:….*`."""
    found = URN.fullmatch(text)
    if not found:
        raise bad(text, "an EPC is written urn:epc:id:<scheme>:<company prefix>.<reference>…")
    form, name, body = found.groups()
    kind = SCHEMES.get("sgtin" if name == "lgtin" else name)
    if kind is None or (form == "class") != (name == "lgtin") or (form == "idpat" and name not in CLASSES):
        raise bad(text, f"urn:epc:{form}:{name} is none of the schemes that are read here")
    wanted = 2 + bool(kind.serial_ai) + 2 * (name == "itip")
    parts = body.split(".", wanted - 1)
    if len(parts) != wanted:
        raise bad(text, f"it has {wanted} parts between its points")
    prefix, reference, *more = parts
    if not (digits_only(prefix) and 6 <= len(prefix) <= 12):
        raise bad(text, "the company prefix has 6 to 12 digits")
    serial = more.pop() if kind.serial_ai else ""
    if form == "idpat":
        if serial != "*":
            raise bad(text, "a pattern is read where it names all serials of one class: ….*")
        serial = ""
    elif kind.serial_ai and not serial:
        raise bad(text, "the serial is empty")
    if not PLAIN.fullmatch(serial) or not PLAIN.fullmatch(reference):
        raise bad(text, "it holds a character that must be escaped or is not allowed")
    value = value_of(text, kind, prefix, unquote(reference), more)
    if name == "lgtin":
        return checked(text, Key("sgtin", value, lot=unquote(serial)))
    serial = "" if kind.optional and serial == "0" else unquote(serial)
    return checked(text, Key(kind.name, value, serial))


def value_of(text: str, kind: Scheme, prefix: str, reference: str, more: list[str]) -> str:
    """The value of the AI: the URN has no check digit, and an indicator digit behind the prefix."""
    if not kind.digits:
        if not reference:
            raise bad(text, "the reference is empty")
        return prefix + reference
    if len(prefix) + len(reference) != kind.digits or (reference and not digits_only(reference)):
        raise bad(text, f"company prefix and reference have {kind.digits} digits together")
    if kind.moved:
        digits = reference[:1] + prefix + reference[1:]
        if len(reference) < 1:
            raise bad(text, "the reference is empty")
    else:
        digits = prefix + reference
    whole = f"{kind.lead}{digits}{check_digit(kind.lead + digits)}"
    if kind.name == "itip":
        if not all(len(one) == 2 and digits_only(one) for one in more):
            raise bad(text, "piece and total have two digits each")
        whole += "".join(more)
    return whole


# ---- GS1 Digital Link


def from_link(text: str, *, strict: bool = True) -> Key:
    """Of any host, at any depth of its path; query and fragment are dropped."""
    parts = text.split("?", 1)[0].split("#", 1)[0].rstrip("/").split("/")[3:]
    for place in range(len(parts) - 1):
        ai = NAMES.get(parts[place], parts[place])
        if ai in BY_AI:
            try:
                pairs = list(zip(parts[place::2], parts[place + 1 :: 2], strict=True))
            except ValueError:
                continue
            found = {NAMES.get(name, name): unquote(value) for name, value in pairs}
            return from_values(text, found, strict=strict)
    raise bad(text, "no GS1 key stands in its path, such as /01/<GTIN>/21/<serial>")


def from_values(text: str, found: dict[str, str], *, strict: bool = True) -> Key:
    """The key among values by AI, with its serial and lot."""
    ai = next((one for one in found if one in BY_AI), None)
    if ai is None:
        raise bad(text, "it holds no GS1 key")
    kind = SCHEMES["upui"] if ai == "01" and "235" in found else BY_AI[ai]
    value = found[ai]
    serial = found.get(kind.serial_ai, "")
    if ai == "01":
        value = gtin14(value) if strict else value.zfill(14)
    elif kind.digits:
        length = len(kind.lead) + kind.digits + 1 + 4 * (kind.name == "itip")
        if kind.serial_ai == "+":
            value, serial = value[:length], value[length:]
        if len(value) != length:
            raise bad(text, f"({ai}) has {length} digits")
    if kind.digits and not (digits_only(value) and len(value) >= 13):
        raise bad(text, f"({ai}) consists of digits")
    end = len(kind.lead) + kind.digits
    if not value.startswith(kind.lead):
        raise bad(text, f"({ai}) begins with {kind.lead}")
    if strict and kind.digits and str(check_digit(value[:end])) != value[end]:
        raise bad(text, f"the check digit of ({ai}) would be {check_digit(value[:end])}")
    lot = found.get("10", "") if kind.name in {"sgtin", "itip"} and not serial else ""
    if kind.optional and serial == "0":
        serial = ""
    return checked(text, Key(kind.name, value, serial, lot))


# ---- element strings

FNC1 = "\x1d"
LENGTHS = {"00": 18, "01": 14, "02": 14, "03": 14, "04": 16, "11": 6, "12": 6, "13": 6, "15": 6, "16": 6, "17": 6,
           "20": 2, "402": 17, "410": 13, "411": 13, "412": 13, "413": 13, "414": 13, "415": 13, "416": 13, "417": 13,
           "8006": 18, "8017": 18, "8018": 18}  # fmt: skip
"""AIs of fixed length (GS1 General Specifications, section 3.2), without those of measures (31nn to 36nn)."""
OPEN = ("8003", "8004", "8010", "8011", "10", "21", "22", "235", "240", "241", "250", "251", "253", "254", "255", "30",
        "37", "400", "401", "403", "420", "421")  # fmt: skip
"""AIs that end with FNC1 or with the string."""
KNOWN = re.compile(r"\((?=(?:" + "|".join([*LENGTHS, *OPEN, r"3[1-6]\d\d"]) + r")\))")
"""A bracket may stand in a serial: it opens an AI only where one that we know follows."""


def from_elements(text: str, *, strict: bool = True) -> Key:
    """`(01)…(21)…`, or as a scanner gives it: AIs without brackets, those of open length ended by FNC1."""
    found: dict[str, str] = {}
    if text.startswith("("):
        for pair in KNOWN.split(text)[1:]:
            ai, _, value = pair.partition(")")
            found[ai] = value
        return from_values(text, found, strict=strict)
    rest = re.sub(r"^\](?:C1|e0|d2|Q3|J1)", "", text).lstrip(FNC1)
    while rest:
        ai, length = leading(text, rest)
        rest = rest[len(ai) :]
        end = length or (rest.index(FNC1) if FNC1 in rest else len(rest))
        found[ai], rest = rest[:end], rest[end:].removeprefix(FNC1)
    return from_values(text, found, strict=strict)


def leading(text: str, rest: str) -> tuple[str, int]:
    """The AI at the beginning and the length of its value; 0 for open."""
    for size in (4, 3, 2):
        ai = rest[:size]
        if ai in LENGTHS:
            return ai, LENGTHS[ai]
        if ai in OPEN:
            return ai, 0
        if size == 4 and re.fullmatch(r"3[1-6]\d\d", ai):
            return ai, 6
    raise bad(text, f"no application identifier begins with {rest[:4]!r}")


# ---- parts


def checked(text: str, key: Key) -> Key:
    """Serial, lot and free references are of the 82 characters of GS1 (39 for parts) and not too long."""
    kind = SCHEMES[key.scheme]
    if len(key.serial) > kind.serial or (kind.numeric_serial and key.serial and not digits_only(key.serial)):
        digits = " digits" if kind.numeric_serial else ""
        raise bad(text, f"its serial is longer than {kind.serial}{digits or ' characters'}, or of other characters")
    if len(key.lot) > 20 or not (kind.digits or (4 < len(key.value) <= 30 and digits_only(key.value[:4]))):
        raise bad(text, "the lot or the reference is too long, or no company prefix begins it")
    if not (SET_82.fullmatch(key.serial) and SET_82.fullmatch(key.lot) and SET_82.fullmatch(key.value)):
        raise bad(text, "it holds a character that no GS1 key holds")
    return key


SET_82 = re.compile(r"""[!"#%&'()*+,\-./0-9:;<=>?A-Z_a-z]*""")


def digits_only(text: str) -> bool:
    return text.isascii() and text.isdigit()


def escaped(text: str) -> str:
    """In a path: what RFC 3986 and Digital Link (table 7-1) want escaped, upper case."""
    return text if text.isalnum() and text.isascii() else quote(text, safe="';=")


def in_urn(text: str) -> str:
    return quote(text, safe="!'()*+,:;=")


def bad(text: str, why: str) -> BadGs1Key:
    return BadGs1Key(f"{text[:80]!r} is no GS1 key: {why}.", key=text[:200])
