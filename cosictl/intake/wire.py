"""What the structs of both API versions and of core kinds share: metadata, times, references.

In: JSON fields as Kubernetes spells them. Out: structs that hold only what is needed (everything else, such as
``managedFields``, is skipped by the decoder) and their conversion to model nouns.
"""

import sys
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import TypeVar

import msgspec

from cosictl.intake.lenient import UndecodableError
from cosictl.model.objects import ClaimLink, Meta, StatusError

K = TypeVar("K")
V = TypeVar("V")

LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"
# One empty map for all objects that have none: a large cluster holds hundreds of thousands of them.
_NOTHING: dict[str, str] = {}
# Of finalizers and parameters a cluster has few different ones, and very many copies.
_LISTS: dict[tuple[str, ...], tuple[str, ...]] = {}
_MAPS: dict[tuple[tuple[str, str], ...], Mapping[str, str]] = {}
_MOST_KEPT = 4096


class Wire(msgspec.Struct, rename="camel", gc=False, kw_only=True, omit_defaults=True):
    """Base of all wire structs: camelCase names, unknown fields ignored, every field optional."""


class MetaWire(Wire):
    """``metadata``."""

    name: str = ""
    namespace: str = ""
    uid: str = ""
    generation: int = 0
    resource_version: str = ""
    creation_timestamp: datetime | None = None
    deletion_timestamp: datetime | None = None
    finalizers: list[str] | None = None
    annotations: dict[str, str] | None = None
    labels: dict[str, str] | None = None


class StatusErrorWire(Wire):
    """``status.error`` of v1alpha2."""

    message: str = ""
    time: datetime | None = None


class ReferenceWire(Wire):
    """An object reference, of a Bucket to its claim or of an Event to what it is about."""

    api_version: str = ""
    kind: str = ""
    namespace: str = ""
    name: str = ""
    uid: str = ""


class ObjectWire(Wire):
    """Base of whole objects; typed lists leave out what their items are."""

    api_version: str = ""
    kind: str = ""
    metadata: MetaWire = msgspec.field(default_factory=MetaWire)


def meta(wire: MetaWire) -> Meta:
    """Convert metadata; an object without a name has no identity and raises ``UndecodableError``."""
    if not wire.name:
        raise UndecodableError("metadata.name is missing")
    annotations = wire.annotations
    if annotations and LAST_APPLIED in annotations:
        annotations = {key: value for key, value in annotations.items() if key != LAST_APPLIED}
    return Meta(
        name=wire.name,
        namespace=sys.intern(wire.namespace),
        uid=wire.uid,
        generation=wire.generation,
        resource_version=wire.resource_version,
        created=moment(wire.creation_timestamp),
        deleted=moment(wire.deletion_timestamp),
        finalizers=words(wire.finalizers),
        annotations=text_map(annotations),
        labels=text_map(wire.labels),
    )


def moment(value: datetime | None) -> datetime | None:
    """Return a time in UTC; Go's zero time, and what cannot be expressed in UTC, is no time."""
    if value is None or value.year <= 1:
        return None
    if value.tzinfo is UTC:
        return value
    if value.tzinfo is None:
        return value.replace(tzinfo=UTC)
    try:
        return value.astimezone(UTC)
    except OverflowError:
        return None


def words(values: Iterable[str] | None) -> tuple[str, ...]:
    """Return a list of few different words; equal lists are the same object."""
    if not values:
        return ()
    found = tuple(values)
    return _once(_LISTS, found, found)


def text_map(values: Mapping[str, str] | None) -> Mapping[str, str]:
    """Return a map of texts; equal ones are the same object, which nobody may change."""
    if not values:
        return _NOTHING
    return _once(_MAPS, tuple(values.items()), values)


def _once(kept: dict[K, V], key: K, value: V) -> V:
    if len(kept) > _MOST_KEPT:
        kept.clear()
    return kept.setdefault(key, value)


def status_error(wire: StatusErrorWire | None) -> StatusError | None:
    """Convert ``status.error``."""
    return StatusError(message=wire.message, time=moment(wire.time)) if wire else None


def claim_link(wire: ReferenceWire | None) -> ClaimLink | None:
    """Convert a Bucket's reference to its claim; a static Bucket of v1alpha1 has an empty one, which is none."""
    if wire is None or not (wire.namespace or wire.name or wire.uid):
        return None
    return ClaimLink(namespace=sys.intern(wire.namespace), name=wire.name, uid=wire.uid)
