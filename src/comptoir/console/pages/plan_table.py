"""A tracking plan as a table: events, their properties, each with its type and whether it is required.

The table shows what most plans say. What it does not show (`enum`, `pattern`, nested schemas …) stays as it is: the
schemas that were drawn travel with the form, and only what was typed is changed in them.
"""

from collections.abc import Mapping, Sequence
from typing import Any, cast

import msgspec

TYPES = ("string", "number", "integer", "boolean", "array", "object")
ANY, MIXED = "", "…"
"""No type at all; several, or what only the text can say."""
MOST_ROWS = 500
SHOWN_WORDS = 6

Schema = dict[str, Any]


class Row(msgspec.Struct, frozen=True):
    """One property. `was` is its name in the schemas that travel with the form; empty for a new one."""

    name: str
    kind: str
    required: bool
    was: str = ""
    also: str = ""
    """Keywords of its schema that the table does not show."""


class Table(msgspec.Struct, frozen=True):
    """One event."""

    name: str
    rows: Sequence[Row]
    was: str = ""
    also: str = ""


def tables(events: Mapping[str, Any]) -> list[Table]:
    return [table(name, schema) for name, schema in events.items()]


def table(name: str, schema: Any) -> Table:
    told = object_of(schema)
    properties = object_of(told.get("properties"))
    required = [one for one in list_of(told.get("required")) if isinstance(one, str)]
    rows = [row(one, part, one in required) for one, part in properties.items()]
    rows += [Row(one, ANY, True, was=one) for one in required if one not in properties]
    return Table(name, rows, was=name, also=others(told, "type", "properties", "required", "$schema"))


def row(name: str, schema: Any, required: bool) -> Row:
    told = object_of(schema)
    kind = told.get("type", ANY)
    shown = kind if kind in (*TYPES, ANY) else MIXED
    return Row(name, shown, required, was=name, also=others(told, "type", "description"))


def others(schema: Schema, *shown: str) -> str:
    return ", ".join([word for word in schema if word not in shown][:SHOWN_WORDS])


def changed(base: Mapping[str, Any], typed: Sequence[Table]) -> dict[str, Any]:
    """The schemas of `base` with what was typed into the table. Events and properties without a name are left out."""
    events: dict[str, Any] = {}
    for one in typed:
        if one.name.strip():
            events[one.name.strip()] = with_rows(object_of(base.get(one.was)) if one.was else {}, one.rows)
    return events


def with_rows(schema: Schema, rows: Sequence[Row]) -> Schema:
    before = object_of(schema.get("properties"))
    properties: dict[str, Any] = {}
    required: list[str] = []
    for one in rows:
        name = one.name.strip()
        if not name:
            continue
        properties[name] = with_kind(before.get(one.was) if one.was else None, one.kind)
        if one.required:
            required.append(name)
    kept = {word: value for word, value in schema.items() if word not in {"properties", "required"}}
    result = {"type": "object", **kept, "properties": properties}
    return {**result, "required": required} if required else result


def with_kind(schema: Any, kind: str) -> Any:
    if isinstance(schema, bool) and kind == MIXED:
        return schema
    told = dict(object_of(schema))
    if kind == MIXED:
        return told
    if kind == ANY:
        told.pop("type", None)
        return told
    return {"type": kind, **{word: value for word, value in told.items() if word != "type"}}


def read_form(form: Mapping[str, str]) -> list[Table]:
    """The table as it was typed: fields `e0`, `e0.was`, `e0.p0`, `e0.p0.was`, `e0.p0.kind`, `e0.p0.required`."""
    typed: list[Table] = []
    for event in range(MOST_ROWS):
        head = f"e{event}"
        if head not in form:
            break
        rows: list[Row] = []
        for place in range(MOST_ROWS):
            key = f"{head}.p{place}"
            if key not in form:
                break
            kind = form.get(f"{key}.kind", ANY)
            rows.append(
                Row(
                    name=form[key][:200],
                    kind=kind if kind in (*TYPES, ANY, MIXED) else ANY,
                    required=f"{key}.required" in form,
                    was=form.get(f"{key}.was", ""),
                )
            )
        typed.append(Table(form[head][:200], rows, was=form.get(f"{head}.was", "")))
    return typed


def object_of(value: Any) -> Schema:
    return cast("Schema", value) if isinstance(value, dict) else {}


def list_of(value: Any) -> list[Any]:
    return cast("list[Any]", value) if isinstance(value, list) else []
