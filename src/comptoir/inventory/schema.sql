CREATE SCHEMA inventory;

-- An account of the ledger. Of those inside the house we count what lies there; those outside (supplier, customer,
-- adjustment) only say where units came from or went to. Ids are small because every entry carries two.
CREATE TABLE inventory.location (
    location_id    smallint GENERATED ALWAYS AS IDENTITY (START WITH 10) PRIMARY KEY,
    code           text NOT NULL UNIQUE,      -- a shop's is its outlet's
    kind           text NOT NULL CHECK (kind IN ('shop', 'warehouse', 'distribution_centre', 'transit', 'quality_hold',
                                                 'supplier', 'customer', 'adjustment')),
    name           text NOT NULL,
    outlet_id      smallint UNIQUE REFERENCES channels.outlet,  -- of a shop; position and opening hours are there
    country        text NOT NULL DEFAULT '',  -- ISO 3166-1 alpha-2
    latitude       double precision CHECK (latitude BETWEEN -90 AND 90),
    longitude      double precision CHECK (longitude BETWEEN -180 AND 180),
    time_zone      text NOT NULL DEFAULT 'UTC',
    methods        text[] NOT NULL DEFAULT '{}' CHECK (methods <@ '{collect,ship,transfer}'),
    safety         integer NOT NULL DEFAULT 0 CHECK (safety >= 0),  -- of every variant, kept back from promises
    lead_minutes   integer NOT NULL DEFAULT 0 CHECK (lead_minutes BETWEEN 0 AND 100000),  -- from promise to ready
    cut_off        time,                      -- local; what is promised later is worked on the next working day
    daily_capacity integer CHECK (daily_capacity >= 0),  -- orders a day; null: no limit
    active         boolean NOT NULL DEFAULT true
);
-- Those outside, known to the code by their ids.
INSERT INTO inventory.location (location_id, code, kind, name) OVERRIDING SYSTEM VALUE
VALUES (1, 'supplier', 'supplier', 'Suppliers'), (2, 'customer', 'customer', 'Customers'),
       (3, 'adjustment', 'adjustment', 'Adjustments'),
       (4, 'transit', 'transit', 'On the way');  -- this one is inside: a transfer lies there unless it names another

-- What lies of one variant at one location, and how much of the sellable is promised. Never counted below by a promise
-- (post() refuses), but a physical fact may push it there: theft is real, and a till never refuses what the customer
-- holds in his hands. So no CHECK on the difference: a shortage is recorded instead.
-- No index on what changes: updates stay in their page (HOT).
CREATE TABLE inventory.balance (
    variant_id  bigint NOT NULL,              -- catalog.variant. No foreign key: hot
    location_id smallint NOT NULL,
    sellable    integer NOT NULL DEFAULT 0,
    display     integer NOT NULL DEFAULT 0,
    damaged     integer NOT NULL DEFAULT 0,
    quarantine  integer NOT NULL DEFAULT 0,
    held        integer NOT NULL DEFAULT 0 CHECK (held >= 0),
    allocated   integer NOT NULL DEFAULT 0 CHECK (allocated >= 0),
    safety      integer CHECK (safety >= 0),  -- of this variant here; null: the location's
    PRIMARY KEY (variant_id, location_id)
) WITH (fillfactor = 60);
CREATE INDEX balance_location ON inventory.balance (location_id, variant_id);

-- What somebody may count on: a hold until a moment, or an allocation until it is handed over. Settled ones are gone
-- from here; the ledger knows them. (reference, line), so that two processes that race with one reference and different
-- goods collide.
CREATE TABLE inventory.promise (
    reference   text COLLATE "C" NOT NULL,    -- the basket's or the order's
    line        smallint NOT NULL,
    variant_id  bigint NOT NULL,
    location_id smallint NOT NULL,
    quantity    integer NOT NULL CHECK (quantity > 0),
    fenced      integer NOT NULL DEFAULT 0 CHECK (fenced BETWEEN 0 AND quantity),  -- of them, taken from its channel's fence
    channel     text NOT NULL DEFAULT '',
    expires_at  timestamptz,                  -- until when it is held; null: allocated
    PRIMARY KEY (reference, line)
) WITH (fillfactor = 70);
-- By place in two halves: a look-up by reference made while the table was empty must not find a whole index to read.
CREATE INDEX promise_held ON inventory.promise (variant_id, location_id) WHERE expires_at IS NOT NULL;
CREATE INDEX promise_allocated ON inventory.promise (variant_id, location_id) WHERE expires_at IS NULL;
CREATE INDEX promise_overdue ON inventory.promise (expires_at) WHERE expires_at IS NOT NULL;

