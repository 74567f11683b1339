"""How ``wait`` waits: it watches the cluster, judges at every change, and tells how it ended."""

# ruff: noqa: PLC0415 - libraries load when a command needs them, so that --help stays light

import shlex
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import typer

from cosictl.cli.options import Shared, parse_duration
from cosictl.cli.output import Format, choose_format, output, print_document
from cosictl.cli.said import program, say, say_unread
from cosictl.cli.types import KINDS, Target, parse_targets
from cosictl.errors import Exit, TimedOutError, UnreadError, UsageError
from cosictl.flows.asked import Asked
from cosictl.flows.waiting import WHAT_IS_MISSING, Waiting, about, is_doubtful, result_of, verdict_of
from cosictl.model.refs import Kind, Ref
from cosictl.model.report import Report
from cosictl.model.snapshot import Snapshot
from cosictl.model.waiting import Goal, Result, Standing, Waited

if TYPE_CHECKING:
    from cosictl.cli.watching import Watch

# Verdicts also change with time alone: this often it is looked at a cluster in which nothing happens.
_INTERVAL_SECONDS: Final = 5.0
# Lists arrive one by one: what is impossible is so still after this time, or a list was behind another.
_CONFIRM_SECONDS: Final = 1.0
# At most half of the time is spent looking.
_SLOW_SECONDS: Final = 1.0
_WEEK_SECONDS: Final = 7 * 24 * 3600.0
_JUDGED: Final = frozenset({Kind.BUCKET, Kind.CLAIM, Kind.ACCESS})
_SINGULARS: Final = {kind: resource.singular for resource, kind in KINDS.items()}
_KUBECTLS_WORDS: Final = {"delete": Goal.GONE, "condition=ready": Goal.READY, "create": Goal.SETTLED}


def read_targets(
    shared: Shared, words: Sequence[str], goal: str | None, *, select_all: bool
) -> tuple[tuple[Target, ...], Goal]:
    """Read what is to be waited for; raises UsageError."""
    named = parse_targets(words)
    if not named:
        raise UsageError("it is not said what to wait for", next_step="name TYPE/NAME, for example claim/photos")
    for target in named:
        if target.resource.kind not in _JUDGED:
            raise UsageError(f"{target}: only claims, buckets and accesses get ready or go")
        if not target.name and not select_all and not shared.selector:
            raise UsageError(f"{target}: which of them?", next_step="name TYPE/NAME, or give -l or --all")
        if target.name and (shared.selector or select_all):
            raise UsageError(f"{target}: a name excludes -l and --all", next_step="leave out one of them")
        if target.name and shared.all_namespaces and target.resource.namespaced:
            raise UsageError(f"{target}: a name is in one namespace", next_step="give -n NAMESPACE instead of -A")
    return named, _goal(goal)


def _goal(word: str | None) -> Goal:
    if word is None:
        raise UsageError("it is not said what for", next_step=f"give --for {'|'.join(Goal)}")
    try:
        return Goal(word.lower())
    except ValueError:
        meant = _KUBECTLS_WORDS.get(word.lower())
        hint = f"did you mean {meant}?" if meant else ""
        raise UsageError(
            f"--for {word}: nothing is waited for so", meaning=hint, next_step=f"give {', '.join(Goal)}"
        ) from None


def read_timeout(text: str) -> float:
    """Read ``--timeout`` as kubectl does, in seconds: negative is a week; raises UsageError."""
    seconds = parse_duration(text.removeprefix("-"), "--timeout")
    return _WEEK_SECONDS if text.startswith("-") and seconds else seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """How a wait ended, and what it saw last. ``waited`` is in seconds; ``troubles``: why news did not come."""

    result: Result
    snapshot: Snapshot
    report: Report
    states: tuple[Waited, ...]
    waited: float
    troubles: tuple[str, ...] = ()


def wait_for(shared: Shared, named: Sequence[Target], goal: Goal, timeout: str) -> None:
    """Wait, tell how it ended, and end with its exit code; raises CosictlError."""
    from cosictl.cli.wiring import open_watch
    from cosictl.render.wait_text import wait_document

    chosen = choose_format(shared, Format.TEXT, Format.JSON, Format.YAML)
    seconds = read_timeout(timeout)
    port, asked = open_watch(shared, targets=named)
    end = _until_it_ends(port, Waiting(goal, asked), seconds)
    if chosen is Format.TEXT:
        _print(shared, end, goal, asked)
    else:
        now = end.report.taken_at
        print_document(
            wait_document(end.states, goal=goal, result=end.result, timeout=seconds, waited=end.waited, now=now), chosen
        )
    _leave(end, goal, timeout)


