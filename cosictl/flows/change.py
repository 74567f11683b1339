"""Change things: a proposal becomes a plan, a plan becomes a run, a run is gone on with or taken back."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from cosictl.errors import Exit, PlanError, RefusedError
from cosictl.intake.yamldoc import YamlError, yaml_documents
from cosictl.model.plan import ClusterId, Outcome, Plan, Result
from cosictl.model.refs import Ref
from cosictl.remedy.document import digest_of_plan, read_plan
from cosictl.remedy.execute import Execution
from cosictl.remedy.journal import Journal, Run
from cosictl.remedy.planners.common import Proposal
from cosictl.remedy.ports import Ports
from cosictl.remedy.rehearse import check_cluster

# How long what was seen may be taken for what is.
LASTS: Final = timedelta(hours=1)
LIMIT: Final = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Where and when a plan is made."""

    verb: str
    cluster: ClusterId
    source: str
    now: datetime
    of_run: str = ""


def make_plan(proposal: Proposal, origin: Origin, *, limit: int, even_if_retrying: Iterable[Ref] = ()) -> Plan:
    """Return the plan of a proposal; raises RefusedError for one that is larger than ``limit`` steps."""
    if len(proposal.steps) > limit:
        raise RefusedError(
            f"the plan has {len(proposal.steps)} steps, and --limit is {limit}",
            meaning="more objects were chosen than anybody reads",
            next_step="choose fewer, or raise --limit",
        )
    return Plan(
        verb=origin.verb,
        cluster=origin.cluster,
        source=origin.source,
        created=origin.now,
        expires=origin.now + LASTS,
        steps=proposal.steps,
        declined=proposal.declined,
        warnings=proposal.warnings,
        asks=proposal.asks,
        even_if_retrying=frozenset(even_if_retrying),
        of_run=origin.of_run,
    )


def load_plan(data: bytes, *, now: datetime) -> Plan:
    """Return the plan of a file, JSON or YAML (of which JSON is a part); raises PlanError."""
    try:
        tree = next(iter(yaml_documents(data.decode())), None)
    except (YamlError, UnicodeDecodeError) as error:
        raise PlanError(f"the plan cannot be read: {error}", next_step="make a new plan") from None
    return read_plan(tree, now=now)


def agreed(plan: Plan, confirm: str | None) -> bool:
    """Whether a digest was given and is this plan's; raises RefusedError for another's."""
    if confirm is None:
        return False
    digest = digest_of_plan(plan)
    if confirm != digest:
        raise RefusedError(
            "nothing was changed: the digest is not that of what would be done now",
            meaning="something moved since, or the digest is of something else",
            next_step=f"review the plan again; its digest is {digest}",
        )
    return True


def check_before(plan: Plan, ports: Ports) -> None:
    """Refuse a run before its first write: another cluster, or a right that is missing. Raises RefusedError."""
    check_cluster(plan, ports.identity())
    missing = ports.missing_rights(plan.steps)
    if missing:
        raise RefusedError(
            f"nothing was changed: you may not {'; '.join(missing)}",
            next_step=f"check with: {missing[0].partition(': ')[2] or 'kubectl auth can-i --list'}",
        )


def run_plan(
    plan: Plan, ports: Ports, folder: Path, *, by: str, wait: float | None
) -> tuple[Journal, tuple[Outcome, ...]]:
    """Carry out a plan; the journal is closed. Raises RefusedError and JournalError before the first write."""
    check_before(plan, ports)
    journal = Journal.create(folder, plan, at=ports.now(), by=by)
    try:
        return journal, Execution(plan, ports, journal, None, wait=wait).run()
    finally:
        journal.close()


def go_on(run: Run, ports: Ports, *, wait: float | None) -> tuple[Journal, tuple[Outcome, ...]]:
    """Go on with a run that was interrupted; raises RefusedError and JournalError before the next write."""
    check_before(run.plan, ports)
    journal = Journal.reopen(run.path, torn=run.torn, at=ports.now())
    try:
        return journal, Execution(run.plan, ports, journal, run, wait=wait).run()
    finally:
        journal.close()


def exit_of(plan: Plan, outcomes: Iterable[Outcome]) -> Exit:
    """Return the exit code of a run: a refusal before a failure, and a step that was not reached is no success."""
    results = [outcome.result for outcome in outcomes]
    if Result.REFUSED in results:
        return Exit.REFUSED
    if len(results) < len(plan.steps) or set(results) - {Result.DONE}:
        return Exit.FAILED
    return Exit.OK
