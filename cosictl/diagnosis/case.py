"""What is known about one object, gathered for the rules; and the verdict a rule gives."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Generic, TypeVar

from msgspec import Struct, field

from cosictl.diagnosis.graph import Graph
from cosictl.diagnosis.heard import LOGS, Heard, heard_of
from cosictl.diagnosis.outlook import outlook_of
from cosictl.diagnosis.policy import Policies, effect_on
from cosictl.diagnosis.service import components
from cosictl.knowledge.policies import EditEffect, Effect, Policy, Records
from cosictl.model.failures import Cause, Classification, Failure, FixBy, GrpcCode
from cosictl.model.objects import Access, Stateful
from cosictl.model.refs import Api, Ref, Rpc
from cosictl.model.report import Evidence, Outlook

# Younger than this, an object without a trace is simply new: the first attempt of a healthy component takes
# seconds, and the slowest measured hand-off race shows within one.
NEW = timedelta(seconds=60)

T = TypeVar("T", bound=Stateful)
T_co = TypeVar("T_co", bound=Stateful, covariant=True)


class Verdict(Struct, frozen=True, kw_only=True, gc=False):
    """What one rule concludes about one object.

    ``code`` is the finding it raises ("" for none), ``candidates`` the codes the evidence cannot tell apart,
    ``waits_on`` the object that carries the cause, ``needs`` the resources that would have told more, ``facts``
    fill the commands of the finding, ``fix_by``, ``title`` and ``remedy`` override the catalogue's; ``commands`` are
    templates that go before its own.
    """

    outlook: Outlook
    basis: tuple[str, ...]
    code: str = ""
    candidates: tuple[str, ...] = ()
    waits_on: Ref | None = None
    needs: tuple[str, ...] = ()
    evidence: tuple[Evidence, ...] = ()
    fix_by: FixBy | None = None
    title: str = ""
    remedy: str = ""
    commands: tuple[str, ...] = ()
    facts: Mapping[str, str] = field(default_factory=dict)
    retried: bool = False


class Case(Struct, Generic[T_co], frozen=True, kw_only=True, gc=False):
    """One object with everything the rules may look at.

    ``failure`` is the newest record about the object, ``classification`` what it means, ``effect`` what the
    policy does after it, ``fresh`` whether a loop that is still running could have left it as it is. ``heard`` is what
    logs say, nothing where none were read.
    """

    graph: Graph
    policies: Policies
    obj: T_co
    driver: str
    policy: Policy
    failures: tuple[Failure, ...]
    failure: Failure | None
    classification: Classification | None
    effect: Effect
    fresh: bool
    heard: Heard = field(default_factory=Heard)

    @property
    def now(self) -> datetime:
        """The moment of the observation."""
        return self.graph.snapshot.taken_at

    @property
    def alpha1(self) -> bool:
        """Whether the object is v1alpha1."""
        return self.obj.api is Api.V1ALPHA1

    @property
    def text(self) -> str:
        """The newest failure text, or nothing."""
        return self.failure.text if self.failure is not None else ""

    @property
    def cause(self) -> Cause | None:
        """The cause of the newest failure."""
        return self.classification.cause if self.classification is not None else None

    @property
    def age(self) -> timedelta:
        """How old the object is; an unknown age counts as old, so that nothing is excused by it."""
        created = self.obj.meta.created
        return self.now - created if created is not None else timedelta(days=1)

    @property
    def is_new(self) -> bool:
        """Whether the object is too young for an absence of traces to mean anything."""
        return self.age < NEW and self.graph.knows_now

    @property
    def terminating_for(self) -> timedelta:
        """How long the object has been terminating (zero when it is not)."""
        deleted = self.obj.meta.deleted
        return max(timedelta(0), self.now - deleted) if deleted is not None else timedelta(0)

    @property
    def is_just_going(self) -> bool:
        """Whether its deletion was asked for too short a time ago for an absence of traces to mean anything."""
        return self.terminating_for < NEW and self.graph.knows_now

    def by_failure(self) -> Outlook:
        """The outlook that the newest failure and the policy give."""
        if self.classification is None:
            return Outlook.UNKNOWN
        return outlook_of(self.classification.retryable, self.effect)

    def quote(self) -> tuple[Evidence, ...]:
        """The newest failure as evidence, in its own words."""
        if self.failure is None:
            return ()
        return (Evidence(text=self.failure.text, source=source_of(self.failure), at=self.failure.last, quoted=True),)


def source_of(failure: Failure) -> str:
    """Where a failure was found, in words."""
    if failure.carrier in LOGS:
        return f"log of {failure.component}" + (f", {failure.count} times" if failure.count > 1 else "")
    who = f" from {failure.component}" if failure.component else ""
    reason = f" {failure.reason}" if failure.reason else ""
    times = f", counted {failure.count} times" if failure.count > 1 else ""
    return f"{failure.carrier.value}{reason}{who}{times}"


def gather(graph: Graph, policies: Policies, obj: T, *, driver: str) -> Case[T]:
    """Collect what is known about one object."""
    policy = policies.policy(obj.api, driver)
    recorded, heard = graph.failures_of(obj), heard_of(graph, obj)
    # Most objects have no record at all.
    found = _judged(graph, _relevant(obj, recorded), obj, policy) if recorded else _NOTHING
    if heard.failures:
        found = _weighed(found, _judged(graph, _relevant(obj, heard.failures), obj, policy))
    return Case(
        graph=graph,
        policies=policies,
        obj=obj,
        driver=driver,
        policy=policy,
        failures=(*recorded, *heard.failures),
        failure=found.failure,
        classification=found.classification,
        effect=found.effect,
        fresh=found.fresh,
        heard=heard,
    )


class _Judged(Struct, frozen=True, kw_only=True, gc=False):
    """A failure with what it means, what the policy does after it, and whether it is fresh."""

    failure: Failure | None
    classification: Classification | None = None
    effect: Effect = Effect.RETRIES
    fresh: bool = False

    @property
    def last(self) -> datetime | None:
        """When it was seen last."""
        return self.failure.last if self.failure is not None else None


_NOTHING = _Judged(failure=None)


def _judged(graph: Graph, failure: Failure | None, obj: Stateful, policy: Policy) -> _Judged:
    if failure is None:
        return _NOTHING
    found = graph.meaning_of(failure)
    effect = effect_on(policy, failure, found, obj.api, default_rpc=default_rpc(obj))
    fresh = is_fresh(failure, obj, policy, effect, graph.snapshot.taken_at)
    return _Judged(failure=failure, classification=found, effect=effect, fresh=fresh)


def _weighed(recorded: _Judged, heard: _Judged) -> _Judged:
    """Which of two speaks for the present: the record on the object, or the newest failure in a log.

    The record says more (which step, whether it was given up), so a log replaces it only where it is newer, and tells
    of another answer or the record is too old to speak.
    """
    if heard.failure is None or recorded.failure is None:
        return recorded if heard.failure is None else heard
    if heard.last is None or (recorded.last is not None and heard.last <= recorded.last):
        return recorded
    return recorded if recorded.fresh and _code(recorded) == _code(heard) else heard


def _code(found: _Judged) -> GrpcCode | None:
    return found.classification.grpc_code if found.classification is not None else None


def is_fresh(failure: Failure, obj: Stateful, policy: Policy, effect: Effect, now: datetime) -> bool:
    """Whether a loop still running now could have left this record untouched since its last time.

    v1alpha1: a recorded loop moves an event's lastTimestamp within the policy's ``event_gap`` (client-go 0.32.3
    token bucket; accesses share theirs between two reasons). v1alpha2: status.error is renewed every attempt, at
    most one backoff cap apart; what stopped is not renewed and stays true.
    """
    if failure.last is None or effect is Effect.STOPS:
        return True
    if obj.api is Api.V1ALPHA2:
        limit = policy.backoff.cap + NEW.total_seconds()
    else:
        gap = policy.event_gap if policy.event_gap is not None else 330.0
        limit = max(gap, 600.0) if isinstance(obj, Access) else gap
    return (now - failure.last).total_seconds() <= limit


def may_lack_patch(case: Case[Stateful]) -> bool:
    """Whether the newest record looks as if the sidecar's role may create events but not patch them.

    Then the count stays 1 and the time freezes while the loop goes on (measured; two public drivers' roles).
    """
    failure = case.failure
    if failure is None or failure.carrier in LOGS:
        return False
    return failure.count == 1 and failure.first == failure.last


def can_record(case: Case[Stateful]) -> bool:
    """Whether the sidecar in force is able to write an event about this object at all.

    image-60 has one event sink, its own pod's namespace: everything recorded elsewhere is lost (measured). Where no
    such pod was read, its namespace is unknown, and so is its voice.
    """
    if case.policy.records is not Records.EVENTS_POD_NAMESPACE:
        return case.policy.records is Records.EVENTS
    homes = {
        part.pod.meta.namespace
        for part in components(case.graph)
        if part.match.role == "sidecar" and part.match.policy == case.policy.name
    }
    return homes == {_event_home(case.obj)}


def events_tell(case: Case[Stateful]) -> bool:
    """Whether the absence of events about this object could mean anything at all."""
    return case.alpha1 and can_record(case) and case.graph.was_read("events", _event_home(case.obj))


def edit_ends_loop(case: Case[Stateful]) -> bool:
    """Whether an edit of the object silently ends a failing loop under this policy."""
    return case.policy.edit is EditEffect.ENDS_LOOP


def _event_home(obj: Stateful) -> str:
    """Events of cluster-scoped objects live in ``default`` (measured on v0.2.2)."""
    return obj.meta.namespace or "default"


def _relevant(obj: Stateful, failures: tuple[Failure, ...]) -> Failure | None:
    """The newest record that speaks about what the object is doing now.

    A terminating object's story is its deletion: what failed before says nothing about it.
    """
    deleted = obj.meta.deleted
    if deleted is None:
        return failures[0] if failures else None
    for failure in failures:
        if failure.reason in {"FailedDeleteBucket", "FailedRevokeAccess"} or failure.rpc in {Rpc.DELETE, Rpc.REVOKE}:
            if failure.last is None or failure.last >= deleted or obj.api is Api.V1ALPHA1:
                return failure
        elif obj.api is Api.V1ALPHA2 and failure.last is not None and failure.last >= deleted:
            return failure
    return None


def default_rpc(obj: Stateful) -> Rpc:
    """The call that is made for an object as it is, where a failure does not say which it was."""
    terminating = obj.meta.deleted is not None
    if isinstance(obj, Access):
        return Rpc.REVOKE if terminating else Rpc.GRANT
    return Rpc.DELETE if terminating else Rpc.CREATE
