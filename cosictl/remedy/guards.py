"""Guards: one reason each not to do a step. Pure; each is a function with a truth table.

In: a step, and the world as it is now. Out: why not, or None. Planning asks them, and so does the run before each
step, on a new observation.
"""

from collections.abc import Mapping
from typing import Final

from cosictl.diagnosis.marks import is_expired, mark_of
from cosictl.knowledge.finalizers import BUCKET_PROTECTION, FINALIZERS
from cosictl.model.objects import Bucket, Claim
from cosictl.model.plan import Action
from cosictl.model.refs import Api
from cosictl.model.report import STUCK, Flag, Outlook
from cosictl.remedy.guard import (
    CLEANS_NOTHING,
    Guard,
    Refusal,
    Situation,
    bucket_behind,
    failure_of,
    has_backend_state,
    moved,
    no,
)
from cosictl.remedy.guards_parking import never_created, not_quarantined, unserved_name
from cosictl.remedy.guards_steps import (
    RIGHTS,
    bucket_is_gone,
    finding_holds,
    handed_over,
    in_nobodys_use,
    meant_to_go,
    needed_by_nobody,
    not_masked,
    retain_lets_go,
    somebody_frees,
    woken_by_its_own,
)
from cosictl.remedy.world import rivals_of, sidecars_of, zombie_words


def same_uid(case: Situation) -> Refusal | None:
    """The object is the one that was planned on, not another of its name."""
    step, meta = case.step, case.world.meta(case.step.target.ref)
    if step.pin is None:
        if meta is None:
            return None
        return moved("same-uid", f"{step.target.ref} exists already")
    if meta is None:
        return moved("same-uid", f"{step.target.ref} does not exist any more")
    if meta.uid != step.pin.uid:
        return moved("same-uid", f"{step.target.ref} was made anew: its UID is {meta.uid}, not {step.pin.uid}")
    return None


def same_generation(case: Situation) -> Refusal | None:
    """Nobody changed its spec."""
    meta = case.world.meta(case.step.target.ref)
    if case.step.pin is None or meta is None or meta.generation == case.step.pin.generation:
        return None
    return moved("same-generation", f"its spec was changed: generation {case.step.pin.generation} → {meta.generation}")


def same_deletion(case: Situation) -> Refusal | None:
    """It is terminating if it was, and not if it was not."""
    meta = case.world.meta(case.step.target.ref)
    if case.step.pin is None or meta is None or meta.deleted == case.step.pin.deleted:
        return None
    was, now = case.step.pin.deleted, meta.deleted
    return moved("same-deletion", f"its deletionTimestamp moved: {was or 'none'} → {now or 'none'}")


def same_finalizers(case: Situation) -> Refusal | None:
    """The same finalizers hold it."""
    meta = case.world.meta(case.step.target.ref)
    if case.step.pin is None or meta is None or meta.finalizers == case.step.pin.finalizers:
        return None
    was, now = ", ".join(case.step.pin.finalizers) or "none", ", ".join(meta.finalizers) or "none"
    return moved("same-finalizers", f"its finalizers moved: {was} → {now}")


def same_failure(case: Situation) -> Refusal | None:
    """It still fails as it did when the plan was made."""
    pin = case.step.pin
    if pin is None or pin.failure is None:
        return None
    now = failure_of(case.world, case.step.solves)
    if now == dict(pin.failure):
        return None
    words = f"code {now.get('code')}, cause {now.get('cause')}" if now else "no failure"
    return moved("same-failure", f"{case.step.solves} fails in another way now: {words}")


def really_terminating(case: Situation) -> Refusal | None:
    """A finalizer is only taken from what is being deleted."""
    meta = case.world.meta(case.step.target.ref)
    if meta is None or meta.deleted is not None:
        return None
    return no("really-terminating", "it is not being deleted, so no finalizer is in the way")


def known_finalizer(case: Situation) -> Refusal | None:
    """The finalizer is COSI's own, and it is there."""
    ref, name = case.step.target.ref, case.step.values.get("finalizer", "")
    meta = case.world.meta(ref)
    if (name, str(ref.kind)) not in FINALIZERS:
        return no("known-finalizer", f"{name or 'no name'} is no finalizer of COSI's on a {ref.kind}")
    if meta is not None and name not in meta.finalizers:
        return no("known-finalizer", f"{name} is not on it")
    return None


