"""Which sidecar serves which driver: Pods, images, Leases, and what the driver's objects cost. Pure.

In: a linked observation with its diagnosis. Out: one line per driver and API version, and the sidecars that nobody
could be matched with. A Lease names the Pod that serves a driver; without one, the only sidecar that is left does.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Final

from msgspec import Struct

from cosictl.diagnosis.graph import Graph
from cosictl.diagnosis.policy import Policies, apis_in_use
from cosictl.diagnosis.service import (
    Service,
    Sidecar,
    components,
    controller_lease,
    is_sidecar_lease,
    lease_name,
    lease_state,
    leases_of,
    service_of,
)
from cosictl.diagnosis.whatif import calls_per_hour, troubles
from cosictl.knowledge.annotations import QUARANTINED_DRIVER
from cosictl.knowledge.hazards import SHOWN_BY
from cosictl.knowledge.policies import POLICIES, Effect, Policy
from cosictl.model.fleet import Component, DriverLine, Fleet, HazardNote, LeaseView
from cosictl.model.objects import Lease
from cosictl.model.refs import Api, Kind
from cosictl.model.report import Outlook, Report


def fleet(graph: Graph, policies: Policies, report: Report) -> Fleet:
    """Return who serves what."""
    names = {api: _drivers(graph, api) for api in apis_in_use(graph)}
    parts = components(graph)
    sidecars = [part for part in parts if part.match.role == "sidecar"]
    served = _matched(graph, names, sidecars)
    seen = _Seen(graph=graph, policies=policies, report=report)
    lines = [
        _line(seen, api, driver, served.get((api, driver), _NOBODY))
        for api, drivers in names.items()
        for driver in drivers
    ]
    taken = {id(part) for found in served.values() for part in found.parts}
    return Fleet(
        drivers=tuple(lines),
        unmatched=tuple(component(part) for part in sidecars if id(part) not in taken),
        unnamed=tuple(view(graph, lease) for lease in _unnamed(graph, names)),
    )


class _Seen(Struct, frozen=True, kw_only=True):
    graph: Graph
    policies: Policies
    report: Report


class _Serving(Struct, frozen=True, kw_only=True):
    parts: tuple[Sidecar, ...]
    how: str


_NOBODY: Final = _Serving(parts=(), how="")
_BY_LEASE: Final = "holds the Lease"
_BY_OWNER: Final = "of the workload whose Pod holds the Lease"
_ONLY_ONE: Final = "the only sidecar, and the only driver, that no Lease matches"


def _drivers(graph: Graph, api: Api) -> tuple[str, ...]:
    """The drivers that objects of a version name, each in its first spelling."""
    snapshot = graph.snapshot
    spelled: dict[str, str] = {}
    for owner in snapshot.of_drivers:
        if owner.api is api and owner.driver and QUARANTINED_DRIVER not in owner.meta.annotations:
            spelled.setdefault(owner.driver.casefold() if api is Api.V1ALPHA1 else owner.driver, owner.driver)
    return tuple(sorted(spelled.values()))


def _matched(
    graph: Graph, names: Mapping[Api, Sequence[str]], sidecars: Sequence[Sidecar]
) -> dict[tuple[Api, str], _Serving]:
    found: dict[tuple[Api, str], _Serving] = {}
    for api, drivers in names.items():
        for driver in drivers:
            serving = _by_lease(leases_of(graph, driver, api), sidecars)
            if serving is not None:
                found[api, driver] = serving
    taken = {id(part) for serving in found.values() for part in serving.parts}
    for api, drivers in names.items():
        left = [part for part in sidecars if id(part) not in taken and part.match.api in {None, api}]
        lonely = [driver for driver in drivers if (api, driver) not in found]
        if len(lonely) == 1 and left and len({_workload(part) for part in left}) == 1:
            found[api, lonely[0]] = _Serving(parts=tuple(left), how=_ONLY_ONE)
            taken |= {id(part) for part in left}
    return found


def _by_lease(leases: Sequence[Lease], sidecars: Sequence[Sidecar]) -> _Serving | None:
    """The Pods that hold the Leases of a driver (holders are ``<pod>`` or ``<pod>_<uid>``), and their siblings."""
    held = {(lease.meta.namespace, lease.holder_pod) for lease in leases}
    holders = [part for part in sidecars if (part.pod.meta.namespace, part.pod.meta.name) in held]
    if not holders:
        return None
    workloads = {_workload(part) for part in holders}
    parts = tuple(part for part in sidecars if _workload(part) in workloads)
    return _Serving(parts=parts, how=_BY_LEASE if len(parts) == len(holders) else _BY_OWNER)


def _workload(part: Sidecar) -> tuple[str, str, str]:
    """What made a Pod; a bare Pod is its own workload."""
    pod = part.pod
    if pod.owner_name:
        return pod.meta.namespace, pod.owner_kind, pod.owner_name
    return pod.meta.namespace, "Pod", pod.meta.name


def _line(seen: _Seen, api: Api, driver: str, serving: _Serving) -> DriverLine:
    graph, report = seen.graph, seen.report
    own = [item for item in report.objects if item.api is api and item.driver.casefold() == driver.casefold()]
    choice = seen.policies.choice(api, driver)
    policy = POLICIES[choice.policy]
    # Of what may have ended nobody can say that it still calls.
    loops = troubles(item for item in own if item.outlook is Outlook.LOOPING)
    return DriverLine(
        driver=driver,
        api=api,
        sidecars=tuple(map(component, serving.parts)),
        matched=serving.how,
        controllers=tuple(
            component(part)
            for part in components(graph)
            if part.match.role == "controller" and part.match.api in {None, api}
        ),
        controller_lease=_view_or_none(graph, controller_lease(graph, api)),
        leases=tuple(view(graph, lease) for lease in leases_of(graph, driver, api)),
        served=service_of(graph, driver, api).value,
        choice=choice,
        stops=any(Effect.STOPS in cells.values() for cells in policy.effects.values()),
        hazards=_hazards(policy, report),
        outlooks=Counter(item.outlook for item in own if item.ref.kind == Kind.BUCKET),
        calls=sum(calls_per_hour(policy, one) for one in loops),
    )


def _hazards(policy: Policy, report: Report) -> tuple[HazardNote, ...]:
    """The hazards of a release: what happened here first, then what has to be known first."""
    here = Counter(finding.code for finding in report.findings)
    notes = [
        HazardNote(
            slug=one.slug,
            text=one.text,
            source=one.source,
            seen=tuple(f"{code} ({here[code]})" for code in SHOWN_BY.get(one.slug, ()) if here[code]),
            first=one.slug in SHOWN_BY,
        )
        for one in policy.hazards
    ]
    order = list(SHOWN_BY)
    return tuple(sorted(notes, key=lambda note: (not note.seen, order.index(note.slug) if note.first else len(order))))


def _unnamed(graph: Graph, names: Mapping[Api, Sequence[str]]) -> tuple[Lease, ...]:
    """Live Leases of sidecars whose driver no class and no Bucket names."""
    known = {lease_name(driver, api) for api, drivers in names.items() for driver in drivers}
    return tuple(
        lease
        for lease in graph.snapshot.leases
        if is_sidecar_lease(lease.meta.name)
        and lease.meta.name not in known
        and lease_state(graph, lease) is not Service.DEAD
    )


def component(part: Sidecar) -> Component:
    """Return a container with its Pod as people look at it."""
    pod, container, match = part.pod, part.container, part.match
    ended = ""
    if container.exit_code is not None:
        ended = f"exit code {container.exit_code} {container.exit_reason}".strip()
    namespace, kind, name = _workload(part)
    return Component(
        namespace=namespace,
        pod=pod.meta.name,
        container=container.name,
        node=pod.node,
        ready=container.ready,
        restarts=container.restarts,
        ended=ended,
        image=container.image,
        image_id=container.image_id,
        release=match.release,
        policy=match.policy or "",
        api=match.api,
        why=match.why,
        certain=match.certain,
        owner_kind=kind,
        owner_name=name,
        init=container.init,
    )


def view(graph: Graph, lease: Lease) -> LeaseView:
    """Return a Lease as people look at it."""
    age = (graph.snapshot.taken_at - lease.renewed).total_seconds() if lease.renewed is not None else None
    place = f"{lease.meta.namespace}/{lease.meta.name}"
    return LeaseView(place=place, holder=lease.holder, age=age, state=lease_state(graph, lease).value)


def _view_or_none(graph: Graph, lease: Lease | None) -> LeaseView | None:
    return view(graph, lease) if lease is not None else None
