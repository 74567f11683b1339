"""Which sidecar policy is in force, how that was found, and what it does with one failure.

The image of the sidecar's Pod decides where Pods can be read. Without them the objects narrow it: their API
version, and who wrote events where. What remains is an assumption and is called one.
"""

from collections import defaultdict
from collections.abc import Mapping

from msgspec import Struct

from cosictl.diagnosis.graph import Graph
from cosictl.diagnosis.service import Sidecar, components, lease_of
from cosictl.knowledge.policies import POLICIES, Effect, Policy, Records, candidates_of, effect_of
from cosictl.knowledge.terminal import is_terminal
from cosictl.model.failures import Classification, Failure
from cosictl.model.refs import Api, Rpc
from cosictl.model.report import Certainty, PolicyChoice


class Policies(Struct, frozen=True, kw_only=True):
    """The choice for every API version, and for every driver that has one of its own."""

    default: Mapping[Api, PolicyChoice]
    by_driver: Mapping[tuple[Api, str], PolicyChoice]

    def choice(self, api: Api, driver: str = "") -> PolicyChoice:
        """The choice for one driver (drivers compare without case, v0.2.2 bucket_controller.go:82)."""
        if not self.by_driver:
            return self.default[api]
        return self.by_driver.get((api, driver.casefold()), self.default[api])

    def policy(self, api: Api, driver: str = "") -> Policy:
        """The policy row of that choice."""
        return POLICIES[self.choice(api, driver).policy]

    def shown(self, apis: tuple[Api, ...]) -> tuple[PolicyChoice, ...]:
        """Every choice that matters for these API versions, defaults first."""
        own = tuple(choice for (api, _), choice in sorted(self.by_driver.items()) if api in apis)
        return tuple(self.default[api] for api in apis) + own


def choose(graph: Graph, *, assume: str | None = None) -> Policies:
    """Find the policy for each API version in use. ``assume`` names a policy that replaces every finding.

    In a cluster of both API versions an assumed policy replaces only the one of its own version.
    """
    apis = apis_in_use(graph)
    default = {api: _choice_for(graph, api) for api in Api}
    by_driver = _per_driver(graph, apis)
    if assume is not None:
        row = POLICIES[assume]
        replaced = [api for api in Api if row.api is api or len(apis) < len(Api)]
        given = {
            api: PolicyChoice(
                api=api, policy=assume, driver="", certainty=Certainty.GIVEN, why=f"as if it were {row.title}"
            )
            for api in replaced
        }
        default = {**default, **given}
        by_driver = {key: choice for key, choice in by_driver.items() if key[0] not in given}
    return Policies(default=default, by_driver=by_driver)


def apis_in_use(graph: Graph) -> tuple[Api, ...]:
    """The API versions that objects were found of; v1alpha1 where there is no object at all."""
    snapshot = graph.snapshot
    groups = (snapshot.buckets, snapshot.claims, snapshot.accesses, snapshot.bucket_classes, snapshot.access_classes)
    seen = {obj.api for group in groups for obj in group}
    return tuple(api for api in Api if api in seen) or (Api.V1ALPHA1,)


def effect_on(
    policy: Policy, failure: Failure, classification: Classification, api: Api, *, default_rpc: Rpc = Rpc.CREATE
) -> Effect:
    """What the policy does after this failure.

    A failure without a gRPC code never reached the driver, or was made by COSI itself: v1alpha1 handlers requeue
    every error (v0.2.2 internal/runtime/controller.go:320); v1alpha2 stops on the texts it calls terminal.
    """
    if api is Api.V1ALPHA2 and is_terminal(failure.text):
        return Effect.STOPS
    code = classification.grpc_code
    if code is None:
        return Effect.RETRIES
    return effect_of(policy, failure.rpc or default_rpc, code)


