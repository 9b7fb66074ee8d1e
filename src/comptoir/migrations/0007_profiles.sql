CREATE SCHEMA profiles;

-- Everything here is kept per *node* (identifier), never per person, and every measure is a monoid: a sum, the first or
-- last by (time, position), or the OR of a bit map. So a person is the merge of its nodes', right through any merge
-- and unmerge of people, and neither the order of events nor their batching matters. Days are UTC days.
-- The fill factors leave room for updates in place (HOT): no index holds a column that changes.

-- The order of the bits in bit maps of channels; new ones are added at the end.
CREATE FUNCTION profiles.channel_names() RETURNS text[] LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT '{paid,social,market,email,sms,web,app,display,phone,shop}'::text[]
$$;

-- First and last touch of a node: the event, the channel that brought her, and where from.
CREATE TABLE profiles.node (
    node_id        bigint PRIMARY KEY,
    events         integer NOT NULL,
    channels       smallint NOT NULL,       -- bit map: seen or bought in, bit = place in profiles.channel_names()
    first_at       timestamptz NOT NULL,
    first_position bigint NOT NULL,
    first_channel  text NOT NULL,
    first_source   smallint,
    first_detail   text NOT NULL,           -- JSON: campaign, referrer, page; '{}' where nothing is known
    last_at        timestamptz NOT NULL,
    last_position  bigint NOT NULL,
    last_channel   text NOT NULL,
    last_source    smallint,
    last_detail    text NOT NULL
) WITH (fillfactor = 70);

-- What a node told about its owner. Fields with a survivorship rule keep every value they ever had (slot = the value),
-- for "why this one?" and "most frequent"; any other trait keeps its last value per source (slot = ''), so that a
-- trait that changes with every event cannot grow without end.
CREATE TABLE profiles.trait (
    node_id   bigint NOT NULL,
    name      text NOT NULL COLLATE "C",
    source_id smallint NOT NULL,            -- 0: our own facts
    slot      text NOT NULL COLLATE "C",
    value     text NOT NULL,                -- JSON
    verified  smallint NOT NULL,            -- the best it was ever known by: 0 told by a machine, 1 typed at a till or in
                                            -- a form, 2 said to the call centre, 3 clicked in an e-mail, 4 signed in
    at        timestamptz NOT NULL,         -- of the last time it was told
    position  bigint NOT NULL,
    times     integer NOT NULL,
    PRIMARY KEY (node_id, name, source_id, slot)
) WITH (fillfactor = 70);

-- Words of names, folded to lower case without accents, to find people by the beginning of any word.
CREATE TABLE profiles.name_word (
    word    text NOT NULL COLLATE "C",
    node_id bigint NOT NULL,
    PRIMARY KEY (word, node_id)
);

-- Behaviour and purchases of a day. half_hours is a bit map (bit 0 = 00:00 to 00:30 UTC): a visit is a run of half-hours
-- with activity, so visits on two devices at once, or across midnight, merge by OR into one.
-- currency is '' on the row of what is no money; sale measures come from the facts of orders alone.
CREATE TABLE profiles.day (
    node_id     bigint NOT NULL,
    day         date NOT NULL,
    channel     text NOT NULL COLLATE "C",
    currency    text NOT NULL COLLATE "C",
    half_hours  bigint NOT NULL,
    events      integer NOT NULL,
    views       integer NOT NULL,
    carts       integer NOT NULL,
    orders      integer NOT NULL,
    units       bigint NOT NULL,
    spend_minor bigint NOT NULL,
    PRIMARY KEY (node_id, day, channel, currency)
) WITH (fillfactor = 70);

-- Looks and purchases of a day by category.
CREATE TABLE profiles.day_category (
    node_id     bigint NOT NULL,
    day         date NOT NULL,
    category    text NOT NULL COLLATE "C",
    currency    text NOT NULL COLLATE "C",
    views       integer NOT NULL,
    units       bigint NOT NULL,
    spend_minor bigint NOT NULL,
    PRIMARY KEY (node_id, day, category, currency)
) WITH (fillfactor = 70);

