"""Marks: who writes them, and what about."""

from collections.abc import Callable

from cosictl.intake.redact import redact
from cosictl.model.refs import Ref
from cosictl.remedy.planners.common import Known, Proposal
from cosictl.remedy.planners.mark import Note, plan_marks, plan_unmarks
from cosictl.remedy.world import World

Planner = Callable[[World, tuple[Ref, ...], Known], Proposal]


def mark_planner(reason: str, ticket: str, lasts: int, *, hold: bool) -> Planner:
    """Return the planner of marks with this content, credentials masked; ``lasts`` in seconds, 0 for ever."""
    reason, ticket = redact(reason), redact(ticket)

    def plan(world: World, refs: tuple[Ref, ...], known: Known) -> Proposal:
        return plan_marks(world, refs, Note(reason=reason, by=known.user, ticket=ticket, lasts=lasts, hold=hold))

    return plan


def unmark_planner(world: World, refs: tuple[Ref, ...], _known: Known) -> Proposal:
    """Plan to take marks off."""
    return plan_unmarks(world, refs)
