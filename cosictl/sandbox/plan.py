"""What a sandbox shall be: a scenario or a dump, made concrete. Pure; nothing is started here."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from cosictl.knowledge.policies import POLICIES, Policy
from cosictl.model.objects import Access, AccessClass, Bucket, BucketClass, Claim
from cosictl.model.refs import Api
from cosictl.model.snapshot import Snapshot
from cosictl.sandbox.load import Answers, namespaces_of, recorded_answers
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
    """One driver with its sidecar: the policy the sidecar plays, where its Pod runs, the version the driver speaks."""

    driver: str
    policy: Policy
    namespace: str
    speaks: Api


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A sandbox to be: the versions its CRDs serve, objects, components, and what happens once it has settled.

    ``loaded``: the objects come from a dump and keep uids, versions, times and finalizers. ``controllers``: the
    versions that have a controller. ``old_names``: Buckets are named ``<class><claim UID>``. ``answers``: what the
    drivers answered when the dump was taken.
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
        _served(driver, _policy(policy if policy and POLICIES[policy].api is api else "", api))
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
    )


def _served(driver: str, policy: Policy, namespace: str = SIDECAR_NAMESPACE, speaks: Api | None = None) -> Served:
    return Served(driver=driver, policy=policy, namespace=namespace, speaks=speaks or policy.api)


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
    owners: tuple[Bucket | BucketClass | AccessClass, ...] = (
        *snapshot.buckets,
        *snapshot.bucket_classes,
        *snapshot.access_classes,
    )
    return tuple(sorted({owner.driver for owner in owners if owner.api is api and owner.driver}))


def _namespaces(objects: Iterable[Json], served: Iterable[Served]) -> tuple[str, ...]:
    components = {CONTROLLER_NAMESPACE, *(side.namespace for side in served)} if served else set()
    return tuple(sorted({*SYSTEM_NAMESPACES, *components, *namespaces_of(objects)}))


def scenario_lines() -> list[tuple[str, str]]:
    """Return the names of the scenarios with what they are about."""
    return [(scenario.name, scenario.about) for scenario in SCENARIOS.values()]
