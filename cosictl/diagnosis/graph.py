"""The objects of a snapshot with their links, built once and asked often.

Links go by UID where there is one. Names are compared only where COSI itself has nothing better (an access
names its claim, a claim its Bucket).
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime
from functools import cached_property

from msgspec import Struct

from cosictl.diagnosis.classify import classify, classify_all
from cosictl.diagnosis.logs import Spoken, join
from cosictl.model.failures import Carrier, Classification, Failure
from cosictl.model.objects import Access, AccessClass, Bucket, BucketClass, Claim, Event, Lease, Stateful
from cosictl.model.refs import Api, Kind, Ref, Rpc
from cosictl.model.snapshot import ReadOutcome, Snapshot, TimeBasis

# A v1alpha1 sidecar that cannot write a Bucket records the event on an object without a name
# (v0.2.2 bucket_controller.go:180,194); only the text names the Bucket.
_NAMED_IN_TEXT = re.compile(
    r"\b(?P<plural>buckets|bucketclaims|bucketaccesses)\.objectstorage\.k8s\.io \"(?P<name>[^\"]{1,253})\""
)

# v0.2.2 client/apis/objectstorage/v1alpha1/events.go and the text templates of the sidecar.
_RPC_BY_PREFIX = (
    ("failed to create bucket: ", Rpc.CREATE),
    ("failed to delete bucket: ", Rpc.DELETE),
    ("failed to grant bucket access: ", Rpc.GRANT),
    ("failed to revoke access: ", Rpc.REVOKE),
)
_AGGREGATED = "(combined from similar events): "


class Queue(Struct, frozen=True, kw_only=True):
    """How far the controller got: claims nobody touched yet, and when the youngest served one was made (epoch)."""

    untouched: int
    served_last: float


class Graph(Struct, frozen=True, kw_only=True, dict=True):
    """A snapshot with its indexes. Build it with :func:`link`; what few objects need is indexed when one asks."""

    snapshot: Snapshot
    buckets: Mapping[str, Bucket]
    claims: Mapping[tuple[str, str], Claim]
    accesses: Mapping[tuple[str, str], Access]
    classes: Mapping[str, BucketClass]
    access_classes: Mapping[str, AccessClass]
    failures: Mapping[str, tuple[Failure, ...]]
    unattached: tuple[Event, ...]
    leases: Mapping[str, tuple[Lease, ...]]
    lively: frozenset[tuple[Api, str]]
    queues: Mapping[Api, "Queue"]
    spoken: Spoken

    @cached_property
    def buckets_by_claim(self) -> Mapping[str, tuple[Bucket, ...]]:
        """The Buckets that reference a claim, by its UID."""
        found: dict[str, list[Bucket]] = defaultdict(list)
        for bucket in self.snapshot.buckets:
            if bucket.claim is not None and bucket.claim.uid:
                found[bucket.claim.uid].append(bucket)
        return {uid: tuple(some) for uid, some in found.items()}

    @cached_property
    def claims_by_bucket(self) -> Mapping[str, tuple[Claim, ...]]:
        """The claims that name a Bucket in their status or ask for it, by its name."""
        found: dict[str, list[Claim]] = defaultdict(list)
        for claim in self.snapshot.claims:
            for name in {claim.bucket_name, claim.existing_bucket} - {""}:
                found[name].append(claim)
        return {name: tuple(some) for name, some in found.items()}

    @cached_property
    def emptying(self) -> frozenset[str]:
        """Namespaces in which every claim and access is being deleted, as when the namespace itself is."""
        metas = [*(claim.meta for claim in self.snapshot.claims), *(access.meta for access in self.snapshot.accesses)]
        staying = {meta.namespace for meta in metas if meta.deleted is None}
        return frozenset(meta.namespace for meta in metas) - staying

    @property
    def knows_now(self) -> bool:
        """Whether the moment of the observation is known.

        Files without a time of their own were written at the newest time in them or later: how much later is known
        only where Leases are among them, which are renewed every few seconds.
        """
        return self.snapshot.basis is not TimeBasis.NEWEST or bool(self.snapshot.leases)

    @cached_property
    def _read_in(self) -> Mapping[str, frozenset[str]]:
        """Where each resource that anything was noted about was read: namespaces, "" for the whole cluster."""
        found: dict[str, set[str]] = defaultdict(set)
        for status in self.snapshot.reads:
            found[status.resource] |= {status.scope} if status.outcome is ReadOutcome.OK else set()
        return {resource: frozenset(scopes) for resource, scopes in found.items()}

    def was_read(self, resource: str, namespace: str = "") -> bool:
        """Whether ``resource`` was read completely where ``namespace`` (empty: the whole cluster) is concerned."""
        scopes = self._read_in.get(resource)
        # A dump notes only what it lacks.
        return scopes is None or "" in scopes or namespace in scopes

    def shows_life(self, driver: str, api: Api) -> bool:
        """Whether any Bucket of this driver has a status, a finalizer or a failure: a sidecar's work."""
        return (api, driver.casefold()) in self.lively

    def bucket_of(self, claim: Claim) -> Bucket | None:
        """The Bucket of a claim: the one its status names, else the one that references its UID."""
        named = self.buckets.get(claim.bucket_name) if claim.bucket_name else None
        if named is not None:
            return named
        owned = self.buckets_by_claim.get(claim.meta.uid, ()) if claim.meta.uid else ()
        if owned:
            return owned[0]
        return self.buckets.get(claim.existing_bucket) if claim.existing_bucket else None

    def claim_of(self, bucket: Bucket) -> Claim | None:
        """The claim a Bucket belongs to; a claim of the same name with another UID is not it."""
        link = bucket.claim
        if link is None or not link.name:
            return None
        claim = self.claims.get((link.namespace, link.name))
        if claim is None or (link.uid and claim.meta.uid and claim.meta.uid != link.uid):
            return None
        return claim

    def object_of(self, ref: Ref) -> Stateful | None:
        """A Bucket, claim or access by its reference."""
        match ref.kind:
            case Kind.BUCKET:
                return self.buckets.get(ref.name)
            case Kind.CLAIM:
                return self.claims.get((ref.namespace, ref.name))
            case Kind.ACCESS:
                return self.accesses.get((ref.namespace, ref.name))
            case _:
                return None

    @cached_property
    def _meanings(self) -> Mapping[tuple[str, Rpc | None], Classification]:
        """What was recorded means; all of it is judged in much less time than one by one."""
        asked = [(failure.text, failure.rpc) for some in self.failures.values() for failure in some]
        found = classify_all([text for text, _ in asked], [rpc for _, rpc in asked])
        return dict(zip(asked, found, strict=True))

    def meaning_of(self, failure: Failure) -> Classification:
        """What a failure means."""
        found = self._meanings.get((failure.text, failure.rpc))
        return found if found is not None else classify(failure.text, rpc=failure.rpc)

    def failures_of(self, obj: Stateful) -> tuple[Failure, ...]:
        """What was recorded about an object, the newest first: its events, or its status.error."""
        if obj.error is not None:
            error = obj.error
            own = Failure(
                carrier=Carrier.STATUS, text=error.message, rpc=_status_rpc(obj), first=None, last=error.time, count=1
            )
            return (own, *self.failures.get(obj.meta.uid, ()))
        return self.failures.get(obj.meta.uid, ())


