"""Nothing personal: goods and readers. Documents of partners are kept as they were sent, and may say anything."""

from comptoir.kernel.register import Table

HOLDINGS = [
    Table(
        name="rfid.event",
        what="What readers and partners told of goods, as it was sent",
        by="value",
        does="redacted",
        free="body",
        plain="key uri type action declares biz_step disposition read_point biz_location things",
        keep="for ever",
    ),
    Table(
        name="rfid.capture",
        what="Documents that are being taken",
        by="value",
        does="redacted",
        free="errors",
        plain="behaviour body",
        keep="for ever",
    ),
    Table(name="rfid.context", plain="digest body"),
    Table(name="rfid.piece_state", plain="tag state key"),
    Table(name="rfid.place", plain="name"),
    Table(name="rfid.reading", plain="rule fate"),
    Table(name="rfid.reading_rule", plain="name condition outcome"),
    Table(name="rfid.rule_set", plain="made_by"),
    Table(name="rfid.session", plain="kind rule outcome stage why"),
    Table(name="rfid.session_tag", plain="tag gtin"),
    Table(name="rfid.stray", plain="tag gtin"),
]
