"""A Bucket that is not being deleted: creation (C) and its part of the hand-off (H)."""

from collections.abc import Callable

from cosictl.diagnosis.case import Case, Verdict, edit_ends_loop, may_lack_patch
from cosictl.diagnosis.rules.logged import (
    answered_ok,
    held_by_poison,
    loop_ended,
    silent_loop,
    status_unwritten,
    unanswered,
)
from cosictl.diagnosis.rules.silence import silent_bucket
from cosictl.knowledge.annotations import QUARANTINED_DRIVER
from cosictl.knowledge.policies import Effect
from cosictl.model.copying import replace
from cosictl.model.failures import Cause
from cosictl.model.objects import Bucket, BucketClass
from cosictl.model.report import Outlook

_READY = Verdict(outlook=Outlook.READY, basis=("its status says so",))

Rule = Callable[[Case[Bucket]], Verdict | None]

_NO_CLASS = ("BucketClassName not defined for Bucket", "bucketclasses.objectstorage.k8s.io ")
_BAD_ANSWERS = ("created bucket ID missing", "existing bucket ID missing", "created bucket protocol response missing")
_PROTOCOLS = (
    "does not support protocols",
    "required protocols missing",
    "supports no protocols",
    "parse protocol list",
)


def ready(case: Case[Bucket]) -> Verdict | None:
    """In its desired state. v1alpha1 also needs the ID: a status set by hand lacks it."""
    if case.obj.ready is not True or (case.alpha1 and not case.obj.bucket_id):
        return None
    return _READY


def ready_without_id(case: Case[Bucket]) -> Verdict | None:
    """A v1alpha1 sidecar skips a Bucket whose status says ready (v0.2.2 bucket_controller.go:90), ID or not."""
    if case.obj.ready is not True:
        return None
    return Verdict(
        outlook=Outlook.STALLED,
        basis=("its status says ready but holds no bucketID; the sidecar skips such a Bucket, accesses cannot use it",),
        code="COSI202",
    )


def quarantined(case: Case[Bucket]) -> Verdict | None:
    """Taken out of the sidecar's reach on purpose; an annotation alone, with its old driver back, is none."""
    original = case.obj.meta.annotations.get(QUARANTINED_DRIVER)
    if original is None or case.driver.casefold() == original.casefold():
        return None
    return Verdict(
        outlook=Outlook.PARKED,
        basis=(f"quarantined: its driver {original} was replaced by {case.driver}, which no sidecar serves",),
        code="COSI603",
    )


def wrong_static_class(case: Case[Bucket]) -> Verdict | None:
    """A static v1alpha1 Bucket still needs a class (v0.2.2 bucket_controller.go:79,108)."""
    if not case.alpha1 or not case.obj.existing_id or not case.text.startswith(_NO_CLASS):
        return None
    return _by_failure(case, "COSI204")


def backend_bucket_missing(case: Case[Bucket]) -> Verdict | None:
    """A static v1alpha2 Bucket whose backend bucket the driver cannot find."""
    if case.alpha1 or not case.obj.existing_id or not case.text.startswith("waiting for backend bucket"):
        return None
    return _by_failure(case, "COSI204")


def claim_gone(case: Case[Bucket]) -> Verdict | None:
    """Create succeeded, but its claim is not there to be told (v0.2.2 bucket_controller.go:162)."""
    if case.cause is not Cause.KUBE_NOT_FOUND or "bucketclaims." not in case.text.lower():
        return None
    if case.graph.claim_of(case.obj) is not None:
        return None
    return _by_failure(case, "COSI305")


def write_refused(case: Case[Bucket]) -> Verdict | None:
    """The driver did its part; the sidecar cannot write it down (v0.2.2 bucket_controller.go:178-195)."""
    if not case.text.startswith(("failed to update bucket finalizers", "failed to update bucket status")):
        return None
    return _by_failure(case, "COSI113")


def forbidden(case: Case[Bucket]) -> Verdict | None:
    """A role is missing a right."""
    return _by_failure(case, "COSI505") if case.cause is Cause.KUBE_FORBIDDEN else None


def bad_answer(case: Case[Bucket]) -> Verdict | None:
    """v1alpha2: the driver answered OK without what it must say."""
    if case.alpha1 or not case.text.startswith(_BAD_ANSWERS):
        return None
    return _by_failure(case, "COSI108")


def protocol(case: Case[Bucket]) -> Verdict | None:
    """v1alpha2: asks for a protocol the driver lacks."""
    if case.alpha1 or not any(words in case.text for words in _PROTOCOLS) or "rpc error" in case.text:
        return None
    return _by_failure(case, "COSI116")


def parked(case: Case[Bucket]) -> Verdict | None:
    """The policy stops after this error: nobody tries again."""
    return _by_failure(case, "COSI115") if case.failure is not None and case.effect is Effect.STOPS else None


