"""Quarantine and resume, as planners for the command line."""

from collections.abc import Callable

from cosictl.model.refs import Ref
from cosictl.remedy.planners.common import Known, Proposal
from cosictl.remedy.planners.quarantine import plan_quarantine, plan_resume
from cosictl.remedy.world import World

Planner = Callable[[World, tuple[Ref, ...], Known], Proposal]


def quarantine_planner(reason: str) -> Planner:
    """Return the planner of a quarantine for this reason."""

    def plan(world: World, refs: tuple[Ref, ...], known: Known) -> Proposal:
        return plan_quarantine(world, refs, reason, known.even_if_retrying)

    return plan


def resume_planner(world: World, refs: tuple[Ref, ...], _known: Known) -> Proposal:
    """Plan to put the drivers' names back."""
    return plan_resume(world, refs)
