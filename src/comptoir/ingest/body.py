"""The body of a tracked event as typed Structs: what some layer above reads of it."""

from typing import Any, get_args

import msgspec

from comptoir.ingest.wire import Id

Text = str | None


class Page(msgspec.Struct, frozen=True, gc=False):
    """The page that was looked at."""

    url: Text = None
    path: Text = None
    title: Text = None
    referrer: Text = None
    search: Text = None


class Device(msgspec.Struct, frozen=True, gc=False):
    """The device in her hand."""

    id: Id = None
    type: Text = None
    model: Text = None
    manufacturer: Text = None
    name: Text = None
    advertising_id: Id = msgspec.field(default=None, name="advertisingId")


class Os(msgspec.Struct, frozen=True, gc=False):
    """Its operating system."""

    name: Text = None
    version: Id = None


class External(msgspec.Struct, frozen=True, gc=False):
    """An identifier of another system: `{"type": "loyalty_card", "id": "29…"}`."""

    type: Text = None
    id: Id = None
    value: Id = None


class Referrer(msgspec.Struct, frozen=True, gc=False):
    """Where she came from, as apps say it."""

    url: Text = None
    link: Text = None


class Consent(msgspec.Struct, frozen=True, gc=False):
    """Her choices by category, as a consent banner tells them."""

    categories: dict[str, bool] | None = msgspec.field(default=None, name="categoryPreferences")


class Context(msgspec.Struct, frozen=True, gc=False):
    """What the SDK knows of the place of the event."""

    page: Page | None = None
    device: Device | None = None
    os: Os | None = None
    campaign: dict[str, Any] | None = None
    referrer: Referrer | None = None
    locale: Text = None
    channel: Text = None
    user_agent: Text = msgspec.field(default=None, name="userAgent")
    ip: Text = None
    group_id: Id = msgspec.field(default=None, name="groupId")
    external_ids: list[External] | None = msgspec.field(default=None, name="externalIds")
    traits: dict[str, Any] | None = None
    consent: Consent | None = None


class About(msgspec.Struct, frozen=True, gc=False):
    """The properties that most readers want."""

    name: Id = None
    category: Id = None
    product_id: Id = None
    product_id_camel: Id = msgspec.field(default=None, name="productId")
    sku: Id = None
    order_id: Id = None
    order_id_camel: Id = msgspec.field(default=None, name="orderId")
    query: Id = None
    url: Text = None
    path: Text = None
    title: Text = None
    referrer: Text = None


class Received(msgspec.Struct, frozen=True, gc=False):
    """What the request's headers said; written by the intake."""

    ip: Text = None
    gpc: bool = False


class Body(msgspec.Struct, frozen=True, gc=False):
    """An event on the wire."""

    user_id: Id = msgspec.field(default=None, name="userId")
    anonymous_id: Id = msgspec.field(default=None, name="anonymousId")
    previous_id: Id = msgspec.field(default=None, name="previousId")
    group_id: Id = msgspec.field(default=None, name="groupId")
    name: Text = None
    context: Context = Context()
    properties: About = About()
    traits: dict[str, Any] | None = None
    channel: Text = None
    merged: list[External] | None = msgspec.field(default=None, name="mergeProperties")
    received: Received = Received()


decode_body = msgspec.json.Decoder(Body).decode


def loosely(text: str) -> Body | None:
    """As much of an event as fits; None where it is no JSON."""
    try:
        return fitted(Body, msgspec.json.decode(text))
    except (msgspec.MsgspecError, RecursionError):
        return None


def fitted(kind: type[Any], value: object) -> Any:
    """As much of a value as fits the Struct: a field of the wrong type is left out."""
    given: dict[str, Any] = value if isinstance(value, dict) else {}  # pyright: ignore[reportUnknownVariableType]
    kept: dict[str, Any] = {}
    for field in msgspec.structs.fields(kind):
        if given.get(field.encode_name) is None:
            continue
        inner = [one for one in (field.type, *get_args(field.type)) if isinstance(one, type)]
        structs = [one for one in inner if issubclass(one, msgspec.Struct)]
        try:
            kept[field.name] = msgspec.convert(given[field.encode_name], field.type)
        except msgspec.ValidationError:
            if structs:
                kept[field.name] = fitted(structs[0], given[field.encode_name])
    return kind(**kept)
