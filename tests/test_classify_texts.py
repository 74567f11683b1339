"""What decides a message: the innermost statement, never a user's text; and what the parts of a verdict mean."""

import pytest

from cosictl.diagnosis.classify import classify
from cosictl.diagnosis.unwrap import unwrap
from cosictl.model.failures import Cause, FixBy, GrpcCode
from cosictl.model.refs import Rpc

S3_V2 = "operation error S3: CreateBucket, https response error StatusCode: {status}, RequestID: 1, HostID: 2, "
INTERNAL = "failed to create bucket: rpc error: code = Internal desc = "

# text, retryable, cause
MESSAGES = [
    (INTERNAL + S3_V2.format(status=403) + "api error AccessDenied: Access Denied", False, Cause.PERMISSION),
    (INTERNAL + S3_V2.format(status=503) + "api error SlowDown: Reduce your request rate", True, Cause.THROTTLED),
    (INTERNAL + "AccessDenied: Access Denied\n\tstatus code: 403, request id: 17, host id: x", False, Cause.PERMISSION),
    (INTERNAL + "RESPONSE 409: 409 Conflict\nERROR CODE: ContainerBeingDeleted", True, None),
    (INTERNAL + "googleapi: Error 403: no access to the project., forbidden", False, Cause.PERMISSION),
    (INTERNAL + "googleapi: Error 429: too many buckets at once., rateLimitExceeded", True, Cause.THROTTLED),
    (INTERNAL + "s3.CreateBucket: NoSuchBucket: bucket does not exist", False, Cause.NOT_FOUND),
    ("rpc error: code = Unknown desc = 507 Insufficient Storage", False, Cause.QUOTA),
    ("rpc error: code = Unavailable desc = name resolver error: produced zero addresses", True, None),
    (INTERNAL + 'Could not connect to the endpoint URL: "http://rgw:80/"', True, Cause.BACKEND_UNREACHABLE),
    (INTERNAL + "An error occurred (BucketAlreadyExists) when calling the CreateBucket operation: taken", False, None),
    (INTERNAL + "dial tcp: lookup minio.storage.svc on 10.96.0.10:53: no such host", None, Cause.BACKEND_UNREACHABLE),
    (INTERNAL + "tls: failed to verify certificate: x509: certificate signed by unknown authority", False, Cause.TLS),
    (INTERNAL + "net/http: TLS handshake timeout", True, Cause.TIMEOUT),
    (INTERNAL + "The request is being rate limited (HTTP 429)", True, Cause.THROTTLED),
    ("Operation cannot be fulfilled on buckets: the object has been modified; please apply", True, Cause.KUBE_CONFLICT),
    ("", None, Cause.UNKNOWN),
    (INTERNAL + "failed to create bucket", None, Cause.INTERNAL_MASKED),
]


@pytest.mark.parametrize(("text", "retryable", "cause"), MESSAGES)
def test_a_message_of_a_driver_means(text: str, *, retryable: bool | None, cause: Cause | None) -> None:
    found = classify(text)
    assert found.retryable is retryable
    assert cause is None or found.cause is cause


BAIT = ["timeout", "connection-refused", "AccessDenied", "retryable: true", "not found", "SlowDown", "i/o timeout"]


@pytest.mark.parametrize("bait", BAIT)
@pytest.mark.parametrize(
    "frame",
    [
        'rpc error: code = InvalidArgument desc = region "{}" is unknown',
        "rpc error: code = InvalidArgument desc = unknown endpoint type: {}",
        "rpc error: code = InvalidArgument desc = invalid value '{}' for parameter tier",
        'rpc error: code = InvalidArgument desc = parameter "{}" is not known to this driver',
    ],
)
def test_what_a_user_can_write_never_decides(frame: str, bait: str) -> None:
    harmless, baited = classify(frame.format("x" * len(bait))), classify(frame.format(bait))
    assert (baited.retryable, baited.cause) == (harmless.retryable, harmless.cause)
    assert baited.retryable is False


CARRIERS = [
    "{}",
    "(combined from similar events): {}",
    'E1123 09:00:00.000000       1 controller.go:1] "Reconciler error" err="{}"',
    '{{"level":"error","ts":"2026-01-01T00:00:00Z","msg":"Reconciler error","error":"{}"}}',
    "\x1b[31m{}\x1b[0m",
    "COSI Sidecar error: {}",
]


