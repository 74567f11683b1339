"""Wait: look at the cluster again and again until objects are as they should be, or can never be so."""

from collections.abc import Collection, Mapping, Sequence

from cosictl.diagnosis.report import diagnose
from cosictl.errors import ClusterError, NotFoundError, UnreadError
from cosictl.flows.asked import Asked, Named, found, narrowed
from cosictl.model.refs import CLUSTER_SCOPED, RESOURCES, Kind, Ref
from cosictl.model.report import STUCK, Assessment, Finding, Flag, Outlook, Report
from cosictl.model.snapshot import ReadOutcome, ReadStatus, Snapshot, Undecoded
from cosictl.model.waiting import Goal, Presence, Result, Standing, Waited

# An object waits for its Bucket, or its claim, which waits for its Bucket.
_LONGEST_CHAIN = 4
WHAT_IS_MISSING = "cosictl rbac check says which rights are missing"


def standing_of(
    goal: Goal, presence: Presence, outlook: Outlook | None, held_by: Outlook | None, *, terminating: bool
) -> Standing:
    """How an object stands to a goal: one truth table.

    ``outlook`` is the object's, None where it is not there; ``held_by`` that of what it waits for in the end, None
    where it waits for nothing that was seen. What is unknown is never called impossible.
    """
    stuck = outlook in STUCK or (outlook is Outlook.WAITING and held_by in STUCK)
    if goal is Goal.GONE:
        if presence is not Presence.HERE:
            return Standing.MET
        return Standing.NEVER if terminating and stuck else Standing.PENDING
    if presence is Presence.NOT_YET:
        return Standing.PENDING
    ready = outlook is Outlook.READY and not terminating
    if goal is Goal.SETTLED:
        return Standing.MET if presence is Presence.GONE or stuck or ready else Standing.PENDING
    if presence is Presence.GONE or terminating or stuck:
        return Standing.NEVER
    return Standing.MET if ready else Standing.PENDING


def verdict_of(states: Sequence[Waited]) -> Standing:
    """How all of them stand: one that can never be so decides, then one that cannot be told, then one that is not."""
    standings = {state.standing for state in states}
    for worst in (Standing.NEVER, Standing.UNREAD, Standing.PENDING):
        if worst in standings:
            return worst
    return Standing.MET


def result_of(standing: Standing, *, confirmed: bool, behind: bool, over: bool) -> Result | None:
    """How a wait ends now, None where it goes on.

    ``confirmed``: it has stood so for a moment, so that no list was only behind another, or that does not matter
    (``is_doubtful``). ``behind``: news do not come, or were not looked at yet, so that what is known may be over, and
    time alone proves nothing. ``over``: there is no time left.
    """
    if not behind:
        if standing is Standing.UNREAD:
            return Result.UNREAD
        if standing in _ENDS and (confirmed or over):
            return _ENDS[standing]
    return Result.TIMEOUT if over else None


_ENDS = {Standing.NEVER: Result.NEVER, Standing.MET: Result.MET}


def is_doubtful(goal: Goal, standing: Standing, states: Sequence[Waited]) -> bool:
    """Whether lists of different ages may make it stand so for a moment.

    What is ready is so in its own list, and what is gone too; what is stuck may only be so beside an older list.
    """
    if standing is Standing.MET and goal is Goal.SETTLED:
        return any(state.item is None or state.item.outlook is not Outlook.READY for state in states)
    return standing is Standing.NEVER


class Waiting:
    """What is waited for; it remembers the UIDs of the objects it has seen."""

    def __init__(self, goal: Goal, asked: Asked) -> None:
        self.goal = goal
        self.asked = asked
        self._refs: tuple[Ref, ...] | None = None
        self._uids: dict[Ref, str] = {}

    def look(self, snapshot: Snapshot) -> tuple[Report, tuple[Waited, ...]]:
        """Diagnose what was observed, and return how each of the objects stands.

        Types without names are the objects of the first look; raises NotFoundError where there are none (unless they
        are to be gone), UnreadError where they may not be read, and ClusterError where that failed.
        """
        report = diagnose(snapshot)
        if self._refs is None:
            self._refs = _chosen(snapshot, self.asked, self.goal)
        verdicts = {item.ref: item for item in report.objects}
        return report, tuple(self._state(ref, snapshot, report, verdicts) for ref in self._refs)

    def _state(self, ref: Ref, snapshot: Snapshot, report: Report, verdicts: Mapping[Ref, Assessment]) -> Waited:
        item = verdicts.get(ref)
        presence = self._presence(ref, item)
        uid = self._uids.get(ref, "")
        if item is None and (lost := _unreadable(snapshot, ref)):
            return Waited(ref=ref, uid=uid, presence=presence, standing=Standing.UNREAD, unread=lost)
        if item is None and (lost := _words_about(_missed(snapshot, Kind(ref.kind), ref.namespace))):
            # It will be asked for again; until then nobody knows that it is not there.
            return Waited(ref=ref, uid=uid, presence=presence, standing=Standing.PENDING, unread=lost)
        cause = _cause_of(item, verdicts)
        standing = standing_of(
            self.goal,
            presence,
            item.outlook if item is not None else None,
            cause.outlook if cause is not None and cause is not item else None,
            terminating=item is not None and Flag.TERMINATING in item.flags,
        )
        finding = _finding_of(item, cause, report)
        return Waited(ref=ref, uid=uid, presence=presence, standing=standing, item=item, cause=cause, finding=finding)

    def _presence(self, ref: Ref, item: Assessment | None) -> Presence:
        known = self._uids.get(ref)
        if item is None:
            return Presence.NOT_YET if known is None else Presence.GONE
        if known is not None and known != item.uid and self.goal is Goal.GONE:
            return Presence.ANOTHER
        # What is to be ready is known by its name: whoever made it anew waits for the new one.
        self._uids[ref] = item.uid
        return Presence.HERE


