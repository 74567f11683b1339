"""What was waited for, and how it stands: a line for each object, and the document of it."""

from collections.abc import Sequence
from datetime import datetime

from cosictl.model.report import Flag, Outlook
from cosictl.model.waiting import Goal, Presence, Standing, Waited
from cosictl.render.ages import stamp, until
from cosictl.render.document import API_VERSION, finding_document, object_document
from cosictl.render.safe import escape

_HEADS = {
    Standing.MET: {Goal.READY: "ready", Goal.GONE: "gone", Goal.SETTLED: "settled"},
    Standing.PENDING: {Goal.READY: "not ready", Goal.GONE: "not gone", Goal.SETTLED: "not settled"},
    Standing.NEVER: {Goal.READY: "cannot get ready", Goal.GONE: "cannot go", Goal.SETTLED: "cannot settle"},
    Standing.UNREAD: {Goal.READY: "cannot be told", Goal.GONE: "cannot be told", Goal.SETTLED: "cannot be told"},
}


def waited_line(state: Waited, goal: Goal, now: datetime) -> str:
    """Return how one object stands, in one line: ``BucketClaim/team-a/photos: not ready: retrying: …``."""
    why = state_words(state, now)
    head = _HEADS[state.standing][goal]
    return escape(f"{state.ref}: {head}" + (f": {why}" if why and why != head else ""))


def state_words(state: Waited, now: datetime) -> str:
    """Say how an object is, whatever is waited for; not yet escaped."""
    item, cause, finding = state.item, state.cause, state.finding
    if state.unread:
        return state.unread
    if item is None:
        return "it does not exist" if state.presence is Presence.NOT_YET else "gone"
    if state.presence is Presence.ANOTHER:
        return f"another one of its name was made, with UID {item.uid}"
    told = f"being deleted, {item.outlook}" if Flag.TERMINATING in item.flags else f"{item.outlook}"
    if cause is not None and cause is not item:
        told += f" for {cause.ref}, which is {cause.outlook}"
    if finding is not None:
        told += f": {finding.code} {finding.title}"
    elif item.outlook is not Outlook.READY:
        told += f": {'; '.join((cause or item).basis)}"
    if cause is not None and cause.attempts is not None and cause.next_try is not None:
        told += f"; about {cause.attempts} tries so far, the next {until(cause.next_try, now)}"
    return told


def wait_document(
    states: Sequence[Waited], *, goal: Goal, result: str, timeout: float, waited: float, now: datetime
) -> dict[str, object]:
    """Return the document of a wait. ``timeout`` and ``waited`` are in seconds.

    ``result`` is met, never, unread or timeout; a finding comes with its evidence, commands and risk.
    """
    return {
        "apiVersion": API_VERSION,
        "kind": "Wait",
        "takenAt": stamp(now),
        "for": goal.value,
        "result": result,
        "timeoutSeconds": timeout,
        "waitedSeconds": round(waited, 1),
        "targets": [_target(state, now) for state in states],
    }


def _target(state: Waited, now: datetime) -> dict[str, object]:
    ref = state.ref
    return {
        "kind": str(ref.kind),
        "namespace": ref.namespace,
        "name": ref.name,
        "uid": state.uid,
        "presence": state.presence.value,
        "standing": state.standing.value,
        "words": state_words(state, now),
        "object": None if state.item is None else object_document(state.item),
        "finding": None if state.finding is None else finding_document(state.finding),
    }
