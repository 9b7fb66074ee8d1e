CREATE SCHEMA orders;

-- What was sold or given back, at any outlet: a till's receipt, a completed order of a site, a call centre's, a
-- marketplace's. It is a physical fact: it is recorded whatever we think of it, and never changed; only what an event
-- told of it gives way to the shop's own account. What leads to it (baskets, the order book, fulfilment) will get
-- tables of its own that point here.
-- All amounts are in minor units of the currency; those of a return are negative, so that sums need no CASE.
CREATE TABLE orders.sale (
    sale_id        bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    outlet_id      smallint NOT NULL REFERENCES channels.outlet,
    receipt_number text COLLATE "C" NOT NULL,  -- the outlet's own; an online order's id
    is_return      boolean NOT NULL,
    node_id        bigint,                     -- identity.node that was named on it; null: nobody was. No foreign key: hot
    occurred_at    timestamptz NOT NULL,
    business_day   date NOT NULL,              -- of occurred_at on the outlet's own calendar
    recorded_at    timestamptz NOT NULL,
    corrected_at   timestamptz,                -- when the shop's account took the place of an event's
    currency       text NOT NULL,              -- ISO 4217
    amount_minor   bigint NOT NULL,            -- the lines before discounts
    discount_minor bigint NOT NULL,
    tax_minor      bigint NOT NULL,
    tax_included   boolean NOT NULL,           -- whether the lines' amounts hold the tax already
    total_minor    bigint NOT NULL,
    units          integer NOT NULL,           -- pieces of goods; what is sold by weight counts one a line
    line_count     smallint NOT NULL,
    cashier        text,
    till           text,
    origin_sale_id bigint,                     -- of a return: the sale it takes back
    source_id      smallint,                   -- channels.source whose event told of it; null: the shop itself did
    flags          text[] NOT NULL DEFAULT '{}',  -- taken, but look at it: unknown_sku, unknown_original,
                                                  -- unusable_identifier, adjusted
    content        bytea NOT NULL,             -- digest: the same receipt again says the same
    CONSTRAINT sale_adds_up CHECK (
        total_minor = amount_minor - discount_minor + CASE WHEN tax_included THEN 0 ELSE tax_minor END)
);
-- By number first: a clerk reads a number off a slip and may not know the shop. C collation: a prefix is an index range.
CREATE UNIQUE INDEX sale_receipt ON orders.sale (receipt_number, outlet_id);
CREATE INDEX sale_node ON orders.sale (node_id, occurred_at) WHERE node_id IS NOT NULL;
CREATE INDEX sale_day ON orders.sale (business_day, outlet_id);
CREATE INDEX sale_origin ON orders.sale (origin_sale_id) WHERE origin_sale_id IS NOT NULL;
CREATE INDEX sale_flagged ON orders.sale (business_day) WHERE flags <> '{}';

-- What is on the receipt, line by line. No foreign keys here and beneath: only record() writes these, with their sale,
-- by COPY; reconcile() proves that they belong together.
-- net = amount_minor - discount_minor, plus the tax where it is not included.
CREATE TABLE orders.sale_line (
    sale_id          bigint NOT NULL,
    line_number      smallint NOT NULL,        -- from 1, as on the receipt
    quantity         bigint NOT NULL,          -- thousandths: 1000 is one piece, 1250 is 1.250 kg; negative given back
    amount_minor     bigint NOT NULL,          -- before discounts
    discount_minor   bigint NOT NULL,          -- this line's discounts, and its share of those on the whole receipt
    tax_minor        bigint NOT NULL,
    kind             text NOT NULL,            -- goods, service, shipping, deposit, adjustment
    sku              text,                     -- as it was sent
    variant_id       bigint,                   -- catalog.variant; null: the catalog does not know the SKU
    category_id      integer,                  -- catalog.category as it was when it was sold
    gtin             text,                     -- as it was scanned
    name             text,                     -- as it was printed; null: see the catalog
    unit_price_minor bigint,                   -- as it was printed
    PRIMARY KEY (sale_id, line_number)
);

