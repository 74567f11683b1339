"""Cases about access, and about all answers of a driver together."""

from typing import Final

from cosictl.driver.check.bench import Bench, FailedError, Said, SkippedError
from cosictl.driver.check.case import ALPHA2, Case, expect_code, expect_ok
from cosictl.model.copying import replace
from cosictl.model.failures import GrpcCode
from cosictl.model.refs import Api, Rpc

_GRANT: Final = "both specifications, DriverGrantBucketAccess"
_REVOKE: Final = "both specifications, DriverRevokeBucketAccess"
_CODES: Final = "both specifications, error scheme"
# The keys a v1alpha1 sidecar reads (v0.2.2 sidecar/pkg/consts); others are dropped without a word.
_KEYS: Final = {
    "s3": ("accessKeyID", "accessSecretKey", "endpoint", "region"),
    "azure": ("accessToken",),
}
# What the two specifications name for errors of a driver, and FailedPrecondition for a bucket with data in it.
SPECIFIED: Final = frozenset(
    {
        *(GrpcCode.INVALID_ARGUMENT, GrpcCode.ALREADY_EXISTS, GrpcCode.UNIMPLEMENTED, GrpcCode.PERMISSION_DENIED),
        *(GrpcCode.ABORTED, GrpcCode.UNAUTHENTICATED, GrpcCode.OUT_OF_RANGE, GrpcCode.FAILED_PRECONDITION),
    }
)
_OUR_DOING: Final = frozenset({GrpcCode.CANCELED, GrpcCode.DEADLINE_EXCEEDED})


def _grant(bench: Bench) -> None:
    bucket_id = bench.bucket()
    said = bench.grant(bench.name("grant"), bucket_id)
    expect_ok(said, "the grant")
    if not said.reply.account_id:
        raise FailedError("the grant gave OK without an account_id")
    credentials = said.reply.credentials
    if bench.api is Api.V1ALPHA2:
        if not credentials:
            raise FailedError("the grant gave OK without credentials")
        if bucket_id not in said.reply.buckets:
            raise FailedError(f"the grant gave OK and does not name bucket {bucket_id}")
        return
    if len(credentials) != 1:
        raise FailedError(f"the grant gave {len(credentials)} entries of credentials, not one")
    protocol, found = next(iter(credentials.items()))
    missing = [key for key in _KEYS.get(protocol, ()) if not found.get(key)]
    if protocol not in _KEYS:
        raise FailedError(f'the credentials are under "{protocol}"; the sidecar reads s3 and azure')
    if missing:
        raise FailedError(f"the credentials lack {', '.join(missing)}; they have {', '.join(sorted(found))}")


def _grant_again(bench: Bench) -> None:
    name, reply = bench.account()
    said = bench.grant(name, bench.bucket())
    expect_ok(said, "the same grant again")
    if said.reply.account_id != reply.account_id:
        raise FailedError(f"another account: first {reply.account_id}, then {said.reply.account_id}")


def _unknown_authentication(bench: Bench) -> None:
    said = bench.grant(bench.name("auth"), bench.bucket(), terms=replace(bench.terms(), authentication=""))
    expect_code(said, GrpcCode.INVALID_ARGUMENT, "an unknown authentication type")


def _unknown_protocol(bench: Bench) -> None:
    said = bench.grant(bench.name("protocol"), bench.bucket(), terms=replace(bench.terms(), protocol=""))
    expect_code(said, GrpcCode.INVALID_ARGUMENT, "an unknown protocol")


def _revoke(bench: Bench) -> None:
    bucket_id = bench.bucket()
    made = bench.grant(bench.name("revoke"), bucket_id)
    if not (made.ok and made.reply.account_id):
        raise SkippedError(f"the grant gave {made}")
    expect_ok(bench.revoke(made.reply.account_id, bucket_id), "the revoke")
    expect_ok(bench.revoke(made.reply.account_id, bucket_id), "the same revoke again")


def _revoke_nothing(bench: Bench) -> None:
    expect_ok(bench.revoke(bench.name("nobody"), bench.bucket()), "revoking an account that never was")


