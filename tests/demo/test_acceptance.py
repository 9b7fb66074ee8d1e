"""The checks of the demo look at what is there, and not at what is still on its way."""

from datetime import UTC, datetime

import pytest

from comptoir.demo import places, world
from comptoir.demo.acceptance import Scene, breakdowns, caught_up
from comptoir.demo.courier import Courier
from comptoir.demo.outings import Shelf
from comptoir.demo.run import check_speed
from comptoir.demo.traffic import Traffic
from comptoir.demo.truth import Truth
from comptoir.demo.twin import Act, Twin
from demo.test_courier import OK, server

pytestmark = pytest.mark.anyio

AT = datetime(2026, 11, 16, tzinfo=UTC)
WORLD = world.make(seed=1, households=places.made_up_households(seed=1, count=5))


def lagging(seconds: float) -> str:
    body = f'{{"lag_seconds":{seconds}}}'
    return f"HTTP/1.1 200 OK\r\ncontent-length: {len(body)}\r\n\r\n{body}"


async def test_caught_up_is_when_the_oldest_unread_is_younger_than_the_question():
    """A second and a half behind is behind: what was sent within it is not read yet."""
    async with server(lagging(1.5), lagging(1.4), lagging(0.001)) as (url, received), Courier(url) as courier:
        scene = Scene(None, courier, None, {}, None, None, None, None)
        await caught_up(scene)
    assert len(received) == 3


class Watched(Truth):
    """Notes how many requests had been answered when each act became known."""

    def __init__(self, folder, received):
        super().__init__(folder)
        self.received, self.known = received, []

    def keep(self, act, person):
        self.known.append((act.key, len(self.received)))
        super().keep(act, person)


async def test_the_truth_hears_of_an_act_when_it_is_acknowledged(tmp_path):
    one, other = WORLD.people[:2]
    acts = [
        Act(AT, "web", one.number, [("email", one.email)], {"type": "track", "event": "A", "messageId": "m1"}),
        Act(AT, "app", other.number, [("email", other.email)], {"type": "track", "event": "B", "messageId": "m2"}),
    ]
    async with server(OK) as (url, received), Courier(url) as courier:
        truth = Watched(tmp_path, received)
        keys = {"web": "wk_1", "app": "wk_2"}
        traffic = Traffic(courier=courier, keys=keys, twin=Twins(acts), truth=truth, world=WORLD, shopping=None,
                          floor=None)  # fmt: skip
        await traffic._deliver(acts)
    assert truth.known == [("m1", 2), ("m2", 2)]


class Twins:
    """A town in which nothing else happens."""

    def __init__(self, acts):
        self.given = acts

    def acts(self):
        return iter(self.given)


@pytest.mark.parametrize(("households", "speed"), [(5, 0.4), (2_000, 40)])
def test_a_checked_town_does_not_live_through_weeks(households, speed):
    people = world.make(seed=1, households=places.made_up_households(seed=1, count=households))
    twin = Twin(seed=1, world=people, shelf=Shelf({}, []), origin=AT)
    assert check_speed(twin) == pytest.approx(speed, rel=0.2)
    assert twin.pace(check_speed(twin)) <= 1_440 + 1e-6


def test_a_server_that_is_not_ready_yet_is_not_broken():
    counted = 'comptoir_requests_total{{method="GET",route="{}",status="{}"}} 1.0'.format
    fine = [counted("/healthz", 200), counted("/healthz", 503), counted("/readyz", 503), counted("/v1/batch", 429)]
    broken = [counted("/healthz", 500), counted("/v1/batch", 503), counted("/customers", 500)]
    assert breakdowns([*fine, *broken]) == broken
