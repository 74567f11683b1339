"""Marks: a note on an object that others read, and nothing else. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

from cosictl.diagnosis.marks import mark_of
from cosictl.knowledge.annotations import MARK
from cosictl.knowledge.policy import EditEffect
from cosictl.model.plan import Action
from cosictl.model.refs import Ref
from cosictl.model.report import STUCK, Outlook
from cosictl.remedy.planners.common import Proposal, declined, guarded, joined
from cosictl.remedy.steps import step_of
from cosictl.remedy.world import World


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """What a mark says. ``lasts`` is in seconds, 0 for ever; ``finding`` "" takes the object's own."""

    reason: str
    by: str
    finding: str = ""
    ticket: str = ""
    lasts: int = 0
    hold: bool = False


def plan_marks(world: World, refs: Sequence[Ref], note: Note) -> Proposal:
    """Return the steps that mark objects; one that bears another's mark gets a new one, and the plan says so."""
    return joined([*(_mark(world, ref, note) for ref in refs), _asked(world, refs)])


def plan_unmarks(world: World, refs: Sequence[Ref]) -> Proposal:
    """Return the steps that take marks off."""
    return joined([*(_unmark(world, ref) for ref in refs), _asked(world, refs)])


def _mark(world: World, ref: Ref, note: Note) -> Proposal:
    meta = world.meta(ref)
    if meta is None:
        return declined(ref, "it does not exist")
    found = world.findings(ref)
    finding = note.finding or (found[0].code if found else "")
    before = mark_of(meta)
    values = {"reason": note.reason, "by": note.by, "finding": finding, "ticket": note.ticket, "lasts": str(note.lasts)}
    values |= {"hold": "yes"} if note.hold else {}
    warnings: tuple[str, ...] = ()
    if before is not None:
        values["before"] = before.text
        warnings = (f"{ref} is marked by {before.by or 'somebody'} already: {before.reason or before.text}",)
    why = f"{note.reason} ({finding})" if finding else note.reason
    step = step_of(world, Action.MARK, ref, why=why, values=values, finding=finding, fingerprinted=False)
    return guarded(world, [step], warnings=warnings)


def _unmark(world: World, ref: Ref) -> Proposal:
    meta = world.meta(ref)
    if meta is None or MARK not in meta.annotations:
        return declined(ref, "it bears no mark")
    before = mark_of(meta)
    who = f"{before.by or 'somebody'} wrote: {before.reason or before.text}" if before is not None else ""
    values = {"before": meta.annotations[MARK]}
    return guarded(world, [step_of(world, Action.UNMARK, ref, why=who, values=values, fingerprinted=False)])


def _asked(world: World, refs: Sequence[Ref]) -> Proposal:
    """On releases where an edit ends a loop, that is a question of its own."""
    ended = [
        ref
        for ref in refs
        if (item := world.item(ref)) is not None
        and item.meta.deleted is None
        and world.policy(item).edit is EditEffect.ENDS_LOOP
        and _may_loop(world, ref)
    ]
    if not ended:
        return Proposal()
    names = ", ".join(map(str, ended[:3])) + (f" and {len(ended) - 3} more" if len(ended) > 3 else "")
    return Proposal(
        asks=(f"the edit silently ends the retries of {names} until the sidecar restarts: is that wanted?",)
    )


def _may_loop(world: World, ref: Ref) -> bool:
    verdict = world.verdicts.get(ref)
    return verdict is None or verdict.outlook in STUCK | {Outlook.RETRYING, Outlook.UNKNOWN, Outlook.WAITING}
