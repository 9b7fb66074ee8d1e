"""What a body may hold: nothing that PostgreSQL cannot store. msgspec itself refuses lone surrogates and bad UTF-8."""

import re
from typing import Any

from comptoir.kernel.errors import Invalid
from comptoir.kernel.http.requests import AnyRequest


class Incoming(AnyRequest):
    """The request class of all routes."""

    async def json(self) -> Any:
        refuse_nul(await self.body())
        try:
            return await super().json()
        except (UnicodeDecodeError, RecursionError) as error:
            raise Invalid(f"The body is not JSON: {error}") from error

    async def body(self) -> bytes:
        body = await super().body()
        if b"%00" in body and self.content_type[0] == "application/x-www-form-urlencoded":
            raise Invalid("The form holds the character U+0000, which cannot be stored: leave it out.")
        return body


def refuse_nul(body: bytes) -> None:
    r"""Raise Invalid if a JSON text holds `\u0000`: PostgreSQL has no such character in text."""
    if b"\\u0000" in body and ESCAPED_NUL.search(body):
        raise Invalid(r"The text holds the character U+0000 (\u0000), which cannot be stored: leave it out.")


ESCAPED_NUL = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")
