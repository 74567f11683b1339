"""Cases about who a driver is, and about buckets: made, found and deleted."""

import re
from collections.abc import Callable
from typing import Final

from cosictl.driver.check.bench import Bench, FailedError, SkippedError
from cosictl.driver.check.case import ALPHA2, Case, expect_code, expect_ok
from cosictl.driver.identify import name_problems
from cosictl.model.failures import GrpcCode
from cosictl.model.refs import Api

REPEATS: Final = 10
# Limits of the specification: v1alpha1 strings in bytes; v1alpha2 IDs in characters of this kind.
_LONGEST_V1: Final = 128
_ID_V2: Final = re.compile(r"[a-zA-Z0-9/._-]{1,2048}")
_CREATE: Final = "both specifications, DriverCreateBucket"
_DELETE: Final = "both specifications, DriverDeleteBucket"
_CODES: Final = "both specifications, error scheme: InvalidArgument"


def _info(bench: Bench) -> None:
    said = bench.info()
    expect_ok(said, "DriverGetInfo")
    problems = list(name_problems(said.reply.name))
    if bench.api is Api.V1ALPHA2 and not said.reply.protocols:
        problems.append("it offers no protocol")
    if problems:
        raise FailedError(f'name "{said.reply.name}": {"; ".join(problems)}')


def _create(bench: Bench) -> None:
    said = bench.create(bench.name("create"))
    expect_ok(said, "the create")
    if not said.reply.bucket_id:
        raise FailedError("the create gave OK without a bucket_id")
    if bench.api is Api.V1ALPHA2 and not said.reply.info:
        raise FailedError("the create gave OK without protocols")
    _check_id(bench, said.reply.bucket_id)


def _check_id(bench: Bench, bucket_id: str) -> None:
    if bench.api is Api.V1ALPHA1 and len(bucket_id.encode()) > _LONGEST_V1:
        raise FailedError(f"the bucket_id has {len(bucket_id.encode())} bytes, {_LONGEST_V1} are allowed")
    if bench.api is Api.V1ALPHA2 and not _ID_V2.fullmatch(bucket_id):
        raise FailedError(f'the bucket_id "{bucket_id[:200]}" is none that the API server stores')


def _create_again(bench: Bench) -> None:
    name = bench.name("again")
    first = bench.create(name)
    if not first.ok:
        raise SkippedError(f"the first create gave {first}")
    for _ in range(REPEATS):
        said = bench.create(name)
        expect_ok(said, "the same create again")
        if said.reply.bucket_id != first.reply.bucket_id:
            raise FailedError(f"another bucket_id: first {first.reply.bucket_id}, then {said.reply.bucket_id}")


def _create_together(bench: Bench) -> None:
    name = bench.name("together")
    answers = bench.create_together(name, REPEATS)
    # One that comes while another is at work may be told to come again (Aborted).
    bad = [said for said in answers if not said.ok and said.code is not GrpcCode.ABORTED]
    if bad:
        raise FailedError(f"{len(bad)} of {REPEATS} creates of one bucket at the same time gave {bad[0]}")
    last = bench.create(name)
    expect_ok(last, "the create after them")
    ids = {said.reply.bucket_id for said in (*answers, last) if said.ok}
    if len(ids) > 1:
        raise FailedError(f"one name gave several buckets: {', '.join(sorted(ids)[:3])}")


def _distinct(bench: Bench) -> None:
    answers = [bench.create(bench.name("distinct")) for _ in range(2)]
    if not all(said.ok and said.reply.bucket_id for said in answers):
        raise SkippedError(f"the creates gave {answers[0]} and {answers[1]}")
    first, second = (said.reply.bucket_id for said in answers)
    if first == second:
        raise FailedError(f"two names gave one bucket: {first}")


