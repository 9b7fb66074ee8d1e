"""What a step makes of a basket, under its lock. Pure."""

from datetime import datetime
from uuid import UUID

import msgspec

from comptoir.orders import baskets, handover
from comptoir.orders.baskets import Basket
from comptoir.orders.errors import BasketExists, BasketOfAnother, NotYourBasket, UnknownBasket, UnknownClaimCode
from comptoir.orders.events import BasketAbandoned, BasketHandedOver
from comptoir.orders.steps import (
    Abandon,
    BeginPayment,
    Claim,
    DropPayment,
    HandTo,
    LetIn,
    Look,
    Merge,
    OfferClaim,
    Open,
    SetCoupons,
    SetDelivery,
    SetGroups,
    SetLine,
    SetPayment,
    Share,
    Step,
)


class Change(msgspec.Struct, frozen=True):
    """A basket before and after a step; `gone` is the one that was merged into it, as it was before."""

    before: Basket
    after: Basket
    gone: Basket | None = None
    emptied: Basket | None = None


def basket_of(step: Step, known: dict[UUID, Basket]) -> Basket:
    """The basket of the step, which the caller may touch. Whoever comes back to an abandoned one opens it again."""
    found = known.get(step.basket_id)
    if isinstance(step, Open):
        if found is None:
            if step.by is not None and not step.by.at(step.basket.outlet_id):
                raise NotYourBasket("You act for other outlets.", outlet_id=step.basket.outlet_id)
            return step.basket
    elif found is None:
        raise UnknownBasket(f"There is no basket {step.basket_id}.")
    if isinstance(step, Claim):
        _must_know(step, found)
    elif isinstance(step, Look):
        handover.must_look(found, step.by)
    else:
        handover.must_touch(found, step.by)
    comes_back = not (isinstance(step, Look | Abandon) or (isinstance(step, SetPayment) and step.found))
    if found.state == "abandoned" and comes_back:
        return msgspec.structs.replace(found, state="open")
    return found


def _must_know(step: Claim, basket: Basket) -> None:
    if step.by is not None and not step.by.at(step.outlet_id):
        raise NotYourBasket("You act for other outlets.", outlet_id=step.outlet_id)
    if basket.claim is None or basket.claim.digest != step.digest:
        raise UnknownClaimCode


def changed(step: Step, basket: Basket, now: datetime) -> Basket:
    match step:
        case Open(basket=asked):
            if (basket.outlet_id, basket.currency, basket.device) != (asked.outlet_id, asked.currency, asked.device):
                raise BasketExists(basket_id=str(basket.basket_id))
            return basket
        case SetLine(line=line, sold=sold, saved=saved):
            if line.quantity and line not in basket.lines:
                sold.check(sku=line.sku, outlet_id=basket.outlet_id, channel=basket.channel, now=now)
            return baskets.with_line(basket, line, saved=saved)
        case SetDelivery(delivery=delivery, by=by):
            if by is not None and not by.may("orders:write"):
                delivery = baskets.as_priced(basket, delivery)
            return baskets.with_delivery(basket, delivery)
        case SetCoupons(coupons=coupons):
            return baskets.with_coupons(basket, coupons)
        case SetGroups(groups=groups):
            return baskets.with_groups(basket, groups)
        case BeginPayment():
            baskets.ready_to_pay(basket)
            return basket
        case SetPayment(payment=payment, attempt=attempt, found=found):
            return baskets.with_payment(basket, payment, attempt, found=found)
        case DropPayment(authorisation=authorisation):
            baskets.open_to_change(basket)
            gone = basket.payment is not None and basket.payment.authorisation == authorisation
            return msgspec.structs.replace(basket, payment=None, attempt=basket.attempt + 1) if gone else basket
        case HandTo(node_id=node_id, nodes=nodes):
            return handover.handed(basket, node_id, nodes)
        case LetIn(digest=digest):
            baskets.open_to_change(basket)
            return handover.let_in(basket, digest)
        case Share(digest=digest):
            return handover.shared(basket, digest)
        case OfferClaim(code=code):
            baskets.open_to_change(basket)
            return msgspec.structs.replace(basket, claim=code)
        case Claim(outlet_id=outlet_id, outlet=outlet, channel=channel, currency=currency):
            if basket.claim is None or basket.claim.expires_at <= now:
                raise UnknownClaimCode
            return handover.moved(basket, outlet_id=outlet_id, outlet=outlet, channel=channel, currency=currency)
        case Abandon():
            return handover.abandoned(basket)
        case _:
            return basket  # a look, or ordered already: the same answer again


def merged(step: Merge, basket: Basket, other: Basket | None) -> Change:
    """Two into one. Merged before: the same answer again."""
    if other is None:
        raise UnknownBasket(f"There is no basket {step.other_id}.")
    if other.merged_into == basket.basket_id or other is basket:
        return Change(basket, basket)
    if not step.nodes:
        handover.must_touch(other, step.by)
    whose = {one.node_id for one in (basket, other)} - {None}
    if not whose <= step.nodes and len(whose) > 1:
        raise BasketOfAnother(basket_id=str(other.basket_id))
    if step.nodes and other.node_id not in step.nodes:
        raise BasketOfAnother(basket_id=str(other.basket_id))
    into, empty = handover.merged(basket, other, step.rule)
    return Change(basket, into, other, empty)


def told(step: Step, change: Change, now: datetime) -> BasketHandedOver | BasketAbandoned | None:
    """What the log hears of it."""
    before, after = change.before, change.after
    if isinstance(step, Abandon):
        if after.state != "abandoned" or before.state == "abandoned" or not (after.lines or after.saved):
            return None
        return BasketAbandoned(
            basket_id=after.basket_id,
            node_id=after.node_id,
            outlet_id=after.outlet_id,
            channel=after.channel,
            currency=after.currency,
            units=sum(one.quantity for one in after.lines),
            skus=[one.sku for one in after.lines[:10]],
            total_minor=before.quote.total_minor if before.quote else None,
            abandoned_at=now,
        )
    if isinstance(step, HandTo | Claim | Merge) and after is not before:
        return BasketHandedOver(
            basket_id=after.basket_id,
            node_id=after.node_id,
            how=step.how if isinstance(step, HandTo) else "claim" if isinstance(step, Claim) else "merge",
            from_outlet_id=before.outlet_id,
            outlet_id=after.outlet_id,
            channel=after.channel,
            other_basket_id=change.gone.basket_id if change.gone else None,
            by="" if step.by is None else f"{step.by.kind}:{step.by.id}",
            handed_over_at=now,
        )
    return None