def not_held(case: Situation) -> Refusal | None:
    """Nobody asked others to keep their hands off."""
    for ref in dict.fromkeys((case.step.target.ref, case.step.solves)):
        meta = case.world.meta(ref)
        mark = mark_of(meta) if meta is not None else None
        if mark is None or not mark.hold or is_expired(mark, case.world.now()):
            continue
        who = f"{mark.by or 'somebody'}: {mark.reason or 'no reason given'}"
        return no("not-held", f"{ref} is marked hold by {who}", "ask them, or cosictl unmark it")
    return None


def in_trouble(case: Situation) -> Refusal | None:
    """What is healthy, or may yet succeed, is left alone."""
    verdict = case.world.verdicts.get(case.step.solves)
    if verdict is None:
        return None if case.step.solves.kind == "Secret" else no("in-trouble", f"{case.step.solves} was not diagnosed")
    if verdict.outlook in STUCK:
        return None
    named = case.step.solves in case.even_if_retrying
    if named and (verdict.outlook is Outlook.RETRYING or Flag.ORPHANED in verdict.flags):
        return None
    reason = f"{case.step.solves} is {verdict.outlook.value}: {'; '.join(verdict.basis)}"
    hints = {
        Outlook.READY: f"nobody's Bucket goes when it is named with --even-if-retrying bucket/{case.step.solves.name}"
        if Flag.ORPHANED in verdict.flags
        else "",
        Outlook.RETRYING: "it may succeed by itself; to do it all the same, name it with --even-if-retrying",
        Outlook.UNKNOWN: "cosictl diagnose says what would tell more; probe-driver reproduce asks the driver",
    }
    return no("in-trouble", reason, hints.get(verdict.outlook, ""))


def stuck_or_silent(case: Situation) -> Refusal | None:
    """As ``in_trouble``, for steps that only wake the sidecar: not knowing is enough there."""
    verdict = case.world.verdicts.get(case.step.solves)
    if verdict is not None and verdict.outlook is Outlook.UNKNOWN:
        return None
    return in_trouble(case)


def policy_and_id_known(case: Situation) -> Refusal | None:
    """What becomes of the data is known: the policy is one of the two, and what was made has an ID."""
    bucket = bucket_behind(case.world, case.step.target.ref)
    if bucket is None:
        return None
    if bucket.deletion_policy not in {"Retain", "Delete"}:
        return no("policy-known", f"deletionPolicy of {bucket.ref} is {bucket.deletion_policy or 'empty'}")
    if (bucket.ready or BUCKET_PROTECTION in bucket.meta.finalizers) and not bucket.bucket_id:
        return no("policy-known", f"{bucket.ref} was created, and its bucketID is not known")
    return None


def nobody_else(case: Situation) -> Refusal | None:
    """No other claim, Bucket or granted access uses what the step takes away (H07, D11)."""
    ref = case.step.target.ref
    bucket = bucket_behind(case.world, ref)
    if bucket is None:
        return None
    unread = [name for name in ("bucketclaims", "bucketaccesses") if not case.world.graph.was_read(name)]
    if unread and has_backend_state(case.world, ref):
        return no("nobody-else", f"whether others use {bucket.ref} could not be read: {' and '.join(unread)}", RIGHTS)
    item = case.world.item(ref)
    rivals = rivals_of(case.world, bucket, item if isinstance(item, Claim) else case.world.graph.claim_of(bucket))
    rivals = tuple(rival for rival in rivals if rival != ref)
    if not rivals:
        return None
    who = ", ".join(map(str, rivals[:3]))
    return no("nobody-else", f"{bucket.ref} is also used by {who}", "deal with those first")


def claim_before_bucket(case: Situation) -> Refusal | None:
    """A Bucket is not deleted while its claim lives: the controller would make it again (D12)."""
    item = case.world.item(case.step.target.ref)
    claim = case.world.graph.claim_of(item) if isinstance(item, Bucket) else None
    if claim is None or claim.meta.deleted is not None or claim.ref in case.leaving:
        return None
    return no("claim-before-bucket", f"its claim {claim.ref} lives, and would get a new Bucket", "clean up the claim")


def one_sidecar(case: Situation) -> Refusal | None:
    """Exactly one sidecar runs, so nobody else may have said what the proof rests on (A15)."""
    found = sidecars_of(case.world)
    if found.one:
        return None
    return no(
        "one-sidecar",
        f"it is not proven that exactly one sidecar runs in the cluster: {found.words}",
        "every v1alpha1 sidecar acts on the deletions of every driver; let one run only, with the right to list "
        "pods and leases of all namespaces",
    )


