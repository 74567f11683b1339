"""Clean-up: per object the mildest step that ends its loop, and what it leaves in the backend. Pure.

The order is: repair, ordinary deletion where it cannot leak, Retain, the driver's own delete or revoke, and last one
named finalizer. What cannot be told is not touched.
"""

from collections.abc import Mapping, Sequence
from typing import Final

from cosictl.knowledge.finalizers import (
    BUCKET_ACCESS_BUCKET_PROTECTION,
    BUCKET_PROTECTION,
)
from cosictl.model.copying import replace
from cosictl.model.objects import Bucket, Claim
from cosictl.model.plan import Action, Step
from cosictl.model.refs import Kind, Ref
from cosictl.model.report import Finding
from cosictl.remedy.guard import CLEANS_NOTHING, has_backend_state
from cosictl.remedy.planners.cleanup_access import ungranted_access, unrevoked
from cosictl.remedy.planners.common import ONE_ID, Known, Proposal, declined, guarded, joined
from cosictl.remedy.planners.parts import LOOK, deletion, finalizer
from cosictl.remedy.planners.repair import REPAIRS, SECRET, Planner
from cosictl.remedy.steps import step_of
from cosictl.remedy.world import World

# Accesses before the claims they name, claims before their Buckets, Secrets last.
_ORDER: Final = (Kind.ACCESS, Kind.CLAIM, Kind.BUCKET, SECRET)
_NO_GRANT: Final = "nothing: its claim was never ready, so no grant was asked for"
_ASK_DRIVER: Final = "give --endpoint (or --pod), so that the driver can be asked"


def plan_cleanup(world: World, refs: Sequence[Ref], known: Known) -> Proposal:
    """Return the steps that end the trouble of objects; accesses first, then claims, Buckets, Secrets."""
    if known.bucket_id and len(refs) > 1:
        return joined(declined(ref, *ONE_ID) for ref in refs)
    proposal = joined(_clean(world, ref, known) for ref in refs)
    steps = sorted(proposal.steps, key=lambda step: _ORDER.index(step.solves.kind))
    return Proposal(steps=tuple(steps), declined=proposal.declined, warnings=proposal.warnings)


def _clean(world: World, ref: Ref, known: Known) -> Proposal:
    if world.item(ref) is None:
        return declined(ref, "it is no Bucket, claim or access")
    found = [item for item in world.report.findings if ref == item.root or ref in item.symptoms]
    found = found or _poisoned(world, ref, known)
    if not found and ref.kind == Kind.ACCESS and any(item.code == "COSI406" for item in world.report.findings):
        return declined(
            ref,
            "it has no finding of its own, but a sidecar dies over some access (COSI406)",
            "cosictl diagnose --logs --previous, which names it; then --even-if-retrying with its name",
        )
    if not found:
        return declined(ref, "nothing is wrong with it")
    for finding in found:
        planner = CLEANUPS.get(finding.code) or REPAIRS.get(finding.code)
        if planner is not None and world.item(finding.root) is not None:
            return planner(world, finding, known)
    return declined(ref, f"{found[0].code} has no clean-up: {found[0].title}", found[0].remedy)


def _poisoned(world: World, ref: Ref, known: Known) -> list[Finding]:
    """A06 without an access to blame: whoever read the crash in the log names the access that is to go."""
    if ref.kind != Kind.ACCESS or ref not in known.even_if_retrying:
        return []
    return [replace(item, root=ref) for item in world.report.findings if item.code == "COSI406"]


def unborn_claim(world: World, finding: Finding, known: Known) -> Proposal:
    """C01, C02, C03: the claim never got a Bucket."""
    claim = world.item(finding.root)
    if not isinstance(claim, Claim):
        return declined(finding.root, "only a claim can be cleaned up here", LOOK)
    if not world.graph.was_read("buckets") or world.graph.bucket_of(claim) is not None:
        return declined(claim.ref, "it has a Bucket, or Buckets could not be read", LOOK)
    return _ordinary(world, claim, finding, known, leaves="nothing: no Bucket was ever made for it")


