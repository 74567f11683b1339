"""Will waiting help? One truth table: what the failure means against what the sidecar does with it."""

from typing import assert_never

from cosictl.knowledge.policies import Effect
from cosictl.model.report import Outlook


def outlook_of(retryable: bool | None, effect: Effect) -> Outlook:  # noqa: FBT001 - the first axis of the table
    """The outlook of an object whose last failure has this retryability, under a policy with this effect.

    In: the classification's answer (None: the text does not tell) and the policy's cell. Out: the outlook.
    """
    match effect:
        case Effect.RETRIES | Effect.SILENT_RETRY:
            return _RETRIED[retryable]
        case Effect.CRASHES:
            return Outlook.LOOPING
        case Effect.STOPS:
            return Outlook.PARKED
        case Effect.SUCCEEDS:
            return Outlook.RETRYING
        case Effect.NOT_CALLED:
            return Outlook.STALLED
        case Effect.UNSPECIFIED:
            return Outlook.UNKNOWN
        case _:
            assert_never(effect)


_RETRIED = {True: Outlook.RETRYING, False: Outlook.LOOPING, None: Outlook.UNKNOWN}
