CREATE SCHEMA channels;

-- One place where the retailer meets customers: a shop, a site, an app, a call centre, a marketplace, a social account.
-- Ids are small because every event and sale carries one; they are never reused.
CREATE TABLE channels.outlet (
    outlet_id     smallint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    channel       text NOT NULL CHECK (channel IN
                      ('paid', 'social', 'market', 'email', 'sms', 'web', 'app', 'display', 'phone', 'shop')),
    code          text NOT NULL UNIQUE,      -- the retailer's own number of it
    name          text NOT NULL,
    street        text NOT NULL DEFAULT '',
    postcode      text NOT NULL DEFAULT '',
    city          text NOT NULL DEFAULT '',
    region        text NOT NULL DEFAULT '',
    country       text NOT NULL,             -- ISO 3166-1 alpha-2
    latitude      double precision CHECK (latitude BETWEEN -90 AND 90),
    longitude     double precision CHECK (longitude BETWEEN -180 AND 180),
    time_zone     text NOT NULL,             -- IANA; its days and its opening hours are in it
    currency      text NOT NULL,             -- ISO 4217; what its till rings in
    opening_hours json,                      -- records.OpeningHours; null: always open
    active        boolean NOT NULL DEFAULT true,
    recorded_at   timestamptz NOT NULL DEFAULT now(),
    CHECK ((latitude IS NULL) = (longitude IS NULL))
);
CREATE INDEX outlet_latitude ON channels.outlet (latitude) WHERE latitude IS NOT NULL;

-- What sends us events from an outlet: the site's script, the app on iOS, the till software.
CREATE TABLE channels.source (
    source_id  smallint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    outlet_id  smallint NOT NULL REFERENCES channels.outlet,
    name       text NOT NULL UNIQUE,
    salt       bytea NOT NULL,               -- makes message ids of different sources differ; never changes
    trust      double precision NOT NULL DEFAULT 1 CHECK (trust BETWEEN 0 AND 1),  -- weight of its word against others'
    enabled    boolean NOT NULL DEFAULT true,
    added_at   timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX source_outlet ON channels.source (outlet_id);

-- A source may have several live keys: apps in the field keep the old one until they are updated.
-- A write key stands in public pages; it lets its holder send events and nothing else, so it is kept readable.
CREATE TABLE channels.write_key (
    write_key  text PRIMARY KEY,
    source_id  smallint NOT NULL REFERENCES channels.source,
    made_at    timestamptz NOT NULL DEFAULT now(),
    ends_at    timestamptz                   -- null: live until rotated
);
CREATE INDEX write_key_source ON channels.write_key (source_id);

-- published

-- Every place where the retailer meets customers.
CREATE VIEW channels.v_outlet AS
    SELECT outlet_id, channel, code, name, street, postcode, city, region, country, latitude, longitude,
           time_zone, currency, active
    FROM channels.outlet;

-- What sends us events, and where it stands; without its write key.
CREATE VIEW channels.v_source AS
    SELECT s.source_id, s.outlet_id, o.channel, s.name, s.trust, s.enabled, s.added_at
    FROM channels.source AS s JOIN channels.outlet AS o USING (outlet_id);
