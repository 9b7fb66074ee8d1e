"""What is known of people, by the identifier under which it was observed. All of it goes with her."""

from comptoir.kernel.register import Table

HOLDINGS = [
    Table(
        name="profiles.trait",
        what="What was told of her: name, address, date of birth, preferences",
        by="node",
        does="deleted",
        hers="name slot value",
        keep="for ever",
        show="""
            SELECT json_build_object('name', name, 'value', value::json, 'told_by_source', source_id, 'at', at,
                                     'times', times, 'verified', verified)
            FROM profiles.trait WHERE node_id = ANY(%(nodes)s::bigint[]) ORDER BY name, at
        """,
        erase="DELETE FROM profiles.trait WHERE node_id = ANY(%(nodes)s::bigint[])",
    ),
    Table(
        name="profiles.name_word",
        what="Words of her name, by which she is found",
        by="node",
        does="deleted",
        hers="word",
        keep="for ever",
        erase="DELETE FROM profiles.name_word WHERE node_id = ANY(%(nodes)s::bigint[])",
    ),
    Table(
        name="profiles.moment",
        what="Her timeline: what she looked at, bought, was told",
        by="node",
        does="deleted",
        hers="name subject",
        plain="channel kind currency",
        keep="keep_moments_days",
        show="""
            SELECT json_build_object('at', occurred_at, 'channel', channel, 'kind', kind, 'name', name,
                                     'about', subject, 'amount_minor', amount_minor, 'currency', currency)
            FROM profiles.moment WHERE node_id = ANY(%(nodes)s::bigint[]) ORDER BY occurred_at, position
        """,
        erase="DELETE FROM profiles.moment WHERE node_id = ANY(%(nodes)s::bigint[])",
    ),
    Table(
        name="profiles.device",
        what="Devices she used",
        by="node",
        does="deleted",
        hers="device agent",
        keep="for ever",
        show="""
            SELECT json_build_object('device', device, 'agent', agent, 'first_day', first_day, 'last_day', last_day)
            FROM profiles.device WHERE node_id = ANY(%(nodes)s::bigint[]) ORDER BY first_day, device
        """,
        erase="DELETE FROM profiles.device WHERE node_id = ANY(%(nodes)s::bigint[])",
    ),
    Table(
        name="profiles.node",
        what="When and where she was first and last seen (inferred from events)",
        by="node",
        does="deleted",
        hers="first_detail last_detail",
        plain="first_channel last_channel",
        keep="for ever",
        show="SELECT to_json(n) FROM profiles.node AS n WHERE node_id = ANY(%(nodes)s::bigint[]) ORDER BY node_id",
        erase="DELETE FROM profiles.node WHERE node_id = ANY(%(nodes)s::bigint[])",
    ),
    Table(
        name="profiles.day",
        what="Counts by day and channel: visits, views, purchases (inferred)",
        by="node",
        does="deleted",
        plain="channel currency",
        keep="for ever",
        show="SELECT to_json(d) FROM profiles.day AS d WHERE node_id = ANY(%(nodes)s::bigint[]) ORDER BY day, channel",
        erase="DELETE FROM profiles.day WHERE node_id = ANY(%(nodes)s::bigint[])",
    ),
    Table(
        name="profiles.day_category",
        what="Counts by day and category (inferred)",
        by="node",
        does="deleted",
        plain="category currency",
        keep="for ever",
        show="""
            SELECT to_json(d) FROM profiles.day_category AS d
            WHERE node_id = ANY(%(nodes)s::bigint[]) ORDER BY day, category
        """,
        erase="DELETE FROM profiles.day_category WHERE node_id = ANY(%(nodes)s::bigint[])",
    ),
    Table(
        name="profiles.shop",
        what="Shops she bought in (inferred)",
        by="node",
        does="deleted",
        plain="currency",
        keep="for ever",
        show="SELECT to_json(s) FROM profiles.shop AS s WHERE node_id = ANY(%(nodes)s::bigint[]) ORDER BY outlet_id",
        erase="DELETE FROM profiles.shop WHERE node_id = ANY(%(nodes)s::bigint[])",
    ),
    Table(
        name="profiles.person",
        what="Her totals: purchases, spend, channels (inferred)",
        by="node",
        does="deleted",
        keep="for ever",
        show="SELECT to_json(p) FROM profiles.person AS p WHERE person_id = ANY(%(nodes)s::bigint[])",
        erase="DELETE FROM profiles.person WHERE person_id = ANY(%(nodes)s::bigint[])",
    ),
    Table(
        name="profiles.stale",
        what="Whose totals are to be counted anew",
        by="node",
        does="deleted",
        keep="seconds",
        erase="DELETE FROM profiles.stale WHERE node_id = ANY(%(nodes)s::bigint[])",
    ),
    Table(name="profiles.takings", plain="channel currency"),
]
