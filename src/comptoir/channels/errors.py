"""What channels refuses."""

from comptoir.kernel.errors import Conflict, NotFound, Unprocessable


class UnknownOutlet(NotFound):
    """There is no outlet with this code."""

    code = "channels.unknown_outlet"


class UnknownSource(NotFound):
    """There is no such source."""

    code = "channels.unknown_source"


class OutletExists(Conflict):
    """An outlet with this code exists already."""

    code = "channels.outlet_exists"


class SourceExists(Conflict):
    """A source with this name exists already."""

    code = "channels.source_exists"


class UnknownTimeZone(Unprocessable):
    """The time zone is not in the IANA list."""

    code = "channels.unknown_time_zone"


class UnknownCurrency(Unprocessable):
    """The currency is not in ISO 4217."""

    code = "channels.unknown_currency"


class UnknownCountry(Unprocessable):
    """The country is not in ISO 3166-1."""

    code = "channels.unknown_country"


class BadOpeningHours(Unprocessable):
    """The opening hours contradict themselves."""

    code = "channels.bad_opening_hours"


class BadPosition(Unprocessable):
    """A position needs both latitude and longitude."""

    code = "channels.bad_position"


class RepeatedCode(Unprocessable):
    """One code stands twice in the same list."""

    code = "channels.repeated_code"
