CREATE SCHEMA tills;

-- A till, and how far its chain of entries is known. `reached` is the last one before the first gap.
CREATE TABLE tills.device (
    device_id     uuid PRIMARY KEY,
    outlet_id     smallint NOT NULL REFERENCES channels.outlet,
    name          text NOT NULL,
    key_id        uuid NOT NULL UNIQUE,       -- kernel's API key; its secret is kept nowhere
    registered_at timestamptz NOT NULL,
    revoked_at    timestamptz,
    reached       bigint NOT NULL DEFAULT 0,
    gap_since     timestamptz,                -- entries behind a gap are there: somebody was told
    skew_ms       bigint NOT NULL DEFAULT 0,  -- its clock less ours, when it came last
    synced_at     timestamptz
);
CREATE UNIQUE INDEX device_name ON tills.device (outlet_id, name) WHERE revoked_at IS NULL;

-- What a till did, as it told it, by its place in the chain. Append only, but for what becomes of it.
CREATE TABLE tills.entry (
    device_id   uuid NOT NULL,
    sequence    bigint NOT NULL,              -- the device's own count, from 1
    hash        text COLLATE "C" NOT NULL,    -- SHA-256 of the entry without it (RFC 8785), hexadecimal
    previous    text COLLATE "C" NOT NULL,    -- the hash of the entry before
    entry_id    uuid NOT NULL,                -- made by the device
    kind        text NOT NULL,
    occurred_at timestamptz NOT NULL,         -- by the device's clock
    skew_ms     bigint NOT NULL,              -- how wrong that was when the entry came
    received_at timestamptz NOT NULL,
    state       text NOT NULL CHECK (state IN ('done', 'repeated', 'waiting', 'refused', 'faulty')),
    answer      text NOT NULL,                -- records.Answer as JSON: the same entry again gets it again
    body        text NOT NULL,                -- JSON
    PRIMARY KEY (device_id, sequence)
);
CREATE INDEX entry_waiting ON tills.entry (device_id, sequence) WHERE state = 'waiting';
CREATE INDEX entry_faulty ON tills.entry (received_at) WHERE state = 'faulty';

-- What was done once, whichever device told of it: an entry by its id, a receipt by outlet and number.
CREATE TABLE tills.once (
    key text COLLATE "C" PRIMARY KEY
);

-- What contradicts the chain (another entry under a known number, a wrong hash): kept, and nothing done until somebody
-- says so.
CREATE TABLE tills.quarantine (
    quarantine_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    device_id     uuid NOT NULL,
    digest        bytea NOT NULL,             -- of the raw entry: the same again stands here once
    sequence      bigint,
    reason        text NOT NULL,              -- unreadable, hash_differs, fork
    detail        text NOT NULL,
    received_at   timestamptz NOT NULL,
    taken_at      timestamptz,                -- somebody has had it done all the same
    dismissed_at  timestamptz,                -- somebody has decided that nothing is to be done of it
    body          text NOT NULL,              -- the whole entry, as it was sent
    UNIQUE (device_id, digest)
);

-- What tills of an outlet take along, row by row, with the version in which each changed last.
CREATE TABLE tills.snapshot (
    outlet_id smallint PRIMARY KEY REFERENCES channels.outlet,
    version   bigint NOT NULL,
    made_at   timestamptz NOT NULL
);
-- What was told a till of each article, so that the next time only what has changed is told.
CREATE TABLE tills.snapshot_row (
    outlet_id smallint NOT NULL,
    part      text NOT NULL,                  -- prices, stock, taxes, promotions, online_only
    key       text COLLATE "C" NOT NULL,
    body      text,                           -- JSON; null: it is gone
    version   bigint NOT NULL,
    PRIMARY KEY (outlet_id, part, key)
);
CREATE INDEX snapshot_row_version ON tills.snapshot_row (outlet_id, version);

-- published

-- Tills, and how far each has been heard.
CREATE VIEW tills.v_device AS
SELECT device_id, outlet_id, name, registered_at, revoked_at, reached, gap_since, skew_ms, synced_at FROM tills.device;

-- What tills told, without its contents.
CREATE VIEW tills.v_entry AS
SELECT device_id, sequence, entry_id, kind, occurred_at, skew_ms, received_at, state FROM tills.entry;
