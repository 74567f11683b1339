"""What planners and guards look at: one observation, its diagnosis, and the Secrets of the accesses in question."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from cosictl.diagnosis.graph import Graph, link
from cosictl.diagnosis.policy import Policies, choose
from cosictl.diagnosis.report import concluded
from cosictl.diagnosis.service import Service, components, is_sidecar_lease, lease_state
from cosictl.knowledge.policy import Policy
from cosictl.model.objects import Access, Bucket, Claim, Meta, Stateful
from cosictl.model.refs import Ref
from cosictl.model.report import Assessment, Certainty, Finding, Report
from cosictl.model.snapshot import Snapshot


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """A diagnosed observation. ``secrets`` holds those that were read; None stands for one that does not exist."""

    graph: Graph
    report: Report
    policies: Policies
    verdicts: Mapping[Ref, Assessment]
    secrets: Mapping[tuple[str, str], Meta | None] = field(default_factory=dict)

    def item(self, ref: Ref) -> Stateful | None:
        """Return an object, None where it does not exist (or is no Bucket, claim or access)."""
        return self.graph.object_of(ref)

    def meta(self, ref: Ref) -> Meta | None:
        """Return an object's metadata, those of a Secret included."""
        if ref.kind == "Secret":
            return self.secrets.get((ref.namespace, ref.name))
        item = self.item(ref)
        return item.meta if item is not None else None

    def findings(self, ref: Ref) -> tuple[Finding, ...]:
        """Return the findings of which an object is the root."""
        return tuple(item for item in self.report.findings if item.root == ref)

    def driver(self, ref: Ref) -> str:
        """Return the driver an object belongs to, as far as that is known."""
        found = self.verdicts.get(ref)
        return found.driver if found is not None else ""

    def policy(self, item: Stateful) -> Policy:
        """Return what the sidecar of an object does."""
        return self.policies.policy(item.api, self.driver(item.ref))

    def accesses_of(self, claim: Claim) -> tuple[Access, ...]:
        """Return the accesses that name a claim."""
        return self.accesses_by_name(claim.meta.namespace, claim.meta.name)

    def accesses_by_name(self, namespace: str, claim: str) -> tuple[Access, ...]:
        """Return the accesses that name a claim, there or not, without case (v0.2.2 bucket_controller.go:235)."""
        wanted = claim.casefold()
        return tuple(
            access
            for access in self.graph.snapshot.accesses
            if access.meta.namespace == namespace and wanted in {name.casefold() for name in access.claim_names}
        )

    def now(self) -> datetime:
        """Return the moment of the observation."""
        return self.graph.snapshot.taken_at


