"""Compare two diagnoses: what got stuck, what got better, and what cannot be compared.

In: two reports, and how reading went for each. Out: one difference for every object that fares otherwise, or is still
stuck. Pure. Nothing is told as better, gone or new where one side could not have seen it.

Objects are the same where their UIDs are; where one side has none, where their names are.
"""

from collections.abc import Iterator, Mapping
from typing import Final

from msgspec import Struct

from cosictl.model.differences import Change, Difference, Differences, Side, State
from cosictl.model.refs import RESOURCES, Ref
from cosictl.model.report import STUCK, Assessment, Outlook
from cosictl.model.snapshot import ReadOutcome, TimeBasis

_OLD: Final = "OLD"
_NEW: Final = "NEW"
_POD: Final = "Pod"
# A chain of waiting is at most access, claim, Bucket.
_CHAIN: Final = 3


class _Half(Struct, frozen=True, kw_only=True):
    """One side, ready to be looked up in."""

    name: str
    side: Side
    states: Mapping[Ref, State]
    kinds: frozenset[tuple[str, str]]


def differences(old: Side, new: Side) -> Differences:
    """Return what is different in ``new``, the worst first."""
    before, after = _half(_OLD, old), _half(_NEW, new)
    changes = []
    same = 0
    for ref in sorted(before.states.keys() | after.states.keys()):
        found = _difference(ref, before, after)
        if found is not None:
            changes.append(found)
        else:
            same += 1
    order = list(Change)
    changes.sort(key=lambda one: (order.index(one.change), one.state.outlook not in STUCK, not one.moved, one.ref))
    return Differences(old=old, new=new, changes=tuple(changes), same=same)


def _half(name: str, side: Side) -> _Half:
    report = side.report
    causes = report.causes
    states = {item.ref: _state(item, causes[item.ref].code if item.ref in causes else "") for item in report.objects}
    for pod, outlook in report.stuck_pods.items():
        states[pod] = State(uid="", outlook=outlook, finding=causes[pod].code, since=causes[pod].since)
    kinds = frozenset((ref.kind, ref.namespace) for ref in states)
    return _Half(name=name, side=side, states=states, kinds=kinds)


def _state(item: Assessment, code: str) -> State:
    # What is still recorded on an object that is ready is stale.
    found = item.classification if item.outlook is not Outlook.READY else None
    return State(
        uid=item.uid,
        outlook=item.outlook,
        finding=code if item.outlook is not Outlook.READY else "",
        grpc_code=found.grpc_code if found is not None else None,
        cause=found.cause if found is not None else None,
        attempts=item.attempts,
        since=item.since,
        waits_on=item.waits_on,
    )


def _difference(ref: Ref, before: _Half, after: _Half) -> Difference | None:
    was, now = before.states.get(ref), after.states.get(ref)
    if was is not None and now is not None:
        if was.uid and now.uid and was.uid != now.uid:
            return Difference(change=Change.RECREATED, ref=ref, was=was, now=now)
        return _moved(ref, was, now, after)
    lacking = after if now is None else before
    why = _blind(lacking, ref)
    if why:
        return Difference(change=Change.NOT_COMPARED, ref=ref, was=was, now=now, why=why)
    if ref.kind == _POD:
        # It has no verdict, only findings: without one it may be there and well.
        change, why = (Change.GOT_STUCK, "") if was is None else (Change.GOT_BETTER, "no finding is about it any more")
        return Difference(change=change, ref=ref, was=was, now=now, why=why)
    return Difference(change=Change.GONE if now is None else Change.NEW, ref=ref, was=was, now=now)


def _moved(ref: Ref, was: State, now: State, after: _Half) -> Difference | None:
    """Compare an object with itself."""
    change, why = _told(was, now, after)
    return None if change is None else Difference(change=change, ref=ref, was=was, now=now, why=why)


def _told(was: State, now: State, after: _Half) -> tuple[Change | None, str]:
    if now.outlook in STUCK:
        if was.outlook in STUCK:
            return Change.STILL_STUCK, ""
        unsure = was.outlook is Outlook.UNKNOWN
        return Change.GOT_STUCK, f"{_OLD} could not tell whether it was stuck before" if unsure else ""
    if was.outlook in STUCK:
        if now.outlook is Outlook.UNKNOWN:
            return Change.NOT_COMPARED, f"the evidence of {_NEW} cannot tell how it fares"
        held = _held_up(now, after)
        return (Change.OTHER, held) if held else (Change.GOT_BETTER, "")
    if was.outlook is now.outlook:
        return None, ""
    return Change.OTHER, _held_up(now, after)


def _held_up(now: State, after: _Half) -> str:
    """Say what holds an object up that is no better off for waiting, "" where that goes on by itself."""
    ref, state = now.waits_on, now
    for _ in range(_CHAIN):
        if state.outlook is not Outlook.WAITING:
            break
        if ref is None or ref not in after.states:
            return "what it waits on could not be looked at"
        state = after.states[ref]
        ref, last = state.waits_on, ref
        if state.outlook in STUCK or state.outlook is Outlook.UNKNOWN:
            return f"waits on {last}, which is {state.outlook}"
    return ""


def _blind(half: _Half, ref: Ref) -> str:
    """Say why a side could not have seen an object of this name, "" where it would have."""
    return next(_reasons(half, ref), "")


def _reasons(half: _Half, ref: Ref) -> Iterator[str]:
    side, name = half.side, half.name
    report, resource = side.report, RESOURCES.get(ref.kind, "")
    mine = [one for one in side.reads if one.resource == resource]
    read_here = any(one.outcome is ReadOutcome.OK and one.scope in {"", ref.namespace} for one in mine)
    if report.namespaces and ref.namespace not in report.namespaces and not (read_here and not ref.namespace):
        yield f"{name} is about namespace {', '.join(report.namespaces)} only"
    for one in mine:
        if one.outcome is ReadOutcome.OK or (one.scope and ref.namespace and one.scope != ref.namespace):
            continue
        # Who may not list everywhere listed one namespace instead; what was found there shows it.
        listed = read_here or (ref.kind, ref.namespace) in half.kinds
        if not (one.outcome is ReadOutcome.FORBIDDEN and not one.scope and ref.namespace and listed):
            yield f"{name} could not read {resource}: {one.reason or one.outcome.value.replace('-', ' ')}"
    is_live = report.basis == TimeBasis.SERVER.value
    if side.saved and not is_live and all(kind != ref.kind for kind, _ in half.kinds):
        yield f"{name} was made from files, which perhaps had no {resource or ref.kind}"
