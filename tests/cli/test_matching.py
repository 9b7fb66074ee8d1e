"""`comptoir identity match` at the terminal."""

import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from comptoir.cli import app
from comptoir.kernel.errors import Refusal
from identity.partitions import judged
from identity.trap_files import write
from identity.traps import trap_set


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    records, truth = trap_set(people=1_500, seed=3)
    path = tmp_path_factory.mktemp("match") / "in.parquet"
    write(path, records)
    return path, truth


def test_a_file_is_matched_and_its_weights_kept_for_the_next(file):
    source, truth = file
    target, weights = source.with_name("out.parquet"), source.with_name("weights.json")
    done = CliRunner().invoke(app, ["identity", "match", str(source), str(target), "--save-model", str(weights)])
    assert done.exit_code == 0, done.output
    assert f"{len(truth):,} records are" in done.output
    answer = pq.read_table(target)
    assert answer.column_names == ["record_id", "person_id", "household_id", "confidence"]
    found = {one["record_id"]: one["person_id"] for one in answer.to_pylist()}
    assert judged(found, truth).f1 > 0.9
    again = source.with_name("again.parquet")
    assert (
        CliRunner().invoke(app, ["identity", "match", str(source), str(again), "--model", str(weights)]).exit_code == 0
    )
    assert pq.read_table(again).equals(answer)


def test_a_place_that_cannot_be_written_is_told(file, tmp_path):
    source, _ = file
    weights = source.with_name("weights.json")
    wrong = [str(source), str(tmp_path / "no" / "out.parquet"), "--model", str(weights)]
    refused = CliRunner().invoke(app, ["identity", "match", *wrong])
    assert isinstance(refused.exception, OSError)
    assert "cannot be written" in str(refused.exception)


def test_what_cannot_be_read_or_written_is_told(file, tmp_path):
    source, _ = file
    (tmp_path / "weights.json").write_text("{}")
    wrong = CliRunner().invoke(app, ["identity", "match", str(source), str(tmp_path / "out.xlsx")])
    assert wrong.exit_code == 2
    unsaid = CliRunner().invoke(
        app, ["identity", "match", str(source), str(tmp_path / "o.parquet"), "--column", "city"]
    )
    assert unsaid.exit_code == 2
    for arguments in (
        [str(tmp_path / "none.parquet"), str(tmp_path / "out.parquet")],
        [str(source), str(tmp_path / "out.parquet"), "--model", str(tmp_path / "weights.json")],
    ):
        refused = CliRunner().invoke(app, ["identity", "match", *arguments])
        assert isinstance(refused.exception, Refusal)
        assert refused.exit_code == 1
        assert not (tmp_path / "out.parquet").exists()
