"""From what was written down to what can be compared: the table `clean`, one row a record, all of it set-based.

What is a slip and what is a filler is found in the data itself: a value of very many records and many surnames names
nobody (`no@no.com`, 0600000000, 1900-01-01, a kiosk's device, CLIENT); a rare domain of e-mails within two slips of one
twenty times as frequent is that one.
"""

from typing import TYPE_CHECKING

import msgspec

from comptoir.identity.matching.nicknames import FULL

if TYPE_CHECKING:
    import duckdb

CROWD = 10
"""Records of one value, …"""
STRANGERS = 5
"""… and surnames, above which it names nobody."""

RELAYS = (
    "privaterelay.appleid.com", "marketplace.amazon.com", "marketplace.amazon.fr", "members.ebay.com", "mozmail.com",
    "duck.com",
)  # fmt: skip
"""Masked addresses: of one person and one marketplace, so that two of them say nothing when they differ."""

KINDS = """
    rue r avenue av ave boulevard bd bld blvd boul place pl impasse imp chemin ch che chem allee all allees route rte
    quai square sq cours passage psg lieu dit ld lotissement lot residence res zone za zi bis ter quater
    street st road rd lane ln drive dr court ct de du des d la le les l et the of
"""
"""Words of a street that tell nothing of which one it is."""
WHOLE = {"gal": "general", "mal": "marechal", "ste": "sainte", "st": "saint", "cdt": "commandant", "dr": "docteur",
         "pdt": "president", "pr": "professeur", "col": "colonel", "cap": "capitaine"}  # fmt: skip
COMPLEMENT = (
    r"\b(appt?|appartement|apt|apartment|flat|unit|bat|batiment|bt|esc|escalier|etage|porte|hall|entree|lots?)\.? *"
    r"(n[o°]? *)?[a-z]?[0-9]{0,4}\b|\b[0-9]{1,2} *(e|er|eme|ieme|nd|th|st|rd) *(etage|floor)\b"
    r"|\bresidence [a-z ]+?(,|$)"
)


def clean(con: "duckdb.DuckDBPyConnection") -> None:
    """Make `clean` of `record`; needs nothing else. What it found stays too: `filler`, `domain`, `word`, `often`."""
    con.execute(MACROS)
    con.execute("CREATE OR REPLACE TABLE nickname (short VARCHAR, full_names VARCHAR[])")
    con.execute(
        "INSERT INTO nickname SELECT short, full_names FROM (SELECT unnest(from_json(?, ?), recursive := true))",
        [
            msgspec.json.encode([{"short": one, "full_names": names} for one, names in FULL.items()]).decode(),
            '[{"short":"VARCHAR","full_names":["VARCHAR"]}]',
        ],
    )
    for statement in (
        WRITTEN,
        WORD,
        TURNED,
        TURN,
        DOMAINS,
        DOMAIN,
        FILLERS,
        FILLER,
        NAMELESS,
        SPELT,
        KIOSKS,
        OFTEN,
        CLEAN,
    ):
        con.execute(statement)
    con.execute("DROP TABLE written")


MACROS = f"""
    CREATE OR REPLACE MACRO plain(x) AS
        trim(regexp_replace(replace(replace(lower(strip_accents(x)), 'œ', 'oe'), 'æ', 'ae'), '[^a-z0-9]+', ' ', 'g'));
    CREATE OR REPLACE MACRO letters(x) AS nullif(trim(regexp_replace(plain(x), '[^a-z]+', ' ', 'g')), '');
    CREATE OR REPLACE MACRO nine_digits(x) AS (
        -- The nine digits that are left without the country's code and the zero before them.
        CASE WHEN length(regexp_replace(x, '[^0-9]', '', 'g')) >= 9
             THEN right(regexp_replace(x, '[^0-9]', '', 'g'), 9) END);
    CREATE OR REPLACE MACRO street_only(x) AS
        trim(regexp_replace(regexp_replace(lower(strip_accents(x)), '{COMPLEMENT}', ' ', 'g'), '[^a-z0-9]+', ' ', 'g'));
"""

