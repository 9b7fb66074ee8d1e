from comptoir.kernel.errors import Conflict, Forbidden, Invalid, NotFound, Unprocessable


class UnknownLocation(NotFound):
    """There is no such location."""

    code = "inventory.unknown_location"


class NotYourGoods(Forbidden):
    """The goods are elsewhere: only who works there can say so."""

    code = "inventory.not_your_goods"


class UnknownVariant(NotFound):
    """The catalog knows no such article."""

    code = "inventory.unknown_variant"


class BadQuantity(Invalid):
    """A quantity is a whole number of pieces, from 1 to 1,000,000, and there is at least one line."""

    code = "inventory.bad_quantity"


class InsufficientStock(Conflict):
    """Not enough can be promised there."""

    code = "inventory.insufficient_stock"


class NothingPromised(Conflict):
    """Nothing, or not so much, is promised under this reference."""

    code = "inventory.nothing_promised"


class AlreadyAllocated(Conflict):
    """Other goods are allocated under this reference already."""

    code = "inventory.already_allocated"


class NotThere(Conflict):
    """So many units in that state do not lie there."""

    code = "inventory.not_there"


class BadMove(Unprocessable):
    """Units move from one account to another, and at least one of the two is inside the house."""

    code = "inventory.bad_move"


class UnknownTransfer(NotFound):
    """There is no such transfer or delivery."""

    code = "inventory.unknown_transfer"


class BadTransfer(Unprocessable):
    """Goods go from one location of ours, or a supplier, to another one, and each article stands in one line."""

    code = "inventory.bad_transfer"


class TransferExists(Conflict):
    """Another transfer has this id."""

    code = "inventory.transfer_exists"


class WrongStage(Conflict):
    """The transfer or count has come too far for that, or not far enough."""

    code = "inventory.wrong_stage"


class NotExpected(Conflict):
    """Articles that nobody announced: receive them as unexpected, or set them aside for the sender."""

    code = "inventory.not_expected"


class ReasonMissing(Unprocessable):
    """Units are missing: say why they are given up, or leave the rest under way."""

    code = "inventory.reason_missing"


class UnknownAsk(NotFound):
    """Nobody has asked under this id."""

    code = "inventory.unknown_ask"


class NotOut(Conflict):
    """The article is there: buy it."""

    code = "inventory.not_out"


class AskedOtherwise(Conflict):
    """Something else was asked for under this id."""

    code = "inventory.asked_otherwise"


class NobodyNamed(Unprocessable):
    """Say who shall be told: a node, or an identifier that can name somebody."""

    code = "inventory.nobody_named"


class UnknownCount(NotFound):
    """There is no such count."""

    code = "inventory.unknown_count"


class CountExists(Conflict):
    """Another count has this id."""

    code = "inventory.count_exists"


class NotCounted(Conflict):
    """Some articles of the sheet are not counted yet: count them, or leave them out."""

    code = "inventory.not_counted"


class SamePerson(Conflict):
    """Somebody else must approve it than those who counted."""

    code = "inventory.same_person"
