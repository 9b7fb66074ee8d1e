"""What lies of an article at a place, put right with a reason; what is kept back of it; what that does to the promises.

What a change would do is not reckoned here: it is done, looked at and taken back, so that it is what will be.
"""

import hashlib
from collections.abc import Mapping, Sequence
from typing import Annotated

import msgspec
from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath

from comptoir import catalog, inventory
from comptoir.console.console import Section
from comptoir.console.drawing import Reason
from comptoir.console.page import Page
from comptoir.console.pages.addresses import AnyRequest, Asked
from comptoir.console.pages.goods import (
    REASONS,
    SELLING,
    STATES,
    Picture,
    Spot,
    by_size,
    known_places,
    picture,
    short_name,
    spot,
)
from comptoir.console.pages.pieces import refused
from comptoir.console.pages.product import PATH, choose, story_place
from comptoir.console.pages.product import Wanted as ProductWanted
from comptoir.console.pages.said import say
from comptoir.console.refusals import said_of
from comptoir.console.rooms import enter
from comptoir.kernel.auth import Actor, allow
from comptoir.kernel.db import Database, Tx
from comptoir.kernel.errors import Invalid, NotFound, Refusal
from comptoir.kernel.http import READS_ONLY, idempotency
from comptoir.kernel.ids import uuid7

WRITE = "inventory:write"
MAY = [*enter("stock"), allow("catalog:read"), allow(WRITE)]
MOST = 1_000_000


class Wanted(Asked, frozen=True, kw_only=True):
    variant: Annotated[int, msgspec.Meta(ge=1, lt=2**62)] | None = None
    at: str = ""
    """Code of the location; empty: where the story of the product page is told."""


class Outlook(msgspec.Struct, frozen=True):
    """What lies at the place and what each channel may promise: there, and in all places."""

    sellable: int
    free: int
    missing: int
    channels: Mapping[str, tuple[int, int]]


class Field(msgspec.Struct, frozen=True):
    """A number that is kept back: what it is now, and what was typed."""

    name: str
    now: str
    typed: str


class KeepingView(msgspec.Struct, frozen=True):
    href: str
    back: str
    once: str
    product: catalog.Product
    picture: Picture
    variant_id: int
    sku: str
    size: str
    place: Spot
    place_code: str
    places: Sequence[tuple[str, str]]
    reasons: Sequence[tuple[str, str]]
    states: Sequence[tuple[str, str]]
    quantity: str
    reason: str
    state: str
    safety: Field
    own_safety: int
    """What the place keeps of everything."""
    channels: Sequence[tuple[str, Field, Field]]
    """By channel what is left of it there, and what the channel does not offer anywhere."""
    before: Outlook
    after: Outlook | None
    why_not: Sequence[Reason]
    """Nothing where what lies there may be changed by whoever looks."""
    everywhere: bool
    """Whether she also says what holds for all places."""
    error: str


class Change(msgspec.Struct, frozen=True):
    """What a form asks for."""

    adjustments: Sequence[inventory.Adjustment]
    safety: Sequence[inventory.Safety]
    fences: Sequence[inventory.Fence]
    thresholds: Sequence[inventory.Threshold]

    @property
    def is_empty(self) -> bool:
        return not (self.adjustments or self.safety or self.fences or self.thresholds)


class Ground(msgspec.Struct, frozen=True):
    """The article and the place that the page is about."""

    product: catalog.Product
    variant: catalog.ProductVariant
    location: inventory.Location
    spot: Spot
    places: Sequence[tuple[str, str]]
    kept: inventory.KeptAt | None
    thresholds: Mapping[str, int]
    why_not: Sequence[Reason]

    @property
    def href(self) -> str:
        return f"{PATH}/{self.product.product_id}/keeping"

    @property
    def query(self) -> str:
        return ProductWanted(variant=self.variant.variant_id, at=self.location.code).url("")


Form = Mapping[str, str]


@get(f"{PATH}/{{product_id:int}}/keeping", guards=MAY)
async def read_keeping(
    request: AnyRequest, page: NamedDependency[Page], tx: NamedDependency[Tx], product_id: FromPath[int]
) -> Response[str]:
    ground = await stand(page, tx, product_id, Wanted.read(request))
    return show(page, ground, {}, await outlook(tx, ground))


