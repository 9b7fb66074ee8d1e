"""What only a browser can tell: accessibility, overflow, the keyboard, one stream for all tabs."""

from contextlib import asynccontextmanager
from pathlib import Path

import pytest

pytestmark = [pytest.mark.anyio, pytest.mark.browser]

AXE = Path(__file__).parents[1] / "vendor/axe-4.14.1.min.js"
RULES = {
    "light": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22a", "wcag22aa"],
    "dark": {"type": "rule", "values": ["color-contrast", "link-in-text-block"]},
}
"""What is asked of a page as a whole, and again of what the light changes."""
VIOLATIONS = """async (rules) => (await axe.run(document, {runOnly: rules, resultTypes: ["violations"]})).violations
    .map(v => v.id + ': ' + v.nodes.map(n => n.target.join(' ') + ' ' + (n.any[0]?.message ?? '')).join(' | '))"""
CHOSEN_IS_HOME = """() => {
    const chosen = document.querySelector("#palette input").getAttribute("aria-activedescendant");
    return chosen && document.getElementById(chosen)?.getAttribute("href") === "/";
}"""
LOOKS = [
    (1440, "en", "light"),
    (390, "fr", "dark"),
    pytest.param(1440, "fr", "dark", marks=pytest.mark.long),
    pytest.param(390, "en", "light", marks=pytest.mark.long),
]
"""Each page at a desk and on a phone, in both languages, by day and by night; in every pair of these, the long proof."""


@asynccontextmanager
async def browsing(chromium, site, *, role="admin", width=1440, lang="en"):
    """A browser profile, signed in, that complains of every error in its console."""
    context = await chromium.new_context(
        viewport={"width": width, "height": 900}, locale=lang, base_url=site, reduced_motion="reduce"
    )
    page = await context.new_page()
    page.wrong = []
    page.on("console", lambda message: page.wrong.append(message.text) if message.type == "error" else None)
    # A slow machine shows the next page before the fade to it has begun: no fault of the page.
    page.on("pageerror", lambda error: "Transition was" in str(error) or page.wrong.append(str(error)))
    if role:
        answer = await context.request.post(
            "/sign-in/as", form={"role": role}, headers={"sec-fetch-site": "same-origin"}
        )
        assert answer.ok
        await page.goto("/")
        await page.wait_for_selector("x-link:not(:empty)", state="attached")  # the scripts have begun
    yield page
    await context.close()


async def violations(page, *themes):
    """Of the page as it is; of no theme in particular, in light and what the light changes again in dark."""
    await page.evaluate(AXE.read_text())
    found = []
    for theme in themes or RULES:
        await page.emulate_media(color_scheme=theme, reduced_motion="reduce")
        rules = RULES["light" if themes else theme]
        found += [f"{theme}: {one}" for one in await page.evaluate(VIOLATIONS, rules)]
    return found


async def faults(page, paths, *themes):
    """What is wrong with these pages, by path: violations, and what is wider than the window."""
    wrong = {}
    for path in paths:
        answer = await page.goto(path)
        assert answer.status == 200, path
        found = await violations(page, *themes)
        if (too_wide := await overflow(page)) > 0:
            found.append(f"{too_wide} px too wide")
        if found:
            wrong[path] = found
    assert not page.wrong
    return wrong


async def overflow(page):
    return await page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")


async def status(page, text):
    await page.locator("x-link", has_text=text).wait_for(timeout=8000)


@pytest.mark.parametrize(("width", "lang", "theme"), LOOKS)
@pytest.mark.parametrize("path", ["/styleguide", "/"])
async def test_a_page_is_open_to_all(chromium, site, path, width, lang, theme):
    async with browsing(chromium, site, width=width, lang=lang) as page:
        await page.goto(path)
        await page.wait_for_selector("x-link:not(:empty)", state="attached")
        assert await violations(page, theme) == []
        assert await overflow(page) <= 0
        assert page.wrong == []


@pytest.mark.parametrize(("width", "lang", "theme"), LOOKS)
async def test_the_door_is_open_to_all(chromium, site, width, lang, theme):
    async with browsing(chromium, site, role="", width=width, lang=lang) as page:
        await page.goto("/sign-in")
        assert await violations(page, theme) == []
        assert await overflow(page) <= 0
        assert page.wrong == []


@pytest.mark.parametrize("opened", ["why", "view", "palette", "help", "side", "error"])
async def test_what_opens_is_open_to_all(chromium, site, opened):
    async with browsing(chromium, site) as page:
        match opened:
            case "why":
                await page.click("#rows .why >> nth=0")
            case "view":
                await page.click("[popovertarget=view-menu]")
            case "palette":
                await page.keyboard.press("Control+k")
                await page.wait_for_selector(".palette-found")
            case "help":
                await page.keyboard.press("?")
                await page.wait_for_selector("#keys kbd")
            case "side":
                await page.click("text=Beside")
                await page.wait_for_selector("#side h2")
            case _:
                await page.click("text=Break")
                await page.wait_for_selector("#rows .empty")
        assert await violations(page) == []


