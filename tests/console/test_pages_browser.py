"""The pages in Chromium: open to all, in both languages, light and dark, desk and phone; live; by keyboard."""

import re

import msgspec
import pytest

from console.test_browser import LOOKS, browsing, faults, overflow, violations

pytestmark = [pytest.mark.anyio, pytest.mark.browser]

PATHS = [
    "/",
    "/customers",
    "/customers?channel=shop&has=loyalty_card&spent=1",
    "/customers?q=nobody-at-all",
    "{customer}",
    "{customer}?kind=bought&channel=shop",
    "{customer}/identity",
    "{customer}/split",
    "{customer}/merge?q=wouters",
    "/events",
    "/events?verdict=rejected",
    "/quality",
    "/quality/letters",
    "/quality/letters/1",
    "/quality/consumers",
    "/sources",
    "/sources/1",
    "/sources/1/plan",
    "/sources/1/plan?view=json",
    "/sources/new",
    "/sources/keys",
]


async def customer(page, question="Morel"):
    await page.goto(f"/customers?q={question}")
    return await page.locator("a.person-name").first.get_attribute("href")


@pytest.mark.parametrize(("width", "lang", "theme"), LOOKS)
async def test_every_page_is_open_to_all(chromium, town, width, lang, theme):
    async with browsing(chromium, town.url, width=width, lang=lang) as page:
        href = await customer(page)
        assert not await faults(page, [path.replace("{customer}", href) for path in PATHS], theme)


@pytest.mark.parametrize(("lang", "theme"), [("en", "dark"), ("fr", "light")])
async def test_an_empty_house_is_open_to_all(chromium, bare_town, lang, theme):
    paths = ["/", "/customers", "/events", "/quality", "/quality/letters", "/quality/consumers", "/sources"]
    async with browsing(chromium, bare_town.url, width=390, lang=lang) as page:
        assert not await faults(page, paths, theme)


async def test_what_comes_in_shows_without_a_reload(chromium, town):
    async with browsing(chromium, town.url) as page:
        await page.goto("/events?name=Garden")
        await page.locator("x-link", has_text="Live").wait_for()
        await page.get_by_text("Nothing fits").wait_for()
        await page.evaluate("window.here = true")
        town.send("browser", {"type": "track", "event": "Garden Visited", "anonymousId": "gardener-1"})
        await page.locator("#tail").get_by_text("Garden Visited").wait_for(timeout=8000)
        assert await page.evaluate("window.here")

        await page.goto("/")
        town.send("browser", {"type": "track", "event": "Pond Visited", "anonymousId": "gardener-1"})
        await page.locator(".ticker").get_by_text("Pond Visited").wait_for(timeout=8000)
        assert not page.wrong


async def test_pause_holds_what_comes_in(chromium, town):
    async with browsing(chromium, town.url) as page:
        await page.goto("/events?name=Quiet")
        await page.locator("x-link", has_text="Live").wait_for()
        await page.locator("[data-pause]").click()
        await page.locator("x-link", has_text="Paused").wait_for()
        town.send("browser", {"type": "track", "event": "Quiet Visited", "anonymousId": "gardener-1"})
        await page.locator("[data-pause]").click()
        await page.locator("#tail").get_by_text("Quiet Visited").wait_for(timeout=8000)


async def test_the_list_answers_while_one_types(chromium, town):
    async with browsing(chromium, town.url) as page:
        await page.goto("/customers")
        await page.wait_for_selector("x-link:not(:empty)", state="attached")
        await page.keyboard.press("f")
        await page.keyboard.type("quém")
        await page.locator("#found .person-name", has_text="Quéméneur").wait_for()
        await page.wait_for_url(re.compile(r"q=qu"))
        assert await page.locator("#found .person-name").count() == 1
        await page.locator("#found .chip-x").first.click()
        await page.locator("#found .person-name", has_text="Morel").wait_for()
        assert not page.wrong


ODD_NAMES = {
    "long": ("Maximilienne-Alexandrine " * 5, "von Hohenlohe-Langenburg-Schillingsfürst " * 3),
    "one-word": ("W" * 90, ""),
}


@pytest.mark.parametrize("width", [1440, 390])
async def test_no_name_is_too_long_for_a_page(chromium, town, width):
    with town.visitor() as client:
        made = client.post("/sources", data={"name": f"Till {width} " + "x" * 70, "outlet": "site"})
        source = made.headers["location"]
        key = re.search("wk_[A-Za-z0-9_-]+", client.get(source).text)[0]
    odd = msgspec.structs.replace(town, keys={"odd": key})
    for kind, (first, last) in ODD_NAMES.items():
        traits = {"firstName": first, "lastName": last, "address": {"city": "Llanfairpwllgwyngyll" * 3}}
        odd.send(
            "odd",
            {"type": "identify", "userId": f"odd-{kind}", "traits": traits},
            {"type": "track", "userId": f"odd-{kind}", "event": "Y" * 190, "properties": {"name": "Z" * 200}},
        )
    too_wide = {}
    async with browsing(chromium, town.url, width=width, lang="fr") as page:

        async def measure(path):
            await page.goto(path)
            tools = page.locator("[popovertarget=view-menu]")
            assert (await tools.bounding_box())["x"] < width, path
            if (over := await overflow(page)) > 0:
                too_wide[path] = over

        for path in ["/", "/events", "/quality", "/sources", source, f"{source}/plan", "/customers"]:
            await measure(path)
        for kind in ODD_NAMES:
            while not await page.goto(f"/customers?q=odd-{kind}") or not await page.locator("a.person-name").count():
                await page.wait_for_timeout(100)
            href = await page.locator("a.person-name").first.get_attribute("href")
            for path in [
                f"/customers?q=odd-{kind}",
                href,
                f"{href}/identity",
                f"{href}/split",
                f"{href}/merge?q=ollier",
            ]:
                await measure(path)
        assert not page.wrong
    assert not too_wide


