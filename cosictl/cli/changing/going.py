"""From a proposal to the end: the plan is shown, agreed to, carried out, and its end is told."""

# ruff: noqa: PLC0415 - libraries load when a command needs them, so that --help stays light

import shlex
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from cosictl.cli.changing.consent import ask_for
from cosictl.cli.changing.options import Ask, Change, DryRun, Select
from cosictl.cli.options import Shared, parse_duration
from cosictl.cli.output import Format, choose_format, output, print_document
from cosictl.cli.said import program, say, say_unread, typed
from cosictl.cli.types import Resource, parse_targets
from cosictl.errors import Exit, NotFoundError, RefusedError, StepsError, UsageError
from cosictl.flows.asked import Asked, Named
from cosictl.flows.change import Origin, agreed, check_before, exit_of, make_plan, run_plan
from cosictl.flows.labels import parse_selector
from cosictl.flows.select import Choice, selected
from cosictl.model.copying import replace
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
    say_unread(world.graph.snapshot)
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
    for ref in kept:
        if world.item(ref) is None:
            raise NotFoundError(f"--even-if-retrying: {ref} was not found", next_step="cosictl get claims -A")
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
    ports.look_at(plan)
    if not doing or printed is Format.TEXT:
        show(shared, plan, printed, doing=doing)
    if change.dry_run is DryRun.SERVER:
        _rehearse(plan, ports)
        return
    if not doing:
        return
    try:
        _agree(shared, change, plan, printed)
        before = runs_in(change.folder)
        try:
            journal, outcomes = run_plan(plan, ports, change.folder, by=ports.user(), wait=change.wait_seconds)
        except KeyboardInterrupt:
            where = same_place(shared, change)
            for path in sorted(set(runs_in(change.folder)) - set(before)):
                say(f"{program()}: interrupted; to go on: {program()} apply --resume {path.stem}{where}")
            raise
    except RefusedError:
        # Nothing was begun, and a reader of documents still gets one: what was planned, and what was declined.
        if printed is not Format.TEXT:
            show(shared, plan, printed, doing=True)
        raise
    finish(shared, change, plan, outcomes, journal.run_id)


def _agree(shared: Shared, change: Change, plan: Plan, printed: Format) -> None:
    """Get consent to a plan that was seen; raises RefusedError."""
    if not plan.steps:
        raise RefusedError("there is nothing to do", next_step="what was declined is listed, with the reason")
    if agreed(plan, change.confirm):
        return
    if printed is not Format.TEXT:
        # Documents go to a program: the person who is asked reads it here.
        show(shared, plan, Format.TEXT, doing=True, to_stderr=True)
    ask_for(plan)


def same_place(shared: Shared, change: Change) -> str:
    """Return the options that lead a later command to the same cluster and the same journals, as typed."""
    given = {
        "--kubeconfig": shared.kubeconfig,
        "--context": shared.context,
        "--cluster": shared.cluster,
        "--server": shared.server,
        "--journal-dir": change.journal_dir,
    }
    return "".join(f" {name} {shlex.quote(value)}" for name, value in given.items() if value)


def finish(shared: Shared, change: Change, plan: Plan, outcomes: tuple[Outcome, ...], run_id: str) -> None:
    """Say how a run ended; raises RefusedError and StepsError where it did not end well."""
    from cosictl.render.plan_text import print_outcomes, run_document

    printed = choose_format(shared, Format.TEXT, Format.JSON, Format.YAML)

    if printed is Format.TEXT:
        print_outcomes(plan, outcomes, run_id, output(shared))
    else:
        print_document(run_document(plan, outcomes, run_id), printed)
    code = exit_of(plan, outcomes)
    done = any(outcome.result in {Result.DONE, Result.UNKNOWN} for outcome in outcomes)
    where = same_place(shared, change)
    again = f"{program()} undo {run_id}{where} shows what can be taken back" if done else "nothing was changed"
    if code is Exit.REFUSED:
        raise RefusedError("a guard refused; the steps after it were not done", next_step=again)
    if code is not Exit.OK:
        raise StepsError("not every step was seen to have its effect", next_step=again)


def show(shared: Shared, plan: Plan, printed: Format, *, doing: bool, to_stderr: bool = False) -> None:
    """Print a plan."""
    from cosictl.remedy.document import digest_of_plan, plan_document
    from cosictl.render.plan_text import print_plan

    if printed is not Format.TEXT:
        print_document(plan_document(_without_credentials(plan), digest=digest_of_plan(plan)), printed)
        return
    again = "" if doing else shlex.join([program(), *_given()])
    print_plan(plan, digest_of_plan(plan), again, output(shared, to_stderr=to_stderr))


def _without_credentials(plan: Plan) -> Plan:
    """Return a plan as it may be shown: what undo makes again from a backup can hold credentials."""
    from cosictl.intake.redact import redact

    masked = [replace(step, values={key: redact(value) for key, value in step.values.items()}) for step in plan.steps]
    if masked == list(plan.steps):
        return plan
    words = "credentials are masked here, so that this document cannot be applied: give --confirm to the verb itself"
    return replace(plan, steps=tuple(masked), warnings=(*plan.warnings, words))


def _given() -> list[str]:
    """The command line as typed, for the hint what to type next."""
    words = [word for word in typed() if word != "--apply" and not word.startswith("--dry-run=")]
    return [word for place, word in enumerate(words) if "--dry-run" not in {word, *words[max(0, place - 1) : place]}]


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