@post(f"{PATH}/{{product_id:int}}/keeping/look", guards=MAY, opt=READS_ONLY)
async def look_ahead(
    request: AnyRequest,
    page: NamedDependency[Page],
    tx: NamedDependency[Tx],
    beside: NamedDependency[Database],
    actor: NamedDependency[Actor],
    product_id: FromPath[int],
) -> Response[str]:
    """What the form would do: done in a transaction of its own, looked at and taken back."""
    ground, form = await stand(page, tx, product_id, Wanted.read(request)), await typed(request)
    half = not (form.get("quantity") and form.get("reason"))  # typed while somebody looks on: not a fault yet
    change, error = read(page, ground, {**form, "quantity": "", "reason": ""} if half else form)
    before, after = await outlook(tx, ground), None
    if not error and not change.is_empty:
        try:
            async with beside.transaction() as trial:
                await trial.run("SAVEPOINT trying")
                before = await outlook(trial, ground)
                await carry_out(trial, ground, change, actor)
                after = await outlook(trial, ground)
                await trial.run("ROLLBACK TO SAVEPOINT trying")
        except Refusal as refusal:
            error = said_of(page, refusal)
    return show(page, ground, form, before, after, error=error)


@post(f"{PATH}/{{product_id:int}}/keeping", guards=MAY)
async def write_down(
    request: AnyRequest,
    page: NamedDependency[Page],
    tx: NamedDependency[Tx],
    actor: NamedDependency[Actor],
    product_id: FromPath[int],
) -> Response[str]:
    """Do what the form says, once."""
    ground, form = await stand(page, tx, product_id, Wanted.read(request)), await typed(request)
    change, error = read(page, ground, form)
    if not error and change.is_empty:
        error = page.gettext("Nothing would change: say what happened, or what is to be kept back.")
    if error:
        return show(page, ground, form, await outlook(tx, ground), error=error, status=422)
    done = say(page.go(f"{PATH}/{product_id}{ground.query}"), "stock_corrected")
    await tx.run("SAVEPOINT correcting")
    try:
        claim = await claimed(tx, request, actor, form)
        await carry_out(tx, ground, change, actor)
    except idempotency.Answered:  # the second click
        return done
    except Refusal as refusal:
        await tx.run("ROLLBACK TO SAVEPOINT correcting")
        return show(page, ground, form, await outlook(tx, ground), error=said_of(page, refusal), status=409)
    await idempotency.keep(claim, status=303, media_type="text/html", answer=b"")
    return done


async def claimed(tx: Tx, request: AnyRequest, actor: Actor, form: Form) -> idempotency.Claim:
    """The form carries an id, and the same form again asks for nothing more. Raises Answered."""
    content = hashlib.sha256(msgspec.json.encode(sorted(form.items()))).hexdigest()
    return await idempotency.claim(tx, key=content, actor=f"{actor.kind}:{actor.id}", route=request.url.path, body=b"")


async def carry_out(tx: Tx, ground: Ground, change: Change, actor: Actor) -> None:
    await inventory.rights.must_keep(tx, actor, [ground.location.location_id])
    if change.thresholds:
        inventory.rights.must_keep_all(actor)
    if change.adjustments:
        await inventory.adjust(tx, change.adjustments, actor=str(actor.id))
    if change.safety:
        await inventory.set_safety(tx, change.safety)
    if change.fences:
        await inventory.set_fences(tx, change.fences)
    if change.thresholds:
        await inventory.set_thresholds(tx, change.thresholds)


# ---- what it is about


async def stand(page: Page, tx: Tx, product_id: int, wanted: Wanted) -> Ground:
    if product_id >= 2**62:
        raise NotFound
    product = by_size(await catalog.product(tx, product_id=product_id))
    variant = choose(ProductWanted(variant=wanted.variant), product)
    places = {id_: pair for id_, pair in (await known_places(tx)).items() if pair[0].kind != "transit"}
    lies = {one.location_id: one for one in await inventory.stock_of(tx, [variant.variant_id])}
    if wanted.at:
        chosen = next((id_ for id_, (one, _) in places.items() if one.code == wanted.at), None)
    else:
        chosen = story_place(ProductWanted(), places, lies) or next(iter(places), None)
    if chosen is None:
        raise Invalid("No location has this code.", at=wanted.at)
    kept = await inventory.kept(tx, variant_id=variant.variant_id)
    location, outlet = places[chosen]
    return Ground(
        product,
        variant,
        location,
        spot(page, location, outlet),
        [(one.code, f"{one.name} ({one.code})") for one, _ in places.values()],
        next((one for one in kept.places if one.location == location.code), None),
        kept.thresholds,
        await refused(page, WRITE, inventory.rights.must_keep(tx, page.viewer, [chosen])),
    )