WRITTEN = """
    CREATE OR REPLACE TABLE written AS
    SELECT id, source, letters(first_name) AS first, letters(last_name) AS last,
           lower(trim(email)) AS mail,
           regexp_replace(split_part(lower(trim(email)), '@', 1), '[+].*$', '') AS local,
           split_part(lower(trim(email)), '@', 2) AS domain,
           nine_digits(phone) AS phone,
           street_only(street) AS street,
           CASE WHEN length(regexp_replace(postcode, '[^0-9]', '', 'g')) = 4
                     AND coalesce(upper(left(country, 2)), 'FR') = 'FR'
                THEN '0' || regexp_replace(postcode, '[^0-9]', '', 'g')
                ELSE nullif(upper(regexp_replace(postcode, '[^A-Za-z0-9]', '', 'g')), '') END AS postcode,
           birth_date AS birth, upper(regexp_replace(loyalty_card, '[^A-Za-z0-9]', '', 'g')) AS card,
           upper(customer_code) AS code,
           device_ids AS devices
    FROM record
"""

DOMAINS = """
    CREATE OR REPLACE TABLE domains AS
    SELECT domain, count(*) AS n, avg((regexp_full_match(local, '[0-9a-f]{10,}'))::INTEGER) AS masked
    FROM written WHERE domain <> '' GROUP BY domain
"""
# What it is meant to be, and whether its addresses are masks.
DOMAIN = f"""
    CREATE OR REPLACE TABLE domain AS
    SELECT d.domain,
           coalesce(arg_max(f.domain, f.n)
                        FILTER (WHERE f.n >= 20 * d.n AND levenshtein(d.domain, f.domain) <= 2), d.domain) AS meant,
           any_value(d.domain IN ({", ".join(repr(one) for one in RELAYS)}) OR d.n >= 50 AND d.masked > 0.9) AS relays
    FROM domains AS d LEFT JOIN (SELECT * FROM domains WHERE n >= 20) AS f
        ON abs(length(f.domain) - length(d.domain)) <= 2 AND f.domain <> d.domain
    GROUP BY d.domain
"""  # noqa: S608  constants

# What a word is, as given: how often a first name, how often a last one.
WORD = """
    CREATE OR REPLACE TABLE word AS
    SELECT word, coalesce(f.n, 0) AS firsts, coalesce(l.n, 0) AS lasts
    FROM (SELECT first AS word, count(*) AS n FROM written WHERE first IS NOT NULL GROUP BY first) AS f
    FULL JOIN (SELECT last AS word, count(*) AS n FROM written WHERE last IS NOT NULL GROUP BY last) AS l USING (word)
"""
# Valérie who wrote her names in the wrong boxes: each word is far oftener the other one of the two.
TURNED = """
    CREATE OR REPLACE TABLE turned AS
    SELECT w.id, w.last AS first, w.first AS last
    FROM written AS w JOIN word AS f ON f.word = w.first JOIN word AS l ON l.word = w.last
    WHERE (l.firsts + 0.5) * (f.lasts + 0.5) > 3 * (f.firsts + 0.5) * (l.lasts + 0.5)
"""
TURN = "UPDATE written SET first = t.first, last = t.last FROM turned AS t WHERE t.id = written.id"

FILLERS = f"""
    CREATE OR REPLACE TABLE filler AS
    WITH value AS (
        SELECT 'mail' AS field, mail AS value, last FROM written WHERE mail <> ''
        UNION ALL SELECT 'phone', phone, last FROM written WHERE phone IS NOT NULL
        UNION ALL SELECT 'card', card, last FROM written WHERE card <> ''
        UNION ALL SELECT 'device', unnest(devices), last FROM written
    )
    SELECT field, value FROM value GROUP BY field, value
    HAVING count(*) > {CROWD} AND count(DISTINCT last) > {STRANGERS}
"""  # noqa: S608  numbers
# A birth date is shared by many who are not one person: filler is what is far more frequent than a day can be.
FILLER = """
    INSERT INTO filler
    SELECT 'birth', birth::VARCHAR FROM written WHERE birth IS NOT NULL GROUP BY birth
    HAVING count(*) > greatest(10, 20.0 * (SELECT count(birth) / count(DISTINCT birth) FROM written))
"""
# A surname that comes without a first name nearly always is none.
NAMELESS = """
    INSERT INTO filler
    SELECT 'last', last FROM written WHERE last IS NOT NULL GROUP BY last
    HAVING count(*) >= 20 AND count(first) < 0.1 * count(*)
"""

