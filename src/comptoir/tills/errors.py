from comptoir.kernel.errors import Conflict, Invalid, NotFound, Unprocessable


class UnknownDevice(NotFound):
    """There is no such till."""

    code = "tills.unknown_device"


class DeviceExists(Conflict):
    """A till of this outlet has this name already."""

    code = "tills.device_exists"


class NotADevice(Unprocessable):
    """Only a till, by its own key, can ask for this."""

    code = "tills.not_a_device"


class BadSync(Invalid):
    """What the till sent cannot be read."""

    code = "tills.bad_sync"


class UnknownEntry(NotFound):
    """No such entry stands aside."""

    code = "tills.unknown_entry"
