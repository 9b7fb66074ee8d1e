"""What an address asks for. Filters, sorting and place in a list live in the URL, so that any view can be sent on.

class Wanted(Asked, frozen=True, kw_only=True):
q: str = ""
channel: tuple[Channel, ...] = ()

wanted = Wanted.read(request)
wanted.url("/customers", q="")      # the same view without the question
"""

from collections.abc import Sequence
from typing import Any, Self, cast
from urllib.parse import urlencode

import msgspec
from litestar import Request

from comptoir.kernel.errors import Invalid

AnyRequest = Request[Any, Any, Any]

MOST_CHARACTERS = 400
"""Longer values of one parameter are no question anybody typed."""
MOST_VALUES = 50


def host_of(request: AnyRequest) -> str:
    """By which this house is called, for addresses that are taken elsewhere."""
    return str(request.base_url).rstrip("/")


class Asked(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The query of an address as a record; a tuple may be said several times. Parameters of others are ignored."""

    @classmethod
    def read(cls, request: AnyRequest) -> Self:
        """Raises Invalid where a value is not of its kind: never a guess at what was meant."""
        given: dict[str, Any] = {}
        for field in msgspec.structs.fields(cls):
            values = [value for value in request.query_params.getall(field.name, []) if value != ""][:MOST_VALUES]
            if any(len(value) > MOST_CHARACTERS for value in values):
                raise Invalid(f"{field.name} is longer than {MOST_CHARACTERS} characters.", parameter=field.name)
            if values:
                given[field.name] = values if field.default == () else values[0]
        try:
            return msgspec.convert(given, cls, strict=False)
        except msgspec.ValidationError as error:
            raise Invalid(f"The address asks for what there is not: {error}") from error

    def url(self, path: str, **changes: Any) -> str:
        """The address of the view with `changes`; what has its usual value is left out."""
        changed = msgspec.structs.replace(self, **changes)
        query = urlencode(msgspec.to_builtins(changed), doseq=True)
        return f"{path}?{query}" if query else path

    def pairs(self, *leave_out: str) -> list[tuple[str, str]]:
        """Names and values for the hidden fields of a form."""
        kept: dict[str, Any] = msgspec.to_builtins(self)
        return [
            (name, str(one))
            for name, value in kept.items()
            if name not in leave_out
            for one in (cast("Sequence[Any]", value) if isinstance(value, list | tuple) else [value])
        ]
