"""What tills have told, as they told it. The hashes of the chain stay, so that it can still be followed."""

from comptoir.kernel.register import Table

HOLDINGS = [
    Table(
        name="tills.entry",
        what="What tills have done: receipts and whose they are",
        by="value",
        does="redacted",
        free="answer body",
        plain="hash previous kind state",
        why="The receipt is part of the accounts; her values are taken out of it.",
        keep="for ever",
    ),
    Table(
        name="tills.quarantine",
        what="Entries of tills that could not be read or contradict their chain",
        by="value",
        does="redacted",
        free="detail body",
        plain="digest reason",
        keep="for ever",
    ),
    Table(name="tills.device", plain="name"),
    Table(name="tills.once", plain="key"),
    Table(name="tills.snapshot_row", plain="part key body"),
]
