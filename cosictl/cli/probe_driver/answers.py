"""What the verbs of ``probe-driver`` share: answers become errors, and what the cluster knows about a driver."""

# ruff: noqa: PLC0415 - libraries load when a command needs them, so that --help stays light

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

from cosictl.cli.options import Shared
from cosictl.cli.probe_driver.dialling import Line
from cosictl.cli.said import plain
from cosictl.errors import CosictlError, DriverAnswerError, EndpointError, TimedOutError
from cosictl.flows.driver_names import wanted_by
from cosictl.model.failures import GRPC_NUMBERS, GrpcCode

if TYPE_CHECKING:
    from cosictl.driver.channel import Answer
    from cosictl.driver.identify import Identity
    from cosictl.flows.reproduce import Heard
    from cosictl.model.failures import Classification

NUMBERS: Final = {code: number for number, code in GRPC_NUMBERS.items()}
# The kinds whose objects name drivers.
NAMING: Final = frozenset({"buckets", "bucketclasses", "bucketaccessclasses", "bucketaccesses"})
# Seconds for each request, where a probe only also looks at the cluster.
ASIDE: Final = "5s"


def heard(answer: "Answer", lacks: Sequence[str] = ()) -> "Heard":
    """Return an answer as the flows take it."""
    from cosictl.flows.reproduce import Heard

    return Heard(
        code=answer.code,
        message=answer.message,
        expired=answer.expired,
        broken=not answer.from_driver and not answer.expired,
        lacks=tuple(lacks),
    )


def error_of(answer: "Answer", where: str, *, meaning: "Classification | None" = None) -> CosictlError | None:
    """Return the error that an answer is, with the exit code it has; None for OK."""
    if answer.ok:
        return None
    if answer.expired:
        return TimedOutError(
            f"the driver at {where} gave no answer in {answer.seconds:.1f} s",
            meaning="the sidecar sets no deadline, so it would wait for ever (COSI109)",
            next_step="restart the driver, or allow more with --timeout",
        )
    if not answer.from_driver:
        return EndpointError(
            f"the connection to {where} broke: {answer.message}",
            meaning="the driver died in the middle of the call, or closed the connection",
            next_step="look at its last words: kubectl logs --previous",
        )
    words = f"the driver answered {answer.code.value}: {answer.message or '(no message)'}"
    return DriverAnswerError(words, NUMBERS[answer.code], meaning=_meaning(meaning))


def _meaning(found: "Classification | None") -> str:
    if found is None:
        return ""
    may = {True: "may pass by itself", False: "cannot pass by itself", None: "unknown whether it can pass by itself"}
    return f"{found.cause.value}, {may[found.retryable]}; fix by: {found.fix_by.value}"


def identity_or_error(who: "Identity", line: Line) -> "Identity":
    """Return who a driver is; raises what its first answer is where it speaks neither version."""
    if who.infos:
        return who
    answers = list(who.answers.values())
    if all(answer.code is GrpcCode.UNIMPLEMENTED for answer in answers):
        raise DriverAnswerError(
            f"what listens at {line.where} is no COSI driver: it knows neither version's Identity service",
            NUMBERS[GrpcCode.UNIMPLEMENTED],
            meaning=f"it says: {answers[0].message}",
            next_step="check the address; another gRPC server may be listening there",
        )
    telling = next(answer for answer in answers if answer.code is not GrpcCode.UNIMPLEMENTED)
    found = error_of(telling, line.where)
    assert found is not None
    raise found


def names_in_cluster(shared: Shared, dumps: Sequence[str] | None, name: str) -> dict[str, Any]:
    """Compare a driver's name with what the cluster or a dump asks for; where neither can be read, say why."""
    from cosictl.cli.wiring import open_source
    from cosictl.model.copying import replace

    aside = replace(shared, request_timeout=shared.request_timeout or ASIDE)
    try:
        snapshot = open_source(aside, dumps, everywhere=True, only=NAMING).read()
    except CosictlError as error:
        if dumps:
            raise
        return {"compared": False, "reason": plain(error.what)}
    wanted = wanted_by(snapshot, name)
    return {
        "compared": True,
        "source": snapshot.source,
        "exactly": [str(ref) for ref in wanted.exactly],
        "butForCase": [{"object": str(ref), "asksFor": asked} for ref, asked in wanted.but_for_case],
        "otherDrivers": list(wanted.others),
    }
