"""Lists in pages, by a cursor that stands after the last row seen: rows that come or go meanwhile shift nothing."""

import base64
import binascii
from collections.abc import Callable, Sequence
from typing import Annotated, Any, Generic, TypeVar

import msgspec
from litestar.params import QueryParameter

from comptoir.kernel.errors import Invalid
from comptoir.kernel.http.bodies import refuse_nul

Item = TypeVar("Item")


class Page(msgspec.Struct, Generic[Item], frozen=True):
    """One page of a list. `next` is the `cursor` of the page after it, or null on the last one."""

    items: list[Item]
    next: str | None


Cursor = Annotated[str, QueryParameter(description="`next` of the page before; empty for the first.", max_length=500)]
"""`cursor: Cursor = ""` in a handler's parameters."""
Limit = Annotated[int, QueryParameter(description="How many items at most.", ge=1, le=500)]
"""`limit: Limit = 50` in a handler's parameters."""


def page(found: Sequence[Item], limit: int, place: Callable[[Item], Sequence[Any]]) -> Page[Item]:
    """The page of rows read with `LIMIT limit + 1`; `place` gives the sort key of a row, which becomes the cursor."""
    items = list(found[:limit])
    more = len(found) > limit
    return Page(items, cursor_of(*place(items[-1])) if more else None)


def cursor_of(*place: Any) -> str:
    """An opaque cursor that stands after the row with this sort key."""
    return base64.urlsafe_b64encode(msgspec.json.encode(place)).decode().rstrip("=")


def place_of(cursor: str, *types: Any) -> tuple[Any, ...] | None:
    """The sort key in a cursor, its parts converted to `types`; None for the first page.

    after = place_of(cursor, datetime, int)
    """
    if not cursor:
        return None
    try:
        text = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        refuse_nul(text)
        return msgspec.json.decode(text, type=tuple[types])
    except (binascii.Error, ValueError, msgspec.MsgspecError) as error:
        raise Invalid("The cursor is not one of ours: take it from `next` as it is.", cursor=cursor) from error
