"""What lies in another shop: whoever works in Lille looks at it, and sees why not rather than a button."""

import re
from uuid import uuid4

import pytest

from console.test_order_acts import text_of

WHY = "only who works there can say so"


@pytest.fixture
def lille(yard):
    with yard.visitor_of("LIL") as client:
        yield client


@pytest.fixture
def office(yard):
    with yard.visitor("merchandiser") as client:
        yield client


def moved(office, source: str, target: str) -> str:
    form = {"transfer_id": str(uuid4()), "source": source, "target": target, "lines": "K-204-M 1"}
    answer = office.post("/transfers", data=form)
    assert answer.status_code == 303, text_of(answer)[-500:]
    return answer.headers["location"]


def test_a_transfer_is_sent_by_the_one_end_and_received_by_the_other(lille, office):
    there = moved(office, "SQF", "LYB")
    page = lille.get(there)
    assert WHY in text_of(page)
    assert "<form" not in page.text.split("<main")[1].split("</main>")[0]
    for deed in ("shipment", "receipts", "cancellation"):
        assert lille.post(f"{there}/{deed}", data={"reference": "x"}).status_code == 403
    office.post(f"{there}/cancellation")

    here = moved(office, "SQF", "LIL")
    page = lille.get(here)
    assert f'action="{here}/shipment"' not in page.text
    assert f'action="{here}/cancellation"' in page.text, "either end calls it off"
    variant = re.search(r'name="(send-\d+)"', office.get(here).text)[1]
    assert office.post(f"{here}/shipment", data={variant: "1"}).status_code == 303
    assert f'action="{here}/receipts"' in lille.get(here).text
    sellable = variant.replace("send", "sellable")
    assert lille.post(f"{here}/receipts", data={"reference": "box", sellable: "1"}).status_code == 303


def test_one_asks_for_goods_that_come_here(lille):
    form = lille.get("/transfers/new?kind=delivery").text.split('name="target"')[1]
    assert re.findall(r'<option value="(\w+)"', form.split("</select>")[0]) == ["LIL"]
    form = lille.get("/transfers/new").text
    assert re.search(r'<option value="LIL" selected', form)
    assert '<option value="SQF"' in form
    places = lille.get("/counts/new").text.split('name="location"')[1].split("</select>")[0]
    assert re.findall(r'<option value="(\w+)"', places) == ["LIL"]


def test_a_sheet_of_another_shop_is_looked_at(lille, office):
    sheet = office.post("/counts", data={"count_id": str(uuid4()), "location": "LYB", "lines": "K-204-M"})
    path = sheet.headers["location"]
    page = lille.get(path)
    assert WHY in text_of(page)
    assert 'name="quantity"' not in page.text
    assert lille.post(f"{path}/submission").status_code == 403
    assert 'name="quantity"' in office.get(path).text
    office.post(f"{path}/cancellation")


def test_what_is_kept_back_elsewhere_is_looked_at(lille):
    product = re.search(r'href="(/products/\d+)"', lille.get("/products", params={"q": "Jumper Alba"}).text)[1]
    there = lille.get(f"{product}/keeping?at=SQF")
    assert WHY in text_of(there)
    assert re.search(r'name="safety"[^>]* disabled', there.text)
    here = lille.get(f"{product}/keeping?at=LIL")
    assert WHY not in text_of(here)
    assert 'name="fence-web"' in here.text
    assert 'name="threshold-web"' not in here.text, "it holds for all places: the office decides it"
