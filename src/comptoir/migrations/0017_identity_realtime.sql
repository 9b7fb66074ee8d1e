-- What was learnt from the records of people: weights, and what their names, fillers and slips are. One is in use.
CREATE TABLE identity.model (
    version   text PRIMARY KEY,
    weights   bytea NOT NULL,              -- matching.Model as JSON
    knowledge bytea NOT NULL,              -- realtime.Knowledge, packed
    records   bigint NOT NULL,
    learnt_at timestamptz NOT NULL,
    state     text NOT NULL CHECK (state IN ('shadow', 'live', 'retired'))
);
CREATE UNIQUE INDEX model_live ON identity.model (state) WHERE state = 'live';

-- What sources say of the person behind an identifier: the record that is compared with all others.
CREATE TABLE identity.account (
    node_id    bigint PRIMARY KEY,
    written    text NOT NULL,              -- JSON, as the sources have it
    clean      text NOT NULL,              -- JSON, as it is compared
    keys       bigint[] NOT NULL,          -- its rows of account_key
    model      text NOT NULL,              -- by whose knowledge it was cleaned
    changed_at timestamptz NOT NULL
) WITH (fillfactor = 90);

-- Who shares a key is worth comparing.
CREATE TABLE identity.account_key (
    key     bigint NOT NULL,
    node_id bigint NOT NULL,
    PRIMARY KEY (key, node_id)
);

-- Accounts whose record has changed and is still to be compared.
CREATE TABLE identity.unmatched (
    node_id bigint PRIMARY KEY,
    since   timestamptz NOT NULL
);

-- Two accounts that may be one person: what a steward is asked.
CREATE TABLE identity.review (
    review_id   bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    a           bigint NOT NULL,
    b           bigint NOT NULL CHECK (a < b),
    bits        double precision NOT NULL,
    probability double precision NOT NULL,
    reasons     jsonb NOT NULL,
    model       text NOT NULL,
    answer      text NOT NULL DEFAULT 'open' CHECK (answer IN ('open', 'same', 'different', 'household', 'later')),
    opened_at   timestamptz NOT NULL,
    answered_at timestamptz,
    answered_by text,
    operation   bigint,                    -- of the journal: what the answer did, to be undone with it
    UNIQUE (a, b)
);
CREATE INDEX review_open ON identity.review (probability DESC, review_id) WHERE answer = 'open';
