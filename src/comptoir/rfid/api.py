"""/v1/rfid: capture and query of EPCIS 2.0 (standard, section 12), in JSON-LD."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any
from urllib.parse import quote, unquote, urlencode
from uuid import UUID

import msgspec
from litestar import Response, Router, get, post
from litestar.di import NamedDependency
from litestar.openapi.spec import OpenAPIMediaType, Operation, RequestBody
from litestar.params import FromPath, QueryParameter, RawBody
from litestar.status_codes import HTTP_201_CREATED, HTTP_202_ACCEPTED

from comptoir.kernel.auth import allow
from comptoir.kernel.db import Tx
from comptoir.kernel.errors import Invalid, NotFound, TooLarge
from comptoir.kernel.http import AnyRequest, Page, page, place_of, raises
from comptoir.kernel.http.many import Written
from comptoir.rfid import captures, queries, vocabulary
from comptoir.rfid.documents import CONTEXT, MAX_EVENTS
from comptoir.rfid.errors import (
    BadDocument,
    BadQuery,
    TooManyEvents,
    UnknownCapture,
    UnknownEvent,
    VersionNotServed,
)
from comptoir.rfid.readings.api import ROUTES as READINGS
from comptoir.rfid.records import Behaviour, Capture

MAX_BODY = 32_000_000
"""Bytes of one document."""

VERSIONS = {"GS1-EPCIS-Version": "2.0.0", "GS1-CBV-Version": "2.0.0", "GS1-EPCIS-Min": "2.0", "GS1-EPCIS-Max": "2.0"}
LIMITS = {"GS1-EPCIS-Capture-Limit": str(MAX_EVENTS), "GS1-EPCIS-Capture-File-Size-Limit": str(MAX_BODY)}

PerPage = Annotated[int, QueryParameter(name="perPage", description="How many at most.", ge=1, le=500)]
Token = Annotated[str, QueryParameter(name="nextPageToken", description="From the `next` link.", max_length=2_000)]
Json = dict[str, Any]


@dataclass
class Sent(Operation):
    """What the raw bodies hold, for OpenAPI."""

    def __post_init__(self) -> None:
        told = Written({"type": "object", "required": ["@context", "type"], "additionalProperties": True})
        content = {"application/ld+json": OpenAPIMediaType(schema=told), "application/json": OpenAPIMediaType(told)}
        self.request_body = RequestBody(required=True, content=content)


@post(
    "/capture",
    guards=[allow("rfid:write")],
    responses=raises(BadDocument, TooManyEvents, TooLarge, VersionNotServed),
    status_code=HTTP_202_ACCEPTED,
    request_max_body_size=MAX_BODY,
    operation_class=Sent,
)
async def begin_capture(tx: NamedDependency[Tx], request: AnyRequest, body: RawBody) -> Response[None]:
    """Take an EPCISDocument. The answer comes at once and names the job (Location); its events come in after it.

    `GS1-Capture-Error-Behaviour: proceed` keeps the good events beside bad ones; `rollback` (the default) all or none.
    """
    check_version(request)
    capture_id = await captures.begin(tx, body=body, behaviour=behaviour_of(request))
    headers = {"Location": f"/v1/rfid/capture/{capture_id}", **VERSIONS, **LIMITS}
    return Response(None, status_code=HTTP_202_ACCEPTED, headers=headers)


@get("/capture/{capture_id:uuid}", guards=[allow("rfid:read")], responses=raises(UnknownCapture))
async def get_capture(tx: NamedDependency[Tx], capture_id: FromPath[UUID]) -> Response[Capture]:
    """How far a capture job is, and what was wrong with its document, each fault with its place."""
    return Response(await captures.capture(tx, capture_id=capture_id), headers=VERSIONS)


@get("/capture", guards=[allow("rfid:read")], responses=raises(Invalid))
async def list_captures(
    tx: NamedDependency[Tx],
    per_page: Annotated[int, QueryParameter(name="perPage", description="How many at most.", ge=1, le=500)] = 30,
    token: Annotated[
        str,
        QueryParameter(name="nextPageToken", description="From the `next` link of the page before.", max_length=500),
    ] = "",
) -> Response[list[Capture]]:
    """Capture jobs, the newest first; a `next` link leads on."""
    before = place_of(token, datetime, UUID)
    found = await captures.recent(tx, before=before, limit=per_page + 1)
    several: Page[Capture] = page(found, per_page, lambda one: (one.created_at, one.capture_id))
    query = [("perPage", str(per_page))]
    return Response(several.items, headers={**VERSIONS, **next_link("/v1/rfid/capture", query, several.next)})


@post(
    "/events",
    guards=[allow("rfid:write")],
    responses=raises(BadDocument, TooLarge, VersionNotServed),
    status_code=HTTP_201_CREATED,
    operation_class=Sent,
)
async def record_event(tx: NamedDependency[Tx], request: AnyRequest, body: RawBody) -> Response[None]:
    """Record one event with its @context at once. Location names it; the same event again is stored once."""
    check_version(request)
    uri = await captures.record(tx, body=body)
    location = f"/v1/rfid/events/{quote(uri, safe='')}"
    return Response(None, status_code=HTTP_201_CREATED, headers={"Location": location, **VERSIONS})


@get("/events", guards=[allow("rfid:read")], responses=raises(BadQuery, VersionNotServed))
async def list_events(tx: NamedDependency[Tx], request: AnyRequest) -> Response[bytes]:
    """Events by the simple query of EPCIS 2.0, as an EPCISQueryDocument; a `next` link leads on.

    Parameters: eventType, GE_/LT_eventTime, GE_/LT_recordTime, EQ_action, EQ_bizStep, EQ_disposition, EQ_readPoint,
    EQ_bizLocation, EQ_bizTransaction_…, EQ_source_…, EQ_destination_…, EQ_persistentDisposition_set and _unset,
    EQ_transformationID, EQ_eventID, MATCH_epc, MATCH_parentID, MATCH_inputEPC, MATCH_outputEPC, MATCH_anyEPC,
    MATCH_epcClass and its kin, EXISTS_errorDeclaration, orderBy, orderDirection, eventCountLimit, perPage,
    nextPageToken.
    """
    return await answered(tx, request, "/v1/rfid/events", [])


@get("/events/{rest:path}", guards=[allow("rfid:read")], responses=raises(UnknownEvent))
async def get_event(tx: NamedDependency[Tx], request: AnyRequest, rest: FromPath[str]) -> Response[bytes]:
    """The event of one eventID, which stands escaped in the address."""
    (uri,) = segments(request, "/events/", 1, rest)
    found = await queries.find_event(tx, uri=uri)
    return document(request, found.document, {})


FIELDS = {
    "eventTypes": "eventType",
    "epcs": "MATCH_anyEPC",
    "bizSteps": "EQ_bizStep",
    "bizLocations": "EQ_bizLocation",
    "readPoints": "EQ_readPoint",
    "dispositions": "EQ_disposition",
}
"""Resources of the standard, and the parameter that each stands for."""


@get(
    [f"/{resource}/{{rest:path}}" for resource in FIELDS],
    guards=[allow("rfid:read")],
    responses=raises(BadQuery, NotFound, VersionNotServed),
)
async def list_events_of(tx: NamedDependency[Tx], request: AnyRequest, rest: FromPath[str]) -> Response[bytes]:
    """Events of one EPC, place, step, disposition or type: `/epcs/{epc}/events`, the name escaped in the address.

    Takes the parameters of `/events` beside it. Without `/events` it tells what there is beneath.
    """
    resource = resource_of(request)
    name, *more = segments(request, f"/{resource}/", 2, rest)
    if not more:
        return document(request, collection(["events"]), {})
    if more != ["events"]:
        raise NotFound(f"Beneath a name of {resource} there is only events.")
    path = f"/v1/rfid/{resource}/{quote(name, safe='')}/events"
    return await answered(tx, request, path, [(FIELDS[resource], name.replace("|", "%7C"))])


@get(
    ["/eventTypes", "/bizSteps", "/dispositions"],
    guards=[allow("rfid:read")],
)
async def list_words(request: AnyRequest) -> Response[bytes]:
    """The words of the vocabulary: types of events, business steps, dispositions."""
    words = {
        "eventTypes": vocabulary.EVENT_TYPES,
        "bizSteps": vocabulary.BIZ_STEPS,
        "dispositions": vocabulary.DISPOSITIONS,
    }
    return document(request, collection(words[resource_of(request)]), {})


@get(["/readPoints", "/bizLocations"], guards=[allow("rfid:read")], responses=raises(Invalid))
async def list_places(
    tx: NamedDependency[Tx],
    request: AnyRequest,
    per_page: Annotated[int, QueryParameter(name="perPage", description="How many at most.", ge=1, le=500)] = 30,
    token: Annotated[
        str,
        QueryParameter(name="nextPageToken", description="From the `next` link of the page before.", max_length=2000),
    ] = "",
) -> Response[bytes]:
    """The read points or business locations that occur in events."""
    resource = resource_of(request)
    (after,) = place_of(token, str) or ("",)
    found = await queries.places(tx, business=resource == "bizLocations", after=after, limit=per_page + 1)
    several: Page[str] = page(found, per_page, lambda one: (one,))
    query = [("perPage", str(per_page))]
    return document(request, collection(several.items), next_link(f"/v1/rfid/{resource}", query, several.next))


router = Router(
    "/v1/rfid",
    route_handlers=[
        begin_capture,
        get_capture,
        list_captures,
        record_event,
        list_events,
        get_event,
        list_events_of,
        list_words,
        list_places,
        *READINGS,
    ],
    tags=["rfid"],
)


# ---- parts


async def answered(tx: Tx, request: AnyRequest, path: str, fixed: list[tuple[str, str]]) -> Response[bytes]:
    """A page of events and the way to the next one."""
    check_version(request)
    asked = [(name, value) for name, value in request.query_params.multi_items()]
    found = await queries.find(tx, parameters=[*fixed, *asked])
    kept = [pair for pair in asked if pair[0] != "nextPageToken"]
    return document(request, found.document, next_link(path, kept, found.next))


def document(request: AnyRequest, told: Json, headers: Mapping[str, str]) -> Response[bytes]:
    """JSON-LD, under the name that the caller likes better."""
    linked = "application/ld+json" in request.headers.get("accept", "")
    media_type = "application/ld+json" if linked else "application/json"
    return Response(msgspec.json.encode(told), media_type=media_type, headers={**VERSIONS, **headers})


def collection(members: Any) -> Json:
    return {"@context": CONTEXT, "type": "Collection", "member": members}


def next_link(path: str, query: Sequence[tuple[str, str]], token: str | None) -> dict[str, str]:
    """RFC 8288. Our tokens do not expire."""
    if token is None:
        return {}
    return {"Link": f'<{path}?{urlencode([*query, ("nextPageToken", token)])}>; rel="next"'}


def check_version(request: AnyRequest) -> None:
    """Raises VersionNotServed for another version than 2.0."""
    asked = request.headers.get("gs1-epcis-version", "2.0")
    least, most = request.headers.get("gs1-epcis-min", "2.0"), request.headers.get("gs1-epcis-max", "2.0")
    if not asked.startswith("2.0") or least > "2.0.9" or most < "2.0":
        raise VersionNotServed("EPCIS 2.0 is spoken here.", served="2.0")


def behaviour_of(request: AnyRequest) -> Behaviour:
    told = request.headers.get("gs1-capture-error-behaviour", "rollback")
    if told not in {"rollback", "proceed"}:
        raise BadDocument("GS1-Capture-Error-Behaviour is rollback or proceed.", faults=[])
    return "proceed" if told == "proceed" else "rollback"


def resource_of(request: AnyRequest) -> str:
    return request.url.path.removeprefix("/v1/rfid/").split("/")[0]


def segments(request: AnyRequest, after: str, most: int, rest: str) -> list[str]:
    """The parts of the address behind `after`, unescaped one by one: a URI in it has slashes of its own."""
    raw = request.scope["raw_path"]
    _, found, tail = raw.decode("latin-1").partition(f"/v1/rfid{after}")
    parts = tail.split("?")[0].split("/") if found else [rest.removeprefix("/")]
    if len(parts) > most and most == 1:
        parts = ["/".join(parts)]
    try:
        return [unquote(part, errors="strict") for part in parts]
    except UnicodeDecodeError as error:
        raise Invalid("The address is not UTF-8.") from error
