"""`comptoir demo --check`: the acceptance checks, run against the living demo over HTTP. All must hold.

A check is a function of the scene; it returns a sentence on what it saw, or raises with what is wrong.
"""

import time
from collections.abc import Awaitable, Callable

import msgspec
from rich.console import Console
from rich.table import Table

from comptoir.demo import acceptance, stories, trading
from comptoir.demo.acceptance import Scene

Check = Callable[[Scene], Awaitable[str]]

CHECKS: list[tuple[str, Check]] = [
    ("The history is complete, to the cent", acceptance.history_is_complete),
    ("Live events arrive and are seen", acceptance.live_events_are_seen),
    ("Two devices and a card become one customer, and part again", stories.one_customer),
    ("Bad events are kept with their reason and can be replayed", acceptance.bad_events_are_kept),
    ("A request as the official SDKs write it is accepted", acceptance.sdk_request_is_accepted),
    ("Pages open for their roles and for nobody else", acceptance.pages_open_for_their_roles),
    ("People are recognised as who they are", stories.people_are_recognised),
    ("Ordered on three channels, and handed over", trading.ordered_and_handed_over),
    ("The books agree", trading.books_agree),
    ("The server logged no defect", acceptance.nothing_broke),
]


class Outcome(msgspec.Struct, frozen=True):
    name: str
    holds: bool
    said: str
    seconds: float


async def run(scene: Scene, console: Console) -> int:
    """0 when all hold. Later checks run even when an earlier one does not."""
    outcomes: list[Outcome] = []
    for name, check in CHECKS:
        began = time.perf_counter()
        try:
            with console.status(name):
                said = await check(scene)
            holds = True
        except Exception as error:  # noqa: BLE001  whatever is wrong with one check is for the table to say
            said, holds = (
                f"{type(error).__name__}: {error}" if not isinstance(error, AssertionError) else str(error),
                False,
            )
        outcomes.append(Outcome(name, holds, said, time.perf_counter() - began))
    console.print(drawn(outcomes))
    return 0 if all(outcome.holds for outcome in outcomes) else 1


def drawn(outcomes: list[Outcome]) -> Table:
    table = Table(title="Acceptance checks", title_justify="left", show_lines=False)
    table.add_column("")
    table.add_column("check", overflow="fold")
    table.add_column("what was seen", overflow="fold")
    table.add_column("s", justify="right")
    for outcome in outcomes:
        mark = "[green]✔[/]" if outcome.holds else "[bold red]✘[/]"
        table.add_row(mark, outcome.name, plain(outcome.said), f"{outcome.seconds:.1f}")
    return table


def plain(text: str) -> str:
    """Without rich's markup: a refusal may hold brackets."""
    return text.replace("[", r"\[")[:1_500]
