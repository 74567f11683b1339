"""What planners share: their answer, and the guards asked about each step."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from cosictl.model.plan import Action, Declined, Step
from cosictl.model.refs import Ref
from cosictl.remedy.guard import Situation
from cosictl.remedy.guards import static_refusal
from cosictl.remedy.world import World


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """What a planner answers: steps in their order, what gets none, and what to say beside it."""

    steps: tuple[Step, ...] = ()
    declined: tuple[Declined, ...] = ()
    warnings: tuple[str, ...] = ()
    asks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What a person knows or allows beyond what the cluster tells.

    ``bucket_id``: the ID of a bucket whose object is gone. ``driver``: whether a driver was named that can be asked.
    ``retain``: a deletion may finish without the driver, and the data stay. ``user``: who asks.
    """

    bucket_id: str = ""
    driver: bool = False
    retain: bool = False
    user: str = ""
    even_if_retrying: frozenset[Ref] = frozenset()


# Reason and hint: an answer about one bucket proves nothing about another.
ONE_ID: Final = ("--bucket-id names one bucket, and several objects were chosen", "choose one object at a time")


def declined(ref: Ref, reason: str, hint: str = "") -> Proposal:
    """Return the proposal to do nothing about an object."""
    return Proposal(declined=(Declined(ref=ref, reason=reason, help=hint),))


def guarded(
    world: World,
    steps: Iterable[Step],
    *,
    even_if_retrying: frozenset[Ref] = frozenset(),
    warnings: tuple[str, ...] = (),
) -> Proposal:
    """Return steps that belong together, or why one of them may not be: all of them or none."""
    steps = tuple(steps)
    leaving: set[Ref] = set()
    for step in steps:
        case = Situation(step=step, world=world, even_if_retrying=even_if_retrying, leaving=frozenset(leaving))
        found = static_refusal(case)
        if found is not None:
            return declined(step.solves, found.reason, found.help)
        if step.action is Action.DELETE_OBJECT:
            leaving.add(step.target.ref)
    return Proposal(steps=steps, warnings=warnings)


def joined(proposals: Iterable[Proposal]) -> Proposal:
    """Return several proposals as one; a step that two of them have is done once."""
    everything = tuple(proposals)
    steps: dict[tuple[str, Ref, str], Step] = {}
    for item in everything:
        for step in item.steps:
            steps.setdefault((step.action, step.target.ref, step.values.get("finalizer", "")), step)
    return Proposal(
        steps=tuple(steps.values()),
        declined=tuple(dict.fromkeys(one for item in everything for one in item.declined)),
        warnings=tuple(dict.fromkeys(one for item in everything for one in item.warnings)),
        asks=tuple(dict.fromkeys(one for item in everything for one in item.asks)),
    )