def about(report: Report, snapshot: Snapshot, asked: Asked, refs: Sequence[Ref]) -> Report:
    """Return the report on these objects alone, with what carries the cause; each of them is there."""
    named = tuple(Named(kind=Kind(ref.kind), name=ref.name) for ref in refs)
    return narrowed(report, snapshot, Asked(named=named, namespace=asked.namespace))


def _chosen(snapshot: Snapshot, asked: Asked, goal: Goal) -> tuple[Ref, ...]:
    """Return what is waited for: what was named, whether it is there or not, and all there is of a type."""
    refs: dict[Ref, None] = {}
    for named in asked.named:
        kind = named.kind
        assert kind is not None, "a driver is not waited for"
        place = "" if kind in CLUSTER_SCOPED else asked.namespace
        if named.name:
            refs[Ref(kind, place, named.name)] = None
            continue
        if lost := _refused(snapshot, kind, place):
            raise UnreadError(_words_about(lost), next_step=WHAT_IS_MISSING)
        if lost := _missed(snapshot, kind, place):
            raise ClusterError(_words_about(lost), next_step="try again")
        only = Asked(named=(named,), namespace=asked.namespace, labels=asked.labels)
        refs |= dict.fromkeys(item.ref for item in found(snapshot, only))
    if not refs and goal is not Goal.GONE:
        raise NotFoundError("nothing matches", next_step="look with: cosictl get claims -A")
    return tuple(refs)


def _unreadable(snapshot: Snapshot, ref: Ref) -> str:
    """Say why an object that is not among those observed may be there all the same; "" where it is not there."""
    for record in snapshot.undecoded:
        if _is_record_of(record, ref):
            return f"it cannot be decoded: {record.reason}"
    return _words_about(_refused(snapshot, Kind(ref.kind), ref.namespace))


def _is_record_of(record: Undecoded, ref: Ref) -> bool:
    return (record.kind, record.namespace, record.name) == (ref.kind, ref.namespace, ref.name)


def _refused(snapshot: Snapshot, kind: Kind, namespace: str) -> ReadStatus | None:
    """Return how reading a kind was refused where it would be; None where it was read, or may be read again."""
    return _unread(snapshot, kind, namespace, {ReadOutcome.FORBIDDEN, ReadOutcome.ABSENT})


def _missed(snapshot: Snapshot, kind: Kind, namespace: str) -> ReadStatus | None:
    """Return how reading a kind failed, though nobody refused it; None where it was read."""
    return _unread(snapshot, kind, namespace, {ReadOutcome.FAILED})


def _unread(snapshot: Snapshot, kind: Kind, namespace: str, outcomes: Collection[ReadOutcome]) -> ReadStatus | None:
    here = [s for s in snapshot.reads if s.resource == RESOURCES[kind.value] and s.scope in ("", namespace)]
    if any(status.outcome is ReadOutcome.OK for status in here):
        return None
    return next((s for s in here if s.outcome in outcomes), None)


def _words_about(lost: ReadStatus | None) -> str:
    return f"{lost.resource} cannot be read: {lost.reason or lost.outcome}" if lost is not None else ""


def _cause_of(item: Assessment | None, verdicts: Mapping[Ref, Assessment]) -> Assessment | None:
    """Return the verdict on what holds an object up: follow the chain of waiting to its end."""
    for _ in range(_LONGEST_CHAIN):
        further = verdicts.get(item.waits_on) if item is not None and item.waits_on is not None else None
        if further is None:
            break
        item = further
    return item


def _finding_of(item: Assessment | None, cause: Assessment | None, report: Report) -> Finding | None:
    """Return the finding about an object's outlook: its own, or that of what holds it up."""
    if item is None or cause is None:
        return None
    roots = [finding for finding in report.findings if finding.root in (item.ref, cause.ref)]
    same = [finding for finding in roots if finding.outlook is cause.outlook]
    return next(iter(same), None)