async def outlook(tx: Tx, ground: Ground) -> Outlook:
    variant, here = ground.variant.variant_id, ground.location.location_id
    lies = next((one for one in await inventory.stock_of(tx, [variant]) if one.location_id == here), None)
    channels: dict[str, tuple[int, int]] = {}
    told = await inventory.explain_each(tx, [inventory.Question(variant_id=variant, channel=one) for one in SELLING])
    for channel, explained in zip(SELLING, told, strict=True):
        there = sum(one.units for one in explained.places if one.location.location_id == here)
        channels[channel] = there, explained.offered
    if lies is None:
        return Outlook(0, 0, 0, channels)
    return Outlook(lies.sellable, lies.free, lies.missing, channels)


# ---- the form


async def typed(request: AnyRequest) -> Form:
    form = await request.form()
    return {name: str(value).strip()[:200] for name, value in form.items()}


def read(page: Page, ground: Ground, form: Form) -> tuple[Change, str]:
    """What was changed against what the form showed, so that nobody's later word is overwritten unseen."""
    variant, here = ground.variant.variant_id, ground.location.location_id
    bad = page.gettext("How many? A whole number of pieces.")
    numbers: dict[str, int | None] = {}
    for name, value in form.items():
        if (name == "safety" or name.startswith(("fence-", "threshold-"))) and value != form.get(f"was-{name}", ""):
            if value and whole(value) is None:
                return NOTHING, bad
            numbers[name] = whole(value)
    adjustments: list[inventory.Adjustment] = []
    pieces, reason, state = form.get("quantity", ""), form.get("reason", ""), form.get("state", "sellable")
    if pieces or reason:
        if not (quantity := whole(pieces)):
            return NOTHING, bad
        if reason not in REASONS or state not in STATES:
            return NOTHING, page.gettext("Say what happened to them.")
        told = {"variant_id": variant, "location_id": here, "quantity": quantity, "reason": reason, "state": state}
        adjustments = [msgspec.convert(told, inventory.Adjustment)]
    return Change(
        adjustments,
        [inventory.Safety(variant, here, numbers["safety"])] if "safety" in numbers else [],
        [
            inventory.Fence(variant, here, channel, numbers[name] or 0)
            for channel in SELLING
            if (name := f"fence-{channel}") in numbers
        ],
        [
            inventory.Threshold(variant, channel, numbers[name] or 0)
            for channel in SELLING
            if (name := f"threshold-{channel}") in numbers
        ],
    ), ""


NOTHING = Change([], [], [], [])


def whole(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= 7 and int(text) <= MOST else None


def show(
    page: Page,
    ground: Ground,
    form: Form,
    before: Outlook,
    after: Outlook | None = None,
    *,
    error: str = "",
    status: int = 200,
) -> Response[str]:
    kept = ground.kept

    def field(name: str, now: int | None) -> Field:
        shown = form.get(f"was-{name}", "" if now is None else str(now))
        return Field(name, shown, form.get(name, shown))

    size = short_name(ground.product, ground.variant)
    view = KeepingView(
        href=ground.href,
        back=f"{PATH}/{ground.product.product_id}{ground.query}",
        once=form.get("once") or str(uuid7()),
        product=ground.product,
        picture=picture(ground.product),
        variant_id=ground.variant.variant_id,
        sku=ground.variant.sku,
        size=size if len(ground.product.variants) > 1 else ground.variant.sku,
        place=ground.spot,
        place_code=ground.location.code,
        places=ground.places,
        reasons=[("", page.gettext("choose")), *((key, page.gettext(words)) for key, words in REASONS.items())],
        states=[(key, page.gettext(words)) for key, words in STATES.items()],
        quantity=form.get("quantity", ""),
        reason=form.get("reason", ""),
        state=form.get("state", "sellable"),
        safety=field("safety", kept.safety if kept else None),
        own_safety=ground.location.safety,
        channels=[
            (
                channel,
                field(f"fence-{channel}", (kept.fences if kept else {}).get(channel, 0)),
                field(f"threshold-{channel}", ground.thresholds.get(channel, 0)),
            )
            for channel in SELLING
        ],
        before=before,
        after=after,
        why_not=ground.why_not,
        everywhere=not page.viewer.outlets,
        error=error,
    )
    return page.show("keeping.html.j2", view, status=200 if page.part else status)


section = Section(routes=[read_keeping, look_ahead, write_down])
