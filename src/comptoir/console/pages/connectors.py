"""Connectors: what shops on other systems sent, what became of it, what somebody must do here; again, or by hand."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Literal
from urllib.parse import quote

import msgspec
from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, URLEncodedBody

from comptoir import channels, connectors
from comptoir.console.console import Section
from comptoir.console.language import N_
from comptoir.console.live import Topic
from comptoir.console.page import Page
from comptoir.console.pages.addresses import AnyRequest, Asked
from comptoir.console.pages.said import Deed, last_said, say
from comptoir.console.refusals import said as words_of
from comptoir.console.rooms import enter
from comptoir.kernel.auth import Actor, allow
from comptoir.kernel.db import Tx

PATH = "/connectors"
WRITE = "connectors:write"
ADMIN = "connectors:admin"
ROWS = 50
BY_HAND = "connectors.by_hand"
PLATFORMS = {"shopify": "Shopify", "woocommerce": "WooCommerce"}
STATES: dict[str, tuple[str, str, str]] = {
    "received": (N_("received"), "info", "hourglass"),
    "waiting": (N_("waits for its order"), "", "hourglass"),
    "done": (N_("done"), "good", "circle-check"),
    "ignored": (N_("nothing to do"), "", "circle-check"),
    "failed": (N_("failed"), "bad", "alert-octagon"),
    "by_hand": (N_("to do here"), "warn", "hand-stop"),
}

Standing = Literal["by_hand", "failed", "received", "waiting", "done", "ignored"]


class Wanted(Asked, frozen=True, kw_only=True):
    standing: Standing | None = None
    before: Annotated[int, msgspec.Meta(ge=1, lt=2**62)] | None = None


class Row(msgspec.Struct, frozen=True):
    standing: connectors.Standing
    href: str
    platform: str
    channel: str
    outlet: str


class ConnectorsView(msgspec.Struct, frozen=True):
    rows: Sequence[Row]
    may_change: bool
    pulse: str


@get(PATH, guards=enter("connectors"))
async def read_connectors(page: NamedDependency[Page], tx: NamedDependency[Tx]) -> Response[str]:
    outlets = await known_outlets(tx)
    rows = [row(one, outlets) for one in await connectors.standings(tx)]
    return page.show("connectors.html.j2", ConnectorsView(rows, page.viewer.may(ADMIN), await connectors.pulse(tx)))


async def known_outlets(tx: Tx) -> dict[str, channels.Outlet]:
    return {one.code: one for one in await channels.outlets(tx)}


def row(one: connectors.Standing, outlets: Mapping[str, channels.Outlet]) -> Row:
    here, outlet = one.connection, outlets[one.connection.outlet]
    return Row(one, f"{PATH}/{here.name}", PLATFORMS[here.platform], outlet.channel, outlet.name)


class Sent(msgspec.Struct, frozen=True):
    """A delivery as it is shown."""

    delivery: connectors.Delivery
    state: tuple[str, str, str]
    words: str
    """Why it failed, in the reader's words."""
    order: str
    """Where its order is sought."""
    may_replay: bool
    may_settle: bool


class ConnectorView(msgspec.Struct, frozen=True):
    wanted: Wanted
    href: str
    row: Row
    rows: Sequence[Sent]
    older: str
    choices: Sequence[tuple[str, str]]
    may_act: bool
    may_change: bool
    secret: str
    """Shown this once, with the address of its webhooks."""
    address: str
    mistyped: str
    pulse: str


@get(f"{PATH}/{{name:str}}", guards=enter("connectors"))
async def read_connector(
    request: AnyRequest, page: NamedDependency[Page], tx: NamedDependency[Tx], name: FromPath[str]
) -> Response[str]:
    """Its deliveries, or those alone when htmx asks for `#deliveries`."""
    told = last_said(request, page)
    return told(await show(page, tx, name, Wanted.read(request)))


async def show(
    page: Page,
    tx: Tx,
    name: str,
    wanted: Wanted,
    *,
    made: connectors.Connected | None = None,
    host: str = "",
    mistyped: str = "",
) -> Response[str]:
    """`made`: with its secret, shown this once."""
    await connectors.connection(tx, name=name)
    standing = next(one for one in await connectors.standings(tx) if one.connection.name == name)
    by_hand = wanted.standing == "by_hand"
    found = await connectors.deliveries(
        tx,
        connection=name,
        state="failed" if by_hand else wanted.standing or "",
        by_hand=by_hand if wanted.standing in {"by_hand", "failed"} else None,
        before=wanted.before,
        limit=ROWS + 1,
    )
    href = f"{PATH}/{name}"
    view = ConnectorView(
        wanted=wanted,
        href=wanted.url(href),
        row=row(standing, await known_outlets(tx)),
        rows=[sent(page, one) for one in found[:ROWS]],
        older=wanted.url(href, before=found[ROWS - 1].delivery_id) if len(found) > ROWS else "",
        choices=[("", page.gettext("all")), *((key, page.gettext(words[0])) for key, words in STATES.items())],
        may_act=page.viewer.may(WRITE),
        may_change=page.viewer.may(ADMIN),
        secret=made.secret if made else "",
        address=f"{host}{made.address}" if made else "",
        mistyped=mistyped,
        pulse=await connectors.pulse(tx),
    )
    return page.show("connector.html.j2", view, status=422 if mistyped else 200)


def sent(page: Page, one: connectors.Delivery) -> Sent:
    failed, hand = one.state == "failed", one.code == BY_HAND
    return Sent(
        one,
        STATES["by_hand" if failed and hand else one.state],
        "" if hand or not failed else words_of(page, one.code, {}),
        f"/orders?q={quote(one.subject)}" if one.subject and page.viewer.may("orders:read") else "",
        failed or one.state == "waiting",
        failed,
    )


class DeedForm(msgspec.Struct, frozen=True):
    deed: Literal["replay", "settle"]
    standing: str = ""


@post(f"{PATH}/{{name:str}}/{{delivery_id:int}}", guards=[*enter("connectors"), allow(WRITE)])
async def act(
    page: NamedDependency[Page],
    tx: NamedDependency[Tx],
    actor: NamedDependency[Actor],
    name: FromPath[str],
    delivery_id: FromPath[int],
    data: URLEncodedBody[DeedForm],
) -> Response[str]:
    """Have it done again; or say that it was done here."""
    if data.deed == "replay":
        await connectors.replay(tx, delivery_id=delivery_id, actor=actor)
    else:
        await connectors.settle(tx, delivery_id=delivery_id, actor=actor)
    done: Deed = "delivery_again" if data.deed == "replay" else "delivery_settled"
    query = f"?standing={data.standing}" if data.standing in STATES else ""
    return say(page.go(f"{PATH}/{name}{query}"), done)


class PulseView(msgspec.Struct, frozen=True):
    pulse: str


async def draw_pulse(page: Page, tx: Tx) -> str:
    return page.draw_part("connectors.html.j2", "connectors_pulse", PulseView(await connectors.pulse(tx)))


section = Section(
    routes=[read_connectors, read_connector, act],
    topics=[Topic("connectors.pulse", "connectors", draw_pulse, every=2.0)],
)
