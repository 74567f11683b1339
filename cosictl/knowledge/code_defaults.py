"""What a bare gRPC code means when the text behind it says nothing more.

In: nothing. Out: the cause, retryability and who acts by code, after the descriptions in google.rpc.Code and the COSI
specifications' lists of codes. Where both readings are realistic the answer is "unknown".
"""

from collections.abc import Mapping

from msgspec import Struct

from cosictl.model.failures import Cause, FixBy, GrpcCode


class CodeDefault(Struct, frozen=True, kw_only=True):
    """The reading of a code that stands alone."""

    cause: Cause
    retryable: bool | None
    fix_by: FixBy


def _final(cause: Cause, fix_by: FixBy = FixBy.ADMIN) -> CodeDefault:
    return CodeDefault(cause=cause, retryable=False, fix_by=fix_by)


def _transient(cause: Cause) -> CodeDefault:
    return CodeDefault(cause=cause, retryable=True, fix_by=FixBy.NOBODY)


def _open(cause: Cause) -> CodeDefault:
    return CodeDefault(cause=cause, retryable=None, fix_by=FixBy.UNKNOWN)


CODE_DEFAULTS: Mapping[GrpcCode, CodeDefault] = {
    GrpcCode.OK: _open(Cause.UNKNOWN),
    GrpcCode.CANCELED: _transient(Cause.TIMEOUT),
    GrpcCode.UNKNOWN: _open(Cause.INTERNAL_MASKED),
    GrpcCode.INVALID_ARGUMENT: _final(Cause.INVALID_PARAMETER),
    GrpcCode.DEADLINE_EXCEEDED: _transient(Cause.TIMEOUT),
    GrpcCode.NOT_FOUND: _open(Cause.NOT_FOUND),
    GrpcCode.ALREADY_EXISTS: _final(Cause.ALREADY_EXISTS),
    GrpcCode.PERMISSION_DENIED: _final(Cause.PERMISSION),
    GrpcCode.RESOURCE_EXHAUSTED: _open(Cause.UNKNOWN),
    GrpcCode.FAILED_PRECONDITION: _final(Cause.UNKNOWN, FixBy.UNKNOWN),
    GrpcCode.ABORTED: _transient(Cause.BACKEND_ERROR),
    GrpcCode.OUT_OF_RANGE: _final(Cause.INVALID_PARAMETER),
    GrpcCode.UNIMPLEMENTED: _final(Cause.UNSUPPORTED),
    GrpcCode.INTERNAL: _open(Cause.INTERNAL_MASKED),
    GrpcCode.UNAVAILABLE: _transient(Cause.BACKEND_ERROR),
    GrpcCode.DATA_LOSS: _open(Cause.UNKNOWN),
    GrpcCode.UNAUTHENTICATED: _final(Cause.CREDENTIALS),
}
