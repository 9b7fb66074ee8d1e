"""The identity graph and the day's chart: the same for the same data, inside their frames, whatever the data."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st

from comptoir.console.pages import graph
from comptoir.console.pages.home_chart import scale
from comptoir.console.pages.veil import COVER, veiled

NAMESPACES = list(graph.FACES)


@st.composite
def people(draw):
    count = draw(st.integers(1, 40))
    identifiers = [
        graph.Identifier(
            n, draw(st.sampled_from(NAMESPACES)), draw(st.text(min_size=1, max_size=60)), draw(st.booleans())
        )
        for n in range(count)
    ]
    pairs = draw(st.lists(st.tuples(st.integers(0, count - 1), st.integers(0, count - 1)), max_size=60))
    ties = [graph.Tie(min(a, b), max(a, b), draw(st.floats(0.1, 1)), draw(st.booleans())) for a, b in pairs if a != b]
    return identifiers, ties


@settings(deadline=None)
@given(people(), st.sampled_from([(300, 264, 12), (720, 430, 40)]))
def test_a_graph_stays_in_its_frame_and_is_always_the_same(person, frame):
    identifiers, ties = person
    width, height, most = frame
    drawn = graph.draw(identifiers, ties, width=width, height=height, most=most)
    assert (
        drawn == graph.draw(list(reversed(identifiers)), list(reversed(ties)), width=width, height=height, most=most)
        or ties
    )
    assert len(drawn.dots) == min(len(identifiers), most)
    assert drawn.left_out == len(identifiers) - len(drawn.dots)
    assert sum(dot.middle for dot in drawn.dots) == 1
    for dot in drawn.dots:
        assert 0 <= dot.x <= width
        assert 0 <= dot.y <= height
    if len({(dot.x, dot.y) for dot in drawn.dots}) < len(drawn.dots):
        assert len(drawn.dots) > 12, "few identifiers never lie upon each other"


@given(st.floats(0.01, 10**12))
def test_a_scale_is_round_and_holds_the_highest(highest):
    top, steps = scale(highest)
    assert top >= highest
    assert 4 <= len(steps) <= 6
    assert steps[0] == 0
    assert abs(steps[-1] - top) < top * 1e-9


def test_a_veil_covers_the_person_and_keeps_the_event():
    event = {
        "type": "track",
        "event": "Product Viewed",
        "userId": "u-1",
        "properties": {"sku": "C-101", "price": 349, "email": "a@b.example"},
        "context": {"ip": "10.0.0.1", "traits": {"anything": ["at", {"all": 1}]}, "page": {"url": "https://shop/"}},
        "consented": True,
    }
    covered = veiled(event)
    assert covered["event"] == "Product Viewed"
    assert covered["properties"] == {"sku": "C-101", "price": 349, "email": COVER}
    assert covered["userId"] == COVER
    assert covered["context"]["ip"] == COVER
    assert covered["context"]["traits"] == {"anything": [COVER, {"all": COVER}]}
    assert covered["consented"] is True


def test_the_chart_of_a_day_that_begins_or_ends():
    from comptoir import profiles  # noqa: PLC0415
    from comptoir.console.pages.home_chart import chart  # noqa: PLC0415
    from comptoir.kernel.money import Money  # noqa: PLC0415

    zone = ZoneInfo("Europe/Paris")
    midnight = datetime(2026, 11, 21, tzinfo=zone)
    for minutes in (0, 1, 29, 30, 719, 1439):
        now = midnight + timedelta(minutes=minutes)
        sold = [profiles.Takings(midnight + timedelta(minutes=minutes // 30 * 30), "shop", 1, 1, Money(500, "EUR"))]
        back = [profiles.Takings(midnight - timedelta(days=7, minutes=-600), "web", 2, 3, Money(-500, "EUR"))]
        live = profiles.Live(now, 0, [0] * 30, 0, 0, 0, 0, 0, sold, back, [])
        drawn = chart(live, midnight=midnight, zone=zone)
        assert 0 <= drawn.x <= drawn.width
        assert 0 <= drawn.y <= drawn.height
        assert "nan" not in drawn.today
