"""Which feeds there are, and the secret addresses at which they are fetched."""

import hashlib
import re
import secrets
from collections.abc import Mapping

import msgspec

from comptoir import channels
from comptoir.feeds.errors import BadFeed, UnknownFeed
from comptoir.feeds.records import Feed, FeedEntry
from comptoir.kernel.db import Tx

CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,59}\Z")
RESERVED = {"files"}
LANGUAGE = re.compile(r"([a-z]{2,3}(-[A-Za-z0-9]{2,8})*)?\Z")
PLACES = ("{sku}", "{product}", "{variant_id}")


async def set_feed(tx: Tx, *, code: str, entry: FeedEntry) -> Feed:
    """A new feed, or a known one anew; its address stays. Raises BadFeed and UnknownOutlet."""
    outlet = await channels.outlet(tx, code=entry.outlet) if entry.outlet else None
    country = entry.country or (outlet.country if outlet else "")
    currency = entry.currency or (outlet.currency if outlet else "")
    check(code, entry, country, currency)
    await tx.run(
        SET,
        code=code,
        name=entry.name,
        kind=entry.kind,
        format=entry.format,
        outlet_id=outlet.outlet_id if outlet else None,
        country=country,
        currency=currency,
        language=entry.language,
        link=entry.link,
        limited=entry.limited,
        enabled=entry.enabled,
    )
    return await feed(tx, code=code)


async def feeds(tx: Tx) -> list[Feed]:
    """All of them, by code."""
    return await tx.many(Feed, ALL)


async def feed(tx: Tx, *, code: str) -> Feed:
    if found := await tx.maybe(Feed, BY_CODE, code=code):
        return found
    raise UnknownFeed(f"There is no feed {code[:80]!r}.", feed=code[:80])


async def open_address(tx: Tx, *, code: str) -> str:
    """A new secret; the earlier one ends at once. It is shown this once."""
    token = "cf_" + secrets.token_urlsafe(32)
    if not await tx.run(OPEN, code=code, token_hash=digest(token), now=tx.now):
        raise UnknownFeed(f"There is no feed {code[:80]!r}.", feed=code[:80])
    return token


async def revoke(tx: Tx, *, code: str) -> None:
    """Nobody can fetch it any more, until it gets a new address."""
    if not await tx.run(REVOKE, code=code):
        raise UnknownFeed(f"There is no feed {code[:80]!r}.", feed=code[:80])


async def feed_of_token(tx: Tx, *, token: str) -> Feed:
    """The feed at this address. Raises UnknownFeed for one that is unknown, revoked or switched off, all alike."""
    if found := await tx.maybe(Feed, BY_TOKEN, token_hash=digest(token)):
        return found
    raise UnknownFeed


async def link_of_outlet(tx: Tx, *, outlet_id: int) -> str:
    """The address of an article's page at an outlet, as its product feed says it; empty without one."""
    return await tx.value(LINK, outlet_id=outlet_id) or ""


async def note_reading(tx: Tx, feed: Feed, *, items: int, left_out: int, reasons: Mapping[str, int]) -> None:
    """It was fetched to its end."""
    told = msgspec.json.encode(dict(reasons)).decode()
    await tx.run(NOTE, feed_id=feed.feed_id, now=tx.now, items=items, left_out=left_out, reasons=told)


async def pulse(tx: Tx) -> str:
    """Another text whenever a feed was fetched, or there is another one."""
    return await tx.value(PULSE)


SET = """
    INSERT INTO feeds.feed (code, name, kind, format, outlet_id, country, currency, language, link, limited, enabled)
    VALUES (%(code)s, %(name)s, %(kind)s, %(format)s, %(outlet_id)s, %(country)s, %(currency)s, %(language)s, %(link)s,
            %(limited)s, %(enabled)s)
    ON CONFLICT (code) DO UPDATE SET name = excluded.name, kind = excluded.kind, format = excluded.format,
        outlet_id = excluded.outlet_id, country = excluded.country, currency = excluded.currency,
        language = excluded.language, link = excluded.link, limited = excluded.limited, enabled = excluded.enabled
"""

COLUMNS = """
    SELECT f.feed_id, f.code, f.name, f.kind, f.format, f.outlet_id,
           coalesce((SELECT o.code FROM channels.v_outlet AS o WHERE o.outlet_id = f.outlet_id), '') AS outlet,
           f.country, f.currency, f.language, f.link, f.limited, f.enabled, f.token_hash IS NOT NULL AS open,
           f.token_made_at, f.read_at, f.items, f.left_out, f.reasons
    FROM feeds.feed AS f
"""
ALL = COLUMNS + "ORDER BY f.code"
BY_CODE = COLUMNS + "WHERE f.code = %(code)s"
BY_TOKEN = COLUMNS + "WHERE f.token_hash = %(token_hash)s AND f.enabled"

OPEN = "UPDATE feeds.feed SET token_hash = %(token_hash)s, token_made_at = %(now)s WHERE code = %(code)s"

REVOKE = "UPDATE feeds.feed SET token_hash = NULL, token_made_at = NULL WHERE code = %(code)s"

LINK = """
    SELECT link FROM feeds.feed
    WHERE outlet_id = %(outlet_id)s AND kind = 'products' AND enabled AND link <> '' ORDER BY code LIMIT 1
"""

NOTE = """
    UPDATE feeds.feed SET read_at = %(now)s, items = %(items)s, left_out = %(left_out)s, reasons = %(reasons)s::jsonb
    WHERE feed_id = %(feed_id)s
"""

PULSE = """
    SELECT concat_ws(' ', extract(epoch FROM max(read_at)), extract(epoch FROM max(token_made_at)), count(*),
                     count(token_hash), count(*) FILTER (WHERE enabled))
    FROM feeds.feed
"""


def check(code: str, entry: FeedEntry, country: str, currency: str) -> None:
    if not CODE.match(code) or code in RESERVED:
        raise BadFeed("A code has letters, digits, dots, dashes and underscores, and is not `files`.", code=code[:80])
    if entry.kind == "products" and not entry.outlet:
        raise BadFeed("Products are those of an outlet: name it.", field="outlet")
    if country not in channels.countries():
        raise BadFeed(f"{country!r} is not an ISO 3166-1 code like FR.", field="country")
    if currency not in channels.currencies():
        raise BadFeed(f"{currency!r} is not an ISO 4217 code like EUR.", field="currency")
    if not LANGUAGE.match(entry.language):
        raise BadFeed(f"{entry.language!r} is no language like fr or fr-CH.", field="language")
    if (entry.kind == "products" or entry.link) and not (
        entry.link.startswith(("https://", "http://")) and any(place in entry.link for place in PLACES)
    ):
        raise BadFeed(f"The link is an address with one of {', '.join(PLACES)} in it.", field="link")


def digest(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "replace")).digest()
