"""Bodies that hold many things: each is decoded by itself, so that a bad one never loses those beside it.

    SALES = Many(NewSale, key="sales", most=1_000)

    @post("/sales", operation_class=SALES.operation)
    async def record_sales(tx: NamedDependency[Tx], body: RawBody) -> …:
        for sale in SALES.decode(body):          # a NewSale, or the Refusal that stands in its place

Taken are `[…]`, `{"sales": […]}`, one object alone, and one object a line (NDJSON). The good
case is one call of msgspec.
"""

import json
from dataclasses import dataclass
from typing import Any, Generic, TypeVar, cast

import msgspec
from litestar.openapi.spec import OpenAPIMediaType, Operation, RequestBody, Schema

from comptoir.kernel.errors import Invalid, Refusal, TooLarge
from comptoir.kernel.http.bodies import refuse_nul

T = TypeVar("T", bound=msgspec.Struct)


class Many(Generic[T]):
    """How a body becomes a list of `one`, at most `most` of them; `key` names the list within an object."""

    def __init__(self, one: type[T], *, key: str, most: int) -> None:
        self.key = key
        self.most = most
        self._one = msgspec.json.Decoder(one)
        self._all = msgspec.json.Decoder(list[one])
        # Left out or not, the key tells an envelope from one object alone.
        envelope = msgspec.defstruct(f"Many_{key}", [(key, msgspec.Raw, msgspec.field(default=msgspec.Raw()))])
        self._envelope: msgspec.json.Decoder[Any] = msgspec.json.Decoder(envelope)
        self.operation = described(one, key, most)

    def decode(self, body: bytes) -> list[T | Refusal]:
        """Raises Invalid where the body itself cannot be read, TooLarge for too many."""
        parts = self._parts(body.strip())
        if isinstance(parts, bytes):
            if b"\\u0000" not in parts:
                try:
                    return cast("list[T | Refusal]", self._few(self._all.decode(parts)))
                except UNREADABLE:
                    pass
            parts = [bytes(raw) for raw in self._few(raw_list(parts))]
        return [self._judge(part) for part in self._few(parts)]

    def _parts(self, body: bytes) -> bytes | list[bytes]:
        """The list as one JSON array, or its items apart."""
        if body.startswith(b"["):
            return body
        if not body.startswith(b"{"):
            raise Invalid(f'The body is neither a JSON list nor an object: send [...] or {{"{self.key}": [...]}}.')
        try:
            inside = bytes(getattr(self._envelope.decode(body), self.key))
        except UNREADABLE:
            lines = [line for line in (line.strip() for line in body.split(b"\n")) if line]
            if len(lines) > 1 and all(line.startswith(b"{") and line.endswith(b"}") for line in lines):
                return lines
            inside = json.dumps(leniently(body).get(self.key, [])).encode()
        if inside and not inside.startswith(b"["):
            raise Invalid(f"`{self.key}` is not a list.")
        return inside or [body]

    def _few(self, items: list[Any]) -> list[Any]:
        if len(items) > self.most:
            raise TooLarge(f"{len(items)} are too many for one request: send at most {self.most}.", most=self.most)
        return items

    def _judge(self, part: bytes) -> T | Refusal:
        try:
            refuse_nul(part)
            return self._one.decode(part)
        except Refusal as refusal:
            return refusal
        except UNREADABLE as error:
            return Invalid(str(error))


def raw_list(body: bytes) -> list[Any]:
    """The items of a JSON array, unread."""
    try:
        return RAW.decode(body)
    except UNREADABLE:
        return [json.dumps(item).encode() for item in leniently(body)]


def leniently(body: bytes) -> Any:
    """Half a surrogate pair or a byte that is no UTF-8 within one item: the standard library reads over it.

    The item is refused when it is judged by itself.
    """
    try:
        return json.loads(body.decode(errors="surrogateescape"))
    except UNREADABLE as error:
        raise Invalid(f"The body is not JSON: {error}") from error


UNREADABLE = (msgspec.MsgspecError, ValueError, RecursionError)
RAW = msgspec.json.Decoder(list[msgspec.Raw])


# ---- in OpenAPI


class Written(Schema):
    """A JSON schema that is already written."""

    def __init__(self, schema: dict[str, Any]) -> None:
        super().__init__()
        self.schema = schema

    def to_schema(self) -> dict[str, Any]:
        return self.schema


def described(one: type[msgspec.Struct], key: str, most: int) -> type[Operation]:
    """The Litestar operation class that tells what the raw body holds."""
    item = inlined(msgspec.json.schema(one))
    several = {"type": "array", "items": item, "maxItems": most}
    schema = {"anyOf": [{"type": "object", "required": [key], "properties": {key: several}}, several, item]}

    @dataclass
    class Described(Operation):
        def __post_init__(self) -> None:
            self.request_body = RequestBody(
                required=True, content={"application/json": OpenAPIMediaType(schema=Written(schema))}
            )

    return Described


def inlined(schema: dict[str, Any]) -> dict[str, Any]:
    """The schema with every `#/$defs/…` in its place: within an OpenAPI page such a reference would lead nowhere."""
    definitions: dict[str, Any] = schema.get("$defs", {})

    def walk(node: Any) -> Any:
        if isinstance(node, list):
            return [walk(part) for part in cast("list[Any]", node)]
        if not isinstance(node, dict):
            return node
        found = cast("dict[str, Any]", node)
        if "$ref" in found:
            return walk(definitions[found["$ref"].removeprefix("#/$defs/")])
        return {name: walk(part) for name, part in found.items() if name != "$defs"}

    return walk(schema)
