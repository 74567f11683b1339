"""Objects as rows of a table and as bare metadata: what kubectl and controllers ask for. Pure."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from cosictl.sandbox.api.resources import (
    CONFIGMAPS,
    DEPLOYMENTS,
    EVENTS,
    EVENTS_V1,
    LEASES,
    NAMESPACES,
    PODS,
    SECRETS,
    SERVICE_ACCOUNTS,
)
from cosictl.sandbox.ports import Json, Resource

META: Final = "meta.k8s.io/v1"
UNKNOWN_AGE: Final = "<unknown>"


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its name, how its cell comes from an object and the time, its type, and 1 where only for ``wide``."""

    name: str
    cell: Callable[[Json, datetime], Any]
    type: str = "string"
    priority: int = 0


def metadata_of(value: Json) -> Json:
    """Return an object's metadata alone."""
    return {"kind": "PartialObjectMetadata", "apiVersion": META, "metadata": value["metadata"]}


def metadata_list(items: Iterable[Json], metadata: Json) -> Json:
    """Return a list of metadata alone."""
    listed = [metadata_of(item) for item in items]
    return {"kind": "PartialObjectMetadataList", "apiVersion": META, "metadata": metadata, "items": listed}


def table(
    resource: Resource, items: Sequence[Json], metadata: Json, now: datetime, *, include: str, headed: bool = True
) -> Json:
    """Return a Table. ``include`` is None, Metadata or Object; ``headed``: with column definitions."""
    columns = _COLUMNS.get(resource, _PLAIN)
    rows = []
    for item in items:
        row: Json = {"cells": [column.cell(item, now) for column in columns]}
        if include == "Object":
            row["object"] = item
        elif include != "None":
            row["object"] = metadata_of(item)
        rows.append(row)
    definitions = [_definition(column) for column in columns] if headed else []
    return {
        "kind": "Table",
        "apiVersion": META,
        "metadata": metadata,
        "columnDefinitions": definitions,
        "rows": rows,
    }


def age(text: Any, now: datetime) -> str:
    """Return the time since an RFC 3339 time as kubectl writes it: 5s, 3m20s, 2h, 4d."""
    try:
        then = datetime.fromisoformat(str(text))
    except ValueError:
        return UNKNOWN_AGE
    return span(int((now - then.astimezone(UTC)).total_seconds()))


