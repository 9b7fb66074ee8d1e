from comptoir.kernel.errors import Conflict, Invalid, NotFound, Unprocessable


class UnknownLocation(NotFound):
    """There is no such location."""

    code = "inventory.unknown_location"


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
