"""Which kinds are read, by group, version and kind: the wire struct and the conversion of each.

In: an API version and a kind. Out: the row that knows how to decode them, or None for kinds that are of no
interest (those of other projects that happen to be called Bucket included).
"""

import re
from collections.abc import Callable
from types import GenericAlias
from typing import Generic, TypeVar, cast

import msgspec
from msgspec import Struct

from cosictl.intake import core, v1alpha1, v1alpha2
from cosictl.intake.lenient import CONTENT_ERRORS, UndecodableError, decode
from cosictl.intake.redact import suspicious
from cosictl.intake.wire import ObjectWire
from cosictl.model.objects import CosiObject, Event, Lease, Pod
from cosictl.model.refs import Kind

Model = CosiObject | Event | Lease | Pod
W = TypeVar("W", bound=ObjectWire)


# Fields that sound like credentials and hold the names of Secrets, in lower case: where there are only letters, digits,
# dots and hyphens, a word like "secret" is part of a name.
_SECRET_NAMES = re.compile(rb'"(?:credentialssecretname|accesssecretname)":"[a-z0-9.-]*"')


def _suspicious(wires: object) -> bool:
    return suspicious(msgspec.json.encode(wires), names=_SECRET_NAMES)


def _all(_wire: ObjectWire) -> bool:
    return True


class Row(Struct, Generic[W], frozen=True, kw_only=True):
    """How objects of one kind are decoded. ``concerns`` tells the few of interest from the many of the cluster."""

    wire: type[W]
    convert: Callable[[W], Model]
    concerns: Callable[[W], bool] = _all

    def read(self, data: bytes, mask: Callable[[bytes], bytes]) -> tuple[Model, bytes] | None:
        """Decode, mask and convert one object; None if it does not concern COSI.

        Returns the object and its masked JSON. Masking comes after the first look, because of a cluster's
        Pods only a few are wanted. Raises ``UndecodableError``.
        """
        wire = decode(data, self.wire)
        if not self.concerns(wire):
            return None
        masked = mask(data)
        return self.convert(wire if masked is data else decode(masked, self.wire)), masked

    def read_all(self, block: bytes, kind: str, api_version: str) -> list[Model] | None:
        """Decode, mask and convert a JSON array of objects of this kind; None where one of them needs a closer look.

        Only what is kept is masked, so this is for those who need no masked JSON.
        """
        try:
            wires: list[W] = msgspec.json.decode(block, type=cast("type[list[W]]", GenericAlias(list, (self.wire,))))
        except CONTENT_ERRORS:
            return None
        if any((wire.kind and wire.kind != kind) or (wire.api_version or api_version) != api_version for wire in wires):
            return None
        if self.concerns is not _all:
            wires = [wire for wire in wires if self.concerns(wire)]
        try:
            if _suspicious(wires):
                wires = [self._masked(wire) for wire in wires]
            return [self.convert(wire) for wire in wires]
        except UndecodableError:
            return None

    def _masked(self, wire: W) -> W:
        if not _suspicious(wire):
            return wire
        from cosictl.intake.scrub import scrub  # noqa: PLC0415 - for the few objects that may hold a credential

        return msgspec.convert(scrub(msgspec.to_builtins(wire)), self.wire)


AnyRow = (
    Row[v1alpha1.BucketWire]
    | Row[v1alpha1.ClaimWire]
    | Row[v1alpha1.AccessWire]
    | Row[v1alpha1.BucketClassWire]
    | Row[v1alpha1.AccessClassWire]
    | Row[v1alpha2.BucketWire]
    | Row[v1alpha2.ClaimWire]
    | Row[v1alpha2.AccessWire]
    | Row[v1alpha2.BucketClassWire]
    | Row[v1alpha2.AccessClassWire]
    | Row[core.EventWire]
    | Row[core.LeaseWire]
    | Row[core.PodWire]
)
_EVENT = Row(wire=core.EventWire, convert=core.event, concerns=core.event_concerns_cosi)
_LEASE = Row(wire=core.LeaseWire, convert=core.lease, concerns=core.lease_concerns_cosi)
_COSI_V1ALPHA1 = f"{core.GROUP}/v1alpha1"
_COSI_V1ALPHA2 = f"{core.GROUP}/v1alpha2"

_ROWS: dict[tuple[str, str], AnyRow] = {
    (_COSI_V1ALPHA1, "Bucket"): Row(wire=v1alpha1.BucketWire, convert=v1alpha1.bucket),
    (_COSI_V1ALPHA1, "BucketClaim"): Row(wire=v1alpha1.ClaimWire, convert=v1alpha1.claim),
    (_COSI_V1ALPHA1, "BucketAccess"): Row(wire=v1alpha1.AccessWire, convert=v1alpha1.access),
    (_COSI_V1ALPHA1, "BucketClass"): Row(wire=v1alpha1.BucketClassWire, convert=v1alpha1.bucket_class),
    (_COSI_V1ALPHA1, "BucketAccessClass"): Row(wire=v1alpha1.AccessClassWire, convert=v1alpha1.access_class),
    (_COSI_V1ALPHA2, "Bucket"): Row(wire=v1alpha2.BucketWire, convert=v1alpha2.bucket),
    (_COSI_V1ALPHA2, "BucketClaim"): Row(wire=v1alpha2.ClaimWire, convert=v1alpha2.claim),
    (_COSI_V1ALPHA2, "BucketAccess"): Row(wire=v1alpha2.AccessWire, convert=v1alpha2.access),
    (_COSI_V1ALPHA2, "BucketClass"): Row(wire=v1alpha2.BucketClassWire, convert=v1alpha2.bucket_class),
    (_COSI_V1ALPHA2, "BucketAccessClass"): Row(wire=v1alpha2.AccessClassWire, convert=v1alpha2.access_class),
    ("v1", "Event"): _EVENT,
    ("events.k8s.io/v1", "Event"): _EVENT,
    ("events.k8s.io/v1beta1", "Event"): _EVENT,
    ("coordination.k8s.io/v1", "Lease"): _LEASE,
    ("v1", "Pod"): Row(wire=core.PodWire, convert=core.pod, concerns=core.pod_concerns_cosi),
}


def find_row(api_version: str, kind: str) -> AnyRow | None:
    """Return how objects of this kind are decoded, None where they are of no interest."""
    return _ROWS.get((api_version, kind))


def is_read(api_version: str, kind: str) -> bool:
    """Tell whether objects of this kind are read, or would be if their API version were known."""
    may_be_cosi = not api_version or api_version.partition("/")[0] == core.GROUP
    return find_row(api_version, kind) is not None or (may_be_cosi and kind in set(Kind))