async def test_the_keyboard_goes_everywhere(chromium, site):
    async with browsing(chromium, site) as page:
        await page.keyboard.press("g")
        await page.keyboard.press("y")
        await page.wait_for_url("**/styleguide")
        await page.wait_for_selector("x-link:not(:empty)", state="attached")  # the scripts have begun
        await page.keyboard.press("/")
        await page.wait_for_selector("#palette[open] .palette-found")
        await page.keyboard.type("morel")
        await page.wait_for_selector("#palette >> text=Inès Morel")
        await page.keyboard.press("Escape")
        assert not await page.locator("#palette").is_visible()
        await page.keyboard.press("Control+k")
        await page.wait_for_selector("#palette[open]")
        await page.keyboard.type("home")
        await page.wait_for_function(CHOSEN_IS_HOME)
        await page.keyboard.press("Enter")
        await page.wait_for_url(lambda url: url.endswith("/"))
        assert page.wrong == []


async def test_enter_waits_for_the_answer_to_what_is_typed(chromium, site):
    """Who types fast does not go where the list of a moment ago leads."""
    async with browsing(chromium, site) as page:

        async def slowly(route):
            await page.wait_for_timeout(300)
            await route.continue_()

        await page.route("**/palette*", slowly)
        await page.keyboard.press("Control+k")
        await page.wait_for_selector(".palette-found")  # rooms, and Home is the first
        await page.keyboard.type("styleg")
        await page.keyboard.press("Enter")
        await page.wait_for_url("**/styleguide")


async def test_enter_before_the_palette_is_known_to_be_open_is_not_lost(chromium, site):
    async with browsing(chromium, site) as page:
        await page.evaluate("""() => {
            document.querySelector('[data-opens="palette"]').click();
            document.execCommand("insertText", false, "styleg");
            const enter = new KeyboardEvent("keydown", {key: "Enter", bubbles: true, cancelable: true});
            document.activeElement.dispatchEvent(enter);
        }""")
        await page.wait_for_url("**/styleguide")


async def test_the_first_letters_typed_into_the_palette_stay(chromium, site):
    async with browsing(chromium, site) as page:
        await page.evaluate("""() => {  // before the browser has told anybody that the dialog is open
            document.querySelector('[data-opens="palette"]').click();
            document.execCommand("insertText", false, "st");
        }""")
        await page.wait_for_selector(".palette-found")
        await page.keyboard.type("yle")
        assert await page.input_value("#palette input") == "style"


async def test_arrows_move_through_the_answers_and_around(chromium, site):
    async with browsing(chromium, site) as page:
        await page.keyboard.press("Control+k")
        await page.wait_for_selector('.palette-found[aria-selected="true"]')
        options = await page.locator(".palette-found").count()
        first = await page.get_attribute("#palette input", "aria-activedescendant")
        await page.keyboard.press("ArrowUp")
        last = await page.get_attribute("#palette input", "aria-activedescendant")
        await page.keyboard.press("ArrowDown")
        assert await page.get_attribute("#palette input", "aria-activedescendant") == first
        assert (last == first) == (options == 1)
        assert await page.locator('.palette-found[aria-selected="true"]').count() == 1


async def test_shortcuts_of_one_letter_can_be_turned_off(chromium, site):
    async with browsing(chromium, site) as page:
        await page.keyboard.press("?")
        async with page.expect_response("**/tastes"):
            await page.get_by_role("switch").click()
        await page.keyboard.press("Escape")
        for _ in range(2):
            await page.keyboard.press("g")
            await page.keyboard.press("y")
            await page.wait_for_timeout(200)
            assert page.url.endswith("/")
            await page.keyboard.press("/")
            assert not await page.locator("#palette").is_visible()
            await page.reload()
        await page.keyboard.press("Control+k")
        assert await page.locator("#palette").is_visible()


async def test_letters_typed_into_a_field_are_letters(chromium, site):
    async with browsing(chromium, site) as page:
        await page.focus("input[name=q]:not(#palette *)")
        await page.keyboard.type("g y / ?")
        assert await page.input_value("form[hx-get] input[name=q]") == "g y / ?"
        assert page.url.endswith("/")


async def test_skip_link_comes_first(chromium, site):
    async with browsing(chromium, site) as page:
        await page.keyboard.press("Tab")
        assert await page.evaluate("document.activeElement.className") == "skip"
        await page.keyboard.press("Enter")
        assert await page.evaluate("document.activeElement.id") == "main"


async def test_light_and_density_change_at_once_and_stay(chromium, site):
    async with browsing(chromium, site) as page:
        light = await page.evaluate("getComputedStyle(document.body).backgroundColor")
        await page.click("[popovertarget=view-menu]")
        async with page.expect_response("**/tastes"):
            await page.click("#view-menu button[value=dark]")
        assert await page.get_attribute("#view-menu button[value=dark]", "aria-pressed") == "true"
        async with page.expect_response("**/tastes"):
            await page.click("#view-menu button[value=dense]")
        for _ in range(2):
            assert await page.evaluate("getComputedStyle(document.body).backgroundColor") != light
            assert await page.get_attribute("body", "data-density") == "dense"
            await page.reload()
        await page.click("[popovertarget=view-menu]")
        await page.click("#view-menu button[value=fr]")
        await page.wait_for_selector('html[lang="fr"]')


