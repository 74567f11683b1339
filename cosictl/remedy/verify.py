"""Whether a step had the effect it was done for: looked at, not assumed."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Final

from cosictl.errors import CosictlError
from cosictl.model.plan import Action, Outcome, Result, Step, Target
from cosictl.model.refs import Api, Kind, Ref
from cosictl.model.report import Outlook
from cosictl.remedy.ports import Ports
from cosictl.remedy.world import World
from cosictl.remedy.writes import finalizers_of, has_landed, is_terminating, uid_of

# Seconds: a v1alpha1 retry comes within 30 (v0.2.2 internal/runtime/controller.go:113), with room for slow servers.
WAIT: Final = 60.0
_POLL: Final = 0.5


def verified(
    step: Step,
    ports: Ports,
    *,
    wait: float | None,
    values: Mapping[str, str],
    found: str = "written",
    last: bool = True,
) -> Outcome:
    """Return the outcome of a step that was written: done where its effect is seen within ``wait`` seconds.

    ``last``: no later step of the plan is about the same trouble, so that it has to be over now.
    """
    try:
        if not last and step.action is Action.SET_RETAIN:
            result, words = _landed(step, ports, values)
        else:
            result, words = _look(step, ports, wait, values)
            if last and result is Result.DONE and (left := _left_behind(step, ports)):
                result, words = Result.UNKNOWN, f"{words}, but {left}"
    except CosictlError as error:
        result, words = Result.UNKNOWN, f"its effect cannot be looked at: {error}"
    return Outcome(step=step, result=result, words=f"{found}; {words}" if words else found, remains=step.remains)


def _look(step: Step, ports: Ports, wait: float | None, values: Mapping[str, str]) -> tuple[Result, str]:
    match step.action:
        case Action.DELETE_OBJECT if step.finding == "COSI305":
            # Nobody's Bucket gets no further than to COSI304, for want of its claim.
            return _woken(step, ports, wait)
        case Action.DELETE_OBJECT:
            return _absent(step.target, step, ports, wait)
        case Action.SET_RETAIN | Action.CREATE_SECRET | Action.DELETE_AT_DRIVER | Action.REVOKE_AT_DRIVER:
            return _absent(solved_target(step), step, ports, wait) if _goes(step, ports) else (Result.DONE, "")
        case Action.NUDGE:
            return _woken(step, ports, wait)
        case Action.REMOVE_FINALIZER:
            now = ports.read(step.target)
            if now is None or (step.pin is not None and uid_of(now) != step.pin.uid):
                return Result.DONE, "it is gone"
            held = ", ".join(finalizers_of(now))
            return Result.DONE, f"still held by {held}" if held else "nothing holds it any more"
        case Action.RECREATE_BUCKET:
            return _until(ports, wait, lambda world: _is_adopted(world, step), "the sidecar has not taken it up yet")
        case Action.RESUME:
            return _next_attempt(step, ports, wait)
        case Action.QUARANTINE:
            return _silence(step, ports, wait)
        case _:
            return _landed(step, ports, values)


def _landed(step: Step, ports: Ports, values: Mapping[str, str]) -> tuple[Result, str]:
    landed = has_landed(step, ports.read(step.target), values)
    return (Result.DONE, "") if landed else (Result.UNKNOWN, "another hand changed it since")


def solved_target(step: Step) -> Target:
    """Return the object whose trouble the step ends, which for a Secret is its access."""
    if step.solves == step.target.ref:
        return step.target
    api = step.target.api_version if step.target.api_version != "v1" else "objectstorage.k8s.io/v1alpha1"
    return Target(ref=step.solves, api_version=api)


def _goes(step: Step, ports: Ports) -> bool:
    """Whether the object the step is about was asked to go, so that its absence is the effect."""
    now = ports.read(solved_target(step))
    return now is None or is_terminating(now)


def _absent(target: Target, step: Step, ports: Ports, wait: float | None) -> tuple[Result, str]:
    limit = WAIT if wait is None else wait
    passed = 0.0
    uid = step.pin.uid if step.pin is not None and target == step.target else ""
    while True:
        now = ports.read(target)
        if now is None or (uid and uid_of(now) != uid):
            return Result.DONE, f"{target.ref} is gone"
        if passed >= limit:
            held = ", ".join(finalizers_of(now)) or "nothing"
            return Result.UNKNOWN, f"{target.ref} is still there after {limit:g} s, held by {held}"
        ports.sleep(_POLL)
        passed += _POLL


def _left_behind(step: Step, ports: Ports) -> str:
    """A claim without finalizer goes before its controller sees that, and then nobody deletes its Bucket (v1alpha1)."""
    target = solved_target(step)
    if step.action is not Action.DELETE_OBJECT or step.target.ref.kind != Kind.CLAIM:
        return ""
    if target.ref.kind != Kind.BUCKET or Api.V1ALPHA1 not in target.api_version:
        return ""
    now = ports.read(target)
    if now is None or is_terminating(now):
        return ""
    return f"{target.ref} was not deleted with it, and no claim asks for that any more: cosictl diagnose"


def _until(ports: Ports, wait: float | None, holds: Callable[[World], bool], otherwise: str) -> tuple[Result, str]:
    limit = WAIT if wait is None else wait
    passed = 0.0
    while True:
        if holds(ports.observe()):
            return Result.DONE, ""
        if passed >= limit:
            return Result.UNKNOWN, f"{otherwise} after {limit:g} s"
        ports.sleep(2 * _POLL)
        passed += 2 * _POLL


def _woken(step: Step, ports: Ports, wait: float | None) -> tuple[Result, str]:
    """A nudged deletion goes on: to its end, or to the next thing that holds it up, which is then recorded."""
    ref = step.target.ref
    seen: list[str] = []

    def went_on(world: World) -> bool:
        if world.item(ref) is None:
            seen.append(f"{ref} is gone")
        elif step.finding and (found := world.findings(ref)) and found[0].code != step.finding:
            seen.append(f"the sidecar looked at it again, and it is {found[0].code} now: {found[0].title}")
        return bool(seen)

    result, words = _until(ports, wait, went_on, f"nothing was seen to happen to {ref}")
    return result, seen[0] if seen else words


def _is_adopted(world: World, step: Step) -> bool:
    bucket = world.graph.buckets.get(step.target.ref.name)
    return bucket is not None and bool(bucket.ready and bucket.bucket_id)


def _last_failure(world: World, ref: Ref) -> datetime | None:
    item = world.item(ref)
    failures = world.graph.failures_of(item) if item is not None else ()
    return max((failure.last for failure in failures if failure.last is not None), default=None)


def _next_attempt(step: Step, ports: Ports, wait: float | None) -> tuple[Result, str]:
    """Wait for the first attempt after a resume, by what it records or brings about."""
    ref = step.target.ref
    before = _last_failure(ports.observe(), ref)
    seen: list[str] = []

    def attempted(world: World) -> bool:
        item, verdict = world.item(ref), world.verdicts.get(ref)
        if item is None or verdict is None:
            return False
        if verdict.outlook is Outlook.READY:
            seen.append("the next attempt succeeded: it is ready")
        elif (last := _last_failure(world, ref)) is not None and (before is None or last > before):
            text = verdict.failure.text if verdict.failure is not None else "a failure without words"
            seen.append(f"the next attempt failed: {text}")
        return bool(seen)

    result, words = _until(ports, wait, attempted, "no attempt was recorded")
    return result, seen[0] if seen else words


def _silence(step: Step, ports: Ports, wait: float | None) -> tuple[Result, str]:
    """A parked loop shows by an attempt that does not come; that takes an interval to see."""
    now = ports.read(step.target)
    if not has_landed(step, now, step.values):
        return Result.UNKNOWN, "another hand changed it since"
    world = ports.observe()
    item = world.item(step.target.ref)
    assert item is not None, "it was read a moment ago"
    interval = world.policies.policy(item.api, step.values["original"]).backoff.cap
    takes = f"that no attempt follows takes {interval:g} s to see"
    if wait is None:
        return Result.DONE, f"{takes} (--wait)"
    if wait < interval:
        return Result.UNKNOWN, f"{takes}, and --wait is {wait:g} s: it was not watched"
    before = _last_failure(world, step.target.ref)
    ports.sleep(wait)
    after = _last_failure(ports.observe(), step.target.ref)
    if after != before:
        return Result.UNKNOWN, "an attempt was recorded after it"
    return Result.DONE, f"no attempt was recorded for {wait:g} s"
