"""Guards about what one kind of step rests on: asked when it is planned, and again on what is there when it is done.

In and out as in ``guards``: a step and the world, and the reason why not. Pure.
"""

from cosictl.diagnosis.service import Service, service_of
from cosictl.knowledge.finalizers import CLAIM_PROTECTION
from cosictl.model.masking import MASK
from cosictl.model.objects import Bucket, Claim
from cosictl.model.refs import Api
from cosictl.model.report import Certainty
from cosictl.remedy.guard import Refusal, Situation, bucket_behind, moved, no
from cosictl.remedy.world import sidecars_of

SECRET = "Secret"


# Values that are sent or written; what only describes the state before may be masked.
_USED = ("account", "bucket", "object", "original", "parked", "value", "finalizer")


def not_masked(case: Situation) -> Refusal | None:
    """Nothing is done with a value that was masked: an ID that looks like a credential, parameters that hold one."""
    if not any(MASK in case.step.values.get(key, "") for key in _USED):
        return None
    return no(
        "not-masked",
        "an ID or a parameter that the step needs looks like a credential, and was masked where it was read",
        "do this step by hand, with the value as kubectl shows it",
    )


def finding_holds(case: Situation) -> Refusal | None:
    """What the step is to end is still found; what our own earlier steps changed about it is no surprise."""
    step = case.step
    if not step.finding or case.continuing or case.world.item(step.solves) is None:
        return None
    found = {
        code
        for finding in case.world.report.findings
        if step.solves == finding.root or step.solves in finding.symptoms
        for code in (finding.code, *finding.candidates)
    }
    if step.finding in found or _is_poison(case):
        return None
    words = ", ".join(sorted(found)) or "nothing"
    return moved("finding-holds", f"{step.finding} is not found about {step.solves} any more; what is found: {words}")


def _is_poison(case: Situation) -> bool:
    """An access that somebody named because of a crash: the finding is about the Pod that dies."""
    named = case.step.solves in case.even_if_retrying
    return named and any(finding.code == case.step.finding == "COSI406" for finding in case.world.report.findings)


def handed_over(case: Situation) -> Refusal | None:
    """A hand-off is written for a claim whose own Bucket is ready, and has an ID."""
    claim = case.world.item(case.step.target.ref)
    if not isinstance(claim, Claim):
        return None
    if case.step.values.get("field") == "bucketName":
        owned = case.world.graph.buckets_by_claim.get(claim.meta.uid, ())
        if len(owned) == 1:
            return None
        return no("handed-over", f"{len(owned)} Buckets refer to it, and it must be exactly one", _LOOK)
    bucket = case.world.graph.bucket_of(claim)
    if bucket is None:
        return no("handed-over", "its Bucket was not found", _LOOK)
    uid = bucket.claim.uid if bucket.claim is not None else ""
    if uid != claim.meta.uid:
        return no("handed-over", f"{bucket.ref} refers to claim UID {uid or 'none'}, not to this one's", _LOOK)
    if not (bucket.ready and bucket.bucket_id):
        return no("handed-over", f"{bucket.ref} is not ready, or has no bucketID", _LOOK)
    return None


def woken_by_its_own(case: Situation) -> Refusal | None:
    """A v1alpha1 deletion is woken only where its own sidecar acts: every other would act at its own driver."""
    item = case.world.item(case.step.target.ref)
    if item is None or item.meta.deleted is None or item.api is not Api.V1ALPHA1:
        return None
    others = sidecars_of(case.world)
    if others.one:
        return None
    return no(
        "woken-by-its-own",
        f"it is not proven that its own sidecar acts first: {others.words}",
        "every v1alpha1 sidecar acts on the deletions of every driver; let one run only",
    )


def bucket_is_gone(case: Situation) -> Refusal | None:
    """A claim is freed only when its Bucket object is gone; a Secret when no access names it."""
    step = case.step
    item = case.world.item(step.target.ref)
    if isinstance(item, Claim) and (bucket := case.world.graph.bucket_of(item)) is not None:
        return no("bucket-is-gone", f"{bucket.ref} is there, and frees it when it goes", _LOOK)
    if step.target.ref.kind != SECRET or step.solves != step.target.ref:
        return None
    if not case.world.graph.was_read("bucketaccesses", step.target.ref.namespace):
        return no("bucket-is-gone", "whether an access still uses it could not be read", RIGHTS)
    users = [
        access.ref
        for access in case.world.graph.snapshot.accesses
        if access.meta.namespace == step.target.ref.namespace and step.target.ref.name in access.secret_names
    ]
    return no("bucket-is-gone", f"{users[0]} still uses it", "deal with the access first") if users else None


