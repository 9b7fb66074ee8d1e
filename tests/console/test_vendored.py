"""What others made is as they published it."""

import hashlib
import re
from pathlib import Path

import pytest

import comptoir.console
from comptoir.console.assets import Assets

STATIC = Path(comptoir.console.__file__).parent / "static"
TESTS = Path(__file__).parents[1]
RECORDS = [(STATIC, STATIC / "vendor/VENDORED.md"), (TESTS / "vendor", TESTS / "vendor/VENDORED.md")]
ROW = re.compile(r"^\| `([^`]+)` .*`([0-9a-f]{64})` \|$", re.MULTILINE)


def recorded():
    return [(folder / name, digest) for folder, record in RECORDS for name, digest in ROW.findall(record.read_text())]


@pytest.mark.parametrize(("path", "digest"), recorded(), ids=lambda value: getattr(value, "name", ""))
def test_it_has_the_digest_that_was_recorded(path, digest):
    assert hashlib.sha256(path.read_bytes()).hexdigest() == digest


def test_every_script_and_font_of_others_is_recorded():
    there = {*STATIC.glob("vendor/*.js"), *STATIC.glob("fonts/*.woff2"), *TESTS.glob("vendor/*.js")}
    assert there == {path for path, _ in recorded()}


def test_a_licence_lies_beside_each():
    for _, record in RECORDS:
        for licence in re.findall(r"`([^`\s]*(?:LICENSE|OFL)[^`\s]*)`", record.read_text()):
            folder = STATIC if licence.startswith("fonts/") else record.parent
            assert (folder / licence).exists(), licence


def test_our_own_script_is_small():
    """20 KB: whoever wants more should draw it on the server."""
    own = sum(path.stat().st_size for path in STATIC.glob("*.js"))
    assert own < 20_000


def test_an_address_changes_with_what_it_holds(tmp_path):
    for number in (1, 2):
        folder = tmp_path / str(number)
        folder.mkdir()
        (folder / "icons.svg").write_text('<svg><symbol id="home"></symbol></svg>')
        (folder / "page.css").write_text(f"a {{ order: {number} }}")
    first, second = Assets(tmp_path / "1"), Assets(tmp_path / "2")
    assert first.url("page.css") != second.url("page.css")


def test_a_file_or_icon_that_is_not_there_is_told_at_once(assets):
    with pytest.raises(KeyError, match="nothing"):
        assets.url("nothing.css")
    with pytest.raises(KeyError, match="unicorn"):
        assets.icon("unicorn")
