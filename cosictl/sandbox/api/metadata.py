"""Small facts of an object's metadata that every loop asks for."""

from cosictl.sandbox.ports import Json


def is_terminating(value: Json) -> bool:
    """Whether its deletion was asked for."""
    return bool(value["metadata"].get("deletionTimestamp"))


def has_finalizer(value: Json, name: str) -> bool:
    """Whether a finalizer stands on it."""
    return name in value["metadata"].get("finalizers", ())


def add_finalizer(value: Json, name: str) -> bool:
    """Add a finalizer; whether it was missing."""
    if has_finalizer(value, name):
        return False
    value["metadata"]["finalizers"] = [*value["metadata"].get("finalizers", ()), name]
    return True


def remove_finalizer(value: Json, name: str) -> bool:
    """Remove a finalizer; whether it was there."""
    if not has_finalizer(value, name):
        return False
    value["metadata"]["finalizers"] = [other for other in value["metadata"]["finalizers"] if other != name]
    return True