-- Every reduction and why. A discount on the whole receipt is spread over its lines by largest remainder.
CREATE TABLE orders.discount (
    sale_id      bigint NOT NULL,
    line_number  smallint NOT NULL,
    place        smallint NOT NULL,            -- from 1, within the line
    amount_minor bigint NOT NULL,
    kind         text NOT NULL,                -- retail, coupon, coupon_match, loyalty, staff … the sender's word
    code         text,                         -- of the coupon or promotion
    PRIMARY KEY (sale_id, line_number, place)
);

-- How it was paid, change already taken off.
CREATE TABLE orders.tender (
    sale_id      bigint NOT NULL,
    place        smallint NOT NULL,            -- from 1
    amount_minor bigint NOT NULL,
    kind         text NOT NULL,                -- cash, card, gift_card, voucher, coupon, points … the sender's word
    reference    text,                         -- of the payment; never a card number
    PRIMARY KEY (sale_id, place)
);

-- Orders that a source told of by an event and that could not become a sale, with the reason: data quality shows them.
CREATE TABLE orders.unrecorded (
    position          bigint PRIMARY KEY,      -- of the event in the log
    event_recorded_at timestamptz NOT NULL,    -- in which day of the log
    source_id         smallint,
    event_name        text NOT NULL,
    order_number      text NOT NULL,           -- empty where it could not be read
    code              text NOT NULL,           -- of the refusal
    detail            text NOT NULL,
    kept_at           timestamptz NOT NULL
);

-- A basket is one document, folded in memory: five kinds of steps cost one SELECT and one INSERT.
CREATE TABLE orders.basket (
    basket_id   uuid PRIMARY KEY,              -- the caller's own: making it again makes one
    state       text NOT NULL CHECK (state IN ('open', 'ordered', 'merged', 'abandoned')),
    node_id     bigint,                        -- identity.node of whose it is; null: nobody was named
    device      text,                          -- on which it was begun; null: nobody has said
    held_until  timestamptz,                   -- its goods are held until then; null: they are not
    claim       uuid,                          -- digest of the code by which it may be taken over
    body        text NOT NULL,                 -- orders.baskets.Basket as JSON; text: it is read whole
    changed_at  timestamptz NOT NULL,
    quiet_since timestamptz NOT NULL           -- changed_at to ten minutes: most steps leave the index as it is (HOT)
) WITH (fillfactor = 50);
CREATE INDEX basket_quiet ON orders.basket (state, quiet_since);
CREATE INDEX basket_node ON orders.basket (node_id) WHERE node_id IS NOT NULL;
CREATE INDEX basket_device ON orders.basket (device) WHERE device IS NOT NULL;
CREATE INDEX basket_claim ON orders.basket (claim) WHERE claim IS NOT NULL;

-- The order book of all channels. An order takes the id of its basket, and its goods are promised under that id.
CREATE TABLE orders.sales_order (
    order_id       uuid PRIMARY KEY,
    order_number   bigint GENERATED ALWAYS AS IDENTITY (START WITH 100001) UNIQUE,
    outlet_id      smallint NOT NULL REFERENCES channels.outlet,
    channel        text NOT NULL,
    node_id        bigint,
    currency       text NOT NULL,
    delivery       json NOT NULL,              -- orders.baskets.Delivery, as it was agreed. Personal
    payment        json,                       -- orders.baskets.Payment; null: nothing was to be paid
    delivery_minor bigint NOT NULL,
    discount_minor bigint NOT NULL,
    tax_minor      bigint NOT NULL,
    total_minor    bigint NOT NULL,
    state          text NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'done', 'cancelled')),
                                               -- done: no piece is open, and one at least was handed over
    placed_at      timestamptz NOT NULL,
    sourced        json,                       -- orders.sourcing.Reasons: why its goods come from where they come
    groups         json                        -- of customers, whose prices held; null: none
) WITH (fillfactor = 90);
CREATE INDEX sales_order_node ON orders.sales_order (node_id, placed_at) WHERE node_id IS NOT NULL;
CREATE INDEX sales_order_placed ON orders.sales_order (placed_at);