def world_of(snapshot: Snapshot, secrets: Mapping[tuple[str, str], Meta | None] | None = None) -> World:
    """Diagnose a snapshot."""
    graph = link(snapshot)
    policies = choose(graph)
    report = concluded(graph, policies)
    return World(
        graph=graph,
        report=report,
        policies=policies,
        verdicts={item.ref: item for item in report.objects},
        secrets=dict(secrets or {}),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Sidecars:
    """How many sidecars run in the whole cluster; ``unread`` names what could not be read for it.

    ``held``: the Pods that hold the living Leases, by the Leases' own words.
    """

    pods: tuple[str, ...]
    leases: tuple[str, ...]
    held: tuple[str, ...]
    unread: tuple[str, ...]

    @property
    def one(self) -> bool:
        """Whether it is proven that exactly one runs: a Pod and a Lease are one only where the Pod holds the Lease."""
        if self.unread or len(self.pods) > 1 or len(self.leases) > 1:
            return False
        return self.held == self.pods if self.pods and self.leases else bool(self.pods or self.leases)

    @property
    def words(self) -> str:
        """What was found."""
        if self.unread:
            return f"{' and '.join(self.unread)} of the whole cluster could not be read"
        pods, leases = ", ".join(self.pods) or "none", ", ".join(self.leases) or "none"
        return f"sidecar pods: {pods}; leases of live sidecars: {leases}"


def sidecars_of(world: World) -> Sidecars:
    """Return the sidecars of the cluster, by their Pods and by the Leases that live ones keep."""
    graph = world.graph
    pods = {
        f"{part.pod.meta.namespace}/{part.pod.meta.name}"
        for part in components(graph)
        if part.match.role == "sidecar" and part.pod.phase not in {"Succeeded", "Failed"}
    }
    alive = [
        lease
        for some in graph.leases.values()
        for lease in some
        if is_sidecar_lease(lease.meta.name) and lease_state(graph, lease) is not Service.DEAD
    ]
    unread = tuple(name for name in ("pods", "leases") if not graph.was_read(name))
    return Sidecars(
        pods=tuple(sorted(pods)),
        leases=tuple(sorted(f"{lease.meta.namespace}/{lease.meta.name}" for lease in alive)),
        held=tuple(sorted(f"{lease.meta.namespace}/{lease.holder_pod}" for lease in alive)),
        unread=unread,
    )


def zombie_words(world: World, claim: Claim) -> str:
    """Return why it is not ruled out that the sidecar still creates the bucket of a claim; "" where it is (D07).

    A sidecar that still creates records its failing write at every attempt, in ``default``, and cannot keep silent
    for longer than a running loop leaves an event untouched.
    """
    if any(finding.code == "COSI307" for finding in world.findings(claim.ref)):
        return "the sidecar still tries to finish creating its bucket (COSI307)"
    policy = world.policy(claim)
    if policy.event_gap is None or not world.graph.was_read("events", "default"):
        return "events of namespace default would tell whether the sidecar still creates its bucket"
    if policy.name != "v0.2.2":
        return f"sidecar {policy.name} may not be able to record it, should it still create the bucket"
    choice = world.policies.choice(claim.api, world.driver(claim.ref))
    if choice.certainty is not Certainty.IMAGE:
        return f"which sidecar runs is {choice.certainty.value}, and not every release records such a failure"
    deleted = claim.meta.deleted
    if deleted is None or world.now() - deleted < timedelta(seconds=policy.event_gap):
        return f"it has been terminating for less than {policy.event_gap:g} s, too short to rule out COSI307"
    return ""


def bucket_names_of(claim: Claim) -> tuple[str, ...]:
    """Return the names that a Bucket of this claim has, or would have, whichever controller made it."""
    uid = claim.meta.uid
    names = (claim.bucket_name, claim.existing_bucket, f"bucket-{uid}", f"{claim.class_name}{uid}", f"bc-{uid}")
    return tuple(dict.fromkeys(name for name in names if name))


def rivals_of(world: World, bucket: Bucket, besides: Claim | None) -> tuple[Ref, ...]:
    """Return what else refers to a Bucket or its backend ID: other claims, other Buckets, granted accesses."""
    own = besides.meta.uid if besides is not None else None
    claims = [c.ref for c in world.graph.claims_by_bucket.get(bucket.meta.name, ()) if own is None or c.meta.uid != own]
    key = bucket.bucket_id or bucket.existing_id
    twins = [
        b.ref
        for b in world.graph.snapshot.buckets
        if key and b.meta.uid != bucket.meta.uid and key in {b.bucket_id, b.existing_id}
    ]
    return tuple(dict.fromkeys((*claims, *twins, *_granted(world, bucket, besides))))


def _granted(world: World, bucket: Bucket, claim: Claim | None) -> list[Ref]:
    through = {claim.ref: claim} if claim is not None else {}
    through |= {c.ref: c for c in world.graph.claims_by_bucket.get(bucket.meta.name, ())}
    named = [a for c in through.values() for a in world.accesses_of(c)]
    if bucket.claim is not None:
        # Also through a claim that is gone: a sidecar that deletes the Bucket deletes them by that name.
        named += world.accesses_by_name(bucket.claim.namespace, bucket.claim.name)
    named += [a for a in world.graph.snapshot.accesses if bucket.meta.name in {entry.name for entry in a.accessed}]
    return [access.ref for access in named if access.ready or access.account_id]
