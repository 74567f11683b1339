"""Which Pod serves a driver."""

from cosictl.diagnosis.graph import link
from cosictl.diagnosis.service import components, lease_of
from cosictl.model.refs import Api
from cosictl.model.snapshot import Snapshot


def pods_of_driver(snapshot: Snapshot, driver: str) -> tuple[tuple[str, str], ...]:
    """Return the Pods (namespace, name) that may serve a driver: one where its sidecar's Lease tells. Pure.

    A v1alpha1 sidecar's Lease is held by the Pod's host name, which is its name; a v1alpha2 sidecar adds ``_`` and an
    ID (v0.2.2 internal/runtime/controller.go; controller-runtime's leader election).
    """
    graph = link(snapshot)
    sidecars = {
        (part.pod.meta.namespace, part.pod.meta.name): None
        for part in components(graph)
        if part.match.role == "sidecar"
    }
    for api in Api:
        lease = lease_of(graph, driver, api)
        if lease is None or not lease.holder:
            continue
        holder = (lease.meta.namespace, lease.holder.partition("_")[0])
        if holder in sidecars or not sidecars:
            return (holder,)
    return tuple(sidecars)
