"""/v1/orders/sourcing: the policy by which locations are chosen, why they were, and what another policy would do."""

from typing import Annotated
from uuid import UUID

import msgspec
from litestar import Router, get, post, put
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody
from litestar.status_codes import HTTP_200_OK
from msgspec import Meta

from comptoir import channels, inventory
from comptoir.kernel import rules
from comptoir.kernel.auth import Actor, allow
from comptoir.kernel.db import Tx
from comptoir.kernel.errors import Invalid
from comptoir.kernel.http import READS_ONLY, raises
from comptoir.kernel.rules import Words
from comptoir.orders.errors import BadPolicy, NotYourOrder, UnknownOrder, UnknownPolicy
from comptoir.orders.rights import must_touch
from comptoir.orders.sourcing.asking import Answer, AskedBasket, explain_basket
from comptoir.orders.sourcing.conditions import LOCATION
from comptoir.orders.sourcing.explaining import Explanation, sourcing_of, words_of
from comptoir.orders.sourcing.policies import Version, policy, set_policy, versions
from comptoir.orders.sourcing.policy import Policy, PolicyEntry
from comptoir.orders.sourcing.simulating import GivenStock, Simulation, simulate


class RuleWords(msgspec.Struct, frozen=True):
    """A rule as a sentence in each language."""

    name: str
    kind: str
    when: Words


class OnePolicy(msgspec.Struct, frozen=True):
    """A version of the policy, and its rules in words."""

    policy: Policy
    words: list[RuleWords]

    @classmethod
    def of(cls, found: Policy) -> "OnePolicy":
        return cls(
            found,
            [
                RuleWords(one.name, one.__struct_config__.tag, words_of(one.when, found.currency))  # pyright: ignore[reportArgumentType]
                for one in found.rules
            ],
        )


class Attribute(msgspec.Struct, frozen=True):
    """Something that a rule may ask of a location for an order."""

    name: str
    type: str
    words: Words
    operators: list[str]
    values: dict[str, Words]
    """All that it can be, if that is a closed list."""


@get("/sourcing/policy", guards=[allow("orders:read")])
async def get_policy(tx: NamedDependency[Tx]) -> OnePolicy:
    """The policy that holds; version 0 is the built-in one."""
    return OnePolicy.of(await policy(tx))


@put("/sourcing/policy", guards=[allow("orders:admin")], responses=raises(Invalid, BadPolicy))
async def put_policy(tx: NamedDependency[Tx], actor: NamedDependency[Actor], data: JSONBody[PolicyEntry]) -> OnePolicy:
    """A new version, which holds at once. Mistakes in its rules are told with their places."""
    return OnePolicy.of(await set_policy(tx, entry=data, actor=actor.name))


@get("/sourcing/policies", guards=[allow("orders:read")])
async def list_policies(tx: NamedDependency[Tx]) -> list[Version]:
    """The versions that have held, the newest first."""
    return await versions(tx)


@get("/sourcing/policies/{version:int}", guards=[allow("orders:read")], responses=raises(UnknownPolicy))
async def get_version(tx: NamedDependency[Tx], version: FromPath[int]) -> OnePolicy:
    """One version."""
    return OnePolicy.of(await policy(tx, version=version))


@get("/sourcing/attributes", guards=[allow("orders:read")])
async def list_attributes() -> list[Attribute]:
    """What rules may speak of, in words, for whoever writes them."""
    return [
        Attribute(one.name, one.type, one.words, sorted(rules.ALLOWED[one.type]), dict(one.values))
        for one in LOCATION.attributes.values()
    ]


class Sourcing(msgspec.Struct, frozen=True):
    """Why; null: the order was not sourced here."""

    why: Explanation | None


@get("/{order_id:uuid}/sourcing", guards=[allow("orders:read")], responses=raises(UnknownOrder, NotYourOrder))
async def get_sourcing(tx: NamedDependency[Tx], actor: NamedDependency[Actor], order_id: FromPath[UUID]) -> Sourcing:
    """Why the goods of an order come from where they come, as it was placed."""
    await must_touch(tx, actor, order_id=order_id)
    return Sourcing(await sourcing_of(tx, order_id=order_id))


class Asked(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A basket, and a policy to try on it."""

    basket: AskedBasket
    policy: PolicyEntry | None = None
    """Null: the one that holds."""


@post(
    "/sourcing/explain",
    guards=[allow("orders:read")],
    responses=raises(Invalid, BadPolicy, channels.UnknownOutlet, inventory.UnknownVariant, inventory.UnknownLocation),
    status_code=HTTP_200_OK,
    opt=READS_ONLY,
)
async def explain(tx: NamedDependency[Tx], data: JSONBody[Asked]) -> Answer:
    """From where the goods of a basket would come, and why. Nothing is kept or held."""
    return await explain_basket(tx, basket=data.basket, entry=data.policy)


class Simulate(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A policy to try on the last orders."""

    policy: PolicyEntry
    orders: Annotated[int, Meta(ge=1, le=1_000)] = 200
    stock: Annotated[list[GivenStock], Meta(max_length=10_000)] = []
    """Pieces that may be promised. Articles that are named lie nowhere else; of the others today's stock counts."""


@post(
    "/sourcing/simulate",
    guards=[allow("orders:read")],
    responses=raises(Invalid, BadPolicy, inventory.UnknownVariant, inventory.UnknownLocation),
    status_code=HTTP_200_OK,
    opt=READS_ONLY,
)
async def simulate_policy(tx: NamedDependency[Tx], data: JSONBody[Simulate]) -> Simulation:
    """What another policy would have done with the last orders, beside what the one that holds does. Nothing is kept.

    Each order is judged by itself, on today's stock and what it still has promised itself, or on a stock that is given.
    """
    return await simulate(tx, entry=data.policy, last=data.orders, stock=data.stock)


router = Router(
    "/v1/orders",
    route_handlers=[
        get_policy,
        put_policy,
        list_policies,
        get_version,
        list_attributes,
        get_sourcing,
        explain,
        simulate_policy,
    ],
    tags=["orders"],
)
