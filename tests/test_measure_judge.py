"""From what followed an answer to an effect, and from a measured row to the known ones: truth tables."""

from collections.abc import Mapping

import pytest

from cosictl.diagnosis.backoff_fit import Fitted
from cosictl.diagnosis.measured import (
    QUIET,
    Cell,
    Cells,
    Measurement,
    Trial,
    closest,
    edit_effect,
    fits,
    is_backoff,
    is_settled,
    judge,
    judge_all,
    records_of,
)
from cosictl.knowledge.policies import POLICIES, EditEffect, Effect, Policy, Records
from cosictl.model.copying import replace
from cosictl.model.failures import GrpcCode
from cosictl.model.refs import Api, Rpc

TRIAL = Trial(rpc=Rpc.CREATE, code=GrpcCode.INTERNAL, calls=1, repeats=1, succeeded=False, recorded=False)
LONG = QUIET + 1

VERDICTS = {
    "it reached its end": (replace(TRIAL, succeeded=True), Effect.SUCCEEDS),
    "also after a refusal, and several tries": (replace(TRIAL, succeeded=True, repeats=4), Effect.SUCCEEDS),
    "called again and recorded": (replace(TRIAL, calls=2, repeats=2, recorded=True), Effect.RETRIES),
    "called again and not recorded": (replace(TRIAL, calls=2, repeats=2), Effect.SILENT_RETRY),
    "called again, and nobody could look": (replace(TRIAL, repeats=2, recorded=None), Effect.RETRIES),
    "once in each life is no retry": (replace(TRIAL, calls=2, repeats=1, quiet=LONG), Effect.STOPS),
    "silence": (replace(TRIAL, quiet=LONG), Effect.STOPS),
    "silence that is too short": (replace(TRIAL, quiet=QUIET - 1), None),
    "an OK that was not used stops as well": (replace(TRIAL, code=GrpcCode.OK, quiet=LONG), Effect.STOPS),
    "an OK, known from calls alone": (replace(TRIAL, code=GrpcCode.OK, succeeded=None, quiet=LONG), Effect.SUCCEEDS),
    "it died of it": (replace(TRIAL, crashed=True), Effect.CRASHES),
    "never called": (replace(TRIAL, calls=0), Effect.NOT_CALLED),
    "never called, and gone all the same": (replace(TRIAL, calls=0, succeeded=True), Effect.NOT_CALLED),
    "a reason why not": (replace(TRIAL, repeats=9, why="another sidecar"), None),
}


@pytest.mark.parametrize(("trial", "effect"), VERDICTS.values(), ids=VERDICTS.keys())
def test_an_effect(trial: Trial, effect: Effect | None) -> None:
    found = judge(trial, others_called=False)
    assert found.effect is effect
    assert bool(found.why) is (effect is None)


def test_what_is_called_for_other_answers_is_no_call_that_is_never_made() -> None:
    found = judge_all([replace(TRIAL, calls=0), replace(TRIAL, code=GrpcCode.ABORTED, repeats=2, recorded=True)])
    row = found[Rpc.CREATE]
    assert row[GrpcCode.INTERNAL].effect is None
    assert row[GrpcCode.ABORTED].effect is Effect.RETRIES


SETTLED = {
    "nothing yet": (replace(TRIAL, calls=0, repeats=0), False, False),
    "one call": (TRIAL, True, False),
    "one call and silence": (replace(TRIAL, quiet=LONG), False, True),
    "an end": (replace(TRIAL, succeeded=True), False, True),
    "retried and recorded": (replace(TRIAL, repeats=3, recorded=True), False, True),
    "retried, and a record may still come": (replace(TRIAL, repeats=9), False, False),
    "retried, and no record will come": (replace(TRIAL, repeats=3), True, True),
    "retried too seldom": (replace(TRIAL, repeats=2, recorded=True), True, False),
}


