"""A BucketClaim that is not being deleted: creation (C) and the readiness hand-off (H)."""

from collections.abc import Callable

from cosictl.diagnosis.case import NEW, Case, Verdict
from cosictl.diagnosis.service import Service, controller_service
from cosictl.knowledge.policies import Effect
from cosictl.model.failures import Cause, FixBy
from cosictl.model.objects import Bucket, Claim
from cosictl.model.report import Outlook

_READY = Verdict(outlook=Outlook.READY, basis=("its status and its Bucket say so",))

Rule = Callable[[Case[Claim]], Verdict | None]

_MISMATCH = (
    "bound Bucket does not match",
    "unbound Bucket does not match",
    "dynamic Bucket is malformed",
    "unrecoverable degradation: boundBucketName",
)


def unbound_ready(case: Case[Claim]) -> Verdict | None:
    """Ready, but names no Bucket: nothing writes the name later."""
    if case.obj.ready is not True or case.obj.bucket_name:
        return None
    return Verdict(
        outlook=Outlook.STALLED,
        basis=("status says ready and names no Bucket; nothing repeats that step",),
        code="COSI203",
    )


def ready(case: Case[Claim]) -> Verdict | None:
    """Ready, and its Bucket bears it out (or could not be read)."""
    if case.obj.ready is not True:
        return None
    bucket = case.graph.buckets.get(case.obj.bucket_name)
    if bucket is None:
        return _ready_without_bucket(case)
    if bucket.meta.deleted is not None or (bucket.ready is not True):
        return Verdict(
            outlook=Outlook.WAITING, basis=("its status says ready, its Bucket is not",), waits_on=bucket.ref
        )
    return _READY


def _ready_without_bucket(case: Case[Claim]) -> Verdict:
    if not case.graph.was_read("buckets"):
        return Verdict(
            outlook=Outlook.READY, basis=("its status says so; its Bucket could not be read",), needs=("buckets",)
        )
    if case.alpha1:
        return Verdict(
            outlook=Outlook.UNKNOWN,
            basis=("its status says ready, but its Bucket does not exist; a v0.2.2 controller makes a new, empty one",),
            code="COSI312",
        )
    return Verdict(outlook=Outlook.PARKED, basis=("bound to a Bucket that does not exist",), code="COSI317")


def bound_bucket_missing(case: Case[Claim]) -> Verdict | None:
    """v1alpha2: bound for ever to a Bucket that is gone."""
    name = case.obj.bucket_name
    if case.alpha1 or not name or name in case.graph.buckets or not case.graph.was_read("buckets"):
        return None
    stopped = case.effect is Effect.STOPS
    words = "nobody tries again" if stopped else "the recorded error is still the older one, the next attempt parks it"
    return Verdict(
        outlook=Outlook.PARKED if stopped else Outlook.LOOPING,
        basis=(f"bound to Bucket {name}, which does not exist; {words}",),
        code="COSI317",
        evidence=case.quote(),
    )


def mismatch(case: Case[Claim]) -> Verdict | None:
    """v1alpha2: claim and Bucket do not belong together."""
    if case.alpha1 or not case.text.startswith(_MISMATCH):
        return None
    return _by_failure(case, "COSI318")


def static_bucket_missing(case: Case[Claim]) -> Verdict | None:
    """Names an existing Bucket that is not there. Later v1alpha2 controllers wait for it silently."""
    name = case.obj.existing_bucket
    if not name or name in case.graph.buckets:
        return None
    if not case.graph.was_read("buckets"):
        return None if case.failure is None else _by_failure(case, "COSI103")
    return Verdict(
        outlook=Outlook.LOOPING,
        basis=(f"it asks for Bucket {name}, which does not exist; the controller looks for it again and again",),
        code="COSI103",
        evidence=case.quote(),
        fix_by=FixBy.ADMIN,
    )


def linked(case: Case[Claim]) -> Verdict | None:
    """There is a Bucket: either it is not ready (wait for it), or the news never arrived."""
    bucket = case.graph.bucket_of(case.obj)
    if bucket is None:
        return None
    if bucket.ready is not True or bucket.meta.deleted is not None or (case.alpha1 and not bucket.bucket_id):
        return Verdict(outlook=Outlook.WAITING, basis=("its Bucket is not ready",), waits_on=bucket.ref)
    if case.cause is Cause.KUBE_CONFLICT and case.fresh:
        return Verdict(outlook=Outlook.RETRYING, basis=("a write conflict, which the next attempt resolves",))
    return _handed_off(case, bucket)


def _handed_off(case: Case[Claim], bucket: Bucket) -> Verdict:
    if case.effect is Effect.STOPS and case.failure is not None:
        return _by_failure(case, "COSI116")
    if not case.alpha1:
        return Verdict(
            outlook=Outlook.RETRYING,
            basis=("its Bucket is ready; the controller looks again within 1000 s",),
            code="COSI205",
            evidence=case.quote(),
        )
    if case.is_new:
        return Verdict(outlook=Outlook.RETRYING, basis=("its Bucket is ready and it is less than a minute old",))
    return Verdict(
        outlook=Outlook.STALLED,
        basis=(f"Bucket {bucket.meta.name} is ready with ID, the claim was never told; nothing repeats the hand-off",),
        code="COSI201",
    )


