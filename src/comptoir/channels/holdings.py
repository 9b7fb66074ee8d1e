"""Nothing personal: places and senders."""

from comptoir.kernel.register import Table

HOLDINGS = [
    Table(
        name="channels.outlet",
        plain="channel code name street postcode city region country time_zone currency opening_hours",
    ),
    Table(name="channels.source", plain="name salt"),
    Table(name="channels.write_key", plain="write_key"),
]