-- A line as it was quoted: what was paid for it is never reckoned anew.
CREATE TABLE orders.sales_order_line (
    order_id         uuid NOT NULL,
    line             integer NOT NULL,
    variant_id       bigint NOT NULL,
    sku              text NOT NULL,
    quantity         integer NOT NULL,
    unit_price_minor bigint NOT NULL,
    amount_minor     bigint NOT NULL,
    discount_minor   bigint NOT NULL,
    tax_minor        bigint NOT NULL,
    total_minor      bigint NOT NULL,
    effects          json NOT NULL,
    instead_of       integer,                  -- the line whose pieces it replaces; the order's sums do not hold it
    PRIMARY KEY (order_id, line)
);

-- The work at one location for one order. A location that is given pieces again later gets new work.
-- coming: the pieces are under way to it from another location; open: nobody has taken it on; done: what was to leave
-- has left; cancelled: nothing did.
CREATE TABLE orders.fulfilment (
    fulfilment_id  bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    order_id       uuid NOT NULL,
    location_id    smallint NOT NULL,
    method         text NOT NULL CHECK (method IN ('ship', 'collect', 'transfer')),
    destination_id smallint,                   -- of a transfer: the location where the customer collects
    state          text NOT NULL DEFAULT 'open'
                   CHECK (state IN ('coming', 'open', 'accepted', 'ready', 'done', 'cancelled')),
    due_at         timestamptz,                -- by when it is to be ready
    late           boolean NOT NULL DEFAULT false,  -- it was not, and that was told
    keep_until     timestamptz,                -- ready for collection: goes back to the shelf after this
    picker         text NOT NULL DEFAULT '',   -- who walks for it
    wave_id        bigint,                     -- in which walk
    shelf          text NOT NULL DEFAULT '',   -- where it waits
    carrier        text NOT NULL DEFAULT '',
    tracking       text NOT NULL DEFAULT '',
    sscc           text NOT NULL DEFAULT '',   -- GS1 number of the parcel, 18 digits
    changed_at     timestamptz NOT NULL,
    promised_on    date                        -- the day of the location in whose capacity it counts; null: in none
) WITH (fillfactor = 80);
CREATE INDEX fulfilment_order ON orders.fulfilment (order_id);
CREATE INDEX fulfilment_work ON orders.fulfilment (location_id, due_at)
    WHERE state IN ('coming', 'open', 'accepted', 'ready');
CREATE INDEX fulfilment_wave ON orders.fulfilment (wave_id) WHERE wave_id IS NOT NULL;
CREATE SEQUENCE orders.wave;                   -- walks
CREATE INDEX fulfilment_due ON orders.fulfilment (due_at) WHERE state IN ('open', 'accepted') AND NOT late;
CREATE INDEX fulfilment_kept ON orders.fulfilment (keep_until) WHERE state = 'ready';

-- The pieces of a line that come from there, by state: none is in two, none is lost; the rest is still to be picked.
CREATE TABLE orders.fulfilment_line (
    fulfilment_id bigint NOT NULL,
    line          integer NOT NULL,
    order_id      uuid NOT NULL,
    location_id   smallint NOT NULL,           -- where they lie: of work that is coming, the account in transit
    variant_id    bigint NOT NULL,
    quantity      integer NOT NULL CHECK (quantity > 0),
    picked        integer NOT NULL DEFAULT 0 CHECK (picked >= 0),       -- in the box, not yet handed over
    handed_over   integer NOT NULL DEFAULT 0 CHECK (handed_over >= 0),  -- the customer or her carrier has them
    cancelled     integer NOT NULL DEFAULT 0 CHECK (cancelled >= 0),    -- not wanted any more, or not to be had at all
    rejected      integer NOT NULL DEFAULT 0 CHECK (rejected >= 0),     -- not to be had there: sourced anew
    sent          integer NOT NULL DEFAULT 0 CHECK (sent >= 0),         -- left for the destination: its work has them
    open          integer GENERATED ALWAYS AS (quantity - handed_over - cancelled - rejected - sent) STORED,
                                               -- picked or to pick: as many are allocated to the order there
    PRIMARY KEY (fulfilment_id, line),
    CHECK (picked + handed_over + cancelled + rejected + sent <= quantity)
) WITH (fillfactor = 80);
CREATE INDEX fulfilment_line_order ON orders.fulfilment_line (order_id, line);

