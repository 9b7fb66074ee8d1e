from comptoir.kernel.errors import Conflict, Invalid, NotFound, Unauthenticated, Unprocessable


class UnknownConnection(NotFound):
    """There is no such connection."""

    code = "connectors.unknown_connection"


class UnknownDelivery(NotFound):
    """There is no such delivery."""

    code = "connectors.unknown_delivery"


class ConnectionExists(Conflict):
    """Another connection has this name."""

    code = "connectors.connection_exists"


class BadSignature(Unauthenticated):
    """The signature does not fit: it is not from there, or the secret has changed."""

    code = "connectors.bad_signature"


class BadPayload(Unprocessable):
    """What was sent is not what this system sends."""

    code = "connectors.bad_payload"


class ByHand(Unprocessable):
    """Somebody must do this here: the message alone cannot say enough."""

    code = "connectors.by_hand"


class BadMapping(Invalid):
    """The mapping cannot be used: it names no such column, or lacks a field."""

    code = "connectors.bad_mapping"
