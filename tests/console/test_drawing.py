"""Each thing has one face: what the drawing functions print."""

import re
from datetime import timedelta
from xml.etree import ElementTree as ET

import pytest

from comptoir.console import charts
from comptoir.console.channels import CHANNELS
from comptoir.console.charts import Contact
from comptoir.console.cloth import KINDS
from comptoir.console.drawing import Draw, Knot
from comptoir.console.language import LANGUAGES
from comptoir.kernel.money import Money
from console.conftest import NOW, PARIS

EVIL = "<script>alert('x')</script> & \"co\""


def well_formed(*pieces):
    """Parses as XML: every tag closed, every attribute quoted (`popover` alone is HTML's)."""
    text = "".join(str(piece) for piece in pieces).replace(" popover ", " ")
    return ET.fromstring(f"<x>{text}</x>")


@pytest.fixture
def everything(draw):
    return [
        draw.icon("home", title=EVIL),
        *(draw.bead(channel, hollow=True, size="sm") for channel in CHANNELS),
        draw.chan("web"),
        draw.person(EVIL, EVIL, href="/p?a=1&b=2", tier="gold", size="lg"),
        draw.person(EVIL, known=False, tier=EVIL),
        *(draw.product(kind) for kind in [*KINDS, "unheard of"]),
        draw.article(EVIL, EVIL, kind=EVIL, cloth=EVIL, href="/a"),
        draw.shop("<b>", EVIL, EVIL, depot=True),
        draw.money(Money(-123_456, "EUR")),
        draw.delta(-3.2, EVIL),
        draw.time(NOW),
        draw.ago(NOW - timedelta(minutes=4)),
        draw.why(EVIL, [("+", EVIL, EVIL), ("-", EVIL), ("=", EVIL)], EVIL, refused=True),
        draw.mini([Contact(0.1, "web"), Contact(0.5, "web"), Contact(0.9, "shop", 2)], label=EVIL),
        charts.bar(130, channel="shop", mark=60, label=EVIL),
        charts.stack([(3, "web"), (1, EVIL)], label=EVIL),
        charts.spark([1, 2, 3], before=[1, 1, 1], target=2, label=EVIL),
        charts.spark([], label="nothing yet"),
        charts.lanes(3),
    ]


def test_everything_is_well_formed_and_escaped(everything, draw):
    tree = well_formed(*everything, *draw.popovers)
    assert [element for element in tree.iter() if element.tag == "script"] == []


def test_ids_are_unique_and_the_same_at_every_rendering(assets):
    def drawn(scope):
        draw = Draw(assets, LANGUAGES["en"], zone=PARIS, now=NOW, scope=scope)
        pieces = [draw.why("a", [("+", "b")]), draw.why("a", [("+", "b")])]
        pieces += [draw.mini([Contact(0, "web"), Contact(1, "shop")], label="x") for _ in range(2)]
        return re.findall(r' id="([^"]+)"', "".join([*pieces, *draw.popovers]))

    assert len(drawn("p")) == len(set(drawn("p"))) > 0
    assert drawn("p") == drawn("p")
    assert not set(drawn("p")) & set(drawn("rows"))


def test_why_finds_its_popover(draw):
    button = draw.why("Held back", [("-", "4 of 4 messages")], "Decision 8f2c")
    (name,) = re.findall(r'popovertarget="([^"]+)"', button)
    assert f'id="{name}"' in draw.popovers[0]
    assert 'aria-label="why? Held back"' in button


def test_words_are_french_in_french(dessiner):
    assert "pourquoi\u202f?" in dessiner.why("Prix", [("+", "oui")])
    assert "Magasin" in dessiner.chan("shop")
    assert 'value="1234.50"' in dessiner.money(Money(123_450, "EUR"))
    assert '<span class="cents">,50</span>\u00a0€' in dessiner.money(Money(123_450, "EUR"))


def test_money_without_decimals_has_no_cents(draw):
    assert "cents" not in draw.money(Money(5_800, "JPY"))
    assert "cents" not in draw.money(Money(5_800, "EUR"), cents=False)


@pytest.mark.parametrize(
    ("change", "good", "tone"),
    [
        (2, "up", "good"),
        (-2, "up", "bad"),
        (-2, "down", "good"),
        (2, "", "flat"),
        (0.01, "up", "flat"),
        (0, "up", "flat"),
    ],
)
def test_a_change_is_judged_by_the_direction_we_wish(draw, change, good, tone):
    assert f"delta-{tone}" in draw.delta(change, good=good)


def test_somebody_unknown_has_a_dashed_face(draw):
    assert "face-anon" in draw.person("Someone, iPad", known=False)
    assert ">IM<" in draw.person("Inès Morel")


def test_the_thread_goes_from_bead_to_bead(draw):
    knots = [
        Knot("shop", NOW, "came"),
        Knot("web", NOW - timedelta(hours=2), "looked"),
        Knot("web", NOW - timedelta(days=1), "looked"),
    ]
    drawn = draw.strung(knots, ["web", "shop"])
    assert [one.lane for one in drawn] == [1, 0, 0]
    assert [one.new_day for one in drawn] == [True, False, True]
    assert "M75 0C75 55 25 45 25.01 100" in drawn[0].strand
    assert not drawn[-1].strand, "nothing older: the thread begins here"
    well_formed(*(one.strand for one in drawn))


def test_bars_stay_within_their_box():
    assert 'class="bar-fg" width="100"' in charts.bar(130)
    assert 'class="bar-fg" width="0"' in charts.bar(-4)


def test_a_stack_fills_its_width():
    widths = [
        float(w)
        for w in re.findall(r'<rect x="[^"]+" width="([^"]+)"', charts.stack([(1, "web"), (3, "shop")], label="x"))
    ]
    assert widths == [246.0, 746.0]
    charts.stack([(0, "web")], label="nothing at all")


def test_a_flat_or_single_figure_still_has_a_spark():
    well_formed(charts.spark([5, 5, 5], label="flat"), charts.spark([5], label="one"))