async def test_a_toast_is_undone(chromium, site):
    async with browsing(chromium, site) as page:
        await page.keyboard.press("t")
        await page.wait_for_selector("#toasts >> text=2 tied.")
        assert await page.locator("#rows").inner_text() != ""
        async with page.expect_request("**/trial/tie"):
            await page.click("#toasts >> text=Undo")


async def test_popovers_of_a_part_take_the_place_of_its_last_ones(chromium, site):
    async with browsing(chromium, site) as page:
        for name in ("Inès", "Bertrand", "Odile"):
            await page.fill("form[hx-get] input[name=q]", name)
            await page.click("text=Ask >> nth=-1")
            await page.wait_for_function(
                "n => document.querySelectorAll('.trial-row').length === 1"
                " && document.querySelector('#rows').textContent.includes(n)",
                arg=name,
            )
            await page.click("#rows .why")
            await page.wait_for_selector(f".pop-title:visible >> text={name}")
            await page.keyboard.press("Escape")
        assert await page.locator("x-popovers[data-of=rows]").count() == 1


async def test_the_side_panel_gives_the_focus_back(chromium, site):
    async with browsing(chromium, site) as page:
        await page.focus("text=Beside")
        await page.keyboard.press("Enter")
        await page.wait_for_selector("#side h2:focus")
        await page.keyboard.press("Escape")
        assert await page.evaluate("document.activeElement.textContent") == "Beside"


# live


async def test_two_tabs_share_one_stream_and_the_second_takes_over(chromium, site):
    async with browsing(chromium, site) as one:
        opened = []
        one.context.on(
            "request", lambda request: opened.append(request.frame.page) if "/live?" in request.url else None
        )
        await one.reload()
        await status(one, "Live")
        two = await one.context.new_page()
        await two.goto("/")
        await status(two, "Live")
        await two.wait_for_function("() => document.querySelector('[data-beat]').textContent !== ''")
        for page in (one, two):  # both move
            before = await page.inner_text("#figure")
            await page.wait_for_function(
                "before => document.querySelector('#figure').textContent !== before", arg=before
            )
        assert opened == [one], "one stream for both"
        await one.close()
        before = await two.inner_text("#figure")
        await two.wait_for_function("before => document.querySelector('#figure').textContent !== before", arg=before)
        assert opened == [one, two]
        await two.get_by_role("button", name="Line").click()
        await two.wait_for_selector("text=/^line/")
        await two.close()


async def test_a_tab_with_another_topic_is_heard(chromium, site):
    """The reader opens a new stream when another tab wants what it does not read yet."""
    async with browsing(chromium, site) as one:
        await one.goto("/styleguide")  # wants no topic
        await status(one, "Live")
        two = await one.context.new_page()
        await two.goto("/")
        await two.wait_for_function("() => document.querySelector('#figure').textContent !== '0'")


async def test_live_can_be_paused_in_all_tabs(chromium, site):
    async with browsing(chromium, site) as one:
        two = await one.context.new_page()
        await two.goto("/")
        await status(two, "Live")
        await two.click("[data-pause]")
        for page in (one, two):
            await status(page, "Paused")
            assert await page.get_attribute("body", "data-link") == "paused"
            assert await page.get_attribute("[data-pause]", "aria-pressed") == "true"
        figure = await two.inner_text("#figure")
        await two.wait_for_timeout(900)
        assert await two.inner_text("#figure") == figure
        await two.reload()
        await status(two, "Paused")
        await one.click("[data-pause]")
        for page in (one, two):
            await status(page, "Live")


async def test_a_broken_line_is_told_and_mended(chromium, site):
    async with browsing(chromium, site) as page:
        await page.route("**/live?*", lambda route: route.abort())
        await page.reload()
        await status(page, "Offline")
        assert await page.get_attribute("body", "data-link") == "offline"
        await page.unroute("**/live?*")
        await status(page, "Live")


async def test_what_could_not_be_asked_is_told(chromium, site):
    async with browsing(chromium, site) as page:
        await page.route("**/?q=*", lambda route: route.abort())
        ask = page.get_by_role("button", name="Ask", exact=True)
        await page.fill("form[hx-get] input[name=q]:not(#palette *)", "Inès")
        await ask.click()
        await page.wait_for_selector("#toasts >> text=what you asked for was not done")
        await page.unroute("**/?q=*")
        await ask.click()
        await page.wait_for_function("() => document.querySelectorAll('.trial-row').length === 1")


async def test_a_growing_list_keeps_its_length(chromium, site):
    async with browsing(chromium, site) as page:
        await status(page, "Live")
        for _ in range(4):
            async with page.expect_response("**/trial/line"):
                await page.get_by_role("button", name="Line").click()
        lines = 'x-live[data-topic="trial.list"] li'
        await page.wait_for_function(f"() => document.querySelectorAll('{lines}').length === 3")
        await page.wait_for_function(
            f"() => !document.querySelector('{lines}:last-child').textContent.includes('first')"
        )
