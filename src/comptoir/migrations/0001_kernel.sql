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
-- change. Readers go by (xid, position) below pg_snapshot_xmin: nothing can appear behind a cursor.
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
    IF to_regclass('kernel.' || part) IS NOT NULL THEN RETURN; END IF;
    EXECUTE format('CREATE TABLE kernel.%I PARTITION OF kernel.event FOR VALUES FROM (%L) TO (%L)',
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
