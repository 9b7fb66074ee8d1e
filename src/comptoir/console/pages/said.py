"""What was just done, said once on the page that follows: a cookie carries it there and is taken away."""

from collections.abc import Callable
from typing import Any, Literal

import msgspec
from litestar import Response
from litestar.datastructures import Cookie

from comptoir.console.language import N_
from comptoir.console.page import Page
from comptoir.console.pages.addresses import AnyRequest

COOKIE = "said"
Deed = Literal[
    "merged",
    "split",
    "cut",
    "undone",
    "replayed",
    "discarded",
    "still_bad",
    "given_up",
    "source_added",
    "key_rotated",
    "key_revoked",
    "source_on",
    "source_off",
    "plan_published",
    "transfer_requested",
    "delivery_announced",
    "transfer_shipped",
    "goods_received",
    "transfer_cancelled",
    "count_over",
    "count_approved",
    "count_rejected",
    "count_cancelled",
    "work_done",
    "work_handed_over",
    "work_rejected",
    "work_replaced",
    "task_closed",
    "policy_in_force",
    "order_cancelled",
    "order_extended",
    "address_changed",
    "goods_taken_back",
    "return_announced",
    "goods_looked_at",
    "money_given_back",
    "return_given_up",
    "exchanged",
    "goodwill_given",
    "payments_again",
    "document_issued",
    "document_mailed",
    "basket_claimed",
    "order_placed",
    "stock_corrected",
    "entry_taken",
    "entry_dismissed",
    "delivery_again",
    "delivery_settled",
    "feed_closed",
    "feed_described",
    "rules_in_force",
    "reader_known",
    "till_revoked",
    "connection_on",
    "connection_off",
    "choice_recorded",
    "purpose_saved",
    "wording_added",
    "kept_apart",
    "of_one_household",
    "put_off",
]
WORDS: dict[Deed, str] = {
    "merged": N_("One person. Can be undone exactly."),
    "split": N_("Two people. Can be undone exactly."),
    "cut": N_("The tie is cut. Can be undone exactly."),
    "undone": N_("As it was before."),
    "replayed": N_("Taken. It is on its way to its customer."),
    "discarded": N_("Discarded."),
    "still_bad": N_("Not taken: it still has a fault."),
    "given_up": N_("Given up for good. The log keeps it."),
    "source_added": N_("The source is there. Its key is below."),
    "key_rotated": N_("A new key. The one before ends in 30 days."),
    "key_revoked": N_("Revoked. The key opens nothing any more."),
    "source_on": N_("Its events are taken again."),
    "source_off": N_("Its events are refused from now on."),
    "work_done": N_("Done."),
    "work_handed_over": N_("Handed over. The sale is recorded."),
    "work_rejected": N_("Noted. It is looked for elsewhere at once."),
    "work_replaced": N_("In the box. She pays no more for it."),
    "task_closed": N_("Looked at."),
    "plan_published": N_("Published. It is in force within two seconds."),
    "transfer_requested": N_("Asked for. It leaves their stock when they send it."),
    "delivery_announced": N_("Announced. Its day is told to whoever asks."),
    "transfer_shipped": N_("Sent. It lies in transit until somebody has it in hand."),
    "goods_received": N_("Received. What is fit for sale can be sold at once."),
    "transfer_cancelled": N_("Called off. No stock has moved."),
    "count_over": N_("Handed in."),
    "count_approved": N_("The differences are in the book."),
    "count_rejected": N_("Not believed: the book stays as it is."),
    "order_cancelled": N_("Cancelled. The goods are free again."),
    "order_extended": N_("Added. It goes along with the rest."),
    "address_changed": N_("It goes to the new address."),
    "goods_taken_back": N_("Taken back."),
    "return_announced": N_("Announced. Its number goes on the parcel."),
    "goods_looked_at": N_("Noted. What is fit can be sold again."),
    "money_given_back": N_("The money is on its way back."),
    "return_given_up": N_("It is not expected any more."),
    "exchanged": N_("Exchanged."),
    "goodwill_given": N_("Given."),
    "payments_again": N_("The provider is asked once more."),
    "document_issued": N_("Issued. It never changes."),
    "document_mailed": N_("It is on its way to the mail server."),
    "basket_claimed": N_("It goes on here. What it holds stays held."),
    "order_placed": N_("Ordered. The goods are hers."),
    "policy_in_force": N_("In force. New orders are sourced by it."),
    "count_cancelled": N_("The sheet is given up. The book stays as it is."),
    "stock_corrected": N_("Written down. What is promised follows at once."),
    "entry_taken": N_("Done, as the till tells it."),
    "entry_dismissed": N_("Nothing is done of it. The entry is kept."),
    "delivery_again": N_("It is done again."),
    "delivery_settled": N_("Noted as done here."),
    "feed_closed": N_("Closed. Nobody can fetch it any more."),
    "feed_described": N_("Described so. The next file says it."),
    "rules_in_force": N_("In force. What is read from now on is judged by it."),
    "reader_known": N_("Noted where readers stand."),
    "till_revoked": N_("Out of use. Its key opens nothing any more."),
    "connection_on": N_("Its messages are taken again."),
    "connection_off": N_("Its messages are refused from now on."),
    "choice_recorded": N_("Written down. It counts from now on, everywhere."),
    "purpose_saved": N_("In force."),
    "wording_added": N_("Shown and read out from now on. Those before are kept."),
    "kept_apart": N_("Two people, whatever is seen later. Can be undone exactly."),
    "of_one_household": N_("Two people of one household. Can be undone exactly."),
    "put_off": N_("It waits among those that were put off."),
}


class Said(msgspec.Struct, frozen=True):
    deed: Deed
    undo: int = 0
    """The operation that takes it back; 0 where nothing does."""


def say(answer: Response[Any], deed: Deed, *, undo: int = 0) -> Response[Any]:
    """Have the next page say it."""
    value = f"{deed}.{undo}"
    answer.set_cookie(Cookie(key=COOKIE, value=value, path="/", max_age=30, httponly=True, samesite="lax"))
    return answer


def last_said(request: AnyRequest, page: Page) -> Callable[[Response[str]], Response[str]]:
    """Put what was said on the page as a toast; the result clears the cookie of the answer."""
    deed, _, undo = request.cookies.get(COOKIE, "").partition(".")
    if deed not in WORDS or page.part:
        return lambda answer: answer
    number = undo if undo.isdecimal() and len(undo) < 19 else "0"
    page.toast(page.gettext(WORDS[deed]), undo=f"/customers/undo/{number}" if number != "0" else "")

    def clear(answer: Response[str]) -> Response[str]:
        answer.delete_cookie(COOKIE, path="/")
        return answer

    return clear
