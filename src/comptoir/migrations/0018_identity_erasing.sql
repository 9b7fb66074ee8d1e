-- Keyed hashes (kernel.register.house_key) of identifiers that were erased: they get no node again.
CREATE TABLE identity.tombstone (
    hash      bytea PRIMARY KEY,
    buried_at timestamptz NOT NULL
);

-- By which key they were made: a process with another one is told so, instead of knowing nobody again.
CREATE TABLE identity.house_key (
    only_one boolean PRIMARY KEY DEFAULT true CHECK (only_one),
    proof    bytea NOT NULL
);

-- Who is being erased and so is seen by nobody; whose data are kept and not used.
CREATE TABLE identity.withheld (
    node_id bigint NOT NULL,
    why     text NOT NULL CHECK (why IN ('erasing', 'restricted')),
    since   timestamptz NOT NULL,
    PRIMARY KEY (node_id, why)
);
