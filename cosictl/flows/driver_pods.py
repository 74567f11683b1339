"""Which Pod serves a driver."""

from cosictl.diagnosis.graph import Graph
from cosictl.diagnosis.service import components, lease_of
from cosictl.model.refs import Api


def pods_of_driver(graph: Graph, driver: str) -> tuple[tuple[str, str], ...]:
    """Return the Pods (namespace, name) that may serve a driver: one where its sidecar's Lease tells. Pure."""
    sidecars = {
        (part.pod.meta.namespace, part.pod.meta.name): None
        for part in components(graph)
        if part.match.role == "sidecar"
    }
    for api in Api:
        lease = lease_of(graph, driver, api)
        if lease is None or not lease.holder:
            continue
        holder = (lease.meta.namespace, lease.holder_pod)
        if holder in sidecars or not sidecars:
            return (holder,)
    return tuple(sidecars)
