"""The addresses of the acts at an order: `/orders/{id}/{deed}`, and `/orders/{id}/returns/{id}/{deed}` at a return."""

from collections.abc import Mapping
from uuid import UUID

from litestar import Response, get, post
from litestar.datastructures import State
from litestar.di import NamedDependency
from litestar.params import FromPath

from comptoir import orders
from comptoir.console.console import Section
from comptoir.console.page import Page
from comptoir.console.pages.addresses import AnyRequest
from comptoir.console.pages.forms import LONGEST
from comptoir.console.pages.order_acts import Doing, ask, attempt, desk_of
from comptoir.console.pages.order_adding import ADD
from comptoir.console.pages.order_for_order import EXCHANGE_FOR_ORDER
from comptoir.console.pages.order_giving_up import ADDRESS, CANCEL
from comptoir.console.pages.order_instead import EXCHANGE, GOODWILL
from comptoir.console.pages.order_papers import PAPER, read_paper, read_pdf, send_paper
from comptoir.console.pages.order_pay_again import PAY_AGAIN
from comptoir.console.pages.order_returns import OF_A_RETURN
from comptoir.console.pages.order_taking_back import ANNOUNCE, TAKE_BACK
from comptoir.console.rooms import enter
from comptoir.kernel.auth import Actor, allow
from comptoir.kernel.db import Tx
from comptoir.kernel.errors import NotFound

MAY = [*enter("orders"), allow("orders:write")]
OF_AN_ORDER: dict[str, Doing] = {
    "cancel": CANCEL,
    "address": ADDRESS,
    "add": ADD,
    "take-back": TAKE_BACK,
    "announce": ANNOUNCE,
    "exchange": EXCHANGE,
    "exchange-for-order": EXCHANGE_FOR_ORDER,
    "goodwill": GOODWILL,
    "pay-again": PAY_AGAIN,
    "paper": PAPER,
}
ANYWHERE = {"take-back", "announce", "exchange", "exchange-for-order"}


def named(deeds: Mapping[str, Doing], deed: str) -> Doing:
    if deed not in deeds:
        raise NotFound("There is no such act.")
    return deeds[deed]


async def hers(tx: Tx, actor: Actor, order_id: UUID, deed: str) -> None:
    """What comes back is taken anywhere; all else (an address, a paper) by whom it has to do with."""
    if deed not in ANYWHERE:
        await orders.rights.must_touch(tx, actor, order_id=order_id)


async def typed(request: AnyRequest) -> dict[str, str]:
    return {name: str(value)[:LONGEST].replace("\0", "") for name, value in (await request.form()).items()}


@get("/orders/{order_id:uuid}/{deed:str}", guards=MAY)
async def read_act(
    request: AnyRequest, page: NamedDependency[Page], tx: NamedDependency[Tx], actor: NamedDependency[Actor],
    state: State, order_id: FromPath[UUID], deed: FromPath[str],
) -> Response[str]:  # fmt: skip
    """What is asked for it; or why it cannot be done now."""
    doing = named(OF_AN_ORDER, deed)
    await hers(tx, actor, order_id, deed)
    desk = await desk_of(page, tx, actor, state.counter, order_id)
    return await ask(desk, doing, f"{desk.href}/{deed}", dict(request.query_params))


@post("/orders/{order_id:uuid}/{deed:str}", guards=MAY)
async def do_act(
    request: AnyRequest, page: NamedDependency[Page], tx: NamedDependency[Tx], actor: NamedDependency[Actor],
    state: State, order_id: FromPath[UUID], deed: FromPath[str],
) -> Response[str]:  # fmt: skip
    """What it would do; done where that was agreed to."""
    doing = named(OF_AN_ORDER, deed)
    await hers(tx, actor, order_id, deed)
    desk = await desk_of(page, tx, actor, state.counter, order_id)
    return await attempt(desk, doing, f"{desk.href}/{deed}", await typed(request))


@get("/orders/{order_id:uuid}/returns/{return_id:uuid}/{deed:str}", guards=MAY)
async def read_act_at_return(
    request: AnyRequest, page: NamedDependency[Page], tx: NamedDependency[Tx], actor: NamedDependency[Actor],
    state: State, order_id: FromPath[UUID], return_id: FromPath[UUID], deed: FromPath[str],
) -> Response[str]:  # fmt: skip
    doing = named(OF_A_RETURN, deed)
    desk = await desk_of(page, tx, actor, state.counter, order_id, return_id)
    return await ask(desk, doing, f"{desk.href}/returns/{return_id}/{deed}", dict(request.query_params))


@post("/orders/{order_id:uuid}/returns/{return_id:uuid}/{deed:str}", guards=MAY)
async def do_act_at_return(
    request: AnyRequest, page: NamedDependency[Page], tx: NamedDependency[Tx], actor: NamedDependency[Actor],
    state: State, order_id: FromPath[UUID], return_id: FromPath[UUID], deed: FromPath[str],
) -> Response[str]:  # fmt: skip
    doing = named(OF_A_RETURN, deed)
    desk = await desk_of(page, tx, actor, state.counter, order_id, return_id)
    return await attempt(desk, doing, f"{desk.href}/returns/{return_id}/{deed}", await typed(request))


section = Section(routes=[read_act, do_act, read_act_at_return, do_act_at_return, read_paper, read_pdf, send_paper])
