"""Another article in the place of one that is not to be had, at the work of a location: asked, shown, in the box."""

from functools import partial

from litestar import Response, get, post
from litestar.datastructures import State
from litestar.di import NamedDependency
from litestar.params import FromPath

from comptoir import orders
from comptoir.console.console import Section
from comptoir.console.language import N_
from comptoir.console.page import Page
from comptoir.console.pages import order_words as words
from comptoir.console.pages.addresses import AnyRequest
from comptoir.console.pages.floor import MAY, PATH
from comptoir.console.pages.forms import Choice, Field, Form
from comptoir.console.pages.order_acts import (
    Desk,
    Doing,
    Effect,
    Made,
    Pieces,
    Sheet,
    Wrong,
    ask,
    attempt,
    chosen,
    desk_of,
    id_in,
    pieces_in,
)
from comptoir.console.pages.order_deeds import typed
from comptoir.console.pages.order_giving_up import several, told
from comptoir.console.pages.picking import refusals_of
from comptoir.console.pages.pieces import read_lines
from comptoir.kernel.auth import Actor
from comptoir.kernel.db import Tx
from comptoir.kernel.errors import Refusal

REASONS: tuple[Choice, ...] = (
    ("not_found", N_("not found")),
    ("damaged", N_("damaged")),
    ("display", N_("only on display")),
)
LIES: dict[str, str] = {
    "not_found": N_("%(goods)s: set aside in the book until somebody finds it"),
    "damaged": N_("%(goods)s: lies there as damaged"),
    "display": N_("%(goods)s: stays on display"),
}
WHY: dict[str, str] = {
    "never": N_("Nothing is replaced in this house."),
    "refused": N_("She wants nothing else: say that it cannot be given."),
    "not_asked": N_("She was not asked when she ordered: say that it cannot be given."),
}


async def sheet(work: orders.Fulfilment, desk: Desk, form: Form) -> Sheet:
    _ = desk.page.gettext
    asked = form.get("line", "")
    return Sheet(
        title=_("Another article instead"),
        lead=_("From the same shelf into the box. She pays what it costs, and never more than for what it replaces."),
        do=_("It is in the box"),
        icon="replace",
        lines=[
            Pieces(
                name=f"p-{one.line}",
                article=desk.articles[one.line],
                left=one.open,
                wanted=form.get(f"p-{one.line}", str(one.open - one.picked) if asked == str(one.line) else ""),
            )
            for one in work.lines
            if one.open or f"p-{one.line}" in form
        ],
        fields=[
            Field(
                name="instead",
                label=_("What she gets"),
                value=form.get("instead", ""),
                hint=_("SKU or barcode of what is in your hand."),
            ),
            Field(
                kind="select",
                name="reason",
                label=_("Why the other cannot be given"),
                options=told(desk, REASONS),
                value=form.get("reason", ""),
            ),
        ],
    )


