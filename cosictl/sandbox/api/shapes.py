"""How a value of a COSI object may look: what the rows of ``schema_rows`` are made of."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """One value: its type, what is in it and what it may be.

    ``values`` are the items of an array, or the values of a map. ``least`` and ``most`` count characters, items or
    keys (0: no bound). ``frozen`` is what is said of any change; ``pinned`` fields can be neither added nor removed
    later, ``kept`` ones not removed, each with what is said then. ``subdomain`` names a value that must be one.
    """

    type: str = "object"
    fields: Mapping[str, "Shape"] = field(default_factory=dict)
    required: tuple[str, ...] = ()
    values: "Shape | None" = None
    nullable: bool = False
    default: Any = None
    enum: tuple[str, ...] = ()
    pattern: str = ""
    least: int = 0
    most: int = 0
    unique: bool = False
    unique_by: str = ""
    subdomain: str = ""
    frozen: str = ""
    pinned: tuple[tuple[str, str], ...] = ()
    kept: tuple[tuple[str, str], ...] = ()
    exactly_one: tuple[str, ...] = ()


_ID_PATTERN: Final = r"^[a-zA-Z0-9/._-]+$"
_DRIVER_PATTERN: Final = r"^[a-zA-Z0-9]([a-zA-Z0-9\-\.]{0,61}[a-zA-Z0-9])?$"


def name(frozen: str = "", noun: str = "name") -> Shape:
    """An object name; ``noun`` is what the rule calls it."""
    return Shape(type="string", least=1, most=253, subdomain=noun, frozen=frozen)


def identifier(frozen: str = "") -> Shape:
    """A backend ID: no colons, so no ARN."""
    return Shape(type="string", least=1, most=2048, pattern=_ID_PATTERN, frozen=frozen)


def driver(frozen: str = "") -> Shape:
    """A driver name."""
    return Shape(type="string", least=1, most=63, pattern=_DRIVER_PATTERN, frozen=frozen)


def choice(*enum: str, frozen: str = "", default: str | None = None) -> Shape:
    """One of some words."""
    return Shape(type="string", enum=enum, frozen=frozen, default=default)


def protocols(frozen: str = "") -> Shape:
    """A set of protocols."""
    item = choice("S3", "Azure", "GCS")
    return Shape(type="array", values=item, least=1, most=3, unique=True, frozen=frozen)


def parameters(frozen: str = "", most: int = 512) -> Shape:
    """A map of text to text."""
    return Shape(values=Shape(type="string"), least=1, most=most, frozen=frozen)


def never_both_ways(*fields: tuple[str, str]) -> tuple[tuple[str, str], ...]:
    """Fields, with what the rule calls them, that are there from the beginning or never."""
    return tuple((key, f"{said} cannot be added or removed after creation") for key, said in fields)


def never_away(*fields: str) -> tuple[tuple[str, str], ...]:
    """Fields that stay once they are set."""
    return tuple((key, f"{key} cannot be removed once set") for key in fields)
