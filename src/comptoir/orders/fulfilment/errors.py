from comptoir.kernel.errors import Conflict, Invalid, NotFound


class UnknownFulfilment(NotFound):
    """There is no such work."""

    code = "orders.unknown_fulfilment"


class WrongState(Conflict):
    """The work is not in a state in which this can be done."""

    code = "orders.wrong_state"


class BadPieces(Conflict):
    """The work has no such line, or not so many pieces of it in that state."""

    code = "orders.bad_pieces"


class NothingPicked(Conflict):
    """Nothing of it has been picked."""

    code = "orders.nothing_picked"


class NotPicked(Conflict):
    """Some pieces of it are still to be picked."""

    code = "orders.not_picked"


class NotReplaceable(Conflict):
    """The article may not be replaced by that one."""

    code = "orders.not_replaceable"


class BadParcelNumber(Invalid):
    """An SSCC has 18 digits, the last of which checks the others (GS1)."""

    code = "orders.bad_parcel_number"
