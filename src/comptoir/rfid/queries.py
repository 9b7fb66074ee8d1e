"""The SimpleEventQuery of EPCIS 2.0 (standard, section 8.2.7.1): parameters become conditions, which all must hold.

Values of one parameter are alternatives. EPCs are compared by their canonical form: a URN finds what was captured as
a Digital Link. What is not understood is refused rather than left out, or an answer would hold too much.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Any, LiteralString

import msgspec

from comptoir.kernel.db import Tx, ints, texts
from comptoir.kernel.http import cursor_of, place_of
from comptoir.rfid import documents, fingerprints
from comptoir.rfid.errors import BadGs1Key, BadQuery, UnknownEvent
from comptoir.rfid.gs1 import canonical, parse
from comptoir.rfid.records import Answer, Found
from comptoir.rfid.vocabulary import bare

MOST = 1_000
"""Events of one page."""
PER_PAGE = 30

Parameters = Iterable[tuple[str, str]]


class Query(msgspec.Struct):
    """Conditions with their values, and which page is wanted."""

    clauses: list[LiteralString]
    values: dict[str, Any]
    order: str = "eventTime"
    direction: str = ""
    limit: int = PER_PAGE
    count: int | None = None
    token: str = ""


async def find(tx: Tx, *, parameters: Parameters) -> Answer:
    """The events that fulfil all parameters, in pages. Raises BadQuery."""
    query = understood(parameters)
    column = "event_time" if query.order == "eventTime" else "recorded_at"
    if after := place_of(query.token, str, str, datetime, int):
        if after[:2] != (query.order, query.direction):
            raise BadQuery("The token was given for another order of events.", parameter="nextPageToken")
        query.clauses.append(AFTER[query.order, query.direction])
        query.values.update(after_time=after[2], after_id=after[3])
    limit = query.limit if query.count is None else min(query.limit, query.count)
    found = await tx.many(Found, statement(query), **query.values, limit=limit + 1)
    page = found[:limit]
    more = len(found) > limit and query.count is None
    last = page[-1] if page else None
    token = cursor_of(query.order, query.direction, getattr(last, column), last.event_id) if more and last else None
    return Answer(await in_document(tx, page), token)


def statement(query: Query) -> LiteralString:
    """Every part is a constant of this file: what a caller sends travels as a parameter."""
    condition: LiteralString = " AND ".join(query.clauses) or "true"
    ordered: LiteralString = f"{ORDERED[query.order, query.direction]} LIMIT %(limit)s"
    if not any(clause.startswith("things") for clause in query.clauses):
        return f"{SELECT} WHERE {condition} {ordered}"
    # How rare one tag is, no statistics tell: left to itself, PostgreSQL would walk through time until it meets it.
    return f"WITH hit AS MATERIALIZED ({SELECT} WHERE {condition}) SELECT * FROM hit {ordered}"  # noqa: S608


async def find_event(tx: Tx, *, uri: str) -> Answer:
    """Events of one eventID: one, or what it declares to be an error beside it. Raises UnknownEvent."""
    found = await tx.many(Found, f"{SELECT} WHERE uri = %(uri)s ORDER BY event_id LIMIT 100", uri=uri)
    if not found:
        raise UnknownEvent(f"No event has the eventID {uri[:200]}.", event_id=uri[:1000])
    return Answer(await in_document(tx, found), None)


async def places(tx: Tx, *, business: bool, after: str, limit: int) -> list[str]:
    """The read points or business locations that occur, in order, each found by one step in the index."""
    return await tx.values(LOCATIONS if business else POINTS, after=after, limit=limit)


async def in_document(tx: Tx, found: Sequence[Found]) -> dict[str, Any]:
    ids = sorted({one.context_id for one in found})
    rows = await tx.tuples(CONTEXTS, ids=ints(ids)) if ids else []
    contexts = {context_id: msgspec.json.decode(body) for context_id, body in rows}
    return documents.answer(found, contexts, now=tx.now, name="SimpleEventQuery")


SELECT: LiteralString = "SELECT event_id, uri, event_time, recorded_at, context_id, body FROM rfid.event"

CONTEXTS = "SELECT context_id, body FROM rfid.context WHERE context_id = ANY(%(ids)s::integer[])"

AFTER: dict[tuple[str, str], LiteralString] = {
    ("eventTime", "ASC"): "(event_time, event_id) > (%(after_time)s, %(after_id)s)",
    ("eventTime", "DESC"): "(event_time, event_id) < (%(after_time)s, %(after_id)s)",
    ("recordTime", "ASC"): "(recorded_at, event_id) > (%(after_time)s, %(after_id)s)",
    ("recordTime", "DESC"): "(recorded_at, event_id) < (%(after_time)s, %(after_id)s)",
}
ORDERED: dict[tuple[str, str], LiteralString] = {
    ("eventTime", "ASC"): "ORDER BY event_time, event_id",
    ("eventTime", "DESC"): "ORDER BY event_time DESC, event_id DESC",
    ("recordTime", "ASC"): "ORDER BY recorded_at, event_id",
    ("recordTime", "DESC"): "ORDER BY recorded_at DESC, event_id DESC",
}

LOCATIONS = """
    WITH RECURSIVE step AS (
        (SELECT biz_location AS name, 1 AS place FROM rfid.event WHERE biz_location > %(after)s
         ORDER BY biz_location LIMIT 1)
        UNION ALL
        SELECT (SELECT biz_location FROM rfid.event WHERE biz_location > step.name ORDER BY biz_location LIMIT 1),
               place + 1
        FROM step WHERE name IS NOT NULL AND place < %(limit)s
    )
    SELECT name FROM step WHERE name IS NOT NULL