def _other_parameters(bench: Bench) -> None:
    name = bench.name("other")
    first = bench.create(name)
    if not first.ok:
        raise SkippedError(f"the first create gave {first}")
    told = bench.settings.other_parameters
    other = {**bench.settings.parameters, **(told or {"cosictl-check": "another"})}
    said = bench.create(name, other)
    if not told and said.code is GrpcCode.INVALID_ARGUMENT and said.answer.from_driver:
        raise SkippedError("the driver refuses unknown parameters; name one it knows with --other-parameter")
    if not told and said.ok:
        raise FailedError(
            "the same name with a parameter more gave OK, not AlreadyExists; if the driver ignores unknown parameters, "
            "name one it knows with --other-parameter"
        )
    expect_code(said, GrpcCode.ALREADY_EXISTS, "the same name with other parameters")


def _unknown_parameters(bench: Bench) -> None:
    said = bench.create(bench.name("unknown"), {**bench.settings.parameters, "cosictl-check": "unknown"})
    if not said.ok and not (said.code is GrpcCode.INVALID_ARGUMENT and said.answer.from_driver):
        raise FailedError(f"an unknown parameter gave {said}, neither OK nor InvalidArgument")


def _named(make: Callable[[Bench], str], what: str) -> Callable[[Bench], None]:
    def run(bench: Bench) -> None:
        said = bench.create(make(bench))
        if said.ok:
            raise FailedError(f"{what} was accepted, as bucket {said.reply.bucket_id[:100]}")
        expect_code(said, GrpcCode.INVALID_ARGUMENT, what)
        if not bench.info().ok:
            raise FailedError(f"after {what} the driver does not say any more who it is")

    return run


def _name_case(word: str, what: str, make: Callable[[Bench], str]) -> Case:
    return Case(
        id=f"name-{word}",
        says=f"{what} is an invalid field: InvalidArgument, and nothing is made.",
        source=_CODES,
        shows="Internal hides that it can never work: the loop looks like trouble that passes (COSI104, COSI106). "
        "A crash takes every bucket of the driver with it (COSI501).",
        run=_named(make, what),
    )


def _get_missing(bench: Bench) -> None:
    expect_code(bench.get_existing(bench.name("missing")), GrpcCode.NOT_FOUND, "looking up a bucket that is not there")


def _get_own(bench: Bench) -> None:
    bucket_id = bench.bucket()
    said = bench.get_existing(bucket_id)
    expect_ok(said, "looking up a bucket that was just made")
    if said.reply.bucket_id != bucket_id:
        raise FailedError(f"it was made as {bucket_id} and found as {said.reply.bucket_id or 'nothing'}")


def _delete(bench: Bench) -> None:
    made = bench.create(bench.name("delete"))
    if not (made.ok and made.reply.bucket_id):
        raise SkippedError(f"the create gave {made}")
    if not bench.is_ours(made.reply.bucket_id):
        raise SkippedError(f"bucket {made.reply.bucket_id} may be somebody else's")
    expect_ok(bench.delete(made.reply.bucket_id), "the delete")
    expect_ok(bench.delete(made.reply.bucket_id), "the same delete again")


def _delete_nothing(bench: Bench) -> None:
    expect_ok(bench.delete(bench.name("nothing")), "deleting a bucket that never was")


def _cancelled(bench: Bench) -> None:
    name = bench.name("cancelled")
    bench.create_and_cancel(name)
    _comes_back(bench, name, "a cancelled create")


def _expired(bench: Bench) -> None:
    name = bench.name("expired")
    bench.create(name, timeout=0.001)
    _comes_back(bench, name, "a create whose deadline had passed")


def _comes_back(bench: Bench, name: str, what: str) -> None:
    for _ in range(REPEATS):
        said = bench.create(name)
        if said.code is not GrpcCode.ABORTED:
            break
    expect_ok(said, f"the same create after {what}")
    again = bench.create(name)
    expect_ok(again, f"the same create once more after {what}")
    if again.reply.bucket_id != said.reply.bucket_id:
        raise FailedError(f"after {what} one name gave two buckets")


