CREATE SCHEMA identity;

-- What kinds of identifier there are and how much each can prove. Rows are configuration: edited over the API, journaled.
CREATE TABLE identity.namespace (
    ns             smallint PRIMARY KEY,
    name           text NOT NULL UNIQUE,
    class          smallint NOT NULL CHECK (class BETWEEN 1 AND 4),  -- 1 person key, 2 contact point, 3 device, 4 ephemeral
    priority       smallint NOT NULL,      -- lowest first: the strongest identifier of an event is the hub of its evidence
    form           text NOT NULL CHECK (form IN ('plain', 'email', 'phone', 'card')),
    max_per_person integer NOT NULL CHECK (max_per_person >= 1),
    max_claimants  integer NOT NULL CHECK (max_claimants >= 1),  -- person keys of one namespace that may share one value
    confidence     double precision NOT NULL CHECK (confidence > 0 AND confidence < 1)
);
INSERT INTO identity.namespace (ns, name, class, priority, form, max_per_person, max_claimants, confidence) VALUES
    (1,  'user_id',      1, 10, 'plain', 1,   1, .999),
    (2,  'loyalty_card', 1, 20, 'card',  1,   1, .99),
    (3,  'email',        2, 30, 'email', 5,   1, .97),
    (4,  'phone',        2, 40, 'phone', 5,   2, .93),
    (5,  'relay_email',  2, 50, 'email', 50,  1, .90),  -- a marketplace's own address of a buyer, dead outside that marketplace
    (6,  'device_id',    3, 60, 'plain', 50,  1, .90),
    (7,  'anonymous_id', 3, 70, 'plain', 500, 1, .90),  -- browsers forget it every week
    (8,  'idfa',         3, 80, 'plain', 20,  1, .85),
    (9,  'gaid',         3, 81, 'plain', 20,  1, .85),
    (10, 'push_token',   3, 82, 'plain', 50,  1, .85);

-- Values that identify nobody ('null', 'test@…'). ns null: in every namespace.
CREATE TABLE identity.blocked_value (
    blocked_value_id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    ns               smallint REFERENCES identity.namespace,
    kind             text NOT NULL CHECK (kind IN ('exact', 'regex')),
    pattern          text NOT NULL,
    reason           text NOT NULL DEFAULT '',
    UNIQUE NULLS NOT DISTINCT (ns, kind, pattern)
);
INSERT INTO identity.blocked_value (ns, kind, pattern, reason) VALUES
    (NULL, 'regex', '(null|none|nil|undefined|anonymous|unknown|guest|n/?a|nan|test|\[object object\])', 'filler of a program'),
    (NULL, 'regex', '[-+0.\s]*', 'empty or only zeros'),
    (NULL, 'exact', '-1', 'filler of a program'),
    (NULL, 'exact', '00000000-0000-0000-0000-000000000000', 'the zero device id of a phone that refuses tracking'),
    (3, 'regex', '(test|tests|noemail|no-email|nomail|no-reply|noreply|none|null|unknown|anonymous|na|n/a|sansmail|pasdemail)@.*',
     'filler typed at a till');

CREATE SEQUENCE identity.node_id;

-- One identifier. Facts of all packages point here, never at a person.
-- person_id is the smallest node_id of its component: a person is named by its oldest node, so ids are a function of
-- the partition, a merge redirects by itself and an unmerge gives the old ids back.
CREATE TABLE identity.node (
    node_id    bigint PRIMARY KEY DEFAULT nextval('identity.node_id'),
    person_id  bigint NOT NULL CHECK (person_id <= node_id),
    first_seen timestamptz NOT NULL,
    key        uuid NOT NULL,                    -- the public id of the person that this node founded
    ns         smallint NOT NULL,
    state      smallint NOT NULL DEFAULT 0,      -- 0 connects, 1 shared by several people: its edges do not connect
    judged     boolean NOT NULL DEFAULT false,   -- a steward linked it or keeps it apart: solve, never simply join
    value      text NOT NULL                     -- normalised, at most 512 characters
) WITH (fillfactor = 90);
CREATE UNIQUE INDEX node_value ON identity.node (ns, value);
CREATE UNIQUE INDEX node_key ON identity.node (key);
-- Most nodes are their own person: only the others need an entry.
CREATE INDEX node_person ON identity.node (person_id) WHERE person_id <> node_id;

-- Two identifiers that some evidence connects. Whether an edge joins is not stored: it does when both ends have one person.
-- conf and first_seen are the strongest and the earliest of its live evidence; conf 0: none is left.
CREATE TABLE identity.edge (
    a          bigint NOT NULL,
    b          bigint NOT NULL CHECK (a < b),
    ns_a       smallint NOT NULL,
    ns_b       smallint NOT NULL,
    conf       double precision NOT NULL,
    first_seen timestamptz NOT NULL,
    banned_by  bigint[],                         -- operations of the journal that cut this edge; null: none
    PRIMARY KEY (a, b)
) WITH (fillfactor = 90);
CREATE INDEX edge_b ON identity.edge (b);
-- Must-links of stewards: few.
CREATE INDEX edge_must ON identity.edge (a, b) WHERE conf >= 1;

CREATE TYPE identity.evidence_kind AS ENUM ('deterministic', 'probabilistic', 'steward', 'import');

