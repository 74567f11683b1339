"""What another sidecar would do with this cluster's failing objects: which loops end, what is stranded, what it costs.

In: a diagnosis and the rows of ``knowledge.policies``. Out: one prospect per policy. Pure; nothing is guessed: an
object whose failure names no answer of a driver is not counted, because no policy says anything about it.
"""

from collections.abc import Iterable, Sequence
from typing import Final

from msgspec import Struct

from cosictl.diagnosis.policy import Policies
from cosictl.knowledge.policies import POLICIES, Effect, Policy, effect_of
from cosictl.knowledge.terminal import is_terminal
from cosictl.model.account import WhatIf
from cosictl.model.failures import Cause, GrpcCode
from cosictl.model.fleet import Comparison, Prospect
from cosictl.model.refs import Api, Kind, Ref, Rpc
from cosictl.model.report import Assessment, Flag, Outlook, Report

_FAILING: Final = frozenset({Outlook.LOOPING, Outlook.PARKED, Outlook.RETRYING, Outlook.STALLED, Outlook.UNKNOWN})
_RETRIED: Final = frozenset({Effect.RETRIES, Effect.SILENT_RETRY})
# What a text leaves open is retried, as every release does.
_CALLS: Final = _RETRIED | {Effect.UNSPECIFIED}
_LOOPS: Final = _CALLS | {Effect.CRASHES}
_ENDS: Final = frozenset({Effect.STOPS, Effect.SUCCEEDS})
# What heals with time or by somebody's work elsewhere, and is to be picked up without touching the object.
_HEALS: Final = frozenset({Cause.NOT_EMPTY, Cause.QUOTA, Cause.THROTTLED})
# The kubelet waits up to 300 s before it starts a container that keeps dying (kubernetes pkg/kubelet/kubelet.go).
_CRASH_SECONDS: Final = 300.0
_HOUR: Final = 3600.0
# The specification that the newest sidecars are written for; a policy that stops where it says retry contradicts it.
_SPEC: Final = "spec-v1alpha2"


class Trouble(Struct, frozen=True, kw_only=True):
    """An object whose last failure was an answer of its driver: the call, the code, and what the answer means."""

    ref: Ref
    api: Api
    driver: str
    rpc: Rpc
    code: GrpcCode
    retryable: bool | None
    cause: Cause
    text: str

    @property
    def hopeless(self) -> bool:
        """Whether the same request can never succeed while nobody changes anything."""
        return self.retryable is False


def troubles(objects: Iterable[Assessment]) -> tuple[Trouble, ...]:
    """Return the objects that a policy has something to say about, in the order given."""
    return tuple(found for item in objects if (found := _trouble(item)) is not None)


def prospect(policy: Policy, now: Policies, found: Sequence[Trouble]) -> Prospect:
    """Return what a policy would do with them; ``now`` holds the policies in force, which tell the loops of today."""
    effects = [(one, effect_under(policy, one)) for one in found]

    def those(wanted: frozenset[Effect]) -> tuple[Ref, ...]:
        return tuple(one.ref for one, effect in effects if effect in wanted)

    parked = [one for one, effect in effects if effect is Effect.STOPS]
    looping = {one.ref for one in found if effect_under(now.policy(one.api, one.driver), one) in _LOOPS}
    return Prospect(
        policy=policy.name,
        ends=tuple(ref for ref in those(_ENDS) if ref in looping),
        parks=tuple(one.ref for one in parked),
        hopeless=tuple(one.ref for one, effect in effects if effect in _RETRIED and one.hopeless),
        strands=tuple(one.ref for one in parked if _is_stranded(one)),
        against_spec=tuple(one.ref for one in parked if _contradicts(one)),
        crashes=those(frozenset({Effect.CRASHES})),
        open=those(frozenset({Effect.UNSPECIFIED})),
        calls=sum(calls_per_hour(policy, one) for one in found),
    )


