CREATE SCHEMA feeds;

-- A file that others' machines fetch: the articles of one outlet, or what lies in the shops of a country. They fetch it
-- without signing in, by an address that holds a secret; of the secret only a SHA-256 is kept (it has 256 random bits).
CREATE TABLE feeds.feed (
    feed_id       smallint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    code          text COLLATE "C" NOT NULL UNIQUE,
    name          text NOT NULL,
    kind          text NOT NULL CHECK (kind IN ('products', 'local_inventory')),
    format        text NOT NULL CHECK (format IN ('xml', 'tsv')),
    outlet_id     smallint REFERENCES channels.outlet,   -- products: whose assortment, prices and contents; local
                                                         -- inventory: the only shop, null for all of the country
    country       text NOT NULL,             -- ISO 3166-1: whose taxes, whose shops
    currency      text NOT NULL,             -- ISO 4217
    language      text NOT NULL DEFAULT '',  -- BCP 47
    link          text NOT NULL DEFAULT '',  -- address of an article's page, with {sku}, {product} or {variant_id}
    limited       integer NOT NULL DEFAULT 3 CHECK (limited >= 0),   -- so many units or fewer are a limited availability
    enabled       boolean NOT NULL DEFAULT true,
    token_hash    bytea UNIQUE,              -- null: nobody can fetch it
    token_made_at timestamptz,
    read_at       timestamptz,               -- when it was last fetched to its end
    items         integer,                   -- how many stood in it then
    left_out      integer,                   -- how many lacked something required; which ones, the report tells
    reasons       jsonb NOT NULL DEFAULT '{}',  -- what they lacked: how many, by attribute
    CHECK (kind = 'local_inventory' OR outlet_id IS NOT NULL)
);

-- published

-- Feeds, without their secrets.
CREATE VIEW feeds.v_feed AS
    SELECT feed_id, code, name, kind, format, outlet_id, country, currency, language, enabled,
           token_hash IS NOT NULL AS open, read_at, items, left_out
    FROM feeds.feed;
