"""What the stock keeps of people: who waits for an article."""

from comptoir.kernel.register import Table

HOLDINGS = [
    Table(
        name="inventory.ask",
        what="Who wants to be told when an article is back in stock",
        by="node",
        does="deleted",
        plain="channel",
        keep="for ever",
        show="SELECT to_json(a) FROM inventory.v_ask AS a WHERE node_id = ANY(%(nodes)s::bigint[]) ORDER BY asked_at",
        erase="DELETE FROM inventory.ask WHERE node_id = ANY(%(nodes)s::bigint[])",
    ),
    Table(
        name="inventory.entry",
        what="The stock ledger: words of staff",
        by="value",
        does="redacted",
        free="reason reference",
        plain="state other_state act actor",
        keep="for ever",
    ),
    Table(
        name="inventory.count",
        what="Counts: words of staff",
        by="value",
        does="redacted",
        free="note reason",
        plain="stage opened_by submitted_by closed_by",
        keep="for ever",
    ),
    Table(
        name="inventory.transfer",
        what="Transfers: words of staff",
        by="value",
        does="redacted",
        free="note supplier",
        plain="stage requested_by",
        keep="for ever",
    ),
    Table(name="inventory.count_line", plain="state counted_by"),
    Table(name="inventory.fence", plain="channel"),
    Table(name="inventory.location", plain="code kind name country time_zone methods"),
    Table(name="inventory.promise", plain="reference channel"),
    Table(name="inventory.receipt", plain="reference actor"),
    Table(name="inventory.threshold", plain="channel"),
]
