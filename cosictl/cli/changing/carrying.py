"""Plans from files, runs that go on, runs that are taken back."""

from pathlib import Path

from cosictl.cli.changing.consent import ask_for
from cosictl.cli.changing.going import finish, go, open_ports, show
from cosictl.cli.changing.options import Ask, Change
from cosictl.cli.options import Shared
from cosictl.cli.output import Format, choose_format
from cosictl.cli.streams import standard_input
from cosictl.errors import PlanError, RefusedError, UsageError
from cosictl.flows.change import Origin, agreed, go_on, load_plan, make_plan
from cosictl.remedy.journal import find_run, read_run
from cosictl.remedy.rehearse import check_cluster
from cosictl.remedy.undo import plan_undo


def apply_plan(shared: Shared, change: Change, ask: Ask, path: str) -> None:
    """Carry out the plan of a file; raises CosictlError."""
    change.check()
    if not path:
        raise UsageError("there is no plan", next_step="give the file of one, - for stdin, or --resume RUN")
    ports = open_ports(shared, ask)
    plan = load_plan(_content(path), now=ports.now())
    check_cluster(plan, ports.identity())
    go(shared, change, plan, ports, applying=change.dry_run is None)


def resume_run(shared: Shared, change: Change, ask: Ask, name: str) -> None:
    """Go on with an interrupted run; raises CosictlError."""
    change.check()
    printed = choose_format(shared, Format.TEXT, Format.JSON, Format.YAML)
    run = read_run(find_run(change.folder, name))
    if run.finished and all(record.result is not None for record in run.steps.values()):
        raise RefusedError(f"run {run.id} came to its end", next_step=f"cosictl journal show {run.id} says how")
    ports = open_ports(shared, ask)
    ports.look_at(run.plan)
    if not agreed(run.plan, change.confirm):
        show(shared, run.plan, Format.TEXT, doing=True, to_stderr=printed is not Format.TEXT)
        ask_for(run.plan)
    journal, outcomes = go_on(run, ports, wait=change.wait_seconds)
    finish(shared, change, run.plan, outcomes, journal.run_id)


def undo_run(shared: Shared, change: Change, ask: Ask, name: str) -> None:
    """Plan to take a run back, and do it where that was asked for; raises CosictlError."""
    change.check()
    run = read_run(find_run(change.folder, name))
    ports = open_ports(shared, ask)
    check_cluster(run.plan, ports.identity())
    origin = Origin(verb="undo", cluster=run.plan.cluster, source=ports.conn.source, now=ports.now(), of_run=run.id)
    plan = make_plan(plan_undo(ports.observe(), run), origin, limit=len(run.plan.steps) + 1)
    go(shared, change, plan, ports)


def _content(path: str) -> bytes:
    if path == "-":
        return standard_input().read()
    try:
        return Path(path).read_bytes()
    except OSError as error:
        raise PlanError(f"{path}: {error.strerror or error}", next_step="give the file of a plan") from error
