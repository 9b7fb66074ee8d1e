"""One person, or two: the pairs come by themselves, a steward decides by keyboard, and what she has said is undone."""

import asyncio
import os
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pytest

from comptoir.console.pages.weights import WORDS
from comptoir.identity import realtime
from comptoir.identity.matching import candidates, cleaning, training
from comptoir.identity.matching.comparisons import COMPARISONS
from comptoir.identity.realtime import Learnt, knowledge, models
from comptoir.kernel.db import Database
from conftest import recreate, url_of
from console.test_browser import LOOKS, browsing, faults
from console.town import serving
from identity.trap_files import load
from identity.traps import trap_set

pytestmark = [pytest.mark.anyio, pytest.mark.browser]

NEVER_SAID = {("code", "other"), ("device", "other")}
"""One person has several: that they differ says nothing."""


def test_whatever_a_field_may_say_has_words():
    assert WORDS.keys() == {(one.name, level.name) for one in COMPARISONS for level in one.levels} - NEVER_SAID


LILAS = {"street": "12 rue des Lilas", "postalCode": "69003", "city": "Lyon", "country": "FR"}
PAIRS = [
    (
        {"firstName": "Noémie", "lastName": "Delattre", "birthday": "1988-06-17", "address": LILAS},
        {"firstName": "Noemi", "lastName": "DELATTRE", "birthday": "1988-06-17",
         "address": {**LILAS, "street": "12 bis, r. des lilas"}},
    ),
    (
        {"firstName": "Karim", "lastName": "Haddad", "birthday": "1979-02-03", "address": {**LILAS, "street": "4 quai Claude Bernard", "postalCode": "69007"}},
        {"firstName": "Karim", "lastName": "Hadad", "birthday": "1979-03-02", "address": {**LILAS, "street": "4 quai C. Bernard", "postalCode": "69007"}},
    ),
    (
        {"firstName": "Sylvie", "lastName": "Gauthier", "address": {**LILAS, "street": "9 rue Rabelais", "postalCode": "44000", "city": "Nantes"}},
        {"firstName": "S", "lastName": "Gauthier", "address": {**LILAS, "street": "9 rue Rabelais", "postalCode": "44000", "city": "Nantes"}},
    ),
]  # fmt: skip


def learnt():
    rows, _ = trap_set(people=1_500, seed=7)
    with duckdb.connect() as con:
        load(con, rows)
        cleaning.clean(con)
        candidates.pair(con)
        return Learnt("v2026-11", training.train(con), knowledge.of(con))


@pytest.fixture(scope="module")
def house(server_url, template):
    """Three people who have opened a second account each; the worker has compared them."""
    name = template.replace("template", "steward")
    recreate(server_url, name, template)
    url = url_of(server_url, name)
    with serving(url) as town:
        asyncio.run(in_use(url))
        now = datetime.now(UTC).isoformat()
        people = [(f"w-{n}-{side}", traits) for n, pair in enumerate(PAIRS) for side, traits in enumerate(pair)]
        town.send(
            "browser",
            *({"type": "identify", "userId": user, "traits": traits, "timestamp": now} for user, traits in people),
        )
        asyncio.run(compared(url))
        yield town


async def in_use(url):
    async with Database(url, size=2) as db, db.transaction() as tx:
        await models.keep(tx, learnt(), records=1_500)
        await models.put_to_use(tx, version="v2026-11")


async def compared(url):
    async with Database(url, size=2) as db, asyncio.timeout(60):
        while True:
            async with db.reading() as tx:
                if (await realtime.reviews.progress(tx)).open >= len(PAIRS):
                    return
            await asyncio.sleep(0.1)


@pytest.mark.parametrize(("width", "lang", "theme"), LOOKS)
async def test_the_page_is_open_to_all(chromium, house, width, lang, theme):
    async with browsing(chromium, house.url, width=width, lang=lang) as page:
        assert not await faults(page, ["/stewardship", "/stewardship?show=later"], theme)
        if folder := os.environ.get("PICTURES"):
            await page.goto("/stewardship")
            await page.screenshot(path=Path(folder) / f"stewardship-{width}-{lang}-{theme}.png", full_page=True)


async def test_a_steward_decides_by_keyboard_and_takes_it_back(chromium, house):
    async with browsing(chromium, house.url) as page:
        await page.goto("/stewardship")
        many = await page.locator(".queue li").count()
        assert many >= len(PAIRS)
        shown = await page.locator(".queue [aria-current] b").first.inner_text()
        await page.get_by_role("img", name="What speaks for one person").wait_for()
        await page.keyboard.press("2")
        await page.get_by_text("Two people, whatever is seen later").wait_for()
        assert await page.locator(".queue li").count() == many - 1
        await page.get_by_role("button", name="Undo").click()
        await page.get_by_text("As it was before.").wait_for()
        await page.goto("/stewardship")
        assert await page.locator(".queue li").count() == many
        await page.locator(".queue a", has_text=shown).first.click()
        await page.wait_for_url("**pair=*")
        await page.get_by_role("img", name="What speaks for one person").wait_for()
        await page.keyboard.press("1")
        await page.get_by_text("One person. Can be undone exactly.").wait_for()
        await page.get_by_role("img", name="What speaks for one person").wait_for()
        await page.keyboard.press("4")
        await page.get_by_text("It waits among those that were put off.").wait_for()
        await page.goto("/stewardship?show=later")
        assert await page.locator(".queue li").count() == 1
        assert not page.wrong


async def test_who_may_not_decide_does_not_see_it(house):
    with house.visitor("analyst") as client:
        assert client.get("/stewardship").status_code == 403
        assert client.post("/stewardship/1", data={"answer": "same"}).status_code == 403
    with house.visitor("admin") as client:
        assert client.post("/stewardship/999999", data={"answer": "same"}).status_code in {404, 409}
        assert client.post("/stewardship/1", data={"answer": "perhaps"}).status_code in {400, 422}
