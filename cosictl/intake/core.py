"""Kinds that are not COSI's own: Events (core and events.k8s.io), Leases and Pods.

In: wire structs. Out: model nouns, and for each kind the answer whether an object concerns COSI at all.
Events carry the fields of both event APIs in one struct, because the API server serves each event through both.
"""

import re
from collections.abc import Iterable
from datetime import datetime
from sys import intern

import msgspec

from cosictl.intake.wire import MetaWire, ObjectWire, ReferenceWire, Wire, meta, moment
from cosictl.model.objects import Container, Event, Lease, Pod
from cosictl.model.refs import Kind

GROUP = "objectstorage.k8s.io"
_KINDS = frozenset(Kind)
# Source components of the COSI sidecar and controller (v0.2.2 internal/runtime/controller.go,
# controller/cmd/controller-manager).
_COMPONENTS = frozenset({"cosi", "cosi-controller-manager"})
# Names and images of COSI pods: staging, release and vendor builds carry one of these in name or image.
_LOOKS_LIKE_COSI = re.compile(
    r"objectstorage-(?:sidecar|controller|provisioner)"
    r"|(?:container-)?object-storage-(?:interface|controller|sidecar)"
    r"|(?<![a-z])cosi(?![a-z])"
)


class SourceWire(Wire):
    """``source`` of an event."""

    component: str = ""


class SeriesWire(Wire):
    """``series`` of an event."""

    count: int = 0
    last_observed_time: datetime | None = None


class EventWire(ObjectWire):
    """An event of either API: v1 (message, involvedObject, …) or events.k8s.io/v1 (note, regarding, …)."""

    reason: str = ""
    type: str = ""
    message: str = ""
    note: str = ""
    involved_object: ReferenceWire | None = None
    regarding: ReferenceWire | None = None
    source: SourceWire | None = None
    deprecated_source: SourceWire | None = None
    reporting_component: str = ""
    reporting_controller: str = ""
    count: int | None = None
    deprecated_count: int | None = None
    series: SeriesWire | None = None
    event_time: datetime | None = None
    first_timestamp: datetime | None = None
    last_timestamp: datetime | None = None
    deprecated_first_timestamp: datetime | None = None
    deprecated_last_timestamp: datetime | None = None


class LeaseSpec(Wire):
    """``spec`` of a Lease."""

    holder_identity: str | None = None
    renew_time: datetime | None = None
    lease_duration_seconds: int | None = None


class LeaseWire(ObjectWire):
    """A Lease."""

    spec: LeaseSpec | None = None


class ContainerWire(Wire):
    """One of ``spec.containers`` or ``spec.initContainers``."""

    name: str = ""
    image: str = ""
    command: list[str] | None = None
    args: list[str] | None = None


class TerminatedWire(Wire):
    """``terminated`` of a container state."""

    exit_code: int | None = None
    reason: str = ""
    message: str = ""


class WaitingWire(Wire):
    """``waiting`` of a container state."""

    reason: str = ""


class StateWire(Wire):
    """``state`` and ``lastState`` of a container."""

    terminated: TerminatedWire | None = None
    waiting: WaitingWire | None = None


class ContainerStatusWire(Wire):
    """One of the lists of container states in ``status``."""

    name: str = ""
    image: str = ""
    image_id: str = msgspec.field(default="", name="imageID")
    ready: bool = False
    restart_count: int = 0
    state: StateWire | None = None
    last_state: StateWire | None = None


class PodSpec(Wire):
    """``spec`` of a Pod."""

    node_name: str = ""
    containers: list[ContainerWire] | None = None
    init_containers: list[ContainerWire] | None = None


class PodStatus(Wire):
    """``status`` of a Pod."""

    phase: str = ""
    container_statuses: list[ContainerStatusWire] | None = None
    init_container_statuses: list[ContainerStatusWire] | None = None


class OwnerWire(Wire):
    """One of ``metadata.ownerReferences``."""

    kind: str = ""
    name: str = ""
    controller: bool = False


class PodMetaWire(MetaWire):
    """``metadata`` of a Pod."""

    owner_references: list[OwnerWire] | None = None


class PodWire(ObjectWire):
    """A Pod."""

    metadata: PodMetaWire = msgspec.field(default_factory=PodMetaWire)
    spec: PodSpec = msgspec.field(default_factory=PodSpec)
    status: PodStatus = msgspec.field(default_factory=PodStatus)


def event_concerns_cosi(wire: EventWire) -> bool:
    """Tell whether an event is about a COSI object, or by a COSI component about nothing in particular.

    Other projects have kinds called Bucket too, so the group decides wherever it is given.
    """
    about = wire.involved_object or wire.regarding or ReferenceWire()
    group, slash, _ = about.api_version.partition("/")
    if slash:
        return group == GROUP
    return about.kind in _KINDS or (not about.name and _component(wire) in _COMPONENTS)


