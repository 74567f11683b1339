"""Before a run: the cluster is the plan's, and a rehearsal asks the server about each step without doing it."""

from cosictl.errors import RefusedError
from cosictl.model.plan import AT_DRIVER, Action, ClusterId, Fate, Outcome, Plan, Result, Step
from cosictl.remedy.guard import Refusal, Situation
from cosictl.remedy.guards import refusal
from cosictl.remedy.mark_event import mark_text
from cosictl.remedy.ports import Ports
from cosictl.remedy.state import pin_words
from cosictl.remedy.world import World
from cosictl.remedy.writes import write_of


def check_cluster(plan: Plan, here: ClusterId) -> None:
    """Refuse a plan of another cluster, and a cluster that cannot be told; raises RefusedError."""
    if not here.uid:
        raise RefusedError(
            "which cluster this is cannot be told",
            meaning="neither namespace kube-system nor default may be read",
            next_step="it takes the right to get namespace kube-system",
        )
    if plan.cluster.anchor != here.anchor:
        raise RefusedError(
            "whether the plan was made on this cluster cannot be told",
            meaning=f"the plan knows the UID of namespace {plan.cluster.anchor}, and here {here.anchor} may be read",
            next_step=f"it takes the right to get namespace {plan.cluster.anchor}",
        )
    if plan.cluster.uid != here.uid:
        raise RefusedError(
            f"the plan was made on another cluster ({plan.cluster.source_words(plan.source)})",
            meaning=f"the UID of namespace {here.anchor} is {here.uid} here",
            next_step="choose the right --context, or make a new plan",
        )


def refused_outcome(step: Step, found: Refusal) -> Outcome:
    """Return the outcome of a step that a guard refused."""
    words = f"{found.reason} ({found.guard})" + (f"; {found.help}" if found.help else "")
    return Outcome(step=step, result=Result.REFUSED, words=words)


def rehearse(plan: Plan, ports: Ports) -> tuple[Outcome, ...]:
    """Ask the server about each step without doing it; what depends on earlier steps cannot be told that way."""
    world = ports.observe()
    outcomes: list[Outcome] = []
    touched: set[str] = set()
    for number, step in enumerate(plan.steps, 1):
        outcomes.append(_rehearsed(plan, ports, world, step, after=str(step.target.ref) in touched))
        touched.add(str(step.target.ref))
        ports.progress(number, step, outcomes[-1])
    return tuple(outcomes)


def _rehearsed(plan: Plan, ports: Ports, world: World, step: Step, *, after: bool) -> Outcome:
    if after or step.needs or step.action in AT_DRIVER:
        return Outcome(step=step, result=Result.UNKNOWN, words="not asked: it depends on what comes before it")
    found = refusal(Situation(step=step, world=world, even_if_retrying=plan.even_if_retrying))
    if found is not None:
        return refused_outcome(step, found)
    now = ports.read(step.target)
    moved = pin_words(step.pin, now)
    if moved:
        return Outcome(step=step, result=Result.REFUSED, words=moved)
    text = mark_text(step.values, ports.now()) if step.action is Action.MARK else "{}"
    values = {**step.values, "annotation": text}
    sent = ports.send(write_of(step, now, values=values), dry_run=True)
    if sent.fate is Fate.DONE:
        return Outcome(step=step, result=Result.DONE, words="the server would do it")
    return Outcome(step=step, result=Result.FAILED, words=f"the server would not: {sent.words or sent.fate.value}")
