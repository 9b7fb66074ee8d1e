"""What an agent does at an order, through the console's routes: asked, shown before it is done, done once, refused in words.

Each test takes an order of its own, so that they do not wait for one another.
"""

import re
from html import unescape

import httpx
import pytest

from console.ordering import number

HIDDEN = re.compile(r'<input type="hidden" name="([^"]+)" value="([^"]*)">')
FIELD = re.compile(r'name="(p-[\d-]+)"')


@pytest.fixture(scope="module")
def agent(town):
    with town.visitor("agent") as client:
        yield client


def order_of(client, stage: str) -> str:
    (href,) = set(
        re.findall(r'href="(/orders/[0-9a-f-]{36})"', client.get("/orders", params={"q": number(stage)}).text)
    )
    return href


def text_of(answer) -> str:
    """The page in words: as a reader sees it."""
    whole = re.sub(r"<span[^>]*>([.,]\d+)</span>", r"\1", answer.text)
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", whole))).replace("\u00a0", " ")


def seen(client, path: str, data: dict, status: int = 200):
    """The first asking: what it would do."""
    answer = client.post(path, data=data)
    assert answer.status_code == status, text_of(answer)[-900:]
    return answer


def agreed(client, path: str, answer):
    """The button below what it would do."""
    form = answer.text[answer.text.index("Nothing is done yet") :].split("</form>")[0]
    return client.post(path, data={name: unescape(value) for name, value in HIDDEN.findall(form)})


def done(client, path: str, data: dict):
    """Asked, looked at, done: the page that follows."""
    after = agreed(client, path, seen(client, path, data))
    assert after.status_code == 303, text_of(after)[-900:]
    return client.get(after.headers["location"])


def lines_of(client, path: str) -> list[str]:
    return list(dict.fromkeys(FIELD.findall(client.get(path).text)))


def test_pieces_are_cancelled_after_their_money_and_stock_were_seen(agent):
    order = order_of(agent, "to-cancel")
    path = f"{order}/cancel"
    jumper, coat = lines_of(agent, path)
    shown = seen(agent, path, {jumper: "1", coat: "", "reason": "changed_mind", "by": "customer"})
    words = text_of(shown)
    assert "1 × Jumper Alba, écru, M" in words
    assert "−€119.00" in words
    assert "free again at" in words
    assert "Cancelled" not in text_of(agent.get(order)), "nothing was done by looking"
    assert "Cancelled" in text_of(agent.get(agreed(agent, path, shown).headers["location"]))
    assert agreed(agent, path, shown).status_code == 303, "sent twice is done once"
    assert "−€119.00" in text_of(agent.get(order))
    assert "−€238.00" not in text_of(agent.get(order))


def test_what_changed_meanwhile_is_shown_again(agent, town):
    order = order_of(agent, "to-walk-2")
    path = f"{order}/cancel"
    jumper, coat = lines_of(agent, path)
    shown = seen(agent, path, {jumper: "2", coat: "1", "reason": "other"})
    with town.visitor("admin") as other:
        done(other, path, {jumper: "2", "reason": "other"})
    late = agreed(agent, path, shown)
    assert late.status_code == 422
    assert "0 are open." in text_of(late)
    assert "€299.00" in text_of(agent.get(order)), "the coat is still wanted"


def test_what_cannot_be_is_said_beside_its_field(agent):
    order = order_of(agent, "new")
    path = f"{order}/cancel"
    jumper, coat = lines_of(agent, path)
    many = seen(agent, path, {jumper: "7", coat: "1"}, 422)
    assert f'id="{jumper}-error"' in many.text
    assert "2 are open." in text_of(many)
    assert "Say how many pieces." in text_of(seen(agent, path, {jumper: "", coat: ""}, 422))
    assert "A whole number of pieces." in text_of(seen(agent, path, {jumper: "1.5"}, 422))
    assert agent.post(path, data={jumper: "1", "reason": "because"}).status_code == 400
    french = agent.post(path, data={jumper: "7"}, headers={"Cookie": f"lang=fr; {cookies(agent)}"})
    assert "Il en reste 2 d’ouvertes." in text_of(french)


def cookies(client) -> str:
    return "; ".join(f"{name}={value}" for name, value in client.cookies.items())


def test_it_goes_to_another_address_until_it_is_packed(agent):
    order = order_of(agent, "accepted")
    path = f"{order}/address"
    typed = {"name": "Inès Morel", "street": "3 quai Tilsitt", "postcode": "69002", "city": "Lyon", "country": "fr"}
    shown = seen(agent, path, typed)
    assert "12 rue de la République" in text_of(shown)
    assert "3 quai Tilsitt" in text_of(agent.get(agreed(agent, path, shown).headers["location"]))
    abroad = seen(agent, path, typed | {"country": "BE"}, 409)
    assert "Other taxes hold there" in text_of(abroad)
    packed = agent.get(f"{order_of(agent, 'picked')}/address")
    assert packed.status_code == 409
    assert "Picking has begun." in text_of(packed)


