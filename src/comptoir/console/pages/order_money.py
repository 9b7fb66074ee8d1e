"""The money of an order as a ledger: what she owed, what was taken and given back, what the house keeps."""

from collections.abc import Sequence

import msgspec

from comptoir import orders
from comptoir.console.page import Page
from comptoir.console.pages.order_story import Papers
from comptoir.kernel.money import Money


class Entry(msgspec.Struct, frozen=True):
    label: str
    amount: Money
    sub: str = ""
    sum: bool = False


class Ledger(msgspec.Struct, frozen=True):
    """`kept` is what was taken less what was given back."""

    entries: Sequence[Entry]
    kept: Money
    state: tuple[str, str, str]
    waiting: Sequence[orders.payments.Attempt]
    """What the provider has not done, and why."""


def ledger(page: Page, papers: Papers, paid: orders.payments.Paid | None) -> Ledger:
    gettext, order = page.gettext, papers.order
    agreed = [one for one in order.lines if one.instead_of is None]
    goods = sum(one.amount_minor for one in agreed)
    count = sum(one.quantity for one in agreed)
    # Tax that is not in the prices comes on top: the rest of the total.
    rest = order.total_minor - goods + order.discount_minor - order.delivery_minor
    entries = [Entry(page.ngettext("One article", "%(n)s articles", count), papers.money(goods))]
    if order.discount_minor:
        entries.append(Entry(gettext("Discounts"), papers.money(-order.discount_minor)))
    entries.append(Entry(gettext("Delivery"), papers.money(order.delivery_minor)))
    if rest:
        entries.append(Entry(gettext("Tax on top"), papers.money(rest)))
    sub = (
        ""
        if rest or not order.tax_minor
        else gettext("%(tax)s tax in it", tax=page.draw.money(papers.money(order.tax_minor)))
    )
    entries.append(Entry(gettext("To be paid"), papers.money(order.total_minor), sub, sum=True))
    cancelled = sum(one.amount_minor for one in papers.cancellations)
    if cancelled:
        entries.append(Entry(gettext("Cancelled"), papers.money(-cancelled)))
    if missed := not_given(papers, cancelled):
        entries.append(Entry(gettext("Not to be had"), papers.money(-missed)))
    if paid is not None:
        entries.append(Entry(gettext("Promised by the provider"), papers.money(paid.authorised_minor)))
        entries.append(Entry(gettext("Taken"), papers.money(paid.captured_minor), gettext("parcel by parcel")))
        if paid.refunded_minor:
            entries.append(Entry(gettext("Given back"), papers.money(-paid.refunded_minor)))
    kept = paid.captured_minor - paid.refunded_minor if paid else 0
    waiting = [one for one in papers.attempts if one.state != "done"]
    return Ledger(entries, papers.money(kept), verdict(page, papers, paid, waiting), waiting)


def not_given(papers: Papers, cancelled: int) -> int:
    """What was agreed and neither handed over nor cancelled by anybody, once nothing is open: no place had it.

    0 where an article was replaced: what was paid for the other one is not told apart.
    """
    if papers.order.state == "open" or any(one.instead_of is not None for one in papers.order.lines):
        return 0
    return max(0, papers.order.total_minor - cancelled - sum(one.total_minor for one in papers.parcels))


def verdict(
    page: Page, papers: Papers, paid: orders.payments.Paid | None, waiting: Sequence[orders.payments.Attempt]
) -> tuple[str, str, str]:
    """Whether money and goods agree: what was taken is what has left."""
    if any(one.state == "failed" for one in waiting):
        return page.gettext("failed"), "bad", "alert-triangle"
    if waiting:
        return page.gettext("under way"), "info", "hourglass"
    if paid is None:
        return page.gettext("nothing ahead"), "", "point"
    left = sum(one.total_minor for one in papers.parcels)
    if left == paid.captured_minor:
        return page.gettext("balanced"), "good", "scale"
    return page.gettext("look at it"), "warn", "alert-triangle"
