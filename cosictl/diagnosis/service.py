"""Who serves a driver: what Leases and Pods tell about sidecars and controllers.

A v1alpha1 sidecar always takes the lease ``<driver>-cosi`` (other characters become ``-``, lower case); a
v1alpha2 sidecar takes ``cosi-sidecar-leader-<driver>`` only when asked to, so its absence means nothing there.
"""

import re
from datetime import timedelta
from enum import StrEnum

from msgspec import Struct

from cosictl.diagnosis.graph import Graph
from cosictl.knowledge.images import ImageMatch, match_image
from cosictl.model.objects import Container, Lease, Pod
from cosictl.model.refs import Api

# v0.2.2 internal/runtime/controller.go: lock name; §leases of v1alpha2 main cmd/sidecar.
_CONTROLLER_LEASES = {Api.V1ALPHA1: "leader-lock-cosi-controller-manager", Api.V1ALPHA2: "cosi-controller-leader"}
_ALPHA1_END, _ALPHA2_START = "-cosi", "cosi-sidecar-leader-"
# After an ungraceful death nobody works for the lease's duration plus one more retry period (150 s + 60 s, measured).
_TAKEOVER = timedelta(seconds=70)


class Service(StrEnum):
    """Whether somebody serves a driver, as far as Leases and Pods tell."""

    ALIVE = "alive"
    TAKEOVER = "takeover"
    DEAD = "dead"
    ABSENT = "absent"
    UNTOLD = "untold"


class Sidecar(Struct, frozen=True, kw_only=True):
    """One container that runs a COSI sidecar or controller, with its Pod and what its image is known to be."""

    pod: Pod
    container: Container
    match: ImageMatch


def components(graph: Graph) -> tuple[Sidecar, ...]:
    """Every sidecar and controller container among the Pods read, in the order of their Pods."""
    found = []
    for pod in graph.snapshot.pods:
        for container in pod.containers:
            match = match_image(container.image, container.image_id)
            if match is not None:
                found.append(Sidecar(pod=pod, container=container, match=match))
    return tuple(found)


def lease_name(driver: str, api: Api) -> str:
    """The name of the Lease a sidecar of ``driver`` takes."""
    if api is Api.V1ALPHA1:
        return re.sub(r"[^a-z0-9-]", "-", driver.lower()) + _ALPHA1_END
    return f"{_ALPHA2_START}{driver}"


def is_sidecar_lease(name: str) -> bool:
    """Whether a Lease of this name is some sidecar's, of whatever driver."""
    return name.endswith(_ALPHA1_END) or name.startswith(_ALPHA2_START)


def driver_of_lease(name: str) -> str:
    """The driver that a v1alpha2 sidecar's Lease is named after, in the driver's own spelling; "" for every other."""
    return name.removeprefix(_ALPHA2_START) if name.startswith(_ALPHA2_START) else ""


def lease_of(graph: Graph, driver: str, api: Api) -> Lease | None:
    """The sidecar's Lease for a driver; with several namespaces, the one renewed last."""
    return _newest(graph, lease_name(driver, api))


def leases_of(graph: Graph, driver: str, api: Api) -> tuple[Lease, ...]:
    """Every Lease of a driver's sidecars that is not dead, in whatever namespace; all of them where none lives."""
    found = graph.leases.get(lease_name(driver, api), ())
    return tuple(lease for lease in found if lease_state(graph, lease) is not Service.DEAD) or tuple(found)


def controller_lease(graph: Graph, api: Api) -> Lease | None:
    """The controller's Lease."""
    return _newest(graph, _CONTROLLER_LEASES[api])


def service_of(graph: Graph, driver: str, api: Api) -> Service:
    """Whether a sidecar serves this driver. ``UNTOLD`` wherever the evidence does not say."""
    lease = lease_of(graph, driver, api)
    if lease is not None:
        return lease_state(graph, lease)
    if api is Api.V1ALPHA2 or not graph.was_read("leases"):
        return Service.UNTOLD
    return Service.ABSENT


def controller_service(graph: Graph, api: Api) -> Service:
    """Whether the controller works."""
    lease = controller_lease(graph, api)
    if lease is not None:
        return lease_state(graph, lease)
    if api is Api.V1ALPHA2 or not graph.was_read("leases"):
        return Service.UNTOLD
    return Service.ABSENT


def lease_state(graph: Graph, lease: Lease) -> Service:
    """What one Lease says: alive while renewed in time, then a takeover, then dead."""
    if not lease.holder:
        return Service.DEAD
    if lease.renewed is None:
        return Service.UNTOLD
    age = graph.snapshot.taken_at - lease.renewed
    duration = timedelta(seconds=lease.duration)
    if age <= duration:
        return Service.ALIVE
    return Service.TAKEOVER if age <= duration + _TAKEOVER else Service.DEAD


def _newest(graph: Graph, name: str) -> Lease | None:
    found = graph.leases.get(name, ())
    return max(found, key=lambda lease: lease.renewed.timestamp() if lease.renewed else 0.0, default=None)
