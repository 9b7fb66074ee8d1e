"""`comptoir import receipts`: what it prints, and what it leaves out."""

import pytest

from cli.test_commands import comptoir  # noqa: F401  a fixture
from connectors.test_receipts import FRENCH, HEAD

pytestmark = pytest.mark.anyio


def test_receipts_are_imported_and_refused_lines_are_told(comptoir, tmp_path):  # noqa: F811
    outlets, export, mapping = (tmp_path / name for name in ("outlets.csv", "export.csv", "m.toml"))
    outlets.write_text("code,name,channel\nlyon,Lyon,shop\n")
    mapping.write_text(FRENCH, encoding="utf-8")
    good = f"{HEAD}\n1;21/11/2026;09:00;bag;;1;5,00;20;5,00;CB;\n"
    export.write_bytes((good + "2;21/11/2026;09:00;bag;;1;5,00;20;6,00;CB;\n").encode("cp1252"))
    comptoir("import", "outlets", str(outlets))
    errors = tmp_path / "errors.txt"
    said = comptoir("import", "receipts", str(export), "--mapping", str(mapping), "--errors", str(errors), expect=1)
    assert said.stdout == "1 receipts read, 0 on record already, 1 lines refused.\n"
    assert "line 3: The lines of receipt 2 add up to 500" in said.stderr
    assert errors.read_text().startswith("line 3:")
    export.write_bytes(good.encode("cp1252"))
    again = comptoir("import", "receipts", str(export), "--mapping", str(mapping))
    assert "1 on record already" in again.stdout
    mapping.write_text("[columns]\n")
    assert "Columns are needed" in comptoir(
        "import", "receipts", str(export), "--mapping", str(mapping), expect=1
    ).stderr  # fmt: skip