def test_goods_come_back_at_another_shop_and_the_money_is_seen_before(agent):
    order = order_of(agent, "to-return")
    path = f"{order}/take-back"
    assert "Nothing was handed over yet" in text_of(agent.get(f"{order_of(agent, 'new')}/take-back"))
    jumper, coat = lines_of(agent, path)
    asked = {jumper: "1", f"is-{jumper}": "sellable", "reason": "too_small", "money": "paid", "fee": "4,90"}
    assert "Say where the goods are." in text_of(seen(agent, path, asked, 422))
    assert "Say why." in text_of(seen(agent, path, asked | {"location": "LIL", "reason": ""}, 422))
    shown = text_of(seen(agent, path, asked | {"location": "LIL"}))
    assert "can be sold again at Lille Grand-Place" in shown
    assert "−€4.90" in shown
    assert "€114.10" in shown
    assert "An amount" in text_of(seen(agent, path, asked | {"location": "LIL", "fee": "4.901"}, 422))
    page = text_of(done(agent, path, asked | {"location": "LIL"}))
    assert "€114.10 given back" in page
    # The goods now, the money later; looked at, and then by voucher.
    page = text_of(done(agent, path, {coat: "1", "reason": "faulty", "money": "later", "location": "LYP"}))
    assert "One waits to be looked at" in page
    inspect, refund = (todo(agent, order, act) for act in ("inspect", "refund"))
    (place,) = lines_of(agent, inspect)
    assert "damaged, at Lyon Part-Dieu" in text_of(seen(agent, inspect, {place: "1", f"is-{place}": "damaged"}))
    assert "One waits to be looked at" not in text_of(done(agent, inspect, {place: "1", f"is-{place}": "damaged"}))
    assert "€920.00 would be kept." in text_of(seen(agent, refund, {"kept": "900", "fee": "20"}, 422))
    by_voucher = seen(agent, refund, {"money": "voucher", "kept": "20"})
    assert "As a voucher" in text_of(by_voucher)
    assert "€279.00" in text_of(by_voucher)
    assert agreed(agent, refund, by_voucher).status_code == 303
    assert "1 may still come back." in text_of(seen(agent, path, asked | {jumper: "2", "location": "LIL"}, 422))


def todo(client, order: str, act: str) -> str:
    return re.findall(rf'href="({order}/returns/[0-9a-f-]+/{act})"', client.get(order).text)[0]


def test_a_return_is_announced_comes_or_never_comes(agent, town):
    order = order_of(agent, "sent")
    path = f"{order}/announce"
    jumper, coat = lines_of(agent, path)
    assert "is expected" in text_of(seen(agent, path, {jumper: "1", "reason": "too_large"}))
    assert "announced" in text_of(done(agent, path, {jumper: "1", "reason": "too_large"}))
    receive = todo(agent, order, "receive")
    come = {"location": "SQF", "state": "", "money": "paid"}
    assert "until somebody has looked at it" in text_of(seen(agent, receive, come))
    assert "€119.00 given back" in text_of(done(agent, receive, come))
    done(agent, path, {coat: "1", "reason": "other"})
    with town.visitor_of("LIL") as lille:
        theirs = lille.get(order).text
        assert "/receive" in theirs, "it may come to any shop"
        assert "/give-up" not in theirs
        assert "République" not in lille.get(f"{order}/exchange-for-order").text, "nor is her address shown there"
    assert "given up" in text_of(done(agent, todo(agent, order, "give-up"), {}))


def test_goods_for_other_goods_and_the_difference(agent):
    order = order_of(agent, "given-back")
    path = f"{order}/exchange"
    jumper, *_ = lines_of(agent, path)
    asked = {jumper: "1", f"is-{jumper}": "sellable", "reason": "too_small", "location": "LYB", "paid": "card"}
    assert "the catalogue has no article" in text_of(seen(agent, path, asked | {"instead": "NO-SUCH"}, 422))
    even = text_of(seen(agent, path, asked | {"instead": "K-204-L"}))
    assert "Nothing is paid" in even
    assert "leaves the stock of Lyon Bellecour" in even
    dearer = seen(agent, path, asked | {"instead": "C-101-38"})
    assert "She pays €" in text_of(dearer)
    assert agreed(agent, path, dearer).status_code == 303
    assert "can be sold again" not in text_of(agent.get(path))


