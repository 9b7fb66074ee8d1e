"""The pages of goods in Chromium: open to all, live, by keyboard."""

import re

import pytest

from comptoir import inventory
from comptoir.kernel.db import Database
from conftest import url_of
from console.test_browser import LOOKS, browsing, faults, violations

pytestmark = [pytest.mark.anyio, pytest.mark.browser]

PATHS = [
    "/products",
    "/products?q=nothing-at-all",
    "{product}",
    "/availability",
    "/availability?sku=C-101-38&quantity=2&near=LYB",
    "/prices",
    "/prices?sku=C-101-38",
    "/prices/promotions",
    "/prices/why?sku=C-101-38&sku=K-204-M",
    "/prices/coupons",
]


async def product(page, name="Coat+Ondine"):
    await page.goto(f"/products?q={name}")
    return await page.locator(".goods a").first.get_attribute("href")


@pytest.mark.parametrize(("width", "lang", "theme"), LOOKS)
async def test_every_page_is_open_to_all(chromium, town, width, lang, theme):
    async with browsing(chromium, town.url, width=width, lang=lang) as page:
        href = await product(page)
        assert not await faults(page, [path.replace("{product}", href) for path in PATHS], theme)


async def test_an_empty_house_is_open_to_all(chromium, bare_town):
    paths = ["/products", "/availability", "/prices", "/prices/promotions", "/prices/why", "/prices/coupons"]
    paths += ["/tills", "/connectors", "/feeds", "/rfid", "/accuracy"]
    async with browsing(chromium, bare_town.url, width=390, lang="fr") as page:
        assert not await faults(page, paths)


async def test_what_moves_shows_without_a_reload(chromium, town, server_url, template):
    """On the page of the product, in the list, and where it is asked who can give it: with the question that was typed."""
    url = url_of(server_url, template.replace("template", "town"))
    async with browsing(chromium, town.url) as page, Database(url, size=2) as db:
        await page.goto("/availability?sku=A-450")
        await page.locator("x-link", has_text="Live").wait_for()
        await page.select_option("select[name=channel]", "shop")
        await page.wait_for_url(re.compile("channel=shop"))
        await page.evaluate("window.here = true")
        before = int(await page.locator("#moving .table-plain tfoot .num").first.inner_text())
        async with db.transaction() as tx:
            places = {one.code: one.location_id for one in await inventory.locations(tx)}
            variant = await tx.value("SELECT variant_id FROM catalog.v_variant WHERE sku = 'A-450'")
            await inventory.post(tx, [
                inventory.Move(
                    variant_id=variant, quantity=7, from_location_id=inventory.SUPPLIER, to_location_id=places["LYB"], act="receive", is_fact=True,
                )
            ])  # fmt: skip
        await page.locator("#moving tfoot .num", has_text=str(before + 7)).first.wait_for(timeout=8000)
        assert await page.evaluate("window.here")
        assert "channel=shop" in page.url
        assert not page.wrong


async def test_a_basket_is_made_by_keyboard_alone(chromium, town):
    async with browsing(chromium, town.url, role="agent") as page:
        await page.goto("/prices")
        await page.wait_for_selector("x-link:not(:empty)", state="attached")
        await page.goto("/prices/why")
        await page.wait_for_selector("x-link:not(:empty)", state="attached")
        await page.evaluate("window.here = true")
        await page.keyboard.press("f")
        await page.keyboard.type("C-101-38")
        await page.keyboard.press("Enter")
        await page.locator(".basket .article-sub", has_text="C-101-38").wait_for()
        await page.locator("input[name=add]").focus()
        await page.keyboard.type("K-204-M")
        await page.keyboard.press("Enter")
        await page.locator(".basket .article-sub", has_text="K-204-M").wait_for()
        assert await page.locator(".basket .article-sub").count() == 2, "Enter puts nothing back"
        await page.locator("input[name=pieces]").nth(1).fill("2")
        await page.keyboard.press("Tab")
        await page.locator(".ticket", has_text="Two knits").wait_for()
        drop = page.locator("button[name=drop]").first
        await drop.focus()
        await page.keyboard.press("Enter")
        await page.locator(".basket .article-sub", has_text="C-101-38").wait_for(state="detached")
        assert await page.evaluate("window.here")
        assert await violations(page) == []
        assert not page.wrong


async def test_the_reasons_of_a_price_open_in_place(chromium, town):
    async with browsing(chromium, town.url) as page:
        await page.goto(await product(page))
        await page.locator(".prod-head .why").click()
        popover = page.locator(".pop-why:popover-open")
        await popover.wait_for()
        assert "Winter 2026" in await popover.inner_text()
        await page.keyboard.press("Escape")
        await page.locator(".told .why").nth(2).click()
        assert "the last ones, which this channel does not offer" in await popover.inner_text()
