"""Orders and the floor as a browser asks for them: found by anything, told whole, worked on step by step, refused in words."""

import re
from html import unescape

import pytest

from console.ordering import STAGES, number

TABLE = re.compile(r"<tbody>.*?</tbody>", re.DOTALL)


@pytest.fixture(scope="module")
def admin(town):
    with town.visitor("admin") as client:
        yield client


@pytest.fixture(scope="module")
def associate(town):
    with town.visitor("associate") as client:
        yield client


def order_of(client, stage: str) -> str:
    """The address of the order at this stage."""
    page = client.get("/orders", params={"q": number(stage)}).text
    (href,) = set(re.findall(r'href="(/orders/[0-9a-f-]{36})"', page))
    return href


def work_of(client, stage: str) -> str:
    return re.findall(r'href="(/fulfilment/works/\d+)"', client.get(order_of(client, stage)).text)[0]


def rows(client, **asked) -> int:
    return client.get("/orders", params=asked).text.count('<tr><th scope="row">')


def test_an_order_is_found_by_anything_known_of_it(admin):
    ours = re.search(r"<h1>Order (\d+)", admin.get(order_of(admin, "sent")).text).group(1)
    parcel = re.search(r"Colissimo (6A\d+)", admin.get(order_of(admin, "sent")).text).group(1)
    for question in (ours, number("sent"), parcel):
        assert rows(admin, q=question) == 1, question
    jumpers = admin.get("/orders", params={"q": "K-204-M"}).text
    assert number("new") in jumpers and number("to-fetch") not in jumpers, "all but the scarf"
    for question in ("ines.morel@posteo.example", "Morel"):
        hers = admin.get("/orders", params={"q": question}).text
        assert all(number(stage) in hers for stage in STAGES), question
    assert rows(admin, q="nothing-is-called-so") == 0


@pytest.mark.parametrize(
    ("asked", "stage", "other"),
    [
        ({"state": "done"}, "sent", "new"),
        ({"state": "cancelled"}, "cancelled", "new"),
        ({"method": "collect"}, "to-fetch", "new"),
        ({"at": "LYB"}, "to-fetch", "new"),
        ({"channel": "market", "state": "open"}, "new", "sent"),
    ],
)
def test_filters_narrow(admin, asked, stage, other):
    page = admin.get("/orders", params=asked).text
    assert number(stage) in page
    assert number(other) not in page


def test_no_order_fits_and_why(admin):
    page = unescape(admin.get("/orders", params={"q": "A-410", "method": "ship"}).text)
    assert "No order fits" in page
    assert "Drop that one" in page


@pytest.mark.parametrize("path", ["/orders?after=nonsense~x", "/orders?day=yesterday", "/orders?state=lost"])
def test_a_senseless_address_is_refused(admin, path):
    assert admin.get(path).status_code in {400, 422}


def test_the_last_day_of_the_calendar_has_no_orders(admin):
    assert admin.get("/orders?day=9999-12-31").status_code == 200


def test_another_shop_sees_of_an_order_what_taking_back_needs(town, admin):
    """Goods come back to any shop; addresses, papers, works and boards are for those that it has to do with."""
    order = order_of(admin, "to-fetch")
    whole = admin.get(order).text
    assert "Inès Morel" in whole
    work = re.findall(r"/fulfilment/works/\d+", whole)[0]
    board = "/fulfilment/at/LYB"
    with town.visitor_of("LIL") as other:
        page = other.get(order)
        assert page.status_code == 200
        assert "A-410" in page.text
        assert "What may be done now" in page.text
        for hidden in ("Morel", "/fulfilment/works/", "/customers/"):
            assert hidden not in page.text.split('id="order"')[1], hidden
        assert other.get(f"{order}/take-back").status_code == admin.get(f"{order}/take-back").status_code == 409
        for path in (f"{order}/paper", f"{order}/cancel", work, board):
            assert other.get(path).status_code == 403, path
            assert admin.get(path).status_code == 200, path
        assert other.get("/fulfilment/at/LIL").status_code == 200


def test_who_may_not_see_customers_sees_the_order_and_not_for_whom(town, admin):
    order = order_of(admin, "given-back")
    whole = unescape(admin.get(order).text)
    address, papers = re.search(r"<address.*?</address>", whole, re.DOTALL), re.findall(r"/orders/papers/[\w-]+", whole)
    assert address
    street = re.findall(r"<br>([^<]+)", address.group())[0]
    with town.visitor("executive") as other:
        page = unescape(other.get(order).text)
        for words in ("Given to the carrier", "Money", "The address is shown to those who may see customers."):
            assert words in page, words
        for hidden in (street, "Morel", "/orders/papers/"):
            assert hidden not in page, hidden
        for path in papers or ["/orders/papers/00000000-0000-0000-0000-000000000007"]:
            assert [other.get(path).status_code, other.get(f"{path}/pdf").status_code] == [403, 403]


