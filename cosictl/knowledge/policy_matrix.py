"""Call by call and code by code: what follows, for every policy.

A row names what happens to most codes and then the exceptions, as the sources do. ``OK`` succeeds unless said
otherwise. Sources stand beside the tables; the rendered matrix is ``docs/policies.md``.
"""

from cosictl.knowledge.policy import Effect, Effects
from cosictl.model.failures import GrpcCode
from cosictl.model.refs import Rpc

_Row = dict[GrpcCode, Effect]


def _row(most: Effect, *exceptions: tuple[Effect, tuple[GrpcCode, ...]], ok: Effect = Effect.SUCCEEDS) -> _Row:
    row = dict.fromkeys(GrpcCode, most)
    row[GrpcCode.OK] = ok
    for effect, codes in exceptions:
        row.update(dict.fromkeys(codes, effect))
    return row


def stopping(known: Effects, call: str, *codes: str) -> Effects:
    """Return known cells, but that one call (``DriverCreateBucket``) stops on these codes (``InvalidArgument``)."""
    rpc = Rpc(call)
    return {**known, rpc: {**known[rpc], **{GrpcCode(code): Effect.STOPS for code in codes}}}


_NEVER_CALLED = _row(Effect.NOT_CALLED, ok=Effect.NOT_CALLED)

# v1alpha1, every release: any error a handler returns is requeued (v0.2.2 internal/runtime/controller.go:320).
# Create: AlreadyExists leaves a nil response behind, which is an error without event (bucket_controller.go:138-142).
# Delete: NotFound counts as done (bucket_controller.go:262). Grant: AlreadyExists is passed over and the nil response
# is used (bucketaccess_controller.go:182-187). Revoke: no code counts as done (bucketaccess_controller.go:368).
# An existingBucketID makes a Bucket ready without any call (bucket_controller.go:108).
ALPHA1: Effects = {
    Rpc.CREATE: _row(Effect.RETRIES, (Effect.SILENT_RETRY, (GrpcCode.ALREADY_EXISTS,))),
    Rpc.GET_EXISTING: _NEVER_CALLED,
    Rpc.DELETE: _row(Effect.RETRIES, (Effect.SUCCEEDS, (GrpcCode.NOT_FOUND,))),
    Rpc.GRANT: _row(Effect.RETRIES, (Effect.CRASHES, (GrpcCode.ALREADY_EXISTS,))),
    Rpc.REVOKE: _row(Effect.RETRIES),
}

# v1alpha2 main: three codes end it (sidecar/pkg/reconciler/driver.go, last function), grant adds OutOfRange
# (bucketaccess.go:202). GetExisting with NotFound waits for the backend bucket, with a text of its own.
_FINAL = (GrpcCode.INVALID_ARGUMENT, GrpcCode.ALREADY_EXISTS, GrpcCode.UNIMPLEMENTED)
_STOPS_FINAL = _row(Effect.RETRIES, (Effect.STOPS, _FINAL))
LATER_MAIN: Effects = {
    Rpc.CREATE: _STOPS_FINAL,
    Rpc.GET_EXISTING: _STOPS_FINAL,
    Rpc.DELETE: _STOPS_FINAL,
    Rpc.GRANT: _row(Effect.RETRIES, (Effect.STOPS, (*_FINAL, GrpcCode.OUT_OF_RANGE))),
    Rpc.REVOKE: _STOPS_FINAL,
}
# At ee00c269 the deletion of a Bucket is not written yet (sidecar/pkg/reconciler/bucket.go:141-149).
MAIN_2026_03: Effects = {**LATER_MAIN, Rpc.DELETE: _NEVER_CALLED}

# The report's patch as written returns an error on every branch, so everything is still requeued; create now records
# only eight codes (run: every code was called as often as before). Delete records every error at the caller already,
# and loses its NotFound exception. Grant and revoke are untouched.
_MEANT_FINAL = (
    GrpcCode.INVALID_ARGUMENT,
    GrpcCode.NOT_FOUND,
    GrpcCode.ALREADY_EXISTS,
    GrpcCode.PERMISSION_DENIED,
    GrpcCode.RESOURCE_EXHAUSTED,
    GrpcCode.FAILED_PRECONDITION,
    GrpcCode.UNIMPLEMENTED,
    GrpcCode.UNAUTHENTICATED,
)
COSI_86_AS_WRITTEN: Effects = {
    **ALPHA1,
    Rpc.CREATE: _row(Effect.SILENT_RETRY, (Effect.RETRIES, _MEANT_FINAL)),
    Rpc.DELETE: _row(Effect.RETRIES),
}
# What its authors wanted: nine names, of which OK cannot occur inside an error branch.
COSI_86_INTENT: Effects = {
    **ALPHA1,
    Rpc.CREATE: _row(Effect.RETRIES, (Effect.STOPS, _MEANT_FINAL)),
    Rpc.DELETE: _row(Effect.RETRIES, (Effect.STOPS, _MEANT_FINAL)),
}

# The v1alpha2 Error Scheme. Where it says that deleting or revoking a missing thing must answer OK, an answer
# NotFound itself stays unspecified. OutOfRange is named for grant only ("multi-bucket not supported").
_AGAIN = (GrpcCode.PERMISSION_DENIED, GrpcCode.ABORTED, GrpcCode.UNAUTHENTICATED)
_SPEC2 = _row(Effect.UNSPECIFIED, (Effect.STOPS, _FINAL), (Effect.RETRIES, _AGAIN))
SPEC_V1ALPHA2: Effects = {
    Rpc.CREATE: _SPEC2,
    Rpc.GET_EXISTING: _SPEC2,
    Rpc.DELETE: _SPEC2,
    Rpc.GRANT: {**_SPEC2, GrpcCode.OUT_OF_RANGE: Effect.STOPS},
    Rpc.REVOKE: _SPEC2,
}

# The v1alpha1 specification (Error Scheme, CreateBucket Errors), read strictly: "must not retry", "must fix the field
# before retrying" and "after which the caller may retry" all mean that the same call is not repeated by itself: stops.
# Only Aborted asks for a retry with backoff. AlreadyExists and OutOfRange are spoken of for create alone. The rest is
# unspecified; that any call may be retried after a time-out is an allowance and no rule for DeadlineExceeded.
_ACT_FIRST = (
    GrpcCode.INVALID_ARGUMENT,
    GrpcCode.UNIMPLEMENTED,
    GrpcCode.PERMISSION_DENIED,
    GrpcCode.UNAUTHENTICATED,
)
_SPEC1 = _row(Effect.UNSPECIFIED, (Effect.STOPS, _ACT_FIRST), (Effect.RETRIES, (GrpcCode.ABORTED,)))
SPEC_V1ALPHA1: Effects = {
    Rpc.CREATE: {**_SPEC1, GrpcCode.ALREADY_EXISTS: Effect.STOPS, GrpcCode.OUT_OF_RANGE: Effect.STOPS},
    Rpc.GET_EXISTING: _NEVER_CALLED,
    Rpc.DELETE: _SPEC1,
    Rpc.GRANT: _SPEC1,
    Rpc.REVOKE: _SPEC1,
}
