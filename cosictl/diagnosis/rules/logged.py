"""What a log decides that the objects leave open: which silent loop it is, a call that hangs, a poison access.

Only templates of COSI's own programs and a driver's answer in a field of its own decide here, never words that a name
could hold. Without logs none of these rules speaks.
"""

from datetime import datetime, timedelta

from cosictl.diagnosis.case import Case, Verdict, edit_ends_loop
from cosictl.diagnosis.heard import LOGS, words_of
from cosictl.diagnosis.logs import Poison
from cosictl.diagnosis.service import leases_of
from cosictl.knowledge.policies import Effect
from cosictl.knowledge.proven import PROVEN
from cosictl.model.failures import Carrier, Cause, FixBy, GrpcCode
from cosictl.model.objects import Access, Bucket
from cosictl.model.refs import Api, Ref, Rpc
from cosictl.model.report import Evidence, Outlook

# v0.2.2 bucket_controller.go:140 and :149, as the log has them.
_NIL_RESPONSE = "Internal Error from driver: driverCreateBucket returned a nil response"
_EMPTY_ID = "DriverCreateBucket returned an empty bucketID"
# main ee00c269 sidecar/pkg/reconciler/bucket.go:219
_UNWRITTEN = "failed to update Bucket status"
# Attempts are at most one backoff apart. The client of v1alpha1 (5 requests a second) can hold one up for minutes more.
_HELD_UP = timedelta(minutes=5)


def silent_loop(case: Case[Bucket]) -> Verdict | None:
    """v1alpha1: the answer that is retried without a record (v0.2.2 bucket_controller.go:138-151)."""
    failure = case.failure
    if not case.alpha1 or failure is None or failure.carrier not in LOGS:
        return None
    if failure.carrier is Carrier.SIDECAR_LOG:
        code = {_NIL_RESPONSE: "COSI107", _EMPTY_ID: "COSI108"}.get(failure.text, "")
    else:
        silent = failure.rpc is Rpc.CREATE and case.effect is Effect.SILENT_RETRY
        code = "COSI107" if silent and _answers(case, GrpcCode.ALREADY_EXISTS) else ""
    if not code:
        return None
    old = () if case.fresh else ("the log ends long before the observation",)
    proven = PROVEN.get(code)
    return Verdict(
        outlook=Outlook.LOOPING if case.fresh else Outlook.UNKNOWN,
        basis=(f"sidecar policy {case.policy.name} retries this without recording anything", *old),
        code=code,
        evidence=case.quote(),
        fix_by=FixBy.DRIVER_DEVELOPER,
        title=proven.title if proven is not None else "",
        remedy=proven.remedy if proven is not None else "",
        retried=True,
    )


def status_unwritten(case: Case[Bucket]) -> Verdict | None:
    """v1alpha2: what the driver answers cannot be stored, so nothing of it stands on the object."""
    if case.alpha1 or case.failure is None or case.failure.carrier is not Carrier.SIDECAR_LOG:
        return None
    if not case.text.startswith(_UNWRITTEN) or case.obj.has_status:
        return None
    if case.cause in {Cause.KUBE_CONFLICT, Cause.KUBE_FORBIDDEN}:
        return None
    return Verdict(
        outlook=Outlook.LOOPING,
        basis=("the sidecar's log says that the status cannot be written; the call is repeated for ever",),
        code="COSI117",
        evidence=case.quote(),
        fix_by=FixBy.DRIVER_DEVELOPER,
        retried=True,
    )


def loop_ended(case: Case[Bucket]) -> Verdict | None:
    """Up to v0.2.1: its last attempt failed, and none follows while the sidecar goes on with others (H06)."""
    if not case.alpha1 or not edit_ends_loop(case) or not _is_quiet(case) or case.failure is None:
        return None
    tally = case.heard.sidecar
    if tally is None or tally.begun is None or not _spoke(case, tally.begun):
        return None
    words = "its last attempt failed, and none follows although its sidecar goes on: an edit ends a loop here"
    return Verdict(outlook=Outlook.STALLED, basis=(words,), code="COSI206", evidence=case.quote())