-- Why an edge exists, one row per source and batch. Never deleted; a retraction adds its operation to retracted_by.
CREATE TABLE identity.evidence (
    a             bigint NOT NULL,
    b             bigint NOT NULL,
    kind          identity.evidence_kind NOT NULL DEFAULT 'deterministic',
    source_id     smallint NOT NULL,             -- channels.source; 0: ourselves. No foreign key: written on the hot path
    batch_id      text NOT NULL DEFAULT '',      -- an import or a run of a model; empty: the live stream
    rule          text NOT NULL,
    prob          double precision NOT NULL CHECK (prob > 0 AND prob <= 1),
    position      bigint,                        -- of the first event in the log that said so
    observed_at   timestamptz NOT NULL,          -- first
    last_at       timestamptz NOT NULL,          -- last, to the day
    retracted_by  bigint[],
    model_version text,                          -- for probabilistic evidence: which model, and its comparison per field
    vector        jsonb,
    PRIMARY KEY (a, b, source_id, batch_id, kind)
) WITH (fillfactor = 90);
CREATE INDEX evidence_batch ON identity.evidence (batch_id) WHERE batch_id <> '';

-- Pairs that a steward keeps apart; in force while an operation stands behind it.
CREATE TABLE identity.cannot_link (
    a          bigint NOT NULL,
    b          bigint NOT NULL CHECK (a < b),
    operations bigint[] NOT NULL,
    PRIMARY KEY (a, b)
);
CREATE INDEX cannot_link_b ON identity.cannot_link (b);

-- What changed in the graph, why, by whom. `moved` is the pre-image of the nodes that changed person.
CREATE TABLE identity.journal (
    operation bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind      text NOT NULL,       -- merged, resolved (both automatic); merge, split, undo, retraction, namespace, blocked_value
    actor     text NOT NULL,
    reason    text NOT NULL DEFAULT '',
    reference text UNIQUE,         -- the steward's request: the same reference is done once
    at        timestamptz NOT NULL,
    effect    jsonb NOT NULL,      -- what to take back in an undo
    moved     jsonb NOT NULL,      -- [[person_id, nodes]] as it was before
    people    bigint[] NOT NULL,   -- person ids before and after
    undone_by bigint
);
CREATE INDEX journal_people ON identity.journal USING gin (people);

-- What a steward should look at.
CREATE TABLE identity.task (
    task_id   bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind      text NOT NULL,
    nodes     bigint[] NOT NULL,
    detail    text NOT NULL,
    state     text NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'done', 'dismissed')),
    opened_at timestamptz NOT NULL,
    closed_at timestamptz,
    closed_by text
);
CREATE UNIQUE INDEX task_open ON identity.task (kind, (nodes[1])) WHERE state = 'open';

-- What was learnt from the records of people: weights, and what their names, fillers and slips are. One is in use.
CREATE TABLE identity.model (
    version   text PRIMARY KEY,
    weights   bytea NOT NULL,              -- matching.Model as JSON
    knowledge bytea NOT NULL,              -- realtime.Knowledge, packed
    records   bigint NOT NULL,
    learnt_at timestamptz NOT NULL,
    state     text NOT NULL CHECK (state IN ('shadow', 'live', 'retired'))
);
CREATE UNIQUE INDEX model_live ON identity.model (state) WHERE state = 'live';

-- What sources say of the person behind an identifier: the record that is compared with all others.
CREATE TABLE identity.account (
    node_id    bigint PRIMARY KEY,
    written    text NOT NULL,              -- JSON, as the sources have it
    clean      text NOT NULL,              -- JSON, as it is compared
    keys       bigint[] NOT NULL,          -- its rows of account_key
    model      text NOT NULL,              -- by whose knowledge it was cleaned
    changed_at timestamptz NOT NULL
) WITH (fillfactor = 90);

-- Who shares a key is worth comparing.
CREATE TABLE identity.account_key (
    key     bigint NOT NULL,
    node_id bigint NOT NULL,
    PRIMARY KEY (key, node_id)
);

-- Accounts whose record has changed and is still to be compared.
CREATE TABLE identity.unmatched (
    node_id bigint PRIMARY KEY,
    since   timestamptz NOT NULL
);

-- Two accounts that may be one person: what a steward is asked.
CREATE TABLE identity.review (
    review_id   bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    a           bigint NOT NULL,
    b           bigint NOT NULL CHECK (a < b),
    bits        double precision NOT NULL,
    probability double precision NOT NULL,
    reasons     jsonb NOT NULL,
    model       text NOT NULL,
    answer      text NOT NULL DEFAULT 'open' CHECK (answer IN ('open', 'same', 'different', 'household', 'later')),
    opened_at   timestamptz NOT NULL,
    answered_at timestamptz,
    answered_by text,
    operation   bigint,                    -- of the journal: what the answer did, to be undone with it
    UNIQUE (a, b)
);
CREATE INDEX review_open ON identity.review (probability DESC, review_id) WHERE answer = 'open';

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

-- published

-- Every identifier, its namespace and the person it belongs to.
CREATE VIEW identity.v_node AS
    SELECT n.node_id, n.person_id, s.name AS namespace, n.ns, n.value, n.key, n.state = 1 AS shared, n.first_seen
    FROM identity.node AS n JOIN identity.namespace AS s USING (ns);

-- person_id is the node_id of the founder; key is the public id.
CREATE VIEW identity.v_person AS
    SELECT node_id AS person_id, key, first_seen FROM identity.node WHERE node_id = person_id;
