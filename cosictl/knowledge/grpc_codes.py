"""What the two specifications of the driver interface say about each gRPC code.

Both also say: create and grant are idempotent (the same request again answers OK), and deleting or revoking
something that is missing answers OK.
"""

from collections.abc import Mapping

from msgspec import Struct

from cosictl.model.failures import GRPC_NUMBERS, GrpcCode

_OPEN = "not mentioned"


class GrpcCodeRow(Struct, frozen=True, kw_only=True):
    """One gRPC code: its number, its general meaning, and what each specification asks of the caller."""

    code: GrpcCode
    number: int
    meaning: str
    v1alpha1: str
    v1alpha2: str
    source: str


_MEANINGS: Mapping[GrpcCode, str] = {
    GrpcCode.OK: "The call succeeded.",
    GrpcCode.CANCELED: "The caller, or a proxy on the way, gave the call up.",
    GrpcCode.UNKNOWN: "An error without a code, typically one the driver did not translate. It says nothing.",
    GrpcCode.INVALID_ARGUMENT: "The request itself is wrong, whatever the state of the system.",
    GrpcCode.DEADLINE_EXCEEDED: "No answer in time. The work may still have been done.",
    GrpcCode.NOT_FOUND: "Something the request names does not exist.",
    GrpcCode.ALREADY_EXISTS: "What should be made is there already.",
    GrpcCode.PERMISSION_DENIED: "The caller is known and has no right to do this.",
    GrpcCode.RESOURCE_EXHAUSTED: "A quota or a rate limit; only the text tells which.",
    GrpcCode.FAILED_PRECONDITION: "The system is not in the state the request needs, such as a bucket not empty.",
    GrpcCode.ABORTED: "A conflict with something that happens at the same time.",
    GrpcCode.OUT_OF_RANGE: "A value beyond what is allowed.",
    GrpcCode.UNIMPLEMENTED: "The driver does not offer this call or feature.",
    GrpcCode.INTERNAL: "The driver calls it its own fault. Many drivers use it for everything: read the text.",
    GrpcCode.UNAVAILABLE: "The service cannot be reached at the moment.",
    GrpcCode.DATA_LOSS: "Data are lost or damaged.",
    GrpcCode.UNAUTHENTICATED: "The credentials are missing, wrong or expired.",
}

# (v1alpha1 spec, v1alpha2 Error Scheme)
_ASKED: Mapping[GrpcCode, tuple[str, str]] = {
    GrpcCode.INVALID_ARGUMENT: ("the caller must fix the field before it retries", "not retryable"),
    GrpcCode.ALREADY_EXISTS: (
        "create only: the name is taken with other parameters; the caller must change the request",
        "not retryable",
    ),
    GrpcCode.UNIMPLEMENTED: ("must not be retried", "not retryable"),
    GrpcCode.PERMISSION_DENIED: ("may be retried after an admin acted", "retryable with backoff"),
    GrpcCode.ABORTED: ("retry with backoff", "retryable with backoff"),
    GrpcCode.UNAUTHENTICATED: ("fix the credentials, then may be retried", "retryable with backoff"),
    GrpcCode.OUT_OF_RANGE: (
        "create only: a value outside its range; the caller must change the request",
        "grant only: multi-bucket access is not supported",
    ),
    GrpcCode.NOT_FOUND: ("not for delete, which answers OK", "existing bucket only: the bucket is missing"),
}

GRPC_CODES: Mapping[GrpcCode, GrpcCodeRow] = {
    code: GrpcCodeRow(
        code=code,
        number=number,
        meaning=_MEANINGS[code],
        v1alpha1=_ASKED.get(code, (_OPEN, _OPEN))[0],
        v1alpha2=_ASKED.get(code, (_OPEN, _OPEN))[1],
        source="v0.2.2 proto/spec.md; main ee00c269 proto/spec.md; google.rpc.Code",
    )
    for number, code in GRPC_NUMBERS.items()
}
