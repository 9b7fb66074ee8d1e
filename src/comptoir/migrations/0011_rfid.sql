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
-- Without the list of entries to be sorted in later: it would make the search for one tag slow by turns.
CREATE INDEX event_things ON rfid.event USING gin (things) WITH (fastupdate = off);

-- published

-- What readers saw, in columns. `body` is the event of EPCIS 2.0 as it was sent.
CREATE VIEW rfid.v_event AS
SELECT event_id, uri, type, action, event_time, recorded_at, declared_at, biz_step, disposition, read_point,
       biz_location, capture_id, body
FROM rfid.event;
