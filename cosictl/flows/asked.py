"""What was asked for, and which of the observed objects that is."""

from collections.abc import Collection, Iterable, Iterator

from msgspec import Struct

from cosictl.diagnosis.graph import link
from cosictl.errors import ClusterError, NotFoundError
from cosictl.flows.driver_pods import pods_of_driver
from cosictl.flows.labels import Matcher
from cosictl.model.copying import replace
from cosictl.model.objects import Access, AccessClass, Bucket, BucketClass, Claim, CosiObject
from cosictl.model.refs import CLUSTER_SCOPED, RESOURCES, Kind, Ref
from cosictl.model.report import STUCK, Assessment, Outlook, Report
from cosictl.model.snapshot import ReadOutcome, ReadStatus, Snapshot, Undecoded


class Named(Struct, frozen=True, kw_only=True):
    """Objects of one kind: the one of this name, or all. Without a kind it is a driver and all that is its."""

    kind: Kind | None
    name: str = ""


class Asked(Struct, frozen=True, kw_only=True):
    """What was asked for; an empty field asks for everything. Cluster-scoped objects are in no namespace."""

    named: tuple[Named, ...] = ()
    namespace: str = ""
    labels: Matcher | None = None

    @property
    def narrow(self) -> bool:
        """Whether single objects were asked for, rather than a namespace or everything."""
        return bool(self.named) or self.labels is not None

    @property
    def one(self) -> bool:
        """Whether exactly one thing was asked for by its name."""
        return len(self.named) == 1 and bool(self.named[0].name)


def objects_of(snapshot: Snapshot) -> Iterator[CosiObject]:
    """Yield every COSI object: buckets, claims, accesses, then the classes."""
    yield from snapshot.buckets
    yield from snapshot.claims
    yield from snapshot.accesses
    yield from snapshot.bucket_classes
    yield from snapshot.access_classes


def found(snapshot: Snapshot, asked: Asked) -> tuple[CosiObject, ...]:
    """Return the objects asked for, in their order; raises NotFoundError for a name that nothing has."""
    bound = _bound_names(snapshot, asked.namespace)
    here = [item for item in objects_of(snapshot) if _is_within(item, asked, bound)]
    for named in asked.named:
        lost = any(_is_meant(record, named, asked.namespace) for record in snapshot.undecoded)
        if named.name and not lost and not any(_is_named(item, named) for item in here):
            raise _absent(snapshot, named, asked.namespace)
    return tuple(item for item in here if not asked.named or any(_is_named(item, named) for named in asked.named))


# Whose absence leaves it open whether there is a driver.
NAMING_DRIVERS = ("buckets", "bucketclasses", "bucketaccessclasses")


def check_read(snapshot: Snapshot, resources: Iterable[str]) -> None:
    """Refuse to call a list empty that could not be read; raises ClusterError with the server's words."""
    for resource in resources:
        statuses = [status for status in snapshot.reads if status.resource == resource]
        refused = [status for status in statuses if status.outcome in _NEXT]
        if refused and not any(status.outcome is ReadOutcome.OK for status in statuses):
            raise ClusterError(
                f"{resource} could not be read: {refused[0].reason or refused[0].outcome}",
                next_step=_NEXT[refused[0].outcome].format(resource=resource),
            )


# What to do about a list, by how it was not read.
_NEXT = {
    ReadOutcome.FORBIDDEN: "check your rights with: kubectl auth can-i list {resource}",
    ReadOutcome.ABSENT: "check that the server has it with: kubectl get crd {resource}.objectstorage.k8s.io",
    ReadOutcome.FAILED: "ask again, or see what the server answers: kubectl get {resource}",
}


def narrowed(report: Report, snapshot: Snapshot, asked: Asked) -> Report:
    """Return the report on what was asked for: those objects, the findings about them, and what carries the cause.

    Raises NotFoundError for a name that nothing has.
    """
    if not asked.narrow and not asked.namespace:
        return report
    drivers = {named.name.casefold() for named in asked.named if named.kind is None}
    wanted = {item.ref for item in found(snapshot, asked)}
    wanted |= {item.ref for item in report.objects if drivers & {"", item.driver.casefold()}}
    wanted |= {_ref(record) for record in snapshot.undecoded if _is_lost(record, asked)}
    pods = _serving(report, snapshot, wanted)
    findings = tuple(
        finding
        for finding in report.findings
        if finding.root in wanted
        or not wanted.isdisjoint(finding.symptoms)
        or (not asked.narrow and _is_of_the_place(finding.root, asked.namespace))
        or (finding.root in pods and finding.outlook in STUCK)
    )
    shown = wanted | {finding.root for finding in findings}
    shown |= {item.waits_on for item in report.objects if item.ref in wanted and item.waits_on is not None}
    objects = tuple(item for item in report.objects if item.ref in shown)
    return replace(
        report,
        objects=objects,
        findings=findings,
        unread=tuple(status for status in report.unread if _is_missed(status, objects)),
        namespaces=(asked.namespace,) if asked.namespace and not asked.narrow else report.namespaces,
    )


