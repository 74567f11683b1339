"""The diagnosis as a person reads it at three in the morning: what, why, will waiting help, who, what to type."""

import textwrap
from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import groupby

from cosictl.knowledge.catalogue import CATALOGUE
from cosictl.model.failures import FixBy
from cosictl.model.refs import Kind, Ref
from cosictl.model.report import Assessment, Certainty, Finding, Outlook, PolicyChoice, Report
from cosictl.model.snapshot import ReadOutcome
from cosictl.render.ages import age, clock, until
from cosictl.render.console import Out
from cosictl.render.safe import clip, escape

SHOWN = 3
_LABEL = 22
_STYLES = {
    Outlook.LOOPING: "bold red",
    Outlook.PARKED: "bold red",
    Outlook.STALLED: "bold red",
    Outlook.UNKNOWN: "bold yellow",
    Outlook.RETRYING: "cyan",
    Outlook.WAITING: "cyan",
    Outlook.READY: "green",
}
_HELPS = {
    Outlook.LOOPING: "no: it is tried again and again, and cannot succeed until something changes",
    Outlook.PARKED: "no: nobody tries again until somebody acts",
    Outlook.STALLED: "no: nobody works on it, and nothing repeats the lost step",
    Outlook.UNKNOWN: "unknown: the evidence cannot tell",
    Outlook.RETRYING: "yes, it may: it is tried again, and the cause can pass by itself",
    Outlook.WAITING: "yes, once the object it waits for is right",
    Outlook.READY: "not needed: nothing is stuck, but see what could be lost",
}
_FIXERS = {
    FixBy.NOBODY: "nobody has to; the cause passes by itself",
    FixBy.CLAIM_OWNER: "the owner of the claim or access",
    FixBy.ADMIN: "an admin of the cluster or of the storage",
    FixBy.DRIVER_DEVELOPER: "the developer of the driver",
    FixBy.UNKNOWN: "cannot be told from the evidence",
}


def print_diagnosis(
    report: Report,
    out: Out,
    *,
    show_all: bool = False,
    only_finding: str | None = None,
    no_trunc: bool = False,
    prog: str = "cosictl",
) -> None:
    """Print a report.

    ``show_all`` prints every object of a finding, ``only_finding`` one code alone, ``no_trunc`` cuts nothing;
    commands are never cut. ``prog`` is how the user calls this program.
    """
    page = _Page(report, out, width=0 if no_trunc else out.width, prog=prog)
    page.summary()
    findings = [f for f in report.findings if only_finding is None or f.code == only_finding]
    for _, group in groupby(findings, key=lambda f: (f.outlook, f.code)):
        page.group(tuple(group), limit=None if show_all else SHOWN)
    if only_finding is not None and not findings:
        out.line()
        out.line(f"No finding {escape(only_finding)} here.")
    page.ending(findings)


