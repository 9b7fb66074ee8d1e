"""The styleguide: every part in every state. If it is not here, it is not in the product."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import msgspec
from litestar import Response, get
from litestar.di import NamedDependency

from comptoir.console.channels import CHANNELS, Channel
from comptoir.console.charts import Contact
from comptoir.console.console import Section
from comptoir.console.drawing import Knot
from comptoir.console.page import Page
from comptoir.console.rooms import enter
from comptoir.kernel.money import Money

SWATCHES = [
    *("counter", "sheet", "well", "raised", "hover", "rule", "rule-2", "edge", "ink", "ink-2", "ink-3"),
    *("brass", "brass-deep", "brass-ink", "brass-wash", "good", "warn", "bad", "info"),
]


class StyleguideView(msgspec.Struct, frozen=True):
    swatches: Sequence[str]
    channels: dict[str, Channel]
    amounts: Sequence[Money]
    contacts: Sequence[Contact]
    lanes: Sequence[str]
    knots: Sequence[Knot]
    just_now: datetime
    days_ago: datetime
    weeks_ago: datetime


@get("/styleguide", guards=enter("styleguide"), sync_to_thread=False)
def read_styleguide(page: NamedDependency[Page]) -> Response[str]:
    now = page.now
    view = StyleguideView(
        swatches=SWATCHES,
        channels=CHANNELS,
        amounts=[Money(111_111, "EUR"), Money(2_884_040, "EUR"), Money(-2_000, "EUR"), Money(5_800, "JPY")],
        contacts=[
            Contact(0.02, "social"),
            Contact(0.2, "web"),
            Contact(0.4, "email", 0.7),
            Contact(0.6, "app"),
            Contact(0.95, "shop", 2),
        ],
        lanes=["paid", "email", "web", "app", "shop"],
        knots=sample_thread(page, now),
        just_now=now - timedelta(minutes=4),
        days_ago=now - timedelta(days=2),
        weeks_ago=now - timedelta(days=44),
    )
    return page.show("styleguide.html.j2", view)


def sample_thread(page: Page, now: datetime) -> list[Knot]:
    _ = page.gettext
    return [
        Knot(
            "shop",
            now - timedelta(hours=1),
            _("Bought coat Ondine, camel, 38"),
            _("Looked up on the web 26 days before"),
            money=Money(34_900, "EUR"),
            reasons=[("+", _("Exit rule: bought the coat in any channel"))],
        ),
        Knot(
            "email",
            now - timedelta(hours=4),
            _("“Your size is in Bellecour” sent"),
            _("Opened on the phone"),
            hollow=True,
        ),
        Knot("web", now - timedelta(days=3), _("Looked at 4 coats for 9 minutes"), _("On the laptop")),
        Knot("paid", now - timedelta(days=9), _("Came by an advertisement"), _("First contact")),
    ]


section = Section(routes=[read_styleguide])
