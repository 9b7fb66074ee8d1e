"""Looking at the frame: without a database where nothing is asked of it, in Chromium where only eyes and hands tell."""

import os
from datetime import UTC, datetime
from shutil import which
from zoneinfo import ZoneInfo

import pytest
from playwright.async_api import async_playwright

from comptoir.console import Console, Page, Retailer
from comptoir.console.assets import Assets
from comptoir.console.drawing import Draw
from comptoir.console.language import LANGUAGES
from comptoir.kernel.db import Database
from comptoir.kernel.settings import Settings
from conftest import recreate, url_of
from console.site import FRAME, TEMPLATES, serving

NOW = datetime(2026, 11, 21, 13, 32, 8, tzinfo=UTC)
PARIS = ZoneInfo("Europe/Paris")
CHROMIUM = [
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--in-process-gpu",
]


@pytest.fixture(scope="session")
def assets() -> Assets:
    return Assets()


@pytest.fixture(params=["en", "fr"])
def language(request):
    return LANGUAGES[request.param]


@pytest.fixture
def draw(assets) -> Draw:
    return Draw(assets, LANGUAGES["en"], zone=PARIS, now=NOW)


@pytest.fixture
def dessiner(assets) -> Draw:
    return Draw(assets, LANGUAGES["fr"], zone=PARIS, now=NOW)


@pytest.fixture
def page() -> Page:
    """A page of nobody, drawn without a database."""
    console = Console(
        settings=Settings(),
        database=Database("postgresql://nobody@nowhere.invalid/none"),
        sections=FRAME,
        retailer=Retailer("Tissandier"),
        templates=[TEMPLATES],
    )
    return Page(console.frame, LANGUAGES["en"], now=NOW)


@pytest.fixture(scope="session")
def site(server_url, template):
    """The address of a small site with a real database."""
    name = template.replace("template", "console")
    recreate(server_url, name, template)
    with serving(url_of(server_url, name)) as address:
        yield address


@pytest.fixture(scope="session")
async def chromium(anyio_backend):
    path = next((found for name in ("chromium", "chromium-browser", "google-chrome") if (found := which(name))), None)
    if path is None:
        assert not os.environ.get("COMPTOIR_NO_SKIPPED_BROWSER"), "Chromium is not installed"
        pytest.skip("Chromium is not installed")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=path, args=CHROMIUM)
        yield browser
        await browser.close()


@pytest.fixture(scope="session")
def town(server_url, template):
    """A town with people, served; tests of pages share it and leave it usable."""
    from conftest import recreate, url_of  # noqa: PLC0415
    from console.town import serving as serving_town  # noqa: PLC0415

    name = template.replace("template", "town")
    recreate(server_url, name, template)
    with serving_town(url_of(server_url, name)) as town:
        yield town


@pytest.fixture(scope="session")
def bare_town(server_url, template):
    """The same house before anything came in."""
    from conftest import recreate, url_of  # noqa: PLC0415
    from console.town import serving as serving_town  # noqa: PLC0415

    name = template.replace("template", "bare")
    recreate(server_url, name, template)
    with serving_town(url_of(server_url, name), empty=True) as town:
        yield town


@pytest.fixture(scope="session")
def yard(server_url, template):
    """Shops and a warehouse with stock; tests of moving goods share it."""
    from conftest import recreate, url_of  # noqa: PLC0415
    from console.yard import serving as serving_yard  # noqa: PLC0415

    name = template.replace("template", "yard")
    recreate(server_url, name, template)
    with serving_yard(url_of(server_url, name)) as house:
        yield house


@pytest.fixture(scope="session")
def machines(yard, server_url, template):
    """The yard with a till, a shop elsewhere, feeds and readers that have told something."""
    from conftest import url_of  # noqa: PLC0415
    from console.machines import furnish  # noqa: PLC0415

    return furnish(yard, url_of(server_url, template.replace("template", "yard")))
