"""The nouns of sidecar policies: effects, backoff, hazards, and the policy that holds them. Rows: ``policy_rows``."""

from collections.abc import Mapping
from enum import StrEnum

from msgspec import Struct

from cosictl.model.failures import GrpcCode
from cosictl.model.refs import Api, Rpc


class Effect(StrEnum):
    """What a sidecar does after one answer.

    ``RETRIES``: tries again for ever and records it. ``SILENT_RETRY``: tries again for ever and records nothing on
    the object. ``STOPS``: records it and does not try again. ``CRASHES``: the process dies and does so again after
    every restart. ``NOT_CALLED``: this release never makes the call. ``UNSPECIFIED``: the text leaves it open.
    """

    SUCCEEDS = "succeeds"
    RETRIES = "retries"
    STOPS = "stops"
    SILENT_RETRY = "silent-retry"
    CRASHES = "crashes"
    NOT_CALLED = "not-called"
    UNSPECIFIED = "unspecified"


class Records(StrEnum):
    """Where a failure is written down."""

    EVENTS = "events"
    EVENTS_POD_NAMESPACE = "events-in-pod-namespace-only"
    STATUS = "status.error"
    NOTHING = "nothing"


class EditEffect(StrEnum):
    """What any edit of an object (an annotation, say) does to its failing loop."""

    RETRIES_NOW = "retries-now"
    ENDS_LOOP = "ends-loop"
    NOTHING = "nothing"


class Backoff(Struct, frozen=True, kw_only=True):
    """Delays that start at ``base`` seconds, double, and stay at ``cap`` seconds."""

    base: float
    cap: float

    def delay(self, n: int) -> float:
        """Seconds before the ``n``-th retry, counted from 0."""
        doubled: float = self.base * 2.0 ** min(max(n, 0), 60)
        return min(self.cap, doubled)


class Hazard(Struct, frozen=True, kw_only=True):
    """One thing about a release that surprises people, and where it is written."""

    slug: str
    text: str
    source: str


class Release(Struct, frozen=True, kw_only=True):
    """A released version by its number (``0.2.2``): what its sidecar and its controller are, in a few words each."""

    number: str
    sidecar: str
    controller: str


Effects = Mapping[Rpc, Mapping[GrpcCode, Effect]]


class Policy(Struct, frozen=True, kw_only=True):
    """One sidecar release, or one reference table.

    ``effects`` has a cell for every call and every gRPC code. ``event_gap``: seconds within which the lastTimestamp
    of a recorded loop that is still running must have moved (Buckets and claims; accesses: ``ACCESS_EVENT_GAP``),
    None where no events are written. ``edit``: what an edit does to a failing loop. ``releases``: the versions that
    behave so; an image with their tag is known by it.
    """

    name: str
    title: str
    api: Api
    releases: tuple[Release, ...] = ()
    reference: bool = False
    effects: Effects
    backoff: Backoff
    records: Records
    event_gap: float | None
    edit: EditEffect
    hazards: tuple[Hazard, ...]
    source: str
    note: str


# client-go 0.32.3 tools/record/events_cache.go:39-48: one write per 300 s after a burst of 25; the delay of at most
# 30 s between attempts comes on top. The two reasons of an access share one budget (measured on v0.2.2).
EVENT_GAP = 330.0
ACCESS_EVENT_GAP = 600.0
