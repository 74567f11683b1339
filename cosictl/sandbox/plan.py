"""What a sandbox shall be: a scenario or a dump, made concrete. Pure; nothing is started here."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from cosictl.knowledge.images import match_image
from cosictl.knowledge.policies import POLICIES, Policy
from cosictl.model.copying import replace
from cosictl.model.objects import Access, Bucket, BucketClass, Claim, Container
from cosictl.model.refs import Api
from cosictl.model.snapshot import Snapshot
from cosictl.sandbox.load import Answers, namespaces_of, recorded_answers
from cosictl.sandbox.loops.lease import sidecar_lease
from cosictl.sandbox.ports import Json
from cosictl.sandbox.scenarios import SCENARIOS, Deletion

# The release that a version's objects are served by unless somebody says otherwise.
USUAL_POLICY: Mapping[Api, str] = {Api.V1ALPHA1: "v0.2.2", Api.V1ALPHA2: "main-2026-03"}
SIDECAR_NAMESPACE = "cosi-driver"
CONTROLLER_NAMESPACE = "container-object-storage-system"
# What every cluster has (kube-apiserver makes them at start).
SYSTEM_NAMESPACES = ("default", "kube-node-lease", "kube-public", "kube-system")


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """One driver with its sidecar: the policy the sidecar plays, where its Pod runs, the version the driver speaks.

    ``pod``: the name under which a copied cluster knows its Pod; empty where the sandbox makes one.
    """

    driver: str
    policy: Policy
    namespace: str
    speaks: Api
    pod: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Holding:
    """What a driver's backend has from the start: a bucket by its ID, or an account with the buckets it may use."""

    driver: str
    bucket: str = ""
    account: str = ""
    buckets: tuple[str, ...] = ()
    parameters: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A sandbox to be: the versions its CRDs serve, objects, components, and what happens once it has settled.

    ``loaded``: the objects come from a dump and keep uids, versions, times and finalizers. ``controllers``: the
    versions that have a controller. ``old_names``: Buckets are named ``<class><claim UID>``. ``answers``: what the
    drivers answered when the dump was taken; ``holdings``: what their backends held, as far as the objects tell.
    """

    title: str
    versions: tuple[Api, ...]
    objects: tuple[Json, ...]
    namespaces: tuple[str, ...]
    served: tuple[Served, ...]
    controllers: tuple[Api, ...]
    loaded: bool = False
    old_names: bool = False
    then: tuple[Deletion, ...] = ()
    answers: Answers = field(default_factory=dict)
    holdings: tuple[Holding, ...] = ()


def plan_scenario(name: str, *, policy: str = "") -> Plan:
    """Plan a story; ``policy`` replaces the sidecars' where the story does not depend on it.

    Raises KeyError for a scenario or policy that does not exist.
    """
    scenario = SCENARIOS[name]
    served = tuple(
        _served(side.driver, _policy(side.policy or policy, scenario.api), side.namespace, side.speaks)
        for side in scenario.sidecars
    )
    return Plan(
        title=f"scenario {name}",
        versions=(scenario.api,),
        objects=scenario.objects,
        namespaces=_namespaces(scenario.objects, served),
        served=served,
        controllers=(scenario.api,) if scenario.sidecars else (),
        old_names=scenario.old_names,
        then=scenario.then,
    )


def plan_dump(snapshot: Snapshot, objects: Iterable[Json], *, policy: str = "") -> Plan:
    """Plan a copy of an observed cluster: a sidecar for every driver that its objects name.

    Raises KeyError for a policy that does not exist, and ValueError where the objects are of another version.
    """
    kept = tuple(objects)
    versions = _versions(snapshot)
    if policy and POLICIES[policy].api not in versions:
        raise ValueError(f"policy {policy} is for {POLICIES[policy].api.value}, and the dump holds none of its objects")
    served = tuple(
        _played(snapshot, driver, _policy(policy if policy and POLICIES[policy].api is api else "", api))
        for api in versions
        for driver in _drivers(snapshot, api)
    )
    return Plan(
        title=snapshot.source,
        versions=versions,
        objects=kept,
        namespaces=_namespaces(kept, served),
        served=served,
        controllers=versions,
        loaded=True,
        answers=recorded_answers(snapshot),
        holdings=(*_buckets(snapshot), *_accounts(snapshot)),
    )


def _served(driver: str, policy: Policy, namespace: str = SIDECAR_NAMESPACE, speaks: Api | None = None) -> Served:
    return Served(driver=driver, policy=policy, namespace=namespace, speaks=speaks or policy.api)


def _played(snapshot: Snapshot, driver: str, policy: Policy) -> Served:
    """A driver's sidecar under the name of the Pod that holds its Lease, or of the only sidecar there is."""
    made = _served(driver, policy)
    held = [lease for lease in snapshot.leases if lease.meta.name == sidecar_lease(driver) and lease.holder]
    pods = [pod for pod in snapshot.pods if any(_is_sidecar(container) for container in pod.containers)]
    if policy.api is Api.V1ALPHA1 and held:
        last = max(held, key=lambda lease: lease.renewed.timestamp() if lease.renewed else 0.0)
        return replace(made, namespace=last.meta.namespace, pod=last.holder.split("_")[0])
    if len(pods) == 1:
        return replace(made, namespace=pods[0].meta.namespace, pod=pods[0].meta.name)
    return made