@pytest.mark.parametrize(("trial", "late", "settled"), SETTLED.values(), ids=SETTLED.keys())
def test_when_watching_is_over(trial: Trial, late: bool, settled: bool) -> None:  # noqa: FBT001 - a table
    assert is_settled(trial, would_be_recorded=late, wanted=3) is settled


# Edited at 10, after an answer at 9 that came 30 after the one before: the next is due from 39 on.
EDITS = {
    "at once": ([10.1, 40.2], 60.0, EditEffect.RETRIES_NOW),
    "as it would have come": ([39.1], 60.0, EditEffect.NOTHING),
    "as a growing pause lets it come": ([69.1], 70.0, EditEffect.NOTHING),
    "never": ([], 85.0, EditEffect.ENDS_LOOP),
    "not yet": ([], 50.0, None),
    "only before": ([2.0, 9.0], 50.0, None),
}


@pytest.mark.parametrize(("after", "now", "effect"), EDITS.values(), ids=EDITS.keys())
def test_an_edit(after: list[float], now: float, effect: EditEffect | None) -> None:
    assert edit_effect(edited=10.0, before=9.0, pause=30.0, after=after, now=now) is effect


@pytest.mark.parametrize(
    ("pauses", "is_one"),
    [
        ([0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 6.4], True),
        ([0.1, 0.2, 0.4, 0.8, 1.6, 30.0, 30.0], True),
        ([136.0, 35.0, 9.0, 12.0, 5.0, 2.0, 9.0, 6.0, 21.0, 42.0], True),
        ([136.0, 35.0, 9.0, 12.0, 5.0, 2.0, 9.0, 6.0, 12.0], False),
        ([0.1, 0.2, 0.4, 0.8], False),
    ],
    ids=["growing", "at the cap", "busy at first", "held up for once", "too few"],
)
def test_which_pauses_are_a_backoff(pauses: list[float], is_one: bool) -> None:  # noqa: FBT001 - a table
    assert is_backoff(pauses) is is_one


def cell(effect: Effect, *, recorded: bool | None = None) -> Cells:
    return {Rpc.CREATE: {GrpcCode.INTERNAL: Cell(effect=effect, recorded=recorded, calls=3)}}


RECORDS = {
    "in the status": (cell(Effect.RETRIES, recorded=True), True, None, Records.STATUS),
    "as events everywhere": (cell(Effect.RETRIES, recorded=True), False, True, Records.EVENTS),
    "as events at home": (cell(Effect.RETRIES, recorded=True), False, False, Records.EVENTS_POD_NAMESPACE),
    "as events, and nobody looked elsewhere": (cell(Effect.STOPS, recorded=True), False, None, None),
    "nowhere": (cell(Effect.SILENT_RETRY, recorded=False), False, None, Records.NOTHING),
    "nobody could look": (cell(Effect.RETRIES), False, None, None),
    "nothing failed": (cell(Effect.SUCCEEDS), False, None, None),
}


@pytest.mark.parametrize(("cells", "status", "elsewhere", "records"), RECORDS.values(), ids=RECORDS.keys())
def test_where_failures_are_recorded(
    cells: Cells,
    status: bool,  # noqa: FBT001 - a table
    elsewhere: bool | None,  # noqa: FBT001 - a table
    records: Records | None,
) -> None:
    assert records_of(cells, in_status=status, elsewhere=elsewhere) is records


FITS = [
    (Cell(effect=None), Effect.CRASHES, True),
    (Cell(effect=Effect.STOPS, recorded=True), Effect.UNSPECIFIED, True),
    (Cell(effect=Effect.RETRIES, recorded=True), Effect.RETRIES, True),
    (Cell(effect=Effect.RETRIES, recorded=True), Effect.SILENT_RETRY, False),
    (Cell(effect=Effect.RETRIES), Effect.SILENT_RETRY, True),
    (Cell(effect=Effect.RETRIES), Effect.CRASHES, True),
    (Cell(effect=Effect.RETRIES), Effect.STOPS, False),
    (Cell(effect=Effect.STOPS), Effect.SUCCEEDS, True),
    (Cell(effect=Effect.STOPS, recorded=False), Effect.SUCCEEDS, False),
    (Cell(effect=Effect.SUCCEEDS), Effect.STOPS, False),
]