async def test_an_event_opens_beside_the_thread(chromium, town):
    async with browsing(chromium, town.url) as page:
        href = await customer(page)
        await page.goto(f"{href}?kind=looked")
        await page.locator(".knot a").first.click()
        side = page.locator("#side")
        await side.locator(".json").wait_for()
        assert '"event"' in await side.locator(".json").text_content()
        assert page.url.endswith("?kind=looked")
        await page.keyboard.press("Escape")
        await side.wait_for(state="hidden")
        assert not page.wrong


async def test_merge_and_undo_by_keyboard_alone(chromium, town):
    async with browsing(chromium, town.url) as page:
        left = await customer(page, "Kervadec")
        right = await customer(page, "Pons")
        await page.goto(left)
        await page.wait_for_selector("x-link:not(:empty)", state="attached")
        await page.keyboard.press("m")
        await page.wait_for_url(re.compile("/merge"))
        await page.wait_for_selector("x-link:not(:empty)", state="attached")  # the scripts have begun
        await page.wait_for_function("document.activeElement?.name === 'q'")
        await page.keyboard.type("pons")  # the field has the focus
        compare = page.locator("#candidates a.btn").first
        await compare.wait_for()
        await compare.focus()
        await page.keyboard.press("Enter")
        one = page.get_by_role("button", name="One person")
        await one.wait_for()
        await one.focus()
        await page.keyboard.press("Enter")
        undo = page.locator("x-toast").get_by_role("button", name="Undo")
        await undo.wait_for()
        assert "Known by" in await page.locator(".who-tags").text_content()
        await undo.focus()
        await page.keyboard.press("Enter")
        await page.get_by_text("As it was before.").wait_for()
        for href in (left, right):
            await page.goto(href)
            assert page.url.endswith(href)
        assert not page.wrong


async def test_a_key_is_shown_and_copied(chromium, town):
    async with browsing(chromium, town.url) as page:
        await page.context.grant_permissions(["clipboard-read", "clipboard-write"])
        await page.goto("/sources/1")
        assert not await page.locator(".secret code").is_visible()
        await page.locator(".secret summary").click()
        await page.locator(".secret").get_by_role("button", name="Copy").click()
        copied = await page.evaluate("navigator.clipboard.readText()")
        assert copied.startswith("wk_")
        assert copied == await page.locator(".secret code").text_content()
        assert not page.wrong


async def test_a_plan_is_edited_without_leaving_the_page_and_by_keyboard(chromium, town):
    async with browsing(chromium, town.url) as page:
        await page.goto("/sources")
        await page.get_by_role("link", name="La Redoute, orders").click()
        await page.get_by_role("link", name="Tracking plan").click()
        await page.wait_for_selector("x-link:not(:empty)", state="attached")
        await page.evaluate("window.here = true")
        add = page.get_by_role("button", name="Add an event")
        await add.focus()
        await page.keyboard.press("Enter")
        name = page.get_by_role("textbox", name="Name of the event")
        await name.wait_for()
        await page.wait_for_function("document.activeElement?.name === 'e0'")
        await page.keyboard.type("Order Completed")
        await page.get_by_role("textbox", name="Name of the property").fill("order_id")
        await page.get_by_role("checkbox", name="is required").check()
        await page.keyboard.press("Enter")  # tries it, and publishes nothing
        await page.get_by_text("Tried on what came last").wait_for()
        await page.get_by_role("group", name="Show as").get_by_role("button", name="JSON").click()
        text = page.get_by_role("textbox", name="Events and their JSON Schemas")
        await text.wait_for()
        assert '"required": [\n      "order_id"\n    ]' in await text.input_value()
        await text.fill('{\n "Order Completed": {,}\n}')
        await page.get_by_role("button", name="Try it").click()
        await page.get_by_text("Line 2, column 22").wait_for()
        assert await page.evaluate("window.here")
        assert await violations(page) == []
        assert not page.wrong


async def test_looking_at_a_cut_is_open_to_all(chromium, town):
    for width in (1440, 390):
        async with browsing(chromium, town.url, width=width, lang="fr") as page:
            await page.goto(f"{await customer(page)}/identity")
            await page.locator("a[href*='/cut?']").first.click()
            await page.get_by_role("heading", name="Ce lien est-il faux").wait_for()
            assert await violations(page) == []
            assert await overflow(page) <= 0
            assert not page.wrong
