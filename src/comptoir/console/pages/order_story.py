"""What became of an order, told from its papers: its life in a line, every event, where each piece is."""

from collections.abc import Mapping, Sequence
from datetime import datetime

import msgspec
from markupsafe import Markup

from comptoir import orders
from comptoir.console.drawing import Reason
from comptoir.console.language import N_
from comptoir.console.page import Page
from comptoir.console.pages import order_words as words
from comptoir.kernel.money import Money

MOST_STAGES = 9


class Papers(msgspec.Struct, frozen=True, kw_only=True):
    """All that is known of one order."""

    order: orders.Order
    works: Sequence[orders.Fulfilment]
    parcels: Sequence[orders.Parcel]
    history: Sequence[orders.Done]
    cancellations: Sequence[orders.Cancellation]
    returns: Sequence[orders.Return]
    attempts: Sequence[orders.payments.Attempt]
    places: Mapping[str, words.Place]
    staff: Mapping[str, str]
    names: Mapping[int, str]
    """Articles by line."""
    collected: bool
    authorised: Money | None

    def place_of(self, fulfilment_id: int) -> str:
        work = next((one for one in self.works if one.fulfilment_id == fulfilment_id), None)
        return words.place(self.places, work.location).name if work else ""

    def who(self, actor: str) -> str:
        return self.staff.get(actor, "")

    def money(self, amount_minor: int) -> Money:
        return Money(amount_minor, self.order.currency)


class Stage(msgspec.Struct, frozen=True):
    """One bead of the life line. `future`: it is to come."""

    channel: str
    title: str
    at: datetime | None
    sub: str
    future: bool = False
    when: str = ""


def life(page: Page, papers: Papers) -> list[Stage]:
    """From the order to the last hand-over, and what is promised next; at most nine."""
    gettext, order = page.gettext, papers.order
    count = sum(one.quantity for one in order.lines)
    stages = [
        Stage(order.channel, gettext("Ordered"), order.placed_at, page.ngettext("one piece", "%(n)s pieces", count))
    ]
    if papers.authorised:
        sub = page.draw.money(papers.authorised)
        stages.append(Stage(order.channel, gettext("Payment promised"), order.placed_at, sub))
    later: list[Stage] = []
    seen: set[tuple[str, int]] = set()
    for done in papers.history:
        if done.act not in STAGED or (done.act, done.fulfilment_id) in seen:
            continue
        seen.add((done.act, done.fulfilment_id))
        later.append(Stage("shop", gettext(STAGED[done.act]), done.done_at, papers.place_of(done.fulfilment_id)))
    for parcel in papers.parcels:
        title = gettext("Collected") if papers.collected else gettext("Sent")
        channel = "shop" if papers.collected else order.channel
        later.append(Stage(channel, title, parcel.handed_over_at, papers.place_of(parcel.fulfilment_id)))
    for back in papers.returns:
        if back.received_at:
            sub = page.ngettext("one piece", "%(n)s pieces", sum(one.received for one in back.lines))
            later.append(Stage("shop", gettext("Returned"), back.received_at, sub))
    for less in papers.cancellations:
        channel = "phone" if less.by == "agent" else order.channel
        later.append(Stage(channel, gettext("Cancelled"), less.cancelled_at, pieces_in(page, less)))
    later.sort(key=lambda one: one.at or order.placed_at)
    stages += later if len(later) <= MOST_STAGES - 3 else later[:3] + later[-(MOST_STAGES - 6) :]
    due = min(
        (one.due_at for one in papers.works if one.state in {"coming", "open", "accepted"} and one.due_at), default=None
    )
    ready = any(one.state == "ready" for one in papers.works)
    if order.state == "open":
        title = gettext("To be collected") if papers.collected else gettext("On its way")
        when = words.to_come(page, due) if due else ""
        sub = (
            gettext("ready and waiting")
            if ready and not due
            else gettext("promised")
            if due
            else gettext("not promised yet")
        )
        stages.append(Stage("shop" if papers.collected else order.channel, title, None, sub, future=True, when=when))
    return stages


STAGED = {
    "accept": N_("Taken on"),
    "reject": N_("Not to be had"),
    "ready": N_("Ready"),
    "send": N_("Under way"),
    "arrive": N_("Arrived"),
    "expire": N_("Not fetched"),
}


def pieces_in(page: Page, one: orders.Cancellation) -> str:
    return page.ngettext("one piece", "%(n)s pieces", sum(line.quantity for line in one.lines))


# ---- where each piece is


class Pieces(msgspec.Struct, frozen=True):
    count: int
    tone: str
    icon: str
    words: str


