"""A BucketAccess that is not being deleted (A)."""

from collections.abc import Callable

from cosictl.diagnosis.case import Case, Verdict, can_record
from cosictl.diagnosis.rules.logged import held_by_poison, is_named, namesake, poisoned
from cosictl.diagnosis.service import Service, components, service_of
from cosictl.knowledge.policies import Effect
from cosictl.model.failures import Cause, FixBy
from cosictl.model.objects import Access, Claim
from cosictl.model.report import Evidence, Outlook

Rule = Callable[[Case[Access]], Verdict | None]

_MISSING_FIELD = (
    "ServiceAccountName required",
    "CredentialsSecretName not defined",
    "serviceAccountName must be specified",
)
_BAD_ANSWERS = ("AccountId not defined", "Credentials returned in DriverGrantBucketAccessResponse", "granted access")
_MULTI_BUCKET = ("multi-bucket access is disallowed", "driver does not support multi-bucket access")


def ready(case: Case[Access]) -> Verdict | None:
    """Granted."""
    return Verdict(outlook=Outlook.READY, basis=("its status says so",)) if case.obj.ready is True else None


def foreign_secret(case: Case[Access]) -> Verdict | None:
    """v1alpha2: the Secret it names belongs to something else."""
    return _by_failure(case, "COSI419") if "existing access Secret" in case.text else None


def missing_field(case: Case[Access]) -> Verdict | None:
    """Its own spec lacks a field."""
    return _by_failure(case, "COSI404") if _says(case, _MISSING_FIELD) else None


def multi_bucket(case: Case[Access]) -> Verdict | None:
    """v1alpha2: more buckets than class or driver allow."""
    return _by_failure(case, "COSI418") if not case.alpha1 and _says(case, _MULTI_BUCKET) else None


def bad_answer(case: Case[Access]) -> Verdict | None:
    """The driver's answer lacks what the Secret needs."""
    if "rpc error" in case.text or not _says(case, _BAD_ANSWERS):
        return None
    return _by_failure(case, "COSI408")


def claim_missing(case: Case[Access]) -> Verdict | None:
    """Names a claim that does not exist. v1alpha1 records nothing about it until the access is edited."""
    if not case.graph.was_read("bucketclaims", case.obj.meta.namespace):
        return None
    gone = [name for name in case.obj.claim_names if (case.obj.meta.namespace, name) not in case.graph.claims]
    if not gone:
        return None
    had_claim = case.alpha1 and any(f.reason in {"WaitingForBucket", "FailedGrantAccess"} for f in case.failures)
    stopped = case.failure is not None and case.effect is Effect.STOPS
    then = "nothing goes on until it does" if stopped else "it is looked for again and again"
    return Verdict(
        outlook=Outlook.PARKED if stopped else Outlook.LOOPING,
        basis=(f"claim {gone[0]} does not exist in its namespace; {then}",),
        code="COSI414" if had_claim else "COSI402",
        candidates=("COSI414", "COSI402") if had_claim else ("COSI402", "COSI414") if case.alpha1 else (),
        evidence=case.quote(),
        fix_by=FixBy.CLAIM_OWNER,
        facts={"claim": gone[0]},
        retried=not stopped,
    )


def parked(case: Case[Access]) -> Verdict | None:
    """v1alpha2: given up, and nobody tries again."""
    if case.failure is None or case.effect is not Effect.STOPS:
        return None
    return _by_failure(case, "COSI405" if "rpc error" in case.text else "COSI417")


def class_missing(case: Case[Access]) -> Verdict | None:
    """Names a class that does not exist."""
    name = case.obj.class_name
    exists = name in case.graph.access_classes
    if not name or (exists and case.cause is not Cause.CLASS_MISSING):
        return None
    if exists:
        return Verdict(
            outlook=Outlook.RETRYING,
            basis=(f"the recorded error is older than class {name}, which exists now",),
            fix_by=FixBy.NOBODY,
            remedy="Nothing needs to be done: the next try finds the class.",
            code="COSI401",
            evidence=case.quote(),
        )
    if case.cause is not Cause.CLASS_MISSING and not case.graph.was_read("bucketaccessclasses"):
        return None
    return Verdict(
        outlook=Outlook.LOOPING,
        basis=(f"class {name} does not exist; the sidecar looks for it again and again",),
        code="COSI401",
        evidence=case.quote(),
        retried=True,
    )


def waiting(case: Case[Access]) -> Verdict | None:
    """Its claim is not ready: that one carries the cause."""
    held = _held_up_by(case)
    if held is None or (case.cause not in {Cause.WAITING, None} and case.fresh):
        return None
    return Verdict(outlook=Outlook.WAITING, basis=(f"its claim {held.meta.name} is not ready",), waits_on=held.ref)


