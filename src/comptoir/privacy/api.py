"""/v1/privacy: people's requests, erasure and its certificates, her copy, who looked at whom, the register."""

from typing import Annotated, Any

import msgspec
from litestar import Response, Router, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody, QueryParameter
from litestar.status_codes import HTTP_200_OK, HTTP_201_CREATED

from comptoir import identity
from comptoir.kernel.auth import Actor, allow
from comptoir.kernel.db import Tx
from comptoir.kernel.http import Cursor, Limit, Page, page, place_of, raises
from comptoir.kernel.settings import Settings
from comptoir.privacy import access, asking, certificates, erasing, returning, sight
from comptoir.privacy.errors import (
    NotDoubtful,
    NotErased,
    NotVerified,
    ReferenceTaken,
    RequestClosed,
    UnknownCertificate,
    UnknownRequest,
    WrongKind,
)
from comptoir.privacy.records import Erasure, Request
from comptoir.privacy.register import personal

READ, WRITE, ADMIN = [allow("privacy:read")], [allow("privacy:write")], [allow("privacy:admin")]
Words = Annotated[str, msgspec.Meta(min_length=1, max_length=500)]


@post(
    "/requests",
    guards=WRITE,
    responses=raises(identity.UnknownPerson, identity.BeingErased, ReferenceTaken),
    status_code=HTTP_201_CREATED,
)
async def open_request(tx: NamedDependency[Tx], actor: NamedDependency[Actor], data: JSONBody[asking.Asked]) -> Request:
    """A person asks for something. The same reference again is the same request."""
    return await asking.open_request(tx, asked=data, actor=actor)


@get("/requests", guards=READ)
async def list_requests(
    tx: NamedDependency[Tx],
    is_open: Annotated[bool | None, QueryParameter(name="open", description="Only open ones, or closed ones.")] = None,
    cursor: Cursor = "",
    limit: Limit = 50,
) -> Page[Request]:
    """Requests, the newest first."""
    after = place_of(cursor, int)
    found = await asking.requests(tx, is_open=is_open, before=after[0] if after else None, limit=limit + 1)
    return page(found, limit, lambda one: [one.request_id])


@get("/requests/{request_id:int}", guards=READ, responses=raises(UnknownRequest))
async def get_request(tx: NamedDependency[Tx], request_id: FromPath[int]) -> Request:
    """One request."""
    return await asking.request(tx, request_id=request_id)


