"""Journals as lists and documents."""

from collections import Counter
from pathlib import Path
from typing import Any

from cosictl.cli.options import Shared
from cosictl.cli.output import Format, choose_format, output, print_document
from cosictl.cli.said import plain, program, say
from cosictl.errors import CosictlError
from cosictl.model.plan import Result
from cosictl.remedy.document import step_document
from cosictl.remedy.journal import Run, find_run, read_run, runs_in


def list_runs(shared: Shared, folder: Path) -> None:
    """Print every run of a folder; one that cannot be read is told on stderr."""
    printed = choose_format(shared, Format.TEXT, Format.JSON, Format.YAML)
    runs = []
    for path in runs_in(folder):
        try:
            runs.append(read_run(path))
        except CosictlError as error:
            say(f"{program()}: {error}")
    if printed is not Format.TEXT:
        print_document({"runs": [_summary(run) for run in runs]}, printed)
        return
    if not runs:
        say(f"{program()}: no run is recorded in {folder}")
    out = output(shared)
    for run in runs:
        counts = ", ".join(f"{count} {word}" for word, count in _counts(run).items())
        out.line(f"{run.id}  {run.plan.verb:10}  {counts or 'nothing begun'}  by {plain(run.by)}")


def show_run(shared: Shared, folder: Path, name: str) -> None:
    """Print one run."""
    printed = choose_format(shared, Format.TEXT, Format.JSON, Format.YAML)
    run = read_run(find_run(folder, name))
    if printed is not Format.TEXT:
        print_document(_document(run), printed)
        return
    out = output(shared)
    out.line(f"run {run.id}: {run.plan.verb} on {plain(run.plan.source)}, by {plain(run.by)}", style="bold")
    for number, step in enumerate(run.plan.steps, 1):
        record = run.steps.get(number)
        result = "not reached" if record is None else (record.result or "begun, and its end is not known")
        out.line(f"{number}  {step.action}  {plain(str(step.target.ref))}: {result}", style="bold")
        if record is None:
            continue
        for label, words in (("", record.words), ("remains", record.remains), ("backup", record.backup)):
            if words:
                out.line(f"   {label:9}{plain(words)}")
    if not run.finished:
        out.line(f"it was interrupted; to go on: {program()} apply --resume {run.id}")


def _counts(run: Run) -> dict[str, int]:
    counted = Counter(record.result.value if record.result else "begun" for record in run.steps.values())
    left = len(run.plan.steps) - len(run.steps)
    order = [*(result.value for result in Result), "begun"]
    return {**{word: counted[word] for word in order if counted[word]}, **({"not reached": left} if left else {})}


def _summary(run: Run) -> dict[str, Any]:
    return {
        "run": run.id,
        "verb": run.plan.verb,
        "at": run.at,
        "by": run.by,
        "finished": run.finished,
        "steps": _counts(run),
    }


def _document(run: Run) -> dict[str, Any]:
    steps = []
    for number, step in enumerate(run.plan.steps, 1):
        record = run.steps.get(number)
        told = None
        if record is not None:
            told = {
                "result": record.result.value if record.result else None,
                "words": record.words,
                "remains": record.remains,
                "backup": record.backup,
                "at": record.at,
            }
        steps.append({**step_document(step), "record": told})
    return {**_summary(run), "journal": str(run.path), "steps": steps}
