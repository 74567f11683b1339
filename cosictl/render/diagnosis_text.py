"""The diagnosis as a person reads it at three in the morning: what, why, will waiting help, who, what to type."""

import shlex
from collections import Counter
from collections.abc import Sequence
from itertools import groupby

from cosictl.model.report import STUCK, Finding, Outlook, Report
from cosictl.model.snapshot import ReadOutcome
from cosictl.render.ages import age, clock
from cosictl.render.console import Out
from cosictl.render.finding_text import Line, headline, own_lines, shared_lines
from cosictl.render.lines import filled, many
from cosictl.render.safe import ELLIPSIS, clip, escape, wrap
from cosictl.render.words import UNREAD, counted_words, none_words, policy_words, roots_words

SHOWN = 3
# Verbs that look at files as well as at a cluster.
_READERS = ("cosictl diagnose ", "cosictl events ", "cosictl get ")
_LABEL = 16
# Lines of a quotation: the reason often stands at its end.
_QUOTED = 4
_STYLES = {
    Outlook.LOOPING: "bold red",
    Outlook.PARKED: "bold red",
    Outlook.STALLED: "bold red",
    Outlook.UNKNOWN: "bold yellow",
    Outlook.RETRYING: "cyan",
    Outlook.WAITING: "cyan",
    Outlook.READY: "green",
}


def print_diagnosis(
    report: Report,
    out: Out,
    *,
    show_all: bool = False,
    only_finding: str | None = None,
    no_trunc: bool = False,
    prog: str = "cosictl",
    again: str = "cosictl diagnose",
    files: Sequence[str] = (),
) -> None:
    """Print a report.

    ``show_all`` prints every object of a finding, ``only_finding`` one code alone, ``no_trunc`` cuts nothing;
    commands are never cut. ``prog`` is how the user calls this program, ``again`` this very diagnosis.
    ``files`` are what was read in place of a cluster: our own commands that look read them too.
    """
    page = _Page(report, out, width=0 if no_trunc else out.width, prog=prog, again=again, files=files)
    page.summary()
    findings = [f for f in report.findings if only_finding is None or f.code == only_finding]
    for _, group in groupby(findings, key=lambda f: (f.outlook, f.code)):
        page.group(tuple(group), limit=None if show_all else SHOWN)
    page.ending(findings, f"No finding {escape(only_finding)} here." if only_finding is not None else _all_well(report))


