CREATE SCHEMA catalog;

-- The tree of categories, each known by its whole path from the root: {Grocery,Frozen,Ice}. A path is its own proof of
-- place, so there is no cycle to guard against, and "everything under Grocery" is path[1:1] = '{Grocery}'.
CREATE TABLE catalog.category (
    category_id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    path        text[] COLLATE "C" NOT NULL UNIQUE
                CHECK (cardinality(path) BETWEEN 1 AND 10 AND array_position(path, NULL) IS NULL),
    parent_id   integer REFERENCES catalog.category,         -- null at the root
    CHECK ((parent_id IS NULL) = (cardinality(path) = 1))
);
CREATE INDEX category_parent ON catalog.category (parent_id);

-- What a shopper would call one thing; its sizes and colours are its variants.
CREATE TABLE catalog.product (
    product_id  bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    code        text COLLATE "C" NOT NULL UNIQUE,            -- the number in the retailer's own product file
    name        text NOT NULL,
    search_name text COLLATE "C" NOT NULL,                   -- lower(name), in C order so that a prefix is an index range
    brand       text,
    category_id integer REFERENCES catalog.category,
    attributes  jsonb NOT NULL DEFAULT '{}',
    changed_at  timestamptz NOT NULL
);
CREATE INDEX product_name ON catalog.product (search_name, product_id);
CREATE INDEX product_category ON catalog.product (category_id);

-- What is counted, priced and put into a bag. Every product has at least one.
CREATE TABLE catalog.variant (
    variant_id  bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    sku         text COLLATE "C" NOT NULL UNIQUE,
    -- GTIN-14 form (GS1 General Specifications: shorter numbers padded with zeros). Not unique: shops do sell
    -- two articles of their own under one barcode.
    gtin        char(14) CHECK (gtin ~ '^[0-9]{14}$'),
    product_id  bigint NOT NULL REFERENCES catalog.product,
    category_id integer,                                     -- its product's, repeated: a till's batch asks one index only
    name        text NOT NULL,
    attributes  jsonb NOT NULL DEFAULT '{}',
    changed_at  timestamptz NOT NULL
);
CREATE INDEX variant_gtin ON catalog.variant (gtin) WHERE gtin IS NOT NULL;
CREATE INDEX variant_product ON catalog.variant (product_id);

-- Pictures, films and documents, in the order in which they are shown.
CREATE TABLE catalog.media (
    product_id bigint NOT NULL REFERENCES catalog.product,
    place      smallint NOT NULL,
    url        text NOT NULL,
    kind       text NOT NULL DEFAULT 'image' CHECK (kind IN ('image', 'video', 'document')),
    label      text,                                         -- the text alternative for those who cannot see it
    PRIMARY KEY (product_id, place)
);

-- What a channel or one outlet sells, where it does not sell everything. Without an assortment everything is sold. An
-- outlet's own takes the place of its channel's.
CREATE TABLE catalog.assortment (
    assortment_id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    channel       text,
    outlet_id     smallint REFERENCES channels.outlet,
    version       uuid NOT NULL DEFAULT gen_random_uuid(),   -- turns with every change: processes remember what they read
    changed_at    timestamptz NOT NULL,
    UNIQUE NULLS NOT DISTINCT (channel, outlet_id),
    CHECK (num_nonnulls(channel, outlet_id) = 1)
);

-- A product with all its variants, or one variant: what is said of a variant takes the place of what is said of its
-- product.
CREATE TABLE catalog.assorted (
    product_id    bigint REFERENCES catalog.product,
    variant_id    bigint REFERENCES catalog.variant,
    assortment_id integer NOT NULL REFERENCES catalog.assortment ON DELETE CASCADE,
    starts_at     timestamptz,               -- null: has always been
    ends_at       timestamptz,               -- from this moment on it is sold there no more; null: until further notice
    UNIQUE NULLS NOT DISTINCT (product_id, variant_id, assortment_id),
    CHECK (num_nonnulls(product_id, variant_id) = 1),
    CHECK (starts_at < ends_at)
);
CREATE INDEX assorted_in ON catalog.assorted (assortment_id, product_id, variant_id);

-- How a product is presented on a channel ('': on all) in a language ('': whatever the language). What is null is said
-- by the next in the chain: language and channel, language, channel, neither, the product itself.
CREATE TABLE catalog.content (
    product_id  bigint NOT NULL REFERENCES catalog.product,
    channel     text NOT NULL DEFAULT '',
    language    text COLLATE "C" NOT NULL DEFAULT '',        -- BCP 47: fr, fr-CH
    title       text,
    description text,
    bullets     text[],
    media       text[],                      -- addresses of the product's pictures, in the order in which they are shown
    changed_at  timestamptz NOT NULL,
    PRIMARY KEY (product_id, channel, language)
);

-- published

-- Every article with its product and its place in the tree of categories.
CREATE VIEW catalog.v_variant AS
SELECT v.variant_id, v.sku, v.gtin::text AS gtin, v.name, v.attributes, v.product_id, p.code AS product_code,
       p.name AS product_name, p.brand, v.category_id, c.path AS category_path, array_to_string(c.path, ' / ') AS category
FROM catalog.variant AS v
JOIN catalog.product AS p USING (product_id)
LEFT JOIN catalog.category AS c ON c.category_id = v.category_id;
