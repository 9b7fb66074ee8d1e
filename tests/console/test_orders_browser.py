"""Orders and the floor in Chromium: open to all, desk and phone, both languages, light and dark."""

import pytest

from console.ordering import number
from console.test_browser import LOOKS, browsing, faults, overflow, violations

pytestmark = [pytest.mark.anyio, pytest.mark.browser]

PATHS = [
    "/orders",
    "/orders?q=nothing-is-called-so",
    "{order}",
    "/orders/baskets?q=Morel",
    "/fulfilment?all=yes",
    "/fulfilment/at/SQF",
    "/fulfilment/at/LYB",
    "/fulfilment/works/1",
    "/fulfilment/works/4",
    "/fulfilment/tasks",
]


@pytest.mark.parametrize(("width", "lang", "theme"), LOOKS)
async def test_pages_of_orders_are_open_to_all(chromium, town, width, lang, theme):
    async with browsing(chromium, town.url, width=width, lang=lang) as page:
        await page.emulate_media(color_scheme=theme)
        await page.goto("/orders")
        order = await page.locator(".order-name a").first.get_attribute("href")
        assert not await faults(page, [path.replace("{order}", order) for path in PATHS], theme)


async def test_a_board_moves_without_a_reload(chromium, town):
    async with browsing(chromium, town.url) as page:
        await page.goto("/fulfilment/at/LIL")
        await page.locator("x-link", has_text="Live").wait_for()
        await page.evaluate("window.here = true")
        card = page.locator(".floor-open .floor-card").first
        work = await card.get_attribute("href")
        with town.visitor("associate") as sana:
            assert sana.post(f"{work}/accept").status_code == 303
        await page.locator(f".floor-accepted a[href='{work}']").wait_for(timeout=10_000)
        assert await page.evaluate("window.here")
        assert not page.wrong


async def test_an_act_by_keyboard_on_a_phone(chromium, town):
    """Typed, Enter: what it would do; Enter: done, and the order says so. One page of each kind is looked at."""
    async with browsing(chromium, town.url, role="agent", width=390, lang="fr") as page:
        await page.goto(f"/orders?q={number('ready')}")
        order = await page.locator(".order-name a").first.get_attribute("href")
        await page.goto(f"{order}/cancel?some=yes")
        await page.locator(".pieces-in").first.fill("1")
        await page.keyboard.press("Enter")
        act = page.locator("form .btn-lg")
        await act.wait_for()
        assert "de nouveau libre" in await page.locator("main").inner_text()
        found = {"seen": await violations(page), "wide": await overflow(page)}
        await act.focus()
        await page.keyboard.press("Enter")
        await page.wait_for_url(f"**{order}")
        await page.locator("#toasts", has_text="Annulé").wait_for()
        await page.goto(f"{order}/cancel")
        found |= {"asked": await violations(page), "also wide": await overflow(page)}
        assert not page.wrong
    assert not any(found.values()), found