def _is_quiet(case: Case[Bucket]) -> bool:
    """Whether its sidecar goes on with others, and has not begun anything about this one for too long."""
    tally = case.heard.sidecar
    if tally is None or tally.begun is None or tally.until is None or not _is_served(case):
        return False
    return tally.until - tally.begun >= timedelta(seconds=case.policy.backoff.cap) + _HELD_UP


def _is_served(case: Case[Bucket]) -> bool:
    """Whether these logs are of the driver's own sidecar: a v1alpha1 sidecar takes every Bucket up, and passes over it.

    It holds the driver's Lease, or it has tried another Bucket of the driver more than once.
    """
    if not case.alpha1:
        return True
    spoken = case.graph.spoken.traces
    origins = {trace.origin for trace in spoken.get(case.obj.ref, ()) if not trace.text and trace.code is None}
    for lease in leases_of(case.graph, case.driver, case.obj.api):
        place = (lease.meta.namespace, lease.holder_pod)
        if any((origin.namespace, origin.pod) == place for origin in origins):
            return True
    return any(
        trace.origin in origins and trace.attempts > 1 and not trace.text
        for bucket in case.graph.snapshot.buckets
        if bucket.driver.casefold() == case.driver.casefold()
        for trace in spoken.get(bucket.ref, ())
    )


def unanswered(case: Case[Bucket]) -> Verdict | None:
    """Taken up and never come back to, while the sidecar goes on with others: the call hangs (no deadline)."""
    tally = case.heard.sidecar
    if tally is None or tally.begun is None or tally.until is None or not _is_quiet(case):
        return None
    if _spoke(case, tally.begun):
        return None
    begun, until = f"{tally.begun:%H:%M:%SZ}", f"{tally.until:%H:%M:%SZ}"
    basis = (f"taken up at {begun} and not again, while its sidecar worked until {until}",)
    words = "taken up; since then no failure, no answer and no other attempt"
    evidence = (Evidence(text=words, source=tally.where, at=tally.begun),)
    if case.alpha1 and edit_ends_loop(case):
        return Verdict(
            outlook=Outlook.UNKNOWN,
            basis=basis,
            code="COSI206",
            candidates=("COSI206", "COSI109"),
            evidence=(*case.quote(), *evidence),
        )
    return Verdict(outlook=Outlook.STALLED, basis=basis, code="COSI109", evidence=evidence)


def _spoke(case: Case[Bucket], since: datetime) -> bool:
    """Whether anything came of an attempt: a failure, or an answer. Events are stamped to the second."""
    floor = since.replace(microsecond=0)
    heard = case.heard.driver.last if case.heard.driver is not None else None
    moments = [*(failure.last for failure in case.failures), heard]
    return any(moment is not None and moment >= floor for moment in moments)


def answered_ok(case: Case[Bucket]) -> Verdict | None:
    """v1alpha1: the driver answers OK again and again, and the Bucket is not ready: likely no ID in the answer."""
    tally, fine = case.heard.driver, case.heard.answered_ok
    if not case.alpha1 or tally is None or fine is None or tally.attempts < 2 or tally.last != fine:
        return None
    if any(failure.last is not None and failure.last >= fine.replace(microsecond=0) for failure in case.failures):
        return None
    return Verdict(
        outlook=Outlook.UNKNOWN,
        basis=("the driver answers OK to one create after the other, and nothing of it reaches the Bucket",),
        code="COSI108",
        candidates=("COSI108", "COSI113"),
        evidence=(Evidence(text=words_of(tally), source=tally.where, at=tally.last),),
        retried=True,
    )


def poisoned(case: Case[Access]) -> Verdict | None:
    """A sidecar that died over this access (v0.2.2 bucketaccess_controller.go:187), by its log or by the driver's."""
    if not case.alpha1:
        return None
    poison = case.graph.spoken.poison_of(case.obj.ref)
    deadly = case.effect is Effect.CRASHES and case.failure is not None and case.failure.carrier in LOGS
    if poison is not None and not _is_over(case, poison):
        evidence = poison_evidence(poison)
        basis = f"the sidecar died while working on it{_times(poison)}, and takes it up again after every restart"
    elif deadly and case.fresh:
        evidence = case.quote()
        basis = (
            f"grant answered AlreadyExists, of which sidecar policy {case.policy.name} dies, after every restart again"
        )
    else:
        return None
    origin = poison.crash.origin if poison is not None else None
    pod = {"pod": origin.pod, "sidecar_namespace": origin.namespace} if origin is not None and origin.pod else {}
    return Verdict(
        outlook=Outlook.LOOPING,
        basis=(basis,),
        code="COSI406",
        evidence=evidence,
        fix_by=FixBy.ADMIN,
        remedy=PROVEN["COSI406"].remedy,
        commands=PROVEN["COSI406"].commands,
        facts=pod,
        retried=True,
    )