@pytest.mark.parametrize(("measured", "effect", "fitting"), FITS)
def test_which_cells_fit(measured: Cell, effect: Effect, fitting: bool) -> None:  # noqa: FBT001 - a table
    assert fits(measured, effect) is fitting


def row_of(policy: Policy) -> Measurement:
    """What a perfect measurement of a policy gives; what a reference leaves open is retried, as the sandbox does."""
    effects: Mapping[Rpc, Mapping[GrpcCode, Effect]] = policy.effects
    cells = {
        rpc: {
            code: Cell(
                effect=Effect.RETRIES if effect is Effect.UNSPECIFIED else effect,
                recorded=None if effect is Effect.SUCCEEDS else effect is not Effect.SILENT_RETRY,
                calls=3,
            )
            for code, effect in row.items()
        }
        for rpc, row in effects.items()
    }
    backoff = Fitted(base=policy.backoff.base, factor=2.0, cap=policy.backoff.cap, steps=12)
    return Measurement(api=policy.api, cells=cells, backoff=backoff, records=policy.records, edit=policy.edit, notes=())


@pytest.mark.parametrize("name", POLICIES)
def test_every_row_comes_closest_to_itself(name: str) -> None:
    found = closest(row_of(POLICIES[name]), POLICIES.values())
    assert found.differences == ()
    # What the v1alpha2 specification leaves open is retried by later main, so both are the same to see.
    twins = {"later-main": ("spec-v1alpha2",), "spec-v1alpha2": ("spec-v1alpha2",)}
    assert found.policies == (("later-main",) if name in twins else (name,))
    assert found.references == twins.get(name, ())


def test_a_row_like_none_comes_with_its_differences() -> None:
    known = row_of(POLICIES["v0.2.2"])
    cells = {rpc: dict(row) for rpc, row in known.cells.items()}
    cells[Rpc.CREATE][GrpcCode.INTERNAL] = Cell(effect=Effect.STOPS, recorded=True, calls=1)
    odd = replace(known, cells=cells, backoff=Fitted(base=0.2, factor=1.5, cap=None, steps=9))
    found = closest(odd, POLICIES.values())
    assert found.policies == ("v0.2.2",)
    assert [(one.field, one.measured, one.known) for one in found.differences] == [
        ("DriverCreateBucket/Internal", "stops", "retries"),
        ("backoff.base", "0.2", "0.1"),
        ("backoff.factor", "1.5", "2"),
    ]


def test_rows_that_fit_equally_well_are_all_named() -> None:
    known = row_of(POLICIES["v0.2.2"])
    blind = replace(known, edit=None, records=None)
    assert closest(blind, POLICIES.values()).policies == ("image-60", "v0.2.1", "v0.2.2")


def test_only_rows_of_the_version_are_compared_where_it_is_known() -> None:
    few: Cells = {Rpc.CREATE: {GrpcCode.OK: Cell(effect=Effect.SUCCEEDS, calls=1)}}
    every = closest(Measurement(api=None, cells=few), POLICIES.values())
    newer = closest(Measurement(api=Api.V1ALPHA2, cells=few), POLICIES.values())
    assert set(newer.policies) == {"main-2026-03", "later-main"}
    assert set(newer.policies) < set(every.policies)


def test_nothing_measured_is_close_to_nothing() -> None:
    empty: Cells = {Rpc.CREATE: {GrpcCode.OK: Cell(effect=None, why="interrupted")}}
    assert closest(Measurement(api=None, cells=empty), POLICIES.values()).policies == ()
