"""Log traces and deaths joined to the objects they are about. Pure.

In: a snapshot. Out: traces by object, those that fit none or several, and for each death of a sidecar in its access
code the access it was working on. klog lines of v0.2.2 name an access without its namespace: such a line belongs to
an object only where a single one fits.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime

from msgspec import Struct, field

from cosictl.model.failures import GrpcCode
from cosictl.model.logs import Begun, Crash, LogNames, LogTrace, Writer
from cosictl.model.objects import Access, Bucket, Claim, Stateful
from cosictl.model.refs import Api, Kind, Ref, Rpc
from cosictl.model.snapshot import Snapshot

# What the sidecar calls accounts by (v0.2.2 client/apis/objectstorage/consts, the same in v1alpha2).
_ACCOUNT = "ba-"


class Poison(Struct, frozen=True, kw_only=True):
    """A death of a sidecar in its access code, and the access it died over.

    ``ref`` is the access, None where several may be meant: ``candidates``. ``is_known``: it is among the objects
    that were read.
    """

    crash: Crash
    ref: Ref | None
    candidates: tuple[Ref, ...] = ()
    is_known: bool = False


class Spoken(Struct, frozen=True, kw_only=True):
    """What logs say: about each object, about none or several (``loose``), and about accesses that kill a sidecar."""

    traces: Mapping[Ref, tuple[LogTrace, ...]] = field(default_factory=dict)
    loose: tuple[LogTrace, ...] = ()
    poisons: tuple[Poison, ...] = ()

    def poison_of(self, ref: Ref) -> Poison | None:
        """The newest death over this object."""
        found = [poison for poison in self.poisons if poison.ref == ref]
        return max(found, key=lambda p: p.crash.at.timestamp() if p.crash.at else 0.0, default=None)


def join(snapshot: Snapshot) -> Spoken:
    """Join the logs of a snapshot to its objects."""
    if not snapshot.logs and not snapshot.crashes:
        return Spoken()
    index = _Index(snapshot)
    traces: dict[Ref, list[LogTrace]] = defaultdict(list)
    loose: list[LogTrace] = []
    for trace in snapshot.logs:
        meant = index.meant(trace.names)
        if len(meant) == 1 and not _is_older(trace, meant[0]):
            traces[meant[0].ref].append(trace)
        else:
            loose.append(trace)
    joined = {ref: tuple(found) for ref, found in traces.items()}
    poisons = (_poison(index, crash, joined) for crash in snapshot.crashes if crash.nil_in_access)
    return Spoken(traces=joined, loose=tuple(loose), poisons=tuple(one for one in poisons if one is not None))


def _is_older(trace: LogTrace, item: Stateful) -> bool:
    """Whether a trace ends before an object was made: then it is about another one of its name."""
    created = item.meta.created
    return trace.last is not None and created is not None and trace.last < created.replace(microsecond=0)


def _poison(index: "_Index", crash: Crash, traces: Mapping[Ref, tuple[LogTrace, ...]]) -> Poison | None:
    """Find the access a sidecar died over: the last taken up, unless another one was at work that may be it as well."""
    if crash.writer not in {Writer.SIDECAR, Writer.UNKNOWN}:
        return None
    named = index.accesses_meant(crash.names)
    last = [item for item in named if _may_kill(item, crash)]
    others = [
        item
        for begun in crash.others
        for item in index.accesses_meant(begun.names)
        if _may_kill(item, crash) and index.reaches_grant(item) and not _was_answered(index, item, begun, traces)
    ]
    told = {item.ref for item in (*last, *others) if any(_is_deadly(trace) for trace in traces.get(item.ref, ()))}
    if len(told) == 1:
        # The driver's own log names the account, and with it the access.
        return Poison(crash=crash, ref=told.pop(), is_known=True)
    plausible = [item for item in last if index.reaches_grant(item)] or last
    refs = tuple(dict.fromkeys(item.ref for item in (*plausible, *others)))
    if len(refs) == 1 and (last or not crash.names.access):
        return Poison(crash=crash, ref=refs[0], is_known=True)
    if named and not refs:
        # What it died over was granted since, or is another object of that name: it is over.
        return None
    if named or not crash.names.access:
        return Poison(crash=crash, ref=None, candidates=refs)
    # It is not among the objects that were read; it is where its claim is.
    places = tuple(Ref(Kind.ACCESS, place, crash.names.access) for place in index.namespaces_of_claim(crash.names))
    refs = (*places, *refs)
    return Poison(crash=crash, ref=refs[0] if len(refs) == 1 else None, candidates=refs if len(refs) > 1 else ())


def _was_answered(index: "_Index", item: Access, begun: Begun, traces: Mapping[Ref, tuple[LogTrace, ...]]) -> bool:
    """Whether something came of an attempt other than the death; events are stamped to the second."""
    if begun.at is None:
        return False
    floor = begun.at.replace(microsecond=0)
    said = [t.last for t in traces.get(item.ref, ()) if (t.text or t.code is not None) and not _is_deadly(t)]
    return any(moment is not None and moment >= floor for moment in (*said, index.newest_event(item)))


def _may_kill(item: Access, crash: Crash) -> bool:
    """Whether a sidecar can have died over an access: one that was granted is not asked for again."""
    made_later = crash.at is not None and item.meta.created is not None and item.meta.created > crash.at
    return item.api is Api.V1ALPHA1 and item.ready is not True and not made_later


def _is_deadly(trace: LogTrace) -> bool:
    return trace.writer is Writer.DRIVER and trace.rpc is Rpc.GRANT and trace.code is GrpcCode.ALREADY_EXISTS


class _Index:
    """The objects by everything a log may call them."""

    def __init__(self, snapshot: Snapshot) -> None:
        self._buckets = {item.meta.name: item for item in snapshot.buckets}
        self._by_bucket_id: dict[str, list[Bucket]] = defaultdict(list)
        for bucket in snapshot.buckets:
            for known in {bucket.bucket_id, bucket.existing_id} - {"", bucket.meta.name}:
                self._by_bucket_id[known].append(bucket)
        self._claims: dict[str, list[Claim]] = defaultdict(list)
        for claim in snapshot.claims:
            self._claims[claim.meta.name].append(claim)
        self._accesses: dict[str, list[Access]] = defaultdict(list)
        self._by_claim: dict[str, list[Access]] = defaultdict(list)
        self._by_account: dict[str, list[Access]] = defaultdict(list)
        for access in snapshot.accesses:
            self._accesses[access.meta.name].append(access)
            for name in access.claim_names:
                self._by_claim[name].append(access)
            for account in {access.account_id, f"{_ACCOUNT}{access.meta.uid}" if access.meta.uid else ""} - {""}:
                self._by_account[account].append(access)
        items: Iterable[Stateful] = (*snapshot.buckets, *snapshot.claims, *snapshot.accesses)
        self._access_classes = {cls.meta.name: cls for cls in snapshot.access_classes}
        self._events: dict[str, datetime] = {}
        for event in snapshot.events:
            noted = self._events.get(event.about_uid)
            if event.last is not None and (noted is None or event.last > noted):
                self._events[event.about_uid] = event.last
        self._by_uid: dict[str, Stateful] = {item.meta.uid: item for item in items if item.meta.uid}

    def meant(self, names: LogNames) -> tuple[Stateful, ...]:
        """Return the objects that names may stand for."""
        if names.uid:
            known = self._by_uid.get(names.uid)
            return (known,) if known is not None else ()
        if names.kind == Kind.ACCESS or names.access or names.account:
            return self.accesses_meant(names)
        if names.kind == Kind.CLAIM or (names.claim and not names.bucket):
            return tuple(c for c in self._claims.get(names.claim, ()) if names.namespace in {"", c.meta.namespace})
        named = self._buckets.get(names.bucket)
        return (named,) if named is not None else tuple(self._by_bucket_id.get(names.bucket, ()))

    def accesses_meant(self, names: LogNames) -> tuple[Access, ...]:
        """Return the accesses that names may stand for."""
        if names.account:
            return tuple(self._by_account.get(names.account, ()))
        if names.access:
            found = self._accesses.get(names.access, [])
        elif names.claim:
            found = self._by_claim.get(names.claim, [])
        else:
            claims = {name for name, items in self._claims.items() if any(i.bucket_name == names.bucket for i in items)}
            found = [item for name in sorted(claims) for item in self._by_claim.get(name, [])] if names.bucket else []
        return tuple(
            item
            for item in found
            if names.namespace in {"", item.meta.namespace} and (not names.claim or names.claim in item.claim_names)
        )

    def namespaces_of_claim(self, names: LogNames) -> tuple[str, ...]:
        """Return where a claim of that name is: an access is in the namespace of its claim."""
        if names.namespace:
            return (names.namespace,)
        return tuple(sorted({claim.meta.namespace for claim in self._claims.get(names.claim, ())}))

    def newest_event(self, item: Access) -> datetime | None:
        """Return when something was recorded about an access last."""
        return self._events.get(item.meta.uid)

    def reaches_grant(self, access: Access) -> bool:
        """Whether nothing is known that stops a sidecar before it asks the driver (v0.2.2 Add of an access)."""
        cls = self._access_classes.get(access.class_name)
        if cls is None and self._access_classes:
            return False
        if cls is not None and cls.auth_type == "IAM" and not access.service_account:
            return False
        claims = [claim for name in access.claim_names for claim in self._claims.get(name, ())]
        own = [claim for claim in claims if claim.meta.namespace == access.meta.namespace]
        return not self._claims or any(claim.ready is True and claim.bucket_name for claim in own)