def test_one_order_tells_its_life(admin):
    page = unescape(admin.get(order_of(admin, "given-back")).text)
    for words in ("Given to the carrier", "Taken back", "returned, had been from", "Money", "Inès Morel", "Why"):
        assert words in page, words
    rejected = unescape(admin.get(order_of(admin, "rejected")).text)
    assert "Not given" in rejected
    assert "not found" in rejected


def test_a_name_with_a_sign_is_written_once(admin):
    for stage in ("given-back", "rejected", "new"):
        page = admin.get(order_of(admin, stage)).text
        assert "Coat Corail, ink &amp; fir" in page, stage
        assert "&amp;amp;" not in page, stage


def test_what_is_not_allowed_says_why(town, admin):
    page = admin.get(order_of(admin, "sent")).text
    assert "everything was handed over or cancelled" in page
    with town.visitor("analyst") as analyst:
        assert "Your role does not do this." in analyst.get(order_of(analyst, "new")).text
        assert analyst.post(f"{work_of(analyst, 'new')}/accept").status_code == 403


def test_work_goes_from_hand_to_hand(associate):
    """Taken on, picked in part, the rest, put on a shelf, handed over; and again is refused in words."""
    work = work_of(associate, "to-fetch")
    assert associate.post(f"{work}/ready", data={"shelf": "A 1"}).status_code == 409
    for deed, data in [
        ("accept", {}),
        ("pick", {"line": 1, "pieces": 1}),
        ("ready", {"shelf": "A 1"}),
        ("hand_over", {"name": "Inès Morel", "identified_by": "document"}),
    ]:
        assert associate.post(f"{work}/{deed}", data=data).status_code == 303, deed
    page = unescape(associate.get(order_of(associate, "to-fetch")).text)
    assert "Handed to Inès Morel." in page
    assert "1 collected, Lyon Bellecour" in page
    assert associate.post(f"{work}/accept").status_code == 409
    assert associate.post(f"{work}/dance").status_code in {400, 404, 422}


def test_who_hands_over_less_than_was_asked_is_told(associate):
    work = work_of(associate, "to-cancel")
    associate.post(f"{work}/accept")
    assert associate.post(f"{work}/pick", data={"line": 1, "pieces": 1}).status_code == 303
    assert "only what is in it is handed over" in associate.get(work).text


def test_a_walk_takes_one_article_after_the_other(associate):
    # Somebody else walks for what test_order_acts sends to another address, whichever file comes first.
    other = int(work_of(associate, "accepted").rsplit("/", 1)[-1])
    asked = {"location": "SQF", "fulfilments": [other]}
    assert associate.post("/v1/orders/fulfilments/waves", json=asked).status_code == 200
    begun = associate.post("/fulfilment/at/SQF/walk")
    assert begun.status_code == 303
    walk = begun.headers["location"]
    assert associate.post("/fulfilment/at/SQF/walk").headers["location"] == walk, "pressed twice"
    shared = False
    for _ in range(20):
        page = associate.get(walk).text
        shared |= bool(re.search(r"for \d+ \(\d\), \d+ \(\d\)", page))
        found = re.search(r'name="sku" value="([^"]+)"', page)
        if found is None:
            break
        left = re.search(r'name="pieces"[^>]*value="(\d+)"|value="(\d+)"[^>]*name="pieces"', page)
        assert (
            associate.post(walk, data={"sku": found.group(1), "pieces": left.group(1) or left.group(2)}).status_code
            == 303
        )
    assert "Everything is in the boxes" in page
    assert shared, "how many go into which box"
    for box in re.findall(r'action="(/fulfilment/works/\d+/ready)"', page):
        shelved = associate.post(box, data={"shelf": "C 3", "walk": walk.rsplit("/", 1)[-1]})
        assert shelved.headers["location"] == walk, "the next box waits there"
        assert associate.post(box, data={"shelf": "C 3", "walk": 99}).headers["location"] != walk
    assert associate.post("/fulfilment/at/SQF/walk").status_code == 409, "nothing is left to pick"


def test_what_is_not_there_is_sought_elsewhere(associate):
    work = work_of(associate, "rejected")
    page = unescape(associate.get(order_of(associate, "rejected")).text)
    assert work in page
    tasks = associate.get("/fulfilment/tasks").text
    assert "Pieces were not found" in tasks
    (first, *_) = re.findall(r'action="(/fulfilment/tasks/\d+/close)"', tasks)
    assert associate.post(first).status_code == 303
    assert first not in associate.get("/fulfilment/tasks").text
