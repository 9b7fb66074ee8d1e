"""Every route says who may use it, and lets in those and nobody else."""

import re
from uuid import UUID

import httpx
import pytest
from litestar.routes import HTTPRoute

from comptoir.kernel.auth import ROLES, SYSTEM, ShownOnce, sessions, users
from comptoir.kernel.auth.guards import allow, guards_of, is_marked, public, signed_in
from comptoir.kernel.auth.permissions import GRANTS, opens

pytestmark = pytest.mark.anyio

WITHOUT_KEY = {
    ("POST", "/v1/kernel/users"): "an e-mail address can be added once",
    ("POST", "/v1/ingest/dead-letters/replays"): "a letter is replayed once",
    ("POST", "/sign-in"): "a second session harms nobody",
    ("POST", "/v1/connectors/{name:str}/shopify"): "a message is kept once, by its id",
    ("POST", "/v1/connectors/{name:str}/woocommerce"): "a message is kept once, by its id",
    ("POST", "/v1/tills/sync"): "each entry is done once, and gets its first answer again",
    ("POST", "/v1/orders/baskets"): "the same id is the same basket",
    ("POST", "/v1/orders/baskets/{basket_id:uuid}/quote"): "the basket holds the same goods once",
    ("POST", "/v1/orders/baskets/{basket_id:uuid}/payment"): "the provider authorises a reference once",
    ("POST", "/v1/orders/baskets/{basket_id:uuid}/order"): "a basket becomes one order",
    ("POST", "/v1/orders/baskets/{basket_id:uuid}/tokens"): "a second token harms nobody",
    ("POST", "/v1/orders/baskets/{basket_id:uuid}/shares"): "a second link harms nobody",
    ("POST", "/v1/orders/baskets/{basket_id:uuid}/copies"): "the same id is the same basket",
    ("POST", "/v1/orders/baskets/{basket_id:uuid}/claim-codes"): "a second code ends the first",
    ("POST", "/v1/orders/baskets/{basket_id:uuid}/merges"): "a basket is emptied once",
    ("POST", "/v1/orders/baskets/claims"): "a code is good once",
}
"""Routes that change the world outside of the request's transaction, and why asking twice is safe."""

SIGNED = {"/v1/connectors/{name:str}/shopify", "/v1/connectors/{name:str}/woocommerce"}
"""Routes whose callers have no key of ours: they sign what they send, and are refused otherwise."""

COUNTS_GUESSES = {"/v1/pricing/coupons/check"}
"""Routes that only ask, and write down no more than how often."""


def routes(app):
    for route in app.litestar.routes:
        if isinstance(route, HTTPRoute):
            for handler in route.route_handlers:
                for method in sorted(handler.http_methods - {"OPTIONS", "HEAD"}):
                    yield method, route.path, handler


def wanted(handler) -> list[str]:
    """The scopes that a route asks for."""
    return [guard.scope for guard in guards_of(handler) if isinstance(guard, allow)]


async def test_every_route_is_marked(app):
    unmarked = [f"{method} {path}" for method, path, handler in routes(app) if not is_marked(handler)]
    assert not unmarked, f"say who may use them: guards=[allow(…)], [signed_in] or [public]: {unmarked}"


async def test_what_changes_the_world_asks_for_more_than_read(app):
    weak = [
        f"{method} {path}"
        for method, path, handler in routes(app)
        if method != "GET"
        and path.startswith("/v1/")
        and not handler.opt.get("reads_only")
        and all(scope.endswith(":read") for scope in wanted(handler))
        and path not in COUNTS_GUESSES | SIGNED
    ]
    assert not weak, f"these change something with a scope that only reads: {weak}"


async def test_every_post_honours_the_idempotency_key_or_says_why_not(app):
    bare = {
        (method, path)
        for method, path, handler in routes(app)
        if method == "POST"
        and path.startswith("/v1/")
        and "tx" not in handler.parsed_fn_signature.parameters
        and not handler.opt.get("reads_only")
    }
    assert bare <= set(WITHOUT_KEY), f"take `tx: NamedDependency[Tx]`: {bare - set(WITHOUT_KEY)}"


SHOWS_SECRETS = {"token", "secret", "codes", "password"}
"""Fields."""


async def test_what_shows_a_secret_keeps_no_answer(app):
    """The answer would lie under its Idempotency-Key for a day, beside the hash that is all we keep of the secret."""
    answers = {
        path: handler.parsed_fn_signature.return_type.annotation
        for method, path, handler in routes(app)
        if method == "POST" and "tx" in handler.parsed_fn_signature.parameters
    }
    once = {path for path, answer in answers.items() if isinstance(answer, type) and issubclass(answer, ShownOnce)}
    assert len(once) >= 5
    kept = {
        path
        for path, answer in answers.items()
        if path not in once
        and (SHOWS_SECRETS & set(getattr(answer, "__struct_fields__", ())) or "only sight" in (answer.__doc__ or ""))
    }
    assert not kept, f"their answers are to be ShownOnce: {kept}"


async def test_who_may_not_see_people_does_not_see_them_at_their_orders(app):
    """What calls itself personal asks for it. (What is done for an order tells it to some: `proof`, and addresses.)"""
    personal = {
        path: "profiles:read" in wanted(handler)
        for method, path, handler in routes(app)
        if method == "GET" and "Personal." in (handler.fn.__doc__ or "")
    }
    assert len(personal) >= 8
    assert [path for path, asks in personal.items() if not asks] == []


