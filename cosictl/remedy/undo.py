"""What takes a run back: the inverses of what was done, newest first, as a plan of its own. Pure but for backups."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from cosictl.knowledge.annotations import MARK, NUDGE
from cosictl.model.objects import Claim
from cosictl.model.plan import Action, Result, Step
from cosictl.model.refs import Kind, Ref
from cosictl.remedy.journal import Run, StepRecord, read_backup
from cosictl.remedy.planners.common import Proposal, declined, guarded, joined
from cosictl.remedy.state import is_same_text
from cosictl.remedy.steps import step_of
from cosictl.remedy.world import World
from cosictl.remedy.writes import reborn

Json = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """One step of the run to be taken back: what it was, what is recorded of it, and the object before it.

    ``deleted`` are all the objects that the run deleted.
    """

    step: Step
    record: StepRecord
    before: Json | None
    deleted: frozenset[Ref] = frozenset()


Inverse = Callable[[World, "Done"], Proposal]


def plan_undo(world: World, run: Run) -> Proposal:
    """Return the steps that take back what a run did; for what cannot be taken back, why. Raises JournalError."""
    proposals = []
    deleted = frozenset(step.target.ref for step in run.plan.steps if step.action is Action.DELETE_OBJECT)
    for number in sorted(run.steps, reverse=True):
        step, record = run.plan.steps[number - 1], run.steps[number]
        if record.result in {Result.REFUSED, Result.FAILED}:
            continue
        inverse = _INVERSES.get(step.action)
        if inverse is None:
            proposals.append(declined(step.target.ref, f"{step.action} cannot be taken back: {step.inverse_note}"))
        else:
            done = Done(step=step, record=record, before=read_backup(run, record), deleted=deleted)
            proposals.append(inverse(world, done))
    return joined(proposals)


def _annotation(world: World, done: Done) -> Proposal:
    """Put an annotation back to what it was, or take it off again."""
    step, record, before = done.step, done.record, done.before
    ref = step.target.ref
    name = record.values.get("name") or (NUDGE if step.action is Action.NUDGE else MARK)
    gone = _gone(world, step)
    if gone:
        return declined(ref, gone)
    meta = world.meta(ref)
    assert meta is not None, "it was found a moment ago"
    ours = None if step.action is Action.UNMARK else record.values.get("annotation")
    if not is_same_text(ours, meta.annotations.get(name)):
        return declined(ref, f"its annotation {name} was changed since, by another hand")
    text = _annotation_of(before, name)
    if text is None:
        return guarded(world, [_undo(world, step, Action.UNMARK, {"name": name, "before": ours or ""})])
    return guarded(world, [_undo(world, step, Action.MARK, {"name": name, "text": text, "before": ours or ""})])


def _driver_name(world: World, done: Done) -> Proposal:
    """Put the name of a Bucket's driver back, or park it again."""
    step, record = done.step, done.record
    gone = _gone(world, step)
    if gone:
        return declined(step.target.ref, gone)
    bucket = world.graph.buckets[step.target.ref.name]
    ours = "parked" if step.action is Action.QUARANTINE else "original"
    if bucket.driver != record.values.get(ours):
        return declined(step.target.ref, f"its driver is {bucket.driver} now, by another hand")
    action = Action.RESUME if step.action is Action.QUARANTINE else Action.QUARANTINE
    values = {key: record.values[key] for key in ("original", "parked")}
    return guarded(world, [_undo(world, step, action, values)])


def _status(world: World, done: Done) -> Proposal:
    """Write a field of a status as it was."""
    step, record, before = done.step, done.record, done.before
    gone = _gone(world, step)
    if gone:
        return declined(step.target.ref, gone)
    field = record.values["field"]
    was = _mapping((before or {}).get("status")).get(field)
    claim = world.item(step.target.ref)
    now = {"bucketReady": claim.ready, "bucketName": claim.bucket_name} if isinstance(claim, Claim) else {}
    if now.get(field) != json.loads(record.values["value"]):
        return declined(step.target.ref, f"status.{field} is not what the run wrote: it was not done, or changed since")
    action = Action.REPAIR_HANDOFF if step.action is Action.RESTORE_STATUS else Action.RESTORE_STATUS
    values = {"field": field, "value": json.dumps(was), "before": record.values["value"]}
    return guarded(world, [_undo(world, step, action, values)])


