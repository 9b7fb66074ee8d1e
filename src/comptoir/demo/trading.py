"""Two acceptance checks about goods: the town orders on several channels and gets what it ordered; the books agree."""

from comptoir.demo.acceptance import Scene, until
from comptoir.demo.shopping import Placed

CHANNELS = ("web", "app", "calls")
PIECES = 2
TRIES = 5
"""Orders placed before the channel is given up: the simulated bank refuses some."""


async def ordered_and_handed_over(scene: Scene) -> str:
    """An order on each channel, from the basket to the customer's hands: goods, money and sale."""
    people = scene.traffic.twin.world.people
    articles = popular(scene)
    placed: list[Placed] = []
    for place, channel in enumerate(CHANNELS):
        for attempt in range(TRIES):
            number = place * TRIES + attempt
            lines = [(articles[number % len(articles)], PIECES)]
            if done := await scene.traffic.shopping.order(channel, people[number % len(people)], lines):
                placed.append(done)
                break
        else:
            raise AssertionError(f"no order could be placed on {channel}: {scene.traffic.shopping.refused}")
    states = [
        await until(f"order {one.number} to be handed over or called off", lambda one=one: ended(scene, one))
        for one in placed
    ]
    handed_over = [one for one, state in zip(placed, states, strict=True) if state == "done"]
    for one in handed_over:
        found = await scene.courier.get("/v1/orders/sales", number=str(one.number))
        assert found["items"], f"order {one.number} was handed over and is no sale"
    board = scene.traffic.floor.done
    return f"{len(CHANNELS)} channels, {len(handed_over)} handed over; the staff: {said(board)}"


def popular(scene: Scene) -> list[str]:
    """Articles that lie somewhere."""
    shelf = scene.traffic.twin.shelf
    return [str(number) for number in shelf.popular[:50]]


async def ended(scene: Scene, one: Placed) -> str | None:
    state = (await scene.courier.get(f"/v1/orders/book/{one.order_id}"))["state"]
    return state if state != "open" else None


def said(done: dict[str, int]) -> str:
    return ", ".join(f"{count} {what}" for what, count in sorted(done.items())) or "nothing yet"


async def books_agree(scene: Scene) -> str:
    """`comptoir reconcile` beside the living town: stock, promises, orders, sales and people."""
    code, answer = await scene.house.comptoir("reconcile")
    assert code == 0, f"comptoir reconcile: {answer[-1_500:]}"
    stock = await scene.courier.get("/v1/inventory/locations")
    tally = scene.traffic.tally
    return f"no fault; {len(stock)} places, {tally.receipts:,} receipts and {tally.orders:,} orders since the start"
