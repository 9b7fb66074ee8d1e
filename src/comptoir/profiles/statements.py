"""The SQL by which a fold is added to what is there: one statement per table, each an associative merge.

Arrays are sorted by key, so that two workers can never wait for each other in a circle. Times travel as Unix
microseconds and days as days since 1970, both of which PostgreSQL reads faster than dates.
"""

from typing import LiteralString

NODE: LiteralString = """
    INSERT INTO profiles.node AS t
    SELECT node_id, events, channels,
           timestamptz '1970-01-01 00:00Z' + first_us * interval '1 microsecond', first_position, first_channel,
           first_source, first_detail,
           timestamptz '1970-01-01 00:00Z' + last_us * interval '1 microsecond', last_position, last_channel,
           last_source, last_detail
    FROM unnest(%(node_ids)s::bigint[], %(events)s::integer[], %(channels)s::smallint[],
                %(first_us)s::bigint[], %(first_positions)s::bigint[], %(first_channels)s::text[],
                %(first_sources)s::smallint[], %(first_details)s::text[],
                %(last_us)s::bigint[], %(last_positions)s::bigint[], %(last_channels)s::text[],
                %(last_sources)s::smallint[], %(last_details)s::text[])
         AS k (node_id, events, channels, first_us, first_position, first_channel, first_source, first_detail,
               last_us, last_position, last_channel, last_source, last_detail)
    ON CONFLICT (node_id) DO UPDATE SET
        events = t.events + excluded.events,
        channels = t.channels | excluded.channels,
        first_channel = CASE WHEN (excluded.first_at, excluded.first_position) < (t.first_at, t.first_position)
                        THEN excluded.first_channel ELSE t.first_channel END,
        first_source = CASE WHEN (excluded.first_at, excluded.first_position) < (t.first_at, t.first_position)
                        THEN excluded.first_source ELSE t.first_source END,
        first_detail = CASE WHEN (excluded.first_at, excluded.first_position) < (t.first_at, t.first_position)
                        THEN excluded.first_detail ELSE t.first_detail END,
        first_position = CASE WHEN (excluded.first_at, excluded.first_position) < (t.first_at, t.first_position)
                        THEN excluded.first_position ELSE t.first_position END,
        first_at = CASE WHEN (excluded.first_at, excluded.first_position) < (t.first_at, t.first_position)
                        THEN excluded.first_at ELSE t.first_at END,
        last_channel = CASE WHEN (excluded.last_at, excluded.last_position) > (t.last_at, t.last_position)
                        THEN excluded.last_channel ELSE t.last_channel END,
        last_source = CASE WHEN (excluded.last_at, excluded.last_position) > (t.last_at, t.last_position)
                        THEN excluded.last_source ELSE t.last_source END,
        last_detail = CASE WHEN (excluded.last_at, excluded.last_position) > (t.last_at, t.last_position)
                        THEN excluded.last_detail ELSE t.last_detail END,
        last_position = CASE WHEN (excluded.last_at, excluded.last_position) > (t.last_at, t.last_position)
                        THEN excluded.last_position ELSE t.last_position END,
        last_at = CASE WHEN (excluded.last_at, excluded.last_position) > (t.last_at, t.last_position)
                        THEN excluded.last_at ELSE t.last_at END
"""

DAY: LiteralString = """
    INSERT INTO profiles.day AS t
    SELECT node_id, date '1970-01-01' + day, channel, currency, half_hours, events, views, carts, orders, units,
           spend_minor
    FROM unnest(%(node_ids)s::bigint[], %(days)s::integer[], %(channels)s::text[], %(currencies)s::text[],
                %(half_hours)s::bigint[], %(events)s::integer[], %(views)s::integer[], %(carts)s::integer[],
                %(orders)s::integer[], %(units)s::bigint[], %(spend)s::bigint[])
         AS k (node_id, day, channel, currency, half_hours, events, views, carts, orders, units, spend_minor)
    ON CONFLICT (node_id, day, channel, currency) DO UPDATE SET
        half_hours = t.half_hours | excluded.half_hours,
        events = t.events + excluded.events,
        views = t.views + excluded.views,
        carts = t.carts + excluded.carts,
        orders = t.orders + excluded.orders,
        units = t.units + excluded.units,
        spend_minor = t.spend_minor + excluded.spend_minor
"""

CATEGORY: LiteralString = """
    INSERT INTO profiles.day_category AS t
    SELECT node_id, date '1970-01-01' + day, category, currency, views, units, spend_minor
    FROM unnest(%(node_ids)s::bigint[], %(days)s::integer[], %(categories)s::text[], %(currencies)s::text[],
                %(views)s::integer[], %(units)s::bigint[], %(spend)s::bigint[])
         AS k (node_id, day, category, currency, views, units, spend_minor)
    ON CONFLICT (node_id, day, category, currency) DO UPDATE SET
        views = t.views + excluded.views,
        units = t.units + excluded.units,
        spend_minor = t.spend_minor + excluded.spend_minor
"""

