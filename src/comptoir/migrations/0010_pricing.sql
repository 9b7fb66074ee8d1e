CREATE SCHEMA pricing;

-- What holds for every quote; one row. Its version changes with everything that a process keeps in memory to quote
-- (lists, taxes, promotions, campaigns): each batch of quotes looks at it first, so a change is seen by the next quote.
-- Random and not a count: a count that was rolled back would come again with other contents behind it.
CREATE TABLE pricing.house (
    only_row                  boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    version                   uuid NOT NULL DEFAULT gen_random_uuid(),
    mode                      text NOT NULL DEFAULT 'best' CHECK (mode IN ('best', 'priority')),
    max_discount_basis_points integer NOT NULL DEFAULT 10000 CHECK (max_discount_basis_points BETWEEN 0 AND 10000),
    margin_floor_basis_points integer CHECK (margin_floor_basis_points BETWEEN -100000 AND 9999)  -- null: no floor
);
INSERT INTO pricing.house DEFAULT VALUES;

-- Prices that hold together: in one currency, for whom, where and when. What is null holds everywhere or for everybody,
-- so a price is the same on all channels until a list says otherwise.
CREATE TABLE pricing.price_list (
    price_list_id  integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    code           text COLLATE "C" NOT NULL UNIQUE,
    name           text NOT NULL,
    currency       text NOT NULL,            -- ISO 4217; nothing is ever converted from one to another
    tax_included   boolean NOT NULL,
    channel        text,
    outlet_id      smallint REFERENCES channels.outlet,
    customer_group text,
    starts_at      timestamptz,
    ends_at        timestamptz,
    priority       smallint NOT NULL DEFAULT 0,
    enabled        boolean NOT NULL DEFAULT true,
    CHECK (starts_at < ends_at)
);

-- One price. By variant first, because a basket asks for a few variants in all lists that apply to it.
CREATE TABLE pricing.price (
    variant_id    bigint NOT NULL,
    price_list_id integer NOT NULL REFERENCES pricing.price_list,
    amount_minor  bigint NOT NULL CHECK (amount_minor >= 0),
    per_units     integer NOT NULL DEFAULT 1 CHECK (per_units > 0),  -- 1000: what is counted in grams, priced by the kilo
    was_minor     bigint CHECK (was_minor >= amount_minor),          -- the earlier price, where one is shown beside it
    changed_at    timestamptz NOT NULL,
    PRIMARY KEY (variant_id, price_list_id)
);
CREATE INDEX price_of_list ON pricing.price (price_list_id, variant_id);

-- published

-- Every price with the list that it stands in.
CREATE VIEW pricing.v_price AS
    SELECT p.variant_id, l.code AS price_list, l.currency, l.tax_included, l.channel, l.outlet_id, l.customer_group,
           l.starts_at, l.ends_at, l.priority, l.enabled, p.amount_minor, p.per_units, p.was_minor, p.changed_at
    FROM pricing.price AS p JOIN pricing.price_list AS l USING (price_list_id);
