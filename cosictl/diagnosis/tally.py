"""Count a diagnosis: how many objects are stuck on what, for how long, and what their loops cost.

In: a diagnosis, how reading went, and the policies in force. Out: figures without a name of any object, so that a
monitoring system keeps few series however large the cluster is. Pure.
"""

from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from typing import Final

from cosictl.diagnosis.policy import Policies
from cosictl.diagnosis.whatif import calls_per_hour, troubles
from cosictl.model.refs import RESOURCES, Kind
from cosictl.model.report import STUCK, Outlook, Report
from cosictl.model.snapshot import ReadOutcome, Snapshot
from cosictl.model.tally import Tally

_JUDGED: Final = frozenset(RESOURCES[kind] for kind in (Kind.BUCKET, Kind.CLAIM, Kind.ACCESS))
# Something in a dump that does not even say what it is.
_OTHER: Final = "other"


def tally(report: Report, snapshot: Snapshot, policies: Policies) -> Tally:
    """Return the figures of a diagnosis of ``snapshot``; ``report`` may be narrowed to what was asked for."""
    stuck: Counter[tuple[str, Outlook, str]] = Counter()
    oldest: dict[tuple[str, str], float] = {}
    for code, outlook, driver, since in _stuck(report):
        stuck[code, outlook, driver] += 1
        if since is not None:
            age = max(0.0, (report.taken_at - since).total_seconds())
            oldest[code, driver] = max(age, oldest.get((code, driver), 0.0))
    errors = _errors(report, snapshot)
    return Tally(
        taken_at=report.taken_at,
        stuck=stuck,
        oldest=oldest,
        objects=Counter((str(item.ref.kind), item.outlook) for item in report.objects),
        wasted=_wasted(report, policies),
        errors=errors,
        whole=not any(errors.values()),
        tells=any(one.outcome is ReadOutcome.OK and one.resource in _JUDGED for one in snapshot.reads)
        or bool(report.objects),
    )


def _stuck(report: Report) -> Iterator[tuple[str, Outlook, str, datetime | None]]:
    """Yield finding, outlook, driver and beginning of everything stuck; a Pod has no verdict, only findings."""
    causes = report.causes
    for item in report.objects:
        if item.outlook in STUCK:
            cause = causes.get(item.ref)
            yield cause.code if cause is not None else "", item.outlook, item.driver, item.since
    for pod, outlook in report.stuck_pods.items():
        yield causes[pod].code, outlook, "", causes[pod].since


def _wasted(report: Report, policies: Policies) -> dict[str, float]:
    """Return the calls an hour that loops make in vain, once their delays have grown; what records none counts none."""
    found = dict.fromkeys(report.drivers, 0.0)
    for one in troubles(item for item in report.objects if item.outlook is Outlook.LOOPING):
        calls = calls_per_hour(policies.policy(one.api, one.driver), one)
        found[one.driver] = found.get(one.driver, 0.0) + calls
    return found


def _errors(report: Report, snapshot: Snapshot) -> dict[str, int]:
    found = {one.resource: 0 for one in snapshot.reads if one.outcome is ReadOutcome.OK}
    lost = [one.resource for one in report.unread]
    lost += [RESOURCES.get(one.kind, _OTHER) for one in snapshot.undecoded]
    for resource in lost:
        found[resource] = found.get(resource, 0) + 1
    return found
