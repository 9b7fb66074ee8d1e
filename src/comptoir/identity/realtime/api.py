"""Who a record may be of, the steward's queue, and the versions of what was learnt."""

from typing import Annotated
from uuid import UUID

import msgspec
from litestar import get, post
from litestar.datastructures import State
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody
from litestar.status_codes import HTTP_200_OK

from comptoir.identity import people, retractions
from comptoir.identity.errors import (
    KeptApart,
    NoModel,
    NotUndoable,
    SharedByMany,
    Superseded,
    UnknownModel,
    UnknownReview,
)
from comptoir.identity.journal import Operation
from comptoir.identity.realtime import accounts, models, reviews
from comptoir.identity.realtime.cleaning import Written, clean
from comptoir.identity.realtime.scoring import SHOWN, Reason, rank
from comptoir.identity.testimony import Scope
from comptoir.kernel.auth import Actor, allow
from comptoir.kernel.db import Tx
from comptoir.kernel.http import READS_ONLY, Limit, raises

Short = Annotated[str, msgspec.Meta(max_length=500)]


class Asked(Written, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A record, as it was written down anywhere."""

    device_ids: Annotated[tuple[Short, ...], msgspec.Meta(max_length=50)] = ()


class Person(msgspec.Struct, frozen=True):
    """Whom the record may be of."""

    key: UUID
    probability: float
    bits: float
    """log2 of the odds; above zero it is more probable than not."""
    reasons: list[Reason]


class Scored(msgspec.Struct, frozen=True):
    """The people the record may be of, the most probable first."""

    model: str
    people: list[Person]


class Answered(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A steward's word."""

    answer: reviews.Answer


class Queue(msgspec.Struct, frozen=True):
    """What stewards are asked, and how far they have come."""

    progress: reviews.Progress
    reviews: list[reviews.Review]


@post(
    "/score",
    guards=[allow("identity:read")],
    opt=READS_ONLY,
    responses=raises(NoModel),
    status_code=HTTP_200_OK,
)
async def score(state: State, data: JSONBody[Asked]) -> Scored:
    """Who this may be, with the probability of each and what each field says. Nothing is kept of it."""
    async with state.db.reading() as tx:
        by = await state.models.live(tx)
        one = clean(data, by.known)
        near = await accounts.near(tx, [one])
        found = rank([one], {person: near.accounts[person] for person in near.people[0]}, by)[:SHOWN]
        keys = await people.keys_of(tx, [like.person_id for like in found])
    return Scored(
        by.version, [Person(keys[like.person_id], like.probability, like.bits, like.reasons) for like in found]
    )


@get("/reviews", guards=[allow("identity:read")])
async def get_reviews(tx: NamedDependency[Tx], answer: FromQuery[str] = "open", limit: Limit = 50) -> Queue:
    """Pairs that may be one person, the most probable first."""
    return Queue(await reviews.progress(tx), await reviews.queue(tx, answer=answer, limit=limit))


@post(
    "/reviews/{review_id:int}/answer",
    guards=[allow("identity:write")],
    responses=raises(UnknownReview, KeptApart, SharedByMany, NotUndoable, Superseded),
    status_code=HTTP_200_OK,
)
async def post_answer(
    tx: NamedDependency[Tx], actor: NamedDependency[Actor], review_id: FromPath[int], data: JSONBody[Answered]
) -> reviews.Review:
    """Say whether two accounts are one person, two of one household, or two; or put them off."""
    return await reviews.answer(tx, review_id=review_id, answer=data.answer, actor=named(actor))


@post(
    "/reviews/{review_id:int}/undo",
    guards=[allow("identity:write")],
    responses=raises(UnknownReview, NotUndoable, Superseded),
    status_code=HTTP_200_OK,
)
async def post_undo(tx: NamedDependency[Tx], actor: NamedDependency[Actor], review_id: FromPath[int]) -> reviews.Review:
    """Take an answer back, with what it did."""
    return await reviews.undo(tx, review_id=review_id, actor=named(actor))


@get("/models", guards=[allow("identity:read")])
async def get_models(tx: NamedDependency[Tx]) -> list[models.Version]:
    """What was learnt so far, the newest first; one is live."""
    return await models.listing(tx)


@post(
    "/models/{version:str}/use",
    guards=[allow("identity:admin")],
    responses=raises(UnknownModel),
    status_code=HTTP_200_OK,
)
async def use_model(tx: NamedDependency[Tx], version: FromPath[str]) -> models.Version:
    """Have this model judge from now on; the one before is retired, and what it joined stands."""
    return await models.put_to_use(tx, version=version)


@post(
    "/models/{version:str}/retraction",
    guards=[allow("identity:admin")],
    responses=raises(UnknownModel),
    status_code=HTTP_200_OK,
)
async def retract_model(tx: NamedDependency[Tx], actor: NamedDependency[Actor], version: FromPath[str]) -> Operation:
    """Take back all that a model has joined, as if it had never spoken. It is an operation that can be undone."""
    await models.known(tx, version=version)
    return await retractions.retract(tx, scope=Scope(batch_id=f"match:{version}"), actor=named(actor))


def named(actor: Actor) -> str:
    return f"{actor.kind}:{actor.name}"


ROUTES = [score, get_reviews, post_answer, post_undo, get_models, use_model, retract_model]