def _is_over(case: Case[Access], poison: Poison) -> bool:
    """Whether the access was answered otherwise after the death: then it is no poison any more."""
    died = poison.crash.at
    later = [f for f in case.failures if f.last is not None and died is not None and f.last > died]
    fine = case.heard.answered_ok
    return any(_is_grant(f.text) for f in later) or (fine is not None and died is not None and fine > died)


def _is_grant(text: str) -> bool:
    return text.startswith("failed to grant bucket access: rpc error: ")


def poison_evidence(poison: Poison) -> tuple[Evidence, ...]:
    """What proves a death, and over what."""
    crash = poison.crash
    where = f"log of {crash.origin.words}"
    quote = Evidence(text=crash.words, source=where, at=crash.at, quoted=True)
    named = f"a BucketAccess called {crash.names.access}" if crash.names.access else "a BucketAccess"
    who = "one of several BucketAccesses" if poison.candidates else named
    who = ref_words(poison.ref) if poison.ref is not None else who
    facts = [Evidence(text=f"the sidecar died while working on {who}{_times(poison)}", source=where, at=crash.at)]
    if poison.candidates:
        names = ", ".join(ref_words(ref) for ref in poison.candidates)
        facts.append(Evidence(text=f"the log does not tell which; it may be {names}", source=where))
    elif poison.ref is not None and not poison.is_known:
        found = "it is not among the objects that were read; its namespace is that of the only claim it can name"
        facts.append(Evidence(text=found, source="the objects"))
    return (quote, *facts)


def ref_words(ref: Ref) -> str:
    """Name an access as a person would."""
    return f"{ref.kind} {ref.namespace}/{ref.name}" if ref.namespace else f"{ref.kind} {ref.name}"


def _times(poison: Poison) -> str:
    return f" {poison.crash.count} times" if poison.crash.count > 1 else ""


def namesake(case: Case[Access]) -> Verdict | None:
    """A sidecar died over one of several accesses, and its log does not tell which."""
    for poison in case.graph.spoken.poisons:
        if case.obj.ref in poison.candidates:
            return Verdict(
                outlook=Outlook.LOOPING,
                basis=("its sidecar dies over one of several accesses; its log does not tell which, the driver's may",),
                code="COSI406",
                evidence=poison_evidence(poison),
            )
    return None


def is_named(case: Case[Access]) -> bool:
    """Whether logs leave it open that a sidecar died over this access: none tells, or one may mean it."""
    poisons = case.graph.spoken.poisons
    return not poisons or any(
        poison.crash.names.access in {"", case.obj.meta.name} or case.obj.ref in (poison.ref, *poison.candidates)
        for poison in poisons
    )


def held_by_poison(case: Case[Bucket] | Case[Access]) -> Verdict | None:
    """Whatever the same sidecar serves stands still for as long as it dies over one access."""
    for poison in case.graph.spoken.poisons:
        item = case.graph.accesses.get((poison.ref.namespace, poison.ref.name)) if poison.ref is not None else None
        cls = case.graph.access_classes.get(item.class_name) if item is not None else None
        if item is None or cls is None or item.ref == case.obj.ref or case.obj.api is not Api.V1ALPHA1:
            continue
        if case.driver and cls.driver.casefold() == case.driver.casefold() and item.ready is not True:
            words = f"its sidecar dies over {ref_words(item.ref)}, again after every restart"
            return Verdict(outlook=Outlook.WAITING, basis=(words,), waits_on=item.ref)
    return None


def _answers(case: Case[Bucket], code: GrpcCode) -> bool:
    return case.classification is not None and case.classification.grpc_code is code