def link(snapshot: Snapshot, *, awaited: Kind | None = None) -> Graph:
    """Index a snapshot. Objects of the kind ``awaited`` are not in it yet: what events say of them is kept."""
    leases: dict[str, list[Lease]] = defaultdict(list)
    for lease in snapshot.leases:
        leases[lease.meta.name].append(lease)
    failures, unattached = _join_events(snapshot, awaited)
    return Graph(
        snapshot=snapshot,
        buckets={bucket.meta.name: bucket for bucket in snapshot.buckets},
        claims={(claim.meta.namespace, claim.meta.name): claim for claim in snapshot.claims},
        accesses={(access.meta.namespace, access.meta.name): access for access in snapshot.accesses},
        classes={cls.meta.name: cls for cls in snapshot.bucket_classes},
        access_classes={cls.meta.name: cls for cls in snapshot.access_classes},
        failures=failures,
        unattached=unattached,
        leases={name: tuple(found) for name, found in leases.items()},
        lively=_lively(snapshot, failures),
        queues=_queues(snapshot, failures),
        spoken=join(snapshot),
    )


def _lively(snapshot: Snapshot, failures: Mapping[str, tuple[Failure, ...]]) -> frozenset[tuple[Api, str]]:
    """The drivers (without case) of which some Bucket shows that a sidecar worked on it."""
    shown = {
        (bucket.api, bucket.driver)
        for bucket in snapshot.buckets
        if bucket.has_status or bucket.meta.finalizers or bucket.meta.uid in failures
    }
    return frozenset((api, driver.casefold()) for api, driver in shown)


