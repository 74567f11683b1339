"""A case of the check as a row: what it asks of a driver, where the specification says so, and what a failure means."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from cosictl.driver.check.bench import Bench, FailedError, Said
from cosictl.model.failures import GrpcCode
from cosictl.model.refs import Api

BOTH = (Api.V1ALPHA1, Api.V1ALPHA2)
ALPHA2 = (Api.V1ALPHA2,)


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One promise.

    ``says`` is what the specification asks for, in our words; ``shows`` what a driver that breaks it looks like in a
    cluster, with the finding. ``run`` raises FailedError, SkippedError and GivenUpError. ``once``: it judges all that
    was said, and is not repeated.
    """

    id: str
    says: str
    source: str
    shows: str
    run: Callable[[Bench], None]
    apis: tuple[Api, ...] = BOTH
    once: bool = False


class Outcome(StrEnum):
    """How a case ended; ``not-run`` is one that came after the driver had stopped answering."""

    PASSED = "passed"
    FAILED = "failed"
    SKIPPED = "skipped"
    NOT_RUN = "not-run"


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """How one case ended, with the reason; ``seconds`` is how long it took, ``runs`` how often it was run."""

    case: Case
    outcome: Outcome
    detail: str = ""
    seconds: float = 0.0
    runs: int = 1


def expect_ok(said: Said, what: str) -> None:
    """Fail unless a call ended with OK and a readable reply."""
    if not said.ok:
        raise FailedError(f"{what} gave {said}")


def expect_code(said: Said, code: GrpcCode, what: str) -> None:
    """Fail unless the driver itself answered this code."""
    if said.code is not code or not said.answer.from_driver:
        raise FailedError(f"{what} gave {said}, not {code.value}")