class _Page:
    """The lines of one report; holds what every line needs."""

    def __init__(self, report: Report, out: Out, *, width: int, prog: str, again: str, files: Sequence[str]) -> None:
        self._report = report
        self._out = out
        self._width = width
        self._prog = prog
        self._again = again
        self._files = "".join(f" -f {escape(shlex.quote(name))}" for name in files)
        self._objects = {item.ref: item for item in report.objects}

    def summary(self) -> None:
        """Print what was looked at, and how it fares."""
        report = self._report
        apis = sorted({item.api.value for item in report.objects}) or ["no COSI objects"]
        parts = [
            " + ".join(apis),
            *(f"sidecar policy {escape(policy_words(choice))}" for choice in report.policies),
            counted_words(report),
            many(len(report.drivers), "driver"),
            f"as of {clock(report.taken_at)} ({report.basis})",
        ]
        if report.namespaces:
            parts.append("namespace " + ", ".join(escape(name) for name in report.namespaces) + " only")
        self._wrapped(" · ".join(parts))
        counts = Counter(item.outlook for item in report.objects)
        told = [f"{counts[outlook]} {outlook.value}" for outlook in _STYLES if counts[outlook]]
        pods = Counter(report.stuck_pods.values())
        told += [f"{many(pods[outlook], 'Pod')} {outlook.value}" for outlook in _STYLES if pods[outlook]]
        for line in filled(told or ["nothing to judge"], self._width):
            self._out.line(line, style="bold")

    def group(self, findings: Sequence[Finding], *, limit: int | None) -> None:
        """Print the findings of one code that share an outlook, as one block."""
        first = findings[0]
        out = self._out
        out.line()
        since = min((f.since for f in findings if f.since is not None), default=None)
        roots = roots_words(findings)
        tail = f"{roots}, for {age(self._report.taken_at - since)}" if since is not None else roots
        title = f"{escape(first.title)} · {first.outlook.value} · {tail}"
        self._wrapped(title, f"{first.code}  ", style=_STYLES[first.outlook])
        shared = shared_lines(findings)
        for line in shared:
            self._labelled(line, "  ")
        shown = findings if limit is None else findings[:limit]
        for finding in shown:
            self._one(finding, shared)
        if len(shown) < len(findings):
            out.line(
                f"  … {len(findings) - len(shown)} more: {self._again} --finding {first.code} --all",
                style="dim",
            )

    def _one(self, finding: Finding, shared: Sequence[Line]) -> None:
        item = self._objects.get(finding.root)
        self._wrapped(headline(finding, item), "  ", "      ", limit=_QUOTED)
        for line in own_lines(finding, item, self._report, shared):
            self._labelled(line, "    ")

    def ending(self, findings: Sequence[Finding], words_for_none: str) -> None:
        """Print what could not be read, and where to go next; ``words_for_none`` where there are no findings."""
        report, out = self._report, self._out
        out.line()
        if not findings:
            self._wrapped(words_for_none)
        for status in report.unread:
            scope = f" in namespace {escape(status.scope)}" if status.scope else ""
            words = escape(status.reason) or UNREAD[status.outcome]
            self._wrapped(f"Not read: {escape(status.resource)}{scope}: {words}")
        if not report.unread:
            self._wrapped("Not read: nothing that a verdict needed.")
        if not self._files and any(status.outcome is ReadOutcome.FORBIDDEN for status in report.unread):
            out.line(f"Which rights you lack, and for what: {self._prog} rbac check read-only", style="dim")
        if report.skipped_files:
            self._wrapped(f"Skipped: {many(report.skipped_files, 'file')} that held no Kubernetes objects.")
        if findings:
            code = findings[0].code
            out.line(f"More about a code: {self._prog} explain {code}", style="dim")

    def _labelled(self, line: Line, margin: str) -> None:
        """Print a labelled line: commands stay whole to be copied, our own words are wrapped, quotes also cut."""
        lead = f"{margin}{line.label:<{_LABEL}}"
        if line.command:
            # Far to the left and on a line of its own: what is copied should not break at the screen's edge.
            if line.label:
                self._out.line(f"{margin}{line.label}")
            where = self._files if line.text.startswith(_READERS) and " | " not in line.text else ""
            self._out.line(f"{margin}  {line.text}{where}", style="green")
        else:
            self._wrapped(line.text, lead, " " * len(lead), limit=_QUOTED if line.quoted else 0)

    def _wrapped(self, text: str, lead: str = "", indent: str = "  ", limit: int = 0, style: str = "") -> None:
        """Print a text in as many lines as it needs, at most ``limit`` (0: any number); a pipe gets one line."""
        lines = wrap(text, self._width, lead, indent)
        shown = lines[:limit] if limit else lines
        if len(shown) < len(lines):
            shown[-1] += f" {ELLIPSIS}"
        for line in shown:
            self._out.line(self._cut(line) if limit else line, style=style)

    def _cut(self, line: str) -> str:
        return clip(line, self._width)


def _all_well(report: Report) -> str:
    outlooks = {item.outlook for item in report.objects}
    if not report.objects:
        words = none_words(report)
        return f"{words[0].upper()}{words[1:]}."
    if outlooks & STUCK:
        return "Some objects are stuck, and no finding says why."
    if Outlook.UNKNOWN in outlooks:
        return "Nothing is known to be stuck, but not everything could be judged."
    return "Nothing is stuck."