-- Units of a location that are kept for a channel. `quantity` is what is left of them: promises to the channel use it up.
CREATE TABLE inventory.fence (
    variant_id  bigint NOT NULL,
    location_id smallint NOT NULL,
    channel     text NOT NULL,
    quantity    integer NOT NULL CHECK (quantity >= 0),
    PRIMARY KEY (variant_id, location_id, channel)
);

-- What a channel does not offer of a variant, all locations together: those who are told late never get the last ones.
CREATE TABLE inventory.threshold (
    variant_id bigint NOT NULL,
    channel    text NOT NULL,
    quantity   integer NOT NULL CHECK (quantity >= 0),
    PRIMARY KEY (variant_id, channel)
);

-- More is promised than lies there. Gone when it is made good.
CREATE TABLE inventory.shortage (
    variant_id  bigint NOT NULL,
    location_id smallint NOT NULL,
    missing     integer NOT NULL CHECK (missing > 0),
    since       timestamptz NOT NULL,
    PRIMARY KEY (variant_id, location_id)
);

-- Append only: every act on the stock. `moved` units came into `state` of the location from the other account (less than
-- zero: went there), so each row balances by itself; d_held and d_allocated are what it did to the promises.
-- The sum of all entries is inventory.balance.
CREATE TABLE inventory.entry (
    entry_id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    variant_id        bigint NOT NULL,
    location_id       smallint NOT NULL,
    state             text NOT NULL DEFAULT 'sellable' CHECK (state IN ('sellable', 'display', 'damaged', 'quarantine')),
    moved             integer NOT NULL DEFAULT 0,
    other_location_id smallint,
    other_state       text CHECK (other_state IN ('sellable', 'display', 'damaged', 'quarantine')),
    d_held            integer NOT NULL DEFAULT 0,
    d_allocated       integer NOT NULL DEFAULT 0,
    act               text NOT NULL,          -- hold, release, expire, allocate, reallocate, hand_over, receive, adjust …
    reason            text NOT NULL DEFAULT '',
    reference         text NOT NULL DEFAULT '',
    actor             text NOT NULL DEFAULT '',
    occurred_at       timestamptz NOT NULL,
    recorded_at       timestamptz NOT NULL,
    CHECK ((moved = 0) = (other_location_id IS NULL) AND (moved = 0) = (other_state IS NULL))
);
CREATE INDEX entry_place ON inventory.entry (variant_id, location_id);
-- The other account of a movement within the house. Promises have none and pay nothing for it.
CREATE INDEX entry_other ON inventory.entry (variant_id, other_location_id) WHERE other_location_id > 3;

-- Goods on their way to one of our locations: sent by another one, through an account in transit, or announced by a
-- supplier (from_location_id 1), whose goods are in no account of ours until they are received.
CREATE TABLE inventory.transfer (
    transfer_id      uuid PRIMARY KEY,        -- the caller's
    from_location_id smallint NOT NULL REFERENCES inventory.location,
    via_location_id  smallint REFERENCES inventory.location,  -- null: a supplier's
    to_location_id   smallint NOT NULL REFERENCES inventory.location,
    supplier         text NOT NULL DEFAULT '',
    note             text NOT NULL DEFAULT '',
    stage            text NOT NULL CHECK (stage IN ('requested', 'under_way', 'received', 'cancelled')),
    requested_at     timestamptz NOT NULL,
    requested_by     text NOT NULL,
    shipped_at       timestamptz,
    closed_at        timestamptz,
    CHECK ((from_location_id = 1) = (via_location_id IS NULL) AND from_location_id <> to_location_id)
);
CREATE INDEX transfer_open ON inventory.transfer (to_location_id, transfer_id) WHERE closed_at IS NULL;
CREATE INDEX transfer_requested ON inventory.transfer (requested_at, transfer_id);