def _queues(snapshot: Snapshot, failures: Mapping[str, tuple[Failure, ...]]) -> dict[Api, Queue]:
    untouched = dict.fromkeys(Api, 0)
    served: dict[Api, datetime] = {}
    for claim in snapshot.claims:
        meta = claim.meta
        if meta.created is None or meta.deleted is not None:
            continue
        if claim.has_status or meta.finalizers:
            last = served.get(claim.api)
            if last is None or meta.created > last:
                served[claim.api] = meta.created
        elif meta.uid not in failures:
            untouched[claim.api] += 1
    return {
        api: Queue(untouched=untouched[api], served_last=served[api].timestamp() if api in served else 0.0)
        for api in Api
    }


def rpc_of_text(text: str) -> Rpc | None:
    """The call that failed, by the sidecar's own prefix; None when no driver call was involved."""
    body = text.removeprefix(_AGGREGATED)
    for prefix, rpc in _RPC_BY_PREFIX:
        if body.startswith(prefix):
            return rpc
    return None


def _status_rpc(obj: Stateful) -> Rpc | None:
    """The call behind a v1alpha2 status.error; RPC errors stand there raw (v1alpha2 driver error helper)."""
    message = obj.error.message if obj.error is not None else ""
    if "rpc error: code = " not in message:
        return None
    match obj:
        case Bucket():
            if obj.meta.deleted is not None:
                return Rpc.DELETE
            return Rpc.GET_EXISTING if obj.existing_id else Rpc.CREATE
        case Access():
            return Rpc.REVOKE if obj.meta.deleted is not None else Rpc.GRANT
        case Claim():
            return None


def _join_events(snapshot: Snapshot, awaited: Kind | None) -> tuple[dict[str, tuple[Failure, ...]], tuple[Event, ...]]:
    """Events by the UID of the object they are about, the newest first; and those that fit none."""
    warnings = [event for event in snapshot.events if event.type in {"Warning", ""}]
    known = _known(snapshot, warnings)
    found: dict[str, list[Failure]] = defaultdict(list)
    unattached: list[Event] = []
    for event in warnings:
        uid = event.about_uid or known.by_name.get(_name_in(event), "")
        is_awaited = awaited is not None and event.about_kind == awaited
        if not uid or (uid not in known.uids and not is_awaited):
            unattached.append(event)
            continue
        found[uid].append(_as_failure(event))
    return {uid: tuple(sorted(some, key=_newest_first)) for uid, some in found.items()}, tuple(unattached)


class _Known(Struct, frozen=True):
    """The objects that events are about, among those read: few, of the many there are."""

    uids: frozenset[str]
    by_name: Mapping[tuple[str, str, str], str]


def _known(snapshot: Snapshot, events: Iterable[Event]) -> _Known:
    uids = {event.about_uid for event in events if event.about_uid}
    names = {_name_in(event) for event in events if not event.about_uid}
    objects: Iterable[Stateful] = (*snapshot.buckets, *snapshot.claims, *snapshot.accesses)
    by_name: dict[tuple[str, str, str], str] = {}
    if names:
        listed = ((str(o.ref.kind), o.ref.namespace, o.ref.name, o.meta.uid) for o in objects if o.meta.uid)
        by_name = {(kind, space, name): uid for kind, space, name, uid in listed if (kind, space, name) in names}
    there = {item.meta.uid for item in objects if item.meta.uid in uids}
    return _Known(frozenset({*there, *by_name.values()}), by_name)


def _name_in(event: Event) -> tuple[str, str, str]:
    """Kind, namespace and name of what an event without a UID is about."""
    if event.about_name:
        return event.about_kind, event.about_namespace, event.about_name
    named = _NAMED_IN_TEXT.search(event.message[:4096])
    # Only Buckets: a claim or an access of that name may exist in several namespaces.
    if named is None or named["plural"] != "buckets":
        return "", "", ""
    return Kind.BUCKET, "", named["name"]


def _as_failure(event: Event) -> Failure:
    return Failure(
        carrier=Carrier.EVENT,
        text=event.message,
        rpc=rpc_of_text(event.message),
        reason=event.reason,
        component=event.component,
        first=event.first,
        last=event.last,
        count=event.count,
    )


def _newest_first(failure: Failure) -> tuple[float, float, str]:
    last = failure.last.timestamp() if failure.last else 0.0
    first = failure.first.timestamp() if failure.first else 0.0
    return (-last, -first, failure.text)
