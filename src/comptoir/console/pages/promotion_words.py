"""Promotions in words: what is taken off, beside what, and why one was refused."""

from collections.abc import Mapping, Sequence
from typing import Any, cast

from comptoir import pricing
from comptoir.console.language import N_
from comptoir.console.page import Page
from comptoir.kernel.money import Money

LIMITED = {
    "max_discount": N_("It takes no more off one basket."),
    "margin_floor": N_("It stops at the margin that must stay."),
    "total_discount": N_("All promotions together may take no more."),
}
DECLINED: dict[str, str] = {
    "beaten": N_("another one takes more off the same line"),
    "budget_spent": N_("its budget does not hold so much any more"),
    "condition": N_("the basket is not what it asks for"),
    "coupon_disabled": N_("its campaign is switched off"),
    "coupon_ended": N_("its campaign is over"),
    "coupon_needed": N_("it needs a coupon"),
    "coupon_not_needed": N_("another code has opened the same promotion"),
    "coupon_not_started": N_("its campaign has not begun"),
    "coupon_of_another": N_("it belongs to somebody else"),
    "coupon_person_needed": N_("only a known customer can use it"),
    "coupon_used_by_person": N_("this customer has used her share"),
    "coupon_used_up": N_("it was used already"),
    "currency": N_("it holds in another currency"),
    "disabled": N_("it is switched off"),
    "ended": N_("it is over"),
    "margin_floor": N_("too little margin would stay"),
    "mistyped": N_("the code is mistyped: its check digit is wrong"),
    "no_line": N_("nothing in the basket is what it is for"),
    "not_started": N_("it has not begun"),
    "nothing_to_take_off": N_("nothing is left to take off"),
    "total_discount": N_("all promotions together may take no more off"),
    "unknown_coupon": N_("nobody knows this code"),
    "used_up": N_("it was given as often as it may be"),
}
SCOPES = {
    "line": N_("each line"),
    "order": N_("the whole basket"),
    "shipping": N_("the delivery"),
}


def benefit(page: Page, found: pricing.Promotion) -> str:
    """What it takes off: 15% off each line; €10.00 off the whole basket."""
    gettext, number = page.gettext, page.draw.number
    what, scope = found.benefit, gettext(SCOPES[found.scope])

    def worth(minor: int) -> str:
        return page.language.money(Money(minor, found.currency or page.settings.currency))

    match what:
        case pricing.Percent():
            return gettext("%(share)s off %(scope)s", share=share(page, what.basis_points), scope=scope)
        case pricing.AmountOff() if found.scope == "line":
            return gettext("%(amount)s off each piece", amount=worth(what.amount_minor))
        case pricing.AmountOff():
            return gettext("%(amount)s off %(scope)s", amount=worth(what.amount_minor), scope=scope)
        case pricing.FixedPrice() if found.scope == "shipping":
            if not what.price_minor:
                return gettext("the delivery is free")
            return gettext("the delivery costs %(amount)s", amount=worth(what.price_minor))
        case pricing.FixedPrice():
            return gettext("each piece costs %(amount)s", amount=worth(what.price_minor))
        case pricing.BuyGet() if what.basis_points == 10_000:
            return gettext(
                "of each %(all)s pieces %(get)s are free", all=number(what.buy + what.get), get=number(what.get)
            )
        case pricing.BuyGet():
            return gettext(
                "of each %(all)s pieces %(get)s at %(share)s off",
                all=number(what.buy + what.get),
                get=number(what.get),
                share=share(page, what.basis_points),
            )
        case pricing.Bundle():
            return gettext("together for %(amount)s", amount=worth(what.price_minor))


def share(page: Page, basis_points: int) -> str:
    return page.draw.percent(basis_points / 10_000, 1 if basis_points % 100 else 0)


def stacking(page: Page, found: pricing.Promotion) -> str:
    """Beside what it may stand."""
    if found.stacking == "exclusive":
        if found.group:
            return page.gettext("alone on its lines within “%(group)s”", group=found.group)
        return page.gettext("alone on its lines")
    if found.group:
        return page.gettext("adds up within “%(group)s”", group=found.group)
    return page.gettext("adds up with others")


def declined(page: Page, one: pricing.Declined, currency: str) -> list[str]:
    """Why it did not apply: the reason, then its particulars."""
    said = [page.gettext(DECLINED[one.code]) if one.code in DECLINED else one.code]
    data: Mapping[str, Any] = one.data

    def worth(name: str) -> str:
        return page.language.money(Money(int(data[name]), currency))

    if one.code == "condition":
        language = "fr" if page.language.code == "fr" else "en"
        for sentence, attribute, seen in pricing.unmet_in_words(one.data, language, currency=currency):
            here = seen_here(page, attribute, seen, currency)
            said.append(page.gettext("It asks: %(rule)s Here: %(seen)s.", rule=sentence, seen=here))
    elif one.code == "beaten" and data.get("by"):
        by = ", ".join(str(name) for name in cast("Sequence[object]", data["by"]))
        alone = worth("discount_minor")
        said.append(page.gettext("By %(promotions)s; alone it would take %(amount)s off.", promotions=by, amount=alone))
    elif one.code == "budget_spent":
        left, wanted = worth("left_minor"), worth("discount_minor")
        said.append(page.gettext("%(left)s is left, %(wanted)s would be needed.", left=left, wanted=wanted))
    elif one.code in {"used_up", "coupon_used_up"} and data.get("max_uses"):
        said.append(page.ngettext("Once in all.", "%(n)s times in all.", int(data["max_uses"])))
    elif one.code == "currency":
        said.append(page.gettext("Only in %(currency)s.", currency=str(data.get("currency", ""))))
    return said


def seen_here(page: Page, attribute: str, seen: Any, currency: str) -> str:
    """What the basket showed where a rule asked for something else."""
    if isinstance(seen, list | tuple):
        return ", ".join(str(one) for one in cast("Sequence[object]", seen)) or page.gettext("nothing")
    if seen is None:
        return page.gettext("nothing")
    if isinstance(seen, bool):
        return page.gettext("yes") if seen else page.gettext("no")
    if attribute in {"basket.amount", "basket.remaining"}:
        return page.language.money(Money(int(seen), currency))
    if attribute == "basket.channel":
        return page.draw.channel_name(str(seen)).lower()
    return page.draw.number(seen) if isinstance(seen, int | float) else str(seen)
