"""How products are presented: title, description, bullet points and pictures per channel and language.

The chain, field by field: language and channel; the language on all channels; the wider language (fr for fr-CH) in the
same way; the channel whatever the language; neither; the product itself.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated, get_args

import msgspec
from msgspec import Meta

from comptoir.catalog.errors import BadContent, ProductTwice, UnknownProduct
from comptoir.catalog.imports import text
from comptoir.catalog.records import Media, RefusedRow
from comptoir.channels import Channel
from comptoir.kernel.db import Tx, ints, rows, texts
from comptoir.kernel.errors import Refusal

CHANNELS = frozenset(get_args(Channel))
LANGUAGE = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8})*\Z")
MOST_TITLE, MOST_DESCRIPTION, MOST_BULLET, MOST_BULLETS = 500, 20_000, 500, 50


class NewContent(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How one product is presented on a channel in a language. What is null is said by the next in the chain."""

    product: Annotated[str, Meta(min_length=1, max_length=500)]
    """Its code."""
    channel: str = ""
    """Empty: on all channels that say nothing else."""
    language: str = ""
    """BCP 47, `fr` or `fr-CH`; empty: in any language that says nothing else."""
    title: str | None = None
    description: str | None = None
    bullets: list[str] | None = None
    media: list[str] | None = None
    """Addresses of the product's pictures in the order in which they are shown; those left out are not shown."""


class ContentImported(msgspec.Struct, frozen=True):
    """What a file of contents did, and which rows it left out. A row that says nothing takes the content away."""

    new: int
    changed: int
    unchanged: int
    removed: int
    refused: list[RefusedRow]


class Content(msgspec.Struct, frozen=True):
    """How a product is presented. `told_by` says of each field whose word it is: web fr, fr, web, all or product."""

    title: str
    description: str
    bullets: tuple[str, ...]
    media: tuple[Media, ...]
    told_by: dict[str, str]


class Said(msgspec.Struct, frozen=True, gc=False):
    """One row of the chain."""

    product_id: int
    channel: str
    language: str
    title: str | None
    description: str | None
    bullets: list[str] | None
    media: list[str] | None


async def import_content(tx: Tx, contents: Sequence[NewContent]) -> ContentImported:
    """Take every content that can be taken. What a row does not say is not said any more."""
    known = await _known(tx, sorted({one.product for one in contents}))
    pictures: dict[int, set[str]] = {}
    for product_id, url in await tx.tuples(URLS, products=ints([id_ for id_, _ in known.values()])):
        pictures.setdefault(product_id, set()).add(url)
    taken, refused = _judge(contents, {code: id_ for code, (id_, _) in known.items()}, pictures)
    said = [one for one in taken if (one.title, one.description, one.bullets, one.media) != (None,) * 4]
    silent = [one for one in taken if (one.title, one.description, one.bullets, one.media) == (None,) * 4]
    new, changed = (await tx.tuples(WRITE, contents=rows(said), now=tx.now))[0] if said else (0, 0)
    removed = await tx.run(REMOVE, contents=rows(silent)) if silent else 0
    return ContentImported(new, changed, len(taken) - new - changed - removed, removed, refused)


async def contents(tx: Tx, product_ids: Iterable[int], *, channel: str = "", language: str = "") -> dict[int, Content]:
    """How these products are presented there, in that language; those unknown are missing."""
    wanted = ints(sorted(set(product_ids)))
    chain = chain_of(channel, language)
    said: dict[int, dict[tuple[str, str], Said]] = {}
    for one in await tx.many(Said, SAID, products=wanted, languages=texts(sorted({language for _, language in chain}))):
        said.setdefault(one.product_id, {})[one.channel, one.language] = one
    media: dict[int, list[Media]] = {}
    for product_id, url, kind, label in await tx.tuples(MEDIA, products=wanted):
        media.setdefault(product_id, []).append(Media(url, kind, label))
    return {
        product_id: resolve(chain, said.get(product_id, {}), name, description, media.get(product_id, ()))
        for product_id, name, description in await tx.tuples(BASE, products=wanted)
    }


def chain_of(channel: str, language: str) -> list[tuple[str, str]]:
    """Channel and language of the rows that are asked, the most particular first."""
    languages = [language]
    while "-" in languages[-1]:
        languages.append(languages[-1].rpartition("-")[0])
    if languages[-1]:
        languages.append("")
    return [
        (where, spoken)
        for spoken in languages
        for where in dict.fromkeys((channel, ""))
    ]  # fmt: skip


