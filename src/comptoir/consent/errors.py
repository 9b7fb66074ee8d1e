"""Why a choice cannot be taken, or a link opens nothing."""

from comptoir.kernel.errors import Conflict, Forbidden, Invalid, NotFound, Unprocessable


class UnknownPurpose(NotFound):
    """There is no such purpose."""

    code = "consent.unknown_purpose"


class PurposeExists(Conflict):
    """There is a purpose with this code already."""

    code = "consent.purpose_exists"


class BadPurpose(Invalid):
    """The purpose cannot be as it is described."""

    code = "consent.bad_purpose"


class UnknownWording(NotFound):
    """The purpose has no wording of this version."""

    code = "consent.unknown_wording"


class WrongChannel(Unprocessable):
    """The purpose does not use the channel, or the channel does not reach this contact point."""

    code = "consent.wrong_channel"


class BadContact(Unprocessable):
    """The value is no contact point."""

    code = "consent.bad_contact"


class SourceNeeded(Unprocessable):
    """A word from a till or a call centre needs the outlet that took it."""

    code = "consent.source_needed"


class NotYourOutlet(Forbidden):
    """You may not record in the name of this outlet."""

    code = "consent.not_your_outlet"


class SaidLater(Unprocessable):
    """Nobody can have said it later than now."""

    code = "consent.said_later"


class ReferenceTaken(Conflict):
    """The reference was used for another choice."""

    code = "consent.reference_taken"


class BadLink(NotFound):
    """The link is wrong or has expired."""

    code = "consent.bad_link"


class NoPublicAddress(Conflict):
    """Letters cannot name an address: the operator has set none (COMPTOIR_PUBLIC_URL)."""

    code = "consent.no_public_address"