class Verified(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How it was made sure that it was she."""

    how: Words


class Why(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """In words, for her."""

    answer: Words


class Switched(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Whether her data are kept and not used."""

    on: bool


class Decided(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Of the doubtful identifiers: which are hers, which somebody else's."""

    hers: Annotated[list[int], msgspec.Meta(max_length=1000)] = []
    others: Annotated[list[int], msgspec.Meta(max_length=1000)] = []


@post(
    "/requests/{request_id:int}/verify",
    guards=ADMIN,
    status_code=HTTP_200_OK,
    responses=raises(UnknownRequest, RequestClosed),
)
async def verify(
    tx: NamedDependency[Tx], actor: NamedDependency[Actor], request_id: FromPath[int], data: JSONBody[Verified]
) -> Request:
    """It was made sure that it was she who asked."""
    return await asking.verify(tx, request_id=request_id, how=data.how, actor=actor)


@post(
    "/requests/{request_id:int}/refuse",
    guards=ADMIN,
    status_code=HTTP_200_OK,
    responses=raises(UnknownRequest, RequestClosed, WrongKind),
)
async def refuse(
    tx: NamedDependency[Tx], actor: NamedDependency[Actor], request_id: FromPath[int], data: JSONBody[Why]
) -> Request:
    """Refuse, and say why."""
    return await asking.refuse(tx, request_id=request_id, why=data.answer, actor=actor)


@post(
    "/requests/{request_id:int}/answer",
    guards=ADMIN,
    status_code=HTTP_200_OK,
    responses=raises(UnknownRequest, RequestClosed, NotVerified),
)
async def answer(
    tx: NamedDependency[Tx], actor: NamedDependency[Actor], request_id: FromPath[int], data: JSONBody[Why]
) -> Request:
    """It was done: her copy was handed to her, a value was mended."""
    return await asking.answered(tx, request_id=request_id, answer=data.answer, actor=actor)


@post(
    "/requests/{request_id:int}/restriction",
    guards=ADMIN,
    status_code=HTTP_200_OK,
    responses=raises(UnknownRequest, WrongKind, NotVerified),
)
async def restrict(
    tx: NamedDependency[Tx], actor: NamedDependency[Actor], request_id: FromPath[int], data: JSONBody[Switched]
) -> Request:
    """Keep her data and do not use them; or use them again."""
    return await asking.restrict(tx, request_id=request_id, on=data.on, actor=actor)


@post(
    "/requests/{request_id:int}/erasure",
    guards=ADMIN,
    status_code=HTTP_200_OK,
    responses=raises(UnknownRequest, NotVerified, WrongKind),
)
async def erase(tx: NamedDependency[Tx], actor: NamedDependency[Actor], request_id: FromPath[int]) -> Erasure:
    """Hide her at once and begin to erase her. There is no way back."""
    return await asking.erase(tx, request_id=request_id, actor=actor)


@get("/requests/{request_id:int}/erasure", guards=READ, responses=raises(UnknownRequest))
async def get_erasure(tx: NamedDependency[Tx], request_id: FromPath[int]) -> Erasure:
    """How far it has come."""
    if found := await erasing.erasure_if_any(tx, request_id=request_id):
        return found
    raise UnknownRequest(f"Request {request_id} erases nobody.")


@post(
    "/requests/{request_id:int}/decision",
    guards=ADMIN,
    status_code=HTTP_200_OK,
    responses=raises(UnknownRequest, NotDoubtful, RequestClosed),
)
async def decide(
    tx: NamedDependency[Tx], actor: NamedDependency[Actor], request_id: FromPath[int], data: JSONBody[Decided]
) -> Erasure:
    """Say of each doubtful identifier whether it is hers. Then erasing begins."""
    return await asking.decide(tx, request_id=request_id, hers=data.hers, others=data.others, actor=actor)


@get("/requests/{request_id:int}/copy", guards=ADMIN, responses=raises(UnknownRequest, NotVerified, WrongKind))
async def get_copy(tx: NamedDependency[Tx], request_id: FromPath[int]) -> access.Copy:
    """Everything that is held of her; of a request for portability what she gave herself."""
    return await access.copy_of(tx, request=await asking.request(tx, request_id=request_id))


@get(
    "/requests/{request_id:int}/copy.pdf",
    guards=ADMIN,
    responses=raises(UnknownRequest, NotVerified, WrongKind),
    media_type="application/pdf",
)
async def get_readable_copy(tx: NamedDependency[Tx], request_id: FromPath[int]) -> Response[bytes]:
    """The same to be read."""
    one = await asking.request(tx, request_id=request_id)
    copy = await access.copy_of(tx, request=one)
    return Response(access.drawn(copy, one.language), media_type="application/pdf")


@get("/certificates/{number:int}", guards=READ, responses=raises(UnknownCertificate))
async def get_certificate(tx: NamedDependency[Tx], number: FromPath[int]) -> certificates.Certificate:
    """The proof of an erasure, without anything of hers."""
    return await certificates.certificate(tx, number=number)


@get(
    "/certificates/{number:int}/pdf",
    guards=READ,
    responses=raises(UnknownCertificate),
    media_type="application/pdf",
)
async def get_certificate_pdf(tx: NamedDependency[Tx], number: FromPath[int]) -> Response[bytes]:
    """The same to be printed; the same bytes each time."""
    return Response(await certificates.pdf_of(tx, number=number), media_type="application/pdf")


class Returning(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Who was erased and comes back of her own accord. `reason`: how, without her name."""

    namespace: Words
    value: Words
    reason: Words
    reference: Words


@post("/returns", guards=ADMIN, status_code=HTTP_200_OK, responses=raises(NotErased))
async def readmit(
    tx: NamedDependency[Tx],
    actor: NamedDependency[Actor],
    settings: NamedDependency[Settings],
    data: JSONBody[Returning],
) -> None:
    """Let an erased identifier in again: she begins anew."""
    await returning.readmit(
        tx,
        namespace=data.namespace,
        value=data.value,
        country=settings.country,
        reason=data.reason,
        reference=data.reference,
        actor=actor,
    )


@get("/sights", guards=ADMIN)
async def list_sights(tx: NamedDependency[Tx], limit: Limit = 100) -> list[sight.Sight]:
    """Who has looked at whom, the newest first."""
    return await sight.sights(tx, limit=limit)


class Entry(msgspec.Struct, frozen=True):
    """One line of the register of processing."""

    table: str
    what: str
    by: str
    erasure: str
    why: str
    keep: str
    columns: list[str]


@get("/register", guards=READ)
async def get_register() -> list[Entry]:
    """What is held of people, how long, and what erasure does to it."""
    return [
        Entry(
            one.name, one.what, one.by or "", one.does or "", one.why, one.keep, [*one.hers.split(), *one.free.split()]
        )
        for one in personal()
    ]


HANDLERS: list[Any] = [
    open_request,
    list_requests,
    get_request,
    verify,
    refuse,
    answer,
    restrict,
    erase,
    get_erasure,
    decide,
    get_copy,
    get_readable_copy,
    get_certificate,
    get_certificate_pdf,
    readmit,
    list_sights,
    get_register,
]
router = Router("/v1/privacy", route_handlers=HANDLERS, tags=["privacy"])
