"""What a step sends to the API server, and whether its effect is there. Pure.

Every write to an object that exists carries the UID and the resourceVersion that were just read, so that it changes
that state or nothing; a create is its own condition, for a name that is taken refuses it.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from cosictl.knowledge.annotations import MARK, NUDGE, QUARANTINED_DRIVER
from cosictl.model.plan import Action, Step, Target
from cosictl.model.refs import Api

Json = Mapping[str, Any]


class Body(StrEnum):
    """Content types of a request."""

    JSON = "application/json"
    MERGE = "application/merge-patch+json"
    PATCH = "application/json-patch+json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Write:
    """One request: ``verb`` as rights name it (create, patch, delete), the object, the subresource, the body."""

    verb: str
    target: Target
    body: Any
    content: Body
    subresource: str = ""


def write_of(step: Step, now: Json | None, *, values: Mapping[str, str]) -> Write:
    """Return the request of a step.

    ``now`` is the object as just read (None where it is to be made), ``values`` the step's own, completed by what is
    known only at the moment of writing (``annotation``, ``object``). Raises KeyError where one is missing.
    """
    if step.action in _MADE:
        return Write(verb="create", target=step.target, body=_MADE[step.action](step, values), content=Body.JSON)
    assert now is not None, "an object that is changed was read before"
    if step.action is Action.DELETE_OBJECT:
        return Write(verb="delete", target=step.target, body=deletion_of(now), content=Body.JSON)
    if step.action is Action.REMOVE_FINALIZER:
        patch = _without_finalizer(now, values["finalizer"])
        return Write(verb="patch", target=step.target, body=patch, content=Body.PATCH)
    wanted = desired(step, values)
    subresource = "status" if "status" in wanted else ""
    wanted.setdefault("metadata", {}).update(_pinned(now))
    return Write(verb="patch", target=step.target, body=wanted, content=Body.MERGE, subresource=subresource)


def desired(step: Step, values: Mapping[str, str]) -> dict[str, Any]:
    """Return the part of the object that a patching step sets; None means that a field goes."""
    match step.action:
        case Action.MARK:
            return _annotation(values.get("name", MARK), values["annotation"])
        case Action.NUDGE:
            return _annotation(NUDGE, values["annotation"])
        case Action.UNMARK:
            return _annotation(values.get("name", MARK), None)
        case Action.QUARANTINE:
            kept = _annotation(QUARANTINED_DRIVER, values["original"])
            return {**kept, "spec": {"driverName": values["parked"]}}
        case Action.RESUME:
            return {**_annotation(QUARANTINED_DRIVER, None), "spec": {"driverName": values["original"]}}
        case Action.SET_RETAIN:
            return {"spec": {"deletionPolicy": "Retain"}}
        case Action.REPAIR_HANDOFF | Action.RESTORE_STATUS:
            return {"status": {values["field"]: json.loads(values["value"])}}
        case _:
            raise AssertionError(f"{step.action} patches nothing")


def has_landed(step: Step, now: Json | None, values: Mapping[str, str]) -> bool:
    """Whether the object (None: it is not there) shows what the step wrote."""
    ours = now is not None and (step.pin is None or uid_of(now) == step.pin.uid)
    if step.action is Action.DELETE_OBJECT:
        # An object of that name with another UID is not the one that was deleted.
        return now is None or not ours or is_terminating(now)
    if step.action is Action.REMOVE_FINALIZER:
        return now is None or not ours or values["finalizer"] not in finalizers_of(now)
    if step.action in _MADE:
        return now is not None and _contains(now, _identity(_MADE[step.action](step, values)))
    return ours and _contains(now or {}, desired(step, values))


def uid_of(tree: Json) -> str:
    """Return the UID of an object."""
    return str(_meta(tree).get("uid") or "")


def version_of(tree: Json) -> str:
    """Return the resourceVersion of an object."""
    return str(_meta(tree).get("resourceVersion") or "")


def is_terminating(tree: Json) -> bool:
    """Whether an object has been asked to go."""
    return bool(_meta(tree).get("deletionTimestamp"))


def finalizers_of(tree: Json) -> tuple[str, ...]:
    """Return the finalizers of an object."""
    return tuple(map(str, _meta(tree).get("finalizers") or ()))


def _meta(tree: Json) -> Json:
    found = tree.get("metadata")
    return found if isinstance(found, Mapping) else {}


def _annotation(name: str, value: str | None) -> dict[str, Any]:
    return {"metadata": {"annotations": {name: value}}}


def _pinned(now: Json) -> dict[str, str]:
    return {"uid": uid_of(now), "resourceVersion": version_of(now)}


def deletion_of(now: Json) -> dict[str, Any]:
    """Return the options with which this very version of an object is deleted."""
    # Without a propagationPolicy, which takes the finalizers "orphan" and "foregroundDeletion" away that others set.
    return {
        "kind": "DeleteOptions",
        "apiVersion": "v1",
        "preconditions": _pinned(now),
    }


def _without_finalizer(now: Json, name: str) -> list[dict[str, Any]]:
    """The patch that takes one finalizer away, and only from this very state of the object."""
    place = f"/metadata/finalizers/{finalizers_of(now).index(name)}"
    return [
        {"op": "test", "path": "/metadata/uid", "value": uid_of(now)},
        {"op": "test", "path": "/metadata/resourceVersion", "value": version_of(now)},
        {"op": "test", "path": place, "value": name},
        {"op": "remove", "path": place},
    ]


def _secret(step: Step, _values: Mapping[str, str]) -> dict[str, Any]:
    ref = step.target.ref
    meta = {"name": ref.name, "namespace": ref.namespace}
    return {"apiVersion": "v1", "kind": "Secret", "type": "Opaque", "metadata": meta}


def _given(_step: Step, values: Mapping[str, str]) -> dict[str, Any]:
    return dict(json.loads(values["object"]))


_MADE: Final[Mapping[Action, Callable[[Step, Mapping[str, str]], dict[str, Any]]]] = {
    Action.CREATE_SECRET: _secret,
    Action.RECREATE_BUCKET: _given,
    Action.RECREATE_OBJECT: _given,
}


def reborn(tree: Json) -> dict[str, Any]:
    """Return a backed-up object as it can be created again: without what only the server gives."""
    meta = {key: value for key, value in _meta(tree).items() if key in {"name", "namespace", "labels", "annotations"}}
    return {key: value for key, value in tree.items() if key not in {"metadata", "status"}} | {"metadata": meta}


def plural_of(kind: str) -> str:
    """Return the API's plural of a kind."""
    return "bucketaccesses" if kind == "BucketAccess" else f"{kind.lower()}s"


def api_version_of(api: Api) -> str:
    """Return the apiVersion of COSI's objects."""
    return f"objectstorage.k8s.io/{api.value}"


def _identity(tree: Mapping[str, Any]) -> dict[str, Any]:
    """What tells an object made by us from another of its name: its spec; empty Secrets have none."""
    return {"spec": tree["spec"]} if "spec" in tree else {}


def _contains(tree: Any, wanted: Any) -> bool:
    """Whether a tree has all that is wanted of it; None means that the field is not there."""
    if isinstance(wanted, Mapping):
        return isinstance(tree, Mapping | None) and all(
            _contains((tree or {}).get(key), value) for key, value in wanted.items()
        )
    return bool(tree == wanted)
