"""What a driver's own answer settles: the finding it proves, and how it compares with what is recorded. Pure."""

from enum import StrEnum

from msgspec import Struct

from cosictl.model.failures import Cause, Classification, GrpcCode
from cosictl.model.refs import Api, Rpc


class Comparison(StrEnum):
    """An answer beside the record of the same failure."""

    REPRODUCED = "reproduced"
    CHANGED = "changed"
    FIXED = "fixed"
    WORSE = "worse"
    UNRECORDED = "unrecorded"


class Observed(Struct, frozen=True, kw_only=True):
    """One answer as far as a verdict needs it.

    ``expired``: our deadline ended the call; ``broken``: the connection did; ``foreign``: the driver does not speak
    this version of the contract; ``lacks``: fields without which the sidecar cannot use an OK. ``meaning`` is the
    classification of a failure.
    """

    rpc: Rpc
    api: Api
    code: GrpcCode
    expired: bool = False
    broken: bool = False
    foreign: bool = False
    lacks: tuple[str, ...] = ()
    meaning: Classification | None = None

    @property
    def is_good(self) -> bool:
        """Whether the sidecar would be content with it."""
        return self.code is GrpcCode.OK and not self.lacks


def settled(seen: Observed, *, stops: bool) -> str:
    """Return the code of the finding that an answer proves, "" for none.

    ``stops``: the policy in force gives up after this code. What the catalogue keeps apart only by evidence from the
    driver (COSI107, COSI108, COSI109) is told here.
    """
    if seen.expired:
        return "COSI109"
    if seen.broken:
        return "COSI501"
    if seen.lacks:
        return "COSI408" if seen.rpc is Rpc.GRANT else "COSI108"
    if seen.code is GrpcCode.OK:
        return ""
    if seen.foreign:
        return "COSI502"
    if seen.rpc is Rpc.DELETE:
        return "COSI301"
    if seen.rpc is Rpc.REVOKE:
        return "COSI410"
    if seen.rpc is Rpc.GRANT:
        return _grant(seen, stops=stops)
    return _create(seen, stops=stops)


def _grant(seen: Observed, *, stops: bool) -> str:
    if seen.code is GrpcCode.ALREADY_EXISTS and seen.api is Api.V1ALPHA1:
        return "COSI406"
    return "COSI417" if stops else "COSI405"


def _create(seen: Observed, *, stops: bool) -> str:
    if seen.code is GrpcCode.ALREADY_EXISTS and seen.api is Api.V1ALPHA1:
        return "COSI107"
    if seen.meaning is not None and seen.meaning.cause is Cause.INVALID_NAME:
        return "COSI106"
    if stops:
        return "COSI115"
    retryable = seen.meaning.retryable if seen.meaning is not None else None
    return {True: "COSI105", False: "COSI104", None: ""}[retryable]


def compared(seen: Observed, recorded: Classification | None) -> Comparison:
    """Tell an answer from the record: the same code and cause are the same failure.

    Worse is what cannot pass by itself where the record could, and what gives less of an answer than the record did:
    a hang, a broken connection, an OK that the sidecar cannot use.
    """
    if recorded is None:
        return Comparison.FIXED if seen.is_good else Comparison.UNRECORDED
    if seen.is_good:
        return Comparison.FIXED
    if seen.expired or seen.broken or seen.lacks:
        same = seen.expired and recorded.grpc_code is GrpcCode.DEADLINE_EXCEEDED
        return Comparison.REPRODUCED if same else Comparison.WORSE
    meaning = seen.meaning
    if meaning is not None and (seen.code, meaning.cause) == (recorded.grpc_code, recorded.cause):
        return Comparison.REPRODUCED
    hopeless = meaning is not None and meaning.retryable is False
    return Comparison.WORSE if hopeless and recorded.retryable is True else Comparison.CHANGED
