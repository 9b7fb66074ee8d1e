CREATE SCHEMA connectors;

-- A shop on another system, and the outlet that it is here. Its secret signs what it sends (HMAC): so it is kept as it is,
-- shown once, and lets its holder bring orders and nothing else.
CREATE TABLE connectors.connection (
    connection_id smallint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name          text COLLATE "C" NOT NULL UNIQUE,
    platform      text NOT NULL CHECK (platform IN ('shopify', 'woocommerce')),
    outlet_id     smallint NOT NULL REFERENCES channels.outlet,
    secret        text NOT NULL,
    enabled       boolean NOT NULL DEFAULT true,
    added_at      timestamptz NOT NULL
);

-- What they sent, as it came, and what became of it.
CREATE TABLE connectors.delivery (
    delivery_id   bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    connection_id smallint NOT NULL,
    webhook_id    text COLLATE "C" NOT NULL,   -- theirs: the same again is the same
    topic         text NOT NULL,
    subject       text COLLATE "C" NOT NULL,   -- the order it is about; empty: none that could be read
    received_at   timestamptz NOT NULL,
    settled_at    timestamptz,
    state         text NOT NULL DEFAULT 'received'
                      CHECK (state IN ('received', 'waiting', 'done', 'ignored', 'failed')),
                                               -- waiting: for its order, which has not come yet
    code          text NOT NULL DEFAULT '',    -- of the refusal
    detail        text NOT NULL DEFAULT '',
    tries         smallint NOT NULL DEFAULT 0,
    body          bytea NOT NULL,
    UNIQUE (connection_id, webhook_id)
);
CREATE INDEX delivery_due ON connectors.delivery (delivery_id) WHERE state = 'received';
CREATE INDEX delivery_subject ON connectors.delivery (connection_id, subject, delivery_id);
CREATE INDEX delivery_of ON connectors.delivery (connection_id, delivery_id);
CREATE INDEX delivery_failed ON connectors.delivery (delivery_id) WHERE state = 'failed';

-- published

-- What other systems sent, without its contents.
CREATE VIEW connectors.v_delivery AS
SELECT d.delivery_id, c.name AS connection, c.platform, d.webhook_id, d.topic, d.subject, d.received_at, d.settled_at,
       d.state, d.code, d.detail, d.tries
FROM connectors.delivery AS d JOIN connectors.connection AS c USING (connection_id);
