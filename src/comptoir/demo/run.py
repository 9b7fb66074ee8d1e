"""`comptoir demo`: the shop opens, its history comes in, then the town lives in it until Ctrl+C.

    comptoir.demo.run(size="small", speed=20)

Everything it does to the server it does as an outside integrator would, over HTTP with keys. Only the users of the
one-click sign-in and its own key are made in the database directly, as `comptoir user add` and `key add` do.
"""

import asyncio
import contextlib
import random
import signal
from collections.abc import AsyncGenerator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

import httpx
import msgspec
from rich.console import Console, Group
from rich.panel import Panel
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from comptoir.demo import check, history, loading, opening, places, storeroom, world
from comptoir.demo.courier import Courier, Refused
from comptoir.demo.floor import CALM, HURRIED, Floor
from comptoir.demo.history import History, Missing, Product, weeks_to_show
from comptoir.demo.house import House, Memory, NotReady, free_port
from comptoir.demo.morning import ORDERS, Morning
from comptoir.demo.outings import Shelf
from comptoir.demo.receipts import NotTaken
from comptoir.demo.shopping import Shopping
from comptoir.demo.staff import PEOPLE, assign, hire
from comptoir.demo.traffic import Traffic
from comptoir.demo.truth import Truth
from comptoir.demo.twin import DAY, Twin
from comptoir.demo.world import World
from comptoir.kernel.settings import Settings

SIZES = {"tiny": 20.0, "small": 0.05, "medium": 0.25, "full": 1.0}
"""Households: a share of the 2,469, or above 1 their number."""
MOST_HOUSEHOLDS = 1_000_000
CHECK_SPEED = 40.0
CHECK_DAY = 60.0
"""Seconds that a day in town takes at least while it is checked. In a tiny town weeks would pass, the more of them the
slower the machine is, and people would show more and more of each other's devices."""


class Options(msgspec.Struct, frozen=True, kw_only=True):
    """What `comptoir demo` was asked for."""

    data_dir: Path
    host: str
    port: int
    seed: int
    size: str
    speed: float
    lang: str
    check: bool

    @property
    def share(self) -> float:
        try:
            share = SIZES[self.size] if self.size in SIZES else float(self.size)
        except ValueError:
            share = 0.0
        if not 0 < share < MOST_HOUSEHOLDS:
            raise NotReady(
                f"--size {self.size}: say {', '.join(SIZES)}, a share such as 0.1, or a number of households."
            )
        return share


class Stock(msgspec.Struct, frozen=True):
    """What the demo is made of: real where the data package is installed, made up where it is not."""

    history: History | None
    products: list[Product]
    store_ids: list[int]
    world: World
    shelf: Shelf
    carried: list[storeroom.Carried]
    """What lies in the shops."""


def run(
    *,
    data_dir: Path | str = ".comptoir",
    host: str = "127.0.0.1",
    port: int = 8000,
    seed: int = 1,
    size: str = "full",
    speed: float = 10.0,
    lang: str = "en",
    check: bool = False,
) -> int:
    """Run the demo; returns the exit code. `port` 0 takes a free one; `speed` is in simulated acts a second."""
    options = Options(
        data_dir=Path(data_dir),
        host=host,
        port=port or free_port(host),
        seed=seed,
        size=size,
        speed=speed,
        lang=lang,
        check=check,
    )
    console = Console()
    try:
        return asyncio.run(until_stopped(Demo(options, console)))
    except NotReady as error:
        console.print(str(error), style="bold red", markup=False)
        return 1


async def until_stopped(demo: "Demo") -> int:
    """Ctrl+C and SIGTERM end the demo in good order: what is under way is finished, the server is stopped."""
    task = asyncio.ensure_future(demo.run())
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        with contextlib.suppress(NotImplementedError):
            loop.add_signal_handler(number, task.cancel)
    try:
        return await task
    except asyncio.CancelledError:
        demo.console.print("The shop is closed. `comptoir demo` opens it again where it was.")
        return 0
    except Exception as error:
        cause = error
        while isinstance(cause, ExceptionGroup):  # of requests that were under way together
            cause = cast("ExceptionGroup[Exception]", cause).exceptions[0]
        if not isinstance(cause, Refused | NotTaken | httpx.TransportError):
            raise
        said = f"The server did not take it: {cause!r}. More is in {demo.options.data_dir / 'server.log'}."
        demo.console.print(said, style="bold red", markup=False)
        return 1