def pieces(page: Page, papers: Papers, line: int, wanted: int) -> list[Pieces]:
    """Of one line, by state and place; they add up to what was ordered."""
    found: list[Pieces] = []
    placed = 0

    def add(count: int, tone: str, icon: str, one: str, place: str) -> None:
        if count > 0:
            found.append(Pieces(count, tone, icon, page.ngettext(one, one, count, place=place)))

    gone = N_("%(n)s collected, %(place)s") if papers.collected else N_("%(n)s sent from %(place)s")
    for work in papers.works:
        place = words.place(papers.places, work.location).name
        for piece in work.lines:
            if piece.line != line:
                continue
            placed += piece.quantity - piece.rejected - piece.sent
            back = 0 if not piece.handed_over else returned(papers, line, work.fulfilment_id)
            add(piece.handed_over - back, "good", "circle-check", gone, place)
            add(back, "warn", "arrow-back-up", N_("%(n)s returned, had been from %(place)s"), place)
            picked = piece.picked
            if work.state == "ready":
                add(picked, "info", "package", N_("%(n)s ready, %(place)s"), place)
            else:
                add(picked, "info", "basket-check", N_("%(n)s picked, %(place)s"), place)
            rest = piece.open - piece.picked
            if work.state == "coming":
                add(rest, "edge", "truck", N_("%(n)s on its way to %(place)s"), place)
            elif work.state == "open":
                add(rest, "edge", "hourglass", N_("%(n)s to be taken on, %(place)s"), place)
            else:
                add(rest, "edge", "walk", N_("%(n)s to pick, %(place)s"), place)
            add(piece.cancelled, "rule", "ban", N_("%(n)s cancelled, %(place)s"), place)
    if wanted > placed:
        missing = wanted - placed
        found.append(Pieces(missing, "bad", "search-off", page.ngettext("one looked for", "%(n)s looked for", missing)))
    return found


def returned(papers: Papers, line: int, fulfilment_id: int) -> int:
    """Of this work's pieces of the line: by its parcels' receipts, whose lines are numbered as they were put in."""
    count = 0
    for parcel in papers.parcels:
        if parcel.fulfilment_id != fulfilment_id:
            continue
        numbers = [number for number, (each, _) in enumerate(parcel.lines, 1) if each == line]
        for one in papers.returns:
            if one.state != "given_up":
                count += sum(x.received for x in one.lines if x.sale_id == parcel.sale_id and x.line_number in numbers)
    return count


def told_of(page: Page, work: orders.Fulfilment, papers: Papers) -> list[str]:
    """What one wants to know of the work of a location, sentence by sentence."""
    gettext, told = page.gettext, list[str]()
    if work.state in {"coming", "open", "accepted"} and work.due_at:
        when = words.to_come(page, work.due_at)
        told.append(
            gettext("Was to be ready %(when)s.", when=when) if work.late else gettext("Ready by %(when)s.", when=when)
        )
    if work.picker and work.state == "accepted":
        told.append(gettext("%(who)s walks for it.", who=papers.who(work.picker) or work.picker))
    if work.state == "ready" and work.shelf:
        told.append(gettext("On shelf %(shelf)s.", shelf=work.shelf))
    if work.state == "ready" and work.keep_until:
        told.append(gettext("Kept until %(when)s.", when=words.to_come(page, work.keep_until)))
    if work.carrier or work.tracking:
        told.append(f"{work.carrier} {work.tracking}".strip() + ".")
    for parcel in papers.parcels:
        if parcel.fulfilment_id == work.fulfilment_id:
            told.append(gettext("Left %(when)s.", when=page.draw.time(parcel.handed_over_at)))
            if parcel.proof and parcel.proof.name:
                told.append(gettext("Handed to %(name)s.", name=parcel.proof.name))
    return told


def why_there(page: Page, location: str, sourcing: orders.Explanation | None) -> tuple[list[Reason], str]:
    """Why the goods come from there, and why not from elsewhere; empty where nobody weighed it."""
    if sourcing is None:
        return [], ""
    language = "fr" if page.language.code == "fr" else "en"
    currency = sourcing.currency if sourcing.policy_version else page.settings.currency  # the built-in one has none
    lines: list[Reason] = []
    chosen = next((one for one in sourcing.locations if one.location == location), None)
    if chosen is None or chosen.verdict != "chosen":
        lines.append(
            ("=", page.gettext("Not foreseen when it was ordered: found later, when another place did not give it."))
        )
    else:
        cost = page.draw.money(Money(chosen.cost_minor, currency))
        lines.append(("+", page.ngettext("It gives one piece", "It gives %(n)s pieces", chosen.pieces), cost))
        if chosen.km is not None:
            lines.append(("=", page.gettext("%(km)s km away", km=page.language.number(chosen.km, 0))))
        for part in chosen.costs:
            name = page.gettext(COSTS[part.kind]) + (f" “{part.rule}”" if part.rule else "")
            sign = "+" if part.amount_minor < 0 else "="
            lines.append((sign, name, page.draw.money(Money(part.amount_minor, currency))))
    for one in [x for x in sourcing.locations if x.location != location][:4]:
        cost = page.draw.money(Money(one.cost_minor, currency))
        sentence = page.gettext("%(place)s: %(why)s", place=one.name, why=one.why[language])
        lines.append(("=" if one.verdict == "chosen" else "-", sentence, cost))
    foot = page.gettext("Policy: %(name)s, version %(n)s.", name=sourcing.policy, n=sourcing.policy_version)
    if sourcing.others:
        foot += " " + page.ngettext("One more had some.", "%(n)s more had some.", sourcing.others)
    return lines, foot


