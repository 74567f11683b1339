"""Fold findings that have one cause: a Pod that keeps ending, and the objects that stand still because of it.

In: findings of objects and of Pods. Out: one finding per cause, the rest as its symptoms. Pure.
"""

from collections.abc import Sequence

from cosictl.diagnosis.graph import Graph
from cosictl.diagnosis.service import components, lease_of
from cosictl.model.copying import replace
from cosictl.model.refs import Api, Ref
from cosictl.model.report import Assessment, Evidence, Finding

_POD = "Pod"
# A sidecar that keeps ending leaves "nobody serves this driver" behind.
_DOWN = frozenset({"COSI501", "COSI502"})
_UNSERVED = "COSI111"
# The object is the better root: deleting one access ends the crash; a mute sidecar has candidates for each Bucket.
_OBJECT_FIRST = frozenset({"COSI406", "COSI506"})


def fold(graph: Graph, findings: Sequence[Finding], verdicts: Sequence[Assessment]) -> list[Finding]:
    """Fold what Pods explain; the verdicts name the driver of every object."""
    pods = [item for item in findings if item.root.kind == _POD]
    drivers = {item.ref: item.driver for item in verdicts} if pods else {}
    for pod in pods:
        served = _drivers_of(graph, pod.root)
        own = [f for f in findings if f.root.kind != _POD and drivers.get(f.root) in served]
        if pod.code in _DOWN:
            findings = _under_pod(findings, pod, [f for f in own if f.code == _UNSERVED])
        elif pod.code in _OBJECT_FIRST:
            findings = _under_objects(findings, pod, [f for f in own if f.code == pod.code])
    return list(findings)


def _under_pod(findings: Sequence[Finding], pod: Finding, unserved: Sequence[Finding]) -> list[Finding]:
    roots = {item.root for item in unserved}
    symptoms = sorted({*pod.symptoms, *roots, *(ref for item in unserved for ref in item.symptoms)})
    kept = [item for item in findings if not (item.root in roots and item.code == _UNSERVED)]
    return [replace(item, symptoms=tuple(symptoms)) if item is pod else item for item in kept]


def _under_objects(findings: Sequence[Finding], pod: Finding, same: Sequence[Finding]) -> list[Finding]:
    if not same:
        return list(findings)
    roots = {item.root for item in same}
    return [
        replace(item, evidence=_merged(item, pod)) if item.code == pod.code and item.root in roots else item
        for item in findings
        if item is not pod
    ]


def _merged(item: Finding, pod: Finding) -> tuple[Evidence, ...]:
    said = {fact.text for fact in item.evidence}
    return (*item.evidence, *(fact for fact in pod.evidence if fact.text not in said))


def _drivers_of(graph: Graph, pod: Ref) -> frozenset[str]:
    """The drivers a Pod's sidecar serves: whose Lease it holds, else the only driver of the only sidecar."""
    named = {bucket.driver for bucket in graph.snapshot.buckets} | {c.driver for c in graph.snapshot.access_classes}
    held = {driver for driver in named if driver and _holds(graph, pod, driver)}
    sidecars = {part.pod.meta.name for part in components(graph) if part.match.role == "sidecar"}
    if not held and len(named) == 1 and sidecars == {pod.name}:
        held = named
    return frozenset(held)


def _holds(graph: Graph, pod: Ref, driver: str) -> bool:
    """A holder is the Pod's name, in later releases with a UUID behind it."""
    leases = (lease_of(graph, driver, api) for api in Api)
    return any(lease is not None and lease.holder_pod == pod.name for lease in leases)