class _Page:
    """The lines of one report; holds what every line needs."""

    def __init__(self, report: Report, out: Out, *, width: int, prog: str) -> None:
        self._report = report
        self._out = out
        self._width = width
        self._prog = prog
        self._objects: Mapping[Ref, Assessment] = {item.ref: item for item in report.objects}

    def summary(self) -> None:
        """Print what was looked at, and how it fares."""
        report = self._report
        kinds = Counter(item.ref.kind for item in report.objects)
        apis = sorted({item.api.value for item in report.objects}) or ["no COSI objects"]
        parts = [
            " + ".join(apis),
            *(f"sidecar policy {escape(_policy_words(choice))}" for choice in report.policies),
            ", ".join(
                (
                    _many(kinds[Kind.CLAIM], "claim"),
                    _many(kinds[Kind.BUCKET], "bucket"),
                    _many(kinds[Kind.ACCESS], "access", "accesses"),
                )
            ),
            _many(len(report.drivers), "driver"),
            f"as of {clock(report.taken_at)} ({report.basis})",
        ]
        if report.namespaces:
            parts.append("namespace " + ", ".join(escape(name) for name in report.namespaces) + " only")
        self._wrapped(" · ".join(parts))
        counts = Counter(item.outlook for item in report.objects)
        told = [f"{counts[outlook]} {outlook.value}" for outlook in _STYLES if counts[outlook]]
        self._out.line("   ".join(told) or "nothing to judge", style="bold")

    def group(self, findings: Sequence[Finding], *, limit: int | None) -> None:
        """Print the findings of one code that share an outlook, as one block."""
        first = findings[0]
        out = self._out
        out.line()
        since = min((f.since for f in findings if f.since is not None), default=None)
        many = _many_roots(findings)
        tail = f"{many}, for {age(self._report.taken_at - since)}" if since is not None else many
        title = f"{first.code}  {escape(first.title)}"
        out.line(self._cut(f"{title}   [{first.outlook.value}]   {tail}"), style=_STYLES[first.outlook])
        shown = findings if limit is None else findings[:limit]
        for finding in shown:
            self._one(finding)
        if len(shown) < len(findings):
            out.line(
                f"  … {len(findings) - len(shown)} more: {self._prog} diagnose --finding {first.code} --all",
                style="dim",
            )

    def _one(self, finding: Finding) -> None:
        item = self._objects.get(finding.root)
        self._out.line(self._cut("  " + self._headline(finding, item)))
        for fact in finding.evidence:
            said = f"“{escape(fact.text)}”" if fact.quoted else escape(fact.text)
            label = "recorded" if fact.quoted else "seen"
            when = f" {age(self._report.taken_at - fact.at)} ago" if fact.at is not None else ""
            self._labelled(label, f"{said}  ({escape(fact.source)}{when})", cut=True)
        if finding.explanation:
            self._labelled("why", escape(finding.explanation))
        self._labelled("will waiting help?", _HELPS[finding.outlook])
        if len(finding.candidates) > 1:
            named = "; ".join(
                f"{code} {escape(CATALOGUE[code].title)}" for code in finding.candidates if code in CATALOGUE
            )
            self._labelled("could be", named)
        self._labelled("who fixes", _FIXERS[finding.fix_by])
        if finding.remedy:
            self._labelled("what helps", escape(finding.remedy))
        for number, command in enumerate(finding.commands):
            self._command("do" if number == 0 else "", command)
        if finding.risk:
            self._labelled("could be lost", escape(finding.risk))

    def _headline(self, finding: Finding, item: Assessment | None) -> str:
        """The object, who waits for it, and the numbers of its retries."""
        parts = [escape(str(finding.root))]
        if finding.symptoms:
            names = ", ".join(escape(str(ref)) for ref in finding.symptoms[:3])
            more = f" and {len(finding.symptoms) - 3} more" if len(finding.symptoms) > 3 else ""
            parts.append(f"← {names}{more}")
        if item is not None:
            found = item.classification
            if found is not None and found.grpc_code is not None:
                lies = " (contradicted by the text)" if found.code_mismatch else ""
                parts.append(f"  {found.grpc_code.value}{lies}")
            if item.attempts is not None:
                parts.append(f"  ~{item.attempts} attempts" if item.attempts != 1 else "  1 attempt seen")
            if item.next_try is not None:
                parts.append(f"  next {until(item.next_try, self._report.taken_at)}")
            if item.flags:
                parts.append("  [" + ", ".join(flag.value for flag in item.flags) + "]")
        return " ".join(parts)

    def ending(self, findings: Sequence[Finding]) -> None:
        """Print what could not be read, and where to go next."""
        report, out = self._report, self._out
        out.line()
        if not findings:
            out.line(_all_well(report))
        for status in report.unread:
            scope = f" in namespace {escape(status.scope)}" if status.scope else ""
            words = escape(status.reason) or _UNREAD[status.outcome]
            self._wrapped(f"Not read: {escape(status.resource)}{scope}: {words}")
        if not report.unread:
            out.line("Not read: nothing that a verdict needed.")
        if report.skipped_files:
            out.line(f"Skipped: {_many(report.skipped_files, 'file')} that held no Kubernetes objects.")
        if findings:
            code = findings[0].code
            out.line(f"More about a code: {self._prog} explain {code}", style="dim")

    def _command(self, label: str, command: str) -> None:
        """Print a command whole: it is there to be copied."""
        self._out.line(f"    {label:<{_LABEL - 4}}{escape(command)}", style="green")

    def _labelled(self, label: str, text: str, *, cut: bool = False) -> None:
        lead = f"    {label:<{_LABEL - 4}}"
        if cut or self._width == 0 or not self._out.is_terminal:
            self._out.line(self._cut(lead + text))
            return
        self._wrapped(lead + text, indent=" " * _LABEL)

    def _wrapped(self, text: str, indent: str = "  ") -> None:
        """Print a text of our own in as many lines as it needs; a pipe gets one line."""
        if self._width == 0 or not self._out.is_terminal:
            self._out.line(text)
            return
        for line in textwrap.wrap(
            text, self._width, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False
        ):
            self._out.line(line)

    def _cut(self, line: str) -> str:
        return clip(line, self._width)


_UNREAD = {
    ReadOutcome.OK: "read",
    ReadOutcome.FORBIDDEN: "no right to list it",
    ReadOutcome.ABSENT: "the cluster does not have it",
    ReadOutcome.FAILED: "reading failed",
    ReadOutcome.NOT_IN_DUMP: "not in the files, and a verdict needed it",
}


def _policy_words(choice: PolicyChoice) -> str:
    of = f" of {choice.driver}" if choice.driver else ""
    others = [name for name in choice.candidates if name != choice.policy]
    if choice.certainty in {Certainty.IMAGE, Certainty.GIVEN} or not others:
        return f"{choice.policy}{of} ({choice.certainty.value})"
    return f"{choice.policy}{of} ({choice.certainty.value}; could be {', '.join(others)})"


def _many_roots(findings: Sequence[Finding]) -> str:
    kinds = {finding.root.kind for finding in findings}
    word = str(next(iter(kinds))) if len(kinds) == 1 else "object"
    plural = word + ("es" if word.endswith("s") else "s")
    return _many(len(findings), word, plural)


def _many(count: int, word: str, plural: str = "") -> str:
    return f"{count} {word if count == 1 else plural or word + 's'}"


def _all_well(report: Report) -> str:
    outlooks = {item.outlook for item in report.objects}
    if not report.objects:
        return "No claims, Buckets or accesses were found."
    if Outlook.UNKNOWN in outlooks:
        return "Nothing is known to be stuck, but not everything could be judged."
    return "Nothing is stuck."
