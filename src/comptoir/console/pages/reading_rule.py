"""One rule for reads as fields: what is asked of an event, and what becomes of it."""

from collections.abc import Mapping, Sequence
from typing import Any, cast

import msgspec

from comptoir import rfid
from comptoir.console.language import N_
from comptoir.console.page import Page
from comptoir.console.pages.forms import Choice, Form
from comptoir.console.pages.goods import STATES
from comptoir.kernel import rules

CLAUSES = 5
"""So many comparisons are asked for; a rule with more, or with parts in parts, is written as text."""
OPERATORS: dict[str, str] = {
    "=": N_("is"),
    "!=": N_("is not"),
    "in": N_("is one of"),
    "not in": N_("is none of"),
    "starts with": N_("begins with"),
    "contains": N_("contains"),
    "<": N_("is less than"),
    "<=": N_("is at most"),
    ">": N_("is more than"),
    ">=": N_("is at least"),
    "has any": N_("names one of"),
    "has all": N_("names all of"),
    "has none": N_("names none of"),
    "exists": N_("is told"),
    "missing": N_("is not told"),
}
JOINED: Sequence[Choice] = (("all", N_("all of this holds")), ("any", N_("any of this holds")))
ACTS: Sequence[Choice] = (
    ("count", N_("a count")),
    ("receive", N_("goods received")),
    ("ship", N_("goods sent")),
    ("move", N_("pieces in another state")),
    ("sale", N_("nothing: the till tells the sale")),
    ("ignore", N_("nothing")),
)
COVERS: Sequence[Choice] = (
    ("read", N_("of the articles that were read")),
    ("all", N_("of the whole place: what was not read is not there")),
)
NEW: Form = {"joined": "all", "act": "count", "covers": "read", "state": "sellable", "quiet": "15"}


class Clause(msgspec.Struct, frozen=True):
    """One comparison, as it is typed."""

    number: int
    attribute: str
    op: str
    value: str


class Unfit(Exception):
    """Something typed cannot be: in which field, and why."""

    def __init__(self, field: str, why: str) -> None:
        super().__init__(why)
        self.field, self.why = field, why


def attributes(page: Page) -> list[Choice]:
    return [
        (name, one.words["fr" if page.language.code == "fr" else "en"])
        for name, one in rfid.readings.EVENT.attributes.items()
    ]


def in_words(page: Page, options: Sequence[Choice]) -> list[Choice]:
    return [(value, page.gettext(words)) for value, words in options]


def operators(page: Page) -> list[Choice]:
    return in_words(page, list(OPERATORS.items()))


def states(page: Page) -> list[Choice]:
    return in_words(page, list(STATES.items()))


# ---- a rule as fields


def fields_of(one: rfid.readings.ReadingRule) -> dict[str, str]:
    """What stands in the form; a condition that is no plain list of comparisons stands there as text."""
    form = dict(NEW) | {"name": one.name, "act": cast("str", one.outcome.__struct_config__.tag)}
    told: Mapping[str, Any] = msgspec.to_builtins(one.outcome)
    form |= {
        "covers": told.get("covers", "read"),
        "state": told.get("state", told.get("to", "sellable")),
        "quiet": str(told.get("quiet_minutes", 15)),
    }
    clauses = plain(one.condition)
    if clauses is None:
        return form | {"text": msgspec.json.format(msgspec.json.encode(one.condition), indent=2).decode()}
    form["joined"] = "any" if "any" in one.condition else "all"
    for number, clause in enumerate(clauses, 1):
        form[f"attribute-{number}"] = clause["attribute"]
        form[f"op-{number}"] = clause["op"]
        form[f"value-{number}"] = ", ".join(str(each) for each in values_in(clause)) if "value" in clause else ""
    return form


def plain(condition: Mapping[str, Any]) -> list[dict[str, Any]] | None:
    """Its comparisons, where it is a list of them that the form can say."""
    parts: Any = condition.get("all", condition.get("any", [condition]))
    listed = cast("list[dict[str, Any]]", parts)
    fine = len(listed) <= CLAUSES and all(
        set(one) <= {"attribute", "op", "value"} and one.get("op") in OPERATORS for one in listed
    )
    commas = any("," in str(value) for one in listed for value in values_in(one))
    return listed if fine and not commas else None


def values_in(clause: Mapping[str, Any]) -> list[Any]:
    value = clause.get("value")
    return cast("list[Any]", value) if isinstance(value, list) else [value]


def clauses_in(form: Form) -> list[Clause]:
    return [
        Clause(n, form.get(f"attribute-{n}", ""), form.get(f"op-{n}", "="), form.get(f"value-{n}", ""))
        for n in range(1, CLAUSES + 1)
    ]


# ---- fields as a rule


def rule_in(page: Page, form: Form) -> rfid.readings.ReadingRule:
    """Raises Unfit. What the condition says is checked by the backend."""
    name = form.get("name", "")
    if not 1 <= len(name) <= 100:
        raise Unfit("name", page.gettext("Give it a name of up to 100 characters."))
    return rfid.readings.ReadingRule(name=name, condition=condition_in(page, form), outcome=outcome_in(page, form))


def condition_in(page: Page, form: Form) -> dict[str, Any]:
    if text := form.get("text", ""):
        try:
            return msgspec.json.decode(text, type=dict[str, Any])
        except (msgspec.MsgspecError, RecursionError) as error:
            raise Unfit("text", page.gettext("The condition cannot be read.")) from error
    found = [clause_of(page, one) for one in clauses_in(form) if one.attribute]
    if not found:
        raise Unfit("attribute-1", page.gettext("Say of which events it is."))
    return {"any" if form.get("joined") == "any" else "all": found}


def clause_of(page: Page, one: Clause) -> dict[str, Any]:
    """The operator's kind of value: none, one, or several between commas."""
    told: dict[str, Any] = {"attribute": one.attribute, "op": one.op}
    field = f"value-{one.number}"
    if one.op in {"exists", "missing"}:
        return told
    if not one.value:
        raise Unfit(field, page.gettext("This is needed."))
    known = rfid.readings.EVENT.attributes.get(one.attribute)
    if known is not None and one.op not in rules.ALLOWED[known.type]:
        raise Unfit(f"op-{one.number}", page.gettext("That cannot be asked of it."))
    parts = [part.strip() for part in one.value.split(",") if part.strip()]
    values: list[Any] = list(parts)
    if known is not None and known.type == "integer":
        if not all(part.isascii() and part.isdecimal() and len(part) < 10 for part in parts):
            raise Unfit(field, page.gettext("A whole number."))
        values = [int(part) for part in parts]
    many = one.op in {"in", "not in", "has any", "has all", "has none"}
    if not many and len(values) != 1:
        raise Unfit(field, page.gettext("One value, without a comma."))
    return told | {"value": values if many else values[0]}


def outcome_in(page: Page, form: Form) -> rfid.readings.Outcome:
    quiet = form.get("quiet", "")
    if not (quiet.isascii() and quiet.isdecimal() and len(quiet) < 6 and 1 <= int(quiet) <= 1440):
        raise Unfit("quiet", page.gettext("From one minute to a day of 1440."))
    act, state = form.get("act", ""), form.get("state", "")
    told: dict[str, Any] = {"act": act}
    if act in {"count", "receive", "ship"}:
        told["quiet_minutes"] = int(quiet)
    if act == "count":
        told |= {"covers": form.get("covers", "read"), "state": state}
    if act == "move":
        told["to"] = state
    try:
        return msgspec.convert(told, rfid.readings.Outcome)
    except msgspec.ValidationError as error:
        raise Unfit("act", page.gettext("Say what becomes of it.")) from error
