"""`comptoir import receipts`: what it prints, and what it leaves out."""

import json

import pytest

from cli.test_commands import comptoir  # noqa: F401  a fixture
from connectors.payloads import shopify_order
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


def test_the_history_of_a_shop_becomes_sales(comptoir, tmp_path):  # noqa: F811
    outlets, history = tmp_path / "outlets.csv", tmp_path / "orders.json"
    outlets.write_text("code,name,channel\nsite,Site,web\n")
    comptoir("import", "outlets", str(outlets))
    history.write_text(json.dumps({"orders": [shopify_order(1), shopify_order(2, line_items=[]), shopify_order(3)]}))
    asked = ("import", "orders", str(history), "--platform", "shopify", "--outlet", "site")
    said = comptoir(*asked, expect=1)
    assert said.stdout == "3 orders read, 2 recorded, 0 on record already, 1 refused.\n" and "2:" in said.stderr
    history.write_text("\n".join(json.dumps(shopify_order(n)) for n in (1, 4)))
    assert "1 recorded, 1 on record already, 0 refused" in comptoir(*asked).stdout
    history.write_text("nothing")
    assert "holds no orders" in comptoir(*asked, expect=1).stderr