COSTS = {
    "parcel": N_("a parcel"),
    "distance": N_("the distance"),
    "handling": N_("the handling"),
    "preference": N_("preferred by"),
    "clearance": N_("to be cleared by"),
}


# ---- everything that happened


class Event(msgspec.Struct, frozen=True):
    """One thing that happened. `hollow`: we or a machine did it; else a person acted."""

    channel: str
    at: datetime
    title: str
    note: str
    hollow: bool = False
    bad: bool = False
    amount: Money | None = None


def events(page: Page, papers: Papers) -> list[Event]:
    """The newest first."""
    gettext, order = page.gettext, papers.order
    found = [Event(order.channel, order.placed_at, gettext("Ordered"), page.draw.channel_name(order.channel))]
    found += [happened(page, papers, one) for one in papers.history if one.act in ACTS]
    for one in papers.attempts:
        title = gettext(MONEY[one.kind, one.state])
        note = one.detail if one.state == "failed" or one.tries > 1 else one.provider
        amount = papers.money(one.amount_minor if one.kind == "capture" else -one.amount_minor)
        at, failed = one.settled_at or one.asked_at, one.state == "failed"
        found.append(Event("web", at, title, note, hollow=True, bad=failed, amount=amount))
    for one in papers.cancellations:
        note = Markup(" · ").join(
            part for part in (words.reason(page, one.reason), one.note, papers.who(one.actor) or one.actor) if part
        )
        channel = {"agent": "phone", "associate": "shop"}.get(one.by, order.channel)
        found.append(Event(channel, one.cancelled_at, gettext("Cancelled: %(what)s", what=pieces_in(page, one)), note))
    for one in papers.returns:
        found.append(
            Event(
                "shop", one.announced_at, gettext("Return %(label)s announced", label=one.label), reasons_of(page, one)
            )
        )
        if one.received_at:
            count = sum(line.received for line in one.lines)
            title = gettext("Taken back: %(what)s", what=page.ngettext("one piece", "%(n)s pieces", count))
            found.append(Event("shop", one.received_at, title, papers.who(one.actor)))
        if one.refunded_at and one.refund_minor is not None:
            amount = papers.money(-one.refund_minor)
            found.append(Event("shop", one.refunded_at, gettext("Refund decided"), one.label, amount=amount))
    return sorted(found, key=lambda one: one.at)[::-1]


def reasons_of(page: Page, one: orders.Return) -> str:
    return Markup(", ").join(dict.fromkeys(words.reason(page, line.reason) for line in one.lines))


def happened(page: Page, papers: Papers, done: orders.Done) -> Event:
    gettext = page.gettext
    place = papers.place_of(done.fulfilment_id)
    article = papers.names.get(done.line or 0, "")
    what = gettext("%(n)s × %(article)s", n=done.pieces, article=article) if article and done.pieces else ""
    reason = gettext(words.REASONS[done.reason]) if done.reason in words.REASONS else ""
    if done.act in {"ready", "pack"}:
        reason = done.reason
    note = Markup(" · ").join(part for part in (place, what, reason, papers.who(done.actor)) if part)
    left = done.act == "hand_over" and not papers.collected
    title = gettext("Given to the carrier") if left else gettext(ACTS[done.act])
    if done.act == "cancel" and done.reason in words.REASONS:
        title = gettext("Given up: no place has it")
    return Event("shop", done.done_at, title, note, bad=done.act in {"reject", "overdue", "expire"})


ACTS: dict[str, str] = {
    "accept": N_("Taken on"),
    "pick": N_("Picked"),
    "pack": N_("Packed"),
    "ready": N_("Ready and waiting"),
    "hand_over": N_("Handed over"),
    "reject": N_("Not given"),
    "add": N_("Added to the order"),
    "substitute": N_("Replaced by another article"),
    "send": N_("Sent to another shop"),
    "arrive": N_("Arrived"),
    "expire": N_("Nobody came for it"),
    "overdue": N_("Not ready in time"),
    "entrust": N_("Promised from another place"),
    "coming": N_("Expected from another place"),
    "keep": N_("Nobody else has it: it stays"),
    "cancel": N_("Not wanted any more"),
}
MONEY: dict[tuple[str, str], str] = {
    ("capture", "due"): N_("Money is being taken"),
    ("capture", "done"): N_("Money taken"),
    ("capture", "failed"): N_("Money could not be taken"),
    ("refund", "due"): N_("Money is being given back"),
    ("refund", "done"): N_("Money given back"),
    ("refund", "failed"): N_("Money could not be given back"),
    ("void", "due"): N_("The promise of payment is being let go"),
    ("void", "done"): N_("The promise of payment was let go"),
    ("void", "failed"): N_("The promise of payment could not be let go"),
}