def deletion_is_safe(case: Situation) -> Refusal | None:
    """Nothing that may exist in the backend is deleted where another sidecar could act first, or none cleans up."""
    item = case.world.item(case.step.target.ref)
    if item is None or not has_backend_state(case.world, case.step.target.ref):
        return None
    if item.api is Api.V1ALPHA1:
        return one_sidecar(case)
    policy = case.world.policy(item)
    if policy.name != CLEANS_NOTHING or set(case.step.needs) & case.confirmed:
        return None
    return no(
        "deletion-is-safe",
        f"sidecar {policy.name} deletes nothing in the backend (COSI314), and the driver has not confirmed it",
        "upgrade sidecar and controller first; where nothing is in the backend, which only its own tools can tell, "
        "delete it with kubectl",
    )


def driver_confirmed(case: Situation) -> Refusal | None:
    """What the step rests on was confirmed by the driver in this run."""
    missing = [need for need in case.step.needs if need not in case.confirmed]
    if not missing:
        return None
    return no("driver-confirmed", f"the driver has not confirmed: {', '.join(missing)}", "give --endpoint")


def no_zombie(case: Situation) -> Refusal | None:
    """A claim's finalizer stays while the sidecar may still create its bucket (D07)."""
    item = case.world.item(case.step.target.ref)
    if not isinstance(item, Claim):
        return None
    words = zombie_words(case.world, item)
    return no("no-zombie", words) if words else None


def not_here_yet(case: Situation) -> Refusal | None:
    """A Secret that is created was looked for, and is not there."""
    ref = case.step.target.ref
    if ref.kind != "Secret" or (ref.namespace, ref.name) in case.world.secrets:
        return None
    return no("secret-read", f"{ref} could not be read", "the right to get secrets in that namespace")


_PINS: Final[tuple[Guard, ...]] = (
    *(same_uid, same_deletion, same_generation, same_finalizers, same_failure),
    *(not_masked, finding_holds),
)
_FINALIZER: Final[tuple[Guard, ...]] = (really_terminating, known_finalizer, not_held, in_trouble)

GUARDS: Final[Mapping[Action, tuple[Guard, ...]]] = {
    Action.MARK: _PINS,
    Action.UNMARK: _PINS,
    Action.NUDGE: (*_PINS, not_held, stuck_or_silent, woken_by_its_own),
    Action.QUARANTINE: (*_PINS, not_held, never_created, unserved_name, in_trouble),
    Action.RESUME: (*_PINS, not_held),
    Action.REPAIR_HANDOFF: (*_PINS, not_held, in_trouble, handed_over),
    Action.CREATE_SECRET: (not_here_yet, *_PINS, not_held, in_trouble, one_sidecar),
    Action.RECREATE_BUCKET: (*_PINS, not_held, in_trouble, one_sidecar),
    Action.SET_RETAIN: (*_PINS, not_held, in_trouble, policy_and_id_known, retain_lets_go),
    Action.DELETE_OBJECT: (
        *_PINS,
        not_held,
        in_trouble,
        not_quarantined,
        policy_and_id_known,
        nobody_else,
        claim_before_bucket,
        somebody_frees,
        deletion_is_safe,
    ),
    Action.REVOKE_AT_DRIVER: (*_PINS, not_held, in_trouble),
    Action.DELETE_AT_DRIVER: (*_PINS, not_held, in_trouble, meant_to_go, in_nobodys_use, nobody_else),
    Action.REMOVE_FINALIZER: (
        *_PINS,
        *_FINALIZER,
        *(bucket_is_gone, needed_by_nobody, one_sidecar, no_zombie, driver_confirmed),
    ),
    Action.RESTORE_STATUS: _PINS,
    Action.RECREATE_OBJECT: _PINS,
}


def refusal(case: Situation) -> Refusal | None:
    """Return the first reason not to do a step, None where there is none."""
    for guard in GUARDS[case.step.action]:
        found = guard(case)
        if found is not None:
            return found
    return None


def static_refusal(case: Situation) -> Refusal | None:
    """Return the first reason not to plan a step: as ``refusal``, without what earlier steps of it will have done."""
    later = {driver_confirmed}
    if case.step.needs:
        later.add(deletion_is_safe)
    for guard in GUARDS[case.step.action]:
        found = guard(case) if guard not in later else None
        if found is not None:
            return found
    return None