def _choice_for(graph: Graph, api: Api) -> PolicyChoice:
    sidecars = [s for s in components(graph) if s.match.role == "sidecar" and _fits(s, api)]
    named = sorted({s.match.policy for s in sidecars if s.match.policy})
    if len(named) == 1:
        first = next(s for s in sidecars if s.match.policy == named[0])
        certainty = Certainty.IMAGE if first.match.certain else Certainty.NARROWED
        return PolicyChoice(api=api, policy=named[0], driver="", certainty=certainty, why=_image_words(first))
    if named:
        best = next(name for name in candidates_of(api) if name in named)
        why = "sidecars of several releases run here: " + ", ".join(named)
        return PolicyChoice(
            api=api, policy=best, driver="", certainty=Certainty.NARROWED, why=why, candidates=tuple(named)
        )
    return _narrowed(graph, api, sidecars)


def _narrowed(graph: Graph, api: Api, sidecars: list[Sidecar]) -> PolicyChoice:
    """Without a telling image: what the objects and events leave possible."""
    seen = "" if not sidecars else f"{_image_words(sidecars[0])}; "
    candidates = candidates_of(api)
    certainty = Certainty.NARROWED
    if api is Api.V1ALPHA2 and _alike(candidates):
        why = seen + "objects are v1alpha2, whose known releases treat create and grant errors alike"
    elif api is Api.V1ALPHA1 and _wrote_bucket_events(graph):
        why = seen + "objects are v1alpha1 and a sidecar wrote events about Buckets"
        candidates = tuple(name for name in candidates if POLICIES[name].records is Records.EVENTS)
    else:
        why = seen + f"objects are {api}, and no event tells which sidecar"
        certainty = Certainty.DEFAULT
    return PolicyChoice(api=api, policy=candidates[0], driver="", certainty=certainty, why=why, candidates=candidates)


def _alike(names: tuple[str, ...]) -> bool:
    """Whether these releases do the same after every answer to create and grant."""
    effects = [POLICIES[name].effects for name in names]
    return all(one[rpc] == effects[0][rpc] for one in effects for rpc in (Rpc.CREATE, Rpc.GRANT))


def _per_driver(graph: Graph, apis: tuple[Api, ...]) -> dict[tuple[Api, str], PolicyChoice]:
    """Where sidecars of several releases run: the Lease of a driver names the Pod, the Pod its image."""
    by_pod: dict[tuple[str, str], Sidecar] = {
        (s.pod.meta.namespace, s.pod.meta.name): s
        for s in components(graph)
        if s.match.role == "sidecar" and s.match.policy
    }
    releases: dict[Api, set[str]] = defaultdict(set)
    for sidecar in by_pod.values():
        policy = sidecar.match.policy
        if policy is not None:
            releases[POLICIES[policy].api].add(policy)
    found: dict[tuple[Api, str], PolicyChoice] = {}
    for api in apis:
        if len(releases[api]) < 2:
            continue
        for driver in sorted({bucket.driver for bucket in graph.snapshot.buckets if bucket.api is api}):
            lease = lease_of(graph, driver, api)
            holder = by_pod.get((lease.meta.namespace, lease.holder.split("_")[0])) if lease is not None else None
            if holder is None or holder.match.policy is None or POLICIES[holder.match.policy].api is not api:
                continue
            found[api, driver.casefold()] = PolicyChoice(
                api=api,
                policy=holder.match.policy,
                driver=driver,
                certainty=Certainty.IMAGE if holder.match.certain else Certainty.NARROWED,
                why=f"{_image_words(holder)}, which holds the lease of {driver}",
            )
    return found


def _fits(sidecar: Sidecar, api: Api) -> bool:
    return sidecar.match.policy is None or POLICIES[sidecar.match.policy].api is api


def _image_words(sidecar: Sidecar) -> str:
    where = f"{sidecar.pod.meta.namespace}/{sidecar.pod.meta.name}"
    return f"image {sidecar.container.image or sidecar.container.image_id} of pod {where}: {sidecar.match.why}"


def _wrote_bucket_events(graph: Graph) -> bool:
    """Bucket events live in ``default``; image-60 can write them only from a pod in that namespace."""
    return any(event.component == "cosi" and event.about_kind == "Bucket" for event in graph.snapshot.events)
