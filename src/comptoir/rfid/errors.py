"""Refusals in the vocabulary of EPCIS 2.0 (section 12.8): `type` is the standard's exception, `code` is ours."""

from comptoir.kernel.errors import Conflict, Invalid, NotFound, Refusal, TooLarge, Unprocessable


class BadGs1Key(Invalid):
    """A GS1 key is misread or mistyped: its form, its length or its check digit is wrong."""

    code = "rfid.bad_key"


class BadDocument(Invalid):
    """The document or one of its events is not EPCIS 2.0; the place is named."""

    code = "rfid.bad_document"
    kind = "epcisException:ValidationException"


class BadQuery(Invalid):
    """A parameter of the query is unknown here, or its value cannot be read."""

    code = "rfid.bad_query"
    kind = "epcisException:QueryParameterException"


class TooManyEvents(TooLarge):
    """One capture holds more events or bytes than are taken at once."""

    code = "rfid.too_many_events"
    kind = "epcisException:CaptureLimitExceededException"


class UnknownCapture(NotFound):
    """There is no such capture job."""

    code = "rfid.unknown_capture"
    kind = "epcisException:NoSuchResourceException"


class UnknownEvent(NotFound):
    """No event has this id."""

    code = "rfid.unknown_event"
    kind = "epcisException:NoSuchResourceException"


class VersionNotServed(Refusal):
    """Another version of EPCIS was asked for than is spoken here (2.0)."""

    code = "rfid.version_not_served"
    status = 406
    kind = "epcisException:NotAcceptableException"


class BadReadingRule(Unprocessable):
    """A rule for reads cannot be taken: its condition cannot be read, or its name stands twice."""

    code = "rfid.bad_rule"


class RulesChanged(Conflict):
    """The rules for reads were changed meanwhile. Read them again, then change what is in force."""

    code = "rfid.rules_changed"
