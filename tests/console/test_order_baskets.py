"""Acts at an order that make a basket of their own: more of it, and goods back for goods that are sent."""

import re
from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

import pytest

from comptoir.console.pages.order_acts import Desk, Doing, Made, done_if
from comptoir.orders.aftersale import EditRefused
from console.test_order_acts import agreed, lines_of, order_of, seen, text_of

HOME = {"name": "Inès Morel", "street": "12 rue de la République", "postcode": "69002", "city": "Lyon", "country": "FR"}
CARD = {"provider": "simulator", "token": "ok"}


@pytest.fixture(scope="module")
def agent(town):
    with town.visitor("agent") as client:
        yield client


@pytest.fixture(scope="module")
def order(town) -> str:
    """Of nobody, on the web: one pair of shoes."""
    with town.visitor("admin") as admin:
        order = bought(admin, {"method": "ship", "address": HOME})
        yield order
        admin.post(f"/v1{order.replace('/orders', '/orders/book')}/cancellations", json={"reason": "changed_mind"})


def bought(admin, delivery: dict, groups=()) -> str:
    basket = admin.post("/v1/orders/baskets", json={"outlet": "site"}).json()["basket_id"]
    base = f"/v1/orders/baskets/{basket}"
    for verb, path, body in (
        ("PUT", "lines/1", {"sku": "H-601-38"}),
        ("PUT", "delivery", delivery),
        ("PUT", "groups", {"groups": list(groups)}),
        ("POST", "quote", None),
        ("POST", "payment", CARD),
        ("POST", "order", None),
    ):
        answer = admin.request(verb, f"{base}/{path}", json=body)
        assert answer.status_code < 300, answer.text
    return f"/orders/{basket}"


def lines(client, order: str) -> int:
    return len(client.get(f"/v1/orders/book/{order.rpartition('/')[2]}").json()["lines"])


def at_once(client, path: str, shown) -> list:
    """The button is pressed again before there was an answer."""
    with ThreadPoolExecutor(3) as hands:
        return list(hands.map(lambda _: agreed(client, path, shown), range(3)))


def test_something_is_added_after_it_was_seen(agent, order, town):
    path = f"{order}/add"
    assert f'{path}"' in agent.get(order).text
    assert "the catalogue has no article" in text_of(seen(agent, path, {"more": "NO-SUCH", **CARD}, 422))
    assert "Say how she pays." in text_of(seen(agent, path, {"more": "K-204-M", "provider": "simulator"}, 422))
    assert "All locations together" in text_of(seen(agent, path, {"more": "K-204-M 900000", **CARD}, 409))
    shown = seen(agent, path, {"more": "K-204-M 2", **CARD})
    assert "2 × Jumper Alba, écru, M" in text_of(shown)
    assert "kept for her at" in text_of(shown)
    assert lines(agent, order) == 1, "nothing was done by looking"
    after = at_once(agent, path, shown)
    assert [one.status_code for one in after] == [303, 303, 303]
    assert lines(agent, order) == 2, "sent twice is done once"
    page = text_of(agent.get(after[0].headers["location"]))
    assert "2 × Jumper" in page or "Jumper Alba" in page

    refused = seen(agent, path, {"more": "K-204-L", "provider": "simulator", "token": "refuse"})
    answer = agreed(agent, path, refused)
    assert answer.status_code == 422
    assert "The payment was refused" in text_of(answer)
    assert lines(agent, order) == 2
    with town.visitor_of("LIL") as lille:
        assert lille.post(path, data={"more": "K-204-M", **CARD}).status_code == 403


def test_nothing_is_added_once_somebody_works_on_it(agent):
    begun = order_of(agent, "accepted")
    page = agent.get(f"{begun}/add")
    assert page.status_code == 409
    assert "Picking has begun." in text_of(page)
    assert f'{begun}/add"' not in agent.get(begun).text


