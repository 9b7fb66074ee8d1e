"""One order with its whole life: where each piece is and why from there, what happened, the money, what may be done."""

from collections.abc import Sequence
from uuid import UUID

import msgspec
from litestar import Response, get
from litestar.di import NamedDependency
from litestar.params import FromPath
from markupsafe import Markup
from msgspec.structs import replace

from comptoir import channels, inventory, orders
from comptoir.console.console import Section
from comptoir.console.drawing import Reason
from comptoir.console.live import Topic
from comptoir.console.page import Page
from comptoir.console.pages import order_money as money
from comptoir.console.pages import order_story as story
from comptoir.console.pages import order_words as words
from comptoir.console.pages.addresses import AnyRequest
from comptoir.console.pages.order_doing import Act, acts_of
from comptoir.console.pages.order_returns import Came, came
from comptoir.console.pages.said import last_said
from comptoir.console.rooms import enter
from comptoir.kernel.db import Tx
from comptoir.kernel.money import Money


class Line(msgspec.Struct, frozen=True):
    article: words.Article
    price: Money
    quantity: int
    parts: Sequence[tuple[float, str]]
    pieces: Sequence[story.Pieces]
    total: Money
    discount: Money | None


class Work(msgspec.Struct, frozen=True):
    """The work of one location, as a parcel one could pick up."""

    work: orders.Fulfilment
    place: words.Place
    goods: str
    stage: tuple[str, str, str]
    told: Sequence[str]
    done_as: str
    """What became of it, once it is done."""
    href: str
    reasons: Sequence[Reason]
    foot: str


class OrderView(msgspec.Struct, frozen=True):
    order: orders.Order
    hers: bool
    """Whether it has to do with her shop. Else only what taking goods back needs is shown: lines, sums, deeds."""
    personal: bool
    """Whether she may see who it is for: address, papers, who came for it."""
    outlet: str
    external: str
    customer: words.Customer
    state: tuple[str, str, str]
    lines: Sequence[Line]
    works: Sequence[Work]
    life: Sequence[story.Stage]
    events: Sequence[story.Event]
    ledger: money.Ledger
    acts: Sequence[Act]
    came: Sequence[Came]
    """What has come back, or will."""
    tasks: Sequence[str]
    """What somebody must look at."""
    agreed: orders.finding.Agreed
    collected_at: words.Place | None
    documents: Sequence[orders.Document]
    sourcing: orders.Explanation | None
    pulse: str
    href: str


@get("/orders/{order_id:uuid}", guards=enter("orders"))
async def read_order(
    request: AnyRequest, page: NamedDependency[Page], tx: NamedDependency[Tx], order_id: FromPath[UUID]
) -> Response[str]:
    """The page; or all of it below the head when htmx asks for `#order`, because something moved.

    Goods come back to any shop, so every shop opens every order; of one that is not hers no address, no papers.
    Who may not see customers sees these of none.
    """
    said = last_said(request, page)
    return said(page.show("order.html.j2", await look(page, tx, order_id)))


