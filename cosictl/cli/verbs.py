"""The verbs: what each is called and does, in one line, and how it is loaded when it is needed.

A command line runs one verb. To load all of them would take longer than most of what they do.
"""

# ruff: noqa: PLC0415 - this is the place where verbs are loaded

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import typer
from typer.core import TyperCommand, TyperGroup

from cosictl.cli.options import with_shared

Command = Callable[..., None]


def _diagnose() -> Command:
    from cosictl.cli.diagnose import diagnose

    return diagnose


def _get() -> Command:
    from cosictl.cli.get import get

    return get


def _wait() -> Command:
    from cosictl.cli.wait import wait

    return wait


def _events() -> Command:
    from cosictl.cli.events import events

    return events


def _classify() -> Command:
    from cosictl.cli.classify import classify

    return classify


def _explain() -> Command:
    from cosictl.cli.explain import explain

    return explain


def _mark() -> Command:
    from cosictl.cli.mark import mark

    return mark


def _unmark() -> Command:
    from cosictl.cli.mark import unmark

    return unmark


def _quarantine() -> Command:
    from cosictl.cli.quarantine import quarantine

    return quarantine


def _resume() -> Command:
    from cosictl.cli.quarantine import resume

    return resume


def _repair() -> Command:
    from cosictl.cli.repair import repair

    return repair


def _cleanup() -> Command:
    from cosictl.cli.cleanup import cleanup

    return cleanup


def _apply() -> Command:
    from cosictl.cli.apply import apply

    return apply


def _undo() -> Command:
    from cosictl.cli.undo import undo

    return undo


def _snapshot() -> Command:
    from cosictl.cli.snapshot import snapshot

    return snapshot


def _sandbox() -> Command:
    from cosictl.cli.sandbox import sandbox

    return sandbox


def _completion() -> Command:
    from cosictl.cli.completion import completion

    return completion


def _version() -> Command:
    from cosictl.cli.version import version

    return version


def _probe_driver() -> typer.Typer:
    from cosictl.cli.probe_driver.app import probe

    return probe


def _journal() -> typer.Typer:
    from cosictl.cli.journal import journals

    return journals


def _sidecars() -> typer.Typer:
    from cosictl.cli.sidecars.app import sidecars

    return sidecars


def _report() -> Command:
    from cosictl.cli.report.app import report

    return report


def _report_verbs() -> typer.Typer:
    from cosictl.cli.report.app import reports

    return reports


def _rbac() -> typer.Typer:
    from cosictl.cli.rbac.app import rbac

    return rbac


@dataclass(frozen=True, slots=True)
class Verb:
    """A verb: what it does in one line (the first of its own description), and the verbs below it.

    ``load_below`` loads those of a verb that is also a command with words of its own, as ``report`` is.
    """

    load: Callable[[], "Command | typer.Typer"]
    words: str
    below: tuple[str, ...] = ()
    load_below: Callable[[], typer.Typer] | None = None


VERBS: Final[Mapping[str, Verb]] = {
    "diagnose": Verb(_diagnose, "Find out what is stuck, and why."),
    "wait": Verb(_wait, "Wait until objects are ready, gone or settled; end at once where that can never be."),
    "get": Verb(_get, "List objects with their outlook."),
    "report": Verb(
        _report,
        "Write a report: a page for a browser, or text for a ticket.",
        ("diff",),
        load_below=_report_verbs,
    ),
    "events": Verb(_events, "Print every failure record in one timeline."),
    "classify": Verb(_classify, "Say what error messages mean."),
    "explain": Verb(_explain, "Explain a code, a word or a command, offline."),
    "mark": Verb(_mark, "Write on objects what is known about them."),
    "unmark": Verb(_unmark, "Take marks off objects."),
    "quarantine": Verb(
        _quarantine, "Stop the retries of Buckets that were never created, without deleting anything (v1alpha1)."
    ),
    "resume": Verb(_resume, "Put the driver's name back on quarantined Buckets, and report the next attempt."),
    "repair": Verb(
        _repair, "Do what COSI itself forgot to do: a lost hand-off, a deletion nobody saw, a Secret that is gone."
    ),
    "cleanup": Verb(_cleanup, "End the trouble of objects that are stuck, by the mildest step that works."),
    "apply": Verb(
        _apply, "Carry out a plan that a changing verb wrote with -o yaml or -o json, also on another machine."
    ),
    "undo": Verb(_undo, "Take a run back, the last step first, as far as there is a way back."),
    "snapshot": Verb(_snapshot, "Write a dump, with credentials masked."),
    "sandbox": Verb(_sandbox, "Start an embedded COSI cluster, to try things on."),
    "completion": Verb(_completion, "Print or install the completion script of a shell."),
    "version": Verb(_version, "Print the version, what it runs on, and how it was installed."),
    "probe-driver": Verb(
        _probe_driver, "Ask the driver itself: who it is, and what it answers.", ("info", "reproduce", "call", "check")
    ),
    "rbac": Verb(_rbac, "Print the rights that commands take, and check which of them you have.", ("print", "check")),
    "journal": Verb(
        _journal, "What was changed: every run, what each step did, and what is left in the backend.", ("list", "show")
    ),
    "sidecars": Verb(
        _sidecars,
        "Show which sidecar release serves which driver, and what it does with errors.",
        ("list", "compare", "fix", "measure"),
    ),
}


class VerbGroup(TyperGroup):
    """The root command: its help and completion name every verb, and only the one that runs is loaded."""

    def __init__(self, **attrs: Any) -> None:
        super().__init__(**attrs)
        self.commands = {name: TyperCommand(name=name, help=verb.words) for name, verb in VERBS.items()}

    def resolve_command(self, ctx: Any, args: list[str]) -> tuple[str | None, Any, list[str]]:
        """Find the verb that a command line names, and load it."""
        name, command, rest = super().resolve_command(ctx, args)
        return name, loaded(name, rest) if name is not None and name in VERBS else command, rest


def loaded(name: str, rest: Sequence[str] = ()) -> Any:
    """Load a verb; ``rest`` is what follows it, whose first word may be a verb below it."""
    verb = VERBS[name]
    made = verb.load_below() if verb.load_below is not None and rest and rest[0] in verb.below else verb.load()
    if isinstance(made, typer.Typer):
        return typer.main.get_group(made)
    alone = typer.Typer(add_completion=False, rich_markup_mode=None)
    alone.command(name)(with_shared(made))
    return typer.main.get_command(alone)
