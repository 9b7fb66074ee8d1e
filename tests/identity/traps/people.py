"""Who people really are: households, names, contacts, devices, homes."""

import random
from collections.abc import Iterator
from datetime import date, timedelta

import msgspec

from identity.traps.slips import plain
from identity.traps.words import (
    CITIES,
    DOMAIN_WEIGHTS,
    DOMAINS,
    ENDINGS,
    HOBBIES,
    MEN,
    MIDDLES,
    ONSETS,
    STREETS,
    SURNAMES,
    VILLAGES,
    WOMEN,
)


class Person(msgspec.Struct):
    """Who somebody really is."""

    number: int
    household: int
    first: str
    last: str
    maiden: str
    """The name before marriage, where it was another one."""
    born: date
    emails: list[str]
    phones: list[str]
    card: str
    devices: list[str]
    places: list["Place"]
    """The address, and the one before."""


class Place(msgspec.Struct, frozen=True):
    number: int
    street: str
    complement: str
    postcode: str
    city: str
    country: str = "FR"


def inhabitants(chance: random.Random, people: int) -> Iterator[Person]:
    """Households until there are so many people."""
    number = household = 0
    # Streets that are lived in: several households at one number.
    while number < people:
        household += 1
        for one in residents(chance, household, number):
            yield one
            number += 1
            if number == people:
                return


def residents(chance: random.Random, household: int, number: int) -> list[Person]:
    place = somewhere(chance)
    family = surname(chance)
    shape = chance.choices(["single", "couple", "family", "flat"], [40, 30, 24, 6])[0]
    grown = 1 if shape == "single" else 2 if shape != "flat" else chance.randint(2, 4)
    found: list[Person] = []
    age = chance.triangular(19, 88, 40)
    landline = phone(chance, "01") if chance.random() < 0.35 else ""
    for index in range(grown):
        sex = "mf"[(index + chance.randint(0, 1 if shape == "flat" else 0)) % 2]
        last = family if index == 0 or (shape != "flat" and chance.random() < 0.75) else surname(chance)
        maiden = surname(chance) if sex == "f" and shape in {"couple", "family"} and last == family else ""
        found.append(person(chance, number + index, household, sex, last, maiden, age + chance.gauss(0, 3), place))
    if shape == "family" and age > 38:
        twins = chance.random() < 0.04
        born = date(2026, 1, 1) - timedelta(days=int((age - chance.uniform(20, 35)) * 365.25))
        for index in range(chance.randint(1, 2) + twins):
            if (date(2026, 1, 1) - born).days < 15 * 365:
                break
            one = person(chance, number + len(found), household, chance.choice("mf"), family, "", 0, place)
            one.born = born if twins else born + timedelta(days=700 * index)
            if chance.random() < 0.06:  # a son of his father's name
                one.first = found[0].first
            found.append(one)
    for one in found[1:]:
        if shape in {"couple", "family"} and chance.random() < 0.08:
            one.emails = [*found[0].emails[:1], *one.emails[1:]]  # a couple's mailbox
        if shape in {"couple", "family"} and chance.random() < 0.06:
            one.phones = found[0].phones[:1]
        if shape in {"couple", "family"} and found[0].card and chance.random() < 0.15:
            one.card = found[0].card
    tablet = device(chance) if len(found) > 1 and chance.random() < 0.3 else ""
    for one in found:
        if landline and chance.random() < 0.6:
            one.phones.append(landline)
        if tablet and chance.random() < 0.8:
            one.devices.append(tablet)
    return found


def person(
    chance: random.Random, number: int, household: int, sex: str, last: str, maiden: str, age: float, place: Place
) -> Person:
    first = given(chance, sex)
    born = date(2026, 1, 1) - timedelta(days=int(age * 365.25) + chance.randint(0, 364))
    places = [place] if chance.random() < 0.85 else [place, somewhere(chance)]
    return Person(
        number=number,
        household=household,
        first=first,
        last=last,
        maiden=maiden,
        born=born,
        emails=[mailbox(chance, first, last, born) for _ in range(1 if chance.random() < 0.75 else 2)],
        phones=[phone(chance, chance.choice(["06", "07"])) for _ in range(1 if chance.random() < 0.85 else 2)],
        card=f"29{chance.randrange(10**10):010d}" if chance.random() < 0.45 else "",
        devices=[device(chance) for _ in range(chance.choices([0, 1, 2], [25, 50, 25])[0])],
        places=places,
    )


def given(chance: random.Random, sex: str) -> str:
    names = MEN if sex == "m" else WOMEN
    first = names[min(int(chance.expovariate(1 / 28)), len(names) - 1)]
    if chance.random() < 0.04:
        first = f"{'Jean' if sex == 'm' else 'Marie'}-{first}"
    return first


def surname(chance: random.Random) -> str:
    """A few names that many bear, and very many that few do, as in France."""
    if chance.random() < 0.35:
        return SURNAMES[min(int(chance.expovariate(1 / 45)), len(SURNAMES) - 1)]
    made = chance.choice(ONSETS) + chance.choice(MIDDLES) + chance.choice(ENDINGS)
    return f"{made}-{chance.choice(SURNAMES)}" if chance.random() < 0.02 else made


def somewhere(chance: random.Random) -> Place:
    city, postcode = CITIES[min(int(chance.expovariate(1 / 18)), len(CITIES) - 1)]
    if chance.random() < 0.5:
        code = int(postcode)
        postcode = f"{code + chance.choice([0, 10, 20, 30, 40, 50, 60, 70, 80, 90]):05d}"
        city = (
            city
            if chance.random() < 0.4
            else chance.choice(VILLAGES) + chance.choice(["", "-sur-Loire", "-le-Vieux", "-les-Bains"])
        )
    kind = chance.choices(
        ["rue", "avenue", "boulevard", "place", "impasse", "chemin", "allée"], [50, 15, 8, 6, 6, 8, 7]
    )[0]
    complement = ""
    if chance.random() < 0.3:
        complement = chance.choice(["Bât. {}", "Appt {}", "Résidence Les Lilas, appt {}", "Esc. {}", "{}e étage"])
        complement = complement.format(chance.choice("ABCDEF") if "Bât" in complement else chance.randint(1, 60))
    return Place(chance.randint(1, 140), f"{kind} {chance.choice(STREETS)}", complement, postcode, city)


def mailbox(chance: random.Random, first: str, last: str, born: date) -> str:
    f, n = plain(first).lower().replace(" ", "").replace("-", ""), plain(last).lower().replace(" ", "").replace("-", "")
    number = chance.choice(["", "", "", str(born.year), str(born.year % 100), str(chance.randint(1, 999))])
    local = chance.choice([f"{f}.{n}{number}", f"{f}{n}{number}", f"{f[0]}{n}{number}", f"{f[0]}.{n}{number}",
                           f"{n}.{f}{number}", f"{f}{chance.randint(1, 9999)}", f"{chance.choice(HOBBIES)}{chance.randint(1, 9999)}",
                           f"{f}_{n}{number}"])  # fmt: skip
    return f"{local}@{chance.choices(DOMAINS, DOMAIN_WEIGHTS)[0]}"


def phone(chance: random.Random, start: str) -> str:
    """National digits."""
    return f"{start}{chance.randrange(10**8):08d}"


def device(chance: random.Random) -> str:
    return f"{chance.getrandbits(64):016x}"
