"""Her copy (GDPR, articles 15 and 20): everything that is held of her, what was inferred, who has looked at her.

`access` is all of it; `portability` what she gave herself, by machine and for machines.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, cast

import msgspec

from comptoir import identity, orders
from comptoir.kernel.db import Tx
from comptoir.privacy import paper, past
from comptoir.privacy.errors import NotVerified, WrongKind
from comptoir.privacy.records import Request
from comptoir.privacy.register import personal, show
from comptoir.privacy.sight import Sight, sights_of
from comptoir.privacy.values import Named

GIVEN = {"identity.node", "profiles.trait", "orders.sales_order", "orders.sale", "orders.basket", "inventory.ask"}
"""What she gave herself, or what she did (article 20); not what was made of it."""
MOST_LINES = 2_000
"""Of the readable report, for each table: the JSON has all."""


class Part(msgspec.Struct, frozen=True):
    """What one table holds of her."""

    table: str
    what: str
    keep: str
    rows: list[Any]


class Copy(msgspec.Struct, frozen=True, kw_only=True):
    """Everything of one person, as it was when she asked."""

    request_id: int
    kind: str
    made_at: datetime
    parts: list[Part]
    events: list[Any]
    """What was tracked of her, as it was sent."""
    seen_by: list[Sight]
    """Who has looked at her."""


async def copy_of(tx: Tx, *, request: Request) -> Copy:
    """Raises NotVerified, WrongKind."""
    if request.kind not in {"access", "portability"} or request.node_id is None:
        raise WrongKind("This request does not ask for a copy.")
    if not request.verified_by:
        raise NotVerified("Make sure that it was she who asked, and say how (verify).")
    people = sorted(set((await identity.persons_of(tx, [request.node_id])).values()))
    nodes = [one for one in await identity.nodes_of(tx, people) if not one.shared]
    numbers = [one.node_id for one in nodes]
    subject = await orders.held_by(tx, nodes=numbers)
    whole = request.kind == "access"
    parts = [
        Part(table.name, table.what, table.keep, rows)
        for table in personal()
        if (whole or table.name in GIVEN) and (rows := await show(tx, table, subject))
    ]
    return Copy(
        request_id=request.request_id,
        kind=request.kind,
        made_at=tx.now,
        parts=parts,
        events=await _events(tx, Named.of(nodes), numbers) if whole else [],
        seen_by=await sights_of(tx, nodes=numbers) if whole else [],
    )


async def _events(tx: Tx, named: Named, nodes: Sequence[int]) -> list[Any]:
    """By her values, as erasure finds them."""
    her = past.Her(named.exact(), frozenset(nodes), named.everywhere())
    found: list[Any] = []
    for day in await past.days(tx):
        events = await past.day_of(tx, day=day, named=named, nodes=nodes)
        found += [
            {"at": one.occurred_at, "kind": one.kind, "name": one.name, "said": _read(one.body)}
            for one in past.hers(events, her)
        ]
    return found


def _read(body: str) -> Any:
    try:
        return msgspec.json.decode(body)
    except msgspec.MsgspecError:
        return body


async def seen_as_restricted(tx: Tx, *, node_id: int) -> bool:
    """Whether her data are kept and not used."""
    return bool(await identity.erasing.restricted(tx, nodes=[node_id]))


def drawn(copy: Copy, language: paper.Language) -> bytes:
    """To be read: the same, in words and lines."""
    words = WORDS[language]
    parts: list[paper.Part] = [
        (words["about"], [words["made"].format(at=f"{copy.made_at:%Y-%m-%d %H:%M} UTC", number=copy.request_id)])
    ]
    for one in copy.parts:
        lines = [line(row) for row in one.rows[:MOST_LINES]]
        if len(one.rows) > MOST_LINES:
            lines.append(words["more"].format(count=len(one.rows) - MOST_LINES))
        what = WHAT_FR.get(one.table, one.what) if language == "fr" else one.what
        parts.append((f"{what} ({one.table})", lines))
    if copy.events:
        lines = [f"{one['at']:%Y-%m-%d %H:%M} {one['name']}: {line(one['said'])}" for one in copy.events[:MOST_LINES]]
        parts.append((words["events"], lines))
    seen = [f"{one.at:%Y-%m-%d %H:%M} {one.actor}: {one.via}" for one in copy.seen_by]
    parts.append((words["seen"], seen or ["—"]))
    return paper.draw(title=words[copy.kind], parts=parts, language=language)


def line(row: Any) -> str:
    """A row in a line of words; what is empty is left out."""
    if isinstance(row, dict):
        fields = cast("dict[str, Any]", row)
        return ", ".join(f"{name}: {line(value)}" for name, value in fields.items() if value not in (None, "", [], {}))
    if isinstance(row, list):
        return "; ".join(map(line, cast("list[Any]", row)))
    return str(row)


WORDS: dict[paper.Language, dict[str, str]] = {
    "en": {
        "access": "What we know of you",
        "portability": "What you gave us",
        "about": "About this report",
        "made": "Made on {at} for request {number}. Amounts ending in _minor are in cents.",
        "events": "What was tracked",
        "seen": "Who has looked at your data",
        "more": "… and {count} more, in the file for machines",
    },
    "fr": {
        "access": "Ce que nous savons de vous",
        "portability": "Ce que vous nous avez donné",
        "about": "À propos de ce rapport",
        "made": "Établi le {at} pour la demande {number}. Les montants en _minor sont en centimes.",
        "events": "Ce qui a été suivi",
        "seen": "Qui a consulté vos données",
        "more": "… et {count} de plus, dans le fichier pour machines",
    },
}
WHAT_FR = {
    "identity.node": "Identifiants : compte, carte de fidélité, e-mail, téléphone, appareils",
    "identity.evidence": "Qui l’a dit, quand, et avec quelle certitude",
    "identity.journal": "Rapprochements et séparations",
    "profiles.trait": "Ce qui nous a été dit : nom, adresse, date de naissance, préférences",
    "profiles.moment": "Historique : vu, acheté, annoncé",
    "profiles.device": "Appareils utilisés",
    "profiles.node": "Première et dernière visite (déduit)",
    "profiles.day": "Comptes par jour et canal (déduit)",
    "profiles.day_category": "Comptes par jour et catégorie (déduit)",
    "profiles.shop": "Magasins fréquentés (déduit)",
    "profiles.person": "Totaux : achats, dépenses, canaux (déduit)",
    "orders.sales_order": "Commandes : livraison et paiement",
    "orders.sale": "Achats",
    "orders.basket": "Paniers",
    "orders.document": "Factures, tickets et avoirs",
    "orders.document_mail": "Adresses auxquelles un document a été envoyé",
    "orders.parcel": "Colis : suivi et remise",
    "orders.customer_return": "Retours",
    "orders.customer_return_line": "Motifs de retour",
    "orders.cancellation": "Annulations",
    "inventory.ask": "Articles attendus",
    "pricing.coupon": "Bons personnels",
    "pricing.claim": "Promotions utilisées",
    "privacy.request": "Demandes",
}