def _until_it_ends(port: "Watch", waiting: Waiting, timeout: float) -> Ending:
    """Look until it holds, can never hold, cannot be told, or the time is over; at least once."""
    began = time.monotonic()
    so_since: float | None = None
    teller = _Teller(waiting.goal)
    look = port.first
    while True:
        start = time.monotonic()
        _, snapshot = look()
        look = port.look
        report, states = waiting.look(snapshot)
        teller.tell(snapshot, report, states)
        standing, now, troubles = verdict_of(states), time.monotonic(), port.troubles
        doubtful, behind = is_doubtful(waiting.goal, standing, states), bool(troubles) or port.has_more
        if not doubtful or behind:
            so_since = None
        elif so_since is None:
            so_since = now
        confirmed = not doubtful or (so_since is not None and now - so_since >= _CONFIRM_SECONDS)
        left = began + timeout - now
        result = result_of(standing, confirmed=confirmed, behind=behind, over=left <= 0)
        if result is not None:
            return Ending(
                result=result, snapshot=snapshot, report=report, states=states, waited=now - began, troubles=troubles
            )
        if now - start > _SLOW_SECONDS:
            time.sleep(min(now - start, left))
            now = time.monotonic()
        pause = _INTERVAL_SECONDS if so_since is None else so_since + _CONFIRM_SECONDS - now
        port.wait(max(0.0, min(pause, began + timeout - now)))


class _Teller:
    """Tells on stderr how the objects stand, whenever that changes."""

    def __init__(self, goal: Goal) -> None:
        self._goal = goal
        self._before: dict[Ref, object] = {}
        self._is_first = True

    def tell(self, snapshot: Snapshot, report: Report, states: Sequence[Waited]) -> None:
        """Tell of those that changed and are not as they should be."""
        from cosictl.render.ages import clock
        from cosictl.render.wait_text import waited_line

        if self._is_first:
            say_unread(snapshot)
        self._is_first = False
        for state in states:
            item, cause, finding = state.item, state.cause, state.finding
            now = (state.presence, item and (item.uid, item.outlook), cause and cause.outlook, finding and finding.code)
            if self._before.get(state.ref) != now and state.standing is Standing.PENDING:
                say(f"{clock(report.taken_at)} {waited_line(state, self._goal, report.taken_at)}")
            self._before[state.ref] = now


def _print(shared: Shared, end: Ending, goal: Goal, asked: Asked) -> None:
    """Print a line for each object, and the diagnosis of those that can never be as they should."""
    from cosictl.render.diagnosis_text import print_diagnosis
    from cosictl.render.safe import wrap
    from cosictl.render.wait_text import waited_line

    out = output(shared)
    for state in end.states:
        for line in wrap(waited_line(state, goal, end.report.taken_at), out.width, "", "  "):
            out.line(line)
    stuck = [state.ref for state in end.states if state.standing is Standing.NEVER and state.item is not None]
    if end.result is Result.NEVER and stuck:
        out.line()
        report = about(end.report, end.snapshot, asked, stuck)
        print_diagnosis(report, out, prog=program(), again=_diagnose(stuck))


def _diagnose(refs: Sequence[Ref]) -> str:
    """Return the command that diagnoses these objects."""
    words = [program(), "diagnose", *(_typed(ref) for ref in refs)]
    places = {ref.namespace for ref in refs} - {""}
    where = f" -n {shlex.quote(places.pop())}" if len(places) == 1 else " -A" if places else ""
    return " ".join(words) + where


def _typed(ref: Ref) -> str:
    return shlex.quote(f"{_SINGULARS[Kind(ref.kind)]}/{ref.name}")


def _leave(end: Ending, goal: Goal, timeout: str) -> None:
    """End as the wait ended."""
    from cosictl.render.wait_text import waited_line

    if end.result is Result.NEVER:
        raise typer.Exit(Exit.STUCK)
    if end.result is Result.UNREAD:
        lost = next(state for state in end.states if state.standing is Standing.UNREAD)
        raise UnreadError(f"{lost.ref}: {lost.unread}", next_step=WHAT_IS_MISSING)
    if end.result is Result.TIMEOUT:
        left = [state for state in end.states if state.standing is not Standing.MET] or list(end.states)
        more = f"; and {len(left) - 1} more" if len(left) > 1 else ""
        after = f"timed out after {timeout}" if end.waited >= _CONFIRM_SECONDS else "looked once"
        raise TimedOutError(
            f"{after}: {waited_line(left[0], goal, end.report.taken_at)}{more}",
            meaning=f"news of the cluster did not come: {end.troubles[0]}" if end.troubles else "",
            next_step=_diagnose([state.ref for state in left[:3]]),
        )