def concrete(path: str) -> str:
    """An address of the route's form, of a thing that does not exist."""
    filled = re.sub(r"\{\w+:uuid\}", str(UUID(int=7)), path)
    filled = re.sub(r"\{\w+:int\}", "4242", filled)
    return re.sub(r"\{\w+:\w+\}", "x", filled)


async def test_nobody_gets_in_without_a_credential_and_a_wrong_one_is_refused(app):
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://test") as client:
        for method, path, handler in routes(app):
            guards = guards_of(handler)
            if public in guards or not path.startswith("/v1/"):
                continue
            for headers in ({}, {"Authorization": "Bearer ck_00000000_nonsense"}, {"Authorization": "Basic eDo="}):
                answer = await client.request(method, concrete(path), headers=headers, json={})
                assert answer.status_code == 401, f"{method} {path} {headers}: {answer.status_code}"
                assert answer.json()["code"] == "unauthenticated"


@pytest.fixture
async def tokens(db):
    """A signed-in session per role."""
    found = {}
    async with db.transaction() as tx:
        for role in ROLES:
            user = await users.add_user(tx, email=f"{role}@x.y", roles=[role], password_hash="", actor=SYSTEM)
            found[role] = (await sessions.open_session(tx, user_id=user.user_id)).token
    return found


async def test_each_role_opens_what_its_scopes_say_and_nothing_else(app, tokens):
    """401 and 403 are the guard's answers; whatever else comes means that the door was open."""
    for role, token in tokens.items():
        async with httpx.AsyncClient(
            transport=httpx.ASGITransport(app=app),
            base_url="http://test",
            cookies={sessions.COOKIE: token},
            headers={"Sec-Fetch-Site": "same-origin"},
        ) as client:
            for method, path, handler in routes(app):
                if not path.startswith("/v1/") or path.endswith(("/stream", "/live")):
                    continue
                expected = all(opens(GRANTS[role], scope) for scope in wanted(handler))
                # Without a body, what is let in changes nothing.
                answer = await client.request(method, concrete(path))
                opened = answer.status_code not in {401, 403}
                assert opened == expected, f"{role} {method} {path}: {answer.status_code}"
                assert answer.status_code < 500, f"{role} {method} {path}: {answer.text}"


async def test_a_form_of_another_site_does_nothing_with_our_cookie(app, tokens):
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app=app), base_url="http://test", cookies={sessions.COOKIE: tokens["admin"]}
    ) as client:
        body = {"name": "x", "scopes": ["orders:read"]}
        for headers, status in (
            ({"Sec-Fetch-Site": "cross-site"}, 403),
            ({"Sec-Fetch-Site": "same-site"}, 403),
            ({"Origin": "http://evil.example"}, 403),
            ({"Origin": "null"}, 403),
            ({}, 403),
            ({"Origin": "http://test"}, 201),
            ({"Sec-Fetch-Site": "same-origin"}, 201),
        ):
            answer = await client.post("/v1/kernel/keys", json=body, headers=headers)
            assert answer.status_code == status, headers
        assert (await client.get("/v1/kernel/keys", headers={"Sec-Fetch-Site": "cross-site"})).status_code == 200


async def test_a_revoked_key_is_refused(app, api, db):
    made = (await api.post("/v1/kernel/keys", json={"name": "till", "scopes": ["channels:read"]})).json()
    headers = {"Authorization": f"Bearer {made['token']}"}
    assert (await api.get("/v1/channels/outlets", headers=headers)).status_code == 200
    assert (await api.get("/v1/kernel/keys", headers=headers)).status_code == 403
    await api.delete(f"/v1/kernel/keys/{made['key']['key_id']}")
    for _ in range(500):
        if (await api.get("/v1/channels/outlets", headers=headers)).status_code == 401:
            return
    pytest.fail("it is still let in")


def test_the_guards_are_told_apart():
    assert allow("orders:read").scope == "orders:read"
    assert signed_in is not public
    with pytest.raises(ValueError, match="not a scope"):
        allow("orders:look")


async def test_nobody_gives_more_than_they_have_nor_takes_over_who_has_more(app, api, tokens):
    """Who may manage users is not all-mighty thereby."""
    made = (await api.post("/v1/kernel/keys", json={"name": "hr", "scopes": ["kernel:admin", "channels:read"]})).json()
    users_now = {one["email"]: one["user_id"] for one in (await api.get("/v1/kernel/users")).json()}
    headers = {"Authorization": f"Bearer {made['token']}"}
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://test", headers=headers) as hr:
        new = {"email": "new@x.y", "roles": ["admin"], "password": "a long password"}
        refused = [
            await hr.post("/v1/kernel/keys", json={"name": "more", "scopes": ["*:admin"]}),
            await hr.post("/v1/kernel/users", json=new),
            await hr.put(f"/v1/kernel/users/{users_now['admin@x.y']}", json={"password": "a long password"}),
            await hr.put(f"/v1/kernel/users/{users_now['executive@x.y']}", json={"roles": ["admin"]}),
        ]
    assert [one.status_code for one in refused] == [400, 403, 403, 403]
