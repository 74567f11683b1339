"""From a proposal to the end: the plan is shown, agreed to, carried out, and its end is told."""

# ruff: noqa: PLC0415 - libraries load when a command needs them, so that --help stays light

import shlex
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from cosictl.cli.changing.consent import ask_for
from cosictl.cli.changing.options import Ask, Change, DryRun, Select
from cosictl.cli.options import Shared, parse_duration
from cosictl.cli.output import Format, choose_format, output, print_document
from cosictl.cli.said import program, say
from cosictl.cli.types import Resource, parse_targets
from cosictl.errors import Exit, RefusedError, StepsError, UsageError
from cosictl.flows.asked import Asked, Named
from cosictl.flows.change import Origin, agreed, check_before, exit_of, make_plan, run_plan
from cosictl.flows.labels import parse_selector
from cosictl.flows.select import Choice, selected
from cosictl.model.plan import Outcome, Plan, Result, Step
from cosictl.model.refs import Kind, Ref
from cosictl.remedy.journal import runs_in
from cosictl.remedy.planners.common import Known, Proposal
from cosictl.remedy.world import World

if TYPE_CHECKING:
    from cosictl.cli.changing.ports import LivePorts

Planner = Callable[[World, tuple[Ref, ...], Known], Proposal]


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What was typed: the verb, the objects named, and the options of changing verbs."""

    verb: str
    words: Sequence[str] | None
    select: Select
    change: Change
    ask: Ask = field(default_factory=Ask)


def run_change(shared: Shared, request: Request, planner: Planner) -> None:
    """Choose, plan and show; and do it, where that was asked for and agreed to. Raises CosictlError."""
    select, change, ask = request.select, request.change, request.ask
    change.check()
    choose_format(shared, Format.TEXT, Format.JSON, Format.YAML)
    secrets, rest = _split(request.words or ())
    ports = open_ports(shared, ask)
    choice = choice_of(shared, rest, select, ports.namespace, named=bool(secrets))
    ports.secrets = {(ports.namespace, name) for name in secrets}
    world = ports.observe()
    refs = selected(world, choice) if not choice.open or not secrets else ()
    refs += tuple(Ref("Secret", ports.namespace, name) for name in secrets)
    origin = Origin(verb=request.verb, cluster=ports.identity(), source=ports.conn.source, now=ports.now())
    kept = refs_of(ask.even_if_retrying or (), ports.namespace)
    known = Known(
        bucket_id=ask.bucket_id or "",
        driver=bool(ask.endpoint or ask.pod),
        retain=ask.retain,
        user=ports.user(),
        even_if_retrying=frozenset(kept),
    )
    plan = make_plan(planner(world, refs, known), origin, limit=select.limit, even_if_retrying=kept)
    go(shared, change, plan, ports)


def open_ports(shared: Shared, ask: Ask) -> "LivePorts":
    """Open the cluster; raises ConfigError."""
    from cosictl.cli.changing.ports import live_ports

    ports = live_ports(shared, ask)
    ports.report = _progress
    return ports


def go(shared: Shared, change: Change, plan: Plan, ports: "LivePorts", *, applying: bool = False) -> None:
    """Show a plan, and carry it out where that was asked for. Raises RefusedError and StepsError."""
    printed = choose_format(shared, Format.TEXT, Format.JSON, Format.YAML)
    doing = applying or change.apply or change.confirm is not None
    if not doing or printed is Format.TEXT:
        _show(shared, plan, printed, doing=doing)
    if change.dry_run is DryRun.SERVER:
        _rehearse(plan, ports)
        return
    if not doing:
        return
    if not plan.steps:
        raise RefusedError("there is nothing to do", next_step="what was declined is listed above, with the reason")
    if not agreed(plan, change.confirm):
        ask_for(plan)
    before = runs_in(change.folder)
    try:
        journal, outcomes = run_plan(plan, ports, change.folder, by=ports.user(), wait=change.wait_seconds)
    except KeyboardInterrupt:
        for path in sorted(set(runs_in(change.folder)) - set(before)):
            say(f"{program()}: interrupted; to go on: {program()} apply --resume {path.stem}")
        raise
    finish(shared, plan, outcomes, journal.run_id, printed)


def finish(shared: Shared, plan: Plan, outcomes: tuple[Outcome, ...], run_id: str, printed: Format) -> None:
    """Say how a run ended; raises RefusedError and StepsError where it did not end well."""
    from cosictl.render.plan_text import print_outcomes, run_document

    if printed is Format.TEXT:
        print_outcomes(plan, outcomes, run_id, output(shared))
    else:
        print_document(run_document(plan, outcomes, run_id), printed)
    code = exit_of(plan, outcomes)
    done = any(outcome.result in {Result.DONE, Result.UNKNOWN} for outcome in outcomes)
    again = f"{program()} undo {run_id} shows what can be taken back" if done else "nothing was changed"
    if code is Exit.REFUSED:
        raise RefusedError("a guard refused; the steps after it were not done", next_step=again)
    if code is not Exit.OK:
        raise StepsError("not every step was seen to have its effect", next_step=again)


def _show(shared: Shared, plan: Plan, printed: Format, *, doing: bool) -> None:
    from cosictl.render.plan_text import print_plan

    if printed is not Format.TEXT:
        from cosictl.remedy.document import plan_document

        print_document(plan_document(plan), printed)
        return
    from cosictl.remedy.document import digest_of_plan

    again = "" if doing else shlex.join([program(), *_given()])
    print_plan(plan, digest_of_plan(plan), again, output(shared))


def _given() -> list[str]:
    """The command line as typed, for the hint what to type next."""
    return [word for word in sys.argv[1:] if word != "--apply"]


def _rehearse(plan: Plan, ports: "LivePorts") -> None:
    from cosictl.remedy.rehearse import rehearse

    check_before(plan, ports)
    results = {outcome.result for outcome in rehearse(plan, ports)}
    if Result.REFUSED in results:
        raise RefusedError("a guard refuses; nothing was changed")
    if Result.FAILED in results:
        raise StepsError("the server would refuse; nothing was changed")


def _progress(number: int, step: Step, outcome: Outcome | None) -> None:
    words = f"{step.action} {step.target.ref}"
    ended = f": {outcome.result}: {outcome.words}" if outcome is not None else " …"
    say(f"{number}  {words}{ended}")


def choice_of(shared: Shared, words: Sequence[str], select: Select, namespace: str, *, named: bool = False) -> Choice:
    """Return what the options choose; raises UsageError."""
    from cosictl.cli.layout import read_outlooks
    from cosictl.flows.diagnose import known_code

    targets = parse_targets(words)
    if any(target.resource is Resource.DRIVERS for target in targets):
        raise UsageError("drivers are no objects", next_step="objects of one are chosen with --driver NAME")
    everywhere = shared.all_namespaces
    asked = Asked(
        named=tuple(Named(kind=target.resource.kind, name=target.name) for target in targets),
        namespace="" if everywhere else namespace,
        labels=parse_selector(shared.selector) if shared.selector else None,
    )
    return Choice(
        asked=asked,
        everywhere=everywhere and not named,
        finding=known_code(select.finding) if select.finding else "",
        outlooks=read_outlooks(select.outlook or ""),
        driver=select.of_driver or "",
        older_than=parse_duration(select.older_than, "--older-than") if select.older_than else 0.0,
    )


def refs_of(words: Sequence[str], namespace: str) -> tuple[Ref, ...]:
    """Return the objects that words name; raises UsageError."""
    found = []
    for target in parse_targets(words) if words else ():
        kind = target.resource.kind
        if kind is None or not target.name:
            raise UsageError(f"{target}: objects are named TYPE/NAME")
        found.append(Ref(kind, namespace if kind in {Kind.CLAIM, Kind.ACCESS} else "", target.name))
    return tuple(found)


def _split(words: Sequence[str]) -> tuple[tuple[str, ...], list[str]]:
    """Return the names of Secrets, which are no type of their own elsewhere, and the other words."""
    secrets = [word.partition("/")[2] for word in words if word.lower().startswith(("secret/", "secrets/"))]
    rest = [word for word in words if not word.lower().startswith(("secret/", "secrets/"))]
    if not all(secrets):
        raise UsageError("a Secret is named secret/NAME")
    return tuple(secrets), rest