"""

POINTS = """
    WITH RECURSIVE step AS (
        (SELECT read_point AS name, 1 AS place FROM rfid.event WHERE read_point > %(after)s
         ORDER BY read_point LIMIT 1)
        UNION ALL
        SELECT (SELECT read_point FROM rfid.event WHERE read_point > step.name ORDER BY read_point LIMIT 1),
               place + 1
        FROM step WHERE name IS NOT NULL AND place < %(limit)s
    )
    SELECT name FROM step WHERE name IS NOT NULL
"""


# ---- parameters


TIMES: dict[str, LiteralString] = {
    "GE_eventTime": "event_time >= %(GE_eventTime)s",
    "LT_eventTime": "event_time < %(LT_eventTime)s",
    "GE_recordTime": "recorded_at >= %(GE_recordTime)s",
    "LT_recordTime": "recorded_at < %(LT_recordTime)s",
    "GE_errorDeclaration_Time": "declared_at >= %(GE_errorDeclaration_Time)s",
    "LT_errorDeclaration_Time": "declared_at < %(LT_errorDeclaration_Time)s",
}

COLUMNS: dict[str, tuple[LiteralString, Callable[[str], str]]] = {
    "eventType": ("type = ANY(%(eventType)s::text[])", str),
    "EQ_action": ("action = ANY(%(EQ_action)s::text[])", str),
    "EQ_bizStep": ("biz_step = ANY(%(EQ_bizStep)s::text[])", lambda one: bare(one, "BizStep")),
    "EQ_disposition": ("disposition = ANY(%(EQ_disposition)s::text[])", lambda one: bare(one, "Disp")),
    "EQ_readPoint": ("read_point = ANY(%(EQ_readPoint)s::text[])", canonical),
    "EQ_bizLocation": ("biz_location = ANY(%(EQ_bizLocation)s::text[])", canonical),
    "EQ_eventID": ("uri = ANY(%(EQ_eventID)s::text[])", str),
}
ALONE: dict[str, LiteralString] = {
    "eventType": "type = %(eventType)s",
    "EQ_action": "action = %(EQ_action)s",
    "EQ_bizStep": "biz_step = %(EQ_bizStep)s",
    "EQ_disposition": "disposition = %(EQ_disposition)s",
    "EQ_readPoint": "read_point = %(EQ_readPoint)s",
    "EQ_bizLocation": "biz_location = %(EQ_bizLocation)s",
    "EQ_eventID": "uri = %(EQ_eventID)s",
}
"""The same for one value: an index on it and the time gives the page in order."""
ACTIONS = {"ADD", "OBSERVE", "DELETE"}

MATCHES: dict[str, tuple[LiteralString, str]] = {
    "MATCH_epc": ("things && %(MATCH_epc)s::text[]", "e"),
    "MATCH_parentID": ("things && %(MATCH_parentID)s::text[]", "p"),
    "MATCH_inputEPC": ("things && %(MATCH_inputEPC)s::text[]", "i"),
    "MATCH_outputEPC": ("things && %(MATCH_outputEPC)s::text[]", "o"),
    "MATCH_anyEPC": ("things && %(MATCH_anyEPC)s::text[]", "epio"),
    "MATCH_epcClass": ("things && %(MATCH_epcClass)s::text[]", "q"),
    "MATCH_inputEPCClass": ("things && %(MATCH_inputEPCClass)s::text[]", "m"),
    "MATCH_outputEPCClass": ("things && %(MATCH_outputEPCClass)s::text[]", "n"),
    "MATCH_anyEPCClass": ("things && %(MATCH_anyEPCClass)s::text[]", "qmn"),
    "EQ_transformationID": ("things && %(EQ_transformationID)s::text[]", "t"),
}
"""The letters of documents.things in which a parameter looks."""

LASTING: dict[str, tuple[LiteralString, str]] = {
    "EQ_persistentDisposition_set": ("things && %(EQ_persistentDisposition_set)s::text[]", "x"),
    "EQ_persistentDisposition_unset": ("things && %(EQ_persistentDisposition_unset)s::text[]", "y"),
}

TYPED = {"EQ_bizTransaction_": ("b", "BTT"), "EQ_source_": ("s", "SDT"), "EQ_destination_": ("d", "SDT")}
TYPED_CLAUSES: tuple[LiteralString, ...] = (
    "things && %(typed_0)s::text[]",
    "things && %(typed_1)s::text[]",
    "things && %(typed_2)s::text[]",
    "things && %(typed_3)s::text[]",
)
PAGING = ("orderBy", "orderDirection", "perPage", "eventCountLimit", "nextPageToken", "EXISTS_errorDeclaration")
KNOWN = (*COLUMNS, *TIMES, *MATCHES, *LASTING, *(f"{prefix}<type>" for prefix in TYPED), *PAGING)


def understood(parameters: Parameters) -> Query:
    """Raises BadQuery for a parameter that is unknown or cannot be read."""
    several: dict[str, list[str]] = {}
    for name, value in parameters:
        several.setdefault(name, []).append(value)
    query = Query([], {})
    typed = 0
    for name, values in several.items():
        if name in TIMES:
            query.clauses.append(TIMES[name])
            query.values[name] = time(name, values)
        elif name in COLUMNS:
            clause, spelled = COLUMNS[name]
            wanted = split(values)
            if name == "EQ_action" and not set(wanted) <= ACTIONS:
                raise BadQuery("EQ_action is ADD, OBSERVE or DELETE.", parameter=name)
            alone = len(wanted) == 1
            query.clauses.append(ALONE[name] if alone else clause)
            query.values[name] = spelled(wanted[0]) if alone else texts(map(spelled, wanted))
        elif name in MATCHES:
            clause, letters = MATCHES[name]
            query.clauses.append(clause)
            query.values[name] = texts(one for value in split(values) for one in looked_for(name, value, letters))
        elif name in LASTING:
            clause, letter = LASTING[name]
            query.clauses.append(clause)
            query.values[name] = texts(f"{letter} {bare(value, 'Disp')}" for value in split(values))
        elif prefix := next((one for one in TYPED if name.startswith(one)), None):
            if typed == len(TYPED_CLAUSES):
                raise BadQuery(f"At most {typed} transactions, sources and destinations can be asked for.",
                               parameter=name)  # fmt: skip
            letter, kind = TYPED[prefix]
            kind_of = bare(name.removeprefix(prefix), kind)
            query.clauses.append(TYPED_CLAUSES[typed])
            query.values[f"typed_{typed}"] = texts(f"{letter} {kind_of} {canonical(value)}" for value in split(values))
            typed += 1
        elif name in PAGING:
            paged(query, name, values[-1])
        else:
            raise BadQuery(f"{name[:80]} is not understood here.", parameter=name[:200], known=list(KNOWN))
    query.direction = query.direction or "ASC"
    return query


def looked_for(name: str, value: str, letters: str) -> list[str]:
    """A pattern over all serials of one class looks for the class (a capital letter)."""
    if value.startswith("urn:epc:idpat:") and "Class" not in name:
        try:
            link = parse(value).link()
        except BadGs1Key as refusal:
            raise BadQuery(f"{name}: {refusal.detail}", parameter=name) from refusal
        return [f"{letter.upper()} {link}" for letter in letters]
    return [f"{letter} {canonical(value) if letter != 't' else value}" for letter in letters]


def paged(query: Query, name: str, value: str) -> None:
    if name == "orderBy" and value in {"eventTime", "recordTime"}:
        query.order = value
        query.direction = query.direction or "DESC"
    elif name == "orderDirection" and value in {"ASC", "DESC"}:
        query.direction = value
    elif name == "perPage" and counted(value):
        query.limit = min(counted(value), MOST)
    elif name == "eventCountLimit" and counted(value):
        query.count = min(counted(value), MOST)
    elif name == "EXISTS_errorDeclaration" and value in {"", "true"}:
        query.clauses.append("declared_at IS NOT NULL")
    elif name == "nextPageToken":
        query.token = value
    else:
        raise BadQuery(f"{name} cannot be {value[:80]!r}.", parameter=name)


def counted(value: str) -> int:
    return int(value) if re.fullmatch(r"[0-9]{1,6}", value) else 0


def time(name: str, values: list[str]) -> datetime:
    try:
        # A plus sign that was not escaped in the address arrives as a space.
        return fingerprints.instant(values[-1].replace(" ", "+"))
    except (ValueError, OverflowError) as error:
        raise BadQuery(f"{name} is no time with an offset (RFC 3339).", parameter=name) from error


def split(values: list[str]) -> list[str]:
    """Alternatives: the parameter again, a bar, or a comma before another URI or between words."""
    found: list[str] = []
    for value in values:
        separator = r"[|,]" if ":" not in value else r"\||,(?=[a-z][a-z0-9+.-]*:)"
        found += [one for one in re.split(separator, value) if one]
    return found
