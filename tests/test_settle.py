"""What a driver's answer proves, and how it compares with the record: truth tables."""

import pytest

from cosictl.diagnosis.settle import Comparison, Observed, compared, settled
from cosictl.model.failures import Cause, Classification, FixBy, GrpcCode
from cosictl.model.refs import Api, Rpc

V1, V2 = Api


def means(code: GrpcCode, cause: Cause = Cause.UNKNOWN, *, retryable: bool | None = None) -> Classification:
    return Classification(retryable=retryable, cause=cause, fix_by=FixBy.UNKNOWN, rule="r", grpc_code=code)


def seen(
    rpc: Rpc = Rpc.CREATE, api: Api = V1, code: GrpcCode = GrpcCode.INTERNAL, *, retryable: bool | None = None
) -> Observed:
    meaning = None if code is GrpcCode.OK else means(code, retryable=retryable)
    return Observed(rpc=rpc, api=api, code=code, meaning=meaning)


NAME = Observed(
    rpc=Rpc.CREATE,
    api=V1,
    code=GrpcCode.INVALID_ARGUMENT,
    meaning=means(GrpcCode.INVALID_ARGUMENT, Cause.INVALID_NAME, retryable=False),
)


@pytest.mark.parametrize(
    ("observed", "stops", "code"),
    [
        (Observed(rpc=Rpc.CREATE, api=V1, code=GrpcCode.DEADLINE_EXCEEDED, expired=True), False, "COSI109"),
        (Observed(rpc=Rpc.REVOKE, api=V2, code=GrpcCode.DEADLINE_EXCEEDED, expired=True), False, "COSI109"),
        (Observed(rpc=Rpc.CREATE, api=V1, code=GrpcCode.UNAVAILABLE, broken=True), False, "COSI501"),
        (Observed(rpc=Rpc.CREATE, api=V1, code=GrpcCode.UNIMPLEMENTED, foreign=True), True, "COSI502"),
        (Observed(rpc=Rpc.CREATE, api=V1, code=GrpcCode.OK, lacks=("bucket_id",)), False, "COSI108"),
        (Observed(rpc=Rpc.GET_EXISTING, api=V2, code=GrpcCode.OK, lacks=("protocols",)), False, "COSI108"),
        (Observed(rpc=Rpc.GRANT, api=V1, code=GrpcCode.OK, lacks=("account_id",)), False, "COSI408"),
        (seen(code=GrpcCode.OK), False, ""),
        (seen(code=GrpcCode.ALREADY_EXISTS), False, "COSI107"),
        (seen(code=GrpcCode.ALREADY_EXISTS, api=V2), True, "COSI115"),
        (seen(Rpc.GRANT, code=GrpcCode.ALREADY_EXISTS), False, "COSI406"),
        (seen(Rpc.GRANT, V2, GrpcCode.ALREADY_EXISTS), True, "COSI417"),
        (seen(Rpc.GRANT, code=GrpcCode.PERMISSION_DENIED), False, "COSI405"),
        (seen(Rpc.DELETE, code=GrpcCode.FAILED_PRECONDITION), False, "COSI301"),
        (seen(Rpc.REVOKE, code=GrpcCode.NOT_FOUND), False, "COSI410"),
        (NAME, False, "COSI106"),
        (NAME, True, "COSI106"),
        (seen(code=GrpcCode.INVALID_ARGUMENT, retryable=False), False, "COSI104"),
        (seen(code=GrpcCode.INVALID_ARGUMENT, api=V2, retryable=False), True, "COSI115"),
        (seen(code=GrpcCode.UNAVAILABLE, retryable=True), False, "COSI105"),
        (seen(code=GrpcCode.INTERNAL, retryable=None), False, ""),
    ],
)
def test_what_an_answer_proves(observed: Observed, stops: object, code: str) -> None:
    assert settled(observed, stops=bool(stops)) == code


TRANSIENT = means(GrpcCode.UNAVAILABLE, Cause.BACKEND_UNREACHABLE, retryable=True)
FINAL = means(GrpcCode.INVALID_ARGUMENT, Cause.INVALID_NAME, retryable=False)
LATE = means(GrpcCode.DEADLINE_EXCEEDED, Cause.TIMEOUT, retryable=True)


def answer(meaning: Classification) -> Observed:
    assert meaning.grpc_code is not None
    return Observed(rpc=Rpc.CREATE, api=V1, code=meaning.grpc_code, meaning=meaning)


GOOD = seen(code=GrpcCode.OK)
EMPTY = Observed(rpc=Rpc.CREATE, api=V1, code=GrpcCode.OK, lacks=("bucket_id",))
HANGS = Observed(rpc=Rpc.CREATE, api=V1, code=GrpcCode.DEADLINE_EXCEEDED, expired=True)
BROKEN = Observed(rpc=Rpc.CREATE, api=V1, code=GrpcCode.UNAVAILABLE, broken=True)


@pytest.mark.parametrize(
    ("observed", "recorded", "comparison"),
    [
        (GOOD, FINAL, Comparison.FIXED),
        (GOOD, None, Comparison.FIXED),
        (answer(FINAL), None, Comparison.UNRECORDED),
        (answer(FINAL), FINAL, Comparison.REPRODUCED),
        (answer(TRANSIENT), TRANSIENT, Comparison.REPRODUCED),
        (answer(FINAL), TRANSIENT, Comparison.WORSE),
        (answer(TRANSIENT), FINAL, Comparison.CHANGED),
        (answer(means(GrpcCode.INVALID_ARGUMENT, Cause.INVALID_PARAMETER, retryable=False)), FINAL, Comparison.CHANGED),
        (answer(means(GrpcCode.INTERNAL, Cause.INVALID_NAME, retryable=False)), FINAL, Comparison.CHANGED),
        (answer(means(GrpcCode.INTERNAL, retryable=None)), TRANSIENT, Comparison.CHANGED),
        (EMPTY, FINAL, Comparison.WORSE),
        (HANGS, FINAL, Comparison.WORSE),
        (BROKEN, TRANSIENT, Comparison.WORSE),
        (HANGS, LATE, Comparison.REPRODUCED),
        (EMPTY, LATE, Comparison.WORSE),
        (EMPTY, None, Comparison.UNRECORDED),
    ],
)
def test_how_an_answer_compares(observed: Observed, recorded: Classification | None, comparison: Comparison) -> None:
    assert compared(observed, recorded) is comparison