-- Purchases per outlet, of all time: the favourite shop, and lifetime value.
CREATE TABLE profiles.shop (
    node_id     bigint NOT NULL,
    outlet_id   smallint NOT NULL,          -- channels.outlet
    currency    text NOT NULL COLLATE "C",
    orders      integer NOT NULL,
    units       bigint NOT NULL,
    spend_minor bigint NOT NULL,
    last_at     timestamptz NOT NULL,
    PRIMARY KEY (node_id, outlet_id, currency)
) WITH (fillfactor = 70);

-- Which devices acted for a node, and as what. Days, not times: one row is written once a day, not once an event.
CREATE TABLE profiles.device (
    node_id    bigint NOT NULL,
    device     text NOT NULL COLLATE "C",   -- the anonymous or device id that the sender gave
    agent_hash bigint NOT NULL,
    agent      text NOT NULL,               -- user agent, or make and model
    first_day  date NOT NULL,
    last_day   date NOT NULL,
    PRIMARY KEY (node_id, device, agent_hash)
) WITH (fillfactor = 70);

-- The timeline: one row per event worth showing, pointing into the log by (recorded_at, position) for all the rest.
CREATE TABLE profiles.moment (
    node_id      bigint NOT NULL,
    occurred_at  timestamptz NOT NULL,
    position     bigint NOT NULL,
    recorded_at  timestamptz NOT NULL,
    source_id    smallint,
    outlet_id    smallint,                  -- channels.outlet: of a sale, which no source told; else null
    channel      text NOT NULL,
    kind         text NOT NULL,             -- look, search, basket, order, return, told, message, call, visit, other
    spoke        boolean NOT NULL,          -- we spoke (hollow bead); else she acted
    name         text NOT NULL,             -- of the event
    subject      text,                      -- product, page, query
    amount_minor bigint,
    currency     text
);
CREATE INDEX moment_node ON profiles.moment (node_id, occurred_at DESC, position DESC);
CREATE INDEX moment_recorded ON profiles.moment USING brin (recorded_at);  -- a few pages, to forget the oldest by

-- The directory: one row per person, for lists, filters and counts over everybody. It is computed from the tables
-- above a second after a batch touched her, or a merge or split named her; a page about one person never reads it.
CREATE TABLE profiles.person (
    person_id   bigint PRIMARY KEY,
    nodes       integer NOT NULL DEFAULT 0,
    namespaces  bigint NOT NULL DEFAULT 0,      -- bit map of the numbers of her identifiers' namespaces
    channels    smallint NOT NULL DEFAULT 0,    -- bit map, as in profiles.node
    first_at    timestamptz NOT NULL DEFAULT 'epoch',
    last_at     timestamptz NOT NULL DEFAULT 'epoch',
    events      bigint NOT NULL DEFAULT 0,
    orders      bigint NOT NULL DEFAULT 0,
    units       bigint NOT NULL DEFAULT 0,
    spend_minor bigint NOT NULL DEFAULT 0,      -- in the currency of the head office
    outlets     smallint[] NOT NULL DEFAULT '{}' -- where she bought, by number (channels.outlet)
) WITH (fillfactor = 80);
CREATE INDEX person_last ON profiles.person (last_at, person_id);
CREATE INDEX person_spend ON profiles.person (spend_minor, person_id);

-- Nodes whose owners' rows, and people whose own rows, are to be computed anew. As often as it happened.
CREATE TABLE profiles.stale (
    node_id bigint NOT NULL
);

-- Events, merges and splits of the whole house by minute of recording, for the home page.
CREATE TABLE profiles.minute (
    minute timestamptz PRIMARY KEY,
    events integer NOT NULL,
    merges integer NOT NULL,
    splits integer NOT NULL
) WITH (fillfactor = 50);

