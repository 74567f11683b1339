"""What a sidecar does after one answer of its driver: a policy's cell as instructions for a loop. Pure."""

from dataclasses import dataclass

from cosictl.knowledge.policies import POLICIES, Effect, Policy, effect_of
from cosictl.model.failures import GrpcCode
from cosictl.model.refs import Rpc


@dataclass(frozen=True, slots=True, kw_only=True)
class Reaction:
    """``goes_on``: the answer counts as success. ``events``: how often it is recorded. ``again``: tried again.

    ``dies``: the process ends.
    """

    goes_on: bool = False
    events: int = 0
    again: bool = False
    dies: bool = False


_GOES_ON = Reaction(goes_on=True)


def reaction(policy: Policy, rpc: Rpc, code: GrpcCode) -> Reaction:
    """Return what follows from an answer. What a specification leaves open is retried and recorded, as releases do."""
    match effect_of(policy, rpc, code):
        case Effect.SUCCEEDS:
            return _GOES_ON
        case Effect.RETRIES | Effect.UNSPECIFIED:
            return Reaction(events=_events(policy, rpc, code), again=True)
        case Effect.SILENT_RETRY:
            return Reaction(again=True)
        case Effect.STOPS:
            return Reaction(events=1)
        case Effect.CRASHES:
            return Reaction(dies=True)
        case Effect.NOT_CALLED:
            raise ValueError(f"{policy.name} never calls {rpc.value}")


def calls(policy: Policy, rpc: Rpc) -> bool:
    """Whether a sidecar of this policy makes a call at all."""
    return effect_of(policy, rpc, GrpcCode.OK) is not Effect.NOT_CALLED


def _events(policy: Policy, rpc: Rpc, code: GrpcCode) -> int:
    """The report's patch records its final codes itself, and on delete the caller records every error once more."""
    patched = policy.name == "cosi-86-as-written" and rpc is Rpc.DELETE
    meant = POLICIES["cosi-86-intent"]
    return 2 if patched and effect_of(meant, rpc, code) is Effect.STOPS else 1