-- Pieces that no location has been found for, in the order in which they wait: what of a line is in nobody's work. It
-- says again what the pieces say, so that somebody can begin with who has waited longest.
CREATE TABLE orders.waiting (
    order_id   uuid NOT NULL,
    line       integer NOT NULL,
    variant_id bigint NOT NULL,
    pieces     integer NOT NULL CHECK (pieces > 0),
    since      timestamptz NOT NULL,
    PRIMARY KEY (order_id, line)
);
CREATE INDEX waiting_since ON orders.waiting (since, order_id);

-- What was done for it, by whom and why: the life of an order is told from here.
CREATE TABLE orders.fulfilment_act (
    act_id        bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    fulfilment_id bigint NOT NULL,
    order_id      uuid NOT NULL,
    act           text NOT NULL,               -- accept, pick, reject, ready, hand_over …
    line          integer,                     -- null: it concerns all of it
    pieces        integer NOT NULL DEFAULT 0,
    reason        text NOT NULL DEFAULT '',
    reference     text NOT NULL DEFAULT '',    -- the caller's: the same again is done once
    actor         text NOT NULL DEFAULT '',
    done_at       timestamptz NOT NULL
);
CREATE INDEX fulfilment_act_order ON orders.fulfilment_act (order_id);

-- What left at once for the customer: over a counter, to her or somebody for her, or to a carrier.
CREATE TABLE orders.parcel (
    order_id       uuid NOT NULL,
    place          smallint NOT NULL,          -- from 1; with the order's number it is the number of the receipt
    fulfilment_id  bigint NOT NULL,
    sale_id        bigint NOT NULL,
    lines          json NOT NULL,              -- [[line, pieces], …]
    total_minor    bigint NOT NULL,            -- what was taken for it
    carrier        text NOT NULL DEFAULT '',
    tracking       text NOT NULL DEFAULT '',
    sscc           text NOT NULL DEFAULT '',
    proof          json,                       -- orders.fulfilment.Proof. Personal
    handed_over_at timestamptz NOT NULL,
    PRIMARY KEY (order_id, place)
);

-- What somebody must look at: pieces that cannot be had, work that is late, money that does not come.
CREATE TABLE orders.task (
    task_id       bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind          text NOT NULL,               -- not_found, short, late, lost, payment … by orders.tasks
    order_id      uuid,
    fulfilment_id bigint,
    location_id   smallint,                    -- whose it is; null: the office's
    why           text NOT NULL,
    data          json NOT NULL DEFAULT '{}',
    opened_at     timestamptz NOT NULL,
    closed_at     timestamptz,
    closed_by     text NOT NULL DEFAULT ''
);
CREATE INDEX task_open ON orders.task (location_id, opened_at) WHERE closed_at IS NULL;
CREATE INDEX task_order ON orders.task (order_id);

-- What was authorised for an order, taken and given back, as agreed (payment_act says what the provider has done of it).
-- The first was agreed with the order, and is made with the first act; an order that has grown has several.
CREATE TABLE orders.payment (
    order_id         uuid NOT NULL,
    place            smallint NOT NULL DEFAULT 1,  -- taken in this order; 0: what was given for goods that came back
    provider         text NOT NULL,
    authorisation    text NOT NULL,
    currency         text NOT NULL,
    authorised_minor bigint NOT NULL,
    captured_minor   bigint NOT NULL DEFAULT 0,
    refunded_minor   bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (order_id, place),
    CONSTRAINT payment_taken CHECK (captured_minor BETWEEN 0 AND authorised_minor),
    CONSTRAINT payment_given CHECK (refunded_minor BETWEEN 0 AND captured_minor)
);

