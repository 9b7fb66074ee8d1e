"""Why a request cannot go on."""

from comptoir.kernel.errors import Conflict, Invalid, NotFound


class UnknownRequest(NotFound):
    """There is no such request."""

    code = "privacy.unknown_request"


class UnknownCertificate(NotFound):
    """No certificate has this number."""

    code = "privacy.unknown_certificate"


class NotVerified(Conflict):
    """Nobody has yet made sure that it was she who asked."""

    code = "privacy.not_verified"


class RequestClosed(Conflict):
    """The request was answered already."""

    code = "privacy.request_closed"


class ReferenceTaken(Conflict):
    """The reference belongs to another request."""

    code = "privacy.reference_taken"


class WrongKind(Conflict):
    """A request of this kind has no such step."""

    code = "privacy.wrong_kind"


class NotDoubtful(Invalid):
    """Decide about each identifier that is doubtful, and about no other."""

    code = "privacy.not_doubtful"


class NotErased(Invalid):
    """Nobody with this identifier was erased."""

    code = "privacy.not_erased"
