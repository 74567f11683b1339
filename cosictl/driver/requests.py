"""Requests that are only fields of a call: what a client packs into one argument, and a server unpacks."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class BucketRequest:
    """Create a bucket by its name, or get or delete one by its ID."""

    key: str
    parameters: Mapping[str, str] = field(default_factory=dict)
    protocols: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class InfoRequest:
    """Ask who the driver is."""
