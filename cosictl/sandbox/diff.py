"""What a rehearsal changed: the objects before and after, field by field. Pure."""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from cosictl.sandbox.ports import Json

# What moves by itself while nobody changes anything.
_RESTLESS = frozenset({"resourceVersion", "generation", "managedFields"})
_RESTLESS_KINDS = frozenset({"Event", "Lease"})
# What loops and kubelets write again and again: the time of an error, the containers of a Pod.
_RESTLESS_PATHS = frozenset({("", "status.error.time"), ("Pod", "status")})

Key = tuple[str, str, str]


class What(StrEnum):
    """What became of an object."""

    CREATED = "created"
    CHANGED = "changed"
    TERMINATING = "terminating"
    DELETED = "deleted"


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldChange:
    """One field: its path (``spec.deletionPolicy``) and its values before and after, as JSON; None where absent."""

    path: str
    before: str | None
    after: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One object that is not what it was. An object made anew under its old name counts as deleted and created."""

    what: What
    kind: str
    namespace: str
    name: str
    fields: tuple[FieldChange, ...] = ()


def diff(before: Iterable[Json], after: Iterable[Json]) -> tuple[Difference, ...]:
    """Compare two states of a cluster; Events and Leases, and versions of objects, do not count."""
    old, new = _by_key(before), _by_key(after)
    return tuple(found for key in sorted(old.keys() | new.keys()) for found in _one(key, old.get(key), new.get(key)))


def _by_key(values: Iterable[Json]) -> Mapping[Key, Json]:
    found = {}
    for value in values:
        if value.get("kind") not in _RESTLESS_KINDS:
            meta = value["metadata"]
            found[value["kind"], meta.get("namespace", ""), meta["name"]] = value
    return found


def _one(key: Key, old: Json | None, new: Json | None) -> Iterator[Difference]:
    kind, namespace, name = key
    recreated = old is not None and new is not None and old["metadata"].get("uid") != new["metadata"].get("uid")
    if old is not None and (new is None or recreated):
        yield Difference(what=What.DELETED, kind=kind, namespace=namespace, name=name)
    if new is not None and (old is None or recreated):
        yield Difference(what=What.CREATED, kind=kind, namespace=namespace, name=name)
    if old is None or new is None or recreated:
        return
    fields = tuple(
        change
        for change in _changes("", old, new)
        if not any(wanted in {"", kind} and _within(change.path, path) for wanted, path in _RESTLESS_PATHS)
    )
    if fields:
        going = "deletionTimestamp" in new["metadata"] and "deletionTimestamp" not in old["metadata"]
        what = What.TERMINATING if going else What.CHANGED
        yield Difference(what=what, kind=kind, namespace=namespace, name=name, fields=fields)


def _within(path: str, above: str) -> bool:
    return path == above or path.startswith(f"{above}.")


def _changes(path: str, old: Any, new: Any) -> Iterator[FieldChange]:
    if isinstance(old, dict) and isinstance(new, dict):
        for key in sorted(old.keys() | new.keys()):
            if not (path == "metadata" and key in _RESTLESS):
                yield from _changes(f"{path}.{key}" if path else key, old.get(key), new.get(key))
    elif old != new:
        yield FieldChange(path=path, before=_text(old), after=_text(new))


def _text(value: Any) -> str | None:
    return None if value is None else json.dumps(value, ensure_ascii=False, sort_keys=True)