def resolve(
    chain: Sequence[tuple[str, str]],
    said: Mapping[tuple[str, str], Said],
    name: str,
    description: str | None,
    media: Sequence[Media],
) -> Content:
    """Field by field the first in the chain that says something, else the product itself."""
    present = [said[key] for key in chain if key in said]
    by_title = next((one for one in present if one.title is not None), None)
    by_description = next((one for one in present if one.description is not None), None)
    by_bullets = next((one for one in present if one.bullets is not None), None)
    by_media = next((one for one in present if one.media is not None), None)
    by_url = {one.url: one for one in media}
    order = by_url if by_media is None else by_media.media or ()
    return Content(
        title=by_title.title or name if by_title else name,
        description=by_description.description or "" if by_description else description or "",
        bullets=tuple(by_bullets.bullets or ()) if by_bullets else (),
        media=tuple(by_url[url] for url in order if url in by_url),
        told_by={
            "title": _who(by_title),
            "description": _who(by_description),
            "bullets": _who(by_bullets),
            "media": _who(by_media),
        },
    )


def _who(one: Said | None) -> str:
    return "product" if one is None else " ".join(filter(None, (one.channel, one.language))) or "all"


async def _known(tx: Tx, codes: Sequence[str]) -> dict[str, tuple[int, str]]:
    return {code: (id_, name) for code, id_, name in await tx.tuples(PRODUCTS, codes=texts(list(codes)))}


PRODUCTS = "SELECT code, product_id, name FROM catalog.product WHERE code = ANY(%(codes)s::text[])"

URLS = "SELECT product_id, url FROM catalog.media WHERE product_id = ANY(%(products)s::bigint[])"

WRITE = """
    WITH written AS (
        INSERT INTO catalog.content AS old
            (product_id, channel, language, title, description, bullets, media, changed_at)
        SELECT c.product_id, c.channel, c.language, c.title, c.description, c.bullets, c.media, %(now)s
        FROM json_populate_recordset(NULL::catalog.content, %(contents)s::json) AS c
        ORDER BY c.product_id, c.channel, c.language
        ON CONFLICT (product_id, channel, language) DO UPDATE SET title = excluded.title,
            description = excluded.description, bullets = excluded.bullets, media = excluded.media,
            changed_at = excluded.changed_at
        WHERE (old.title, old.description, old.bullets, old.media)
              IS DISTINCT FROM (excluded.title, excluded.description, excluded.bullets, excluded.media)
        RETURNING (xmax = 0) AS new
    )
    SELECT count(*) FILTER (WHERE new), count(*) FILTER (WHERE NOT new) FROM written
"""

REMOVE = """
    DELETE FROM catalog.content AS c USING json_populate_recordset(NULL::catalog.content, %(contents)s::json) AS n
    WHERE c.product_id = n.product_id AND c.channel = n.channel AND c.language = n.language
"""

SAID = """
    SELECT product_id, channel, language, title, description, bullets, media FROM catalog.content
    WHERE product_id = ANY(%(products)s::bigint[]) AND language = ANY(%(languages)s::text[])
"""

MEDIA = """
    SELECT product_id, url, kind, label FROM catalog.media WHERE product_id = ANY(%(products)s::bigint[])
    ORDER BY product_id, place
"""

BASE = """
    SELECT product_id, name, attributes ->> 'description' FROM catalog.product
    WHERE product_id = ANY(%(products)s::bigint[])
"""


def _judge(
    contents: Sequence[NewContent], products: Mapping[str, int], pictures: Mapping[int, set[str]]
) -> tuple[list[Said], list[RefusedRow]]:
    """Which rows can be taken. The first row that names a product, channel and language has them."""
    taken: dict[tuple[int, str, str], Said] = {}
    refused: list[RefusedRow] = []
    for row, one in enumerate(contents):
        try:
            product_id = products.get(one.product)
            if product_id is None:
                raise UnknownProduct(f"There is no product {one.product[:80]}.", product=one.product[:80])
            said = _said(one, product_id, pictures.get(product_id, set()))
            if taken.setdefault((product_id, one.channel, one.language), said) != said:
                raise ProductTwice(f"{one.product} is described twice in different words.", product=one.product)
        except Refusal as refusal:
            refused.append(RefusedRow.of(row, refusal))
    return list(taken.values()), refused


def _said(one: NewContent, product_id: int, pictures: set[str]) -> Said:
    if one.channel and one.channel not in CHANNELS:
        raise BadContent(f"{one.channel[:40]!r} is no channel.", product=one.product, channels=sorted(CHANNELS))
    if one.language and not LANGUAGE.match(one.language):
        raise BadContent(f"{one.language[:40]!r} is no language like fr or fr-CH (BCP 47).", product=one.product)
    if one.media is not None and (unknown := [url for url in one.media if url not in pictures]):
        raise BadContent(f"{one.product} has no picture {unknown[0][:200]}.", product=one.product, unknown=unknown[:5])
    if len(one.bullets or ()) > MOST_BULLETS:
        raise BadContent(f"At most {MOST_BULLETS} bullet points.", product=one.product)
    return Said(
        product_id,
        one.channel,
        one.language,
        None if one.title is None else text("title", one.title, most=MOST_TITLE),
        None if one.description is None else text("description", one.description, most=MOST_DESCRIPTION),
        None if one.bullets is None else [text("bullet point", each, most=MOST_BULLET) for each in one.bullets],
        one.media,
    )
