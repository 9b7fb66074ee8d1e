CREATE SCHEMA ingest;

-- What a source has promised to send. Versions are kept: a violation names the one it was judged by.
CREATE TABLE ingest.tracking_plan (
    source_id smallint NOT NULL REFERENCES channels.source,
    version   integer NOT NULL,
    mode      text NOT NULL CHECK (mode IN ('observe', 'enforce')),
    unplanned text NOT NULL CHECK (unplanned IN ('allow', 'report')),  -- events that the plan does not name
    events    json NOT NULL,                 -- {event name or call type: JSON Schema of its properties or traits}
    note      text NOT NULL DEFAULT '',
    made_at   timestamptz NOT NULL,
    made_by   text NOT NULL DEFAULT '',
    PRIMARY KEY (source_id, version)
);

-- Events that could not be taken, as they came, until somebody mends or discards them.
-- An SDK that sends its batch again adds no second letter: body_key is the hash of source and body.
CREATE TABLE ingest.dead_letter (
    dead_letter_id   bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    source_id        smallint NOT NULL,
    body_key         uuid NOT NULL,
    received_at      timestamptz NOT NULL,   -- first seen; a replay corrects the sender's clock by it
    last_received_at timestamptz NOT NULL,
    times            integer NOT NULL DEFAULT 1,
    reason           text NOT NULL,
    detail           text NOT NULL,
    event_type       text NOT NULL,          -- 'track', …; empty where it could not be read
    event_name       text NOT NULL,
    body             bytea NOT NULL,         -- bytes: it may be no text at all
    state            text NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'replayed', 'discarded')),
    settled_at       timestamptz,
    settled_by       text NOT NULL DEFAULT ''
);
CREATE UNIQUE INDEX dead_letter_waiting ON ingest.dead_letter (source_id, body_key) WHERE state = 'waiting';
CREATE INDEX dead_letter_reason ON ingest.dead_letter (reason, dead_letter_id) WHERE state = 'waiting';
CREATE INDEX dead_letter_latest ON ingest.dead_letter (last_received_at);

-- How many events each source sent on each day (UTC), and what became of them.
CREATE TABLE ingest.source_day (
    source_id smallint NOT NULL,
    day       date NOT NULL,
    event     text COLLATE "C" NOT NULL,     -- event name, or the type of the other calls; '(other)' beyond a limit
    outcome   text NOT NULL CHECK (outcome IN ('accepted', 'duplicate', 'rejected', 'warned')),
    reason    text NOT NULL,                 -- of what was rejected or warned; empty for the rest
    events    bigint NOT NULL,
    PRIMARY KEY (day, source_id, event, outcome, reason)
) WITH (fillfactor = 70);

-- The same counts as they come, one row for each transaction that wrote events, so that two writers never wait for
-- one counter. Folded into source_day every few seconds.
CREATE TABLE ingest.tally (
    tally_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    day      date NOT NULL,
    counts   json NOT NULL                   -- [{source_id, event, outcome, reason, events}]
);

-- A Bloom filter of the message keys of a day that can no longer change. It says "surely new" without a look into the
-- index of that day; "perhaps seen" is settled by looking.
CREATE TABLE ingest.seen_day (
    day    date PRIMARY KEY,
    keys   bigint NOT NULL,
    filter bytea NOT NULL
);
ALTER TABLE ingest.seen_day ALTER COLUMN filter SET STORAGE EXTERNAL;  -- random bits do not compress

-- published

-- Counts per source, day, event and reason.
CREATE VIEW ingest.v_source_day AS
    SELECT source_id, day, event, outcome, reason, sum(events)::bigint AS events
    FROM (
        SELECT source_id, day, event, outcome, reason, events FROM ingest.source_day
        UNION ALL
        SELECT c.source_id, t.day, c.event, c.outcome, c.reason, c.events
        FROM ingest.tally AS t, json_to_recordset(t.counts)
            AS c (source_id smallint, event text, outcome text, reason text, events bigint)
    ) AS every
    GROUP BY source_id, day, event, outcome, reason;

-- Refused events without their bodies, which may hold personal data.
CREATE VIEW ingest.v_dead_letter AS
    SELECT dead_letter_id, source_id, received_at, last_received_at, times, reason, detail, event_type, event_name, state
    FROM ingest.dead_letter;
