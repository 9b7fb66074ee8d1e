"""What people have allowed and refused. The proof of a choice goes with who made it: nothing is sent to nobody."""

from comptoir.kernel.register import Table

HOLDINGS = [
    Table(
        name="consent.choice",
        what="What she allowed and refused, when, and the proof",
        by="node",
        does="deleted",
        hers="proof source reference",
        plain="channel origin language actor",
        keep="for ever",
        show="SELECT to_json(c) FROM consent.choice AS c WHERE node_id = ANY(%(nodes)s::bigint[]) ORDER BY choice_id",
        erase="DELETE FROM consent.choice WHERE node_id = ANY(%(nodes)s::bigint[])",
    ),
    Table(
        name="consent.standing",
        what="What stands of her choices",
        by="node",
        does="deleted",
        plain="channel origin",
        keep="for ever",
        show="SELECT to_json(s) FROM consent.v_standing AS s WHERE node_id = ANY(%(nodes)s::bigint[])",
        erase="DELETE FROM consent.standing WHERE node_id = ANY(%(nodes)s::bigint[])",
    ),
    Table(
        name="consent.letter",
        what="Letters that ask whether it was she",
        by="node",
        does="deleted",
        hers="recipient detail",
        plain="language state",
        keep="for ever",
        show="SELECT to_json(l) FROM consent.letter AS l WHERE node_id = ANY(%(nodes)s::bigint[]) ORDER BY asked_at",
        erase="DELETE FROM consent.letter WHERE node_id = ANY(%(nodes)s::bigint[])",
    ),
    Table(name="consent.purpose", plain="code name_en name_fr basis channels"),
    Table(name="consent.wording", plain="text_en text_fr made_by"),
    Table(name="consent.link_key", plain="secret"),
]
