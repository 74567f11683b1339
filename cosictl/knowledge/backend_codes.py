"""What the error codes of storage backends and their SDKs mean.

In: nothing. Out: rows by code. A code's meaning is the backend's own documentation's: the S3 and IAM error lists of
AWS, the MinIO server's ``cmd/api-errors.go`` and ``admin`` errors, Ceph RGW's ``rgw_rest*.cc``, the Azure Storage and
ARM error tables, the JSON API errors of Google Cloud Storage. ``retryable`` None: look at the text behind the code.
"""

from collections.abc import Mapping

from msgspec import Struct

from cosictl.knowledge.backend_code_rows import AZURE, CODE_GROUPS, GCS, IAM, S3, SDK
from cosictl.model.failures import Cause, FixBy


class BackendCode(Struct, frozen=True, kw_only=True):
    """One code: what it means, whether the same request may succeed later, and who acts."""

    code: str
    cause: Cause
    retryable: bool | None
    fix_by: FixBy
    meaning: str
    source: str


# cause → (retryable, who fixes); the corpus conventions: a true answer always comes with nobody.
VERDICTS: Mapping[Cause, tuple[bool | None, FixBy]] = {
    Cause.INVALID_NAME: (False, FixBy.ADMIN),
    Cause.INVALID_PARAMETER: (False, FixBy.ADMIN),
    Cause.UNSUPPORTED: (False, FixBy.ADMIN),
    Cause.ALREADY_EXISTS: (False, FixBy.ADMIN),
    Cause.PERMISSION: (False, FixBy.ADMIN),
    Cause.CREDENTIALS: (False, FixBy.ADMIN),
    Cause.NOT_EMPTY: (False, FixBy.CLAIM_OWNER),
    Cause.QUOTA: (False, FixBy.ADMIN),
    Cause.THROTTLED: (True, FixBy.NOBODY),
    Cause.NOT_FOUND: (False, FixBy.ADMIN),
    Cause.CLASS_MISSING: (False, FixBy.ADMIN),
    Cause.BACKEND_UNREACHABLE: (True, FixBy.NOBODY),
    Cause.DRIVER_UNREACHABLE: (True, FixBy.NOBODY),
    Cause.TIMEOUT: (True, FixBy.NOBODY),
    Cause.TLS: (False, FixBy.ADMIN),
    Cause.BACKEND_ERROR: (True, FixBy.NOBODY),
    Cause.INTERNAL_MASKED: (None, FixBy.UNKNOWN),
    Cause.KUBE_CONFLICT: (True, FixBy.NOBODY),
    Cause.KUBE_FORBIDDEN: (False, FixBy.ADMIN),
    Cause.KUBE_NOT_FOUND: (False, FixBy.ADMIN),
    Cause.SECRET_PROBLEM: (False, FixBy.ADMIN),
    Cause.WAITING: (True, FixBy.NOBODY),
    Cause.DRIVER_BUG: (False, FixBy.DRIVER_DEVELOPER),
    Cause.CONFIG: (False, FixBy.ADMIN),
    Cause.UNKNOWN: (None, FixBy.UNKNOWN),
}


_SPECIAL: tuple[BackendCode, ...] = (
    BackendCode(
        code="BucketAlreadyOwnedByYou",
        cause=Cause.ALREADY_EXISTS,
        retryable=False,
        fix_by=FixBy.DRIVER_DEVELOPER,
        meaning="an earlier try of the same owner made this bucket; create should have answered OK",
        source=S3,
    ),
    BackendCode(
        code="DeleteConflict",
        cause=Cause.NOT_EMPTY,
        retryable=False,
        fix_by=FixBy.ADMIN,
        meaning="the user still has policies, keys or other resources attached",
        source=IAM,
    ),
    *(
        BackendCode(
            code=code,
            cause=Cause.NOT_EMPTY,
            retryable=False,
            fix_by=FixBy.ADMIN,
            meaning="a lease, a lock or a hold protects it",
            source=AZURE,
        )
        for code in ("LeaseIdMissing", "LeaseAlreadyPresent", "ScopeLocked", "ContainerImmutableStorage", "LeaseLost")
    ),
    *(
        BackendCode(
            code=code,
            cause=Cause.UNKNOWN,
            retryable=None,
            fix_by=FixBy.UNKNOWN,
            meaning="a wrapper of the SDK or a general code; the text behind it tells",
            source=SDK,
        )
        for code in (
            "RequestError",
            "SerializationError",
            "UnmarshalError",
            "BatchedErrors",
            "ErrorResponse",
            "invalid",
            "badRequest",
            "conflict",
            "notFound",
            "BadRequest",
            "Conflict",
            "UnknownError",
            "APIError",
        )
    ),
    BackendCode(
        code="conditionNotMet",
        cause=Cause.BACKEND_ERROR,
        retryable=None,
        fix_by=FixBy.UNKNOWN,
        meaning="a precondition did not hold; whether it will is not said",
        source=GCS,
    ),
)


def _rows() -> dict[str, BackendCode]:
    found: dict[str, BackendCode] = {}
    for cause, source, meaning, codes in CODE_GROUPS:
        retryable, fix_by = VERDICTS[cause]
        for code in codes.split():
            found.setdefault(
                code,
                BackendCode(code=code, cause=cause, retryable=retryable, fix_by=fix_by, meaning=meaning, source=source),
            )
    found.update({row.code: row for row in _SPECIAL})
    return found


BACKEND_CODES: Mapping[str, BackendCode] = _rows()

# HTTP status → what it means when a backend says nothing better (RFC 9110, and the habits of S3-like servers).
HTTP_STATUS: Mapping[int, Cause] = {
    301: Cause.CONFIG,
    307: Cause.CONFIG,
    400: Cause.UNKNOWN,
    401: Cause.CREDENTIALS,
    402: Cause.CONFIG,
    403: Cause.PERMISSION,
    404: Cause.NOT_FOUND,
    408: Cause.TIMEOUT,
    409: Cause.UNKNOWN,
    412: Cause.UNKNOWN,
    423: Cause.NOT_EMPTY,
    429: Cause.THROTTLED,
    500: Cause.BACKEND_ERROR,
    501: Cause.UNSUPPORTED,
    502: Cause.BACKEND_ERROR,
    503: Cause.BACKEND_ERROR,
    504: Cause.TIMEOUT,
    507: Cause.QUOTA,
    509: Cause.THROTTLED,
}
