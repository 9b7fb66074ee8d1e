"""Money that a provider did not move, tried once more."""

from comptoir import orders
from comptoir.console.pages.forms import Form
from comptoir.console.pages.order_acts import Desk, Doing, Effect, Made, Sheet
from comptoir.console.pages.order_story import MONEY


async def sheet(desk: Desk, form: Form) -> Sheet:  # noqa: ARG001
    _ = desk.page.gettext
    return Sheet(
        title=_("Try the money again"),
        lead=_("What the provider refused or never answered is asked for once more. It is moved once, however often."),
        do=_("Try it again"),
        icon="refresh",
    )


async def act(desk: Desk, form: Form) -> Made:  # noqa: ARG001
    order_id = desk.order.order_id
    await orders.rights.must_touch(desk.tx, desk.actor, order_id=order_id)
    failed = [one for one in await orders.payments.attempts(desk.tx, order_id=order_id) if one.state == "failed"]
    references = [one.reference for one in failed]
    await orders.payments.try_again(desk.tx, order_id=order_id, references=references, actor=desk.actor.name)
    return Made(
        money=[
            Effect("refresh", desk.page.gettext(MONEY[one.kind, "due"]), desk.money(one.amount_minor), one.detail)
            for one in failed
        ],
        core=references,
        deed="payments_again",
    )


PAY_AGAIN = Doing(action="pay_again", sheet=sheet, act=act)