def prerequisites_met(case: Case[Access]) -> Verdict | None:
    """It still says that it waits, but what it waits for is there.

    Where it says so for longer than a sidecar that lives would leave it, attempts have been made that left no trace.
    """
    if case.cause is not Cause.WAITING or not case.obj.claim_names or not case.fresh:
        return None
    if not case.graph.was_read("bucketclaims", case.obj.meta.namespace):
        return Verdict(
            outlook=Outlook.UNKNOWN,
            basis=("it waits for its claim, and claims could not be read",),
            code="COSI904",
            evidence=case.quote(),
            needs=("bucketclaims",),
        )
    return Verdict(
        outlook=Outlook.RETRYING,
        basis=("what it waited for is ready now; the next attempt can grant it",),
        code="" if case.alpha1 else "COSI205",
        evidence=case.quote(),
    )


def conflict(case: Case[Access]) -> Verdict | None:
    """A write after the grant failed, so the grant is repeated (v0.2.2 bucketaccess_controller.go:241-302)."""
    if case.cause is not Cause.KUBE_CONFLICT:
        return None
    return _by_failure(case, "COSI407")


def forbidden(case: Case[Access]) -> Verdict | None:
    """A role is missing a right, or the namespace is going away."""
    return _by_failure(case, "COSI505") if case.cause is Cause.KUBE_FORBIDDEN else None


def refused(case: Case[Access]) -> Verdict | None:
    """The driver, or a step of the sidecar, refuses."""
    if case.failure is None or not (case.fresh or case.classification is None):
        return None
    candidates = ("COSI405", "COSI505") if case.by_failure() is Outlook.UNKNOWN else ()
    return _by_failure(case, "COSI405", candidates=candidates)


def crash(case: Case[Access]) -> Verdict | None:
    """A sidecar that dies of a nil pointer when grant answers AlreadyExists (v0.2.2 bucketaccess_controller.go:187)."""
    if not case.alpha1 or (case.failure is not None and case.fresh):
        return None
    held = held_by_poison(case) or namesake(case)
    if held is not None or not is_named(case):
        return held
    for sidecar in components(case.graph):
        end = sidecar.container
        if sidecar.match.role != "sidecar" or end.exit_code != 2 or not end.restarts:
            continue
        proven = "nil pointer" in end.exit_text and "bucketaccess" in end.exit_text.lower()
        where = f"{sidecar.pod.meta.namespace}/{sidecar.pod.meta.name}"
        return Verdict(
            outlook=Outlook.LOOPING if proven else Outlook.UNKNOWN,
            basis=(f"sidecar pod {where} ended {end.restarts} times with exit code 2, as after a nil pointer",),
            code="COSI406",
            candidates=() if proven else ("COSI406", "COSI501"),
            evidence=(
                Evidence(text=end.exit_text or "exit code 2", source=f"pod {where}", quoted=bool(end.exit_text)),
            ),
            facts={"pod": sidecar.pod.meta.name, "sidecar_namespace": sidecar.pod.meta.namespace},
        )
    return None


def untouched(case: Case[Access]) -> Verdict:
    """Its claim is ready and nothing (recent) is recorded."""
    if case.is_new:
        return Verdict(outlook=Outlook.RETRYING, basis=("it is less than a minute old",))
    service = service_of(case.graph, case.driver, case.obj.api) if case.driver else Service.UNTOLD
    if service in {Service.ABSENT, Service.DEAD}:
        return Verdict(
            outlook=Outlook.STALLED,
            basis=(f"no sidecar serves driver {case.driver}; nobody works on it",),
            code="COSI111",
        )
    silent = "COSI506" if case.alpha1 and not can_record(case) else "COSI904"
    return Verdict(
        outlook=Outlook.UNKNOWN,
        basis=("its claim is ready, and no recent record says why it is not granted",),
        code=silent,
        candidates=(silent, "COSI406", "COSI111", "COSI112"),
        evidence=case.quote(),
        needs=("leases", "pods"),
    )


def _held_up_by(case: Case[Access]) -> Claim | None:
    """The first of its claims that is not ready (or whose Bucket is not)."""
    for name in case.obj.claim_names:
        claim = case.graph.claims.get((case.obj.meta.namespace, name))
        if claim is None:
            continue
        bucket = case.graph.bucket_of(claim)
        if claim.ready is not True or (bucket is not None and bucket.ready is not True):
            return claim
    return None


def _says(case: Case[Access], starts: tuple[str, ...]) -> bool:
    """Whether COSI itself wrote one of these texts; a driver's own words come after ``rpc error``."""
    own = case.text.partition("rpc error: ")[0]
    return any(words in own for words in starts)


def _by_failure(case: Case[Access], code: str, *, candidates: tuple[str, ...] = ()) -> Verdict:
    return Verdict(
        outlook=case.by_failure(),
        basis=(f"sidecar policy {case.policy.name}: {case.effect.value} on this error",),
        code=code,
        candidates=candidates,
        evidence=case.quote(),
        retried=case.effect is not Effect.STOPS,
    )


RULES: tuple[Rule, ...] = (
    ready,
    poisoned,
    foreign_secret,
    missing_field,
    multi_bucket,
    bad_answer,
    claim_missing,
    parked,
    class_missing,
    waiting,
    prerequisites_met,
    conflict,
    forbidden,
    refused,
    crash,
    untouched,
)
