"""What the intake keeps of people: letters that could not be taken. What it took stands in the log (kernel.event)."""

from comptoir.kernel.register import Table

HOLDINGS = [
    Table(
        name="ingest.dead_letter",
        what="Events that could not be taken, as they were sent",
        by="value",
        does="deleted",
        free="detail event_type event_name body",
        plain="reason state settled_by",
        drop=True,
        keep="keep_dead_letters_days",
    ),
    Table(
        name="ingest.source_day",
        what="Counts by the name of the event, into which a sender may have written anything",
        by="value",
        does="deleted",
        free="event",
        plain="outcome reason",
        drop=True,
        keep="keep_quality_days",
    ),
    Table(
        name="ingest.tally",
        what="The same, of the last seconds",
        by="value",
        does="deleted",
        free="counts",
        drop=True,
        keep="keep_quality_days",
    ),
    Table(name="ingest.tracking_plan", plain="mode unplanned events note made_by"),
    # Random bits made of salted digests of message ids: nothing can be read from it.
    Table(name="ingest.seen_day", plain="filter"),
]