def compare(report: Report, now: Policies, names: Iterable[str]) -> Comparison:
    """Return what each named policy would do; raises KeyError for a name that is no policy's."""
    found = troubles(report.objects)
    failing = [item for item in report.objects if item.outlook in _FAILING]
    in_force = [(one, now.policy(one.api, one.driver)) for one in found]
    return Comparison(
        apis=tuple(sorted({item.api for item in report.objects})),
        now=report.policies,
        calls_now=sum(calls_per_hour(policy, one) for one, policy in in_force),
        loops_now=sum(effect_under(policy, one) in _LOOPS for one, policy in in_force),
        counted=len(found),
        silent=len(failing) - len(found),
        prospects=tuple(prospect(POLICIES[name], now, found) for name in names),
    )


def what_ifs(report: Report, names: Iterable[str]) -> tuple[WhatIf, ...]:
    """Return what each named policy does after each kind of answer that drivers gave here, the commonest answer first.

    Raises KeyError for a name that is no policy's.
    """
    codes: dict[Ref, str] = {}
    for finding in report.findings:
        codes.setdefault(finding.root, finding.code)
    policies = [POLICIES[name] for name in names]
    alike: dict[tuple[Rpc, GrpcCode, Cause, tuple[Effect, ...]], list[Ref]] = {}
    for one in troubles(report.objects):
        effects = tuple(effect_under(policy, one) for policy in policies)
        alike.setdefault((one.rpc, one.code, one.cause, effects), []).append(one.ref)
    found = [
        WhatIf(
            codes=tuple(sorted({codes[ref] for ref in refs if ref in codes})),
            rpc=rpc,
            answer=answer,
            cause=cause,
            refs=tuple(refs),
            effects={policy.name: effect.value for policy, effect in zip(policies, effects, strict=True)},
        )
        for (rpc, answer, cause, effects), refs in alike.items()
    ]
    return tuple(sorted(found, key=lambda one: (-len(one.refs), one.rpc, one.answer, one.refs[0])))


def calls_per_hour(policy: Policy, trouble: Trouble) -> float:
    """Return how often in an hour a policy calls the driver about one object, once its delays have grown."""
    effect = effect_under(policy, trouble)
    if effect in _CALLS:
        return _HOUR / policy.backoff.cap
    return _HOUR / _CRASH_SECONDS if effect is Effect.CRASHES else 0.0


def effect_under(policy: Policy, trouble: Trouble) -> Effect:
    """Return what a policy does after this answer. Texts that v1alpha2 calls terminal stop there, whatever the code."""
    if policy.api is Api.V1ALPHA2 and trouble.api is Api.V1ALPHA2 and is_terminal(trouble.text):
        return Effect.STOPS
    rpc = trouble.rpc
    if policy.api is Api.V1ALPHA1 and rpc is Rpc.GET_EXISTING:
        # v1alpha1 has no such call: a static Bucket is ready without one.
        return Effect.SUCCEEDS
    return effect_of(policy, rpc, trouble.code)


def _is_stranded(trouble: Trouble) -> bool:
    return trouble.retryable is True or trouble.cause in _HEALS


def _contradicts(trouble: Trouble) -> bool:
    return effect_of(POLICIES[_SPEC], trouble.rpc, trouble.code) is Effect.RETRIES


def _trouble(item: Assessment) -> Trouble | None:
    failure, meaning = item.failure, item.classification
    if item.outlook not in _FAILING or failure is None or meaning is None or meaning.grpc_code is None:
        return None
    return Trouble(
        ref=item.ref,
        api=item.api,
        driver=item.driver,
        rpc=failure.rpc or _usual_rpc(item),
        code=meaning.grpc_code,
        retryable=meaning.retryable,
        cause=meaning.cause,
        text=failure.text,
    )


def _usual_rpc(item: Assessment) -> Rpc:
    going = Flag.TERMINATING in item.flags
    if item.ref.kind == Kind.ACCESS:
        return Rpc.REVOKE if going else Rpc.GRANT
    return Rpc.DELETE if going else Rpc.CREATE
