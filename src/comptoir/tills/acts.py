"""What entries of tills do to the books, many at once.

What has happened at a till is never refused: the customer has the goods in her bag. So goods move also where they were
promised to somebody (which makes a shortage, to be sourced anew), and where the sale cannot be booked as it was told.
A claim is a promise, and may be refused.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, cast
from uuid import UUID

import msgspec

from comptoir import catalog, inventory, orders
from comptoir.inventory import ADJUSTMENT, CUSTOMER, SUPPLIER, State
from comptoir.kernel.db import Tx, texts
from comptoir.kernel.errors import Refusal
from comptoir.orders import NewSale
from comptoir.tills.records import Answer, Claim, Device, Entry, StockAct

AHEAD = timedelta(days=1)
"""What lies further ahead is dated by our clock."""
EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)
RETURNED: State = "quarantine"
"""Where goods that came back wait, unless the till says what is to become of them."""


class Goods(msgspec.Struct, frozen=True):
    """So many pieces of an article go from one account to another; 0 is the shop."""

    sku: str
    quantity: int
    source: int
    target: int
    act: str
    from_state: State = "sellable"
    to_state: State = "sellable"
    reason: str = ""


class Prepared(msgspec.Struct):
    """An entry, ready to be done."""

    entry: Entry
    goods: list[Goods]
    sale: NewSale | None = None
    claim: Claim | None = None
    answer: Answer | None = None


async def perform(tx: Tx, device: Device, entries: Sequence[Entry], *, skew: timedelta) -> dict[int, Answer]:
    """Do each entry, once by its id; the answers by sequence. Sales first, then goods and claims in order."""
    fresh = await _once(tx, {f"e:{one.entry_id}" for one in entries})
    prepared: list[Prepared] = []
    answers: dict[int, Answer] = {}
    for one in entries:
        key = f"e:{one.entry_id}"
        if key not in fresh:
            answers[one.sequence] = Answer(sequence=one.sequence, entry_id=one.entry_id, state="repeated")
            continue
        fresh.discard(key)
        prepared.append(prepare(one, device, now_is_before=tx.now + AHEAD, skew=skew))
    await _record(tx, device, [one for one in prepared if one.sale is not None])
    await _post(tx, device, prepared)
    for one in prepared:
        assert one.answer
        answers[one.entry.sequence] = one.answer
    return answers


# ---- reading


def prepare(entry: Entry, device: Device, *, now_is_before: Any, skew: timedelta) -> Prepared:
    """What an entry asks for. Where its body cannot be read, the goods that can be."""
    try:
        match entry.kind:
            case "stock":
                return Prepared(entry, [_of_stock(msgspec.convert(entry.body, StockAct))])
            case "claim":
                return Prepared(entry, [], claim=msgspec.convert(entry.body, Claim))
            case "sale" | "return":
                body = dict(entry.body)
                to = body.pop("to", RETURNED)
                at = _by_our_clock(entry, skew) if entry.occurred_at > now_is_before else entry.occurred_at
                sale = msgspec.convert(
                    {
                        "till": device.name,
                        **body,
                        "outlet": device.outlet,
                        "occurred_at": at,
                        "kind": entry.kind,
                        "moves_stock": False,
                    },
                    NewSale,
                )
                return Prepared(entry, goods_of(entry.kind, body, to), sale)
    except msgspec.ValidationError as error:
        state = "refused" if entry.kind == "claim" else "faulty"
        goods = goods_of(entry.kind, entry.body, entry.body.get("to", RETURNED))
        return Prepared(entry, goods, answer=_answer(entry, state, code="invalid", detail=str(error)[:500]))


def _by_our_clock(entry: Entry, skew: timedelta) -> datetime:
    try:
        return entry.occurred_at - skew
    except OverflowError:  # outside of the calendar: judged as it was told, like any other wrong date
        return entry.occurred_at


def goods_of(kind: str, body: dict[str, Any], to: Any) -> list[Goods]:
    """The goods on a receipt, as far as they can be told. What is sold by weight the counts of the shop tell."""
    lines: Any = body.get("lines")
    if kind not in {"sale", "return"} or not isinstance(lines, list) or to == "none":
        return []
    known = isinstance(to, str) and to in {"sellable", "display", "damaged", "quarantine"}
    state: State = cast("State", to) if known else RETURNED
    found: list[Goods] = []
    for raw in cast("list[Any]", lines):
        line = cast("dict[str, Any]", raw) if isinstance(raw, dict) else {}
        sku, thousandths = line.get("sku"), line.get("quantity_thousandths", 1000)
        if line.get("kind", "goods") != "goods" or not isinstance(sku, str) or not isinstance(thousandths, int):
            continue
        quantity = 0 if thousandths % 1000 else thousandths // 1000
        if 0 < quantity <= 1_000_000 and "\0" not in sku and kind == "sale":
            found.append(Goods(sku, quantity, 0, CUSTOMER, "sell"))
        elif 0 < quantity <= 1_000_000 and "\0" not in sku:
            found.append(Goods(sku, quantity, CUSTOMER, 0, "return", to_state=state))
    return found


def _of_stock(act: StockAct) -> Goods:
    source, target = {
        "receive": (SUPPLIER, 0),
        "write_off": (0, ADJUSTMENT),
        "found": (ADJUSTMENT, 0),
        "change_state": (0, 0),
    }[act.act]
    if "\0" in act.sku + act.reason:
        raise msgspec.ValidationError("A text holds the character U+0000.")
    return Goods(act.sku, act.quantity, source, target, act.act, act.from_state, act.to_state, act.reason)


def _answer(entry: Entry, state: Any, **more: Any) -> Answer:
    return Answer(sequence=entry.sequence, entry_id=entry.entry_id, state=state, **more)


# ---- writing


async def _once(tx: Tx, keys: set[str]) -> set[str]:
    """Those of these that are done for the first time now."""
    return set(await tx.values(ONCE, keys=texts(sorted(keys)))) if keys else set()


ONCE = """
    INSERT INTO tills.once (key) SELECT unnest(%(keys)s::text[]) ON CONFLICT (key) DO NOTHING RETURNING key
