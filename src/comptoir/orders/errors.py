from comptoir.kernel.errors import Conflict, Forbidden, Invalid, NotFound, Overloaded, Unavailable, Unprocessable


class UnknownSale(NotFound):
    """No such sale was recorded."""

    code = "orders.unknown_sale"


class ReceiptConflict(Conflict):
    """Another receipt of this outlet is on record under the same number."""

    code = "orders.receipt_conflict"


class EmptySale(Invalid):
    """A sale has at least one line."""

    code = "orders.empty_sale"


class BadAmount(Invalid):
    """An amount or a quantity is negative, or more than any sale."""

    code = "orders.bad_amount"


class BadDate(Invalid):
    """The date cannot be the date of a sale."""

    code = "orders.bad_date"


class UnknownCurrency(Invalid):
    """The currency is not in ISO 4217."""

    code = "orders.unknown_currency"


class BadText(Invalid):
    """A text holds a character that cannot be stored."""

    code = "orders.bad_text"


class CardNumberSent(Invalid):
    """A payment's reference looks like the number of a bank card, which must not be kept."""

    code = "orders.card_number_sent"


class TotalsDisagree(Unprocessable):
    """Lines, discounts and tax do not add up to the total."""

    code = "orders.totals_disagree"


class TendersDisagree(Unprocessable):
    """What was paid is not the total."""

    code = "orders.tenders_disagree"


class UnknownBasket(NotFound):
    """There is no such basket."""

    code = "orders.unknown_basket"


class BasketExists(Conflict):
    """Another basket has this id."""

    code = "orders.basket_exists"


class BasketClosed(Conflict):
    """The basket has become an order: it cannot be changed any more."""

    code = "orders.basket_closed"


class BasketMerged(Conflict):
    """The basket was merged into another: go on with that one."""

    code = "orders.basket_merged"


class NotYourBasket(Forbidden):
    """The basket is of another outlet or device. Ask for a claim code there, and claim it."""

    code = "orders.not_your_basket"


class BasketOfAnother(Conflict):
    """The basket belongs to another person already: copy it instead."""

    code = "orders.basket_of_another"


class UnknownClaimCode(NotFound):
    """No basket waits under this code: it was used, has expired, or is another. Ask for a new one."""

    code = "orders.unknown_claim_code"


class MistypedClaimCode(Invalid):
    """The code cannot be right: a sign was mistaken for another. Look at it again."""

    code = "orders.mistyped_claim_code"


class IncompleteBasket(Unprocessable):
    """Something is missing before that can be done."""

    code = "orders.incomplete_basket"


class OutOfStock(Conflict):
    """The locations together have not so many."""

    code = "orders.out_of_stock"


class TooManyHeld(Overloaded):
    """Goods are kept in many baskets of this device or customer: order or empty one of them, or wait a while."""

    code = "orders.too_many_held"
    retry_after = 60


class BadLine(Invalid):
    """Lines of a basket are numbered from 1 to 100,000, and it has at most 200."""

    code = "orders.bad_line"


class UnknownOrder(NotFound):
    """There is no such order."""

    code = "orders.unknown_order"


class UnknownProvider(NotFound):
    """There is no such payment provider."""

    code = "orders.unknown_provider"


class PaymentRefused(Unprocessable):
    """The payment was refused."""

    code = "orders.payment_refused"


class PaymentUnclear(Unavailable):
    """The provider has not answered: nobody knows yet whether it was paid. Ask again under the same reference."""

    code = "orders.payment_unclear"


class PaymentExceeded(Conflict):
    """More would be taken than was authorised, or more given back than was taken."""

    code = "orders.payment_exceeded"


class ExternalOrderConflict(Conflict):
    """An order made elsewhere is in the book under this number, with other lines or sums."""

    code = "orders.external_order_conflict"


class NotSourced(Conflict):
    """The goods are there, but the sourcing policy lets them come from nowhere, or in too many parcels."""

    code = "orders.not_sourced"


class BadPolicy(Invalid):
    """The sourcing policy has a mistake in a rule."""

    code = "orders.bad_policy"


class UnknownPolicy(NotFound):
    """There is no such version of the sourcing policy."""

    code = "orders.unknown_policy"


class NotYourOrder(Forbidden):
    """The order has nothing to do with this shop: one that has, or the call centre, can do that."""

    code = "orders.not_your_order"


class NotYourPlace(Forbidden):
    """The goods are elsewhere: only who works there can say so."""

    code = "orders.not_your_place"


class UnknownTask(NotFound):
    """There is no such task."""

    code = "orders.unknown_task"


class PaymentNotFailed(Conflict):
    """No payment act of that name has failed: it is still being tried, or was done."""

    code = "orders.payment_not_failed"


class NothingOwed(Conflict):
    """The goods came back while nothing had been taken for them: so much is not owed any more."""

    code = "orders.nothing_owed"