@pytest.mark.parametrize("carrier", CARRIERS)
def test_a_carrier_changes_nothing(carrier: str) -> None:
    text = "rpc error: code = Internal desc = AccessDenied: Access Denied"
    found = classify(carrier.format(text))
    assert (found.cause, found.grpc_code, found.code_mismatch) == (Cause.PERMISSION, GrpcCode.INTERNAL, True)


def test_the_innermost_code_decides_and_the_outermost_is_named() -> None:
    text = "rpc error: code = Unknown desc = rpc error: code = PermissionDenied desc = not yours"
    found = classify(text)
    assert (found.grpc_code, found.cause) == (GrpcCode.UNKNOWN, Cause.PERMISSION)


# The outer code, the words within, and whether the two contradict each other.
MISMATCHES = [
    ("Internal", "AccessDenied: Access Denied", True),
    ("Internal", "connection refused", False),
    ("Internal", "failed to create bucket", False),
    ("Unknown", "AccessDenied: Access Denied", False),
    ("Unavailable", "InvalidBucketName: The specified bucket is not valid.", True),
    ("Unavailable", "connection refused", False),
    ("InvalidArgument", "connection refused", True),
    ("ResourceExhausted", "TooManyBuckets: You have attempted to create more buckets than allowed", False),
    ("ResourceExhausted", "SlowDown: Please reduce your request rate.", False),
    ("ResourceExhausted", "AccessDenied: Access Denied", True),
    ("AlreadyExists", "BucketAlreadyExists: taken", False),
]


@pytest.mark.parametrize(("code", "words", "mismatch"), MISMATCHES)
def test_a_code_can_contradict_the_words(code: str, words: str, *, mismatch: bool) -> None:
    assert classify(f"rpc error: code = {code} desc = {words}").code_mismatch is mismatch


@pytest.mark.parametrize("rpc", [Rpc.DELETE, Rpc.REVOKE])
@pytest.mark.parametrize("words", ["NoSuchBucket: no such bucket", "driver said NotFound", "NoSuchUser: gone"])
def test_what_is_gone_already_is_done_while_deleting_only(rpc: Rpc, words: str) -> None:
    text = f"rpc error: code = NotFound desc = {words}"
    going = classify(text, rpc=rpc)
    assert (going.done, going.cause, going.retryable, going.fix_by) == (True, Cause.NOT_FOUND, False, FixBy.ADMIN)
    assert classify(text, rpc=Rpc.GRANT).done is False


SPELLINGS = [
    ("rpc error: code = ResourceExhausted desc = full", GrpcCode.RESOURCE_EXHAUSTED),
    ("rpc error: code = Code(99) desc = odd", None),
    ("rpc error: code = Code(8) desc = full", GrpcCode.RESOURCE_EXHAUSTED),
    ("io.grpc.StatusRuntimeException: RESOURCE_EXHAUSTED: full", GrpcCode.RESOURCE_EXHAUSTED),
    ("status = StatusCode.PERMISSION_DENIED details = no", GrpcCode.PERMISSION_DENIED),
    ("Error: 7 PERMISSION_DENIED: no", GrpcCode.PERMISSION_DENIED),
    ('status: InvalidArgument, message: "no"', GrpcCode.INVALID_ARGUMENT),
    ("ERROR:\n  Code: Unimplemented\n  Message: no", GrpcCode.UNIMPLEMENTED),
    ("no status at all", None),
]


@pytest.mark.parametrize(("text", "code"), SPELLINGS)
def test_every_grpc_library_has_its_spelling(text: str, code: GrpcCode | None) -> None:
    assert unwrap(text).outer is code


def test_positions_in_the_masked_text_are_positions_in_the_text() -> None:
    text = INTERNAL + "PUT https://host/bucket?x=1: bucket bucket-1: AccessDenied: no"
    found = classify(text)
    assert len(unwrap(text).masked) == len(text)
    assert text[slice(*found.span)] == "AccessDenied"


def test_the_end_of_a_huge_message_is_not_needed() -> None:
    text = INTERNAL + "AccessDenied: no" + " filler" * 200_000
    assert classify(text).cause is Cause.PERMISSION
