CREATE SCHEMA rfid;

-- The JSON-LD contexts under which events were sent: few, and shared by many events.
CREATE TABLE rfid.context (
    context_id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    digest     bytea NOT NULL UNIQUE,                       -- SHA-256 of body
    body       text NOT NULL                                -- JSON
);

-- One document that was sent, and what became of it. Its body waits here for the job and is dropped with its end.
CREATE TABLE rfid.capture (
    capture_id  uuid PRIMARY KEY,
    behaviour   text NOT NULL CHECK (behaviour IN ('rollback', 'proceed')),
    created_at  timestamptz NOT NULL,
    finished_at timestamptz,                                -- null: under way
    success     boolean NOT NULL DEFAULT true,
    body        bytea,
    events      integer NOT NULL,                           -- how many the document holds
    done        integer NOT NULL DEFAULT 0,                 -- how many of them are settled: a job goes on from here
    stored      integer NOT NULL DEFAULT 0,
    repeated    integer NOT NULL DEFAULT 0,                 -- were on record already
    refused     integer NOT NULL DEFAULT 0,
    errors      jsonb NOT NULL DEFAULT '[]',                -- the first faults, as problems
    CHECK ((body IS NULL) = (finished_at IS NOT NULL))
);
CREATE INDEX capture_created ON rfid.capture (created_at, capture_id);

-- What readers saw, as it was sent. Never changed: an error is declared by a further event.
CREATE TABLE rfid.event (
    event_id     bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    key          bytea NOT NULL UNIQUE,                     -- canonical hash (CBV 2.0), with the error declaration if any
    uri          text COLLATE "C" NOT NULL,                 -- eventID; made of the key where none was sent
    type         text COLLATE "C" NOT NULL,
    action       text COLLATE "C",                          -- null: the type has none
    event_time   timestamptz NOT NULL,
    recorded_at  timestamptz NOT NULL,
    declared_at  timestamptz,                               -- an earlier event is declared to be an error
    declares     bytea,                                     -- the key of that event, on record or not
    biz_step     text COLLATE "C",                          -- the word of CBV, or somebody's own URI
    disposition  text COLLATE "C",
    read_point   text COLLATE "C",                          -- these two as canonical Digital Link where they are GLNs
    biz_location text COLLATE "C",
    -- What it tells of: a letter for the part that a thing plays, and its canonical name (documents.things).
    things       text[] COLLATE "C" NOT NULL,
    context_id   integer NOT NULL REFERENCES rfid.context,
    capture_id   uuid NOT NULL,
    body         text NOT NULL                              -- JSON, byte for byte as it was sent
);
CREATE INDEX event_happened ON rfid.event (event_time, event_id);
CREATE INDEX event_recorded ON rfid.event (recorded_at, event_id);
CREATE INDEX event_uri ON rfid.event (uri);
CREATE INDEX event_read_point ON rfid.event (read_point, event_time);
CREATE INDEX event_biz_location ON rfid.event (biz_location, event_time);
CREATE INDEX event_capture ON rfid.event (capture_id);
CREATE INDEX event_declares ON rfid.event (declares) WHERE declares IS NOT NULL;
-- Without the list of entries to be sorted in later: it would make the search for one tag slow by turns.
CREATE INDEX event_things ON rfid.event USING gin (things) WITH (fastupdate = off);

-- ---- what becomes of it

-- Where readers stand: a read point or business location, by its canonical name.
CREATE TABLE rfid.place (
    name        text COLLATE "C" PRIMARY KEY,
    location_id smallint NOT NULL REFERENCES inventory.location
);

-- What reads do to the stock. A set is never changed: the newest version is in force.
CREATE TABLE rfid.rule_set (
    version integer PRIMARY KEY CHECK (version > 0),
    made_at timestamptz NOT NULL,
    made_by text NOT NULL
);

-- A rule of a set: if an event is so, this becomes of it.
CREATE TABLE rfid.reading_rule (
    version   integer NOT NULL REFERENCES rfid.rule_set,
    line      smallint NOT NULL,                            -- the first whose condition holds decides
    name      text NOT NULL,                                -- sessions are kept by it, across versions
    condition jsonb NOT NULL,                               -- kernel.rules
    outcome   jsonb NOT NULL,
    PRIMARY KEY (version, line),
    UNIQUE (version, name)
);