def class_missing(case: Case[Claim]) -> Verdict | None:
    """Asks for a class that does not exist, or for none."""
    obj = case.obj
    if obj.bucket_name or obj.existing_bucket:
        return None
    if not obj.class_name:
        return Verdict(
            outlook=Outlook.PARKED if case.effect is Effect.STOPS else Outlook.LOOPING,
            basis=("its spec names neither a class nor an existing Bucket",),
            code="COSI102",
            evidence=case.quote(),
            retried=case.effect is not Effect.STOPS,
        )
    exists = obj.class_name in case.graph.classes
    if exists and case.cause is Cause.CLASS_MISSING:
        return Verdict(
            outlook=Outlook.RETRYING,
            basis=(f"the recorded error is older than class {obj.class_name}, which exists now",),
            fix_by=FixBy.NOBODY,
            remedy="Nothing needs to be done: the next try finds the class.",
            code="COSI101",
            evidence=case.quote(),
        )
    if exists or (case.cause is not Cause.CLASS_MISSING and not case.graph.was_read("bucketclasses")):
        return None
    return Verdict(
        outlook=Outlook.LOOPING,
        basis=(f"class {obj.class_name} does not exist; the controller looks for it again and again",),
        code="COSI101",
        evidence=case.quote(),
        retried=True,
    )


def protocols(case: Case[Claim]) -> Verdict | None:
    """v1alpha2: the provisioned Bucket offers nothing the claim asked for."""
    return _by_failure(case, "COSI116") if case.text.startswith("provisioned Bucket supports no protocols") else None


def forbidden(case: Case[Claim]) -> Verdict | None:
    """The controller lacks a right, or the namespace is going away."""
    return _by_failure(case, "COSI505") if case.cause is Cause.KUBE_FORBIDDEN else None


def other_failure(case: Case[Claim]) -> Verdict | None:
    """Any other recorded error of the controller."""
    if case.failure is None or not case.fresh:
        return None
    if "could not find the requested resource" in case.text:
        return _by_failure(case, "COSI503")
    if case.cause is Cause.CREDENTIALS:
        return _by_failure(case, "COSI505")
    codes = {Outlook.RETRYING: "", Outlook.PARKED: "COSI115"}
    return _by_failure(case, codes.get(case.by_failure(), "COSI104"))


def bucket_unread(case: Case[Claim]) -> Verdict | None:
    """Its Bucket carries the cause and could not be read."""
    if not case.obj.bucket_name or case.graph.was_read("buckets"):
        return None
    return Verdict(
        outlook=Outlook.UNKNOWN,
        basis=(f"its Bucket {case.obj.bucket_name} could not be read, and carries the cause",),
        code="COSI904",
        needs=("buckets",),
    )


def untouched(case: Case[Claim]) -> Verdict | None:
    """No Bucket, no record: new, in a long queue, or no controller."""
    if case.is_new:
        return Verdict(outlook=Outlook.RETRYING, basis=("it is less than a minute old",))
    service = controller_service(case.graph, case.obj.api)
    if service in {Service.DEAD, Service.ABSENT}:
        return Verdict(
            outlook=Outlook.STALLED, basis=("no controller holds its lease; nobody works on claims",), code="COSI110"
        )
    if service is Service.TAKEOVER:
        return Verdict(outlook=Outlook.RETRYING, basis=("the controller's lease ran out minutes ago",), code="COSI504")
    if in_queue(case):
        return Verdict(
            outlook=Outlook.RETRYING,
            basis=("older claims were served minutes ago, and it stands in a long line of untouched ones",),
            code="COSI114",
        )
    needs = ("leases",) if service is Service.UNTOLD else ()
    if case.alpha1 and not case.graph.was_read("events", case.obj.meta.namespace):
        needs = (*needs, "events")
    return Verdict(
        outlook=Outlook.UNKNOWN,
        basis=("it has no Bucket, and no record says why",),
        code="COSI110",
        candidates=("COSI110", "COSI503", "COSI904"),
        needs=needs,
    )


_LONG_LINE = 100


def in_queue(case: Case[Claim]) -> bool:
    """Whether claims are served in order and this one simply is not reached yet.

    v1alpha1 components write 5 requests a second (300 claims took nine minutes): a long line of untouched claims,
    this one younger than every served one, of which the youngest was made within the last ten minutes.
    """
    created = case.obj.meta.created
    queue = case.graph.queues[case.obj.api]
    if not case.alpha1 or created is None or queue.untouched < _LONG_LINE:
        return False
    recent = case.now.timestamp() - queue.served_last <= 10 * NEW.total_seconds()
    return recent and created.timestamp() >= queue.served_last


def _by_failure(case: Case[Claim], code: str) -> Verdict:
    words = f"recorded by the controller; {case.effect.value} on this error"
    return Verdict(
        outlook=case.by_failure(),
        basis=(words,),
        code=code,
        evidence=case.quote(),
        retried=case.effect is not Effect.STOPS,
    )


RULES: tuple[Rule, ...] = (
    unbound_ready,
    ready,
    bound_bucket_missing,
    mismatch,
    protocols,
    static_bucket_missing,
    linked,
    class_missing,
    forbidden,
    other_failure,
    bucket_unread,
    untouched,
)