-- What a payment provider is to do, written with what gives cause for it; done afterwards, outside of any transaction.
CREATE TABLE orders.payment_act (
    reference     text PRIMARY KEY,            -- under which the provider does it once
    order_id      uuid NOT NULL,
    kind          text NOT NULL CHECK (kind IN ('capture', 'refund', 'void')),
    provider      text NOT NULL,
    authorisation text NOT NULL,
    amount_minor  bigint NOT NULL CHECK (amount_minor >= 0),
    currency      text NOT NULL,
    state         text NOT NULL DEFAULT 'due' CHECK (state IN ('due', 'done', 'failed')),
    tries         smallint NOT NULL DEFAULT 0,
    next_at       timestamptz NOT NULL,        -- not before; while one tries it, when another may
    detail        text NOT NULL DEFAULT '',    -- why it failed
    asked_at      timestamptz NOT NULL,
    settled_at    timestamptz
);
CREATE INDEX payment_act_due ON orders.payment_act (next_at) WHERE state = 'due';
CREATE INDEX payment_act_order ON orders.payment_act (order_id);

-- What a provider is asked to authorise, written before it is asked and gone with its answer. What is late was never
-- answered: the provider is asked for it by its reference (payments.unanswered).
CREATE TABLE orders.payment_intent (
    provider  text NOT NULL,
    reference text COLLATE "C" NOT NULL,       -- under which it authorises once
    basket_id uuid NOT NULL,
    attempt   integer NOT NULL,                -- of the basket, when it was asked
    next_at   timestamptz NOT NULL,            -- not looked for before
    tries     smallint NOT NULL DEFAULT 0,
    PRIMARY KEY (reference, provider)
);

