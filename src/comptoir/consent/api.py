"""`/v1/consent`: choices told and asked, what may be done, purposes and their wordings."""

from collections.abc import Sequence
from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec
from litestar import Router, get, post, put
from litestar.datastructures import State
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody, RawBody
from litestar.status_codes import HTTP_200_OK, HTTP_201_CREATED, HTTP_202_ACCEPTED

from comptoir import identity
from comptoir.consent.choices import record
from comptoir.consent.effective import effective, may
from comptoir.consent.errors import (
    BadContact,
    BadPurpose,
    NoPublicAddress,
    PurposeExists,
    UnknownPurpose,
    WrongChannel,
)
from comptoir.consent.ledger import history
from comptoir.consent.letters import SignedUp, SignUp, sign_up
from comptoir.consent.links import preference_links, unsubscribe_headers
from comptoir.consent.purposes import (
    add_purpose,
    add_wording,
    change_purpose,
    purpose,
    purposes,
    wordings,
)
from comptoir.consent.records import (
    Because,
    Channel,
    Choice,
    Code,
    Effective,
    NewChoice,
    NewWording,
    Purpose,
    PurposeEntry,
    Recorded,
    Wording,
)
from comptoir.kernel import mail
from comptoir.kernel.auth import Actor, ShownOnce, allow
from comptoir.kernel.db import Tx
from comptoir.kernel.errors import Invalid, Refusal, TooLarge
from comptoir.kernel.http import READS_ONLY, Cursor, Limit, Page, page, place_of, raises
from comptoir.kernel.http.many import Many

MAX_BODY = 16_000_000
CHOICES = Many(NewChoice, key="choices", most=10_000)


class Problem(msgspec.Struct, frozen=True):
    """Why one choice was not taken, as if it had been sent alone. `code` is stable."""

    code: str
    title: str
    status: int
    detail: str
    data: dict[str, Any]


class Result(msgspec.Struct, frozen=True):
    """What became of one choice; in the order sent. It has a choice, or a problem."""

    status: Literal["recorded", "repeated", "refused"]
    choice: Recorded | None = None
    problem: Problem | None = None


class Results(msgspec.Struct, frozen=True):
    """How many were recorded now, were in the ledger already, could not be; and each by itself."""

    recorded: int
    repeated: int
    refused: int
    results: list[Result]


@post(
    "/choices",
    guards=[allow("consent:write")],
    responses=raises(Invalid, TooLarge),
    status_code=HTTP_200_OK,
    request_max_body_size=MAX_BODY,
    operation_class=CHOICES.operation,
)
async def record_choices(
    tx: NamedDependency[Tx], actor: NamedDependency[Actor], state: State, body: RawBody
) -> Results:
    """Record what was said, one choice or up to 10,000, each judged by itself. Telling it again is safe."""
    answers = await record(tx, CHOICES.decode(body), actor=actor, country=state.settings.country)
    results = [result(one) for one in answers]
    count = [one.status for one in results]
    return Results(count.count("recorded"), count.count("repeated"), count.count("refused"), results)


@post(
    "/sign-ups",
    guards=[allow("consent:write")],
    responses=raises(UnknownPurpose, WrongChannel, BadContact, NoPublicAddress, mail.BadAddress, mail.MailOff),
    status_code=HTTP_202_ACCEPTED,
)
async def create_sign_up(
    tx: NamedDependency[Tx], actor: NamedDependency[Actor], state: State, data: JSONBody[SignUp]
) -> SignedUp:
    """Double opt-in: it is pending until the link in the letter is used. The answer does not tell who is known."""
    return await sign_up(tx, entry=data, actor=actor, settings=state.settings)


