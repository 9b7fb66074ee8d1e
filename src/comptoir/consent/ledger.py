"""The ledger: choices are appended, and the word that stands for each contact point follows. For a batch, in one
statement; one choice is a batch of one.
"""

from collections.abc import Sequence

import msgspec

from comptoir.consent.events import ChoiceRecorded
from comptoir.consent.records import Choice, Recorded, Said
from comptoir.kernel.db import Tx, ints, rows, texts


async def note(tx: Tx, said: Sequence[Said]) -> list[Recorded | None]:
    """Append what is not there yet. None: the reference is another choice's.

    The latest explicit word stands; of one moment the more restrictive; what waits for a confirmation never stands
    against an explicit word.
    """
    if not said:
        return []
    made = dict(await tx.tuples(APPEND, said=rows([row(one) for one in said]), now=tx.now))
    kept = {one.reference: one for one in await tx.many(Kept, KEPT, references=texts(s.reference for s in said))}
    answers: list[Recorded | None] = []
    fresh: list[ChoiceRecorded] = []
    for one in said:
        there = kept[one.reference]
        if not there.is_of(one):
            answers.append(None)
            continue
        # The second of two alike in one batch is not new.
        new = made.pop(one.reference, None) is not None
        answers.append(Recorded(there.choice_id, there.node_id, new))
        if new:
            fresh.append(
                ChoiceRecorded(
                    choice_id=there.choice_id,
                    node_id=there.node_id,
                    purpose=there.purpose,
                    channel=there.channel,
                    state=there.state,
                    origin=one.origin,
                    said_at=one.said_at,
                )
            )
    await tx.tell(*fresh)
    return answers


class Kept(msgspec.Struct, frozen=True):
    choice_id: int
    reference: str
    node_id: int
    purpose_id: int
    purpose: str
    channel: str
    state: str

    def is_of(self, said: Said) -> bool:
        mine = (self.node_id, self.purpose_id, self.channel, self.state)
        return mine == (said.node_id, said.purpose_id, said.channel, said.state)


def row(said: Said) -> dict[str, object]:
    """As `json_to_recordset` takes it."""
    return {**msgspec.structs.asdict(said), "proof": said.proof}


async def history(tx: Tx, *, nodes: Sequence[int], before: int | None = None, limit: int = 100) -> Sequence[Choice]:
    """What was ever said of these contact points, the last told first."""
    return await tx.many(Choice, HISTORY, nodes=ints(nodes), before=before, limit=limit)


async def choice(tx: Tx, *, choice_id: int) -> Choice | None:
    return (await lines(tx, choice_ids=[choice_id])).get(choice_id)


async def lines(tx: Tx, *, choice_ids: Sequence[int]) -> dict[int, Choice]:
    """These lines of the ledger, by number."""
    return {one.choice_id: one for one in await tx.many(Choice, LINES, ids=ints(choice_ids))}


# A row of `stands` is locked in the order of its key, so two batches never wait for each other in a ring.
APPEND = """
    WITH said AS (
        SELECT * FROM json_to_recordset(%(said)s::json) AS s (node_id bigint, purpose_id smallint, channel text,
            state consent.state, said_at timestamptz, origin text, source text, wording_id integer, language text,
            proof json, actor text, act uuid, reference text)
    ), new AS (
        INSERT INTO consent.choice (node_id, purpose_id, channel, state, said_at, recorded_at, origin, source,
            wording_id, language, proof, actor, act, reference)
        SELECT node_id, purpose_id, channel, state, said_at, %(now)s, origin, source, wording_id, language, proof,
               actor, act, reference
        FROM said ORDER BY node_id, purpose_id, channel, said_at, reference
        ON CONFLICT (reference) DO NOTHING
        RETURNING choice_id, node_id, purpose_id, channel, state, said_at, origin, reference
    ), latest AS (
        SELECT DISTINCT ON (node_id, purpose_id, channel) *
        FROM new
        ORDER BY node_id, purpose_id, channel, state <> 'pending' DESC, said_at DESC, state DESC, choice_id DESC
    ), stands AS (
        INSERT INTO consent.standing AS old (node_id, purpose_id, channel, state, said_at, origin, choice_id)
        SELECT node_id, purpose_id, channel, state, said_at, origin, choice_id
        FROM latest ORDER BY node_id, purpose_id, channel
        ON CONFLICT (node_id, purpose_id, channel) DO UPDATE SET state = excluded.state, said_at = excluded.said_at,
            origin = excluded.origin, choice_id = excluded.choice_id
        WHERE (excluded.state <> 'pending', excluded.said_at, excluded.state, excluded.choice_id)
            > (old.state <> 'pending', old.said_at, old.state, old.choice_id)
    )
    SELECT reference, choice_id FROM new
"""
KEPT = """
    SELECT c.choice_id, c.reference, c.node_id, c.purpose_id, p.code AS purpose, c.channel, c.state::text AS state
    FROM consent.choice AS c JOIN consent.purpose AS p USING (purpose_id)
    WHERE c.reference = ANY(%(references)s::text[])
"""
HISTORY = """
    SELECT c.choice_id, c.node_id, p.code AS purpose, c.channel, c.state::text AS state, c.said_at, c.recorded_at,
           c.origin, c.source, w.version AS wording, c.language, c.proof, c.actor, s.choice_id IS NOT NULL AS stands
    FROM consent.choice AS c
    JOIN consent.purpose AS p USING (purpose_id)
    LEFT JOIN consent.wording AS w USING (wording_id)
    LEFT JOIN consent.standing AS s ON (s.node_id, s.purpose_id, s.channel, s.choice_id)
        = (c.node_id, c.purpose_id, c.channel, c.choice_id)
    WHERE c.node_id = ANY(%(nodes)s::bigint[]) AND (%(before)s::bigint IS NULL OR c.choice_id < %(before)s)
    ORDER BY c.choice_id DESC LIMIT %(limit)s
"""
LINES = """
    SELECT c.choice_id, c.node_id, p.code AS purpose, c.channel, c.state::text AS state, c.said_at, c.recorded_at,
           c.origin, c.source, w.version AS wording, c.language, c.proof, c.actor, s.choice_id IS NOT NULL AS stands
    FROM consent.choice AS c
    JOIN consent.purpose AS p USING (purpose_id)
    LEFT JOIN consent.wording AS w USING (wording_id)
    LEFT JOIN consent.standing AS s ON (s.node_id, s.purpose_id, s.channel, s.choice_id)
        = (c.node_id, c.purpose_id, c.channel, c.choice_id)
    WHERE c.choice_id = ANY(%(ids)s::bigint[])
"""
