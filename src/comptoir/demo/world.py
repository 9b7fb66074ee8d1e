"""The people of the households: names, contacts and devices, all generated from a seed.

The data set knows households by a number. Who lives in them is made up here: telephone numbers are of the range that
North America keeps for fiction (555-0100 to 555-0199), addresses of domains that are kept for examples (RFC 2606).
"""

import random
import zlib
from bisect import bisect
from itertools import accumulate
from uuid import UUID

import msgspec

from comptoir.demo.history import Household


class Device(msgspec.Struct, frozen=True):
    kind: str
    """phone, laptop or tablet."""
    key: str
    shared: bool = False

    def cookie(self, generation: int = 0) -> str:
        """The browser's anonymous id; clearing cookies begins the next generation."""
        return str(UUID(int=random.Random(f"{self.key}:{generation}").getrandbits(128), version=4))


class Person(msgspec.Struct, frozen=True):
    number: int
    household_id: int
    first: str
    last: str
    language: str
    email: str
    phone: str
    """E.164. Some people of a household share its landline."""
    card: str
    """The household's loyalty card: one number, used by everybody in it."""
    holds_card: bool
    """The card is in this person's name."""
    user_id: str
    relay: str
    """What a marketplace shows instead of the e-mail address."""
    devices: list[Device]
    tastes: list[int]
    """Products, best liked first."""
    stores: list[int]
    habits: dict[str, float]
    """How often each kind of outing is chosen, weights."""
    has_account: bool
    opens_newsletter: bool


class World(msgspec.Struct, frozen=True):
    people: list[Person]
    weights: list[float]
    """Cumulative activity: a few people do much, many do little (Zipf)."""

    def anyone(self, rng: random.Random) -> Person:
        return self.people[bisect(self.weights, rng.random() * self.weights[-1])]


def make(*, seed: int, households: list[Household]) -> World:
    """The same seed and households give the same people, and each household the same whatever the others are."""
    people = [
        person
        for household in households
        for person in residents(random.Random(f"{seed}:{household.household_id}"), household)
    ]
    rng = random.Random(f"{seed}:activity")
    ranks = list(range(1, len(people) + 1))
    rng.shuffle(ranks)
    return World(people, list(accumulate(1 / (rank + 8) ** 0.8 for rank in ranks)))


def residents(rng: random.Random, household: Household) -> list[Person]:
    """One to five who shop: the grown-ups, and the children who have a device."""
    members = grown(rng, household)
    french = rng.random() < 0.3
    firsts, lasts = (FRENCH, FRENCH_LAST) if french else (ENGLISH, ENGLISH_LAST)
    family = rng.choice(lasts)
    names = rng.sample(firsts, members)
    landline = phone(household.household_id, 4) if members < 5 and rng.random() < 0.4 else ""
    tablet = rng.random() < (0.4 if members > 1 else 0.1)
    mailbox = ""
    people: list[Person] = []
    for index, first in enumerate(names):
        number = household.household_id * 10 + index
        last = family if index == 0 or rng.random() < 0.8 else rng.choice(lasts)
        email = address(rng, first, last, number)
        if index == 1 and rng.random() < 0.05:
            email = mailbox  # some couples have one mailbox: honest trouble for whoever recognises people
        mailbox = mailbox or email
        devices = [Device("phone", f"{number}:phone")] if rng.random() < 0.9 else []
        if rng.random() < 0.6 or not devices:
            devices.append(Device("laptop", f"{number}:laptop"))
        if tablet:
            devices.append(Device("tablet", f"{household.household_id}:tablet", shared=members > 1))
        people.append(
            Person(
                number=number,
                household_id=household.household_id,
                first=first,
                last=last,
                language="fr" if french else "en",
                email=email,
                phone=landline if landline and rng.random() < 0.5 else phone(household.household_id, index),
                card=card(household.household_id),
                holds_card=index == 0,
                user_id=f"u{number:06d}",
                relay=f"{rng.getrandbits(52):013x}@relay.market.example.net",
                devices=devices,
                tastes=shuffled(rng, household.favourites),
                stores=household.stores,
                habits=habits(rng),
                has_account=rng.random() < 0.5,
                opens_newsletter=rng.random() < 0.35,
            )
        )
    return people


def grown(rng: random.Random, household: Household) -> int:
    """From the demographics where the data set has them, else drawn."""
    if household.size:
        adults = max(1, household.size - (household.kids or 0))
        online = sum(rng.random() < 0.35 for _ in range(household.kids or 0))
        return min(5, adults + online)
    return rng.choices([1, 2, 3, 4, 5], [38, 36, 14, 9, 3])[0]


def habits(rng: random.Random) -> dict[str, float]:
    """Everyone leans on another channel."""
    base = {"web": 5.0, "app": 3.0, "shop": 3.0, "phone": 0.4, "email": 0.7, "market": 0.4, "display": 0.4}
    return {kind: weight * rng.lognormvariate(0, 0.8) for kind, weight in base.items()}


def card(household_id: int) -> str:
    """A loyalty card as an EAN-13 that begins with 29: the range kept for use inside a company."""
    digits = f"29{household_id:010d}"
    total = sum(int(digit) * (3 if place % 2 else 1) for place, digit in enumerate(digits))
    return f"{digits}{-total % 10}"


