"""Consent in Chromium: the shopper by her link on a phone, the agent at the desk; open to all, in both languages."""

from urllib.parse import urlsplit

import pytest

from console.test_browser import LOOKS, browsing, faults, overflow, violations

pytestmark = [pytest.mark.anyio, pytest.mark.browser]


def told(town, *choices):
    """Told over the API's own door by somebody signed in."""
    with town.visitor("admin") as client:
        answer = client.post("/v1/consent/choices", json=list(choices))
        assert answer.json()["refused"] == 0, answer.text


def choice(value, state="granted", channel="email", **more):
    told = {"namespace": "email", "value": value, "channel": channel, "purpose": "offers", "state": state}
    return {**told, "origin": "web_form", "wording": 1, "language": "fr", **more}


def links(town, value):
    with town.visitor("admin") as client:
        asked = {"namespace": "email", "value": value, "purpose": "offers"}
        made = client.post("/v1/consent/links", json=asked).json()
    one_click = made["headers"]["List-Unsubscribe"].strip("<>")
    return urlsplit(made["preferences"]).path, urlsplit(one_click).path


def holds(town, value, channel="email", purpose="offers"):
    with town.visitor("admin") as client:
        asked = {"namespace": "email", "value": value, "channel": channel, "purpose": purpose}
        (answer,) = client.post("/v1/consent/checks", json={"questions": [asked]}).json()
    return answer["because"]


@pytest.mark.parametrize(("width", "lang", "theme"), LOOKS)
async def test_pages_of_the_shopper_are_open_to_all(chromium, town, width, lang, theme):
    value = f"open.{width}.{lang}@posteo.example"
    told(town, choice(value), choice(value, "denied", "post"))
    preferences, unsubscription = links(town, value)
    async with browsing(chromium, town.url, role="", width=width, lang=lang) as page:
        await page.emulate_media(color_scheme=theme)
        wrong = {}
        for path in (preferences, unsubscription, "/preferences/nonsense"):
            await page.goto(path)
            wrong[path] = [*(await violations(page, theme)), *(["wide"] if await overflow(page) > 0 else [])]
        assert not any(wrong.values()), wrong
        assert [one for one in page.wrong if "404" not in one] == []


@pytest.mark.parametrize("scripts", [True, False], ids=["with scripts", "without"])
async def test_a_shopper_opts_out_stops_everything_and_comes_back(chromium, town, scripts):
    """On a phone, in French, by the link in a letter; without scripts too."""
    value = f"story.{scripts}@posteo.example".lower()
    told(town, choice(value), choice(value, channel="post"))
    path, _ = links(town, value)
    context = await chromium.new_context(
        viewport={"width": 390, "height": 844}, locale="fr", base_url=town.url, java_script_enabled=scripts
    )
    page = await context.new_page()
    await page.goto(path)
    assert value not in await page.content()
    mail = page.get_by_role("switch", name="Par e-mail").first
    assert await mail.is_checked()
    await mail.uncheck()
    await page.get_by_role("button", name="Enregistrer").click()
    await page.get_by_text("Cela vaut dès maintenant").wait_for()
    assert holds(town, value) == "withdrawn"
    assert holds(town, value, "post") == "granted"

    await page.get_by_role("button", name="Tout arrêter").click()
    await page.get_by_text("Cela vaut dès maintenant").wait_for()
    assert await page.locator("input.switch:checked").count() == 0
    assert holds(town, value, "post") == "withdrawn"

    await page.get_by_role("switch", name="Par e-mail").first.check()
    await page.get_by_role("button", name="Enregistrer").click()
    await page.get_by_text("Cela vaut dès maintenant").wait_for()
    assert holds(town, value) == "granted"
    assert "dans l’espace des préférences" in await page.locator("main").inner_text()
    await context.close()


