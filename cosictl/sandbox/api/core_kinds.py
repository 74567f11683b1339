"""What the API server itself adds to, checks in and translates between objects of the core kinds. Pure."""

import base64
from collections.abc import Callable, Mapping
from typing import Final

from cosictl.sandbox.api.refusals import FieldError, invalid_value, not_implemented
from cosictl.sandbox.api.resources import EVENTS, NAMESPACES, PODS, SECRETS
from cosictl.sandbox.ports import Json, Resource

# The same field in the core API, in events.k8s.io/v1, and whether v1 leaves it out where it is empty.
_EVENT_FIELDS: Final = (
    ("involvedObject", "regarding"),
    ("message", "note"),
    ("source", "deprecatedSource"),
    ("firstTimestamp", "deprecatedFirstTimestamp"),
    ("lastTimestamp", "deprecatedLastTimestamp"),
    ("count", "deprecatedCount"),
    ("reportingComponent", "reportingController"),
)


def completed(resource: Resource, value: Json) -> Json:
    """Fill in what the server fills in at every write of a core object. Changes ``value``."""
    fill = _COMPLETE.get(resource)
    if fill:
        fill(value)
    return value


def core_errors(resource: Resource, value: Json) -> list[FieldError]:
    """Return what is wrong with a core object beyond its metadata."""
    return _event_errors(value) if resource == EVENTS else []


def event_v1(value: Json) -> Json:
    """Return a core Event in the words of events.k8s.io/v1."""
    names = dict(_EVENT_FIELDS)
    found = {names.get(key, key): part for key, part in value.items()}
    for key in ("reportingController", "reportingInstance"):
        if not found.get(key):
            found.pop(key, None)
    return found | ({"apiVersion": "events.k8s.io/v1"} if "apiVersion" in found else {})


def event_core(value: Json) -> Json:
    """Return an Event of events.k8s.io/v1 in the words of the core API."""
    names = {new: old for old, new in _EVENT_FIELDS}
    found = {names.get(key, key): part for key, part in value.items()}
    return found | ({"apiVersion": "v1"} if "apiVersion" in found else {})


def _complete_secret(value: Json) -> None:
    plain = value.pop("stringData", None)
    if plain:
        encoded = {key: base64.b64encode(text.encode()).decode() for key, text in plain.items()}
        value["data"] = (value.get("data") or {}) | encoded
    value.setdefault("type", "Opaque")


def _complete_event(value: Json) -> None:
    value.setdefault("involvedObject", {})
    value.setdefault("source", {})
    for key in ("firstTimestamp", "lastTimestamp", "eventTime"):
        value.setdefault(key, None)
    for key in ("reportingComponent", "reportingInstance"):
        value.setdefault(key, "")


def _complete_namespace(value: Json) -> None:
    meta = value["metadata"]
    meta["labels"] = (meta.get("labels") or {}) | {"kubernetes.io/metadata.name": meta["name"]}
    if "deletionTimestamp" not in meta:
        value.setdefault("spec", {}).setdefault("finalizers", ["kubernetes"])
    value.setdefault("status", {"phase": "Active"})


def _complete_pod(value: Json) -> None:
    status = value.setdefault("status", {"phase": "Pending"})
    added = value.get("spec", {}).get("ephemeralContainers") or []
    known = {entry["name"] for entry in status.get("ephemeralContainerStatuses", ())}
    new = [_running(entry) for entry in added if entry["name"] not in known]
    if new:
        status["ephemeralContainerStatuses"] = [*status.get("ephemeralContainerStatuses", ()), *new]


def _running(container: Json) -> Json:
    """The status of a container that runs; the sandbox pulls at once, but for images called ``missing`` or ``slow``."""
    image = container.get("image", "")
    state: Json = {"running": {}}
    if "missing" in image:
        state = {"waiting": {"reason": "ErrImagePull", "message": f'failed to pull and unpack image "{image}"'}}
    elif "slow" in image:
        state = {"waiting": {"reason": "ContainerCreating"}}
    return {"name": container["name"], "image": image, "imageID": "", "ready": False, "restartCount": 0, "state": state}


def only_added(patch: object) -> Json:
    """Return of a patch of ``pods/ephemeralcontainers`` what such a write may change; ApiError 501 for a JSON patch."""
    if not isinstance(patch, dict):
        raise not_implemented("a JSON patch of ephemeral containers")
    return {"spec": {"ephemeralContainers": (patch.get("spec") or {}).get("ephemeralContainers") or []}}


_COMPLETE: Final[Mapping[Resource, Callable[[Json], None]]] = {
    SECRETS: _complete_secret,
    EVENTS: _complete_event,
    NAMESPACES: _complete_namespace,
    PODS: _complete_pod,
}


def _event_errors(value: Json) -> list[FieldError]:
    """An Event about a cluster-scoped object belongs into ``default``, any other beside its object."""
    own = value["metadata"].get("namespace", "")
    other = value["involvedObject"].get("namespace", "")
    if other == own or (not other and own == "default"):
        return []
    return [invalid_value("involvedObject.namespace", f'"{other}"', "does not match event.namespace")]
