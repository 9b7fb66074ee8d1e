"""What each source writes down of people."""

import random
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

import msgspec

from identity.traps.people import Person, Place, device
from identity.traps.slips import misheard, plain, slip
from identity.traps.words import MISTYPED, NICKNAMES, SHORT

TODAY = datetime(2026, 11, 1)  # noqa: DTZ001  a moment of a data set


class Noise(msgspec.Struct, frozen=True):
    """How often things go wrong; `Noise(of=2)` is twice as noisy as usual."""

    of: float = 1.0

    def hits(self, chance: random.Random, often: float) -> bool:
        return chance.random() < often * self.of


class Writer:
    """Writes people down as each source would."""

    def __init__(self, chance: random.Random, noise: Noise, world: Sequence[Person]) -> None:
        self.chance, self.noise, self.world = chance, noise, world
        self.kiosks = [device(chance) for _ in range(5)]
        self.members: dict[int, list[Person]] = {}
        for one in world:
            self.members.setdefault(one.household, []).append(one)

    def records(self, one: Person) -> Iterator[tuple[int, dict[str, Any]]]:
        """About three."""
        chance = self.chance
        ways = [self.web, self.app, self.till, self.call, self.market, self.newsletter, self.crm, self.device]
        weights = [22, 12, 24, 9, 12, 9, 6, 6]
        how_many = 1 + min(int(chance.expovariate(1 / 2.3)), 9)
        code = ""
        for way in chance.choices(ways, weights, k=how_many):
            record = way(one)
            at = TODAY - timedelta(days=chance.random() * 1500)
            record["created_at"] = at.isoformat(timespec="seconds")
            if way in (self.web, self.app):
                code = code if code and chance.random() < 0.8 else f"W{chance.randrange(10**9):09d}"
                record["customer_code"] = code
            elif way == self.crm:
                record["customer_code"] = f"C{chance.randrange(10**7):07d}"
            record["source"] = way.__name__
            yield one.number, record

    # sources

    def web(self, one: Person) -> dict[str, Any]:
        """She types it herself: rarely wrong, not always whole."""
        chance = self.chance
        found = self.named(one, careful=True) | {"email": self.email(one)}
        if chance.random() < 0.65:
            found |= self.address(one, careful=True)
        if chance.random() < 0.6:
            found["phone"] = self.phone(one)
        if chance.random() < 0.3:
            found["birth_date"] = self.birth(one, 0.02)
        if one.card and chance.random() < 0.3:
            found["loyalty_card"] = one.card
        return found | self.on_device(one, 0.7)

    def app(self, one: Person) -> dict[str, Any]:
        chance = self.chance
        found = self.named(one, careful=True) | {"email": self.email(one)}
        if chance.random() < 0.5:
            found["phone"] = self.phone(one)
        if chance.random() < 0.5:
            found["birth_date"] = self.birth(one, 0.02)
        if one.card and chance.random() < 0.6:
            found["loyalty_card"] = one.card
        return found | self.on_device(one, 0.95)

    def till(self, one: Person) -> dict[str, Any]:
        """A card form, typed by a cashier with a queue behind her."""
        chance, noise = self.chance, self.noise
        found = self.named(one, careful=False)
        if chance.random() < 0.4:
            found["email"] = "no@no.com" if noise.hits(chance, 0.08) else self.email(one, typed=True)
        if chance.random() < 0.6:
            found["phone"] = "0600000000" if noise.hits(chance, 0.06) else self.phone(one, typed=True)
        if chance.random() < 0.5:
            found |= self.address(one, careful=False)
        elif chance.random() < 0.6:
            found["postcode"] = self.postcode(one.places[0])
        if chance.random() < 0.45:
            found["birth_date"] = "1900-01-01" if noise.hits(chance, 0.07) else self.birth(one, 0.05)
        if one.card and chance.random() < 0.75:
            found["loyalty_card"] = one.card
        if noise.hits(chance, 0.02):
            found["last_name"], found["first_name"] = "CLIENT", None
        return found

    def call(self, one: Person) -> dict[str, Any]:
        """Heard on the telephone."""
        chance = self.chance
        found = self.named(one, careful=False)
        if chance.random() < 0.5 and found.get("last_name"):
            found["last_name"] = misheard(chance, found["last_name"])
        found["phone"] = self.phone(one, typed=True)
        if chance.random() < 0.5:
            found |= self.address(one, careful=False)
        if chance.random() < 0.25:
            found["email"] = self.email(one, typed=True)
        return found

    def market(self, one: Person) -> dict[str, Any]:
        """An order of a marketplace: a masked address, and where to send it."""
        chance = self.chance
        found = self.named(one, careful=True) | self.address(one, careful=True)
        relay = random.Random(f"{one.number}:{chance.randint(0, 2)}").getrandbits(48)
        found["email"] = f"{relay:012x}@marketplace.example"
        if chance.random() < 0.35:
            found["phone"] = self.phone(one)
        return found

    def newsletter(self, one: Person) -> dict[str, Any]:
        """An e-mail, and hardly more."""
        found: dict[str, Any] = {"email": self.email(one)}
        if self.chance.random() < 0.3:
            found["first_name"] = one.first
        if self.chance.random() < 0.15:
            found["postcode"] = self.postcode(one.places[0])
        return found | self.on_device(one, 0.3)

    def crm(self, one: Person) -> dict[str, Any]:
        """What an older system left: whole, in capitals, and of some years ago."""
        found = self.named(one, careful=False) | self.address(one, careful=False, old=True)
        found["email"] = self.email(one, old=True) if self.chance.random() < 0.6 else None
        found["phone"] = self.phone(one) if self.chance.random() < 0.6 else None
        found["birth_date"] = self.birth(one, 0.03) if self.chance.random() < 0.7 else None
        if one.maiden and self.chance.random() < 0.25:
            found["last_name"] = one.maiden.upper()
        return found

    def device(self, one: Person) -> dict[str, Any]:
        found = self.on_device(one, 1.0)
        if self.chance.random() < 0.4:
            found["email"] = self.email(one)
        return found

    # fields

    def named(self, one: Person, *, careful: bool) -> dict[str, Any]:
        chance, noise = self.chance, self.noise
        first, last = one.first, one.last
        if one.maiden and chance.random() < 0.08:
            last = chance.choice([one.maiden, f"{one.maiden}-{one.last}", f"{one.last}-{one.maiden}"])
        if noise.hits(chance, 0.05) and first in NICKNAMES:
            first = chance.choice(NICKNAMES[first])
        if "-" in first and noise.hits(chance, 0.3):
            first = chance.choice([first.replace("-", " "), first.partition("-")[0], first.replace("-", "")])
        if careful:
            if noise.hits(chance, 0.02):
                first, last = last, first
            if noise.hits(chance, 0.15):
                first, last = plain(first).lower(), plain(last).lower()
            if noise.hits(chance, 0.015):
                last = slip(chance, last)
        else:
            if noise.hits(chance, 0.6):
                first, last = plain(first).upper(), plain(last).upper()
            if noise.hits(chance, 0.1):
                first = f"{first[0]}." if chance.random() < 0.5 else first[0]
            if noise.hits(chance, 0.05):
                first, last = last, first
            if noise.hits(chance, 0.07):
                last = slip(chance, last)
            if noise.hits(chance, 0.04):
                first = slip(chance, first)
            if noise.hits(chance, 0.06):
                first = ""
        return {"first_name": first or None, "last_name": last or None}

    def email(self, one: Person, *, typed: bool = False, old: bool = False) -> str:
        chance, noise = self.chance, self.noise
        email = one.emails[-1] if old or chance.random() < 0.2 else one.emails[0]
        local, _, domain = email.partition("@")
        if domain == "gmail.com" and noise.hits(chance, 0.05):
            local = local.replace(".", "") if "." in local else f"{local[:3]}.{local[3:]}"
        if domain == "gmail.com" and noise.hits(chance, 0.05):
            local += chance.choice(["+shop", "+promo", "+tissandier"])
        if noise.hits(chance, 0.05 if typed else 0.01):
            domain = chance.choice(MISTYPED.get(domain, [domain]))
        if typed and noise.hits(chance, 0.06):
            local = slip(chance, local)
        email = f"{local}@{domain}"
        return email.upper() if noise.hits(chance, 0.03) else email

    def phone(self, one: Person, *, typed: bool = False) -> str:
        chance, noise = self.chance, self.noise
        digits = one.phones[0] if len(one.phones) == 1 or chance.random() < 0.65 else chance.choice(one.phones[1:])
        if noise.hits(chance, 0.006):  # somebody else had it before
            digits = chance.choice(self.world).phones[0]
        if typed and noise.hits(chance, 0.04):
            place = chance.randrange(2, 10)
            digits = digits[:place] + chance.choice("0123456789") + digits[place + 1 :]
        pairs = [digits[n : n + 2] for n in range(0, 10, 2)]
        return chance.choice([digits, digits, " ".join(pairs), ".".join(pairs), f"+33{digits[1:]}",
                              f"+33 {digits[1]} {' '.join(pairs[1:])}", f"0033{digits[1:]}", f"+33 (0){digits[1:]}"])  # fmt: skip

    def address(self, one: Person, *, careful: bool, old: bool = False) -> dict[str, Any]:
        chance, noise = self.chance, self.noise
        place = one.places[-1] if old or chance.random() < 0.15 else one.places[0]
        street = place.street
        if noise.hits(chance, 0.25):
            for word, short in SHORT.items():
                street = street.replace(word, short)
        text = f"{place.number}{chance.choice([', ', ' ', ' '])}{street}"
        if place.complement and chance.random() < 0.6:
            text = chance.choice([f"{text}, {place.complement}", f"{place.complement} {text}"])
        if not careful:
            if noise.hits(chance, 0.5):
                text = plain(text).upper()
            if noise.hits(chance, 0.1):
                text = slip(chance, text)
            if noise.hits(chance, 0.03):
                text = text.removeprefix(str(place.number)).strip(" ,")
        city = plain(place.city).upper() if noise.hits(chance, 0.4) else place.city
        if noise.hits(chance, 0.05):
            city = city.replace("Saint", "St").replace("SAINT", "ST")
        country = chance.choice(["FR", "FR", "France", "fr"]) if not careful else "FR"
        return {"street": text, "postcode": self.postcode(place), "city": city, "country": country}

    def postcode(self, place: Place) -> str:
        if place.postcode[0] == "0" and self.noise.hits(self.chance, 0.3):
            return place.postcode[1:]  # a spreadsheet took it for a number
        if self.noise.hits(self.chance, 0.01):
            return place.postcode[:3] + place.postcode[4] + place.postcode[3]
        return place.postcode

    def birth(self, one: Person, wrong: float) -> str:
        chance, born = self.chance, one.born
        if self.noise.hits(chance, wrong):
            kind = chance.randrange(3)
            if kind == 0 and born.day <= 12:
                born = born.replace(month=born.day, day=born.month)
            elif kind == 1:
                born = born.replace(year=born.year + chance.choice([-10, -1, 1, 10]), day=min(born.day, 28))
            else:
                born = born.replace(day=chance.randint(1, 28))
        return born.isoformat()

    def on_device(self, one: Person, often: float) -> dict[str, Any]:
        chance = self.chance
        if self.noise.hits(chance, 0.01):
            return {"device_ids": [chance.choice(self.kiosks)]}
        if not one.devices or chance.random() > often:
            return {}
        return {"device_ids": chance.sample(one.devices, chance.randint(1, min(2, len(one.devices))))}