def _is_sidecar(container: Container) -> bool:
    match = match_image(container.image, container.image_id)
    return match is not None and match.role == "sidecar"


def _policy(name: str, api: Api) -> Policy:
    return POLICIES[name or USUAL_POLICY[api]]


def _versions(snapshot: Snapshot) -> tuple[Api, ...]:
    """The versions of the objects; a dump without any stands for a cluster of the version most have."""
    named: tuple[Bucket | Claim | Access | BucketClass, ...] = (
        *snapshot.buckets,
        *snapshot.claims,
        *snapshot.accesses,
        *snapshot.bucket_classes,
    )
    return tuple(sorted({item.api for item in named})) or (Api.V1ALPHA1,)


def _drivers(snapshot: Snapshot, api: Api) -> tuple[str, ...]:
    named = {owner.driver for owner in snapshot.of_drivers if owner.api is api and owner.driver}
    return tuple(sorted(driver for driver in named if _is_served(snapshot, driver)))


def _is_served(snapshot: Snapshot, driver: str) -> bool:
    """Whether somebody seems to serve a driver: none of its Buckets having a trace of a sidecar says nobody does."""
    own = [bucket for bucket in snapshot.buckets if bucket.driver == driver]
    noted = {event.about_uid for event in snapshot.events}
    touched = [b for b in own if b.meta.finalizers or b.bucket_id or b.error is not None or b.meta.uid in noted]
    return bool(touched) or not own


def _buckets(snapshot: Snapshot) -> Iterator[Holding]:
    for bucket in snapshot.buckets:
        if bucket.bucket_id:
            yield Holding(driver=bucket.driver, bucket=bucket.bucket_id, parameters=bucket.parameters)


def _accounts(snapshot: Snapshot) -> Iterator[Holding]:
    drivers = {item.meta.name: item.driver for item in snapshot.access_classes}
    names = {(c.meta.namespace, c.meta.name): c.bucket_name for c in snapshot.claims}
    ids = {bucket.meta.name: bucket.bucket_id for bucket in snapshot.buckets}
    for access in snapshot.accesses:
        if access.account_id:
            claimed = (names.get((access.meta.namespace, name), "") for name in access.claim_names)
            buckets = tuple(found for name in claimed if (found := ids.get(name, "")))
            driver = access.driver or drivers.get(access.class_name, "")
            yield Holding(driver=driver, account=access.account_id, buckets=buckets)


def _namespaces(objects: Iterable[Json], served: Iterable[Served]) -> tuple[str, ...]:
    components = {CONTROLLER_NAMESPACE, *(side.namespace for side in served)} if served else set()
    return tuple(sorted({*SYSTEM_NAMESPACES, *components, *namespaces_of(objects)}))


def scenario_lines() -> list[tuple[str, str]]:
    """Return the names of the scenarios with what they are about."""
    return [(scenario.name, scenario.about) for scenario in SCENARIOS.values()]
