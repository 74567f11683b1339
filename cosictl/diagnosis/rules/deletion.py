"""Objects that are being deleted (D, and the terminating half of A).

A finalizer that stays is somebody's unfinished work; these rules say whose, and whether anybody still does it.
"""

from collections.abc import Callable

from cosictl.diagnosis.case import Case, Verdict, events_tell, may_lack_patch
from cosictl.diagnosis.service import Service, service_of
from cosictl.knowledge.policies import Effect
from cosictl.model.failures import Cause
from cosictl.model.objects import Access, Bucket, Claim, Stateful
from cosictl.model.report import Evidence, Outlook

BucketRule = Callable[[Case[Bucket]], Verdict | None]
ClaimRule = Callable[[Case[Claim]], Verdict | None]
AccessRule = Callable[[Case[Access]], Verdict | None]


def _done_soon(case: Case[Stateful]) -> Verdict | None:
    """Nothing holds it, or it was only just asked to go."""
    if not case.obj.meta.finalizers:
        return Verdict(outlook=Outlook.RETRYING, basis=("being deleted, and no finalizer holds it",))
    if case.is_just_going and case.failure is None:
        return Verdict(outlook=Outlook.RETRYING, basis=("asked to go less than a minute ago",))
    return None


def bucket_going(case: Case[Bucket]) -> Verdict | None:
    """See :func:`_done_soon`."""
    return _done_soon(case)


def bucket_claim_gone(case: Case[Bucket]) -> Verdict | None:
    """The driver deleted it, but its claim is not there to be freed (v0.2.2 bucket_controller.go:357)."""
    link = case.obj.claim
    if "resource name may not be empty" in case.text and (link is None or not link.name):
        return _failing(case, "COSI310", Outlook.LOOPING)
    gone = case.cause is Cause.KUBE_NOT_FOUND and "bucketclaims." in case.text.lower()
    if not gone or case.graph.claim_of(case.obj) is not None:
        return None
    return _failing(case, "COSI304", Outlook.LOOPING)


def bucket_kept(case: Case[Bucket]) -> Verdict | None:
    """Later v1alpha2 refuses to delete under Retain, or before the claim."""
    if case.text.startswith("will not delete Bucket bound to a non-deleting BucketClaim"):
        return _failing(case, "COSI315", Outlook.PARKED)
    if case.text.startswith("will not delete Bucket with non-delete deletion policy"):
        return _failing(case, "COSI316", Outlook.PARKED)
    return None


def bucket_refused(case: Case[Bucket]) -> Verdict | None:
    """The driver refuses to delete it."""
    return _failing(case, "COSI301", case.by_failure()) if case.failure is not None else None


def bucket_silent(case: Case[Bucket]) -> Verdict:
    """Nobody says anything about the deletion."""
    return _silent(case, case.driver)


def claim_going(case: Case[Claim]) -> Verdict | None:
    """See :func:`_done_soon`; a Bucket that goes already carries what there is to say, however new the request is."""
    bucket = case.graph.bucket_of(case.obj)
    if case.obj.meta.finalizers and bucket is not None and bucket.meta.deleted is not None:
        return None
    return _done_soon(case)


def claim_shared(case: Case[Claim]) -> Verdict | None:
    """Another claim took over its static Bucket (no check, v0.2.2 bucketclaim.go:153)."""
    if not case.obj.existing_bucket:
        return None
    bucket = case.graph.bucket_of(case.obj)
    others = case.graph.claims_by_bucket.get(case.obj.existing_bucket, ())
    rival = next((c for c in others if c.meta.uid != case.obj.meta.uid and c.meta.deleted is None), None)
    if rival is None or (bucket is not None and bucket.claim is not None and bucket.claim.uid == case.obj.meta.uid):
        return None
    return Verdict(
        outlook=Outlook.STALLED,
        basis=(f"{rival.ref} uses the same Bucket and took over its reference; nobody frees this one",),
        code="COSI311",
    )


