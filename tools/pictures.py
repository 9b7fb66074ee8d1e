"""Take the pictures of the docs anew, from the tests' own town: nothing in them belongs to anybody.

    .venv/bin/python tools/pictures.py             # docs/images
    .venv/bin/python tools/pictures.py FOLDER      # every page: desk and phone, light and dark, English and French

The town is seeded; only its clock is today's, so two runs differ by their dates.
"""

import asyncio
import os
import re
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from shutil import which
from typing import Any

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "src")]
os.environ.setdefault("COMPTOIR_LOG_LEVEL", "error")

import psycopg  # noqa: E402
from playwright.async_api import Browser, Page, async_playwright  # noqa: E402

from comptoir.kernel.postgres import embedded  # noqa: E402
from console import ordering  # noqa: E402
from console.conftest import CHROMIUM  # noqa: E402
from console.town import ARTICLES, PEOPLE, Town, event, person, serving  # noqa: E402

DESK, PHONE = (1440, 1000), (390, 844)
PATHS = {
    "home": "/",
    "customers": "/customers",
    "customer": "{customer}",
    "identity": "{customer}/identity",
    "split": "{customer}/split",
    "cut": "{tie}",
    "merge": "{customer}/merge?q=wouters",
    "compare": "{compare}",
    "events": "/events",
    "quality": "/quality",
    "letters": "/quality/letters",
    "letter": "/quality/letters/1",
    "consumers": "/quality/consumers",
    "sources": "/sources",
    "source": "/sources/1",
    "source-new": "/sources/new",
    "plan": "/sources/1/plan",
    "plan-text": "/sources/1/plan?view=json",
    "keys": "/sources/keys",
    "products": "/products",
    "product": "{product}",
    "availability": "/availability?sku=C-101-38&near=LYB",
    "prices": "/prices?sku=C-101-38",
    "promotions": "/prices/promotions",
    "coupons": "/prices/coupons",
    "orders": "/orders",
    "order": "{order}",
    "take-back": "{order}/take-back",
    "baskets": "/orders/baskets",
    "places": "/fulfilment?all=yes",
    "board": "/fulfilment/at/SQF",
    "walk": "{walk}",
    "tasks": "/fulfilment/tasks",
    "transfers": "/transfers",
    "counts": "/counts",
    "accuracy": "/accuracy",
    "sourcing": "/sourcing",
    "tills": "/tills",
    "connectors": "/connectors",
    "feeds": "/feeds",
    "styleguide": "/styleguide",
}
DOCS = [
    # name, page, size, theme
    ("home", "home", DESK, "light"),
    ("home-dark", "home", DESK, "dark"),
    ("home-phone", "home", PHONE, "light"),
    ("customers", "customers", DESK, "light"),
    ("customer", "customer", DESK, "light"),
    ("customer-dark", "customer", DESK, "dark"),
    ("customer-phone", "customer", PHONE, "light"),
    ("identity", "identity", DESK, "light"),
    ("events", "events", DESK, "light"),
    ("quality", "quality", DESK, "light"),
    ("plan", "plan", DESK, "light"),
    ("product", "product", DESK, "light"),
    ("availability", "availability", DESK, "light"),
    ("order", "order", DESK, "light"),
    ("board", "board", DESK, "light"),
    ("walk-phone", "walk", PHONE, "light"),
    ("sign-in", "sign-in", DESK, "light"),
]


async def main() -> None:
    with tempfile.TemporaryDirectory(prefix="comptoir-pictures-") as folder:
        url = embedded(Path(folder) / "postgres")
        with serving(url, hostile=False) as served:
            prepare(served, url)
            await take(served)


async def take(served: Town) -> None:
    path = next((found for name in ("chromium", "chromium-browser", "google-chrome") if (found := which(name))), None)
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=path, args=CHROMIUM)
        if len(sys.argv) > 1:
            await every_page(browser, served, Path(sys.argv[1]))
        else:
            await docs(browser, served, ROOT / "docs/images")
        await browser.close()


POISON = "ALTER TABLE profiles.trait ADD CONSTRAINT short_names CHECK (length(value::text) < 200) NOT VALID"