-- What is asked for, has left and has come of each article. What is under way is the difference.
CREATE TABLE inventory.transfer_line (
    transfer_id    uuid NOT NULL REFERENCES inventory.transfer,
    variant_id     bigint NOT NULL,
    quantity       integer NOT NULL CHECK (quantity >= 0),  -- asked for or announced; 0: came unannounced
    shipped        integer NOT NULL DEFAULT 0 CHECK (shipped >= 0),
    received       integer NOT NULL DEFAULT 0 CHECK (received >= 0),
    set_aside      integer NOT NULL DEFAULT 0 CHECK (set_aside BETWEEN 0 AND received),  -- of them, not fit for sale
    missing        integer NOT NULL DEFAULT 0 CHECK (missing >= 0),  -- shipped, and given up
    under_way      integer NOT NULL DEFAULT 0 CHECK (under_way >= 0),  -- shipped, and still to come
    expected_on    date,                      -- null: nobody knows
    to_location_id smallint NOT NULL,         -- its transfer's, repeated: availability asks one index only
    PRIMARY KEY (transfer_id, variant_id)
);
CREATE INDEX transfer_line_under_way ON inventory.transfer_line (variant_id) WHERE under_way > 0;

-- What was received, each lot once however often it is told.
CREATE TABLE inventory.receipt (
    transfer_id uuid NOT NULL REFERENCES inventory.transfer,
    reference   text NOT NULL,                -- the receiver's
    received_at timestamptz NOT NULL,
    actor       text NOT NULL,
    PRIMARY KEY (transfer_id, reference)
);

-- What holds for the whole retailer: one row.
CREATE TABLE inventory.house (
    only_one           boolean PRIMARY KEY DEFAULT true CHECK (only_one),
    review_units       integer NOT NULL DEFAULT 10 CHECK (review_units >= 0),
    review_value_minor bigint CHECK (review_value_minor >= 0),
    accuracy_floor     smallint NOT NULL DEFAULT 0 CHECK (accuracy_floor BETWEEN 0 AND 100),  -- per cent
    doubted_units      integer NOT NULL DEFAULT 1 CHECK (doubted_units >= 0)
);
INSERT INTO inventory.house DEFAULT VALUES;

-- A count of some articles at one location. Who counts does not see the book.
CREATE TABLE inventory.count (
    count_id     uuid PRIMARY KEY,            -- the caller's
    location_id  smallint NOT NULL REFERENCES inventory.location,
    note         text NOT NULL DEFAULT '',
    stage        text NOT NULL CHECK (stage IN ('open', 'review', 'posted', 'rejected', 'cancelled')),
    opened_at    timestamptz NOT NULL,
    opened_by    text NOT NULL,
    submitted_at timestamptz,
    submitted_by text NOT NULL DEFAULT '',
    closed_at    timestamptz,
    closed_by    text NOT NULL DEFAULT '',
    reason       text NOT NULL DEFAULT ''     -- why it was rejected
);
CREATE INDEX count_opened ON inventory.count (opened_at, count_id);

-- What was counted of an article in a state, and what the book said at that moment.
CREATE TABLE inventory.count_line (
    count_id         uuid NOT NULL REFERENCES inventory.count,
    variant_id       bigint NOT NULL,
    state            text NOT NULL CHECK (state IN ('sellable', 'display', 'damaged', 'quarantine')),
    counted          integer CHECK (counted >= 0),  -- null: not counted yet
    counted_at       timestamptz,
    counted_by       text NOT NULL DEFAULT '',
    book             integer,                 -- of the ledger at counted_at, as it was known when it was compared last
    PRIMARY KEY (count_id, variant_id, state),
    CHECK ((counted IS NULL) = (counted_at IS NULL))
);

-- The last count of an article at a place: how far the book can be believed.
CREATE TABLE inventory.accuracy (
    variant_id  bigint NOT NULL,
    location_id smallint NOT NULL,
    counted     integer NOT NULL,
    book        integer NOT NULL,
    counted_at  timestamptz NOT NULL,
    percent     smallint NOT NULL CHECK (percent BETWEEN 0 AND 100),
    withheld    integer NOT NULL DEFAULT 0,   -- units not offered because of it: the house's doubted_units
    PRIMARY KEY (variant_id, location_id)
);

