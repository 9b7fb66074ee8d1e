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

-- A rate of a place, in millionths (200000 is 20 %). An empty region is the whole country.
CREATE TABLE pricing.tax_rate (
    country         text NOT NULL,
    region          text NOT NULL DEFAULT '',
    tax_class       text NOT NULL,
    starts_at       timestamptz NOT NULL,
    rate_millionths integer NOT NULL CHECK (rate_millionths BETWEEN 0 AND 1000000),
    PRIMARY KEY (country, region, tax_class, starts_at)
);

-- How a category is taxed, with everything beneath it that says nothing else.
CREATE TABLE pricing.category_tax (
    category_id integer PRIMARY KEY REFERENCES catalog.category,
    tax_class   text NOT NULL
);

-- What is known of a variant beside its prices.
CREATE TABLE pricing.article (
    variant_id     bigint PRIMARY KEY,
    tax_class      text,                     -- null: its category's
    cost_minor     bigint CHECK (cost_minor >= 0),   -- without tax; the margin floor is counted from it
    cost_currency  text,
    cost_per_units integer NOT NULL DEFAULT 1 CHECK (cost_per_units > 0),
    CHECK ((cost_minor IS NULL) = (cost_currency IS NULL))
);

-- What is taken off, as it was described (promotions.PromotionEntry). It is read whole and kept in memory.
CREATE TABLE pricing.promotion (
    promotion_id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    code         text COLLATE "C" NOT NULL UNIQUE,
    promotion    json NOT NULL
);

-- What promotions with a limit have given so far. Apart from the description, because whoever uses one writes here.
CREATE TABLE pricing.allowance (
    promotion_id   integer PRIMARY KEY REFERENCES pricing.promotion,
    max_uses       integer,
    budget_minor   bigint,
    used           integer NOT NULL DEFAULT 0 CHECK (used >= 0),
    reserved       integer NOT NULL DEFAULT 0 CHECK (reserved >= 0),
    spent_minor    bigint NOT NULL DEFAULT 0 CHECK (spent_minor >= 0),
    reserved_minor bigint NOT NULL DEFAULT 0 CHECK (reserved_minor >= 0)
) WITH (fillfactor = 70);

-- Why there are coupons: each opens one promotion.
CREATE TABLE pricing.campaign (
    campaign_id  integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    code         text COLLATE "C" NOT NULL UNIQUE,
    name         text NOT NULL,
    promotion_id integer NOT NULL REFERENCES pricing.promotion,
    per_person   integer CHECK (per_person > 0),             -- uses of one person, over all its codes; null: no limit
    starts_at    timestamptz,
    ends_at      timestamptz,
    enabled      boolean NOT NULL DEFAULT true
);

-- A code is known by its hash only: a stolen backup holds nothing that a till would take. 16 bytes of a SHA-256, kept as
-- a uuid because that is half as large in an index. Codes that we make have more than 70 random bits, so the hash needs
-- no salt, and one look-up finds a code whatever its campaign.
CREATE TABLE pricing.coupon (
    coupon_id   bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    code_hash   uuid NOT NULL UNIQUE,
    campaign_id integer NOT NULL REFERENCES pricing.campaign,
    node_id     bigint,                      -- whose it is (identity.node); null: whoever shows it
    label       text,                        -- of a code that is printed on posters and no secret
    max_uses    integer DEFAULT 1 CHECK (max_uses > 0),      -- null: no limit
    used        integer NOT NULL DEFAULT 0 CHECK (used >= 0),
    reserved    integer NOT NULL DEFAULT 0 CHECK (reserved >= 0),
    CHECK (used + reserved <= max_uses)
) WITH (fillfactor = 80);
CREATE INDEX coupon_campaign ON pricing.coupon (campaign_id, coupon_id);

-- What a basket or an order has of a promotion, by coupon or (coupon_id 0) of one whose uses are limited. One row for
-- ever for each reference: that is what makes settling idempotent. What is reserved and overdue counts as given back
-- even before anybody wrote so.
CREATE TABLE pricing.claim (
    promotion_id integer NOT NULL,
    coupon_id    bigint NOT NULL,
    reference    text COLLATE "C" NOT NULL,
    campaign_id  integer,
    person_id    bigint,                     -- identity's person as it was then
    state        text NOT NULL CHECK (state IN ('reserved', 'redeemed', 'released')),
    amount_minor bigint NOT NULL DEFAULT 0,
    expires_at   timestamptz,
    changed_at   timestamptz NOT NULL,
    PRIMARY KEY (promotion_id, coupon_id, reference),
    CHECK ((state = 'reserved') = (expires_at IS NOT NULL))
);
CREATE INDEX claim_of_coupon ON pricing.claim (coupon_id, expires_at) WHERE state = 'reserved';
CREATE INDEX claim_of_promotion ON pricing.claim (promotion_id, expires_at) WHERE state = 'reserved';
CREATE INDEX claim_overdue ON pricing.claim (expires_at) WHERE state = 'reserved';
CREATE INDEX claim_of_person ON pricing.claim (campaign_id, person_id) WHERE person_id IS NOT NULL;

-- Codes that were tried, by who tried and minute. Counted before the code is looked at, given back where it was good.
CREATE TABLE pricing.guess (
    who    text NOT NULL,
    minute timestamptz NOT NULL,
    tries  integer NOT NULL,
    PRIMARY KEY (who, minute)
);

-- published

-- Coupons and how often they were used; without what they are.
CREATE VIEW pricing.v_coupon AS
    SELECT c.coupon_id, g.code AS campaign, p.code AS promotion, c.node_id, c.label, c.max_uses, c.used, c.reserved
    FROM pricing.coupon AS c JOIN pricing.campaign AS g USING (campaign_id)
    JOIN pricing.promotion AS p USING (promotion_id);

-- Every price with the list that it stands in.
CREATE VIEW pricing.v_price AS
    SELECT p.variant_id, l.code AS price_list, l.currency, l.tax_included, l.channel, l.outlet_id, l.customer_group,
           l.starts_at, l.ends_at, l.priority, l.enabled, p.amount_minor, p.per_units, p.was_minor, p.changed_at
    FROM pricing.price AS p JOIN pricing.price_list AS l USING (price_list_id);
