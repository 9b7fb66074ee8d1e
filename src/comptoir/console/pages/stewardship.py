"""One person, or two? The pairs that the scores could not settle, side by side, with what speaks for and against."""

from collections.abc import Sequence
from typing import Annotated, Literal

import msgspec
from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, URLEncodedBody
from markupsafe import Markup

from comptoir import identity, profiles
from comptoir.console import charts
from comptoir.console.console import Section
from comptoir.console.page import Page
from comptoir.console.pages.addresses import AnyRequest, Asked
from comptoir.console.pages.mending import Line, Pair, Word, side_by_side
from comptoir.console.pages.said import Deed, last_said, say
from comptoir.console.pages.weights import weights
from comptoir.console.refusals import said_of
from comptoir.console.rooms import enter
from comptoir.kernel.auth import Actor, allow
from comptoir.kernel.db import Tx
from comptoir.kernel.errors import Refusal

PATH = "/stewardship"
MEND = "identity:write"
MAY = [*enter("stewardship"), allow(MEND)]
QUEUE = 50
MOST_SHOWN = 0.999
"""Of a probability: nobody is surer of a pair than that."""
FIELDS = {
    "name": "name", "first_name": "name", "last_name": "name", "email": "email", "phone": "phone",
    "address": "address", "birthday": "birth", "loyalty_card": "card",
}  # fmt: skip
"""By which comparison a field of the golden record is judged."""
SAID: dict[str, Deed] = {
    "same": "merged",
    "different": "kept_apart",
    "household": "of_one_household",
    "later": "put_off",
}


class Wanted(Asked, frozen=True, kw_only=True):
    pair: Annotated[int, msgspec.Meta(ge=1, lt=2**62)] | None = None
    show: Literal["open", "later"] = "open"


class Waiting(msgspec.Struct, frozen=True):
    """One of the queue."""

    number: int
    left: str
    right: str
    probability: float
    href: str


class Compared(msgspec.Struct, frozen=True):
    """A line of the two records, and how far they agree."""

    line: Line
    verdict: Literal["same", "near", "differs", ""]


class View(msgspec.Struct, frozen=True):
    wanted: Wanted
    progress: identity.realtime.reviews.Progress
    queue: Sequence[Waiting]
    place: int
    """Of the pair in the queue, from one."""
    before: str
    after: str
    number: int = 0
    probability: float = 0.0
    pair: Pair | None = None
    lines: Sequence[Compared] = ()
    chart: Markup = Markup()
    model: str = ""
    is_sure: bool = False
    """The machines would say so by themselves, were there nothing that only a steward can join."""
    error: str = ""


@get(PATH, guards=MAY)
async def read_stewardship(request: AnyRequest, page: NamedDependency[Page], tx: NamedDependency[Tx]) -> Response[str]:
    said = last_said(request, page)
    return said(await show(page, tx, Wanted.read(request)))


async def show(page: Page, tx: Tx, wanted: Wanted, *, error: str = "") -> Response[str]:
    progress = await identity.realtime.reviews.progress(tx)
    found = await identity.realtime.reviews.queue(tx, answer=wanted.show, limit=QUEUE)
    queue = [
        Waiting(
            number=one.review_id,
            left=called(page, one.sides[0].written),
            right=called(page, one.sides[1].written),
            probability=min(one.probability, MOST_SHOWN),
            href=wanted.url(PATH, pair=one.review_id),
        )
        for one in found
    ]
    numbers = [one.number for one in queue]
    place = numbers.index(wanted.pair) if wanted.pair in numbers else 0
    view = View(
        wanted=wanted,
        progress=progress,
        queue=queue,
        place=place + 1,
        before=queue[place - 1].href if place else "",
        after=queue[place + 1].href if place + 1 < len(queue) else "",
        error=error,
    )
    if found:
        view = await looked_at(page, tx, view, found[place])
    return page.show("stewardship.html.j2", view, status=409 if error else 200)


async def looked_at(page: Page, tx: Tx, view: View, one: identity.realtime.Review) -> View:
    left, right = [await identity.person(tx, key=side.key) for side in one.sides]
    pair = await side_by_side(page, tx, left, right)
    bits = {reason.field: reason.bits for reason in one.reasons}
    return msgspec.structs.replace(
        view,
        number=one.review_id,
        probability=min(one.probability, MOST_SHOWN),
        is_sure=one.probability >= identity.realtime.SURE,
        pair=pair,
        lines=[Compared(line, verdict(line, bits.get(FIELDS.get(line.field, ""), 0.0))) for line in pair.lines],
        chart=charts.waterfall(
            weights(page, one),
            zones=(page.gettext("two people"), page.gettext("a steward decides"), page.gettext("one person")),
            label=page.gettext("What speaks for one person, and what speaks against it, in bits"),
        ),
        model=one.model,
    )


def verdict(line: Line, bits: float) -> Literal["same", "near", "differs", ""]:
    """By the letters, and where those differ by what the comparison says of the field."""
    if not line.left or not line.right:
        return ""
    if profiles.words(line.left) == profiles.words(line.right):
        return "same"
    return "near" if bits > 0 else "differs"


def called(page: Page, one: identity.realtime.Written) -> str:
    name = " ".join(part for part in (one.first_name, one.last_name) if part)
    return name or one.email or one.phone or page.gettext("Somebody not yet known")


class Form(msgspec.Struct, frozen=True):
    answer: identity.realtime.reviews.Answer
    reason: Word = ""


@post(f"{PATH}/{{number:int}}", guards=MAY)
async def answer_pair(
    page: NamedDependency[Page],
    tx: NamedDependency[Tx],
    actor: NamedDependency[Actor],
    number: FromPath[int],
    data: URLEncodedBody[Form],
) -> Response[str]:
    """The next pair comes by itself."""
    await tx.run("SAVEPOINT answering")
    try:
        done = await identity.realtime.reviews.answer(
            tx, review_id=number, answer=data.answer, actor=actor.name, reason=data.reason
        )
    except Refusal as refusal:
        await tx.run("ROLLBACK TO SAVEPOINT answering")
        return await show(page, tx, Wanted(pair=number), error=said_of(page, refusal))
    return say(page.go(PATH), SAID[data.answer], undo=done.operation or 0)


section = Section(routes=[read_stewardship, answer_pair])