-- Who would buy an article if it were there: told once, the first to ask first, as many as units come free.
CREATE TABLE inventory.ask (
    ask_id       uuid PRIMARY KEY,            -- the caller's
    number       bigint GENERATED ALWAYS AS IDENTITY,  -- the order in which they are told
    variant_id   bigint NOT NULL,
    location_id  smallint REFERENCES inventory.location,  -- null: anywhere
    channel      text,                        -- in which it is wanted: its threshold counts; null: in none that is known
    node_id      bigint NOT NULL,             -- identity.node: whoever it turns out to be
    asked_at     timestamptz NOT NULL,
    told_at      timestamptz,
    told_of      smallint,                    -- where a unit came free
    withdrawn_at timestamptz,
    CHECK (told_at IS NULL OR withdrawn_at IS NULL)
);
CREATE INDEX ask_waiting ON inventory.ask (variant_id, number) WHERE told_at IS NULL AND withdrawn_at IS NULL;
CREATE UNIQUE INDEX ask_once ON inventory.ask (node_id, variant_id, coalesce(location_id, 0))
    WHERE told_at IS NULL AND withdrawn_at IS NULL;

-- published

-- Where stock lies or comes from.
CREATE VIEW inventory.v_location AS
    SELECT location_id, code, kind, name, outlet_id, country, latitude, longitude, time_zone, methods, safety,
           lead_minutes, cut_off, daily_capacity, active
    FROM inventory.location;

-- What lies where; `free` may still be promised.
CREATE VIEW inventory.v_balance AS
    SELECT b.variant_id, b.location_id, l.code AS location, b.sellable, b.display, b.damaged, b.quarantine, b.held,
           b.allocated, coalesce(b.safety, l.safety) AS safety,
           greatest(b.sellable - b.held - b.allocated - coalesce(b.safety, l.safety), 0) AS free
    FROM inventory.balance AS b JOIN inventory.location AS l USING (location_id);

-- What is committed, by reference; those above prove their books against it.
CREATE VIEW inventory.v_allocated AS
    SELECT reference, variant_id, location_id, sum(quantity) AS quantity
    FROM inventory.promise WHERE expires_at IS NULL GROUP BY 1, 2, 3;

-- The ledger by account: each act on the stock appears at both accounts that it touched.
CREATE VIEW inventory.v_ledger AS
    SELECT entry_id, variant_id, location_id, state, moved, d_held, d_allocated, act, reason, reference, occurred_at,
           recorded_at
    FROM inventory.entry
    UNION ALL
    SELECT entry_id, variant_id, other_location_id, other_state, -moved, 0, 0, act, reason, reference, occurred_at,
           recorded_at
    FROM inventory.entry WHERE moved <> 0;

-- What is on its way to where, by article; `stage` of the whole transfer.
CREATE VIEW inventory.v_transfer AS
    SELECT t.transfer_id, f.code AS source, d.code AS target, t.supplier, t.stage, t.requested_at, t.shipped_at,
           t.closed_at, l.variant_id, l.quantity, l.shipped, l.received, l.set_aside, l.missing, l.under_way,
           l.expected_on
    FROM inventory.transfer AS t
    JOIN inventory.transfer_line AS l USING (transfer_id)
    JOIN inventory.location AS f ON f.location_id = t.from_location_id
    JOIN inventory.location AS d ON d.location_id = t.to_location_id;

-- How far the book of an article at a place can be believed: what was counted last against what it said then.
CREATE VIEW inventory.v_accuracy AS
    SELECT a.variant_id, a.location_id, l.code AS location, a.counted, a.book, a.counted_at, a.percent, a.withheld
    FROM inventory.accuracy AS a JOIN inventory.location AS l USING (location_id);

-- Who waits, or waited, for what; the lower number is told first.
CREATE VIEW inventory.v_ask AS
    SELECT a.ask_id, a.number, a.variant_id, l.code AS location, a.channel, a.node_id, a.asked_at, a.told_at,
           a.withdrawn_at
    FROM inventory.ask AS a LEFT JOIN inventory.location AS l USING (location_id);
