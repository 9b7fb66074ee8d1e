from comptoir.kernel.errors import Conflict, Forbidden, NotFound, Unprocessable


class NotOpen(Conflict):
    """So many pieces of the line are not open any more: what was handed over is returned instead."""

    code = "orders.not_open"


class IdTaken(Conflict):
    """The id names another act already: take a new one."""

    code = "orders.id_taken"


class UnknownReturn(NotFound):
    """There is no such return."""

    code = "orders.unknown_return"


class NotReturnable(Conflict):
    """So many pieces cannot be given back: they were not sold, or were given back before."""

    code = "orders.not_returnable"


class ReturnSettled(Conflict):
    """That was done for this return already, or the return was given up."""

    code = "orders.return_settled"


class TenderRefused(Unprocessable):
    """The money cannot be given back in this way."""

    code = "orders.tender_refused"


class ApprovalNeeded(Forbidden):
    """It is beyond what may be done without a manager."""

    code = "orders.approval_needed"


class EditRefused(Conflict):
    """The order cannot be changed so any more."""

    code = "orders.edit_refused"


class UnknownDocument(NotFound):
    """There is no such document."""

    code = "orders.unknown_document"


class NothingToWrite(Unprocessable):
    """There is nothing that such a document could say."""

    code = "orders.nothing_to_write"