BUCKET_CASES: Final = (
    Case(
        id="info",
        says="The driver has a name of at most 63 letters, digits, dashes and dots; v1alpha2: and offers a protocol.",
        source="both specifications, DriverGetInfo",
        shows="The sidecar exits when it starts, or serves a driver that no class can name (COSI501, COSI602).",
        run=_info,
    ),
    Case(
        id="create",
        says="A new bucket is made: OK with its ID, and in v1alpha2 with what clients need to know of it.",
        source=_CREATE,
        shows="An OK without an ID is repeated for ever and recorded nowhere (COSI108); an ID that the API server "
        "refuses loses the whole status (COSI117).",
        run=_create,
    ),
    Case(
        id="create-again",
        says="The same name with the same parameters is the same bucket: OK with the same ID, however often.",
        source=_CREATE + ", idempotence",
        shows="AlreadyExists for its own bucket is a silent loop: no event, no status, never ready (COSI107).",
        run=_create_again,
    ),
    Case(
        id="create-together",
        says="Creates of one bucket at the same time make one bucket; Aborted may ask one to come again.",
        source=_CREATE + ", concurrency",
        shows="Several buckets for one claim, of which all but one are never deleted.",
        run=_create_together,
    ),
    Case(
        id="create-distinct",
        says="Different names are different buckets, with different IDs.",
        source=_CREATE,
        shows="Two claims share one bucket, and deleting either deletes the data of both (COSI207).",
        run=_distinct,
    ),
    Case(
        id="create-other-parameters",
        says="The same name with other parameters is a conflict: AlreadyExists.",
        source=_CREATE,
        shows="A Bucket that is ready and is not what its class asks for.",
        run=_other_parameters,
    ),
    Case(
        id="unknown-parameters",
        says="A parameter that the driver does not know is ignored or an InvalidArgument.",
        source=_CODES,
        shows="A misspelt class loops with an error that looks like trouble that passes (COSI104).",
        run=_unknown_parameters,
    ),
    _name_case("empty", "an empty name", lambda _: ""),
    _name_case("long", "a name of 300 characters", lambda bench: bench.name().ljust(300, "x")),
    _name_case("upper-case", "a name with capital letters", lambda bench: bench.name("UPPER").upper()),
    _name_case("unicode", "a name that is not ASCII", lambda bench: bench.name("b\u00fc\u010dk\u00ebt")),
    _name_case("path", "a name that looks like a path", lambda bench: f"../../{bench.name('path')}"),
    Case(
        id="get-missing",
        says="Looking up a bucket that is not there gives NotFound.",
        source="specification of v1alpha2, DriverGetExistingBucket",
        shows="A static Bucket waits for ever and does not say what it waits for (COSI204).",
        run=_get_missing,
        apis=ALPHA2,
    ),
    Case(
        id="get-own",
        says="Looking up a bucket that is there gives OK with its ID.",
        source="specification of v1alpha2, DriverGetExistingBucket",
        shows="A static Bucket never becomes ready (COSI204).",
        run=_get_own,
        apis=ALPHA2,
    ),
    Case(
        id="delete",
        says="A bucket is deleted; deleting it again gives OK.",
        source=_DELETE + ", idempotence",
        shows="A deletion that was done never ends: the claim and its namespace hang (COSI301).",
        run=_delete,
    ),
    Case(
        id="delete-nothing",
        says="Deleting a bucket that is not there gives OK.",
        source=_DELETE + ", idempotence",
        shows="A bucket that was removed by hand holds its claim for ever (COSI301).",
        run=_delete_nothing,
    ),
    Case(
        id="create-cancelled",
        says="A create that was cancelled may have worked; the same create again gives OK.",
        source=_CREATE + ", idempotence",
        shows="A restart of the sidecar at the wrong moment leaves a Bucket that loops (COSI107).",
        run=_cancelled,
    ),
    Case(
        id="create-expired",
        says="A create whose deadline passed may have worked; the same create again gives OK.",
        source=_CREATE + ", idempotence",
        shows="A slow backend leaves a Bucket that loops (COSI107).",
        run=_expired,
    ),
)
