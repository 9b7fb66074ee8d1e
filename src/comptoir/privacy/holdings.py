"""What this package keeps of people: their requests. It does not outlive them either."""

from comptoir.kernel.register import Table

HOLDINGS = [
    Table(
        name="privacy.request",
        what="Requests: who asked, and how it was made sure that it was she",
        by="node",
        does="emptied",
        hers="requester verified_by note answer",
        free="reference",
        plain="kind state came_by language opened_by closed_by",
        why="That a request was answered in time must be shown for as long as somebody may ask.",
        keep="five years",
        show="""
            SELECT json_build_object('request', request_id, 'kind', kind, 'state', state, 'received_at', received_at,
                                     'closed_at', closed_at)
            FROM privacy.request WHERE node_id = ANY(%(nodes)s::bigint[]) ORDER BY request_id
        """,
        # The one that is running needs her until its end.
        erase="""
            UPDATE privacy.request SET requester = '', verified_by = '', note = '', answer = '', node_id = NULL
            WHERE node_id = ANY(%(nodes)s::bigint[])
        """,
    ),
    Table(
        name="privacy.erasure",
        what="How far an erasure has come: her identifiers, while it runs",
        by="node",
        does="emptied",
        plain="phase doubtful named counts",
        keep="until it is done",
    ),
    Table(
        name="privacy.sight",
        what="Who has looked at her",
        by="node",
        does="deleted",
        plain="actor_kind actor via",
        keep="keep_sights_days",
        erase="DELETE FROM privacy.sight WHERE node_id = ANY(%(nodes)s::bigint[])",
    ),
    Table(name="privacy.certificate", plain="content pdf digest"),
]
