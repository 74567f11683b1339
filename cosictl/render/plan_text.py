"""A plan and what became of it, for people to read aloud, and the run as a document."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, Final

from cosictl.model.plan import Declined, Outcome, Plan, Result, Step
from cosictl.render.console import Out
from cosictl.render.lines import labelled
from cosictl.render.safe import escape

_LABEL: Final = 12
_MARGIN: Final = "   "
_STYLES: Final = {Result.DONE: "green", Result.REFUSED: "red", Result.FAILED: "red", Result.UNKNOWN: "yellow"}
# More questions of the same kind are counted, not spelled out.
_MOST_DECLINED: Final = 10


def print_plan(plan: Plan, digest: str, again: str, out: Out) -> None:
    """Print a plan; ``again`` is the command line that made it, "" where it is carried out now."""
    count = len(plan.steps)
    out.line(f"{plan.verb}: {count} step{'' if count == 1 else 's'} planned on {escape(plan.source)}", style="bold")
    for number, step in enumerate(plan.steps, 1):
        out.line("")
        _print_step(number, step, out)
    if plan.declined:
        out.line("")
        out.line(f"not planned: {len(plan.declined)}", style="bold")
        for item in plan.declined[:_MOST_DECLINED]:
            _print_declined(item, out)
        if len(plan.declined) > _MOST_DECLINED:
            out.line(f"  … {len(plan.declined) - _MOST_DECLINED} more: -o yaml")
    for label, words in (("mind", plan.warnings), ("asks", plan.asks)):
        for text in words:
            _labelled(out, label, text)
    if not plan.steps:
        return
    out.line("")
    _labelled(out, "digest", f"{digest}, good until {plan.expires:%H:%M:%SZ} while nothing moves")
    if again:
        out.line("nothing was changed. To do it:", style="bold")
        out.line(f"  {escape(again)} --apply")
        out.line("or, without being asked:", style="bold")
        out.line(f"  {escape(again)} --confirm {digest}")


def _print_step(number: int, step: Step, out: Out) -> None:
    out.line(f"{number}  {step.action}  {escape(str(step.target.ref))}", style="bold")
    because = f" ({step.finding})" if step.finding and step.finding not in step.why else ""
    relative = f"for {step.solves}: " if step.solves != step.target.ref else ""
    _labelled(out, "why", f"{relative}{step.why}{because}")
    _labelled(out, "does", step.does)
    for text in step.proof:
        _labelled(out, "proof", text)
    _labelled(out, "leaves", step.leaves_behind or "nothing")
    _labelled(out, "undo", f"{step.inverse}: {step.inverse_note}" if step.inverse else step.inverse_note)


def _print_declined(item: Declined, out: Out) -> None:
    out.line(f"  {escape(str(item.ref))}")
    _labelled(out, "why not", item.reason)
    if item.help:
        _labelled(out, "do", item.help)


def print_outcomes(plan: Plan, outcomes: Sequence[Outcome], run_id: str, out: Out) -> None:
    """Print what became of each step, what remains in the backend, and where that is written down."""
    out.line("")
    for number, outcome in enumerate(outcomes, 1):
        step = outcome.step
        head = f"{outcome.result:8} {number}  {step.action}  {escape(str(step.target.ref))}"
        out.line(head, style=_STYLES[outcome.result])
        _labelled(out, "", outcome.words)
        if remains := remaining(outcome):
            _labelled(out, "remains", remains)
    counts = Counter(outcome.result for outcome in outcomes)
    words = [f"{counts[result]} {result}" for result in Result if counts[result]]
    left = len(plan.steps) - len(outcomes)
    words += [f"{left} not reached"] if left else []
    out.line(f"{', '.join(words) or 'nothing done'} · run {run_id}", style="bold")


def remaining(outcome: Outcome) -> str:
    """Return what a step left in the backend; what was not done left nothing."""
    if outcome.result in {Result.REFUSED, Result.FAILED}:
        return ""
    return outcome.remains or outcome.step.remains


def run_document(plan: Plan, outcomes: Sequence[Outcome], run_id: str) -> dict[str, Any]:
    """Return what became of a run, for programs."""
    steps = [_outcome_document(number, outcome) for number, outcome in enumerate(outcomes, 1)]
    counts = Counter(outcome.result.value for outcome in outcomes)
    summary: Mapping[str, int] = {result.value: counts[result.value] for result in Result}
    return {
        "apiVersion": "cosictl.dev/v1",
        "kind": "Run",
        "run": run_id,
        "verb": plan.verb,
        "steps": steps,
        "summary": {**summary, "notReached": len(plan.steps) - len(outcomes)},
    }


def _outcome_document(number: int, outcome: Outcome) -> dict[str, Any]:
    ref = outcome.step.target.ref
    return {
        "step": number,
        "action": outcome.step.action.value,
        "object": {"kind": str(ref.kind), "namespace": ref.namespace, "name": ref.name},
        "result": outcome.result.value,
        "words": outcome.words,
        "remains": remaining(outcome),
    }


def _labelled(out: Out, label: str, text: str) -> None:
    labelled(out, label, text, margin=_MARGIN, room=_LABEL - len(_MARGIN))
