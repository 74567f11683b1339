"""Failure texts and what they mean: the closed vocabularies of classification.

The words are those of the labelled corpus the classifier is measured on.
"""

from datetime import datetime
from enum import StrEnum

from msgspec import Struct

from cosictl.model.refs import Rpc


class Carrier(StrEnum):
    """Where a failure text was found."""

    EVENT = "event"
    STATUS = "status.error"
    SIDECAR_LOG = "sidecar-log"
    DRIVER_LOG = "driver-log"
    GRPC = "grpc"


class FixBy(StrEnum):
    """Who has to act before it can succeed."""

    NOBODY = "nobody"
    CLAIM_OWNER = "claim-owner"
    ADMIN = "admin"
    DRIVER_DEVELOPER = "driver-developer"
    UNKNOWN = "unknown"


class Cause(StrEnum):
    """What went wrong, as far as the text tells."""

    INVALID_NAME = "invalid-name"
    INVALID_PARAMETER = "invalid-parameter"
    UNSUPPORTED = "unsupported"
    ALREADY_EXISTS = "already-exists-conflict"
    PERMISSION = "permission"
    CREDENTIALS = "credentials"
    NOT_EMPTY = "not-empty"
    QUOTA = "quota"
    THROTTLED = "throttled"
    NOT_FOUND = "not-found"
    CLASS_MISSING = "class-missing"
    BACKEND_UNREACHABLE = "backend-unreachable"
    DRIVER_UNREACHABLE = "driver-unreachable"
    TIMEOUT = "timeout"
    TLS = "tls"
    BACKEND_ERROR = "backend-error"
    INTERNAL_MASKED = "internal-masked"
    KUBE_CONFLICT = "kube-conflict"
    KUBE_FORBIDDEN = "kube-forbidden"
    KUBE_NOT_FOUND = "kube-not-found"
    SECRET_PROBLEM = "secret-problem"
    WAITING = "waiting"
    DRIVER_BUG = "driver-bug"
    CONFIG = "config"
    UNKNOWN = "unknown"


class GrpcCode(StrEnum):
    """The canonical gRPC status codes, spelled as grpc-go prints them (google.rpc.Code)."""

    OK = "OK"
    CANCELED = "Canceled"
    UNKNOWN = "Unknown"
    INVALID_ARGUMENT = "InvalidArgument"
    DEADLINE_EXCEEDED = "DeadlineExceeded"
    NOT_FOUND = "NotFound"
    ALREADY_EXISTS = "AlreadyExists"
    PERMISSION_DENIED = "PermissionDenied"
    RESOURCE_EXHAUSTED = "ResourceExhausted"
    FAILED_PRECONDITION = "FailedPrecondition"
    ABORTED = "Aborted"
    OUT_OF_RANGE = "OutOfRange"
    UNIMPLEMENTED = "Unimplemented"
    INTERNAL = "Internal"
    UNAVAILABLE = "Unavailable"
    DATA_LOSS = "DataLoss"
    UNAUTHENTICATED = "Unauthenticated"


GRPC_NUMBERS = dict(enumerate(GrpcCode))


class Failure(Struct, frozen=True, kw_only=True, gc=False):
    """One recorded failure: its (redacted) text, where it stood and when it was seen.

    ``count`` is what the carrier counted, a lower bound of the attempts. ``rpc`` is the call that failed, or
    None when none was involved or it cannot be told.
    """

    carrier: Carrier
    text: str
    rpc: Rpc | None = None
    reason: str = ""
    component: str = ""
    first: datetime | None = None
    last: datetime | None = None
    count: int = 1


class Classification(Struct, frozen=True, kw_only=True, gc=False, cache_hash=True):
    """What one failure text means.

    ``retryable``: would the very same request, with nobody changing anything, have a realistic chance later?
    None means the text does not allow a conclusion. ``grpc_code`` is the outermost code named in the text.
    ``code_mismatch``: the outer code points to another kind of failure than the text shows. ``done``: the
    thing to delete or revoke is already gone. ``span`` is [start, end) in code points of the masked text.
    """

    retryable: bool | None
    cause: Cause
    fix_by: FixBy
    rule: str
    span: tuple[int, int] = (0, 0)
    grpc_code: GrpcCode | None = None
    backend_code: str | None = None
    code_mismatch: bool = False
    done: bool = False
