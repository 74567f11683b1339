"""Get: observe, conclude, keep the objects asked for, with their verdicts."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence

from msgspec import Struct

from cosictl.diagnosis.assess import assess_claim
from cosictl.diagnosis.graph import link
from cosictl.diagnosis.marks import is_expired, mark_of
from cosictl.diagnosis.policy import choose
from cosictl.diagnosis.report import diagnose
from cosictl.flows.asked import NAMING_DRIVERS, Asked, check_read, found
from cosictl.model.copying import replace
from cosictl.model.objects import Access, AccessClass, BucketClass, Claim, CosiObject
from cosictl.model.refs import RESOURCES, Kind, Ref
from cosictl.model.report import STUCK, Assessment, Outlook, PolicyChoice, Report
from cosictl.model.snapshot import Snapshot


class Listing(Struct, frozen=True, kw_only=True):
    """The objects asked for, and the verdicts of everything observed; classes have none."""

    objects: tuple[CosiObject, ...]
    verdicts: Mapping[Ref, Assessment]
    snapshot: Snapshot

    def picked(self, places: Sequence[int]) -> "Listing":
        """Return the objects at these places, in this order."""
        return replace(self, objects=tuple(self.objects[place] for place in places))


class DriverLine(Struct, frozen=True, kw_only=True):
    """One driver: how many Buckets it has, how many of them are stuck, and the sidecar policy that serves it."""

    name: str
    buckets: int
    stuck: int
    choice: PolicyChoice | None


class ClassLine(Struct, frozen=True, kw_only=True):
    """One BucketClass or BucketAccessClass: how many claims or accesses use it, and how many of them are stuck.

    What waits for something stuck is stuck too.
    """

    item: BucketClass | AccessClass
    users: int
    stuck: int


class Wanted(Struct, frozen=True, kw_only=True):
    """Which of the objects asked for: of these outlooks (none: any), with a mark, with one that has expired."""

    outlooks: frozenset[Outlook] = frozenset()
    marked: bool = False
    expired: bool = False


def list_objects(read: Callable[[], Snapshot], *, asked: Asked, wanted: Wanted | None = None) -> Listing:
    """Return the objects asked for, as far as they are wanted. Raises NotFoundError."""
    snapshot = read()
    check_read(snapshot, [RESOURCES[named.kind] for named in asked.named if named.kind is not None])
    report = diagnose(snapshot)
    verdicts = {item.ref: item for item in report.objects}
    objects = found(snapshot, asked)
    if wanted is not None and wanted.outlooks:
        objects = tuple(o for o in objects if o.ref in verdicts and verdicts[o.ref].outlook in wanted.outlooks)
    if wanted is not None and wanted.marked:
        marks = ((item, mark_of(item.meta)) for item in objects)
        now = snapshot.taken_at
        objects = tuple(o for o, mark in marks if mark is not None and (not wanted.expired or is_expired(mark, now)))
    return Listing(objects=objects, verdicts=verdicts, snapshot=snapshot)


class EarlyClaims:
    """Verdicts on claims while their list still arrives, given all else that the cluster holds.

    The verdict on a claim that nobody touched yet hangs on how the others fare, and one that is going on who else uses
    its Bucket: with the first such claim this ends, and the rest has to wait for the end of the list.
    """

    def __init__(self, others: Snapshot) -> None:
        self._graph = link(others, awaited=Kind.CLAIM)
        # Which claim an event without a UID is about can only be told when all are there.
        self._named = {(event.about_namespace, event.about_name) for event in self._graph.unattached}
        self._policies = choose(self._graph)
        self._seen: set[str] = set()
        self._ended = False

    def told(self, models: Sequence[object]) -> list[Assessment]:
        """Return the verdicts that can be told already; each claim comes once."""
        found: list[Assessment] = []
        for claim in models:
            if self._ended or not isinstance(claim, Claim) or claim.meta.uid in self._seen:
                continue
            item, verdict = assess_claim(self._graph, self._policies, claim)
            hangs = verdict.code in _HANG_ON_OTHERS or (claim.meta.deleted is not None and claim.existing_bucket)
            if hangs or (claim.meta.namespace, claim.meta.name) in self._named:
                self._ended = True
            else:
                self._seen.add(claim.meta.uid)
                found.append(item)
        return found


# What the last rule about claims gives: nobody worked on it, or it stands in a queue.
_HANG_ON_OTHERS = frozenset({"COSI110", "COSI114"})


def list_drivers(read: Callable[[], Snapshot], *, asked: Asked) -> tuple[DriverLine, ...]:
    """Return the drivers that Buckets and classes name, those asked for. Raises NotFoundError and ClusterError."""
    snapshot = read()
    report = diagnose(snapshot)
    if not report.drivers:
        check_read(snapshot, NAMING_DRIVERS)
    found(snapshot, asked)
    wanted = {named.name.casefold() for named in asked.named} - {""}
    buckets = [item for item in report.objects if item.ref.kind == Kind.BUCKET]
    owned = Counter(item.driver for item in buckets)
    stuck = Counter(item.driver for item in buckets if item.outlook in STUCK)
    return tuple(
        DriverLine(name=name, buckets=owned[name], stuck=stuck[name], choice=_choice(report, name))
        for name in report.drivers
        if not wanted or name.casefold() in wanted
    )


def _choice(report: Report, driver: str) -> PolicyChoice | None:
    """The policy of a driver: its own, else the one of every driver."""
    own = [choice for choice in report.policies if choice.driver.casefold() == driver.casefold()]
    return next(iter([*own, *(choice for choice in report.policies if not choice.driver)]), None)


def class_lines(listing: Listing) -> tuple[ClassLine, ...]:
    """Count, for every class listed, the claims or accesses that use it."""
    users: Counter[Ref] = Counter()
    stuck: Counter[Ref] = Counter()
    using: tuple[Claim | Access, ...] = (*listing.snapshot.claims, *listing.snapshot.accesses)
    for user in using:
        kind = Kind.BUCKET_CLASS if isinstance(user, Claim) else Kind.ACCESS_CLASS
        ref = Ref(kind, "", user.class_name)
        users[ref] += 1
        stuck[ref] += _held(listing.verdicts, user.ref)
    classes = [item for item in listing.objects if isinstance(item, BucketClass | AccessClass)]
    return tuple(ClassLine(item=item, users=users[item.ref], stuck=stuck[item.ref]) for item in classes)


def _held(verdicts: Mapping[Ref, Assessment], ref: Ref | None) -> bool:
    """Whether an object, or what it waits for in the end, is stuck; the chain is at most access, claim, Bucket."""
    for _ in range(4):
        item = verdicts.get(ref) if ref is not None else None
        if item is None or item.outlook in STUCK:
            return item is not None
        ref = item.waits_on
    return False
