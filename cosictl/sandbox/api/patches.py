"""The three kinds of patch: JSON (RFC 6902), merge (RFC 7386) and, for core kinds, strategic merge. Pure.

Each takes the object and the patch and returns a new object; the object itself may be changed on the way.
"""

import copy
from collections.abc import Callable, Mapping
from typing import Any, Final

from cosictl.sandbox.api.refusals import bad_request, rejected
from cosictl.sandbox.ports import ApiError, Json

JSON_PATCH: Final = "application/json-patch+json"
MERGE_PATCH: Final = "application/merge-patch+json"
STRATEGIC_PATCH: Final = "application/strategic-merge-patch+json"
APPLY_PATCH: Final = "application/apply-patch+yaml"

_MOST_OPERATIONS: Final = 10_000
# Lists of core kinds that are merged by a key, or, with "", as sets of plain values (patchStrategy of their fields).
_MERGE_KEYS: Final[Mapping[str, str]] = {
    "finalizers": "",
    "ownerReferences": "uid",
    "containers": "name",
    "initContainers": "name",
    "ephemeralContainers": "name",
    "volumes": "name",
    "volumeMounts": "mountPath",
    "env": "name",
    "ports": "containerPort",
    "imagePullSecrets": "name",
    "secrets": "name",
    "conditions": "type",
    "hostAliases": "ip",
    "topologySpreadConstraints": "topologyKey",
}
_DROP: Final = "$deleteFromPrimitiveList/"
_ORDER: Final = "$setElementOrder/"
_RETAIN: Final = "$retainKeys"


def patched(value: Json, patch: Any, content_type: str, *, custom: bool) -> Json:
    """Apply a patch of this media type. Raises ApiError: 415 unknown type, 400 wrong shape, 422 does not fit."""
    if content_type == JSON_PATCH:
        return _json_patch(value, patch)
    if content_type == STRATEGIC_PATCH and not custom:
        return _strategic(value, _as_object(patch))
    if content_type == MERGE_PATCH:
        merged = _merge(value, _as_object(patch))
        assert isinstance(merged, dict)
        return merged
    raise _unknown_type(custom=custom)


def _unknown_type(*, custom: bool) -> ApiError:
    accepted = [JSON_PATCH, MERGE_PATCH] if custom else [JSON_PATCH, MERGE_PATCH, STRATEGIC_PATCH]
    # Server-side apply is named because a real server names it; the HTTP side answers it with 501.
    text = ", ".join([*accepted, APPLY_PATCH])
    return ApiError(
        415,
        "UnsupportedMediaType",
        f"the body of the request was in an unknown format - accepted media types include: {text}",
    )


def _as_object(patch: Any) -> Json:
    if isinstance(patch, dict):
        return patch
    kinds: tuple[tuple[type, str], ...] = ((list, "array"), (bool, "bool"), (str, "string"), (int, "number"))
    shape = next((name for kind, name in kinds if isinstance(patch, kind)), "number")
    raise bad_request(
        f"error decoding patch: json: cannot unmarshal {shape} into Go value of type map[string]interface {{}}"
    )


def _merge(value: Any, patch: Any) -> Any:
    if not isinstance(patch, dict):
        return copy.deepcopy(patch)
    merged = dict(value) if isinstance(value, dict) else {}
    for key, wanted in patch.items():
        if wanted is None:
            merged.pop(key, None)
        else:
            merged[key] = _merge(merged.get(key), wanted)
    return merged


def _json_patch(value: Json, patch: Any) -> Json:
    if not isinstance(patch, list) or not all(isinstance(step, dict) for step in patch):
        raise bad_request(
            "error decoding patch: json: cannot unmarshal object into Go value of type jsonpatch.Patch"
            if isinstance(patch, dict)
            else "error decoding patch: a JSON patch is a list of operations"
        )
    if len(patch) > _MOST_OPERATIONS:
        raise ApiError(
            413,
            "RequestEntityTooLarge",
            f"The allowed maximum operations in a JSON patch is {_MOST_OPERATIONS}, got {len(patch)}",
        )
    document: Any = copy.deepcopy(value)
    for step in patch:
        try:
            document = _step(document, step)
        except (KeyError, IndexError, ValueError, TypeError) as error:
            raise rejected() from error
    if not isinstance(document, dict):
        raise rejected()
    return document


def _step(document: Any, step: Mapping[str, Any]) -> Any:
    """Carry out one operation; whatever does not fit is an error of Python's lookups."""
    path = _pointer(step["path"])
    match step["op"]:
        case "add":
            return _put(document, path, copy.deepcopy(step["value"]), insert=True)
        case "replace":
            _get(document, path)
            return _put(document, path, copy.deepcopy(step["value"]), insert=False)
        case "remove":
            _take(document, path)
        case "test":
            if _get_or_none(document, path) != step.get("value"):
                raise ValueError("the test failed")
        case "copy":
            return _put(document, path, copy.deepcopy(_get(document, _pointer(step["from"]))), insert=True)
        case "move":
            return _put(document, path, _take(document, _pointer(step["from"])), insert=True)
        case unknown:
            raise ValueError(f"no such operation: {unknown}")
    return document