def span(seconds: int) -> str:
    """Return a duration in the two units that matter at its size."""
    if seconds < -1:
        return "<invalid>"
    seconds = max(0, seconds)
    minutes, hours, days = seconds // 60, seconds // 3600, seconds // 86400
    if seconds < 120:
        return f"{seconds}s"
    if minutes < 10:
        return _two(minutes, "m", seconds % 60, "s")
    if minutes < 180:
        return f"{minutes}m"
    if hours < 8:
        return _two(hours, "h", minutes % 60, "m")
    if hours < 48:
        return f"{hours}h"
    if hours < 192:
        return _two(days, "d", hours % 24, "h")
    if days < 730:
        return f"{days}d"
    if days < 2920:
        return _two(days // 365, "y", days % 365, "d")
    return f"{days // 365}y"


def _two(large: int, unit: str, small: int, lesser: str) -> str:
    return f"{large}{unit}{small}{lesser}" if small else f"{large}{unit}"


def _definition(column: Column) -> Json:
    return {
        "name": column.name,
        "type": column.type,
        "format": "name" if column.name == "Name" else "",
        "description": f"{column.name} of the object",
        "priority": column.priority,
    }


def _at(value: Any, *path: str) -> Any:
    for key in path:
        value = value.get(key) if isinstance(value, dict) else None
    return value


def _name(value: Json, _: datetime) -> str:
    return str(value["metadata"]["name"])


def _age(value: Json, now: datetime) -> str:
    return age(value["metadata"].get("creationTimestamp"), now)


def _text(*path: str) -> Callable[[Json, datetime], str]:
    return lambda value, _: str(_at(value, *path) or "")


def _size(*path: str) -> Callable[[Json, datetime], int]:
    return lambda value, _: len(_at(value, *path) or ())


def _number(*path: str) -> Callable[[Json, datetime], int]:
    return lambda value, _: int(_at(value, *path) or 0)


def _pod_ready(value: Json, _: datetime) -> str:
    states = _at(value, "status", "containerStatuses") or ()
    total = len(_at(value, "spec", "containers") or ())
    return f"{sum(bool(state.get('ready')) for state in states)}/{total}"


def _pod_status(value: Json, _: datetime) -> str:
    if "deletionTimestamp" in value["metadata"]:
        return "Terminating"
    for state in _at(value, "status", "containerStatuses") or ():
        for kind in ("waiting", "terminated"):
            reason = _at(state, "state", kind, "reason")
            if reason:
                return str(reason)
    return str(_at(value, "status", "reason") or _at(value, "status", "phase") or "Unknown")


def _pod_restarts(value: Json, _: datetime) -> str:
    states = _at(value, "status", "containerStatuses") or ()
    return str(sum(int(state.get("restartCount", 0)) for state in states))


def _deployment_ready(value: Json, _: datetime) -> str:
    wanted = _at(value, "spec", "replicas")
    return f"{_at(value, 'status', 'readyReplicas') or 0}/{1 if wanted is None else wanted}"


def _either(value: Json, *keys: str) -> Any:
    return next((value[key] for key in keys if value.get(key)), None)


def _last_seen(value: Json, now: datetime) -> str:
    series = _at(value, "series", "lastObservedTime")
    seen = series or _either(value, "lastTimestamp", "deprecatedLastTimestamp", "eventTime")
    return age(seen or value["metadata"].get("creationTimestamp"), now)


def _first_seen(value: Json, now: datetime) -> str:
    seen = _either(value, "firstTimestamp", "deprecatedFirstTimestamp", "eventTime")
    return age(seen or value["metadata"].get("creationTimestamp"), now)


def _event_object(value: Json, _: datetime) -> str:
    about = _either(value, "involvedObject", "regarding") or {}
    kind = str(about.get("kind", "")).lower()
    return f"{kind}/{about['name']}" if about.get("name") else kind


def _event_part(value: Json, _: datetime) -> str:
    return str((_either(value, "involvedObject", "regarding") or {}).get("fieldPath", ""))


def _event_source(value: Json, _: datetime) -> str:
    source = _either(value, "source", "deprecatedSource") or {}
    component = source.get("component") or _either(value, "reportingComponent", "reportingController") or ""
    return f"{component}, {source['host']}" if source.get("host") else str(component)


def _event_message(value: Json, _: datetime) -> str:
    return str(_either(value, "message", "note") or "").strip()


def _event_count(value: Json, _: datetime) -> int:
    return int(_at(value, "series", "count") or _either(value, "count", "deprecatedCount") or 1)


_PLAIN: Final = (Column("Name", _name), Column("Age", _age, "date"))
_AGED: Final = Column("Age", _age)
_EVENT_COLUMNS: Final = (
    Column("Last Seen", _last_seen),
    Column("Type", _text("type")),
    Column("Reason", _text("reason")),
    Column("Object", _event_object),
    Column("Subobject", _event_part, priority=1),
    Column("Source", _event_source, priority=1),
    Column("Message", _event_message),
    Column("First Seen", _first_seen, priority=1),
    Column("Count", _event_count, "integer", 1),
    Column("Name", _name, priority=1),
)
_COLUMNS: Final[Mapping[Resource, tuple[Column, ...]]] = {
    NAMESPACES: (Column("Name", _name), Column("Status", _text("status", "phase")), _AGED),
    SECRETS: (
        Column("Name", _name),
        Column("Type", _text("type")),
        Column("Data", _size("data"), "integer"),
        _AGED,
    ),
    CONFIGMAPS: (Column("Name", _name), Column("Data", _size("data"), "integer"), _AGED),
    SERVICE_ACCOUNTS: (Column("Name", _name), Column("Secrets", _size("secrets"), "integer"), _AGED),
    LEASES: (Column("Name", _name), Column("Holder", _text("spec", "holderIdentity")), _AGED),
    PODS: (
        Column("Name", _name),
        Column("Ready", _pod_ready),
        Column("Status", _pod_status),
        Column("Restarts", _pod_restarts),
        _AGED,
        Column("IP", _text("status", "podIP"), priority=1),
        Column("Node", _text("spec", "nodeName"), priority=1),
    ),
    DEPLOYMENTS: (
        Column("Name", _name),
        Column("Ready", _deployment_ready),
        Column("Up-to-date", _number("status", "updatedReplicas"), "integer"),
        Column("Available", _number("status", "availableReplicas"), "integer"),
        _AGED,
    ),
    EVENTS: _EVENT_COLUMNS,
    EVENTS_V1: _EVENT_COLUMNS,
}
