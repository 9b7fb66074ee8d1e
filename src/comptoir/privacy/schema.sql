-- People's rights over their data: requests, erasure, the proof of it; who looked at whom; how long things are kept.

CREATE SCHEMA privacy;

-- A request of a person. Who asked, and how it was made sure that it was she, is emptied with her.
CREATE TABLE privacy.request (
    request_id  bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    reference   text NOT NULL UNIQUE,          -- the caller's: the same again is one request
    kind        text NOT NULL CHECK (kind IN ('access', 'portability', 'erasure', 'rectification', 'restriction')),
    state       text NOT NULL DEFAULT 'received'
                CHECK (state IN ('received', 'verified', 'running', 'waiting', 'done', 'refused')),
    node_id     bigint,                        -- a node of hers (identity.node); null once she is erased
    requester   text NOT NULL,                 -- who asked, in words. Personal
    came_by     text NOT NULL DEFAULT '',      -- letter, e-mail, telephone, shop
    verified_by text NOT NULL DEFAULT '',      -- how it was made sure that it was she
    note        text NOT NULL DEFAULT '',
    answer      text NOT NULL DEFAULT '',      -- why it was refused, what was done
    language    text NOT NULL DEFAULT 'en' CHECK (language IN ('en', 'fr')),
    received_at timestamptz NOT NULL,
    due_at      timestamptz NOT NULL,          -- one month (GDPR, article 12.3)
    opened_by   text NOT NULL,
    closed_at   timestamptz,
    closed_by   text NOT NULL DEFAULT ''
);
CREATE INDEX request_open ON privacy.request (due_at) WHERE closed_at IS NULL;

-- How far an erasure has come. What names her is in here for as long as it runs, and not a moment longer.
CREATE TABLE privacy.erasure (
    request_id bigint PRIMARY KEY REFERENCES privacy.request,
    phase      text NOT NULL CHECK (phase IN ('hidden', 'links', 'log', 'values', 'files', 'proof', 'done')),
    nodes      bigint[] NOT NULL,
    orders     uuid[] NOT NULL DEFAULT '{}',
    sales      bigint[] NOT NULL DEFAULT '{}',
    returns    uuid[] NOT NULL DEFAULT '{}',
    doubtful   json NOT NULL DEFAULT '[]',     -- identity.erasing.Doubtful, until the officer has decided
    named      json,                           -- privacy.values.Named: her identifiers; null when it is done
    day        date,                           -- of the log, up to which it was emptied
    counts     json NOT NULL DEFAULT '{}',     -- rows by table and what became of them
    rounds     smallint NOT NULL DEFAULT 0,    -- how often the proof found something and it began again
    hidden_at  timestamptz NOT NULL,
    changed_at timestamptz NOT NULL
);

-- The proof of an erasure, without anything of hers. Numbered without a gap.
CREATE TABLE privacy.certificate (
    number     integer PRIMARY KEY,
    request_id bigint NOT NULL UNIQUE REFERENCES privacy.request,
    content    text NOT NULL,                  -- privacy.certificates.Certificate as JSON
    pdf        bytea NOT NULL,
    digest     bytea NOT NULL,                 -- SHA-256 of content and PDF
    issued_at  timestamptz NOT NULL
);

-- Who looked at whom, by the hour. By the person's node of then.
CREATE TABLE privacy.sight (
    node_id    bigint NOT NULL,
    hour       timestamptz NOT NULL,
    actor_kind text NOT NULL,
    actor      text NOT NULL,
    via        text NOT NULL,                  -- the page, or the route
    at         timestamptz NOT NULL,
    times      integer NOT NULL,
    PRIMARY KEY (node_id, hour, actor, via)
) WITH (fillfactor = 80);
CREATE INDEX sight_at ON privacy.sight (at);

-- published

-- Requests and their deadlines, without who asked.
CREATE VIEW privacy.v_request AS
SELECT request_id, kind, state, received_at, due_at, closed_at FROM privacy.request;
