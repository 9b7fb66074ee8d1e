from comptoir.kernel.errors import Invalid, NotFound, Overloaded


class UnknownFeed(NotFound):
    """There is no such feed, or its address was revoked."""

    code = "feeds.unknown_feed"


class BadFeed(Invalid):
    """The description of a feed says something that cannot be."""

    code = "feeds.bad_feed"


class UnknownPlace(NotFound):
    """No shop is known to be near that postcode: send a position."""

    code = "feeds.unknown_place"


class TooOften(Overloaded):
    """Asked too often from one place: wait a minute."""

    code = "feeds.too_often"
    retry_after = 60