async def look(page: Page, tx: Tx, order_id: UUID) -> OrderView:
    order = await orders.order(tx, order_id=order_id)
    hers = await orders.rights.touches(tx, page.viewer, order_id=order_id)
    agreed = await orders.finding.agreed(tx, order_id=order_id)
    assert agreed is not None
    personal = hers and page.viewer.may("profiles:read")
    parcels = await orders.parcels(tx, order_id=order_id)
    if not personal:
        agreed = replace(agreed, delivery=replace(agreed.delivery, address=None))
        parcels = [replace(one, proof=None) for one in parcels]
    places, outlets = await words.places(tx), {one.outlet_id: one for one in await channels.outlets(tx)}
    known = await words.customers(tx, page, [order.node_id])
    works = await orders.fulfilments_of(tx, order_id=order_id)
    papers = story.Papers(
        order=order,
        works=works,
        parcels=parcels,
        history=await orders.history(tx, order_id=order_id),
        cancellations=await orders.cancellations(tx, order_id=order_id),
        returns=await orders.returns.of_order(tx, order_id=order_id),
        attempts=await orders.payments.attempts(tx, order_id=order_id),
        places=places,
        staff=await words.staff(tx),
        names={},
        collected=agreed.delivery.method == "collect",
        authorised=Money(agreed.authorised_minor, order.currency) if agreed.authorised_minor is not None else None,
    )
    goods = await words.articles(tx, order, works)
    papers = replace(papers, names={number: one.name for number, one in goods.items()})
    paid = (await orders.payments.paid(tx, order_ids=[order_id])).get(order_id)
    sourcing = await orders.sourcing_of(tx, order_id=order_id)
    external = await orders.finding.find_orders(
        tx, filters=orders.finding.OrderFilters(text=str(order.order_number)), limit=1
    )
    outlet = outlets.get(order.outlet_id)
    return OrderView(
        order=order,
        hers=hers,
        personal=personal,
        outlet=outlet.name if outlet else "",
        external=next((one.external_number or "" for one in external if one.order_id == order_id), ""),
        customer=known.get(order.node_id or 0, words.Customer()) if hers else words.Customer(),
        state=words.STATES[order.state],
        lines=[line(page, one, goods[one.line], papers) for one in order.lines],
        works=[work(page, one, papers, sourcing) for one in works] if hers else [],
        life=story.life(page, papers) if hers else [],
        events=story.events(page, papers) if hers else [],
        ledger=money.ledger(page, papers, paid),
        acts=acts_of(page, await orders.actions_of(tx, order_id=order_id, by=page.viewer), papers),
        came=came(
            page,
            papers.returns,
            {one.location_id: one.name for one in await inventory.locations(tx)},
            {one.return_id for one in papers.returns if await of_others(tx, page, one)},
        ),
        tasks=[
            page.gettext(words.TASKS[one.kind]) if one.kind in words.TASKS else one.why
            for one in await orders.tasks(tx, order_id=order_id)
            if hers
        ],
        agreed=agreed,
        collected_at=words.place(places, agreed.delivery.location) if agreed.delivery.location else None,
        documents=await orders.documents_of(tx, sale_ids=[one.sale_id for one in parcels]) if personal else [],
        sourcing=sourcing,
        pulse=await orders.finding.last_move(tx),
        href=f"/orders/{order_id}",
    )


async def of_others(tx: Tx, page: Page, one: orders.Return) -> bool:
    """Whether another shop decides of what has come back, and of its money."""
    try:
        await orders.rights.must_touch_return(tx, page.viewer, return_id=one.return_id)
    except orders.NotYourOrder:
        return True
    return False


def line(page: Page, one: orders.OrderLine, article: words.Article, papers: story.Papers) -> Line:
    pieces = story.pieces(page, papers, one.line, one.quantity)
    currency = papers.order.currency
    return Line(
        article=article,
        price=Money(one.unit_price_minor, currency),
        quantity=one.quantity,
        parts=[(each.count, each.tone) for each in pieces],
        pieces=pieces,
        total=Money(one.total_minor, currency),
        discount=Money(-one.discount_minor, currency) if one.discount_minor else None,
    )


def work(page: Page, one: orders.Fulfilment, papers: story.Papers, sourcing: orders.Explanation | None) -> Work:
    place = words.place(papers.places, one.location)
    stage = words.STAGES[one.state]
    reasons, foot = story.why_there(page, one.location, sourcing)
    return Work(
        work=one,
        place=place,
        goods=Markup(", ").join(
            page.gettext("%(n)s × %(article)s", n=each.quantity, article=each.name)
            for each in one.lines
            if each.quantity
        ),
        stage=stage,
        told=story.told_of(page, one, papers),
        done_as=words.METHODS[one.method][0],
        href=f"/fulfilment/works/{one.fulfilment_id}",
        reasons=reasons,
        foot=foot,
    )


class PulseView(msgspec.Struct, frozen=True):
    pulse: str


async def draw_pulse(page: Page, tx: Tx) -> str:
    return page.draw_part("order_pulse.html.j2", "order_pulse", PulseView(await orders.finding.last_move(tx)))


section = Section(routes=[read_order], topics=[Topic("orders.pulse", "orders", draw_pulse, every=1.0)])