def _deleted(world: World, done: Done) -> Proposal:
    """Make an object again, where nothing existed for it in the backend; a Bucket that did as a static one."""
    step, before = done.step, done.before
    ref = step.target.ref
    if before is None:
        return declined(ref, "it has no backup")
    if world.meta(ref) is not None:
        return declined(ref, "something of that name is there")
    if ref.kind == Kind.BUCKET and _bucket_id(before):
        return _static(world, step, before)
    if ref.kind == Kind.BUCKET and _claim_of(before) in done.deleted:
        return declined(ref, "its claim comes back with a new UID, and gets a Bucket of its own")
    if step.inverse != Action.RECREATE_OBJECT:
        return declined(ref, f"it cannot be taken back: {step.inverse_note}")
    values = {"object": json.dumps(reborn(before), sort_keys=True)}
    return guarded(world, [_undo(world, step, Action.RECREATE_OBJECT, values)])


def _retained(world: World, done: Done) -> Proposal:
    """After Retain let a deletion finish: a static Bucket, so that what is left can be found again."""
    step, before = done.step, done.before
    ref = step.target.ref
    if before is None or world.meta(ref) is not None or not _bucket_id(before):
        return declined(ref, f"{step.action} cannot be taken back: {step.inverse_note}")
    return _static(world, step, before)


def _static(world: World, step: Step, before: Json) -> Proposal:
    spec = {
        key: value
        for key, value in _mapping(before.get("spec")).items()
        if key in {"driverName", "bucketClassName", "protocols", "parameters"}
    }
    claim: dict[str, Any] = {"bucketClaim": {}} if "bucketClaim" in _mapping(before.get("spec")) else {}
    spec |= {"deletionPolicy": "Retain", "existingBucketID": _bucket_id(before), **claim}
    tree = {**reborn(before), "spec": spec}
    step = _undo(world, step, Action.RECREATE_OBJECT, {"object": json.dumps(tree, sort_keys=True)})
    return guarded(
        world, [step], warnings=(f"{step.target.ref} comes back as a static Bucket with policy Retain on its old ID",)
    )


def _undo(world: World, step: Step, action: Action, values: Mapping[str, str]) -> Step:
    return step_of(
        world,
        action,
        step.target.ref,
        why=f"takes back {step.action}",
        values=values,
        fingerprinted=False,
        api_version=step.target.api_version,
    )


def _gone(world: World, step: Step) -> str:
    meta = world.meta(step.target.ref)
    if meta is None:
        return "it does not exist any more"
    if step.pin is not None and meta.uid != step.pin.uid:
        return "it was made anew since"
    return ""


def _annotation_of(before: Json | None, name: str) -> str | None:
    meta = _mapping((before or {}).get("metadata"))
    found = _mapping(meta.get("annotations")).get(name)
    return str(found) if found is not None else None


def _bucket_id(tree: Json) -> str:
    status, spec = _mapping(tree.get("status")), _mapping(tree.get("spec"))
    return str(status.get("bucketID") or spec.get("existingBucketID") or "")


def _claim_of(tree: Json) -> Ref:
    """Return the claim that a Bucket was made for; v1alpha2 calls the field bucketClaimRef."""
    spec = _mapping(tree.get("spec"))
    claim = _mapping(spec.get("bucketClaim") or spec.get("bucketClaimRef"))
    return Ref(Kind.CLAIM, str(claim.get("namespace") or ""), str(claim.get("name") or ""))


def _mapping(value: object) -> Json:
    return value if isinstance(value, Mapping) else {}


_INVERSES: Final[Mapping[Action, Inverse]] = {
    Action.MARK: _annotation,
    Action.UNMARK: _annotation,
    Action.NUDGE: _annotation,
    Action.QUARANTINE: _driver_name,
    Action.RESUME: _driver_name,
    Action.REPAIR_HANDOFF: _status,
    Action.RESTORE_STATUS: _status,
    Action.DELETE_OBJECT: _deleted,
    Action.SET_RETAIN: _retained,
}
