"""What the intake refuses, outside the tracking API, which answers in the SDKs' own form."""

from comptoir.kernel.errors import Conflict, NotFound, Unprocessable


class UnknownDeadLetter(NotFound):
    """There is no such dead letter."""

    code = "ingest.unknown_dead_letter"


class DeadLetterSettled(Conflict):
    """The dead letter was replayed or discarded already."""

    code = "ingest.dead_letter_settled"


class StillBad(Unprocessable):
    """The mended event cannot be taken either."""

    code = "ingest.still_bad"


class BadSchema(Unprocessable):
    """A schema of the tracking plan is no valid JSON Schema."""

    code = "ingest.bad_schema"


class UnknownPlan(NotFound):
    """The source has no tracking plan."""

    code = "ingest.unknown_plan"
