"""What consent is asked for, and the words in which it is asked."""

from collections.abc import Sequence

import msgspec

from comptoir.consent.errors import BadPurpose, PurposeExists, UnknownPurpose
from comptoir.consent.records import NewWording, Purpose, PurposeEntry, Wording
from comptoir.kernel.auth import Actor, audit
from comptoir.kernel.db import Tx, texts


async def purposes(tx: Tx) -> Sequence[Purpose]:
    """All of them, each with its newest wording, in the order in which they were made."""
    return await tx.many(Purpose, ALL)


async def purpose(tx: Tx, *, code: str) -> Purpose:
    found = {one.code: one for one in await purposes(tx)}
    if code not in found:
        raise UnknownPurpose(f"There is no purpose {code!r}.", purpose=code)
    return found[code]


async def add_purpose(tx: Tx, *, entry: PurposeEntry, actor: Actor) -> Purpose:
    """Nobody is asked before it has a wording: `add_wording`."""
    made = await tx.run(ADD, **fields(entry))
    if not made:
        raise PurposeExists(f"There is a purpose {entry.code!r} already.", purpose=entry.code)
    await audit.record(tx, actor=actor, action="consent.add_purpose", target=f"purpose:{entry.code}", after=entry)
    return await purpose(tx, code=entry.code)


async def change_purpose(tx: Tx, *, entry: PurposeEntry, actor: Actor) -> Purpose:
    """Its code stays. What was said in a channel that it leaves is kept, and counts again if it comes back."""
    before = await purpose(tx, code=entry.code)
    await tx.run(CHANGE, **fields(entry))
    await audit.record(
        tx, actor=actor, action="consent.change_purpose", target=f"purpose:{entry.code}", before=before, after=entry
    )
    return await purpose(tx, code=entry.code)


def fields(entry: PurposeEntry) -> dict[str, object]:
    """Raises BadPurpose for names of blanks."""
    if not entry.name_en.strip() or not entry.name_fr.strip():
        raise BadPurpose("A purpose has a name in both languages.", field="name_en")
    return {**msgspec.structs.asdict(entry), "channels": texts(dict.fromkeys(entry.channels))}


async def wordings(tx: Tx, *, code: str) -> Sequence[Wording]:
    """Every version, the newest first."""
    one = await purpose(tx, code=code)
    return await tx.many(Wording, WORDINGS, purpose_id=one.purpose_id)


async def add_wording(tx: Tx, *, code: str, entry: NewWording, actor: Actor) -> Wording:
    """The next version. Those before stay: choices point at them."""
    one = await purpose(tx, code=code)
    if not entry.text_en.strip() or not entry.text_fr.strip():
        raise BadPurpose("A wording is told in both languages.", field="text_en")
    await tx.run(LOCK, purpose_id=one.purpose_id)
    made = await tx.one(
        Wording,
        ADD_WORDING,
        purpose_id=one.purpose_id,
        text_en=entry.text_en.strip(),
        text_fr=entry.text_fr.strip(),
        now=tx.now,
        actor=f"{actor.kind}:{actor.name}",
    )
    await audit.record(
        tx, actor=actor, action="consent.add_wording", target=f"purpose:{code}", after={"version": made.version}
    )
    return made


ALL = """
    SELECT p.purpose_id, p.code, p.name_en, p.name_fr, p.basis, p.channels, p.enabled,
           w.wording_id, w.version AS wording, coalesce(w.text_en, '') AS text_en, coalesce(w.text_fr, '') AS text_fr
    FROM consent.purpose AS p
    LEFT JOIN LATERAL (
        SELECT wording_id, version, text_en, text_fr FROM consent.wording AS w
        WHERE w.purpose_id = p.purpose_id ORDER BY version DESC LIMIT 1
    ) AS w ON true
    ORDER BY p.purpose_id
"""
ADD = """
    INSERT INTO consent.purpose (code, name_en, name_fr, basis, channels, enabled)
    VALUES (%(code)s, %(name_en)s, %(name_fr)s, %(basis)s, %(channels)s::text[], %(enabled)s)
    ON CONFLICT (code) DO NOTHING
"""
CHANGE = """
    UPDATE consent.purpose SET name_en = %(name_en)s, name_fr = %(name_fr)s, basis = %(basis)s,
        channels = %(channels)s::text[], enabled = %(enabled)s
    WHERE code = %(code)s
"""
WORDINGS = """
    SELECT version, text_en, text_fr, made_at, made_by FROM consent.wording
    WHERE purpose_id = %(purpose_id)s ORDER BY version DESC
"""
LOCK = "SELECT 1 FROM consent.purpose WHERE purpose_id = %(purpose_id)s FOR UPDATE"
ADD_WORDING = """
    INSERT INTO consent.wording (purpose_id, version, text_en, text_fr, made_at, made_by)
    SELECT %(purpose_id)s, coalesce(max(version), 0) + 1, %(text_en)s, %(text_fr)s, %(now)s, %(actor)s
    FROM consent.wording WHERE purpose_id = %(purpose_id)s
    RETURNING version, text_en, text_fr, made_at, made_by
"""