class LinkFor(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A contact point, and the purpose of the e-mail that goes to it."""

    namespace: Annotated[str, msgspec.Meta(min_length=1, max_length=63)]
    value: Annotated[str, msgspec.Meta(min_length=1, max_length=512)]
    purpose: Code


class Links(ShownOnce, frozen=True):
    """What a message carries: the way to the preference centre, and the headers of one-click unsubscription."""

    preferences: str
    headers: dict[str, str]


@post(
    "/links",
    guards=[allow("consent:write")],
    responses=raises(UnknownPurpose, BadContact, NoPublicAddress),
    status_code=HTTP_200_OK,
)
async def create_links(tx: NamedDependency[Tx], state: State, data: JSONBody[LinkFor]) -> Links:
    """Links for a message to this contact point. Whoever has them can change its choices: put them nowhere else."""
    wanted = await purpose(tx, code=data.purpose)
    contact = (await identity.Cleaner.load(tx)).one(data.namespace, data.value, state.settings.country)
    if isinstance(contact, identity.Refused):
        raise BadContact(f"{contact.value!r} as {contact.namespace}: {contact.reason}.", reason=contact.reason)
    node = await identity.observe(tx, identity.Observation(identifiers=(contact,), at=tx.now))
    assert node is not None, "a clean identifier has a node"
    public_url = state.settings.public_url
    (link,) = await preference_links(tx, [node], public_url=public_url)
    (headers,) = await unsubscribe_headers(tx, [(node, wanted.purpose_id)], public_url=public_url)
    return Links(link, headers)


class Question(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """May we write to this contact point, by this channel, for this purpose?"""

    namespace: Annotated[str, msgspec.Meta(min_length=1, max_length=63)]
    value: Annotated[str, msgspec.Meta(min_length=1, max_length=512)]
    channel: Channel
    purpose: Code


class Questions(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Several at once."""

    questions: Annotated[list[Question], msgspec.Meta(max_length=10_000)]


class Answer(msgspec.Struct, frozen=True):
    """Yes or no, and why."""

    allowed: bool
    because: Because
    choice_id: int | None


@post("/checks", guards=[allow("consent:read")], status_code=HTTP_200_OK, opt=READS_ONLY)
async def check(tx: NamedDependency[Tx], state: State, data: JSONBody[Questions]) -> list[Answer]:
    """What may be done now; in the order asked. Nothing is written."""
    cleaner = await identity.Cleaner.load(tx)
    clean = [cleaner.one(one.namespace, one.value, state.settings.country) for one in data.questions]
    found = await identity.nodes_by_value(tx, [one for one in clean if not isinstance(one, identity.Refused)])
    asked = [
        (0 if isinstance(contact, identity.Refused) else found.get(contact, 0), one.channel, one.purpose)
        for one, contact in zip(data.questions, clean, strict=True)
    ]
    return [Answer(one.allowed, one.because, one.choice_id) for one in await may(tx, asked)]


@get("/people/{key:uuid}", guards=[allow("consent:read")], responses=raises(identity.UnknownPerson))
async def get_person_consents(tx: NamedDependency[Tx], key: FromPath[UUID]) -> list[Effective]:
    """What holds for somebody: for each of her contact points, then for her as a whole; each with its reason."""
    person = await identity.person(tx, key=key)
    return await effective(tx, person=person.person_id)


@get("/people/{key:uuid}/choices", guards=[allow("consent:read")], responses=raises(identity.UnknownPerson, Invalid))
async def list_person_choices(
    tx: NamedDependency[Tx], key: FromPath[UUID], cursor: Cursor = "", limit: Limit = 100
) -> Page[Choice]:
    """Everything that was ever said of her contact points, with its proof, the last told first."""
    person = await identity.person(tx, key=key)
    after = place_of(cursor, int)
    nodes = [node.node_id for node in person.nodes]
    found = await history(tx, nodes=nodes, before=after[0] if after else None, limit=limit + 1)
    return page(found, limit, lambda one: [one.choice_id])


@get("/purposes", guards=[allow("consent:read")])
async def list_purposes(tx: NamedDependency[Tx]) -> Sequence[Purpose]:
    """What consent is asked for, each with the wording that is shown now."""
    return await purposes(tx)


@post(
    "/purposes",
    guards=[allow("consent:admin")],
    responses=raises(PurposeExists, BadPurpose),
    status_code=HTTP_201_CREATED,
)
async def create_purpose(
    tx: NamedDependency[Tx], actor: NamedDependency[Actor], data: JSONBody[PurposeEntry]
) -> Purpose:
    """A new purpose."""
    return await add_purpose(tx, entry=data, actor=actor)


@put("/purposes", guards=[allow("consent:admin")], responses=raises(UnknownPurpose, BadPurpose))
async def update_purpose(
    tx: NamedDependency[Tx], actor: NamedDependency[Actor], data: JSONBody[PurposeEntry]
) -> Purpose:
    """Change a purpose, known by its code."""
    return await change_purpose(tx, entry=data, actor=actor)


@get("/purposes/{code:str}/wordings", guards=[allow("consent:read")], responses=raises(UnknownPurpose))
async def list_wordings(tx: NamedDependency[Tx], code: FromPath[str]) -> Sequence[Wording]:
    """Every version of a purpose's wording, the newest first."""
    return await wordings(tx, code=code)


@post(
    "/purposes/{code:str}/wordings",
    guards=[allow("consent:admin")],
    responses=raises(UnknownPurpose, BadPurpose),
    status_code=HTTP_201_CREATED,
)
async def create_wording(
    tx: NamedDependency[Tx], actor: NamedDependency[Actor], code: FromPath[str], data: JSONBody[NewWording]
) -> Wording:
    """The next version of a purpose's wording; those before are kept."""
    return await add_wording(tx, code=code, entry=data, actor=actor)


router = Router(
    "/v1/consent",
    route_handlers=[
        record_choices,
        create_sign_up,
        create_links,
        check,
        get_person_consents,
        list_person_choices,
        list_purposes,
        create_purpose,
        update_purpose,
        list_wordings,
        create_wording,
    ],
    tags=["consent"],
)


def result(one: Recorded | Refusal) -> Result:
    if isinstance(one, Refusal):
        return Result("refused", problem=Problem(one.code, one.title(), one.status, one.detail, one.data))
    return Result("recorded" if one.new else "repeated", choice=one)
