"""Reads of radio tags that belong together: under way, or what they became."""

from collections.abc import Sequence
from datetime import datetime
from typing import Literal
from uuid import UUID

import msgspec
from litestar import Response, get
from litestar.di import NamedDependency

from comptoir import rfid
from comptoir.console.console import Section
from comptoir.console.language import N_
from comptoir.console.live import Topic
from comptoir.console.page import Page
from comptoir.console.pages.addresses import AnyRequest, Asked
from comptoir.console.pages.goods import Spot
from comptoir.console.pages.pieces import places, spot
from comptoir.console.rooms import enter
from comptoir.kernel.auth import allow
from comptoir.kernel.db import Tx
from comptoir.kernel.http.pages import cursor_of, place_of

PATH = "/rfid"
READ = "rfid:read"
ROWS = 25
STRAYS = 10
KINDS: dict[str, tuple[str, str]] = {
    "count": (N_("counting"), "clipboard-check"),
    "receive": (N_("receiving"), "truck"),
    "ship": (N_("shipping"), "package"),
}
STAGES: dict[tuple[str, str], tuple[str, str, str]] = {
    ("count", "open"): (N_("being read"), "info", "broadcast"),
    ("receive", "open"): (N_("being read"), "info", "broadcast"),
    ("ship", "open"): (N_("being read"), "info", "broadcast"),
    ("count", "done"): (N_("became a count"), "good", "circle-check"),
    ("receive", "done"): (N_("became a receipt"), "good", "circle-check"),
    ("ship", "done"): (N_("became a shipment"), "good", "circle-check"),
}
WAITS = (N_("cannot be settled yet"), "warn", "hourglass")
EMPTY = (N_("nothing came of it"), "", "ban")


class Wanted(Asked, frozen=True, kw_only=True):
    standing: Literal["open", "ended"] = "open"
    after: str = ""


class Row(msgspec.Struct, frozen=True):
    session: rfid.Session
    place: Spot
    kind: tuple[str, str]
    stage: tuple[str, str, str]
    href: str
    """What it became."""


class RfidView(msgspec.Struct, frozen=True):
    wanted: Wanted
    href: str
    rows: Sequence[Row]
    after: str
    strays: Sequence[rfid.Stray]
    """Tags that are no article of the catalogue; the newest."""
    pulse: str


@get(PATH, guards=[*enter("moves"), allow(READ)])
async def read_sessions(request: AnyRequest, page: NamedDependency[Page], tx: NamedDependency[Tx]) -> Response[str]:
    """The list, or the list alone when htmx asks for `#sessions`."""
    wanted = Wanted.read(request)
    before = place_of(wanted.after, datetime, UUID)
    found = await rfid.sessions(
        tx, is_open=wanted.standing == "open", before=(before[0], before[1]) if before else None, limit=ROWS + 1
    )
    known = await places(tx)
    shown = found[:ROWS]
    last = cursor_of(shown[-1].last_at, shown[-1].session_id) if len(found) > ROWS else ""
    view = RfidView(
        wanted=wanted,
        href=wanted.url(PATH),
        rows=[Row(one, spot(known, one.location), KINDS[one.kind], stage(one), became(one)) for one in shown],
        after=wanted.url(PATH, after=last) if last else "",
        strays=await rfid.strays(tx, before=None, limit=STRAYS),
        pulse=await rfid.sessions_pulse(tx),
    )
    return page.show("rfid.html.j2", view)


def stage(one: rfid.Session) -> tuple[str, str, str]:
    if one.stage == "open" and one.why:
        return WAITS
    return STAGES.get((one.kind, one.stage), EMPTY)


def became(one: rfid.Session) -> str:
    if not one.became:
        return ""
    return f"/counts/{one.became}" if one.kind == "count" else f"/transfers/{one.became}"


class PulseView(msgspec.Struct, frozen=True):
    pulse: str


async def draw_pulse(page: Page, tx: Tx) -> str:
    return page.draw_part("rfid.html.j2", "rfid_pulse", PulseView(await rfid.sessions_pulse(tx)))


section = Section(routes=[read_sessions], topics=[Topic("rfid.pulse", "moves", draw_pulse, every=2.0)])