def _pointer(path: str) -> tuple[str, ...]:
    if path and not path.startswith("/"):
        raise ValueError(f"{path!r} is no JSON pointer")
    return tuple(part.replace("~1", "/").replace("~0", "~") for part in path.split("/")[1:])


def _index(items: list[Any], key: str, *, beyond: bool = False) -> int:
    if key == "-" and beyond:
        return len(items)
    place = int(key)
    # Negative places count from the end, as in the library the API server uses.
    place = place + len(items) if place < 0 else place
    if not 0 <= place < len(items) + beyond:
        raise IndexError(key)
    return place


def _get(document: Any, path: tuple[str, ...]) -> Any:
    for key in path:
        document = document[_index(document, key)] if isinstance(document, list) else document[key]
    return document


def _get_or_none(document: Any, path: tuple[str, ...]) -> Any:
    parent = _get(document, path[:-1])
    if path and isinstance(parent, dict):
        return parent.get(path[-1])
    return _get(document, path)


def _put(document: Any, path: tuple[str, ...], value: Any, *, insert: bool) -> Any:
    if not path:
        return value
    parent = _get(document, path[:-1])
    if not isinstance(parent, list):
        parent[path[-1]] = value
    elif insert:
        parent.insert(_index(parent, path[-1], beyond=True), value)
    else:
        parent[_index(parent, path[-1])] = value
    return document


def _take(document: Any, path: tuple[str, ...]) -> Any:
    parent = _get(document, path[:-1])
    return parent.pop(_index(parent, path[-1]) if isinstance(parent, list) else path[-1])


def _strategic(value: Json, patch: Json) -> Json:
    """Merge where lists have a merge key or are sets; ``$patch``, ``$deleteFromPrimitiveList`` and the like obeyed."""
    if patch.get("$patch") == "replace":
        return {key: copy.deepcopy(wanted) for key, wanted in patch.items() if key != "$patch"}
    if patch.get("$patch") == "delete":
        return {}
    merged = dict(value)
    if _RETAIN in patch:
        merged = {key: kept for key, kept in merged.items() if key in patch[_RETAIN]}
    for key, wanted in patch.items():
        if key.startswith(_DROP):
            field = key.removeprefix(_DROP)
            merged[field] = [item for item in merged.get(field) or [] if item not in wanted]
        elif key.startswith(_ORDER) or key in {"$patch", _RETAIN}:
            continue
        elif wanted is None:
            merged.pop(key, None)
        else:
            merged[key] = _strategic_field(key, merged.get(key), wanted)
    for key, order in patch.items():
        field = key.removeprefix(_ORDER)
        if field != key and isinstance(merged.get(field), list):
            merged[field] = _ordered(merged[field], order, _MERGE_KEYS.get(field, ""))
    return merged


def _strategic_field(key: str, old: Any, wanted: Any) -> Any:
    if isinstance(wanted, dict):
        return _strategic(old if isinstance(old, dict) else {}, wanted)
    if not isinstance(wanted, list) or key not in _MERGE_KEYS:
        return copy.deepcopy(wanted)
    kept = list(old) if isinstance(old, list) else []
    merge_key = _MERGE_KEYS[key]
    if not merge_key:
        return kept + [item for item in wanted if item not in kept]
    return _merge_items(kept, wanted, merge_key)


def _merge_items(kept: list[Json], wanted: list[Json], merge_key: str) -> list[Json]:
    if any(item.get("$patch") == "replace" for item in wanted):
        return [copy.deepcopy(item) for item in wanted if "$patch" not in item]
    for item in wanted:
        if merge_key not in item:
            raise bad_request(f"map: {item} does not contain declared merge key: {merge_key}")
        place = next((i for i, old in enumerate(kept) if old.get(merge_key) == item[merge_key]), None)
        if item.get("$patch") == "delete":
            kept = [old for old in kept if old.get(merge_key) != item[merge_key]]
        elif place is None:
            kept.append(copy.deepcopy(item))
        else:
            kept[place] = _strategic(kept[place], item)
    return kept


def _ordered(items: list[Any], order: list[Any], merge_key: str) -> list[Any]:
    """Bring items into the order wished for; those it does not name stay behind, as they were."""
    name: Callable[[Any], Any] = (lambda item: item.get(merge_key)) if merge_key else (lambda item: item)
    names = [name(item) for item in order]
    return sorted(items, key=lambda item: names.index(name(item)) if name(item) in names else len(names))
