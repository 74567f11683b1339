"""The differences of two reports for programs: one versioned document, or a row for each difference."""

from cosictl.model.differences import Difference, Differences, Side, State
from cosictl.render.ages import stamp
from cosictl.render.document import API_VERSION, unread_document
from cosictl.render.machine import Rows

_SUMMARY = {
    "got-stuck": "gotStuck",
    "still-stuck": "stillStuck",
    "recreated": "recreated",
    "new": "new",
    "other": "other",
    "got-better": "gotBetter",
    "gone": "gone",
    "not-compared": "notCompared",
}


def diff_document(found: Differences) -> dict[str, object]:
    """Return ``kind: ReportDiff``, its changes made one by one when they are written."""
    return {
        "apiVersion": API_VERSION,
        "kind": "ReportDiff",
        "old": _side(found.old),
        "new": _side(found.new),
        "summary": {_SUMMARY[change.value]: count for change, count in found.counts.items()} | {"same": found.same},
        "changes": Rows(found.changes, difference_document),
    }


def difference_document(item: Difference) -> dict[str, object]:
    """Return one difference."""
    return {
        "change": item.change.value,
        "kind": str(item.ref.kind),
        "namespace": item.ref.namespace,
        "name": item.ref.name,
        "was": None if item.was is None else _state(item.was),
        "now": None if item.now is None else _state(item.now),
        "why": item.why,
    }


def _side(side: Side) -> dict[str, object]:
    report = side.report
    return {
        "source": report.source,
        "takenAt": stamp(report.taken_at),
        "takenAtBasis": report.basis,
        "namespaces": list(report.namespaces),
        "unread": [unread_document(status) for status in report.unread],
    }


def _state(state: State) -> dict[str, object]:
    ref = state.waits_on
    return {
        "uid": state.uid,
        "outlook": state.outlook.value,
        "finding": state.finding,
        "grpcCode": None if state.grpc_code is None else state.grpc_code.value,
        "cause": None if state.cause is None else state.cause.value,
        "attempts": state.attempts,
        "since": stamp(state.since),
        "waitsOn": None if ref is None else {"kind": str(ref.kind), "namespace": ref.namespace, "name": ref.name},
    }
