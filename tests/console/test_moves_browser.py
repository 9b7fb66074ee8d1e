"""The pages of moving goods in Chromium: open to all, in both languages, light and dark, desk and phone; by keyboard."""

import re
from uuid import uuid4

import pytest

from console.test_browser import LOOKS, browsing, faults

pytestmark = [pytest.mark.anyio, pytest.mark.browser]


@pytest.fixture(scope="module")
def made(yard, machines):
    """What the pages show: one of each kind, by the word that stands in a path."""
    found = {"till": machines.device}
    with yard.visitor("merchandiser") as client:
        products = client.get("/products", params={"q": "Ondine"}).text
        found["product"] = re.search(r'href="(/products/\d+)"', products)[1]

        def ask(name, **data):
            found[name] = str(uuid4())
            form = {"transfer_id": found[name], "kind": "transfer", "source": "SQF", "target": "LYB"}
            lines = "K-204-M 2\nC-101-38 1\nA-410 2\nB-900 4"
            assert client.post("/transfers", data=form | {"lines": lines} | data).status_code == 303

        ask("asked", note="for the window")
        ask("delivery", kind="delivery", supplier="Filature du Nord", expected_on="2020-01-05")
        ask("sent")
        path = f"/transfers/{found['sent']}"
        lines = client.get(f"/v1/inventory{path}").json()["lines"]
        ids = [one["variant_id"] for one in lines]
        sent = {f"send-{one['variant_id']}": one["quantity"] for one in lines}
        assert client.post(f"{path}/shipment", data={**sent, "is_fact": "on"}).status_code == 303
        came = {"reference": "box 1", f"sellable-{ids[0]}": "5", f"damaged-{ids[1]}": "1"}
        assert client.post(f"{path}/receipts", data=came).status_code == 303

    with yard.visitor("associate") as client:
        for name in ("sheet", "review"):
            found[name] = str(uuid4())
            form = {"count_id": found[name], "location": "LYP", "lines": "K-231-M\nB-900\nA-410"}
            assert client.post("/counts", data=form).status_code == 303
        path = f"/counts/{found['review']}"
        for one in client.get(f"/v1/inventory{path}").json()["lines"]:
            client.post(f"{path}/lines", data={"variant": one["variant_id"], "quantity": "40"})
        assert client.post(f"{path}/submission").status_code == 303
    return found


PATHS = [
    "/transfers",
    "/transfers?standing=late&at=LYB",
    "/transfers/new",
    "/transfers/new?kind=delivery",
    "/transfers/{asked}",
    "/transfers/{delivery}",
    "/transfers/{sent}",
    "/counts",
    "/counts?standing=ended",
    "/counts/new",
    "/counts/{sheet}",
    "/counts/{review}",
    "/sourcing",
    "{product}/keeping?at=LYB",
    "/accuracy",
    "/rfid",
    "/rfid?standing=ended",
    "/rfid/rules",
    "/rfid/rules/1",
    "/tills",
    "/tills/{till}",
    "/tills/new",
    "/connectors",
    "/connectors/boutique",
    "/connectors/new",
    "/feeds",
    "/feeds/google-fr?show=left-out",
]


@pytest.mark.parametrize(("width", "lang", "theme"), LOOKS)
async def test_every_page_is_open_to_all(chromium, yard, made, width, lang, theme):
    async with browsing(chromium, yard.url, width=width, lang=lang) as page:
        assert not await faults(page, [path.format(**made) for path in PATHS], theme)


async def test_goods_are_asked_for_by_keyboard_and_show_on_the_other_screen(chromium, yard):
    async with (
        browsing(chromium, yard.url) as page,
        browsing(chromium, yard.url, role="associate") as other,
    ):
        await other.goto("/transfers?at=BXL")
        await other.get_by_text("Nothing fits").wait_for()
        await other.locator("x-link", has_text="Live").wait_for()
        await page.goto("/transfers")
        await page.wait_for_selector("x-link:not(:empty)", state="attached")
        await page.keyboard.press("n")
        await page.wait_for_url("**/transfers/new")
        await page.get_by_label("From").select_option("SQF")
        await page.get_by_label("To", exact=True).select_option("BXL")
        await page.get_by_label("Articles").fill("A-410\nA-410")
        await page.get_by_role("button", name="Ask for them").focus()
        await page.keyboard.press("Enter")
        await page.get_by_text("Asked for. It leaves").wait_for()
        await other.locator("#moves .status", has_text="asked for").wait_for(timeout=10000)
        assert not page.wrong + other.wrong


async def test_a_sheet_is_counted_by_numbers_and_enter_alone(chromium, yard, made):
    async with browsing(chromium, yard.url, role="associate", width=390) as page:
        await page.goto(f"/counts/{made['sheet']}")
        await page.wait_for_selector("x-link:not(:empty)", state="attached")
        for n in range(3):
            field = page.locator("#how-many")
            await page.wait_for_function("document.activeElement?.id === 'how-many'")
            article = await page.locator(".aisle-article h2").text_content()
            await field.press_sequentially(str(n))
            await page.keyboard.press("Enter")
            await page.locator(".aisle-head", has_text=f"{n + 1} / 3").wait_for()
            assert await page.locator(".aisle-article h2", has_text=article).count() == 0
        await page.get_by_text("All counted").wait_for()
        assert not page.wrong
