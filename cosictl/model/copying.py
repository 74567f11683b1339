"""A changed copy of a frozen value, whatever it is made of: what ``copy.replace`` is since Python 3.13."""

import dataclasses
from typing import Any, TypeVar

import msgspec

T = TypeVar("T")


def replace(item: T, **changes: Any) -> T:
    """Return a copy of a struct or dataclass with some fields changed; raises TypeError for an unknown field."""
    if isinstance(item, msgspec.Struct):
        return msgspec.structs.replace(item, **changes)
    # That it is a dataclass, only the caller knows.
    known: Any = item
    made: T = dataclasses.replace(known, **changes)
    return made
