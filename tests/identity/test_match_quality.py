"""How well records that share no key are matched: what is reached today (docs/decisions/0005) may not be lost."""

import pyarrow.parquet as pq
import pytest

from comptoir.identity.matching.batch import match
from identity import febrl
from identity.partitions import judged
from identity.trap_files import write
from identity.traps import trap_set

PEOPLE = 32_000


def of_traps(folder, *, people=PEOPLE, seed=1, noise=1.0):
    records, truth = trap_set(people=people, seed=seed, noise=noise)
    write(folder / "in.parquet", records)
    match(folder / "in.parquet", folder / "out.parquet")
    return judged(answer(folder / "out.parquet"), truth)


def of_febrl(folder, number):
    febrl.write(number, folder / "in.csv")
    match(folder / "in.csv", folder / "out.parquet", mapping=febrl.MAPPING)
    found = answer(folder / "out.parquet")
    return judged(found, {one: febrl.person(one) for one in found})


def answer(path):
    return {one["record_id"]: one["person_id"] for one in pq.read_table(path).to_pylist()}


def test_febrl_1_is_matched_through_a_mapping_of_columns(tmp_path):
    quality = of_febrl(tmp_path, 1)
    assert quality.precision > 0.999 and quality.f1 > 0.99, quality


@pytest.mark.long
def test_ninety_thousand_records_other_seeds_and_twice_the_noise(tmp_path):
    first = of_traps(tmp_path)
    assert first.precision > 0.985 and first.f1 > 0.942 and first.b3 > 0.955 and first.most_people <= 3, first
    for seed in (2, 3, 5):
        other = of_traps(tmp_path, seed=seed)
        assert other.f1 > first.f1 - 0.02 and other.precision > 0.98, (seed, other)
    loud = of_traps(tmp_path, seed=4, noise=2)
    assert loud.f1 > first.f1 - 0.02, loud


@pytest.mark.long
@pytest.mark.parametrize("number", [2, 3, 4])
def test_febrl_2_to_4(number, tmp_path):
    quality = of_febrl(tmp_path, number)
    assert quality.precision > 0.994 and quality.f1 > 0.99, quality