def test_a_gesture_has_a_limit_and_a_manager_has_none(agent, town):
    order = order_of(agent, "given-back")
    path = f"{order}/goodwill"
    shown = seen(agent, path, {"amount": "15", "reason": "late", "money": "voucher"})
    assert "€15.00" in text_of(shown)
    assert "She keeps the goods." in text_of(shown)
    assert "Without a manager: up to €20.00." in text_of(seen(agent, path, {"amount": "25", "reason": "late"}, 403))
    assert "Say how much." in text_of(seen(agent, path, {"amount": ""}, 422))
    assert agreed(agent, path, shown).status_code == 303
    with town.visitor("admin") as manager:
        assert "€25.00" in text_of(seen(manager, path, {"amount": "25", "reason": "late", "money": "voucher"}))


def test_money_that_was_not_moved_is_somebodys_task_and_tried_again(agent):
    order = order_of(agent, "not-refunded")
    page = agent.get(order)
    assert "Money could not be given back" in text_of(page)
    assert "have it tried again" in text_of(page)
    path = f"{order}/pay-again"
    assert path in page.text
    shown = seen(agent, path, {})
    assert "Money is being given back" in text_of(shown)
    assert "€119.00" in text_of(shown)
    assert "The provider is asked once more." in text_of(agent.get(agreed(agent, path, shown).headers["location"]))
    assert "No payment of it has failed." in text_of(agent.get(f"{order_of(agent, 'new')}/pay-again"))


def test_an_invoice_is_issued_once_and_read_with_the_rights_of_the_session(agent, town):
    order = order_of(agent, "given-back")
    path = f"{order}/paper"
    choices = re.findall(r'<option value="((?:invoice|receipt|credit_note)-\d+)"', agent.get(path).text)
    invoice = next(one for one in choices if one.startswith("invoice"))
    shown = seen(agent, path, {"paper": invoice, "language": "fr", "name": "Inès Morel", "city": "Lyon"})
    assert "Made out to Inès Morel" in text_of(shown)
    first = agreed(agent, path, shown).headers["location"]
    assert agreed(agent, path, shown).headers["location"] == first, "issued once"
    paper = agent.get(first)
    assert "INV-redoute-" in text_of(paper)
    pdf = agent.get(f"{first}/pdf")
    assert pdf.headers["content-type"] == "application/pdf"
    assert pdf.headers["cache-control"] == "private, no-store"
    assert pdf.content.startswith(b"%PDF")
    assert first in agent.get(order).text
    assert any(
        one.startswith("credit_note") for one in re.findall(r'<option value="([a-z_]+-\d+)"', agent.get(path).text)
    )
    elsewhere = f"{order_of(agent, 'sent')}/paper"
    assert agent.post(elsewhere, data={"paper": invoice}).status_code == 422, "of another order"
    assert httpx.get(f"{town.url}{first}/pdf").status_code == 303, "who has not signed in is asked to"


def test_who_only_reads_sees_why_not_and_no_button(agent, town):
    order = order_of(agent, "new")
    with town.visitor("analyst") as reader:
        page = reader.get(order)
        assert f"{order}/cancel" not in page.text
        assert "Your role does not do this." in text_of(page)
        for deed in ("cancel", "address", "take-back", "announce", "exchange", "goodwill", "pay-again", "paper"):
            assert reader.get(f"{order}/{deed}").status_code == 403, deed
            assert reader.post(f"{order}/{deed}", data={}).status_code == 403, deed
    assert agent.get(f"{order}/dance").status_code == 404
    foreign = agent.post(f"{order}/cancel", data={}, headers={"Sec-Fetch-Site": "cross-site"})
    assert foreign.status_code == 403, "a form of another site"


def test_who_works_in_another_shop_takes_back_there_and_nothing_else(agent, town):
    order = order_of(agent, "to-return")
    with town.visitor_of("LIL") as lille:
        assert "It has nothing to do with your shop" in text_of(lille.get(order_of(agent, "new")))
        refused = lille.post(f"{order_of(agent, 'new')}/cancel", data={"p-1": "1"})
        assert refused.status_code == 403
        by_api = lille.post(
            f"/v1{order_of(agent, 'new').replace('/orders', '/orders/book')}/cancellations", json={"reason": "x"}
        )
        assert (by_api.status_code, by_api.json()["code"]) == (403, "orders.not_your_order")
        path = f"{order}/take-back"
        jumper = lines_of(lille, path)[0]
        assert "LYP" not in re.findall(r'<option value="([A-Z]{3})"', lille.get(path).text)
        there = lille.post(path, data={jumper: "1", "reason": "other", "location": "LYP"})
        assert there.status_code == 403
        assert "only who works there" in text_of(there)
        assert lille.post(path, data={jumper: "1", "reason": "other", "location": "LIL"}).status_code == 200


def test_work_of_another_place_is_done_there(agent, town):
    (work,) = set(re.findall(r'href="(/fulfilment/works/\d+)"', agent.get(order_of(agent, "new")).text))
    with town.visitor_of("LIL") as lille:
        assert lille.get(work).status_code == 403
        assert lille.post(f"{work}/accept").status_code == 403
        assert lille.post("/fulfilment/at/SQF/walk").status_code == 403
