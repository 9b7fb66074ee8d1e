CREATE SCHEMA consent;

-- In the order in which a tie is broken: of two words of one moment the more restrictive stands.
CREATE TYPE consent.state AS ENUM ('pending', 'granted', 'denied', 'withdrawn');

-- What for. Rows are configuration.
CREATE TABLE consent.purpose (
    purpose_id smallint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    code       text NOT NULL UNIQUE,
    name_en    text NOT NULL,
    name_fr    text NOT NULL,
    basis      text NOT NULL CHECK (basis IN ('opt_in', 'opt_out')),  -- where nobody has said anything: no, or yes
    channels   text[] NOT NULL CHECK (channels <> '{}'),              -- records.Channel
    enabled    boolean NOT NULL DEFAULT true                          -- off: nothing may be done for it
);
INSERT INTO consent.purpose (code, name_en, name_fr, basis, channels) VALUES
    ('offers', 'Offers and news', 'Offres et nouveautés', 'opt_in', '{email,sms,push,phone,post}'),
    ('surveys', 'Questions about your purchases', 'Questions sur vos achats', 'opt_out', '{email,sms}'),
    ('personalisation', 'Advice that fits you', 'Des conseils qui vous ressemblent', 'opt_in', '{onsite}'),
    ('advertising', 'Advertising elsewhere, with your data', 'Publicité ailleurs, avec vos données', 'opt_in',
     '{sale_or_share}');

-- What was read by whoever chose. A version never changes: what somebody agreed to stays what it was.
CREATE TABLE consent.wording (
    wording_id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    purpose_id smallint NOT NULL REFERENCES consent.purpose,
    version    integer NOT NULL,
    text_en    text NOT NULL,
    text_fr    text NOT NULL,
    made_at    timestamptz NOT NULL,
    made_by    text NOT NULL,
    UNIQUE (purpose_id, version)
);
INSERT INTO consent.wording (purpose_id, version, text_en, text_fr, made_at, made_by)
SELECT p.purpose_id, 1, w.text_en, w.text_fr, now(), 'comptoir'
FROM consent.purpose AS p JOIN (VALUES
    ('offers', 'You may tell me of offers and news. I can take this back at any time.',
     'Vous pouvez m’informer de vos offres et nouveautés. Je peux revenir sur mon choix à tout moment.'),
    ('surveys', 'After a purchase you may ask me how it was. I can refuse at any time.',
     'Après un achat, vous pouvez me demander mon avis. Je peux refuser à tout moment.'),
    ('personalisation', 'You may choose what you show me by what I looked at and bought. I can take this back at any time.',
     'Vous pouvez choisir ce que vous me montrez selon ce que j’ai regardé et acheté. Je peux revenir sur mon choix à tout moment.'),
    ('advertising', 'You may share my data with advertising networks. I can take this back at any time.',
     'Vous pouvez partager mes données avec des régies publicitaires. Je peux revenir sur mon choix à tout moment.')
) AS w (code, text_en, text_fr) USING (code);

-- The ledger: what somebody said of one contact point (a node of identity), one channel and one purpose. Append only.
CREATE TABLE consent.choice (
    choice_id   bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    node_id     bigint NOT NULL,                   -- identity.node; never a person, so a merge rewrites nothing. No
                                                   -- foreign key: written on the way of the events
    purpose_id  smallint NOT NULL REFERENCES consent.purpose,
    channel     text NOT NULL,
    state       consent.state NOT NULL,
    said_at     timestamptz NOT NULL,              -- by her
    recorded_at timestamptz NOT NULL,              -- by us
    origin      text NOT NULL,                     -- records.Origin: how she said it
    source      text NOT NULL,                     -- which outlet, file or system says so
    wording_id  integer REFERENCES consent.wording,
    language    text NOT NULL,                     -- in which she read it; empty: unknown
    proof       json NOT NULL,                     -- records.Proof
    actor       text NOT NULL,                     -- who recorded it
    act         uuid NOT NULL,                     -- said in one breath: a form, a stop of everything
    reference   text COLLATE "C" NOT NULL UNIQUE   -- the same word told twice is one row
);
CREATE INDEX choice_of ON consent.choice (node_id, purpose_id, channel);
CREATE INDEX choice_pending ON consent.choice (act) WHERE state = 'pending';

-- Of each contact point, purpose and channel the word that stands: the latest explicit one. `reconcile` proves it.
CREATE TABLE consent.standing (
    node_id    bigint NOT NULL,
    purpose_id smallint NOT NULL,
    channel    text NOT NULL,
    state      consent.state NOT NULL,
    said_at    timestamptz NOT NULL,
    origin     text NOT NULL,
    choice_id  bigint NOT NULL,
    PRIMARY KEY (node_id, purpose_id, channel)
) WITH (fillfactor = 90);

-- What links to shoppers are signed with: 244 random bits.
CREATE TABLE consent.link_key (
    key_id smallint PRIMARY KEY,
    secret bytea NOT NULL
);
INSERT INTO consent.link_key (key_id, secret)
VALUES (1, decode(replace(gen_random_uuid()::text || gen_random_uuid()::text, '-', ''), 'hex'));

-- Letters that ask for a confirmation.
CREATE TABLE consent.letter (
    act       uuid PRIMARY KEY,                    -- of the pending choices
    node_id   bigint NOT NULL,
    recipient text NOT NULL,
    language  text NOT NULL,
    state     text NOT NULL CHECK (state IN ('due', 'done', 'failed')),
    detail    text NOT NULL DEFAULT '',            -- what the mail server said
    asked_at  timestamptz NOT NULL,
    sent_at   timestamptz
);

-- published

-- Every choice that was ever told, without its proof.
CREATE VIEW consent.v_choice AS
SELECT c.choice_id, c.node_id, p.code AS purpose, c.channel, c.state::text AS state, c.said_at, c.recorded_at, c.origin,
       c.source, w.version AS wording, c.actor
FROM consent.choice AS c JOIN consent.purpose AS p USING (purpose_id) LEFT JOIN consent.wording AS w USING (wording_id);

-- The choice that stands for each contact point, purpose and channel.
CREATE VIEW consent.v_standing AS
SELECT s.node_id, p.code AS purpose, s.channel, s.state::text AS state, s.said_at, s.origin, s.choice_id
FROM consent.standing AS s JOIN consent.purpose AS p USING (purpose_id);
