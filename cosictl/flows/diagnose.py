"""Diagnose: read, conclude, keep what was asked for."""

import difflib
from collections.abc import Callable

from cosictl.diagnosis.report import diagnose
from cosictl.errors import Exit, UsageError
from cosictl.flows.asked import Asked, narrowed
from cosictl.knowledge.policies import POLICIES
from cosictl.model.report import STUCK, Outlook, Report
from cosictl.model.snapshot import Snapshot


def run_diagnosis(read: Callable[[], Snapshot], *, asked: Asked, assume: str | None = None) -> Report:
    """Return the diagnosis of what ``read`` observes, narrowed to what was asked for.

    ``assume`` is the name of a policy, or None; an unknown one raises UsageError before anything is read.
    """
    if assume is not None and assume not in POLICIES:
        close = difflib.get_close_matches(assume, POLICIES, n=3) or list(POLICIES)
        raise UsageError(f'unknown sidecar policy "{assume}"', next_step=f"try {', '.join(close)}")
    snapshot = read()
    return narrowed(diagnose(snapshot, assume=assume), snapshot, asked)


def verdict(report: Report) -> Exit:
    """Return the exit code of a diagnosis: stuck objects, else anything unknown or unread, else all is well."""
    outlooks = {item.outlook for item in report.objects}
    if outlooks & STUCK:
        return Exit.STUCK
    if Outlook.UNKNOWN in outlooks | {finding.outlook for finding in report.findings} or report.unread:
        return Exit.UNKNOWN
    return Exit.OK
