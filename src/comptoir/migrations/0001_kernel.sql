CREATE SCHEMA kernel;

-- Applied migrations. A changed file is refused by its checksum.
CREATE TABLE kernel.migration (
    name       text PRIMARY KEY,
    checksum   text NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT now()
);

-- How far a demo or a test has moved the clock. One row; the shift only grows, so that the log stays in order of time.
CREATE TABLE kernel.clock (
    one   boolean PRIMARY KEY DEFAULT true CHECK (one),
    shift interval NOT NULL DEFAULT '0' CHECK (shift >= '0')
);
INSERT INTO kernel.clock DEFAULT VALUES;

-- The log. Partitioned by recorded_at (the server's clock), so appends stay in one partition and old days never
-- change. Readers go by (xid, position) below who may still append: nothing can appear behind a cursor.
-- body is JSON as text: it is read far more often by programs than asked by SQL, and parsing it into jsonb
-- would cost a third of the ingest.
CREATE TABLE kernel.event (
    position    bigint GENERATED ALWAYS AS IDENTITY (CACHE 512),
    xid         xid8 NOT NULL DEFAULT pg_current_xact_id(),  -- stable, so COPY keeps its multi-insert path
    lane        smallint NOT NULL,
    kind        text NOT NULL,               -- 'ingest.track', 'orders.sale_recorded'
    name        text NOT NULL,               -- 'Product Viewed'; empty for most facts
    source_id   smallint,                    -- channels.source; null for our own facts
    occurred_at timestamptz NOT NULL,
    recorded_at timestamptz NOT NULL,
    key         uuid NOT NULL,               -- the sender's message id, salted by source; unique within its day
    body        text NOT NULL
) PARTITION BY RANGE (recorded_at);

CREATE FUNCTION kernel.open_day(day date) RETURNS void LANGUAGE plpgsql AS $$
DECLARE part text := 'event_' || to_char(day, 'YYYYMMDD');
BEGIN
    IF to_regclass('kernel.' || part) IS NOT NULL THEN RETURN; END IF;
    PERFORM pg_advisory_xact_lock(hashtext('kernel.open_day'));
    -- Not by to_regclass: it may remember from before the lock that there was none.
    PERFORM FROM pg_class WHERE relnamespace = 'kernel'::regnamespace AND relname = part;
    IF FOUND THEN RETURN; END IF;
    -- While the day lasts nothing is vacuumed, and statistics are made anew when it has doubled: under load both took a
    -- fourteenth of the machine. It is settled once, when it is over (log.settle_days).
    EXECUTE format('CREATE TABLE kernel.%I PARTITION OF kernel.event FOR VALUES FROM (%L) TO (%L)'
                   ' WITH (autovacuum_vacuum_insert_threshold = -1, autovacuum_analyze_scale_factor = 1)',
                   part, day::timestamp AT TIME ZONE 'UTC', (day + 1)::timestamp AT TIME ZONE 'UTC');
    EXECUTE format('CREATE UNIQUE INDEX %I ON kernel.%I (key)', part || '_key', part);
    EXECUTE format('CREATE INDEX %I ON kernel.%I (lane, xid, position)', part || '_lane', part);
    EXECUTE format('CREATE INDEX %I ON kernel.%I USING brin (position)', part || '_position', part);
END $$;

-- Where each consumer stands in each lane; moves in the transaction of the consumer's writes.
CREATE TABLE kernel.cursor (
    consumer text NOT NULL,
    lane     smallint NOT NULL,
    xid      xid8 NOT NULL DEFAULT '0',
    position bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (consumer, lane)
) WITH (fillfactor = 20);

-- Events that a consumer could not digest. They are shown, and can be handed to it again.
CREATE TABLE kernel.parked_event (
    consumer    text NOT NULL,
    position    bigint NOT NULL,
    recorded_at timestamptz NOT NULL,
    kind        text NOT NULL,
    error       text NOT NULL,
    parked_at   timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (consumer, position)
);

-- API keys of machines. The secret has 256 random bits, so a plain SHA-256 of it is enough.
CREATE TABLE kernel.api_key (
    key_id       uuid PRIMARY KEY,
    name         text NOT NULL,
    prefix       text NOT NULL UNIQUE,       -- the part that may be seen
    secret_hash  bytea NOT NULL,
    scopes       text[] NOT NULL CHECK (scopes <> '{}'),
    outlets      smallint[] NOT NULL DEFAULT '{}',  -- in whose name it may act (channels lies above); empty: all
    made_at      timestamptz NOT NULL,
    made_by      text NOT NULL,
    last_used_at timestamptz,                -- to the minute
    revoked_at   timestamptz
);

-- People who sign in.
CREATE TABLE kernel.user_account (
    user_id       uuid PRIMARY KEY,
    email         text NOT NULL UNIQUE CHECK (email = lower(email)),
    name          text NOT NULL,
    password_hash text NOT NULL,             -- argon2id; empty: cannot sign in by password
    roles         text[] NOT NULL CHECK (roles <> '{}'),
    outlet_id     smallint,                  -- the shop of an associate (channels lies above: no foreign key)
    language      text NOT NULL DEFAULT '',
    active        boolean NOT NULL DEFAULT true,
    made_at       timestamptz NOT NULL
);

-- A row is a browser that is signed in; only a hash of its cookie is kept, so a stolen backup opens nothing.
CREATE TABLE kernel.session (
    session_id uuid PRIMARY KEY,
    token_hash bytea NOT NULL UNIQUE,
    user_id    uuid NOT NULL REFERENCES kernel.user_account ON DELETE CASCADE,
    made_at    timestamptz NOT NULL,
    seen_at    timestamptz NOT NULL,
    ends_at    timestamptz NOT NULL,
    address    text NOT NULL,
    agent      text NOT NULL
);
CREATE INDEX session_of_user ON kernel.session (user_id);

-- Attempts to sign in that have not succeeded; written before the password is looked at.
CREATE TABLE kernel.failed_sign_in (
    attempt_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    account    text NOT NULL,
    address    text NOT NULL,
    at         timestamptz NOT NULL
);
CREATE INDEX failed_sign_in_account ON kernel.failed_sign_in (account, at);
CREATE INDEX failed_sign_in_address ON kernel.failed_sign_in (address, at);

-- Every change of the world with its actor, written in the transaction of the change.
CREATE TABLE kernel.audit (
    entry_id   bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at         timestamptz NOT NULL,
    actor_kind text NOT NULL,                -- 'user', 'key', 'system', 'nobody'
    actor_id   uuid,
    actor_name text NOT NULL,                -- as it was then
    action     text NOT NULL,                -- 'channels.add_source'
    target     text NOT NULL,                -- 'source:7', or the path
    before     json,
    after      json,
    request_id text NOT NULL
);
CREATE INDEX audit_target ON kernel.audit (target, entry_id);
CREATE INDEX audit_actor ON kernel.audit (actor_id, entry_id);

-- Answers kept under their Idempotency-Key for a day, written in the transaction of the work.
CREATE TABLE kernel.idempotency (
    actor      text NOT NULL,
    route      text NOT NULL,
    key        text NOT NULL,
    body_hash  bytea NOT NULL,
    status     smallint NOT NULL,
    media_type text NOT NULL,
    answer     bytea,                        -- null: it held a secret, and was shown once
    kept_at    timestamptz NOT NULL,
    PRIMARY KEY (actor, route, key)
);
CREATE INDEX idempotency_kept_at ON kernel.idempotency (kept_at);

-- Full case folding (Unicode), as Python's str.casefold does it. A PostgreSQL before 18 has no `casefold`:
-- it is given another body (kernel.rules.folding).
SET LOCAL check_function_bodies = off;
CREATE FUNCTION kernel.folded(given text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT casefold(given COLLATE "pg_unicode_fast")
$$;