def prepare(served: Town, url: str) -> None:
    """What a house has after a while: a plan in its second version, events that could not be digested, a live minute."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(POISON)
        served.send(
            "browser",
            *({"type": "identify", "userId": f"u-long-{n}", "traits": {"motto": "long " * 60}} for n in range(3)),
        )
        while connection.execute("SELECT count(*) FROM kernel.parked_event").fetchone() != (3,):
            time.sleep(0.1)
    with served.visitor("admin") as client:
        for mode in ("observe", "enforce"):
            form = {"deed": "learn", "mode": mode, "version": "0"}
            page = client.post("/sources/1/plan/draft", data=form).text
            base = re.search(r'name="base" value="([^"]*)"', page)
            assert base
            text = (
                base.group(1).replace("&#34;", '"').replace("&quot;", '"').replace("&#39;", "'").replace("&amp;", "&")
            )
            form = {"view": "json", "text": text, "mode": mode, "version": "0" if mode == "observe" else "1"}
            client.post("/sources/1/plan", data=form | {"note": "as it came" if mode == "observe" else "from now on"})

    for number, (source, name) in enumerate(MINUTE):
        who = person(number * 3 % len(PEOPLE))
        sku, article, category, price = ARTICLES[number % len(ARTICLES)]
        told = {
            "sku": sku,
            "name": article,
            "category": category,
            "price": price / 100,
            "currency": "EUR",
            "quantity": 1,
        }
        served.send(source, event(datetime.now(UTC), event=name, userId=who["user"], properties=told))


MINUTE = [
    ("browser", "Product Viewed"),
    ("app", "Application Opened"),
    ("news", "Email Opened"),
    ("browser", "Product Viewed"),
    ("browser", "Product Added"),
    ("calls", "Call Started"),
    ("app", "Product Viewed"),
    ("browser", "Product Viewed"),
    ("app", "Product Added"),
    ("browser", "Product Viewed"),
]
"""The last minute before the pictures, oldest first."""


async def docs(browser: Browser, served: Town, folder: Path) -> None:
    for name, place, size, theme in DOCS:
        async with opened(browser, served, size=size, theme=theme, who="" if place == "sign-in" else "admin") as page:
            await page.goto("/sign-in" if place == "sign-in" else await address(page, PATHS[place]))
            await settled(page)
            await page.screenshot(path=folder / f"{name}.png")


async def every_page(browser: Browser, served: Town, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for size in (DESK, PHONE):
        for theme in ("light", "dark"):
            for lang in ("en", "fr"):
                end = f"{size[0]}-{theme}-{lang}.png"
                async with opened(browser, served, size=size, theme=theme, lang=lang, who="") as page:
                    await page.goto("/sign-in")
                    await page.screenshot(path=folder / f"sign-in-{end}", full_page=True)
                async with opened(browser, served, size=size, theme=theme, lang=lang) as page:
                    for name, path in PATHS.items():
                        await page.goto(await address(page, path))
                        await settled(page)
                        await page.screenshot(path=folder / f"{name}-{end}", full_page=True)
                    await page.goto("/")
                    await settled(page)
                    await page.keyboard.press("Control+k")
                    await page.wait_for_selector(".palette-found")
                    await page.screenshot(path=folder / f"palette-{end}")


class opened:  # noqa: N801  used as a context
    """A signed-in window."""

    def __init__(
        self, browser: Browser, served: Town, *, size: tuple[int, int], theme: str, lang: str = "en", who: str = "admin"
    ) -> None:
        self.browser, self.served, self.size, self.theme, self.lang, self.who = browser, served, size, theme, lang, who

    async def __aenter__(self) -> Page:
        self.context = await self.browser.new_context(
            base_url=self.served.url,
            viewport={"width": self.size[0], "height": self.size[1]},
            locale=self.lang,
            color_scheme=self.theme,  # type: ignore[arg-type]
            reduced_motion="reduce",
        )
        page = await self.context.new_page()
        if self.who:
            await self.context.request.post(
                "/sign-in/as", form={"role": self.who}, headers={"Origin": self.served.url}, max_redirects=0
            )
        return page

    async def __aexit__(self, *_: object) -> None:
        await self.context.close()


async def address(page: Page, path: str) -> str:
    """The path of a page; of a customer, the one with the longest thread."""
    if "{" not in path:
        return path
    if path.startswith("{product}"):
        return await first(page, "/products?q=Ondine", r"/products/\d+") + path.removeprefix("{product}")
    if path.startswith("{order}"):
        return await first(
            page, f"/orders?q={ordering.number('given-back')}", r"/orders/[0-9a-f-]{36}"
        ) + path.removeprefix("{order}")
    if path == "{walk}":
        return await walk(page)
    await page.goto("/customers?q=Morel")
    href = await page.locator("a.person-name").first.get_attribute("href") or ""
    if path == "{tie}":
        await page.goto(f"{href}/identity")
        return await page.locator("a[href*='/cut?']").first.get_attribute("href") or ""
    if path == "{compare}":
        await page.goto(f"{href}/merge?q=Pons")
        return await page.locator("#candidates a.btn").first.get_attribute("href") or ""
    return path.replace("{customer}", href)


async def first(page: Page, listing: str, pattern: str) -> str:
    """Where the first line of a list leads that looks so."""
    await page.goto(listing)
    hrefs: list[str] = await page.eval_on_selector_all("a[href]", "all => all.map(one => one.getAttribute('href'))")
    return next(href for href in hrefs if re.fullmatch(pattern, href))


async def walk(page: Page) -> str:
    """One that is under way in the warehouse; begun where there is none."""
    board = PATHS["board"]
    await page.goto(board)
    if begun := await page.locator("a[href^='/fulfilment/walks/']").all():
        return await begun[0].get_attribute("href") or board
    await (
        page.get_by_role("button", name="Begin a walk")
        .or_(page.get_by_role("button", name="Commencer une tournée"))
        .click()
    )
    await page.wait_for_url("**/walks/*")
    return page.url.partition("/fulfilment")[1] + page.url.partition("/fulfilment")[2]


async def settled(page: Page) -> None:
    await page.wait_for_selector("x-link:not(:empty)", state="attached", timeout=5000) if await signed(page) else None
    await page.evaluate("document.fonts.ready")
    await page.wait_for_timeout(250)


async def signed(page: Page) -> bool:
    found: Any = await page.query_selector("x-link")
    return found is not None


if __name__ == "__main__":
    asyncio.run(main())