def _not_empty(bench: Bench) -> None:
    fill = bench.settings.fill
    if fill is None:
        raise SkippedError("nobody can put an object into a bucket; give a command that does with --fill")
    made = bench.create(bench.name("full"))
    if not (made.ok and made.reply.bucket_id and bench.is_ours(made.reply.bucket_id)):
        raise SkippedError(f"the create gave {made}")
    granted = bench.grant(bench.name("filler"), made.reply.bucket_id)
    fill(made.reply.bucket_id, granted.reply.credentials if granted.ok else {})
    said = bench.delete(made.reply.bucket_id)
    if said.ok:
        raise FailedError("a bucket with an object in it was deleted")
    expect_code(said, GrpcCode.FAILED_PRECONDITION, "deleting a bucket with an object in it")


def _messages(bench: Bench) -> None:
    errors = _errors(bench)
    silent = [said for said in errors if not said.message.strip()]
    if silent:
        raise FailedError(f"{len(silent)} errors without a message, such as {silent[0].code.value} of {_of(silent[0])}")
    for said in errors:
        leaked = any(len(value) > 5 and value in said.message for value in bench.secrets)
        if leaked or bench.settings.masked(said.message) != said.message:
            raise FailedError(f"an error of {_of(said)} has a credential in it")


def _specified(bench: Bench) -> None:
    for said in _errors(bench):
        allowed = SPECIFIED | ({GrpcCode.NOT_FOUND} if said.method in {Rpc.GET_EXISTING, Rpc.GRANT} else set())
        if said.code not in allowed:
            raise FailedError(f"{_of(said)} gave {said}, a code that the specification does not have for it")


def _errors(bench: Bench) -> list[Said]:
    """Return the errors that the driver itself answered, but for those that we caused by not waiting."""
    errors = [said for said in bench.heard if said.code is not GrpcCode.OK and said.answer.from_driver]
    errors = [said for said in errors if said.code not in _OUR_DOING]
    if not errors:
        raise SkippedError("the driver answered no error")
    return errors


def _of(said: Said) -> str:
    return said.method


ACCESS_CASES: Final = (
    Case(
        id="grant",
        says="Access is granted: OK with an account and its credentials, spelled as the sidecar reads them.",
        source=_GRANT,
        shows="An OK that lacks something is granted again for ever (COSI408); credentials spelled otherwise give an "
        "application an empty Secret.",
        run=_grant,
    ),
    Case(
        id="grant-again",
        says="The same grant again gives OK with the same account.",
        source=_GRANT + ", idempotence",
        shows="AlreadyExists crashes a v1alpha1 sidecar, again after every restart (COSI406); a new account each time "
        "piles up users (COSI407).",
        run=_grant_again,
    ),
    Case(
        id="grant-unknown-authentication",
        says="An authentication type that the driver does not support is an InvalidArgument.",
        source=_GRANT,
        shows="A class with the wrong type loops with an error that looks like trouble that passes (COSI405).",
        run=_unknown_authentication,
    ),
    Case(
        id="grant-unknown-protocol",
        says="A protocol that the driver does not support is an InvalidArgument.",
        source="specification of v1alpha2, DriverGrantBucketAccess",
        shows="An access with the wrong protocol loops, or gets credentials it cannot use (COSI405).",
        run=_unknown_protocol,
        apis=ALPHA2,
    ),
    Case(
        id="revoke",
        says="Access is revoked; revoking it again gives OK.",
        source=_REVOKE + ", idempotence",
        shows="An access that was revoked never goes: NotFound is retried for ever (COSI410).",
        run=_revoke,
    ),
    Case(
        id="revoke-nothing",
        says="Revoking an account that is not there gives OK.",
        source=_REVOKE + ", idempotence",
        shows="An access whose account was removed by hand never goes (COSI410).",
        run=_revoke_nothing,
    ),
    Case(
        id="delete-not-empty",
        says="A bucket with data in it is not deleted: FailedPrecondition.",
        source="both specifications, DriverDeleteBucket; FailedPrecondition is what drivers agree on",
        shows="Data lost by deleting a claim, or a deletion that hangs without saying why (COSI301).",
        run=_not_empty,
    ),
    Case(
        id="messages",
        says="Every error has a message, and no credential in it.",
        source=_CODES + "; credentials are marked cosi_secret",
        shows="An event that says nothing, or one that everybody who may read events can log in with.",
        run=_messages,
        once=True,
    ),
    Case(
        id="codes",
        says="Every error has a code that the specification names for it.",
        source=_CODES,
        shows="Internal and Unknown are retried by every release, whatever they hide (COSI104).",
        run=_specified,
        once=True,
    ),
)