"""


async def _record(tx: Tx, device: Device, some: Sequence[Prepared]) -> None:
    """The sales. One that another way has brought already (a file, the API) still moves its goods, once."""
    recorded = await orders.record(tx, [one.sale for one in some if one.sale])
    booked = {
        f"r:{device.outlet}/{one.number}": None for one in recorded if not isinstance(one, Refusal)
    }  # fmt: skip
    first = await _once(tx, set(booked))
    for one, answer in zip(some, recorded, strict=True):
        if isinstance(answer, Refusal):
            one.answer = _answer(one.entry, "faulty", code=answer.code, detail=(answer.detail or answer.title())[:500])
            continue
        key = f"r:{device.outlet}/{answer.number}"
        one.answer = _answer(one.entry, "done" if key in first else "repeated", sale_id=answer.sale_id)
        if key not in first:
            one.goods = []
        first.discard(key)


async def _post(tx: Tx, device: Device, some: Sequence[Prepared]) -> None:
    here: int | None = await tx.value(HERE, outlet_id=device.outlet_id)
    skus = {goods.sku for one in some for goods in one.goods} | {
        wanted.sku for one in some if one.claim for wanted in one.claim.units if "\0" not in wanted.sku
    }
    variants = {sku: one.variant_id for sku, one in (await catalog.variants_by_sku(tx, skus)).items()}
    acts: list[inventory.Act] = []
    of: list[Prepared] = []
    for one in some:
        if here is None:
            one.answer = one.answer or _answer(one.entry, "faulty", code="inventory.unknown_location",
                                               detail="The shop has no location, so no goods moved.")  # fmt: skip
            continue
        wanted = one.claim.units if one.claim else one.goods
        unknown = sorted({each.sku for each in wanted} - variants.keys())
        if unknown and one.sale is None and one.answer is None:
            state = "refused" if one.claim else "faulty"
            one.answer = _answer(one.entry, state, code="inventory.unknown_variant", detail=", ".join(unknown)[:500])
            continue
        new = [_hold(one.claim, variants, here, device)] if one.claim else _moves(one, variants, here, device, tx.now)
        acts += new
        of += [one] * len(new)
    short: dict[UUID, int] = {}
    for one, verdict in zip(of, await inventory.post(tx, acts) if acts else [], strict=True):
        if isinstance(verdict, Refusal):
            state = "refused" if one.claim else "faulty"
            one.answer = _answer(one.entry, state, code=verdict.code, detail=verdict.detail or verdict.title())
        elif isinstance(verdict, inventory.Done) and verdict.missing:
            short[one.entry.entry_id] = max(short.get(one.entry.entry_id, 0), verdict.missing)
    for one in some:
        one.answer = msgspec.structs.replace(
            one.answer or _answer(one.entry, "done"), short=short.get(one.entry.entry_id)
        )


HERE = "SELECT location_id FROM inventory.v_location WHERE outlet_id = %(outlet_id)s"


def _moves(one: Prepared, variants: dict[str, int], here: int, device: Device, now: datetime) -> list[inventory.Act]:
    # A time that cannot be would be taken off by each count that follows, or could not be read again.
    at = one.sale.occurred_at if one.sale else one.entry.occurred_at
    at = at if EARLIEST <= at <= now + AHEAD else now
    return [
        inventory.Move(
            variant_id=variants[goods.sku],
            quantity=goods.quantity,
            from_location_id=goods.source or here,
            to_location_id=goods.target or here,
            from_state=goods.from_state,
            to_state=goods.to_state,
            act=goods.act,
            is_fact=True,
            reason=goods.reason,
            reference=f"till:{one.entry.entry_id}",
            occurred_at=at,
            actor=f"till {device.outlet} {device.name}",
        )
        for goods in one.goods
        if goods.sku in variants
    ]


def _hold(claim: Claim, variants: dict[str, int], here: int, device: Device) -> inventory.Act:
    units = [inventory.Units(variants[one.sku], here, one.quantity) for one in claim.units]
    # The till's own basket: the goods of a basket or an order of the house are not its to replace.
    return inventory.Hold(
        reference=f"till:{device.outlet}:{claim.basket_id}", units=units, seconds=claim.seconds, channel="shop",
        actor=f"till {device.outlet} {device.name}",
    )  # fmt: skip
