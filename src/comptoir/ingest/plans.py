"""Tracking plans: what a source has promised to send, as JSON Schemas, one version after another."""

from collections.abc import Callable, Sequence
from typing import Annotated, Any, Literal

import jsonschema_rs
import msgspec

from comptoir.ingest.errors import BadSchema, UnknownPlan
from comptoir.ingest.records import Plan, PlanEntry, Reason
from comptoir.ingest.wire import PlannedHead, decode_object, decode_some
from comptoir.kernel.db import Tx
from comptoir.kernel.log import EPOCH

TRAITS = frozenset({"identify", "group"})
"""Calls whose traits are held against the plan; of the others it is the properties."""


class Compiled:
    """A plan made ready for the hot path: half a microsecond per event."""

    def __init__(self, plan: Plan) -> None:
        self.version = plan.version
        self.enforced = plan.mode == "enforce"
        self._reports = plan.unplanned == "report"
        self._schemas: dict[str, Any] = {name: _compiled(name, schema) for name, schema in plan.events.items()}
        self._provers = {name: prove for name, schema in plan.events.items() if (prove := prover(schema))}

    def violation(self, head: PlannedHead, call: str, name: str) -> tuple[Reason, str] | None:
        """Why the event breaks its promise, or None. Raises ValidationError where its shape is wrong."""
        planned = name if call == "track" else call
        part = head.traits if call in TRAITS else head.properties
        if (prove := self._provers.get(planned)) is not None:
            try:
                prove(part)
            except msgspec.MsgspecError:
                pass
            else:
                return None
        if (schema := self._schemas.get(planned)) is None:
            for one in (head.properties, head.traits):
                if bytes(one):
                    decode_some(one)
            if self._reports and call == "track":
                return "unplanned_event", f"Version {self.version} of the plan has no event {name!r}."
            return None
        found: dict[str, object] = (decode_object(part) if bytes(part) else None) or {}
        if schema.is_valid(found):
            return None
        wrong = [f"{_place(error.instance_path)}: {error.message}" for error in list(schema.iter_errors(found))[:5]]
        return "plan_violation", f"Version {self.version} of the plan: " + "; ".join(wrong)

    def names(self, call: str, name: str) -> bool:
        """Whether the plan says anything of this event."""
        return (name if call == "track" else call) in self._schemas

    def faults(self, call: str, name: str, told: dict[str, Any]) -> list["Fault"]:
        """What is wrong with the properties or traits of an event, field by field. (Not the hot path.)"""
        schema = self._schemas.get(name if call == "track" else call)
        if schema is None:
            return [Fault("", "unplanned", "")] if self._reports and call == "track" else []
        return [fault for error in schema.iter_errors(told) for fault in _faults(error)]


class Fault(msgspec.Struct, frozen=True):
    """One thing in an event that the plan does not allow. Values are not told: they may be personal."""

    field: str
    """`products[].price`; empty for the event as a whole."""
    kind: Literal["missing", "invalid", "unexpected", "unplanned"]
    rule: str
    """The keyword of JSON Schema that was not kept: `type`, `enum` …"""


def _faults(error: Any) -> list[Fault]:
    rule = error.schema_path[-1] if error.schema_path else ""
    missing, unexpected = getattr(error.kind, "property", None), getattr(error.kind, "unexpected", None)
    if rule == "required" and isinstance(missing, str):
        return [Fault(_field([*error.instance_path, missing]), "missing", rule)]
    if unexpected:
        return [Fault(_field([*error.instance_path, one]), "unexpected", str(rule)) for one in unexpected]
    return [Fault(_field(error.instance_path), "invalid", str(rule))]


def _field(path: Sequence[str | int]) -> str:
    """`products[].price`: the same for every product."""
    return "".join("[]" if isinstance(step, int) else f".{step}" for step in path).removeprefix(".")


NO_PLAN = Compiled(
    Plan(source_id=0, version=0, mode="observe", unplanned="allow", events={}, note="", made_at=EPOCH, made_by="")
)


def _compiled(name: str, schema: dict[str, Any]) -> Any:
    try:
        # No network, no files: a schema may refer to nothing but itself.
        return jsonschema_rs.validator_for(schema, retriever=_nothing)
    except (ValueError, TypeError) as error:
        raise BadSchema(
            f"The schema of {name!r} is not valid: {error}",
            event=name,
            path=list(getattr(error, "instance_path", [])),
            because=str(getattr(error, "message", error))[:500],
        ) from error