def uncreated_bucket(world: World, finding: Finding, known: Known) -> Proposal:
    """C04 and its like: the Bucket was never created; its claim is deleted, which takes the Bucket along."""
    bucket = world.item(finding.root)
    if isinstance(bucket, Claim):
        return unborn_claim(world, finding, known)
    if not isinstance(bucket, Bucket) or bucket.meta.deleted is not None:
        return declined(finding.root, "it is being deleted already, or is no Bucket", LOOK)
    if bucket.bucket_id or bucket.ready or BUCKET_PROTECTION in bucket.meta.finalizers:
        return declined(
            bucket.ref,
            f"it was created once (ID {bucket.bucket_id or 'unknown'}): deleting it would reach its data",
            "fix the cause, or cosictl repair where the finding has one",
        )
    leaves = f"may leave bucket {bucket.meta.name}: that no ID is known does not prove that none was made"
    claim = world.graph.claim_of(bucket)
    if claim is not None and claim.meta.deleted is not None:
        return declined(claim.ref, "it was asked to go already, and its Bucket was not", LOOK)
    if claim is not None and world.policy(bucket).name == CLEANS_NOTHING and known.driver and known.bucket_id:
        return _by_driver(world, bucket, claim, finding, known)
    if claim is not None:
        return _ordinary(world, claim, finding, known, leaves=leaves)
    if bucket.claim is not None and not world.graph.was_read("bucketclaims", bucket.claim.namespace):
        return declined(bucket.ref, "whether its claim lives could not be read", "the right to list bucketclaims")
    step = deletion(world, bucket.ref, finding, leaves=leaves)
    return guarded(world, [step], even_if_retrying=known.even_if_retrying)


def _by_driver(world: World, bucket: Bucket, claim: Claim, finding: Finding, known: Known) -> Proposal:
    """D14: no deletion cleans up on this release, so the driver deletes first; then the objects can go."""
    need = f"delete:{known.bucket_id}"
    proof = f"the driver deletes bucket {known.bucket_id} first, or has none of that ID"
    asked = _driver_delete(world, bucket, finding, known.bucket_id)
    gone = [
        deletion(world, ref, finding, solves=finding.root, leaves="nothing, if that is its ID", proof=proof, needs=need)
        for ref in (claim.ref, bucket.ref)
    ]
    return guarded(world, [asked, *gone], even_if_retrying=known.even_if_retrying)


def _ordinary(world: World, claim: Claim, finding: Finding, known: Known, *, leaves: str) -> Proposal:
    """Delete a claim, and before it the accesses that were never granted and would wait for it for ever."""
    waiting = [a for a in world.accesses_of(claim) if a.meta.deleted is None and not has_backend_state(world, a.ref)]
    shared = [a.ref for a in waiting if len(a.claim_names) > 1]
    steps = [
        deletion(world, a.ref, finding, solves=finding.root, leaves=_NO_GRANT) for a in waiting if a.ref not in shared
    ]
    steps.append(deletion(world, claim.ref, finding, solves=finding.root, leaves=leaves))
    warnings = tuple(f"{ref} also names other claims and is left as it is; it will miss {claim.ref}" for ref in shared)
    return guarded(world, steps, even_if_retrying=known.even_if_retrying, warnings=warnings)


def refused_deletion(world: World, finding: Finding, known: Known) -> Proposal:
    """D01: the driver refuses to delete. Retain lets it finish and keeps the data; or the driver is asked again."""
    bucket = world.item(finding.root)
    if not isinstance(bucket, Bucket):
        return declined(finding.root, "it is no Bucket", LOOK)
    if not known.retain and not known.driver:
        return declined(
            bucket.ref,
            f"the driver refuses to delete bucket {bucket.bucket_id or bucket.meta.name}, and its data are at stake",
            "fix what it says; or --retain to let the deletion finish and keep the data (sidecar v0.2.2); or "
            f"--endpoint to ask the driver itself: cosictl probe-driver reproduce bucket/{bucket.meta.name}",
        )
    if not known.retain:
        step = _driver_delete(world, bucket, finding)
        return guarded(world, [step], even_if_retrying=known.even_if_retrying)
    return guarded(world, [_retain(world, bucket, finding)], even_if_retrying=known.even_if_retrying)


def _retain(world: World, bucket: Bucket, finding: Finding) -> Step:
    key = bucket.bucket_id or bucket.meta.name
    return step_of(
        world,
        Action.SET_RETAIN,
        bucket.ref,
        why=finding.title,
        values={"bucket": key, "before": bucket.deletion_policy},
        finding=finding.code,
        remains=f"bucket {key}, with its data",
    )


def claimless(world: World, finding: Finding, known: Known) -> Proposal:
    """D04: the claim is gone. The driver confirms its delete once more, then the finalizers go."""
    bucket = world.item(finding.root)
    if not isinstance(bucket, Bucket):
        return declined(finding.root, "it is no Bucket", LOOK)
    key = bucket.bucket_id
    if bucket.deletion_policy == "Retain":
        return guarded(world, _freed(world, bucket, finding, proof="policy Retain: nothing is deleted", keeps=True))
    if not (known.driver and key):
        return declined(bucket.ref, f"nothing proves that the driver deleted bucket {key or '(no ID)'}", _ASK_DRIVER)
    steps = [_driver_delete(world, bucket, finding), *_freed(world, bucket, finding, needs=(f"delete:{key}",))]
    return guarded(world, steps, even_if_retrying=known.even_if_retrying)


