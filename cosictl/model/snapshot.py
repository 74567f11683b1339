"""Everything that was observed at one moment, and what could not be."""

from datetime import datetime
from enum import StrEnum

from msgspec import Struct

from cosictl.model.logs import Crash, LogTrace
from cosictl.model.objects import Access, AccessClass, Bucket, BucketClass, Claim, Event, Lease, Pod


class TimeBasis(StrEnum):
    """Where a snapshot's ``taken_at`` comes from."""

    SERVER = "the API server's clock"
    DUMP = "the dump's own time"
    NEWEST = "the newest time found in the files"
    AS_OF = "--as-of"
    LOCAL = "this machine's clock"


class ReadOutcome(StrEnum):
    """How the reading of one kind went."""

    OK = "ok"
    FORBIDDEN = "forbidden"
    ABSENT = "absent"
    FAILED = "failed"
    NOT_IN_DUMP = "not-in-dump"


class ReadStatus(Struct, frozen=True, kw_only=True, gc=False):
    """How reading ``resource`` (a plural such as ``buckets``) in ``scope`` went.

    ``scope`` is a namespace, or empty for the whole cluster. ``reason`` holds the server's own words.
    """

    resource: str
    outcome: ReadOutcome
    scope: str = ""
    reason: str = ""


class Undecoded(Struct, frozen=True, kw_only=True, gc=False):
    """An object that could not be decoded: what it calls itself, where it stood, and why not."""

    kind: str
    namespace: str
    name: str
    source: str
    reason: str


class Snapshot(Struct, frozen=True, kw_only=True, gc=False):
    """One observation. Tuples are in the order of namespace and name, so that equal clusters compare equal.

    ``logs`` and ``crashes`` are there only where logs were asked for.
    """

    taken_at: datetime
    basis: TimeBasis
    source: str
    namespaces: tuple[str, ...] = ()
    buckets: tuple[Bucket, ...] = ()
    claims: tuple[Claim, ...] = ()
    accesses: tuple[Access, ...] = ()
    bucket_classes: tuple[BucketClass, ...] = ()
    access_classes: tuple[AccessClass, ...] = ()
    events: tuple[Event, ...] = ()
    leases: tuple[Lease, ...] = ()
    pods: tuple[Pod, ...] = ()
    reads: tuple[ReadStatus, ...] = ()
    undecoded: tuple[Undecoded, ...] = ()
    skipped_files: int = 0
    logs: tuple[LogTrace, ...] = ()
    crashes: tuple[Crash, ...] = ()

    @property
    def of_drivers(self) -> tuple[Bucket | BucketClass | AccessClass, ...]:
        """Everything whose spec names the driver it is for."""
        return (*self.buckets, *self.bucket_classes, *self.access_classes)