def _serving(report: Report, snapshot: Snapshot, wanted: Collection[Ref]) -> frozenset[Ref]:
    """Return the Pods that may serve those of the objects that are not ready: a dead one holds them up."""
    drivers = {item.driver for item in report.objects if item.ref in wanted and item.outlook is not Outlook.READY}
    graph = link(snapshot)
    return frozenset(Ref("Pod", *pod) for driver in drivers - {""} for pod in pods_of_driver(graph, driver))


def _is_missed(status: ReadStatus, objects: tuple[Assessment, ...]) -> bool:
    """Whether something unread matters to these objects; that one is ready is seen from the object alone."""
    return status.outcome is not ReadOutcome.NOT_IN_DUMP or any(o.outlook is not Outlook.READY for o in objects)


def _bound_names(snapshot: Snapshot, namespace: str) -> frozenset[str]:
    """The Buckets that claims of a namespace name."""
    claims = [claim for claim in snapshot.claims if claim.meta.namespace == namespace]
    return frozenset({name for claim in claims for name in (claim.bucket_name, claim.existing_bucket)} - {""})


def _is_within(item: CosiObject, asked: Asked, bound: frozenset[str]) -> bool:
    """Whether an object has the labels and is in the namespace asked for; a Bucket is where its claim is."""
    if asked.labels is not None and not asked.labels(item.meta.labels):
        return False
    if not asked.namespace:
        return True
    match item:
        case Claim() | Access():
            return item.meta.namespace == asked.namespace
        case Bucket():
            owner = item.claim.namespace if item.claim is not None else ""
            # One asked for by its own name is cluster-scoped, as for kubectl; a type alone names none.
            return (
                any(named.name and _is_named(item, named) for named in asked.named)
                or owner == asked.namespace
                or item.meta.name in bound
            )
        case BucketClass() | AccessClass():
            return True


def _is_named(item: CosiObject, named: Named) -> bool:
    if named.kind is None:
        driver = item.driver if not isinstance(item, Claim) else ""
        return bool(driver) and named.name.casefold() in ("", driver.casefold())
    return item.ref.kind == named.kind and named.name in ("", item.meta.name)


def _is_meant(record: Undecoded, named: Named, namespace: str) -> bool:
    """Whether something that could not be decoded is what was asked for by name."""
    place = not namespace or record.namespace in ("", namespace)
    return record.kind == named.kind and record.name == named.name and place


def _is_lost(record: Undecoded, asked: Asked) -> bool:
    if asked.named:
        return any(_is_meant(record, named, asked.namespace) for named in asked.named)
    return asked.labels is None and record.namespace in ("", asked.namespace)


def _ref(record: Undecoded) -> Ref:
    """The reference under which a diagnosis speaks of an object that could not be decoded."""
    return Ref(record.kind or "Object", record.namespace, record.name or "(no name)")


def _is_of_the_place(root: Ref, namespace: str) -> bool:
    """Whether a finding about something that is no COSI object (a Pod, a namespace) concerns this namespace."""
    return root.kind not in set(Kind) and (root.kind != "Namespace" or root.name == namespace)


def _absent(snapshot: Snapshot, named: Named, namespace: str) -> NotFoundError:
    """Say what is missing, and why that may be."""
    kind = str(named.kind).lower() if named.kind else "driver"
    place = f" in namespace {namespace}" if namespace and named.kind and named.kind not in CLUSTER_SCOPED else ""
    what = f'{kind} "{named.name}" not found{place}'
    plural = RESOURCES[named.kind] if named.kind else ""
    for status in snapshot.reads:
        if status.resource == plural and status.outcome is not ReadOutcome.OK:
            reason = status.reason or f"{plural} are {status.outcome.value.replace('-', ' ')}"
            return NotFoundError(what, meaning=f"{plural} could not be read: {reason}")
    elsewhere = sorted({o.ref.namespace for o in objects_of(snapshot) if _is_named(o, named) and o.ref.namespace})
    if elsewhere:
        return NotFoundError(what, meaning=f"one is in {', '.join(elsewhere[:3])}", next_step="give -n NAMESPACE")
    return NotFoundError(what, next_step=f"cosictl get {_VERB_WORDS[named.kind]} lists what there is")


_VERB_WORDS = {
    Kind.BUCKET: "buckets",
    Kind.CLAIM: "claims -A",
    Kind.ACCESS: "accesses -A",
    Kind.BUCKET_CLASS: "classes",
    Kind.ACCESS_CLASS: "accessclasses",
    None: "drivers",
}
