from comptoir.kernel.log import Fact


class DeliveryFailed(Fact, frozen=True, kw_only=True):
    """Something that another system sent could not be done here: it is kept, and somebody must look at it."""

    kind = "connectors.delivery_failed"

    delivery_id: int
    connection: str
    topic: str
    subject: str
    code: str
    detail: str

    def lane_key(self) -> str:
        return f"c{self.connection} {self.subject}"
