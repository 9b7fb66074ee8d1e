"""What each field of a pair says, in words: the steps of the picture that a steward decides by."""

from collections.abc import Sequence

from comptoir import identity
from comptoir.console.charts import Step
from comptoir.console.language import N_
from comptoir.console.page import Page

WORDS: dict[tuple[str, str], str] = {
    ("name", "same"): N_("Same name"),
    ("name", "swapped"): N_("Names in each other's place"),
    ("name", "known as"): N_("Same last name, a nickname"),
    ("name", "initial"): N_("Same last name, an initial"),
    ("name", "first misspelt"): N_("First names nearly the same"),
    ("name", "other first"): N_("Same last name, another first name"),
    ("name", "last misspelt"): N_("Last names nearly the same"),
    ("name", "both misspelt"): N_("First and last names nearly the same"),
    ("name", "last misspelt, initial"): N_("Last names nearly the same, an initial"),
    ("name", "last alike, other first"): N_("Last names nearly the same, another first name"),
    ("name", "other last"): N_("Same first name, another last name"),
    ("name", "other"): N_("Different names"),
    ("name", "last only"): N_("Same last name; a first name is missing"),
    ("name", "last only, alike"): N_("Last names nearly the same; a first name is missing"),
    ("name", "other last only"): N_("Different last names; a first name is missing"),
    ("name", "first only"): N_("Same first name; a last name is missing"),
    ("name", "other first only"): N_("Different first names; a last name is missing"),
    ("email", "same"): N_("Same e-mail"),
    ("email", "other domain"): N_("Same e-mail at another provider"),
    ("email", "misspelt"): N_("E-mails nearly the same"),
    ("email", "other"): N_("Different e-mails"),
    ("phone", "same"): N_("Same phone"),
    ("phone", "misspelt"): N_("Phones nearly the same"),
    ("phone", "other"): N_("Different phones"),
    ("address", "same"): N_("Same address"),
    ("address", "misspelt"): N_("Addresses nearly the same"),
    ("address", "street"): N_("Same street"),
    ("address", "place"): N_("Same town"),
    ("address", "other"): N_("Different towns"),
    ("birth", "same"): N_("Same birthday"),
    ("birth", "slip"): N_("Birthdays nearly the same"),
    ("birth", "other"): N_("Different birthdays"),
    ("card", "same"): N_("Same loyalty card"),
    ("card", "other"): N_("Different loyalty cards"),
    ("code", "same"): N_("Same customer number"),
    ("code", "misspelt"): N_("Customer numbers nearly the same"),
    ("device", "same"): N_("Same device"),
}
BEFORE = N_("Before looking")
LEAST = 0.05
"""Bits that are worth a step."""


def weights(page: Page, one: identity.realtime.Review) -> Sequence[Step]:
    """From what is known before anything is compared to the odds at the end, in bits."""
    fields = sorted(one.reasons, key=lambda reason: -reason.bits)
    steps = [Step(page.gettext(BEFORE), one.bits - sum(reason.bits for reason in fields), "fact")]
    for reason in fields:
        if abs(reason.bits) >= LEAST:
            words = WORDS.get((reason.field, reason.level))
            label = page.gettext(words) if words else f"{reason.field}: {reason.level}"
            steps.append(Step(label, reason.bits, "for" if reason.bits > 0 else "against"))
    return steps
