"""Run the cases of a check, and leave nothing behind."""

import re
import time
from collections.abc import Callable, Sequence
from typing import Final

from cosictl.driver.check.bench import Bench, FailedError, GivenUpError, SkippedError
from cosictl.driver.check.case import Case, Outcome, Result
from cosictl.driver.check.cases_access import ACCESS_CASES
from cosictl.driver.check.cases_bucket import BUCKET_CASES
from cosictl.model.refs import Api

CASES: Final[tuple[Case, ...]] = (*BUCKET_CASES, *ACCESS_CASES)


def chosen(api: Api, *, focus: re.Pattern[str] | None, skip: re.Pattern[str] | None) -> tuple[Case, ...]:
    """Return the cases for a version whose ids match ``focus`` and not ``skip``. Pure."""
    return tuple(
        case
        for case in CASES
        if api in case.apis
        and (focus is None or focus.search(case.id))
        and not (skip is not None and skip.search(case.id))
    )


def run_cases(
    bench: Bench, cases: Sequence[Case], *, repeat: int = 1, tell: Callable[[Result], None] = lambda _: None
) -> tuple[Result, ...]:
    """Run cases one after the other, each ``repeat`` times; ``tell`` hears of each result.

    A driver that has stopped answering is not asked any more: the cases left are not run. Removes nothing.
    """
    results: list[Result] = []
    dead = ""
    for case in cases:
        if dead:
            result = Result(case=case, outcome=Outcome.NOT_RUN, detail=dead, runs=0)
        else:
            result, dead = _run(bench, case, 1 if case.once else repeat)
        results.append(result)
        tell(result)
    return tuple(results)


def _run(bench: Bench, case: Case, repeat: int) -> tuple[Result, str]:
    """Run one case; return its result, and why no other should follow ("" where one may)."""
    began = time.monotonic()
    failures: list[str] = []
    skipped = dead = ""
    done = 0
    for _ in range(repeat):
        done += 1
        try:
            case.run(bench)
        except FailedError as error:
            failures.append(str(error))
        except SkippedError as error:
            skipped = str(error)
            break
        except GivenUpError as error:
            failures.append(f"the driver gave no answer: {error}")
            dead = f"the driver had stopped answering: {error}"
            break
    outcome, detail = Outcome.PASSED, ""
    if failures:
        times = f"{len(failures)} of {done} times: " if repeat > 1 else ""
        outcome, detail = Outcome.FAILED, times + failures[0]
    elif skipped:
        outcome, detail = Outcome.SKIPPED, skipped
    return Result(case=case, outcome=outcome, detail=detail, seconds=time.monotonic() - began, runs=done), dead
