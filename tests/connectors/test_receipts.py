"""Exports of tills: a mapping says which column is what; a bad line is told and loses nothing beside it."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from comptoir import orders
from comptoir.connectors import BadMapping, Faulty, Parsed, load, read
from comptoir.kernel.errors import Refusal
from orders.market import open_market

FRENCH = """
[file]
encoding = "cp1252"
delimiter = ";"
decimal = ","
dates = ["%d/%m/%Y %H:%M"]
time_zone = "Europe/Paris"

[columns]
outlet = "=lyon"
currency = "=EUR"
number = "Ticket"
occurred_at = "Date"
time = "Heure"
sku = "Réf"
name = "Libellé"
quantity = "Qté"
amount = "Montant TTC"
tax_rate = "TVA"
total = "Total"
tender = "Règlement"

[rules]
tenders = { CB = "card", "Espèces" = "cash" }
skip_when = { "Etat" = ["Annulé"] }
"""
HEAD = "Ticket;Date;Heure;Réf;Libellé;Qté;Montant TTC;TVA;Total;Règlement;Etat"


@pytest.fixture
def written(tmp_path):
    def write(text, mapping=FRENCH, *, name="mapping.toml", encoding="cp1252"):
        (tmp_path / name).write_text(mapping, encoding="utf-8")
        (tmp_path / "export.csv").write_bytes(text.encode(encoding))
        return list(read(tmp_path / "export.csv", load(tmp_path / name)))

    return write


def test_an_export_with_commas_accents_and_local_time(written):
    (one,) = written(f"{HEAD}\n"
                     "42;21/11/2026;17:30;shirt;Chemise;2;1 234,50;20 %;1 239,50;CB;\n"
                     "42;21/11/2026;17:30;bag;Sac;1;5,00;20;1 239,50;CB;\n"
                     "43;21/11/2026;17:31;bag;Sac;1;5,00;20;5,00;CB;Annulé\n")  # fmt: skip
    assert one.line == 2 and one.sale.total_minor == 123_950 and one.sale.outlet == "lyon"
    assert one.sale.occurred_at.astimezone(UTC) == datetime(2026, 11, 21, 16, 30, tzinfo=UTC)
    assert [(line.name, line.amount_minor, line.tax_minor) for line in one.sale.lines] == [
        ("Chemise", 123_450, 20_575), ("Sac", 500, 83)]  # fmt: skip
    assert [(one.kind, one.amount_minor) for one in one.sale.tenders] == [("card", 123_950)]


def test_every_bad_line_is_told_with_its_number_and_the_rest_is_read(written):
    found = written(f"{HEAD}\n"
                    "1;21/11/2026;09:00;bag;;1;5,00;20;5,00;CB;\n"
                    "2;2026-11-21;09:00;bag;;1;5,00;20;5,00;CB;\n"
                    "3;21/11/2026;09:00;bag;;one;5,00;20;5,00;CB;\n"
                    "3;21/11/2026;09:00;bag;;1;5.00;20;5,00;CB;\n"
                    "4;21/11/2026;09:00;bag;;1;5,00;20;6,00;CB;\n"
                    ";21/11/2026;09:00;bag;;1;5,00;20;5,00;CB;\n"
                    "5;21/11/2026;too few\n"
                    "6;21/11/2026;09:00;bag;;1;5,00;20;5,00;CB;\n")  # fmt: skip
    assert [one.sale.number for one in found if isinstance(one, Parsed)] == ["1", "6"]
    faults = {one.line: one.reason for one in found if isinstance(one, Faulty) and "left out" not in one.reason}
    assert sorted(faults) == [3, 4, 5, 6, 7, 8]
    assert "no date" in faults[3] and "no number" in faults[4] and "comma" in faults[5] and "add up" in faults[6]


def test_what_is_sold_and_taken_back_on_one_slip_is_two_receipts(written):
    sale, back = written(f"{HEAD}\n"
                         "7;21/11/2026;09:00;shirt;;1;10,00;;5,00;CB;\n"
                         "7;21/11/2026;09:00;bag;;-1;-5,00;;5,00;CB;\n")  # fmt: skip
    assert (sale.sale.kind, sale.sale.number, sale.sale.total_minor) == ("sale", "7", 1000)
    assert (back.sale.kind, back.sale.number, back.sale.total_minor) == ("return", "7-R", 500)


ODOO = """
[file]
fill_down = true

