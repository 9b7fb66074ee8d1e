"""A basket at the call centre: begun on the web, taken over by its code or by who she is, ordered for her."""

import re
from concurrent.futures import ThreadPoolExecutor

import pytest

from console.test_order_acts import agreed, lines_of, seen, text_of

HOME = {"name": "Inès Morel", "street": "12 rue de la République", "postcode": "69002", "city": "Lyon", "country": "FR"}


@pytest.fixture(scope="module")
def agent(town):
    with town.visitor("agent") as client:
        yield client


@pytest.fixture(scope="module")
def admin(town):
    with town.visitor("admin") as client:
        yield client


def begun(admin, sku: str = "H-601-38") -> str:
    """A basket of the web shop, of Inès Morel: other tests count all orders as hers, and scarves."""
    basket = admin.post("/v1/orders/baskets", json={"outlet": "site"}).json()["basket_id"]
    assert admin.put(f"/v1/orders/baskets/{basket}/lines/1", json={"sku": sku}).status_code == 200
    known = {"namespace": "email", "value": "ines.morel@posteo.example", "how": "signed_in", "merge": None}
    assert admin.put(f"/v1/orders/baskets/{basket}/person", json=known).status_code == 200
    return basket


def step(client, page: str, deed: str, status: int = 303, **data):
    answer = client.post(f"{page}/{deed}", data=data)
    assert answer.status_code == status, text_of(answer)[-700:]
    return client.get(page, follow_redirects=True) if status == 303 else answer


def test_begun_on_the_web_and_ordered_on_the_telephone(agent, admin):
    basket = begun(admin)
    code = admin.post(f"/v1/orders/baskets/{basket}/claim-codes").json()["code"]
    assert "cannot be right" in text_of(agent.post("/orders/baskets/claims", data={"code": "1234", "outlet": "centre"}))
    taken = agent.post("/orders/baskets/claims", data={"code": code.lower(), "outlet": "centre"})
    page = taken.headers["location"]
    assert page == f"/orders/baskets/{basket}"
    again = agent.post("/orders/baskets/claims", data={"code": code, "outlet": "centre"})
    assert again.status_code == 409
    assert code in again.text, "what was typed stays"

    shown = text_of(step(agent, page, "lines", **{"q-1": "2", "more": "K-204-M 1"}))
    assert "Jumper Alba, écru, M" in shown
    assert "Call centre, Tours" in shown
    assert "the catalogue has no article" in text_of(step(agent, page, "lines", 409, more="NO-SUCH"))
    assert "whole pieces" in text_of(step(agent, page, "lines", 409, **{"q-1": "two"}))
    assert "First: where it goes." in text_of(step(agent, page, "quote", 409))
    assert "First: her address." in text_of(step(agent, page, "delivery", 409, **(HOME | {"street": ""})))
    step(agent, page, "delivery", method="ship", costs="4.90", region="ARA", **HOME)
    step(agent, page, "coupons", coupons="NOPE")
    quoted = text_of(step(agent, page, "quote"))
    assert "NOPE does not apply" in quoted
    assert "nobody knows this code" in quoted
    assert "€4.90" in quoted
    assert "held until" in quoted
    assert "First: the payment." in text_of(step(agent, page, "order", 409))
    assert "The payment was refused" in text_of(step(agent, page, "payment", 409, provider="simulator", token="refuse"))
    assert "promised by simulator" in text_of(step(agent, page, "payment", provider="simulator", token="ok"))
    order = text_of(step(agent, page, "order"))
    assert "Order " in order
    assert "3 pieces" in order
    assert "69002 Lyon, ARA" in order
    path = f"/orders/{basket}/cancel"
    shown = seen(agent, path, dict.fromkeys(lines_of(agent, path), "1"))
    assert "Never taken, is let go" in text_of(shown)
    assert agreed(agent, path, shown).status_code == 303
    assert agent.get(page).headers["location"] == f"/orders/{basket}", "it has become an order"


def test_found_by_who_she_is_and_taken_over_without_a_code(agent, admin, town):
    basket = begun(admin)
    found = agent.get("/orders/baskets", params={"q": "Morel"})
    page = f"/orders/baskets/{basket}"
    assert page in found.text
    assert "Inès Morel" in text_of(agent.get(page))
    home = HOME | {"region": "ARA"}
    said = {"method": "ship", "replace": True, "address": home | {"latitude": 45.76, "longitude": 4.83}}
    assert admin.put(f"/v1/orders/baskets/{basket}/delivery", json=said).status_code == 200
    assert re.search(r'name="region"[^>]*value="ARA"|value="ARA"[^>]*name="region"', agent.get(page).text)
    step(agent, page, "delivery", method="ship", costs="5", **home)
    kept = admin.get(f"/v1/orders/baskets/{basket}").json()["delivery"]
    assert kept == said | {"location": "", "amount_minor": 500}, "what else she has said of it stays"
    assert "Call centre, Tours" in text_of(step(agent, page, "outlet", outlet="centre"))
    assert "Nobody is known by that." in text_of(agent.get("/orders/baskets", params={"q": "Zzyzx"}))
    with town.visitor_of("LIL") as lille:
        elsewhere = lille.get("/orders/baskets", params={"q": "Morel"})
        assert page not in elsewhere.text
        assert "ask her for a code" in text_of(elsewhere)
        assert lille.get(page).status_code == 403
        assert lille.post(f"{page}/quote").status_code == 403
    with town.visitor("analyst") as reader:
        assert reader.get("/orders/baskets").status_code == 403
        assert reader.post(f"{page}/quote").status_code == 403


def test_one_is_begun_for_whoever_calls(agent):
    people = agent.get("/orders/baskets", params={"q": "Odile Marchetti"}).text
    person = re.findall(r'name="person" value="([^"]+)"', people)[0]
    made = agent.post("/orders/baskets", data={"outlet": "centre", "person": person})
    assert "Odile Marchetti" in text_of(agent.get(made.headers["location"]))
    assert agent.post(f"{made.headers['location']}/dance").status_code == 404


def test_more_callers_than_connections_keep_nobody_waiting(agent, admin):
    """Each page holds a transaction and asks the counter: of one pool, they would wait for each other half a minute."""
    page = f"/orders/baskets/{begun(admin)}"
    with ThreadPoolExecutor(30) as crowd:
        assert set(crowd.map(lambda _: agent.get(page).status_code, range(30))) == {200}
