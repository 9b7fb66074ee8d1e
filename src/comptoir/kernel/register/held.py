"""What the kernel keeps of people. The log itself is emptied by kernel.register.emptying."""

from comptoir.kernel.register import Table

HOLDINGS = [
    Table(
        name="kernel.event",
        what="Events of the log: what was tracked, and facts of the house",
        by="log",
        does="emptied",
        hers="body",
        free="name",
        plain="kind",
        keep="for ever",
    ),
    Table(
        name="kernel.parked_event",
        what="Events that could not be digested: the words of the error",
        by="value",
        does="deleted",
        free="error",
        plain="consumer kind",
        drop=True,
        keep="until somebody looks at them",
    ),
    Table(
        name="kernel.audit",
        what="Who changed what: before and after",
        by="order",
        does="redacted",
        hers="before after",
        free="target before after",
        plain="actor_kind actor_name action request_id",
        keep="for ever",
        show="""
            SELECT json_build_object('at', at, 'action', action, 'before', before, 'after', after) FROM kernel.audit
            WHERE EXISTS (SELECT FROM unnest(%(orders)s::uuid[]) AS o (id) WHERE target LIKE '%%' || o.id || '%%')
            ORDER BY entry_id
        """,
        erase="""
            UPDATE kernel.audit SET before = NULL, after = NULL
            WHERE (before IS NOT NULL OR after IS NOT NULL)
              AND EXISTS (SELECT FROM unnest(%(orders)s::uuid[]) AS o (id) WHERE target LIKE '%%' || o.id || '%%')
        """,
    ),
    Table(
        name="kernel.idempotency",
        what="Answers to requests, so that the same again is done once",
        by="value",
        does="deleted",
        free="key answer route",
        plain="actor body_hash media_type",
        drop=True,
        keep="a day",
    ),
    Table(
        name="jobs.procrastinate_jobs",
        what="Work that waits, and that was done in the last week",
        by="value",
        does="deleted",
        free="args lock queueing_lock",
        plain="queue_name task_name",
        drop=True,
        keep="a week",
    ),
    Table(name="jobs.procrastinate_periodic_defers", plain="task_name periodic_id"),
    Table(
        name="kernel.user_account",
        what="Staff who sign in",
        by="staff",
        does="kept",
        plain="email name password_hash roles language",
        keep="while they work here",
    ),
    Table(
        name="kernel.session",
        what="Browsers of staff that are signed in",
        by="staff",
        does="kept",
        plain="token_hash address agent",
        keep="until they end",
    ),
    Table(
        name="kernel.failed_sign_in",
        what="Attempts to sign in",
        by="value",
        does="deleted",
        free="account",
        plain="address",
        drop=True,
        keep="a day",
    ),
    Table(name="kernel.api_key", plain="name prefix secret_hash scopes made_by"),
    Table(name="kernel.cursor", plain="consumer"),
    Table(name="kernel.migration", plain="name checksum"),
]