async def act(work: orders.Fulfilment, desk: Desk, form: Form) -> Made:
    _, tx = desk.page.gettext, desk.tx
    wanted = {one.line: pieces_in(desk, form, f"p-{one.line}") for one in work.lines}
    some = [line for line, pieces in wanted.items() if pieces]
    if len(some) != 1:
        first = some[1] if some else next((one.line for one in work.lines if one.open), 0)
        raise Wrong(f"p-{first}", _("One article at a time.") if some else _("Say how many pieces."))
    (line,) = some
    named, wrong = await read_lines(tx, desk.page, form.get("instead", "").split("\n")[0])
    if wrong or not named:
        raise Wrong("instead", wrong)
    reason = chosen(form, "reason", REASONS)
    substitute = orders.Substitute(
        fulfilment_id=work.fulfilment_id,
        line=line,
        pieces=wanted[line],
        sku=named[0].sku,
        reason=reason,  # pyright: ignore[reportArgumentType]  one of REASONS
        rule=desk.page.settings.replace_articles,
        reference=str(id_in(form)),
        actor=str(desk.actor.id),
    )
    (answer,) = await orders.run_fulfilment(tx, [substitute])
    if isinstance(answer, orders.BadPieces):
        left = next((one.open for one in work.lines if one.line == line), 0)
        raise Wrong(f"p-{line}", _("%(n)s are open.", n=desk.page.language.number(left)))
    if isinstance(answer, Refusal):
        raise answer
    after = await orders.order(tx, order_id=work.order_id)
    new = next(one for one in reversed(after.lines) if one.instead_of == line and one.sku == named[0].sku)
    name = next(one.name for one in answer.lines if one.line == new.line)
    place = words.place(desk.places, work.location).name
    gone = several(desk, wanted[line], desk.articles[line].name)
    off = desk.money(-new.discount_minor)
    come = several(desk, new.quantity, name)
    return Made(
        goods=[
            Effect("replace", _("%(goods)s: in the box, from %(place)s", goods=come, place=place)),
            Effect("minus", _(LIES[reason], goods=gone)),
        ],
        money=[
            Effect("plus", come, desk.money(new.amount_minor)),
            *([Effect("minus", _("So that it costs no more"), off)] if new.discount_minor else []),
            Effect("equal", _("She pays for it"), desk.money(new.total_minor), sum=True),
        ],
        core=(new.sku, new.quantity, new.total_minor, reason),
        deed="work_replaced",
        href=f"{PATH}/works/{work.fulfilment_id}",
    )  # fmt: skip


async def replacing(page: Page, tx: Tx, actor: Actor, work: orders.Fulfilment) -> Doing:
    """Closed where the work is not picked now, or where nothing may be replaced."""
    await orders.rights.must_touch(tx, actor, order_id=work.order_id)
    ours = await orders.rights.works_at(tx, actor, fulfilment_id=work.fulfilment_id)
    why = refusals_of(page, work, ours=ours).get("replace", "")
    agreed = await orders.finding.agreed(tx, order_id=work.order_id)
    if not why and (refused := forbidden(page.settings.replace_articles, agreed.delivery.replace if agreed else None)):
        why = page.gettext(WHY[refused])
    return Doing(
        sheet=partial(sheet, work),
        act=partial(act, work),
        closed=why,
        at={
            "orders.not_replaceable": "instead",
            "inventory.unknown_variant": "instead",
            "inventory.insufficient_stock": "instead",
            "pricing.no_price": "instead",
        },
    )


def forbidden(rule: str, wish: bool | None) -> str:
    """Why nothing may be replaced, as the backend refuses it; empty where it may."""
    if rule == "never":
        return "never"
    if wish is False:
        return "refused"
    return "not_asked" if wish is None and rule == "if_allowed" else ""


@get(f"{PATH}/works/{{number:int}}/replace", guards=MAY)
async def read_replacing(
    request: AnyRequest, page: NamedDependency[Page], tx: NamedDependency[Tx], actor: NamedDependency[Actor],
    state: State, number: FromPath[int],
) -> Response[str]:  # fmt: skip
    work = await orders.fulfilment(tx, fulfilment_id=number)
    doing = await replacing(page, tx, actor, work)
    desk = await desk_of(page, tx, actor, state.counter, work.order_id, work_id=number)
    return await ask(desk, doing, f"{PATH}/works/{number}/replace", dict(request.query_params))


@post(f"{PATH}/works/{{number:int}}/replace", guards=MAY)
async def do_replacing(
    request: AnyRequest, page: NamedDependency[Page], tx: NamedDependency[Tx], actor: NamedDependency[Actor],
    state: State, number: FromPath[int],
) -> Response[str]:  # fmt: skip
    work = await orders.fulfilment(tx, fulfilment_id=number)
    await orders.rights.must_work_at(tx, actor, fulfilment_id=number)
    doing = await replacing(page, tx, actor, work)
    desk = await desk_of(page, tx, actor, state.counter, work.order_id, work_id=number)
    return await attempt(desk, doing, f"{PATH}/works/{number}/replace", await typed(request))


section = Section(routes=[read_replacing, do_replacing])