def static_claimless(world: World, finding: Finding, known: Known) -> Proposal:
    """D10: a static Bucket without a claim: Retain first, so that the driver is not asked again, then the finalizer."""
    bucket = world.item(finding.root)
    if not isinstance(bucket, Bucket):
        return declined(finding.root, "it is no Bucket", LOOK)
    steps: list[Step] = []
    if bucket.deletion_policy != "Retain":
        steps.append(
            step_of(
                world,
                Action.SET_RETAIN,
                bucket.ref,
                why="so that the driver is not asked to delete again",
                values={"bucket": bucket.bucket_id, "before": bucket.deletion_policy},
                finding=finding.code,
                leaves="nothing more than now: with policy Delete the driver has deleted the bucket already",
            )
        )
    keeps = bucket.deletion_policy == "Retain"
    steps += _freed(world, bucket, finding, proof="its claim reference is empty: nobody waits for it", keeps=keeps)
    return guarded(world, steps, even_if_retrying=known.even_if_retrying)


def orphan(world: World, finding: Finding, known: Known) -> Proposal:
    """D05: nobody's Bucket. Where it was created, the object goes only with its data kept, and only when asked to."""
    bucket = world.item(finding.root)
    if not isinstance(bucket, Bucket):
        return declined(finding.root, "it is no Bucket", LOOK)
    if not (bucket.bucket_id or bucket.meta.finalizers or bucket.ready):
        return uncreated_bucket(world, finding, known)
    if not known.retain:
        return declined(
            bucket.ref,
            "its claim is gone, and its bucket was created: somebody may still use the data, and this cannot be told "
            "from the cluster",
            "decide about the data; to forget the object and keep them: --retain",
        )
    key = bucket.bucket_id or bucket.meta.name
    steps = [] if bucket.deletion_policy == "Retain" else [_retain(world, bucket, finding)]
    steps.append(deletion(world, bucket.ref, finding, leaves=f"bucket {key}, with its data", remains=f"bucket {key}"))
    then = f"the deletion of {bucket.ref} then stops at COSI304, for want of its claim; the same clean-up ends it"
    return guarded(world, steps, even_if_retrying=known.even_if_retrying, warnings=(then,))


def _driver_delete(world: World, bucket: Bucket, finding: Finding, bucket_id: str = "") -> Step:
    return step_of(
        world,
        Action.DELETE_AT_DRIVER,
        bucket.ref,
        why=finding.title,
        values={"bucket": bucket_id or bucket.bucket_id},
        finding=finding.code,
        leaves="nothing: what the bucket held is gone afterwards",
    )


def _freed(
    world: World, bucket: Bucket, finding: Finding, *, proof: str = "", needs: tuple[str, ...] = (), keeps: bool = False
) -> list[Step]:
    """The steps that free a Bucket; ``keeps``: what it stood for stays in the backend."""
    left = f"bucket {bucket.bucket_id or bucket.existing_id or bucket.meta.name}, with its data" if keeps else ""
    names = [name for name in (BUCKET_ACCESS_BUCKET_PROTECTION, BUCKET_PROTECTION) if name in bucket.meta.finalizers]
    return [
        finalizer(world, bucket.ref, finding, name, bucket.ref, proof=proof, needs=needs, leaves=left) for name in names
    ]


_UNBORN: Final = ("COSI101", "COSI102", "COSI103")
_UNCREATED: Final = (
    *("COSI104", "COSI105", "COSI106", "COSI107", "COSI108", "COSI112", "COSI115", "COSI116", "COSI117", "COSI118"),
)
_UNGRANTED: Final = (
    *("COSI401", "COSI402", "COSI404", "COSI405", "COSI406", "COSI408", "COSI414", "COSI417", "COSI418", "COSI419"),
)

CLEANUPS: Final[Mapping[str, Planner]] = {
    **dict.fromkeys(_UNBORN, unborn_claim),
    **dict.fromkeys(_UNCREATED, uncreated_bucket),
    **dict.fromkeys(_UNGRANTED, ungranted_access),
    "COSI301": refused_deletion,
    "COSI304": claimless,
    "COSI305": orphan,
    "COSI310": static_claimless,
    "COSI410": unrevoked,
    "COSI411": unrevoked,
}
