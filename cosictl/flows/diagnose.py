"""Diagnose: read, conclude, keep what was asked for."""

from collections.abc import Callable, Collection

from cosictl.diagnosis.report import diagnose
from cosictl.errors import Exit, UsageError
from cosictl.flows.asked import Asked, narrowed
from cosictl.knowledge.catalogue import CATALOGUE
from cosictl.knowledge.policies import POLICIES
from cosictl.model.copying import replace
from cosictl.model.report import STUCK, Outlook, Report
from cosictl.model.snapshot import Snapshot


def run_diagnosis(
    read: Callable[[], Snapshot], *, asked: Asked, assume: str | None = None, code: str | None = None
) -> Report:
    """Return the diagnosis of what ``read`` observes, narrowed to what was asked for, and to one finding code.

    ``assume`` is the name of a policy; an unknown one raises UsageError before anything is read.
    """
    if assume is not None:
        known_policy(assume)
    snapshot = read()
    report = narrowed(diagnose(snapshot, assume=assume), snapshot, asked)
    return report if code is None else only(report, code)


def known_policy(name: str) -> str:
    """Return the name of a policy; raises UsageError for any other."""
    if name not in POLICIES:
        raise UsageError(f'unknown sidecar policy "{name}"', next_step=_try(name, POLICIES))
    return name


def known_code(word: str) -> str:
    """Return the finding code a word means (``cosi104``, ``C04``); raises UsageError for any other."""
    for entry in CATALOGUE.values():
        if word.casefold() in {entry.code.casefold(), entry.id.casefold()}:
            return entry.code
    raise UsageError(f'unknown finding code "{word}"', next_step=_try(word.upper(), CATALOGUE))


def _try(word: str, known: Collection[str]) -> str:
    from difflib import get_close_matches  # noqa: PLC0415 - only who mistypes needs it

    return f"try {', '.join(get_close_matches(word, known, n=3) or list(known)[:12])}"


def only(report: Report, code: str) -> Report:
    """Return a report with the findings of one code, and the objects they are about."""
    findings = tuple(finding for finding in report.findings if finding.code == code)
    about = {ref for finding in findings for ref in (finding.root, *finding.symptoms)}
    return replace(report, findings=findings, objects=tuple(item for item in report.objects if item.ref in about))


def verdict(report: Report) -> Exit:
    """Return the exit code of a diagnosis: what is stuck, else anything unknown or unread, else all is well.

    A Pod has no verdict of its own, only findings; one that keeps dying is stuck like any object.
    """
    outlooks = {item.outlook for item in report.objects}
    if outlooks & STUCK or report.stuck_pods:
        return Exit.STUCK
    if Outlook.UNKNOWN in outlooks | {finding.outlook for finding in report.findings} or report.unread:
        return Exit.UNKNOWN
    return Exit.OK