def event(wire: EventWire) -> Event:
    """Convert an event of either API."""
    about = wire.involved_object or wire.regarding or ReferenceWire()
    series = wire.series or SeriesWire()
    metadata = meta(wire.metadata)
    happened = moment(wire.event_time)
    lasts = (series.last_observed_time, wire.last_timestamp, wire.deprecated_last_timestamp)
    firsts = (wire.first_timestamp, wire.deprecated_first_timestamp)
    first = next(filter(None, map(moment, firsts)), None) or happened or metadata.created
    return Event(
        meta=metadata,
        reason=intern(wire.reason),
        type=intern(wire.type),
        message=wire.message or wire.note,
        count=max(1, wire.count or 0, wire.deprecated_count or 0, series.count),
        first=first,
        last=max(filter(None, map(moment, lasts)), default=None) or happened or first,
        component=intern(_component(wire)),
        about_kind=intern(about.kind),
        about_namespace=intern(about.namespace),
        about_name=about.name,
        about_uid=about.uid,
    )


def _component(wire: EventWire) -> str:
    for source in (wire.source, wire.deprecated_source):
        if source and source.component:
            return source.component
    return wire.reporting_component or wire.reporting_controller


def lease_concerns_cosi(wire: LeaseWire) -> bool:
    """Tell whether a Lease is one of COSI's: all lease names of both releases hold the word ``cosi``."""
    return _LOOKS_LIKE_COSI.search(wire.metadata.name) is not None


def lease(wire: LeaseWire) -> Lease:
    """Convert a Lease."""
    spec = wire.spec or LeaseSpec()
    return Lease(
        meta=meta(wire.metadata),
        holder=spec.holder_identity or "",
        renewed=moment(spec.renew_time),
        duration=spec.lease_duration_seconds or 0,
    )


def pod_concerns_cosi(wire: PodWire) -> bool:
    """Tell whether a Pod looks like a COSI controller or holds a COSI sidecar."""
    names = [wire.metadata.name]
    for container in _containers(wire):
        names += (container.name, container.image)
    for status in _statuses(wire):
        names += (status.image, status.image_id)
    return any(_LOOKS_LIKE_COSI.search(name) for name in names)


def pod(wire: PodWire) -> Pod:
    """Convert a Pod; containers in the order of the spec, then those that only the status knows."""
    statuses = {status.name: status for status in _statuses(wire)}
    inits = {spec.name for spec in wire.spec.init_containers or ()}
    containers = [
        _container(spec, statuses.pop(spec.name, ContainerStatusWire()), init=spec.name in inits)
        for spec in _containers(wire)
    ]
    containers += [_container(ContainerWire(name=name), status) for name, status in statuses.items()]
    kind, name = _owner(wire.metadata)
    return Pod(
        meta=meta(wire.metadata),
        node=wire.spec.node_name,
        phase=wire.status.phase,
        containers=tuple(containers),
        owner_kind=kind,
        owner_name=name,
    )


def _owner(wire: PodMetaWire) -> tuple[str, str]:
    """Return kind and name of what made a Pod; a Deployment's ReplicaSet is named ``<deployment>-<hash label>``."""
    owner = next((one for one in wire.owner_references or () if one.controller), OwnerWire())
    end = "-" + (wire.labels or {}).get("pod-template-hash", "")
    if owner.kind == "ReplicaSet" and len(end) > 1 and owner.name.endswith(end):
        return "Deployment", owner.name.removesuffix(end)
    return owner.kind, owner.name


def _containers(wire: PodWire) -> Iterable[ContainerWire]:
    return (*(wire.spec.containers or ()), *(wire.spec.init_containers or ()))


def _statuses(wire: PodWire) -> Iterable[ContainerStatusWire]:
    return (*(wire.status.container_statuses or ()), *(wire.status.init_container_statuses or ()))


def _container(spec: ContainerWire, status: ContainerStatusWire, *, init: bool = False) -> Container:
    state, last_state = status.state or StateWire(), status.last_state or StateWire()
    ended = state.terminated or last_state.terminated or TerminatedWire()
    return Container(
        name=spec.name,
        image=spec.image or status.image,
        image_id=status.image_id,
        args=(*(spec.command or ()), *(spec.args or ())),
        ready=status.ready,
        restarts=status.restart_count,
        exit_code=ended.exit_code,
        exit_reason=ended.reason,
        exit_text=ended.message,
        waiting_reason=state.waiting.reason if state.waiting else "",
        init=init,
    )