def claim_waits(case: Case[Claim]) -> Verdict | None:
    """Its Bucket goes first."""
    bucket = case.graph.bucket_of(case.obj)
    if bucket is None:
        return None
    if bucket.meta.deleted is not None:
        return Verdict(outlook=Outlook.WAITING, basis=("its Bucket is being deleted first",), waits_on=bucket.ref)
    if case.failure is not None:
        return _failing(case, "COSI505" if case.cause is Cause.KUBE_FORBIDDEN else "COSI306", case.by_failure())
    if not case.obj.bucket_name:
        return Verdict(
            outlook=Outlook.STALLED,
            basis=(f"Bucket {bucket.meta.name} references it, but its status names none: nobody asks for a deletion",),
            code="COSI303",
            facts={"bucket": bucket.meta.name},
        )
    return Verdict(
        outlook=Outlook.UNKNOWN,
        basis=("being deleted, but its Bucket was never asked to go; a lost notice or a missing controller",),
        code="COSI306",
        candidates=("COSI306", "COSI110"),
        needs=("leases",),
    )


def claim_unbound(case: Case[Claim]) -> Verdict | None:
    """Names no Bucket, so the controller asks for nothing (v0.2.2 bucketclaim.go:104)."""
    if case.obj.bucket_name or case.obj.existing_bucket:
        return None
    if not case.graph.was_read("buckets"):
        return None
    return Verdict(
        outlook=Outlook.STALLED, basis=("its status names no Bucket and none references it",), code="COSI303"
    )


def claim_zombie(case: Case[Claim]) -> Verdict | None:
    """Its Bucket is gone, yet the sidecar goes on creating it (a claim deleted during the first create)."""
    name = case.obj.bucket_name
    for event in case.graph.unattached:
        about = not event.about_name and name and name in event.message
        if about and "failed to update bucket finalizers" in event.message and "not found" in event.message:
            quote = Evidence(text=event.message, source=f"event {event.reason}", at=event.last, quoted=True)
            return Verdict(
                outlook=Outlook.LOOPING,
                basis=("its Bucket is gone while the sidecar still tries to finish creating it",),
                code="COSI307",
                evidence=(quote,),
            )
    return None


def claim_left(case: Case[Claim]) -> Verdict | None:
    """Its Bucket is gone and nobody told it (v0.2.2 bucket_controller.go:282: delete notices are not repeated)."""
    if not case.graph.was_read("buckets"):
        return None
    return Verdict(
        outlook=Outlook.STALLED,
        basis=("its Bucket does not exist any more; the notice that frees it is never repeated",),
        code="COSI302",
        candidates=("COSI302", "COSI307"),
    )


def claim_unread(case: Case[Claim]) -> Verdict:
    """Its Bucket could not be read, and carries the cause."""
    bucket = case.obj.bucket_name or case.obj.existing_bucket or "that references it"
    return Verdict(
        outlook=Outlook.UNKNOWN,
        basis=(f"it waits for Bucket {bucket}, and Buckets could not be read",),
        code="COSI904",
        needs=("buckets",),
    )


def access_going(case: Case[Access]) -> Verdict | None:
    """See :func:`_done_soon`; on v1alpha2 main the request itself goes unnoticed."""
    if not case.alpha1 and case.policy.name == "main-2026-03" and case.obj.meta.finalizers:
        return None
    return _done_soon(case)


def access_unnoticed(case: Case[Access]) -> Verdict | None:
    """v1alpha2 main: a deletionTimestamp on an access wakes nobody (no predicate for it)."""
    if case.alpha1 or case.policy.name != "main-2026-03":
        return None
    return Verdict(
        outlook=Outlook.STALLED,
        basis=("on this release the deletion of an access wakes nobody until the sidecar restarts",),
        code="COSI416",
    )


def access_revoke(case: Case[Access]) -> Verdict | None:
    """The driver refuses to revoke."""
    if case.failure is None or "rpc error" not in case.text:
        return None
    return _failing(case, "COSI410", case.by_failure())


def access_chain_gone(case: Case[Access]) -> Verdict | None:
    """Claim or Bucket is gone, so revoke is never called (v0.2.2 bucketaccess_controller.go:350-360)."""
    if not case.text.startswith(("failed to fetch bucketClaim", "failed to fetch bucket")):
        return None
    return _failing(case, "COSI411", Outlook.LOOPING if case.by_failure() is not Outlook.PARKED else Outlook.PARKED)