-- An order that was made elsewhere (a marketplace, a site's own system): its number there, and what of it the order book
-- cannot hold. Prices are as they were paid. The order itself is a sales_order like any other.
CREATE TABLE orders.external_order (
    outlet_id   smallint NOT NULL REFERENCES channels.outlet,
    number      text COLLATE "C" NOT NULL,
    order_id    uuid NOT NULL UNIQUE,
    revised_at  timestamptz NOT NULL,         -- when the version on record was made there; an older one says nothing new
    content     bytea NOT NULL,               -- digest of what may not change: lines and sums
    paid_minor  bigint NOT NULL,              -- what the platform has from the customer so far
    rest        json NOT NULL DEFAULT '[]',   -- lines that are not promised: gift cards, tips, unknown articles
    short       json NOT NULL DEFAULT '[]',   -- what no location could give
    flags       text[] NOT NULL DEFAULT '{}', -- taken, but look at it: unknown_sku, totals_disagree, short …
    received_at timestamptz NOT NULL,
    PRIMARY KEY (outlet_id, number)
);
CREATE INDEX external_order_flagged ON orders.external_order (received_at) WHERE flags <> '{}';

-- By which rules, limits and costs locations are chosen. Versions are never changed: orders point at them in `sourced`.
-- The last one holds; without any, the built-in one (version 0).
CREATE TABLE orders.sourcing_policy (
    version integer PRIMARY KEY,
    name    text NOT NULL,
    policy  text NOT NULL,                     -- orders.sourcing.PolicyEntry as JSON; text: it is read whole
    made_at timestamptz NOT NULL,
    made_by text NOT NULL
);

-- Orders promised at a location on a day of its own calendar; only of locations that have a daily capacity. It is the
-- number of works that say so (fulfilment.promised_on): one that ends for nothing gives its place back.
CREATE TABLE orders.location_day (
    location_id smallint NOT NULL,
    day         date NOT NULL,
    orders      integer NOT NULL,
    PRIMARY KEY (location_id, day)
) WITH (fillfactor = 50);

-- A parcel's receipt is taken back like any other.
CREATE UNIQUE INDEX parcel_sale ON orders.parcel (sale_id);

-- What of an order is not wanted any more, and why. The id is the caller's: asked again, it is cancelled once.
CREATE TABLE orders.cancellation (
    cancellation_id uuid PRIMARY KEY,
    order_id        uuid NOT NULL,
    reason          text NOT NULL,
    note            text NOT NULL,             -- may be personal
    cancelled_by    text NOT NULL CHECK (cancelled_by IN ('customer', 'agent', 'associate')),
    actor           text NOT NULL,
    delivery_minor  bigint NOT NULL,
    amount_minor    bigint NOT NULL,           -- of the lines and the delivery
    refunded_minor  bigint NOT NULL,           -- of it, was taken already
    cancelled_at    timestamptz NOT NULL
);
CREATE INDEX cancellation_order ON orders.cancellation (order_id);

-- So many pieces of a line, and their share of what it cost.
CREATE TABLE orders.cancellation_line (
    cancellation_id uuid NOT NULL,
    line            integer NOT NULL,
    quantity        integer NOT NULL CHECK (quantity > 0),
    total_minor     bigint NOT NULL,
    PRIMARY KEY (cancellation_id, line)
);

-- Goods that come back, and the money for them: two things that are decided apart.
CREATE TABLE orders.customer_return (
    return_id     uuid PRIMARY KEY,            -- the caller's
    return_number bigint GENERATED ALWAYS AS IDENTITY (START WITH 500001) UNIQUE,
    order_id      uuid,                        -- null: of tills' receipts
    node_id       bigint,
    state         text NOT NULL CHECK (state IN ('announced', 'received', 'given_up')),
    location_id   smallint,                    -- where they were received, or are sent to
    currency      text NOT NULL,
    refund_minor  bigint,                      -- null: not decided
    fee_minor     bigint NOT NULL DEFAULT 0,
    kept_minor    bigint NOT NULL DEFAULT 0,   -- for worn goods
    actor         text NOT NULL,
    without_receipt boolean NOT NULL DEFAULT false,  -- she was known, and so was what she had bought
    paid_order_id uuid,                        -- what is given for it pays for this order
    announced_at  timestamptz NOT NULL,
    received_at   timestamptz,
    refunded_at   timestamptz
);
CREATE INDEX customer_return_order ON orders.customer_return (order_id) WHERE order_id IS NOT NULL;
CREATE INDEX customer_return_node ON orders.customer_return (node_id, announced_at) WHERE node_id IS NOT NULL;

-- Pieces of one line of a sale. Whoever adds to `received` or `refunded` has locked the sale: no piece comes back twice.
CREATE TABLE orders.customer_return_line (
    return_id   uuid NOT NULL,
    place       smallint NOT NULL,             -- from 1
    sale_id     bigint NOT NULL,
    line_number smallint NOT NULL,
    variant_id  bigint,
    sku         text,
    quantity    integer NOT NULL CHECK (quantity > 0),
    reason      text NOT NULL,
    note        text NOT NULL,
    received    integer NOT NULL DEFAULT 0 CHECK (received BETWEEN 0 AND quantity),
    sellable    integer NOT NULL DEFAULT 0 CHECK (sellable >= 0),
    damaged     integer NOT NULL DEFAULT 0 CHECK (damaged >= 0),   -- the rest waits in quarantine
    refunded    integer NOT NULL DEFAULT 0 CHECK (refunded BETWEEN 0 AND quantity),
    total_minor bigint NOT NULL DEFAULT 0,     -- the stored share of those refunded
    PRIMARY KEY (return_id, place),
    CHECK (sellable + damaged <= received)
) WITH (fillfactor = 80);
CREATE INDEX customer_return_line_sale ON orders.customer_return_line (sale_id, line_number);

-- How far a series of numbered documents has got: locked by who takes the next number, so none is missing.
CREATE TABLE orders.document_series (
    outlet_id smallint NOT NULL,
    kind      text NOT NULL,
    year      smallint NOT NULL,               -- of the outlet's own calendar
    last      integer NOT NULL,
    PRIMARY KEY (outlet_id, kind, year)
);

-- An invoice, a receipt, a credit note as it was issued. Nothing of it is ever changed: what is wrong gets a credit note.
CREATE TABLE orders.document (
    document_id uuid PRIMARY KEY,
    outlet_id   smallint NOT NULL,
    kind        text NOT NULL CHECK (kind IN ('invoice', 'receipt', 'credit_note')),
    year        smallint NOT NULL,
    number      integer NOT NULL CHECK (number > 0),
    sale_id     bigint NOT NULL,               -- or the return in the books
    corrects_id uuid REFERENCES orders.document,  -- of a credit note: its invoice
    language    text NOT NULL CHECK (language IN ('en', 'fr')),
    content     text NOT NULL,                 -- orders.aftersale.documents.Content as JSON, as it was. Personal
    email       text NOT NULL,                 -- ready to be sent
    digest      bytea NOT NULL,                -- SHA-256 of content, email and pdf
    pdf         bytea NOT NULL,
    issued_at   timestamptz NOT NULL,
    UNIQUE (outlet_id, kind, year, number),
    UNIQUE (sale_id, kind)
);

-- An e-mail with a document, agreed in a transaction and handed in after it.
CREATE TABLE orders.document_mail (
    mail_id     uuid PRIMARY KEY,
    document_id uuid NOT NULL REFERENCES orders.document,
    recipient   text NOT NULL,                 -- an e-mail address. Personal
    state       text NOT NULL DEFAULT 'due' CHECK (state IN ('due', 'done', 'failed')),
    detail      text NOT NULL DEFAULT '',      -- what the mail server said last
    actor       text NOT NULL,
    asked_at    timestamptz NOT NULL,
    sent_at     timestamptz
);
CREATE INDEX document_mail_of ON orders.document_mail (document_id);

-- published

-- Sales and returns with their outlet's channel; amounts of returns are negative.
CREATE VIEW orders.v_sale AS
SELECT s.sale_id, s.outlet_id, o.channel, s.receipt_number, s.is_return, s.node_id, s.occurred_at, s.business_day,
       s.recorded_at, s.corrected_at, s.currency, s.amount_minor, s.discount_minor, s.tax_minor, s.tax_included,
       s.total_minor, s.units, s.line_count, s.cashier, s.till, s.origin_sale_id, s.source_id, s.flags
FROM orders.sale AS s JOIN channels.v_outlet AS o USING (outlet_id);

-- Lines with what was paid for each (net_minor), and the catalog's name where none was printed.
CREATE VIEW orders.v_sale_line AS
SELECT l.sale_id, l.line_number, s.outlet_id, s.node_id, s.occurred_at, s.business_day, s.is_return, s.currency, l.kind,
       l.sku, l.variant_id, l.category_id, l.gtin, coalesce(l.name, v.name) AS name, l.quantity, l.unit_price_minor,
       l.amount_minor, l.discount_minor, l.tax_minor,
       l.amount_minor - l.discount_minor + CASE WHEN s.tax_included THEN 0 ELSE l.tax_minor END AS net_minor
FROM orders.sale_line AS l JOIN orders.sale AS s USING (sale_id) LEFT JOIN catalog.variant AS v USING (variant_id);

-- Orders told by an event that could not become a sale, and why.
CREATE VIEW orders.v_unrecorded AS
SELECT position, event_recorded_at, source_id, event_name, order_number, code, detail, kept_at FROM orders.unrecorded;

-- Orders of every channel.
CREATE VIEW orders.v_order AS
SELECT o.order_id, o.order_number, o.outlet_id, o.channel, o.node_id, o.currency, o.delivery_minor, o.discount_minor,
       o.tax_minor, o.total_minor, o.state, o.placed_at
FROM orders.sales_order AS o;

-- Orders made elsewhere, by their number there.
CREATE VIEW orders.v_external_order AS
SELECT e.outlet_id, e.number, e.order_id, e.revised_at, e.paid_minor, e.rest, e.short, e.flags, e.received_at
FROM orders.external_order AS e;