# Controllers since v0.2.2 and all of v1alpha2 leave the class out of the name (v0.2.2 bucketclaim.go:187).
_FIXED_NAME = (
    "Compare the name with the backend's own rules for names. If it breaks one, the driver has to map it to a name "
    "that is allowed; if it breaks none, the message hides another cause, which the driver's log may tell."
)


def invalid_name(case: Case[Bucket]) -> Verdict | None:
    """The name itself can never be valid; the Bucket's name is fixed for ever."""
    if case.cause is not Cause.INVALID_NAME:
        return None
    name, link = case.obj.meta.name, case.obj.claim
    words = f"its name has {len(name)} characters"
    made_from_uid = link is not None and bool(link.uid) and name in {f"bucket-{link.uid}", f"bc-{link.uid}"}
    if not made_from_uid:
        return _by_failure(case, "COSI106", words)
    verdict = _by_failure(case, "COSI106", f"{words}, made from the claim's UID alone: no class can change it")
    return replace(verdict, remedy=_FIXED_NAME)


def copied_class(case: Case[Bucket]) -> Verdict | None:
    """The class was corrected, but parameters and driver were copied at creation (v0.2.2 bucketclaim.go:192-196)."""
    cls = case.graph.classes.get(case.obj.class_name or _class_of_claim(case))
    if case.classification is None or case.classification.retryable is True or cls is None or _same(case.obj, cls):
        return None
    return _by_failure(case, "COSI118", f"its parameters differ from those its class {cls.meta.name} has now")


def transient(case: Case[Bucket]) -> Verdict | None:
    """The backend or the network may recover."""
    if case.classification is None or case.classification.retryable is not True:
        return None
    return _by_failure(case, "COSI105")


def final(case: Case[Bucket]) -> Verdict | None:
    """The same request can never succeed, and is repeated."""
    if case.classification is None or case.classification.retryable is not False:
        return None
    return _by_failure(case, "COSI104")


def undecided(case: Case[Bucket]) -> Verdict | None:
    """The text does not tell whether waiting helps."""
    if case.classification is None:
        return None
    return _by_failure(case, "COSI104", candidates=("COSI104", "COSI105"))


def _by_failure(case: Case[Bucket], code: str, *more: str, candidates: tuple[str, ...] = ()) -> Verdict:
    """The verdict the newest failure gives, weakened where the record is too old for a loop that still runs."""
    outlook = case.by_failure()
    basis = (_policy_words(case), *more)
    retried = case.effect in {Effect.RETRIES, Effect.SILENT_RETRY, Effect.CRASHES}
    if case.fresh:
        return Verdict(
            outlook=outlook, basis=basis, code=code, candidates=candidates, evidence=case.quote(), retried=retried
        )
    if case.alpha1 and may_lack_patch(case) and not edit_ends_loop(case):
        words = "the event was never renewed: a role without patch on events freezes it while the loop goes on"
        return Verdict(
            outlook=outlook,
            basis=(*basis, words),
            code=code,
            candidates=candidates,
            evidence=case.quote(),
            retried=True,
        )
    silent = silent_bucket(case)
    if silent.outlook is Outlook.STALLED:
        return silent
    ended = ("COSI206",) if edit_ends_loop(case) else ()
    words = "the record is older than a running loop leaves it: the loop ended, went silent, or its sidecar is gone"
    return Verdict(
        outlook=Outlook.UNKNOWN,
        basis=(*basis, words),
        code=ended[0] if ended else code,
        candidates=tuple(dict.fromkeys((*ended, code, *silent.candidates))),
        evidence=case.quote(),
        needs=silent.needs,
        retried=not ended,
    )


def _policy_words(case: Case[Bucket]) -> str:
    code = case.classification.grpc_code if case.classification is not None else None
    what = f"code {code.value}" if code is not None else "this error"
    return f"sidecar policy {case.policy.name}: {case.effect.value} on {what}"


def _class_of_claim(case: Case[Bucket]) -> str:
    """A v1alpha2 Bucket does not say its class; its claim does."""
    claim = case.graph.claim_of(case.obj)
    return claim.class_name if claim is not None else ""


def _same(bucket: Bucket, cls: BucketClass) -> bool:
    return dict(bucket.parameters) == dict(cls.parameters) and bucket.driver == cls.driver


def untouched(case: Case[Bucket]) -> Verdict | None:
    """Nothing was recorded: new, silently retried, or served by nobody."""
    if case.is_new:
        return Verdict(outlook=Outlook.RETRYING, basis=("it is less than a minute old",))
    return held_by_poison(case) or silent_bucket(case)


RULES: tuple[Rule, ...] = (
    ready,
    ready_without_id,
    quarantined,
    silent_loop,
    status_unwritten,
    loop_ended,
    unanswered,
    answered_ok,
    wrong_static_class,
    backend_bucket_missing,
    claim_gone,
    write_refused,
    forbidden,
    bad_answer,
    protocol,
    parked,
    invalid_name,
    copied_class,
    transient,
    final,
    undecided,
    untouched,
)