def test_another_article_goes_into_the_box(agent, town):
    with town.visitor("admin") as admin:
        order = bought(admin, {"method": "ship", "address": HOME, "replace": True})
        (work,) = set(re.findall(r'href="(/fulfilment/works/\d+)"', admin.get(order).text))
        path = f"{work}/replace"
        assert "Take it on first." in text_of(admin.get(path))
        admin.post(f"{work}/accept")
        assert f'href="{path}?line=1"' in admin.get(work).text
        asked = {"p-1": "1", "reason": "damaged", "instead": "K-204-M"}
        assert "Name at least one article." in text_of(seen(admin, path, asked | {"instead": ""}, 422))
        assert "1 are open." in text_of(seen(admin, path, asked | {"p-1": "2"}, 422))
        shown = seen(admin, path, asked)
        assert "1 × Jumper Alba, écru, M: in the box" in text_of(shown)
        assert "lies there as damaged" in text_of(shown)
        assert lines(admin, order) == 1
        assert [agreed(admin, path, shown).status_code for _ in range(2)] == [303, 303]
        assert lines(admin, order) == 2
        assert "Jumper Alba" in text_of(admin.get(work))
        admin.post(f"/v1{order.replace('/orders', '/orders/book')}/cancellations", json={"reason": "other"})
        unasked = set(re.findall(r'href="(/fulfilment/works/\d+)"', admin.get(order_of(admin, "accepted")).text))
        assert "She was not asked when she ordered" in text_of(admin.get(f"{unasked.pop()}/replace"))
    with town.visitor_of("LIL") as lille:
        assert lille.post(path, data=asked).status_code == 403


def test_what_comes_back_pays_for_an_order(agent):
    order = order_of(agent, "sent")
    path = f"{order}/exchange-for-order"
    assert path in agent.get(order).text
    (name, *_) = lines_of(agent, path)
    asked = {
        name: "1", f"is-{name}": "sellable", "reason": "too_small", "location": "SQF", "method": "ship", "costs": "",
        "money": "paid", "provider": "simulator", "token": "", **HOME,
    }  # fmt: skip
    assert "This is needed." in text_of(seen(agent, path, asked | {"instead": "K-204-L", "street": ""}, 422))
    assert "Say how she pays." in text_of(seen(agent, path, asked | {"instead": "C-101-38"}, 422))
    shown = seen(agent, path, asked | {"instead": "C-101-38", "token": "ok"})
    assert "She pays €" in text_of(shown)
    after = at_once(agent, path, shown)
    assert [one.status_code for one in after] == [303, 303, 303]
    assert len({one.headers["location"] for one in after}) == 1
    made = after[0].headers["location"]
    assert made != order
    page = text_of(agent.get(made))
    assert "Coat" in page
    cancel = f"{made}/cancel"
    done = seen(agent, cancel, dict.fromkeys(lines_of(agent, cancel), "1"))
    assert agreed(agent, cancel, done).status_code == 303


@pytest.mark.parametrize(("groups", "price"), [(("gold",), "€271.15"), ((), "€296.65")])
def test_who_ordered_at_the_prices_of_her_group_adds_and_exchanges_at_them(town, groups, price):
    with town.visitor("admin") as admin:
        order = bought(admin, {"method": "ship", "address": HOME}, groups)
        order_id = order.rpartition("/")[2]
        assert f"She pays {price}" in text_of(seen(admin, f"{order}/add", {"more": "C-101-38", **CARD}))
        for work in admin.get(f"/v1/orders/fulfilments/of/{order_id}").json()["fulfilments"]:
            at = f"/v1/orders/fulfilments/{work['fulfilment_id']}"
            picked = [{"line": one["line"], "pieces": one["quantity"]} for one in work["lines"]]
            for act, body in (("accept", {}), ("pick", {"picked": picked}), ("ship", {})):
                assert admin.post(f"{at}/{act}", json=body).status_code == 200
        path = f"{order}/exchange-for-order"
        (name,) = lines_of(admin, path)
        asked = {
            name: "1", f"is-{name}": "sellable", "reason": "too_small", "location": "SQF", "method": "ship", "costs": "",
            "money": "paid", **CARD, **HOME, "instead": "C-101-38",
        }  # fmt: skip
        assert price in text_of(seen(admin, path, asked))


@pytest.mark.anyio
async def test_what_was_held_is_let_go_when_the_act_is_refused_after_all(page, tx):
    done = []

    async def act(desk, _):
        if desk.firm:
            raise EditRefused("Somebody has begun meanwhile.", why="picking_begun")
        await desk.tx.run("CREATE TABLE tried ()")
        return Made(core=1, deed="order_extended")

    async def ahead(desk, _form, _made):
        assert await desk.tx.value("SELECT to_regclass('tried') IS NULL"), "the trial has left nothing behind"
        done.append("held")

    async def let_go(_desk, _form):
        done.append("let go")

    form = {"id": str(uuid4())}
    nobody = dict.fromkeys(("actor", "order", "articles", "places", "codes", "counter"))
    desk = Desk(page=page, tx=tx, **nobody)
    doing = Doing(sheet=act, act=act, ahead=ahead, let_go=let_go)
    await done_if(desk, doing, form, "")
    assert done == [], "only looked at"
    with pytest.raises(EditRefused):
        await done_if(desk, doing, form, Made(core=1, deed="order_extended").word)
    assert done == ["held", "let go"]
