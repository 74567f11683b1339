"""The sidecars of a cluster as a person reads them: one line per driver, then what serves it and what to beware of."""

from datetime import timedelta
from typing import Final

from cosictl.model.fleet import Component, DriverLine, Fleet, HazardNote, LeaseView
from cosictl.model.report import STUCK, Outlook, Report
from cosictl.render.ages import age
from cosictl.render.console import Out
from cosictl.render.lines import bullets, labelled
from cosictl.render.safe import escape
from cosictl.render.tables import print_rows

_HEADS: Final = ("DRIVER", "SIDECAR", "PODS", "LEASE", "STUCK", "IN VAIN/H", "RESTARTS", "API", "KNOWN")
# Hazards named without -o wide: what happened here, and what has to be known first.
_HAZARDS: Final = 4
_FINDINGS: Final = ("COSI5", "COSI6", "COSI406")


def print_fleet(
    fleet: Fleet, report: Report, out: Out, *, wide: bool = False, no_trunc: bool = False, prog: str = "cosictl"
) -> None:
    """Print the drivers; ``wide`` names every hazard with its source. ``prog`` is how the user calls this program."""
    if fleet.drivers:
        print_rows(_HEADS, [_row(line) for line in fleet.drivers], out, no_trunc=no_trunc)
    else:
        out.line("No class and no Bucket names a driver.")
    for line in fleet.drivers:
        out.line()
        _driver(line, out, wide=wide, prog=prog)
    _rest(fleet, out)
    codes = sorted({finding.code for finding in report.findings if finding.code.startswith(_FINDINGS)})
    if codes:
        out.line()
        for code in codes:
            title = next(finding.title for finding in report.findings if finding.code == code)
            labelled(out, code, f"{title}: {prog} diagnose --finding {code}", margin="", style="bold yellow")


def _row(line: DriverLine) -> list[str]:
    ready = sum(1 for part in line.sidecars if part.ready)
    stuck = sum(line.outlooks.get(outlook, 0) for outlook in STUCK)
    return [
        line.driver,
        line.choice.policy,
        f"{ready}/{len(line.sidecars)} ready" if line.sidecars else "none seen",
        line.served,
        f"{stuck} of {sum(line.outlooks.values())}",
        f"{line.calls:.0f}",
        str(sum(part.restarts for part in line.sidecars)),
        line.api.value,
        line.choice.certainty.value,
    ]


def _driver(line: DriverLine, out: Out, *, wide: bool, prog: str) -> None:
    out.line(escape(f"{line.driver} ({line.api.value})"), style="bold")
    for part in line.sidecars:
        labelled(out, "served by", f"{_component(part)}; {line.matched}")
    if not line.sidecars:
        labelled(out, "served by", _NOBODY[line.served], style="bold red" if line.served in {"absent", "dead"} else "")
    labelled(out, "policy", f"{line.choice.policy} ({line.choice.certainty.value}): {line.choice.why}")
    labelled(out, "final errors", _final_words(line))
    for lease in line.leases:
        labelled(out, "lease", _lease(lease))
    for part in line.controllers:
        labelled(out, "controller", _component(part))
    if line.controller_lease is not None:
        labelled(out, "its lease" if line.controllers else "controller", _lease(line.controller_lease))
    counts = [f"{line.outlooks[outlook]} {outlook.value}" for outlook in Outlook if line.outlooks.get(outlook)]
    labelled(out, "buckets", ", ".join(counts) or "none")
    if line.calls:
        labelled(out, "in vain", f"{line.calls:.0f} calls an hour go to the driver for what can never succeed")
    _hazards(line, out, wide=wide, prog=prog)


def _hazards(line: DriverLine, out: Out, *, wide: bool, prog: str) -> None:
    shown = line.hazards if wide else [note for note in line.hazards if note.seen or note.first][:_HAZARDS]
    bullets(out, "beware", (_hazard(note, wide=wide) for note in shown))
    left = len(line.hazards) - len(shown)
    if left:
        labelled(out, "", f"{left} more: {prog} explain {line.choice.policy}")


def _hazard(note: HazardNote, *, wide: bool) -> str:
    seen = f" Seen here: {', '.join(note.seen)}." if note.seen else ""
    return f"{note.text}{seen}{f' [{note.source}]' if wide else ''}"


def _component(part: Component) -> str:
    state = "ready" if part.ready else "not ready"
    node = f" on node {part.node}" if part.node else ""
    owner = "" if part.owner_kind == "Pod" else f" of {part.owner_kind} {part.owner_name}"
    ended = f", last ended with {part.ended}" if part.ended else ""
    restarts = f", {part.restarts} restarts{ended}" if part.restarts else ""
    release = part.release or "a release that the image does not tell"
    return f"pod {part.place}{owner}{node}, {state}{restarts}; {part.image or part.image_id}: {release}, {part.why}"


def _lease(lease: LeaseView) -> str:
    renewed = f", renewed {age(timedelta(seconds=lease.age))} ago" if lease.age is not None else ""
    return f"{lease.place} held by {lease.holder or 'nobody'}{renewed}: {lease.state}"


def _final_words(line: DriverLine) -> str:
    if line.stops:
        return "some codes end the retries and are recorded; what is parked waits until somebody acts"
    return "retried for ever, as everything: no code ends the retries"


_NOBODY: Final = {
    "alive": "a sidecar whose Pod was not seen (its Lease lives)",
    "takeover": "nobody for the moment: its Lease is about to be taken over",
    "dead": "nobody: its Lease is dead",
    "absent": "nobody: no sidecar holds a Lease for it",
    "untold": "not known: no Lease and no Pod tells",
}


def _rest(fleet: Fleet, out: Out) -> None:
    if fleet.unmatched or fleet.unnamed:
        out.line()
        out.line("Not matched with any driver", style="bold")
    for part in fleet.unmatched:
        labelled(out, "sidecar", _component(part))
    for lease in fleet.unnamed:
        labelled(out, "lease", f"{_lease(lease)}; no class and no Bucket names its driver")
