"""A set of messy records of a retailer's people, with the truth beside it: to measure matching, and to trap it.

    records, truth = trap_set(people=33_000, seed=1)

About three records a person from the web shop, the app, tills, the call centre, a marketplace, a newsletter, an old
CRM and devices. Everything is generated from the seed; telephone numbers and domains are of nobody. The traps, by name:

names       accents lost, capitals, swapped, hyphenated, nicknames, initials, misheard, married
e-mails     dots, plus tags, mistyped domains, relays of a marketplace, changed, shared by a couple
phones      every way of writing them, landlines of a household, recycled by a stranger, mistyped
addresses   complements, abbreviations, a leading zero lost, moves, several people at one number
families    couples, parents and children of one name, twins
fillers     what cashiers type when they are not told: no@no.com, 0600000000, 1900-01-01, "CLIENT"
devices     shared tablets, a shop's kiosk
"""

import random
from typing import Any

from identity.traps.people import inhabitants
from identity.traps.writing import Noise, Writer

COLUMNS = (
    "record_id", "source", "customer_code", "first_name", "last_name", "email", "phone", "street", "postcode", "city",
    "country", "birth_date", "loyalty_card", "device_ids", "created_at",
)  # fmt: skip


def trap_set(*, people: int, seed: int = 1, noise: float = 1.0) -> tuple[list[dict[str, Any]], dict[str, int]]:
    """The records in random order, and whose each is."""
    chance = random.Random(seed)
    world = list(inhabitants(chance, people))
    writer = Writer(chance, Noise(noise), world)
    found = [record for one in world for record in writer.records(one)]
    chance.shuffle(found)
    records, truth = [], {}
    for number, (whose, record) in enumerate(found):
        record_id = f"r{number:07d}"
        truth[record_id] = whose
        records.append({"record_id": record_id} | {name: record.get(name) for name in COLUMNS[1:]})
    return records, truth
