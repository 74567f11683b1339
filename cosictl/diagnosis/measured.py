"""What a sidecar was seen to do, as a row like those of ``knowledge``, and which of those it comes closest to. Pure.

In: for every answer of the driver what followed it (:class:`Trial`). Out: an effect for every cell, or why there is
none; where failures are recorded; what an edit does; and the rows that fit. A cell that was not measured fits every
row, and a cell that a reference leaves open fits every measurement.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from msgspec import Struct, field

from cosictl.diagnosis.backoff_fit import Fitted
from cosictl.knowledge.policies import EditEffect, Effect, Policy, Records
from cosictl.model.failures import GrpcCode
from cosictl.model.refs import Api, Rpc

# Seconds of the sidecar's time. The first retry comes after 0.1 s (v1alpha1) or 5 ms (v1alpha2), and the client's own
# rate limit holds it up by some more (v0.2.2: 5 calls a second): who is silent for so long after an answer has stopped.
QUIET: Final = 45.0
# Two calls are one retry.
RETRIED: Final = 2
# By how much a measured backoff may differ from a known one: a busy machine is late.
_OFF: Final = 0.15
# Parts of an interval, for edits: sooner is "at once", and so many without a call are the end of the loop.
_SOON: Final = 0.9
_OVER: Final = 2.5
# Of the pauses of a loop: so many are needed, so many at its beginning are left out, and what growing ones grow to.
_REGULAR: Final = 6
_BUSY: Final = 3
_GROWN: Final = 0.5
_AS_LONG: Final = 0.15


class Trial(Struct, frozen=True, kw_only=True):
    """What followed one answer of the driver, over all objects that got it.

    ``calls``: answers given. ``repeats``: the most calls in a row that one object made in one life of the sidecar.
    ``succeeded``: the object reached its end; None where only calls are known. ``recorded``: the failure was written
    on the object; None where that could not be seen. ``quiet``: seconds since the last answer. ``why``: why nothing can
    be told, "" where something can.
    """

    rpc: Rpc
    code: GrpcCode
    calls: int = 0
    repeats: int = 0
    succeeded: bool | None = None
    recorded: bool | None = None
    crashed: bool = False
    quiet: float = 0.0
    why: str = ""


class Cell(Struct, frozen=True, kw_only=True):
    """What a sidecar does after one answer. ``effect`` None: it could not be told, and ``why``."""

    effect: Effect | None
    recorded: bool | None = None
    calls: int = 0
    why: str = ""


Cells = Mapping[Rpc, Mapping[GrpcCode, Cell]]


class Measurement(Struct, frozen=True, kw_only=True):
    """The measured row. ``api`` None: not known. ``notes``: what was not measured besides cells, and why."""

    api: Api | None
    cells: Cells
    backoff: Fitted | None = None
    records: Records | None = None
    edit: EditEffect | None = None
    notes: tuple[str, ...] = ()


class Difference(Struct, frozen=True, kw_only=True):
    """Where a measurement differs from a known row: the field (``Create/Internal``, ``backoff.base``), both values."""

    policy: str
    field: str
    measured: str
    known: str


class Closest(Struct, frozen=True, kw_only=True):
    """The rows with the fewest differences: releases, or references where no release is among them.

    Where no row fits without a difference, a cell that a reference leaves open counts as one for this.
    ``references``: reference rows that fit equally well beside releases.
    """

    policies: tuple[str, ...] = ()
    references: tuple[str, ...] = ()
    differences: tuple[Difference, ...] = field(default=())


def judge(trial: Trial, *, others_called: bool) -> Cell:
    """Return the effect of one answer; ``others_called``: the same call was seen with other answers."""
    if trial.why:
        return Cell(effect=None, calls=trial.calls, why=trial.why)
    if trial.crashed:
        return Cell(effect=Effect.CRASHES, recorded=trial.recorded, calls=trial.calls)
    if not trial.calls:
        if others_called:
            return Cell(effect=None, why="the call was not made, though it was for other answers")
        return Cell(effect=Effect.NOT_CALLED)
    effect = _after_call(trial)
    if effect is None:
        return Cell(effect=None, calls=trial.calls, why="it was not watched long enough")
    recorded = None if effect is Effect.SUCCEEDS else trial.recorded
    return Cell(effect=effect, recorded=recorded, calls=trial.calls)


def _after_call(trial: Trial) -> Effect | None:
    if trial.succeeded:
        return Effect.SUCCEEDS
    if trial.repeats >= RETRIED:
        return Effect.SILENT_RETRY if trial.recorded is False else Effect.RETRIES
    if trial.quiet < QUIET:
        return None
    # From calls alone: what was answered with OK and not asked again is done.
    done = trial.succeeded is None and trial.code is GrpcCode.OK
    return Effect.SUCCEEDS if done else Effect.STOPS


def judge_all(trials: Iterable[Trial]) -> Cells:
    """Return the cell of every trial."""
    listed = list(trials)
    called = {trial.rpc for trial in listed if trial.calls}
    found: dict[Rpc, dict[GrpcCode, Cell]] = {}
    for trial in listed:
        found.setdefault(trial.rpc, {})[trial.code] = judge(trial, others_called=trial.rpc in called)
    return found


def is_settled(trial: Trial, *, would_be_recorded: bool, wanted: int) -> bool:
    """Tell whether more watching changes nothing: it ended, it was silent, or it was retried and is recorded or not.

    ``would_be_recorded``: a record that was ever to come would have come; ``wanted``: how many calls in a row are
    enough.
    """
    if trial.why or trial.crashed or trial.succeeded:
        return True
    if trial.calls and trial.quiet >= QUIET:
        return True
    return trial.repeats >= wanted and (trial.recorded is True or would_be_recorded)


def records_of(cells: Cells, *, in_status: bool, elsewhere: bool | None) -> Records | None:
    """Return where failures are recorded.

    ``in_status``: a record was found in ``status.error``. ``elsewhere``: an event that belongs outside the sidecar's
    own namespace was seen there; None where that was not tried.
    """
    failures = [cell for row in cells.values() for cell in row.values() if cell.effect in _FAILED]
    if in_status:
        return Records.STATUS
    if any(cell.recorded for cell in failures):
        if elsewhere is None:
            return None
        return Records.EVENTS if elsewhere else Records.EVENTS_POD_NAMESPACE
    known = failures and all(cell.recorded is False for cell in failures)
    return Records.NOTHING if known else None


_FAILED: Final = frozenset({Effect.RETRIES, Effect.SILENT_RETRY, Effect.STOPS})


def is_backoff(pauses: Sequence[float]) -> bool:
    """Tell whether the last pause of a loop is its backoff's, and nothing else that held it up for once.

    A pause that grows is about as long as all before it together; one at the cap is as long as the one before. The
    first pauses are left out: a sidecar that has just got many objects is busy.
    """
    if len(pauses) < _REGULAR:
        return False
    *before, last = pauses[_BUSY:]
    return last >= _GROWN * sum(before) or abs(last - before[-1]) <= _AS_LONG * last


def edit_effect(*, edited: float, before: float, pause: float, after: Sequence[float], now: float) -> EditEffect | None:
    """Return what an edit did to a loop, None where it is too early to tell; all are seconds on one clock.

    ``edited``: when. ``before``: the last answer before it. ``pause``: the pause that came before that answer; the next
    one is as long or longer. ``after``: the calls that came after the edit.
    """
    following = [came for came in after if came > edited]
    if following:
        return EditEffect.RETRIES_NOW if following[0] < before + _SOON * pause else EditEffect.NOTHING
    return EditEffect.ENDS_LOOP if now > before + _OVER * pause else None


def closest(measurement: Measurement, policies: Iterable[Policy]) -> Closest:
    """Return the known rows that a measurement comes closest to; none where no cell was measured."""
    if not any(cell.effect for row in measurement.cells.values() for cell in row.values()):
        return Closest()
    compared = [(row, differences(measurement, row)) for row in policies if measurement.api in (None, row.api)]
    if not compared:
        return Closest()
    distances = [_distance(measurement, row, found) for row, found in compared]
    best = [one for one, distance in zip(compared, distances, strict=True) if distance == min(distances)]
    releases = [(row, found) for row, found in best if not row.reference]
    chosen = releases or best
    return Closest(
        policies=tuple(row.name for row, _ in chosen),
        references=tuple(row.name for row, _ in best if row.reference) if releases else (),
        differences=tuple(one for _, found in chosen for one in found),
    )


def _distance(measurement: Measurement, policy: Policy, found: Sequence[Difference]) -> int:
    """Return how far a row is away; one without a difference is not, whatever it leaves open."""
    if not found:
        return 0
    measured = ((rpc, code) for rpc, row in measurement.cells.items() for code, cell in row.items() if cell.effect)
    return len(found) + sum(policy.effects[rpc][code] is Effect.UNSPECIFIED for rpc, code in measured)


def differences(measurement: Measurement, policy: Policy) -> tuple[Difference, ...]:
    """Return where a measurement contradicts a row."""
    found = [
        Difference(
            policy=policy.name,
            field=f"{rpc.value}/{code.value}",
            measured=str(cell.effect),
            known=str(policy.effects[rpc][code]),
        )
        for rpc, row in measurement.cells.items()
        for code, cell in row.items()
        if not fits(cell, policy.effects[rpc][code])
    ]
    for name, measured, known in _others(measurement, policy):
        found.append(Difference(policy=policy.name, field=name, measured=measured, known=known))
    return tuple(found)


def fits(cell: Cell, effect: Effect) -> bool:
    """Tell whether a measured cell does not contradict one of a row.

    Where nobody could look at the objects, a retry may be silent or the first calls of a crash loop, and what was not
    asked again may have counted as success.
    """
    if cell.effect is None or effect is Effect.UNSPECIFIED or cell.effect is effect:
        return True
    blind: Mapping[Effect, frozenset[Effect]] = {
        Effect.RETRIES: frozenset({Effect.SILENT_RETRY, Effect.CRASHES}),
        Effect.STOPS: frozenset({Effect.SUCCEEDS}),
    }
    return cell.recorded is None and effect in blind.get(cell.effect, frozenset())


def _others(measurement: Measurement, policy: Policy) -> Iterable[tuple[str, str, str]]:
    """Yield the fields besides the cells that differ: name, measured, known."""
    fitted = measurement.backoff
    if fitted is not None:
        # A row's delays double (policy.Backoff).
        pairs = (("base", fitted.base, policy.backoff.base), ("factor", fitted.factor, 2.0))
        for name, seen, known in (*pairs, ("cap", fitted.cap, policy.backoff.cap)):
            if seen is not None and abs(seen - known) > _OFF * known:
                yield f"backoff.{name}", f"{seen:g}", f"{known:g}"
    if measurement.records not in (None, policy.records):
        yield "records", str(measurement.records), str(policy.records)
    if measurement.edit not in (None, policy.edit):
        yield "edit", str(measurement.edit), str(policy.edit)
