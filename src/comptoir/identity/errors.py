"""Why the graph says no."""

from comptoir.kernel.errors import Conflict, Invalid, NotFound


class UnknownIdentifier(NotFound):
    """Nobody with this identifier has been seen."""

    code = "identity.unknown_identifier"


class UnknownPerson(NotFound):
    """No person was ever known by this key."""

    code = "identity.unknown_person"


class BeingErased(NotFound):
    """She is being erased: nobody sees her any more but the privacy officer."""

    code = "identity.being_erased"


class UnknownNamespace(NotFound):
    """There is no such kind of identifier."""

    code = "identity.unknown_namespace"


class UnknownOperation(NotFound):
    """The journal has no such operation."""

    code = "identity.unknown_operation"


class UnknownTask(NotFound):
    """There is no such open task."""

    code = "identity.unknown_task"


class UnusableIdentifier(Invalid):
    """The value cannot identify anybody."""

    code = "identity.unusable_identifier"


class ReferenceTaken(Conflict):
    """The reference was used for another request."""

    code = "identity.reference_taken"


class KeptApart(Conflict):
    """A steward has said that these are different people: undo that first."""

    code = "identity.kept_apart"


class SharedByMany(Conflict):
    """The identifier is used by several people, so it cannot be joined to one."""

    code = "identity.shared_by_many"


class Superseded(Conflict):
    """Later evidence connects the same people: say whether to cut that too."""

    code = "identity.superseded"


class NotUndoable(Conflict):
    """The operation cannot be undone."""

    code = "identity.not_undoable"


class NotConnected(Conflict):
    """These identifiers are not of one person."""

    code = "identity.not_connected"


class BadPattern(Invalid):
    """The pattern is not a regular expression that can be used."""

    code = "identity.bad_pattern"


class NothingToRetract(Invalid):
    """A retraction must name a batch or a source."""

    code = "identity.nothing_to_retract"


class NamespaceExists(Conflict):
    """The kind of identifier is there already."""

    code = "identity.namespace_exists"


class NoModel(Conflict):
    """Nothing has been learnt yet from the records of people: run `comptoir identity learn`."""

    code = "identity.no_model"


class UnknownModel(NotFound):
    """There is no such model."""

    code = "identity.unknown_model"


class UnknownReview(NotFound):
    """There is no such pair in the steward's queue."""

    code = "identity.unknown_review"


class TooFewRecords(Conflict):
    """There are too few records to learn from."""

    code = "identity.too_few_records"