SHOP: LiteralString = """
    INSERT INTO profiles.shop AS t
    SELECT node_id, outlet_id, currency, orders, units, spend_minor,
           timestamptz '1970-01-01 00:00Z' + last_us * interval '1 microsecond'
    FROM unnest(%(node_ids)s::bigint[], %(outlets)s::smallint[], %(currencies)s::text[], %(orders)s::integer[],
                %(units)s::bigint[], %(spend)s::bigint[], %(last_us)s::bigint[])
         AS k (node_id, outlet_id, currency, orders, units, spend_minor, last_us)
    ON CONFLICT (node_id, outlet_id, currency) DO UPDATE SET
        orders = t.orders + excluded.orders,
        units = t.units + excluded.units,
        spend_minor = t.spend_minor + excluded.spend_minor,
        last_at = greatest(t.last_at, excluded.last_at)
"""

TRAIT: LiteralString = """
    INSERT INTO profiles.trait AS t
    SELECT node_id, name, source_id, slot, value, verified,
           timestamptz '1970-01-01 00:00Z' + us * interval '1 microsecond', position, times
    FROM unnest(%(node_ids)s::bigint[], %(names)s::text[], %(sources)s::smallint[], %(slots)s::text[],
                %(values)s::text[], %(verified)s::smallint[], %(us)s::bigint[], %(positions)s::bigint[],
                %(times)s::integer[])
         AS k (node_id, name, source_id, slot, value, verified, us, position, times)
    ON CONFLICT (node_id, name, source_id, slot) DO UPDATE SET
        value = CASE WHEN (excluded.at, excluded.position) > (t.at, t.position) THEN excluded.value ELSE t.value END,
        verified = CASE WHEN t.slot <> '' THEN greatest(t.verified, excluded.verified)
                        WHEN (excluded.at, excluded.position) > (t.at, t.position) THEN excluded.verified
                        ELSE t.verified END,
        position = CASE WHEN (excluded.at, excluded.position) > (t.at, t.position)
                        THEN excluded.position ELSE t.position END,
        at = greatest(t.at, excluded.at),
        times = t.times + excluded.times
"""

NAME_WORD: LiteralString = """
    INSERT INTO profiles.name_word (word, node_id)
    SELECT * FROM unnest(%(words)s::text[], %(node_ids)s::bigint[])
    ON CONFLICT DO NOTHING
"""

DEVICE: LiteralString = """
    INSERT INTO profiles.device AS t
    SELECT node_id, device, agent_hash, agent, date '1970-01-01' + first_day, date '1970-01-01' + last_day
    FROM unnest(%(node_ids)s::bigint[], %(devices)s::text[], %(hashes)s::bigint[], %(agents)s::text[],
                %(first_days)s::integer[], %(last_days)s::integer[])
         AS k (node_id, device, agent_hash, agent, first_day, last_day)
    ON CONFLICT (node_id, device, agent_hash) DO UPDATE SET
        first_day = least(t.first_day, excluded.first_day),
        last_day = greatest(t.last_day, excluded.last_day)
    WHERE t.first_day > excluded.first_day OR t.last_day < excluded.last_day
"""

TAKINGS: LiteralString = """
    INSERT INTO profiles.takings AS t
    SELECT timestamptz '1970-01-01 00:00Z' + half_hour * interval '30 minutes', channel, currency, orders, units,
           spend_minor
    FROM unnest(%(half_hours)s::bigint[], %(channels)s::text[], %(currencies)s::text[], %(orders)s::integer[],
                %(units)s::bigint[], %(spend)s::bigint[])
         AS k (half_hour, channel, currency, orders, units, spend_minor)
    ON CONFLICT (half_hour, channel, currency) DO UPDATE SET
        orders = t.orders + excluded.orders,
        units = t.units + excluded.units,
        spend_minor = t.spend_minor + excluded.spend_minor
"""

MINUTE: LiteralString = """
    INSERT INTO profiles.minute AS t
    SELECT timestamptz '1970-01-01 00:00Z' + minute * interval '1 minute', events, merges, splits
    FROM unnest(%(minutes)s::bigint[], %(events)s::integer[], %(merges)s::integer[], %(splits)s::integer[])
         AS k (minute, events, merges, splits)
    ON CONFLICT (minute) DO UPDATE SET
        events = t.events + excluded.events,
        merges = t.merges + excluded.merges,
        splits = t.splits + excluded.splits
"""
