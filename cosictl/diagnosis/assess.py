"""One verdict per object: gather its case, ask the rules in order, and put times to the answer."""

from collections.abc import Callable, Sequence
from datetime import datetime

from cosictl.diagnosis.backoff import estimate
from cosictl.diagnosis.case import Case, T, Verdict, gather
from cosictl.diagnosis.graph import Graph
from cosictl.diagnosis.policy import Policies
from cosictl.diagnosis.rules import access, bucket, claim, deletion
from cosictl.knowledge.annotations import MARK, QUARANTINED_DRIVER
from cosictl.model.objects import Access, Bucket, Claim
from cosictl.model.report import Assessment, Flag, Outlook


def assess_bucket(graph: Graph, policies: Policies, obj: Bucket) -> tuple[Assessment, Verdict]:
    """The verdict on a Bucket."""
    case = gather(graph, policies, obj, driver=obj.driver)
    rules = deletion.BUCKET_RULES if obj.meta.deleted is not None else bucket.RULES
    verdict = _first(rules, case)
    orphaned = (Flag.ORPHANED,) if is_orphaned(graph, obj) else ()
    return _assessment(case, verdict, orphaned), verdict


def assess_claim(graph: Graph, policies: Policies, obj: Claim) -> tuple[Assessment, Verdict]:
    """The verdict on a BucketClaim."""
    case = gather(graph, policies, obj, driver=driver_of_claim(graph, obj))
    rules = deletion.CLAIM_RULES if obj.meta.deleted is not None else claim.RULES
    verdict = _first(rules, case)
    return _assessment(case, verdict), verdict


def assess_access(graph: Graph, policies: Policies, obj: Access) -> tuple[Assessment, Verdict]:
    """The verdict on a BucketAccess."""
    case = gather(graph, policies, obj, driver=driver_of_access(graph, obj))
    rules = deletion.ACCESS_RULES if obj.meta.deleted is not None else access.RULES
    verdict = _first(rules, case)
    return _assessment(case, verdict), verdict


def driver_of_claim(graph: Graph, obj: Claim) -> str:
    """The driver a claim's Bucket is (or would be) served by; empty where nothing tells."""
    own = graph.bucket_of(obj)
    if own is not None:
        return own.driver
    cls = graph.classes.get(obj.class_name)
    return cls.driver if cls is not None else ""


def driver_of_access(graph: Graph, obj: Access) -> str:
    """The driver an access is granted by: status.driverName, else its class's; empty where nothing tells."""
    cls = graph.access_classes.get(obj.class_name)
    return obj.driver or (cls.driver if cls is not None else "")


def is_orphaned(graph: Graph, obj: Bucket) -> bool:
    """Whether the claim a Bucket names is gone. Claims that could not be read make no orphans."""
    link = obj.claim
    if link is None or not link.name or not graph.was_read("bucketclaims", link.namespace):
        return False
    return graph.claim_of(obj) is None


def _first(rules: Sequence[Callable[[Case[T]], Verdict | None]], case: Case[T]) -> Verdict:
    for rule in rules:
        verdict = rule(case)
        if verdict is not None:
            return verdict
    message = f"the last rule for {case.obj.ref.kind} must always answer"
    raise AssertionError(message)


def _assessment(case: Case[T], verdict: Verdict, more_flags: tuple[Flag, ...] = ()) -> Assessment:
    obj, failure = case.obj, case.failure
    told = verdict.outlook is not Outlook.READY
    attempts = next_try = None
    if failure is not None and told and verdict.waits_on is None:
        attempts, next_try = failure.count, None
        if verdict.retried:
            # status.error keeps only the last attempt; the first cannot be before the object was made.
            first = failure.first or (obj.meta.deleted or obj.meta.created)
            backoff = case.policy.backoff
            guess = estimate(
                first=first, last=failure.last, count=failure.count, now=case.now, base=backoff.base, cap=backoff.cap
            )
            attempts, next_try = guess.attempts, guess.next_try
    return Assessment(
        ref=obj.ref,
        uid=obj.meta.uid,
        api=obj.api,
        outlook=verdict.outlook,
        basis=verdict.basis,
        flags=(*_flags(case, verdict), *more_flags),
        failure=failure,
        classification=case.classification,
        since=_since(case) if told else None,
        attempts=attempts,
        next_try=next_try,
        waits_on=verdict.waits_on,
        policy=case.policy.name,
        driver=case.driver,
    )


def _flags(case: Case[T], verdict: Verdict) -> tuple[Flag, ...]:
    meta = case.obj.meta
    if meta.deleted is None and case.failure is None and not meta.annotations:
        return ()
    stale = verdict.outlook is Outlook.READY and case.failure is not None
    facts = (
        (Flag.TERMINATING, meta.deleted is not None),
        (Flag.STALE_ERROR, stale),
        (Flag.MARKED, MARK in meta.annotations),
        (Flag.QUARANTINED, QUARANTINED_DRIVER in meta.annotations),
    )
    return tuple(flag for flag, holds in facts if holds)


def _since(case: Case[T]) -> datetime | None:
    """When the present state began, as far as can be seen: deletion, first failure, creation."""
    if case.obj.meta.deleted is not None:
        return case.obj.meta.deleted
    first = [failure.first for failure in case.failures if failure.first is not None]
    return min(first, default=case.obj.meta.created)