def meant_to_go(case: Situation) -> Refusal | None:
    """A driver is asked to delete only what is not to be kept."""
    bucket = bucket_behind(case.world, case.step.target.ref)
    if bucket is None or bucket.deletion_policy == "Delete":
        return None
    policy = bucket.deletion_policy or "none"
    return no("meant-to-go", f"{bucket.ref} has policy {policy}: its data are to be kept", _LOOK)


def in_nobodys_use(case: Situation) -> Refusal | None:
    """The very ID that a driver is asked to delete is no other Bucket's, and no access was granted on it."""
    key, graph = case.step.values.get("bucket", ""), case.world.graph
    own = bucket_behind(case.world, case.step.target.ref)
    users = [
        bucket.ref
        for bucket in graph.snapshot.buckets
        if key in {bucket.bucket_id, bucket.existing_id} - {""} and (own is None or bucket.meta.uid != own.meta.uid)
    ]
    users += [access.ref for access in graph.snapshot.accesses if key in {entry.bucket_id for entry in access.accessed}]
    if users:
        return no("in-nobodys-use", f"bucket {key} belongs to {users[0]}", "look at the ID again")
    unread = [name for name in ("buckets", "bucketaccesses") if not graph.was_read(name)]
    if unread:
        return no("in-nobodys-use", f"whether bucket {key} is used could not be read: {' and '.join(unread)}", RIGHTS)
    return None


def retain_lets_go(case: Situation) -> Refusal | None:
    """Retain lets a deletion finish on the release where that was seen, and on no other."""
    bucket = case.world.item(case.step.target.ref)
    if not isinstance(bucket, Bucket):
        return None
    if bucket.api is Api.V1ALPHA2:
        return no("retain-lets-go", "on v1alpha2 a Bucket with policy Retain is not deleted at all (COSI316)")
    choice = case.world.policies.choice(bucket.api, bucket.driver)
    is_assumed = choice.certainty is Certainty.DEFAULT
    if choice.policy == "v0.2.2" and not is_assumed:
        return None
    found = f"that {choice.policy} runs here is only assumed" if is_assumed else f"here runs {choice.policy}"
    words = f"Retain is known to let a deletion finish on sidecar v0.2.2 alone; {found} ({choice.why})"
    return no("retain-lets-go", words, "find out which release runs: cosictl sidecars")


def somebody_frees(case: Situation) -> Refusal | None:
    """A v1alpha1 claim is freed by a sidecar alone: deleted while none lives, it would hang for ever."""
    item = case.world.item(case.step.target.ref)
    if not isinstance(item, Claim) or item.api is not Api.V1ALPHA1 or CLAIM_PROTECTION not in item.meta.finalizers:
        return None
    found = sidecars_of(case.world)
    if found.unread or found.pods or found.leases:
        return None
    if service_of(case.world.graph, case.world.driver(item.ref), item.api) is Service.UNTOLD:
        return None
    return no(
        "somebody-frees",
        "no sidecar lives in the whole cluster, and only a sidecar frees a claim: it would stay terminating",
        "start a sidecar first; any of v1alpha1 frees it",
    )


def needed_by_nobody(case: Situation) -> Refusal | None:
    """The last record of a bucket's ID stays while an access needs it to be revoked."""
    item = case.world.item(case.step.target.ref)
    if not isinstance(item, Bucket) or item.claim is None:
        return None
    graph = case.world.graph
    if not graph.was_read("bucketaccesses", item.claim.namespace):
        return no("needed-by-nobody", "whether an access still needs it could not be read", RIGHTS)
    users = [
        access.ref
        for access in case.world.accesses_by_name(item.claim.namespace, item.claim.name)
        if access.ready or access.account_id
    ]
    if not users:
        return None
    return no("needed-by-nobody", f"{users[0]} was granted on it, and needs its ID to be revoked", "revoke it first")


_LOOK = "cosictl diagnose says what it waits for"
RIGHTS = "the right to list buckets, bucketclaims and bucketaccesses of the whole cluster"