def phone(household_id: int, index: int) -> str:
    """555-01xx is never given to anyone. There are 100 per area code, so the area is any that exists in the east."""
    slot = household_id * 5 + index
    return f"+1{AREAS[slot // 100 % len(AREAS)]}55501{slot % 100:02d}"


def address(rng: random.Random, first: str, last: str, number: int) -> str:
    """Names repeat, so a number stays in it: nobody else can be written to by mistake."""
    name = f"{first}{rng.choice(['.', '-', '_', ''])}{last}".lower().translate(PLAIN)
    return f"{name}{number}@{rng.choice(DOMAINS)}"


def mistyped(rng: random.Random, email: str) -> str:
    """Two neighbours swapped, a letter lost or doubled, before the @. Never another person's address."""
    name, at, domain = email.partition("@")
    letters = [place for place, letter in enumerate(name[:-1]) if letter.isalpha() and letter != name[place + 1]]
    place = rng.choice(letters or [0])
    kind = rng.randrange(3)
    if kind == 0:
        name = name[:place] + name[place + 1] + name[place] + name[place + 2 :]
    elif kind == 1:
        name = name[:place] + name[place + 1 :]
    else:
        name = name[:place] + name[place] + name[place:]
    return name + at + domain


def shuffled(rng: random.Random, favourites: list[int]) -> list[int]:
    """Favourites of the household, each person's in another order, the best liked still near the front."""
    return sorted(favourites, key=lambda product: favourites.index(product) + rng.random() * 12)


def stable(text: str) -> int:
    """A number that is the same in every process, unlike hash()."""
    return zlib.crc32(text.encode())


PLAIN = str.maketrans("àâäçéèêëîïôöùûü' ", "aaaceeeeiioouuu--")
DOMAINS = ["example.com", "example.com", "example.org", "example.net", "mail.example.com", "post.example.org"]
# Area codes of the eastern United States (North American Numbering Plan).
AREAS = [
    *(201, 202, 203, 205, 207, 212, 215, 216, 219, 220, 223, 224, 227, 229, 231, 234, 239, 240, 248, 251, 252, 256),
    *(260, 267, 269, 270, 272, 276, 283, 301, 302, 304, 305, 309, 312, 313, 315, 317, 321, 330, 334, 336, 339, 347),
    *(351, 352, 364, 386, 401, 404, 407, 410, 412, 413, 419, 423, 434, 440, 443, 463, 470, 475, 478, 484, 502, 508),
    *(513, 516, 517, 518, 540, 551, 561, 567, 570, 571, 574, 585, 586, 603, 606, 607, 609, 610, 614, 615, 616, 617),
    *(631, 646, 667, 678, 680, 681, 689, 703, 704, 706, 716, 717, 718, 724, 727, 731, 732, 734, 740, 743, 754, 757),
    *(762, 765, 770, 772, 774, 781, 786, 802, 803, 804, 810, 812, 813, 814, 828, 843, 845, 848, 850, 854, 856, 857),
    *(859, 860, 862, 863, 864, 865, 878, 901, 904, 908, 910, 912, 914, 917, 919, 929, 930, 931, 934, 937, 941, 947),
    *(954, 959, 973, 978, 980, 984, 989),
]
ENGLISH = [
    *("Emma", "Olivia", "Ava", "Mia", "Grace", "Ruth", "Alice", "Nora", "Hazel", "Iris", "June", "Clara", "Edith"),
    *("James", "Henry", "Jack", "Samuel", "Owen", "Walter", "Frank", "Arthur", "Leo", "Miles", "Theodore", "Amos"),
    *("Priya", "Wei", "Carlos", "Fatima", "Dmitri", "Yuki", "Kwame", "Lucia", "Omar", "Ingrid"),
]
ENGLISH_LAST = [
    *("Smith", "Johnson", "Brown", "Miller", "Davis", "Wilson", "Clark", "Hall", "Young", "King", "Wright", "Hill"),
    *("Green", "Baker", "Adams", "Carter", "Turner", "Parker", "Cook", "Bell", "Murphy", "Bailey", "Cooper", "Reed"),
    *("Garcia", "Nguyen", "Patel", "Kim", "Okafor", "Rossi", "Novak", "O'Brien", "Silva", "Haddad", "Lindqvist"),
]
FRENCH = [
    *("Chloé", "Camille", "Inès", "Léa", "Manon", "Zoé", "Élise", "Margaux", "Hélène", "Agathe", "Solène", "Maëlle"),
    *("Louis", "Gabriel", "Jules", "Hugo", "Étienne", "Théo", "Rémi", "Antoine", "Baptiste", "Loïc", "Benoît", "Luc"),
]
FRENCH_LAST = [
    *("Martin", "Bernard", "Dubois", "Moreau", "Laurent", "Lefèvre", "Roux", "Fournier", "Girard", "Bonnet", "Dupont"),
    *("Lambert", "Fontaine", "Rousseau", "Chevalier", "Gauthier", "Perrin", "Mercier", "Blanchard", "Boucher"),
    *("Le Gall", "D'Aubigné", "Lacroix", "Marchand", "Noël", "Renaud"),
]
