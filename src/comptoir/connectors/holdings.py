"""What other systems have sent, as they sent it."""

from comptoir.kernel.register import Table

HOLDINGS = [
    Table(
        name="connectors.delivery",
        what="Messages of other shops: orders with names and addresses",
        by="value",
        does="deleted",
        free="subject code detail body",
        plain="webhook_id topic state",
        drop=True,
        keep="for ever",
    ),
    Table(name="connectors.connection", plain="name platform secret"),
]