# A record without a name whose address is spelt like one, where such names exist: marie.dupont75@ and dupontmarie@ are
# Marie Dupont, m.dupont@ and mdupont@ somebody Dupont with an M. A word is what it oftener is.
SPELT = """
    CREATE OR REPLACE TABLE spelt AS
    WITH firsts AS (SELECT word, firsts AS n FROM word WHERE length(word) >= 3 AND firsts >= 5 AND firsts > lasts),
    lasts AS (
        SELECT word, lasts AS n FROM word
        WHERE length(word) >= 3 AND lasts * 10 > CASE WHEN firsts >= 5 THEN firsts ELSE 0 END
    ),
    token AS (
        SELECT id, unnest(string_split(trim(regexp_replace(local, '[^a-z]+', ' ', 'g')), ' ')) AS word
        FROM written WHERE (first IS NULL OR last IS NULL) AND local <> ''
    ), read AS (
        -- Karim Michel is not Michel Karim: of two words both of which may be either, the likelier way round.
        SELECT t.id, f.word AS first, l.word AS last, 5 AS sure, f.n * l.n AS n
        FROM token AS t JOIN firsts AS f USING (word) JOIN token AS o ON o.id = t.id AND o.word <> t.word
        JOIN lasts AS l ON l.word = o.word
        UNION ALL
        SELECT t.id, f.word, NULL, 3, f.n FROM token AS t JOIN firsts AS f USING (word)
        UNION ALL
        SELECT t.id, NULL, l.word, 3, l.n FROM token AS t JOIN lasts AS l USING (word)
        UNION ALL
        SELECT t.id, f.word, l.word, 2, f.n * l.n FROM token AS t JOIN firsts AS f ON starts_with(t.word, f.word)
        JOIN lasts AS l ON l.word = substr(t.word, length(f.word) + 1) WHERE length(f.word) >= 4 AND length(l.word) >= 4
        UNION ALL
        SELECT t.id, f.word, l.word, 2, f.n * l.n FROM token AS t JOIN firsts AS f ON ends_with(t.word, f.word)
        JOIN lasts AS l ON l.word = left(t.word, length(t.word) - length(f.word))
        WHERE length(f.word) >= 4 AND length(l.word) >= 4
        UNION ALL
        SELECT t.id, left(t.word, 1), l.word, 1, l.n FROM token AS t JOIN lasts AS l ON l.word = substr(t.word, 2)
        WHERE length(l.word) >= 4 AND t.word NOT IN (SELECT word FROM firsts)
        UNION ALL
        SELECT t.id, t.word, NULL, 4, 0 FROM token AS t WHERE length(t.word) = 1
    )
    SELECT id, arg_max(first, (sure, n, first)) FILTER (WHERE first IS NOT NULL) AS first,
           arg_max(last, (sure, n, last)) FILTER (WHERE last IS NOT NULL) AS last
    FROM read GROUP BY id
"""

# a.martin is at every provider: at another one it is another.
OFTEN = """
    CREATE OR REPLACE TABLE often AS
    SELECT replace(w.local, '.', '') AS local FROM written AS w LEFT JOIN domain AS d USING (domain)
    WHERE NOT coalesce(d.relays, false) GROUP BY 1 HAVING count(DISTINCT d.meant) > 2
"""
KIOSKS = "SET VARIABLE kiosks = (SELECT coalesce(list(value), []) FROM filler WHERE field = 'device')"

_IS_WORD = "lambda one: one <> '' AND NOT regexp_full_match(one, '[0-9]+[a-z]?')"
_OF_STREET = f"list_filter(string_split(w.street, ' '), {_IS_WORD})"
_WORDS = f"list_filter({_OF_STREET}, lambda one: one NOT IN ({', '.join(repr(one) for one in KINDS.split())}))"
_SPELT_OUT = "map {" + ", ".join(f"'{short}': '{whole}'" for short, whole in WHOLE.items()) + "}"