-- Events that nobody has judged yet. Written with the event, emptied with what becomes of it.
CREATE TABLE rfid.unjudged (
    event_id bigint PRIMARY KEY REFERENCES rfid.event
);

-- Reads that belong together, until it is quiet: they become one count, one receipt, one shipment.
CREATE TABLE rfid.session (
    session_id  uuid PRIMARY KEY,                           -- of a count: its count_id as well
    kind        text NOT NULL CHECK (kind IN ('count', 'receive', 'ship')),
    rule        text NOT NULL,
    location_id smallint NOT NULL REFERENCES inventory.location,
    transfer_id uuid,                                       -- null: the events name none
    outcome     jsonb NOT NULL,                             -- of the rule, as it was when the newest read came
    first_at    timestamptz NOT NULL,
    last_at     timestamptz NOT NULL,                       -- when it was read, by the reader's clock
    heard_at    timestamptz NOT NULL,                       -- when the newest of them was captured
    stage       text NOT NULL CHECK (stage IN ('open', 'done', 'empty')),  -- empty: nothing came of it
    why         text NOT NULL DEFAULT '',                   -- it waits, or what of it came to nothing
    try_at      timestamptz NOT NULL,
    closed_at   timestamptz,
    became      uuid,                                       -- the count or the transfer
    CHECK ((closed_at IS NULL) = (stage = 'open'))
);
CREATE INDEX session_open ON rfid.session (try_at) WHERE stage = 'open';
CREATE INDEX session_place ON rfid.session (location_id, rule, last_at);
CREATE INDEX session_became ON rfid.session (became) WHERE became IS NOT NULL;
CREATE INDEX session_newest ON rfid.session (last_at, session_id);

-- What was read in a session: each piece once, however often it was seen.
CREATE TABLE rfid.session_tag (
    session_id uuid NOT NULL REFERENCES rfid.session,
    tag        text COLLATE "C" NOT NULL,                   -- canonical name; without serial: with the event
    gtin       text,                                        -- null: it is no article
    quantity   integer NOT NULL,
    read_at    timestamptz NOT NULL,
    PRIMARY KEY (session_id, tag)
);

-- In what state a piece was seen last, by the reader's clock.
CREATE TABLE rfid.piece_state (
    tag         text COLLATE "C" NOT NULL,
    location_id smallint NOT NULL REFERENCES inventory.location,
    state       text NOT NULL,
    seen_at     timestamptz NOT NULL,
    key         bytea NOT NULL,                             -- of the event: of two at once the greater holds
    PRIMARY KEY (tag, location_id)
);

-- What became of an event, once.
CREATE TABLE rfid.reading (
    event_id    bigint PRIMARY KEY REFERENCES rfid.event,
    judged_at   timestamptz NOT NULL,
    version     integer REFERENCES rfid.rule_set,           -- null: there were no rules
    rule        text NOT NULL DEFAULT '',
    fate        text NOT NULL CHECK (fate IN ('unwanted', 'declaration', 'taken_back', 'nowhere', 'late', 'gathered',
                                              'moved', 'sale', 'ignored')),
    location_id smallint,
    session_id  uuid REFERENCES rfid.session,
    pieces      integer NOT NULL DEFAULT 0,                 -- of the articles that it tells of
    strays      integer NOT NULL DEFAULT 0                  -- tags that are no article of the catalog
);
CREATE INDEX reading_session ON rfid.reading (session_id);
CREATE INDEX reading_fate ON rfid.reading (fate, event_id);

-- Tags that a rule wanted, and that were no article of the catalog when they were judged.
CREATE TABLE rfid.stray (
    tag         text COLLATE "C" PRIMARY KEY,
    gtin        text,
    location_id smallint NOT NULL,
    first_at    timestamptz NOT NULL,
    last_at     timestamptz NOT NULL,
    event_id    bigint NOT NULL REFERENCES rfid.event       -- one that tells of it
);
CREATE INDEX stray_newest ON rfid.stray (last_at, tag);

-- published

-- What readers saw, in columns. `body` is the event of EPCIS 2.0 as it was sent.
CREATE VIEW rfid.v_event AS
SELECT event_id, uri, type, action, event_time, recorded_at, declared_at, biz_step, disposition, read_point,
       biz_location, capture_id, body
FROM rfid.event;

-- What became of events.
CREATE VIEW rfid.v_reading AS
SELECT event_id, judged_at, version, rule, fate, location_id, session_id, pieces, strays FROM rfid.reading;
