"""What identity keeps of people: their identifiers, and why they are one person."""

from comptoir.kernel.register import Table

HOLDINGS = [
    Table(
        name="identity.edge",
        what="Which identifiers were seen together",
        by="node",
        does="deleted",
        keep="for ever",
        erase="DELETE FROM identity.edge WHERE a = ANY(%(nodes)s::bigint[]) OR b = ANY(%(nodes)s::bigint[])",
    ),
    Table(
        name="identity.evidence",
        what="Who said so, when, and how sure it is",
        by="node",
        does="deleted",
        hers="batch_id rule model_version vector",
        keep="for ever",
        show="""
            SELECT to_json(e) FROM identity.evidence AS e
            WHERE a = ANY(%(nodes)s::bigint[]) OR b = ANY(%(nodes)s::bigint[]) ORDER BY observed_at, a, b
        """,
        erase="DELETE FROM identity.evidence WHERE a = ANY(%(nodes)s::bigint[]) OR b = ANY(%(nodes)s::bigint[])",
    ),
    Table(
        name="identity.cannot_link",
        what="Identifiers that a steward keeps apart",
        by="node",
        does="deleted",
        keep="for ever",
        erase="DELETE FROM identity.cannot_link WHERE a = ANY(%(nodes)s::bigint[]) OR b = ANY(%(nodes)s::bigint[])",
    ),
    Table(
        name="identity.journal",
        what="How people were merged and split, by whom, and with which words",
        by="node",
        does="emptied",
        hers="effect moved",
        free="reason reference",
        plain="kind actor",
        keep="for ever",
        why="That something was done stays in the journal, and by whom; not to whom.",
        show="""
            SELECT json_build_object('operation', operation, 'kind', kind, 'at', at, 'reason', reason)
            FROM identity.journal WHERE people && %(nodes)s::bigint[] ORDER BY operation
        """,
        erase="""
            UPDATE identity.journal SET reason = '', reference = NULL, effect = '{}', moved = '[]', people = '{}'
            WHERE people && %(nodes)s::bigint[]
        """,
    ),
    Table(
        name="identity.task",
        what="What a steward should look at",
        by="node",
        does="deleted",
        hers="detail",
        plain="kind state closed_by",
        keep="for ever",
        erase="DELETE FROM identity.task WHERE nodes && %(nodes)s::bigint[]",
    ),
    Table(
        name="identity.account",
        what="What sources say of the person behind an identifier, as it is compared with others",
        by="node",
        does="deleted",
        hers="written clean",
        plain="model",
        keep="for ever",
        show="""
            SELECT json_build_object('changed_at', changed_at, 'written', written::json) FROM identity.account
            WHERE node_id = ANY(%(nodes)s::bigint[]) ORDER BY node_id
        """,
        erase="DELETE FROM identity.account WHERE node_id = ANY(%(nodes)s::bigint[])",
    ),
    Table(
        name="identity.account_key",
        what="By which keys it is compared",
        by="node",
        does="deleted",
        keep="for ever",
        erase="DELETE FROM identity.account_key WHERE node_id = ANY(%(nodes)s::bigint[])",
    ),
    Table(
        name="identity.unmatched",
        what="Whose record is still to be compared",
        by="node",
        does="deleted",
        keep="seconds",
        erase="DELETE FROM identity.unmatched WHERE node_id = ANY(%(nodes)s::bigint[])",
    ),
    Table(
        name="identity.review",
        what="Pairs that may be one person, and what a steward said (inferred)",
        by="node",
        does="deleted",
        hers="reasons",
        plain="model answer answered_by",
        keep="for ever",
        show="""
            SELECT json_build_object('probability', probability, 'reasons', reasons, 'answer', answer)
            FROM identity.review WHERE a = ANY(%(nodes)s::bigint[]) OR b = ANY(%(nodes)s::bigint[]) ORDER BY review_id
        """,
        erase="DELETE FROM identity.review WHERE a = ANY(%(nodes)s::bigint[]) OR b = ANY(%(nodes)s::bigint[])",
    ),
    Table(
        name="identity.withheld",
        what="Who is being erased, and whose processing is restricted",
        by="node",
        does="deleted",
        plain="why",
        keep="until it is lifted",
        erase="DELETE FROM identity.withheld WHERE node_id = ANY(%(nodes)s::bigint[])",
    ),
    Table(
        name="identity.node",
        what="Identifiers: account, loyalty card, e-mail, telephone, devices",
        by="node",
        does="deleted",
        hers="value",
        keep="for ever",
        show="""
            SELECT json_build_object('kind', namespace, 'value', value, 'first_seen', first_seen, 'shared', shared)
            FROM identity.v_node WHERE node_id = ANY(%(nodes)s::bigint[]) ORDER BY node_id
        """,
        erase="DELETE FROM identity.node WHERE node_id = ANY(%(nodes)s::bigint[])",
    ),
    Table(
        name="identity.blocked_value",
        what="Values that name nobody; a steward may have blocked somebody's",
        by="value",
        does="deleted",
        free="pattern reason",
        plain="kind",
        drop=True,
        keep="for ever",
    ),
    # Keyed hashes: without the key of the house nothing can be found out from them.
    Table(name="identity.tombstone", plain="hash"),
    Table(name="identity.house_key", plain="proof"),
    # Frequencies over everybody: nobody's own. A name of one person alone may be among them until the next is learnt.
    Table(name="identity.model", plain="version weights knowledge state"),
    Table(name="identity.namespace", plain="name form"),
]