CLEAN = f"""
    CREATE OR REPLACE TABLE clean AS
    WITH named AS (
        SELECT w.* EXCLUDE (first, last),
               coalesce(w.first, s.first) AS first,
               coalesce(CASE WHEN f.value IS NULL THEN w.last END,
                        CASE WHEN s.last <> coalesce(w.first, s.first) THEN s.last END) AS last,
               coalesce(w.first IS NULL AND s.first IS NOT NULL, false) AS is_spelt
        FROM written AS w LEFT JOIN spelt AS s USING (id)
        LEFT JOIN filler AS f ON f.field = 'last' AND f.value = w.last
    ), kept AS (
        SELECT w.*, d.meant, coalesce(d.relays, false) AS relays,
               -- m.dupont@ at another provider says no more than the name does
               coalesce(NOT regexp_matches(w.local, '[0-9]')
                        AND (contains(regexp_replace(w.local, '[^a-z]', '', 'g'), replace(w.last, ' ', ''))
                             OR length(w.first) >= 3
                                AND contains(regexp_replace(w.local, '[^a-z]', '', 'g'), replace(w.first, ' ', ''))),
                        false) AS is_only_name,
               m.value IS NOT NULL OR coalesce(w.domain, '') = '' AS no_mail, p.value IS NOT NULL AS no_phone,
               c.value IS NOT NULL AS no_card, b.value IS NOT NULL AS no_birth
        FROM named AS w LEFT JOIN domain AS d USING (domain)
        LEFT JOIN filler AS m ON m.field = 'mail' AND m.value = w.mail
        LEFT JOIN filler AS p ON p.field = 'phone' AND p.value = w.phone
        LEFT JOIN filler AS c ON c.field = 'card' AND c.value = w.card
        LEFT JOIN filler AS b ON b.field = 'birth' AND b.value = w.birth::VARCHAR
    ), compared AS (
        SELECT w.id, w.source, w.is_spelt,
               replace(w.first, ' ', '') AS first,
               CASE WHEN contains(w.first, ' ') THEN split_part(w.first, ' ', 1) END AS part,
               replace(w.last, ' ', '') AS last,
               CASE WHEN contains(w.last, ' ') THEN string_split(w.last, ' ') END AS lasts,
               CASE WHEN no_mail THEN NULL
                    WHEN meant IN ('gmail.com', 'googlemail.com') THEN replace(w.local, '.', '') || '@gmail.com'
                    ELSE w.local || '@' || coalesce(meant, w.domain) END AS email,
               CASE WHEN NOT no_mail AND NOT relays AND often.local IS NULL AND NOT is_only_name
                    THEN replace(w.local, '.', '') END AS local,
               relays,
               CASE WHEN NOT no_phone THEN w.phone END AS phone,
               regexp_extract(w.street, '(^| )([0-9]{{1,4}})', 2) AS number,
               nullif(array_to_string(
                   list_transform({_WORDS}, lambda one: coalesce({_SPELT_OUT}[one], one)), ''), '') AS street,
               w.postcode, left(w.postcode, 2) AS department,
               CASE WHEN NOT no_birth THEN w.birth END AS birth,
               CASE WHEN NOT no_card THEN nullif(w.card, '') END AS card,
               w.code,
               nullif(list_filter(w.devices, lambda one: NOT list_contains(getvariable('kiosks'), one)), []) AS devices
        FROM kept AS w LEFT JOIN often ON often.local = replace(w.local, '.', '')
    )
    SELECT c.*, list_distinct([c.first] || coalesce(n.full_names, [])) AS called,
           count(*) OVER (PARTITION BY c.first) / (SELECT count(first) FROM compared)::DOUBLE AS first_share,
           count(*) OVER (PARTITION BY c.last) / (SELECT count(last) FROM compared)::DOUBLE AS last_share,
           count(*) OVER (PARTITION BY c.postcode) / (SELECT count(postcode) FROM compared)::DOUBLE AS place_share
    FROM compared AS c LEFT JOIN nickname AS n ON n.short = c.first
    ORDER BY c.id
"""  # noqa: S608  constants
