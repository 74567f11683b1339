"""Masking of whole objects: every text of a JSON tree, with what the names around it say about it.

In: the plain tree of one Kubernetes object. Out: the same tree with credentials masked and without what no
diagnosis needs (``managedFields``, kubectl's copy of the manifest). Doing it twice changes nothing.
"""

import re
from functools import lru_cache

from cosictl.intake.keyvalue import mask_value
from cosictl.intake.lenient import UndecodableError
from cosictl.intake.redact import redact
from cosictl.intake.wire import LAST_APPLIED

_DEEPEST = 100
_FLAG = re.compile(r"--?[\w.-]+", re.ASCII)


# Keys, kinds, namespaces and classes are few and come again with every object.
_SHORT = 64
_redact_short = lru_cache(maxsize=4096)(redact)


def scrub(tree: object) -> object:
    """Mask one object; raises ``UndecodableError`` where it is nested deeper than any Kubernetes object."""
    return _scrub(tree, 0)


def without_noise(tree: object) -> object:
    """Return an object without ``managedFields`` and kubectl's copy of the manifest."""
    metadata = tree.get("metadata") if isinstance(tree, dict) else None
    if not isinstance(tree, dict) or not isinstance(metadata, dict):
        return tree
    metadata = {key: value for key, value in metadata.items() if key != "managedFields"}
    annotations = metadata.get("annotations")
    if isinstance(annotations, dict):
        metadata["annotations"] = {key: value for key, value in annotations.items() if key != LAST_APPLIED}
    return {**tree, "metadata": metadata}


def _scrub(value: object, depth: int) -> object:
    if depth > _DEEPEST:
        raise UndecodableError("it is nested too deeply")
    if isinstance(value, str):
        return _redact_short(value) if len(value) <= _SHORT else redact(value)
    if isinstance(value, list):
        return _scrub_list(value, depth)
    if isinstance(value, dict):
        return _scrub_map(value, depth)
    return value


def _scrub_list(values: list[object], depth: int) -> list[object]:
    """Mask the items of a list; one that follows a flag such as ``--secret-key`` is that flag's value."""
    scrubbed: list[object] = []
    flag = ""
    for item in values:
        masked = _scrub(item, depth + 1)
        if isinstance(masked, str):
            if flag and not masked.startswith("-"):
                masked = mask_value(flag, masked)
            flag = masked if _FLAG.fullmatch(masked) else ""
        scrubbed.append(masked)
    return scrubbed


def _scrub_map(values: dict[object, object], depth: int) -> dict[str, object]:
    """Mask the values of a map by their keys; in ``{name: …, value: …}`` the name is the key."""
    scrubbed: dict[str, object] = {}
    name = redact(str(values.get("name", "")))
    for key, value in values.items():
        masked = _scrub(value, depth + 1)
        if isinstance(masked, str):
            masked = mask_value(str(key), masked)
            if key == "value":
                masked = mask_value(name, masked)
        scrubbed[_redact_short(str(key))] = masked
    return scrubbed