class Demo:
    """One start of the demo."""

    def __init__(self, options: Options, console: Console) -> None:
        self.options = options
        self.console = console
        self.settings = Settings.load(
            data_dir=options.data_dir,
            host=options.host,
            port=options.port,
            retailer="Demo, simulated people",
            language=options.lang,
            country="US",
            currency=history.CURRENCY,
            time_zone="America/New_York",
            demo=True,
            simulated_payments=True,
            mail_url=f"file:{(options.data_dir / 'mail').absolute()}",
            mail_from="Demo <demo@shop.example.com>",
        )
        self.memory = self._remember()
        _ = options.share  # a size that is none is refused before anything starts

    def _remember(self) -> Memory:
        options = self.options
        if (memory := Memory.load(options.data_dir)) is None:
            now = datetime.now(UTC)
            return Memory(seed=options.seed, size=options.size, opened_at=now, weeks=weeks_to_show(now))
        if (memory.seed, memory.size) != (options.seed, options.size):
            raise NotReady(
                f"{options.data_dir} holds a demo of --seed {memory.seed} --size {memory.size}: "
                "take the same ones, or another --data-dir."
            )
        return memory

    def save(self) -> None:
        self.memory.save(self.options.data_dir)

    async def run(self) -> int:
        began = datetime.now(UTC)
        reading = asyncio.create_task(asyncio.to_thread(stock, self.options))
        async with House(self.settings) as house:
            self.save()
            key = await hire(self.settings)
            self._welcome(house, datetime.now(UTC) - began)
            async with Courier(house.url, key) as courier:
                goods = await reading
                if goods.history is None:
                    self.console.print(str(Missing()), style="yellow", markup=False)
                keys = await self._open(courier, goods)
                traffic = self._traffic(courier, keys, goods)
                await self._catch_up(traffic, goods)
                self.console.print(f"Everything is in after {seconds(datetime.now(UTC) - began)}; the town is live.")
                async with self._live(traffic) as town:
                    if self.options.check:
                        scene = check.Scene(
                            house, courier, self.settings, keys, traffic, town, goods.history, self.memory
                        )
                        return await check.run(scene, self.console)
                    await asyncio.shield(town)  # it ends only by Ctrl+C, or because the server is gone
        return 0

    def _welcome(self, house: House, took: timedelta) -> None:
        """The URL and the one-click sign-ins, as soon as the server answers."""
        roles = Table.grid(padding=(0, 2))
        for person in PEOPLE:
            roles.add_row(person.role.replace("_", " "), person.name)
        door = f"Sign in with one click at [bold]{house.url}/sign-in[/] as"
        coming = "" if self.memory.caught_up else "Look around at once; the history comes in meanwhile. "
        note = (
            f"{coming}People's names, their contacts and all live traffic are simulated. The receipts are real, "
            f"of 2017, and shown {self.memory.weeks} weeks later."
        )
        title = f"[bold]{house.url}[/]"
        self.console.print(Panel(Group(door, roles, "", note), title=title, subtitle=f"open after {seconds(took)}"))

    async def _open(self, courier: Courier, goods: Stock) -> dict[str, str]:
        """Shops, sources, products, receipts."""
        shops = places.shops(goods.store_ids)
        await opening.open_shops(courier, shops)
        await storeroom.open_places(courier, shops)
        await assign(self.settings, storeroom.busiest(goods.carried))
        keys = await opening.open_sources(courier)
        with self._progress() as progress:
            if not self.memory.history_done:
                bar = progress.add_task("Products", total=len(goods.products))
                await opening.fill_shelves(courier, goods.products, lambda more: progress.advance(bar, more))
            if goods.history and not self.memory.history_done:
                bar = progress.add_task("Lines of receipts", total=goods.history.lines)
                await loading.load(
                    courier,
                    goods.history,
                    self.memory,
                    save=self.save,
                    progress=lambda more: progress.advance(bar, more),
                )
            if not self.memory.stocked:
                bar = progress.add_task("Prices", total=len(goods.products))
                await storeroom.set_prices(courier, goods.products, lambda more: progress.advance(bar, more))
                rows = storeroom.opening(goods.products, goods.carried)
                bar = progress.add_task("Stock", total=len(rows))
                await storeroom.fill(courier, rows, lambda more: progress.advance(bar, more))
                self.memory.stocked = True
                self.save()
        return keys

    def _traffic(self, courier: Courier, keys: dict[str, str], goods: Stock) -> Traffic:
        """The town begins where the history ends; started again, it begins now."""
        memory = self.memory
        if memory.caught_up:
            memory.runs += 1
            memory.opened_at = datetime.now(UTC)
            self.save()
            origin = memory.opened_at
        else:
            origin = beginning(memory, real=goods.history is not None)
        twin = Twin(seed=memory.seed, world=goods.world, shelf=goods.shelf, origin=origin, run=memory.runs)
        truth = Truth(self.options.data_dir / "truth")
        shopping = Shopping(courier, places.shops(goods.store_ids), seed=f"{twin.name}-orders")
        floor = Floor(courier, seed=f"{twin.name}-floor", pace=HURRIED if self.options.check else CALM)
        return Traffic(
            courier=courier, keys=keys, twin=twin, truth=truth, world=goods.world, shopping=shopping, floor=floor
        )

    async def _catch_up(self, traffic: Traffic, goods: Stock) -> None:
        memory = self.memory
        if memory.caught_up:
            return
        traffic.truth.empty()
        origin = traffic.twin.origin
        total = hours(memory.opened_at - origin)
        with self._progress() as progress:
            bar = progress.add_task("Hours in town", total=total)
            await traffic.catch_up(memory.opened_at, lambda at: progress.update(bar, completed=hours(at - origin)))
            progress.update(bar, completed=total)
            bar = progress.add_task("Orders of the night", total=ORDERS)
            morning = Morning(
                traffic.courier, products=goods.products, carried=goods.carried, seed=f"{traffic.twin.name}-morning"
            )
            mine = storeroom.busiest(goods.carried)
            await morning.prepare(traffic.shopping, goods.world.people, mine, lambda more: progress.advance(bar, more))
        memory.caught_up = True
        self.save()

    @contextlib.asynccontextmanager
    async def _live(self, traffic: Traffic) -> AsyncGenerator[asyncio.Task[None]]:
        """The town lives while the block runs; its last acts are finished before the server stops."""
        stopping = asyncio.Event()
        speed = check_speed(traffic.twin) if self.options.check else self.options.speed
        task = asyncio.create_task(traffic.live(opened_at=self.memory.opened_at, speed=speed, stopping=stopping))
        pace = traffic.twin.pace(speed)
        length = f"{1_440 / pace:.0f} minutes" if pace < 720 else f"{86_400 / pace:.0f} seconds"
        day = f"a day in town takes {length}"
        self.console.print(f"About {speed:g} simulated acts a second: {day}. Ctrl+C ends it.")
        try:
            yield task
        finally:
            stopping.set()
            with contextlib.suppress(Exception):
                await asyncio.wait_for(asyncio.shield(task), 10)
            task.cancel()
            traffic.truth.write()

    def _progress(self) -> Progress:
        columns: list[Any] = [
            TextColumn("{task.description:18}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
        ]
        return Progress(*columns, console=self.console)


def stock(options: Options) -> Stock:
    """Read what is installed; make up the rest. Takes a second or two, so it runs beside the start of the server."""
    share = options.share
    try:
        real = History(seed=options.seed, share=share)
    except Missing:
        count = max(5, int(share if share > 1 else share * 2_469))
        products = places.made_up_products()
        popular = [product.product_id for product in products]
        random.Random(options.seed).shuffle(popular)
        homes = places.made_up_households(options.seed, count)
        people = world.make(seed=options.seed, households=homes)
        carried = [(store, one.product_id, 24) for store in places.MADE_UP_STORES for one in products]
        return Stock(None, products, places.MADE_UP_STORES, people, Shelf(by_number(products), popular), carried)
    products = real.products()
    people = world.make(seed=options.seed, households=real.households())
    shelf = Shelf(by_number(products), real.popular())
    return Stock(real, products, real.store_ids(), people, shelf, real.carried())


def by_number(products: list[Product]) -> dict[int, Product]:
    return {product.product_id: product for product in products}


def beginning(memory: Memory, *, real: bool) -> datetime:
    """Where the history ends; without one, five days before the demo was opened."""
    return history.town_begins(memory.weeks) if real else memory.opened_at - timedelta(days=5)


def check_speed(twin: Twin) -> float:
    """Acts a second."""
    return CHECK_SPEED * min(1.0, DAY / CHECK_DAY / twin.pace(CHECK_SPEED))


def hours(passed: timedelta) -> int:
    return int(passed.total_seconds()) // 3_600


def seconds(took: timedelta) -> str:
    return f"{took.total_seconds():.0f} s"