[columns]
outlet = "Point of Sale"
currency = "=EUR"
number = "Order Ref"
occurred_at = "Date"
sku = "Order Lines/Product/Internal Reference"
quantity = "Order Lines/Quantity"
unit_price = "Order Lines/Unit Price"
discount_rate = "Order Lines/Discount (%)"
amount = "Order Lines/Subtotal"
"""


def test_an_odoo_export_of_lines_names_its_order_once(written):
    name = "Order Lines/"
    found = written(
        f"Point of Sale,Order Ref,Date,{name}Product/Internal Reference,{name}Quantity,{name}Unit Price,"
        f"{name}Discount (%),{name}Subtotal\n"
        "lyon,Shop/0001,2026-11-21 10:00:00,shirt,2,10.00,10,18.00\n"
        ",,,bag,1,5.00,0,5.00\n"
        "lyon,Shop/0002,2026-11-21 10:05:00,bag,1,5.00,0,5.00\n",
        ODOO, encoding="utf-8",
    )  # fmt: skip
    assert [(one.sale.number, one.sale.total_minor, len(one.sale.lines)) for one in found] == [
        ("Shop/0001", 2300, 2), ("Shop/0002", 500, 1)]  # fmt: skip
    assert found[0].sale.lines[0].amount_minor == 2000 and found[0].sale.lines[0].discounts[0].amount_minor == 200


@pytest.mark.parametrize(
    "mapping",
    ["[columns]\nnumber = 'n'", "columns = 3", "[columns", FRENCH.replace("cp1252", "klingon"),
     FRENCH.replace("Europe/Paris", "Mars"), FRENCH.replace('"Montant TTC"', '"Nowhere"')],
)  # fmt: skip
def test_a_mapping_that_cannot_be_used_says_why(written, mapping):
    with pytest.raises(BadMapping):
        written(f"{HEAD}\n", mapping)


@given(amounts=st.lists(st.integers(-99_999, 99_999).filter(bool), min_size=1, max_size=6))
def test_to_the_cent(tmp_path_factory, amounts):
    """What is written is what is read, however it is signed."""
    folder = tmp_path_factory.mktemp("cents")
    (folder / "m.toml").write_text(FRENCH, encoding="utf-8")
    total = str(Decimal(sum(amounts)).scaleb(-2)).replace(".", ",")
    lines = [
        f"1;21/11/2026;09:00;bag;;{1 if one > 0 else -1};{str(Decimal(one).scaleb(-2)).replace('.', ',')};;{total};CB;"
        for one in amounts
    ]
    (folder / "e.csv").write_bytes("\n".join([HEAD, *lines]).encode("cp1252"))
    found = list(read(folder / "e.csv", load(folder / "m.toml")))
    assert sum(one.sale.total_minor * (-1 if one.sale.kind == "return" else 1) for one in found) == sum(amounts)


@pytest.mark.anyio
async def test_reading_it_again_records_nothing_twice(tx, written):
    await open_market(tx, lyon_bag=5)
    found = written(f"{HEAD}\n1;21/11/2026;09:00;bag;;1;5,00;20;5,00;CB;\n2;21/11/2026;09:00;moon;;1;5,00;20;5,00;;\n")
    first = await orders.record(tx, [one.sale for one in found])
    again = await orders.record(tx, [one.sale for one in found])
    assert not any(isinstance(one, Refusal) or one.repeated for one in first)
    assert all(one.repeated for one in again) and again[1].flags == ["unknown_sku"]