def access_secret_gone(case: Case[Access]) -> Verdict | None:
    """Revoked, but its Secret is missing (v0.2.2 bucketaccess_controller.go:373)."""
    if not case.text.startswith('secrets "') or "not found" not in case.text:
        return None
    return _failing(case, "COSI412", Outlook.LOOPING)


def access_other(case: Case[Access]) -> Verdict | None:
    """Any other recorded reason."""
    if case.failure is None:
        return None
    code = "COSI505" if case.cause is Cause.KUBE_FORBIDDEN else "COSI410"
    return _failing(case, code, case.by_failure())


def access_silent(case: Case[Access]) -> Verdict:
    """No record: the Secret step fails silently (v0.2.2 bucketaccess_controller.go:390-397), or the notice was lost."""
    if not case.alpha1 or not case.obj.account_id or not events_tell(case):
        return _silent(case, case.driver)
    served = _unserved(case, case.driver)
    if served is None and case.obj.meta.namespace in case.graph.emptying:
        words = (
            "being deleted without any record, and so is all of COSI in its namespace: where that goes too, its events "
            "are deleted and new ones refused, so that their absence tells nothing"
        )
        return Verdict(
            outlook=Outlook.UNKNOWN,
            basis=(words,),
            code="COSI306",
            candidates=("COSI306", "COSI410", "COSI413"),
        )
    return served or Verdict(
        outlook=Outlook.STALLED,
        basis=("being deleted without any record: after a failed Secret deletion nobody tries again",),
        code="COSI413",
        candidates=("COSI413", "COSI306"),
    )


def _unserved(case: Case[Stateful], driver: str) -> Verdict | None:
    if not driver or service_of(case.graph, driver, case.obj.api) not in {Service.ABSENT, Service.DEAD}:
        return None
    return Verdict(
        outlook=Outlook.STALLED,
        basis=(f"no sidecar serves driver {driver}; nobody finishes the deletion",),
        code="COSI308",
    )


def _silent(case: Case[Stateful], driver: str) -> Verdict:
    served = _unserved(case, driver)
    if served is not None:
        return served
    alive = bool(driver) and service_of(case.graph, driver, case.obj.api) is Service.ALIVE
    told = events_tell(case)
    if alive and told:
        # A lost notice and a call that hangs in the driver leave the same picture: nothing.
        return Verdict(
            outlook=Outlook.UNKNOWN,
            basis=("being deleted, a finalizer holds it, its sidecar is alive and records nothing",),
            code="COSI306",
            candidates=("COSI306", "COSI109"),
        )
    needs = tuple(name for name, missing in (("leases", not alive), ("events", case.alpha1 and not told)) if missing)
    return Verdict(
        outlook=Outlook.UNKNOWN,
        basis=("being deleted, a finalizer holds it, and no record says why",),
        code="COSI306",
        candidates=("COSI306", "COSI308"),
        needs=needs,
    )


def _failing(case: Case[Stateful], code: str, outlook: Outlook) -> Verdict:
    stale = not case.fresh and not (case.alpha1 and may_lack_patch(case)) and outlook is not Outlook.PARKED
    words = f"{case.effect.value} under policy {case.policy.name}"
    return Verdict(
        outlook=Outlook.UNKNOWN if stale else outlook,
        basis=(words, *(("the record is older than a running loop leaves it",) if stale else ())),
        code=code,
        evidence=case.quote(),
        retried=case.effect not in {Effect.STOPS, Effect.NOT_CALLED},
    )


BUCKET_RULES: tuple[BucketRule, ...] = (
    bucket_going,
    bucket_claim_gone,
    bucket_kept,
    bucket_refused,
    bucket_silent,
)
CLAIM_RULES: tuple[ClaimRule, ...] = (
    claim_going,
    claim_shared,
    claim_waits,
    claim_unbound,
    claim_zombie,
    claim_left,
    claim_unread,
)
ACCESS_RULES: tuple[AccessRule, ...] = (
    access_going,
    access_unnoticed,
    access_chain_gone,
    access_secret_gone,
    access_revoke,
    access_other,
    access_silent,
)