def _nothing(uri: str) -> Any:
    raise ValueError(f"a plan may not refer to {uri}")


def _place(path: list[str | int]) -> str:
    return ".".join(map(str, path)) or "it"


def prover(schema: dict[str, Any]) -> Callable[[bytes | msgspec.Raw], object] | None:
    """A decoder that takes nothing but what the schema allows: one pass over the JSON, a quarter of the schema's time.

    What it refuses may be allowed all the same: the schema decides. None for schemas beyond flat objects.
    """
    if schema.keys() - {"type", "required", "properties"} - REMARKS or schema.get("type") != "object":
        return None
    required, properties = set(schema.get("required", ())), schema.get("properties", {})
    wire = {f"f{place}": name for place, name in enumerate({**properties, **dict.fromkeys(required)})}
    fields: list[Any] = []
    try:
        for own, name in wire.items():
            kind = _provable(properties.get(name))
            fields.append((own, kind) if name in required else (own, kind | msgspec.UnsetType, msgspec.UNSET))
        return msgspec.json.Decoder(msgspec.defstruct("Proved", fields, rename=wire, kw_only=True, gc=False)).decode
    except (TypeError, ValueError):  # more than msgspec can say
        return None


def _provable(schema: dict[str, Any] | bool | None) -> Any:
    """The type of the values that the schema surely allows. Raises TypeError where there is none."""
    said = {name: value for name, value in schema.items() if name not in REMARKS} if isinstance(schema, dict) else {}
    kind = said.pop("type", None)
    if kind in {"number", "integer"} and said.keys() <= BOUNDS.keys():
        bounds = msgspec.Meta(**{BOUNDS[name]: bound for name, bound in said.items()})
        whole = Annotated[int, bounds]
        return whole if kind == "integer" else whole | Annotated[float, bounds]
    if said or kind not in {"string", "boolean"}:
        raise TypeError
    return str if kind == "string" else bool


REMARKS = frozenset({"$comment", "title", "description", "examples", "default"})
BOUNDS = {"minimum": "ge", "maximum": "le", "exclusiveMinimum": "gt", "exclusiveMaximum": "lt"}


async def save_plan(tx: Tx, *, source_id: int, entry: PlanEntry, made_by: str = "") -> Plan:
    """Make this the next version of the source's plan. Processes take it up within two seconds."""
    for name, schema in entry.events.items():
        _compiled(name, schema)
    await tx.run("SELECT pg_advisory_xact_lock(hashtext('ingest.tracking_plan'))")
    return await tx.one(
        Plan,
        SAVE,
        source_id=source_id,
        mode=entry.mode,
        unplanned=entry.unplanned,
        events=msgspec.json.encode(entry.events).decode(),
        note=entry.note,
        now=tx.now,
        made_by=made_by,
    )


SAVE = """
    INSERT INTO ingest.tracking_plan (source_id, version, mode, unplanned, events, note, made_at, made_by)
    SELECT %(source_id)s::smallint, coalesce(max(version), 0) + 1, %(mode)s, %(unplanned)s, %(events)s::json,
           %(note)s, %(now)s, %(made_by)s
    FROM ingest.tracking_plan WHERE source_id = %(source_id)s
    RETURNING *
"""


async def plan(tx: Tx, *, source_id: int, version: int | None = None) -> Plan:
    """One version of a source's plan; the newest if none is named."""
    found = await tx.maybe(Plan, ONE, source_id=source_id, version=version)
    if found is None:
        raise UnknownPlan(f"Source {source_id} has no tracking plan{f' {version}' if version else ''}.")
    return found


ONE = """
    SELECT * FROM ingest.tracking_plan
    WHERE source_id = %(source_id)s AND (%(version)s::integer IS NULL OR version = %(version)s)
    ORDER BY version DESC LIMIT 1
"""


async def plans(tx: Tx) -> list[Plan]:
    """The newest plan of every source."""
    return await tx.many(Plan, NEWEST)


NEWEST = "SELECT DISTINCT ON (source_id) * FROM ingest.tracking_plan ORDER BY source_id, version DESC"


async def versions(tx: Tx, *, source_id: int) -> list[Plan]:
    """All versions of a source's plan, the newest first."""
    return await tx.many(Plan, HISTORY, source_id=source_id)


HISTORY = "SELECT * FROM ingest.tracking_plan WHERE source_id = %(source_id)s ORDER BY version DESC"