async def test_the_link_of_an_e_mail_ends_it_only_when_asked(chromium, town):
    value = "enough@posteo.example"
    told(town, choice(value))
    _, path = links(town, value)
    async with browsing(chromium, town.url, role="", width=390) as page:
        await page.goto(path)
        assert holds(town, value) == "granted"
        await page.get_by_role("button", name="End these e-mails").click()
        await page.get_by_text("No more e-mail about this goes to e•••@p•••.example").wait_for()
        assert holds(town, value) == "withdrawn"
        assert not page.wrong


async def customer(page, q):
    """The address of somebody who is found by this."""
    await page.goto(f"/customers?q={q}")
    return await page.locator("#found tbody a").first.get_attribute("href")


@pytest.mark.parametrize(("width", "lang", "theme"), LOOKS)
async def test_consents_in_the_console_are_open_to_all(chromium, town, width, lang, theme):
    async with browsing(chromium, town.url, width=width, lang=lang) as page:
        await page.emulate_media(color_scheme=theme)
        href = await customer(page, "Thévenet")
        told(town, choice(await email_of(page, href), ip="203.0.113.9"))
        await page.goto(f"{href}/consents")
        paths = [await page.locator(".consent-grid a").nth(n).get_attribute("href") for n in (0, 1)]
        paths += [f"{href}/consents", "/customers/purposes", "/customers/purposes/new", "/customers/purposes/offers"]
        assert not await faults(page, [*paths, "/customers/purposes/offers/wordings"], theme)


async def email_of(page, href):
    await page.goto(f"{href}/consents")
    return await page.locator(".consent-grid th .strong", has_text="@").first.inner_text()


async def test_an_agent_reads_out_the_wording_and_the_proof_is_there(chromium, town):
    """On the telephone: asked, answered; the matrix, the reason and the proof say so."""
    async with browsing(chromium, town.url, role="agent") as page:
        href = await customer(page, "Kervadec")
        address = await email_of(page, href)
        cell = page.locator(".consent-grid tr", has_text=address).locator(".consent-cell").first
        assert "never asked" in await cell.inner_text()
        await cell.get_by_role("link", name="Ask her").click()
        assert "Vous pouvez m’informer de vos offres" in await page.locator("main").inner_text()
        await page.get_by_label("Français").check()
        await page.get_by_label("Where are you?").select_option("centre")
        await page.get_by_label("Recording of the call").fill("call-2211")
        await page.get_by_role("button", name="She says yes").click()
        await page.locator("#toasts", has_text="Written down").wait_for()
        cell = page.locator(".consent-grid tr", has_text=address).locator(".consent-cell").first
        assert "agreed" in await cell.inner_text()
        await cell.get_by_role("button", name="why?").click()
        shown = page.locator(".pop-why:popover-open")
        await shown.wait_for()
        assert "yes, on the telephone" in await shown.inner_text()
        assert "version 1" in await shown.inner_text()
        await page.keyboard.press("Escape")
        await cell.get_by_role("link", name="Proof").click()
        proof = await page.locator("main").inner_text()
        assert "call-2211" in proof
        assert "centre" in proof
        assert "Vous pouvez m’informer de vos offres" in proof
        assert not page.wrong
    assert holds(town, address) == "granted"


async def test_the_privacy_officer_words_a_purpose_anew(chromium, town):
    async with browsing(chromium, town.url, role="privacy_officer") as page:
        await page.goto("/customers/purposes")
        await page.get_by_role("link", name="The next wording: Questions").click()
        await page.get_by_label("English").fill("May we ask how it was?")
        await page.get_by_role("button", name="Show it from now on").click()
        await page.locator("#toasts", has_text="Shown and read out").wait_for()
        assert "May we ask how it was?" in await page.locator("main").inner_text()
        assert await page.get_by_text("One earlier version").is_visible()
        assert not page.wrong


async def test_who_may_not_does_not(town):
    for role, path, status in (
        ("marketer", "/customers/purposes", 200),
        ("marketer", "/customers/purposes/new", 403),
        ("agent", "/customers/purposes/offers", 403),
        ("merchandiser", "/customers/purposes", 403),
    ):
        with town.visitor(role) as client:
            assert client.get(path).status_code == status, (role, path)