-- Takings of the whole house by half-hour of the sale and channel.
CREATE TABLE profiles.takings (
    half_hour   timestamptz NOT NULL,
    channel     text NOT NULL COLLATE "C",
    currency    text NOT NULL COLLATE "C",
    orders      integer NOT NULL,
    units       bigint NOT NULL,
    spend_minor bigint NOT NULL,
    PRIMARY KEY (half_hour, channel, currency)
) WITH (fillfactor = 50);

-- published

-- Every person with lifetime measures. spend_minor is in the currency of the head office; outlets are those where she
-- bought (channels.v_outlet).
CREATE VIEW profiles.v_person AS
SELECT p.person_id, i.key, p.nodes AS identifiers,
       ARRAY(SELECT n.name FROM unnest(profiles.channel_names()) WITH ORDINALITY AS n (name, place)
             WHERE p.channels >> (n.place - 1)::integer & 1 = 1 ORDER BY n.place) AS channels,
       bit_count(p.channels::integer::bit(32))::integer AS channel_count,
       p.first_at, p.last_at, p.events, p.orders, p.units, p.spend_minor, p.outlets
FROM profiles.person AS p JOIN identity.v_person AS i USING (person_id)
WHERE p.nodes > 0;

-- A person's days. visits are the runs of half-hours that begin on the day (half_hours: bit 0 = 00:00 to 00:30 UTC).
CREATE VIEW profiles.v_day AS
SELECT person_id, day, channel, half_hours,
       bit_count((half_hours & ~(half_hours << 1 | CASE WHEN lag(day) OVER w = day - 1
                                                       THEN lag(half_hours) OVER w >> 47 & 1 ELSE 0 END))::bit(64)
                )::integer AS visits,
       events, views, carts, orders, units
FROM (
    SELECT n.person_id, d.day, d.channel, bit_or(d.half_hours) AS half_hours, sum(d.events)::bigint AS events,
           sum(d.views)::bigint AS views, sum(d.carts)::bigint AS carts, sum(d.orders)::bigint AS orders,
           sum(d.units)::bigint AS units
    FROM profiles.day AS d JOIN identity.v_node AS n USING (node_id)
    GROUP BY n.person_id, d.day, d.channel) AS merged
WINDOW w AS (PARTITION BY person_id, channel ORDER BY day);

-- What a person spent a day, by channel and currency.
CREATE VIEW profiles.v_spend AS
SELECT n.person_id, d.day, d.channel, d.currency, sum(d.orders)::bigint AS orders, sum(d.units)::bigint AS units,
       sum(d.spend_minor)::bigint AS spend_minor
FROM profiles.day AS d JOIN identity.v_node AS n USING (node_id)
WHERE d.currency <> ''
GROUP BY n.person_id, d.day, d.channel, d.currency;

-- What a person looked at and bought a day, by category.
CREATE VIEW profiles.v_category AS
SELECT n.person_id, d.day, d.category, d.currency, sum(d.views)::bigint AS views, sum(d.units)::bigint AS units,
       sum(d.spend_minor)::bigint AS spend_minor
FROM profiles.day_category AS d JOIN identity.v_node AS n USING (node_id)
GROUP BY n.person_id, d.day, d.category, d.currency;

-- The timeline of every person; bodies stay in the log.
CREATE VIEW profiles.v_moment AS
SELECT n.person_id, m.node_id, m.occurred_at, m.position, m.recorded_at, m.source_id,
       coalesce(m.outlet_id, s.outlet_id) AS outlet_id, m.channel, m.kind, m.spoke, m.name, m.subject, m.amount_minor,
       m.currency
FROM profiles.moment AS m JOIN identity.v_node AS n USING (node_id) LEFT JOIN channels.v_source AS s USING (source_id);

-- Half-hours of the sale; takings of strangers included.
CREATE VIEW profiles.v_takings AS
SELECT half_hour, channel, currency, orders, units, spend_minor FROM profiles.takings;
