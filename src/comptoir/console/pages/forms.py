"""A form of fields on a page of its own: drawn by one template, complained about beside the field."""

from collections.abc import Mapping, Sequence
from typing import Literal

import msgspec
from litestar import Response

from comptoir.console.page import Page
from comptoir.console.pages.addresses import AnyRequest
from comptoir.console.refusals import said_of
from comptoir.kernel.errors import Refusal

Form = Mapping[str, str]
Choice = tuple[str, str]
LONGEST = 20_000


class Field(msgspec.Struct, frozen=True, kw_only=True):
    """Something that is asked."""

    kind: Literal["text", "money", "number", "select", "check", "area", "head"] = "text"
    """A head asks nothing: it says what the fields below it are about."""
    name: str
    label: str
    value: str = ""
    options: Sequence[Choice] = ()
    hint: str = ""
    error: str = ""
    most: int = 200
    """Characters."""


class FormView(msgspec.Struct, frozen=True, kw_only=True):
    title: str
    lead: str
    crumbs: Sequence[Choice]
    """Address, words; the last of them is where one goes back to."""
    action: str
    fields: Sequence[Field]
    do: str
    icon: str = "check"
    error: str = ""
    """What cannot be, where it is no field's."""


def ask(page: Page, view: FormView, errors: Mapping[str, str] | None = None) -> Response[str]:
    """The form; with what is wrong beside its fields, or above them."""
    errors = dict(errors or {})
    fields = [msgspec.structs.replace(one, error=errors.pop(one.name, "")) for one in view.fields]
    above = " ".join(errors.values())
    wrong = above or any(one.error for one in fields)
    return page.show(
        "form.html.j2", msgspec.structs.replace(view, fields=fields, error=above), status=422 if wrong else 200
    )


def wrong_with(page: Page, refusal: Refusal, at: Mapping[str, str]) -> dict[str, str]:
    """A refusal beside its field, by its code; by the field that it names itself; else above."""
    field = at.get(refusal.code) or str(refusal.data.get("field", ""))
    return {field: said_of(page, refusal)}


async def typed(request: AnyRequest) -> dict[str, str]:
    form = await request.form()
    return {name: str(value)[:LONGEST].replace("\0", "").strip() for name, value in form.items()}


def is_named(form: Form, name: str) -> bool:
    """Whether what is to be confirmed was typed, letter by letter."""
    return form.get("typed", "") == name
