"""The results of a conformance check: a table with the reasons below it, one document, or JUnit's XML."""

from collections import Counter
from collections.abc import Sequence
from typing import Any, Final, Protocol
from xml.etree import ElementTree

from msgspec import Struct

from cosictl.render.console import Out
from cosictl.render.lines import labelled
from cosictl.render.safe import escape, wrap

_WIDTH: Final = 31
_STYLES: Final = {"passed": "green", "failed": "bold red", "skipped": "yellow", "not-run": "yellow"}


class CaseLike(Protocol):
    """A promise: its id, what it asks for and where that is said, and what breaking it looks like."""

    @property
    def id(self) -> str:
        """Its name."""

    @property
    def says(self) -> str:
        """What the specification asks for."""

    @property
    def source(self) -> str:
        """Where it does."""

    @property
    def shows(self) -> str:
        """What a driver that breaks it looks like in a cluster."""


class ResultLike(Protocol):
    """How one case ended."""

    @property
    def case(self) -> CaseLike:
        """The case."""

    @property
    def outcome(self) -> str:
        """passed, failed, skipped or not-run."""

    @property
    def detail(self) -> str:
        """The reason."""

    @property
    def seconds(self) -> float:
        """How long it took."""

    @property
    def runs(self) -> int:
        """How often it was run."""


class Report(Struct, frozen=True, kw_only=True):
    """The check of one driver in one version. ``left``: what could not be removed; ``kept``: nothing was to be."""

    driver: str
    api: str
    prefix: str
    results: Sequence[ResultLike]
    left: Sequence[str]
    kept: bool

    @property
    def failed(self) -> int:
        """How many cases failed or could not be run."""
        return sum(result.outcome in {"failed", "not-run"} for result in self.results)

    @property
    def counts(self) -> dict[str, int]:
        """How many cases ended how."""
        found = Counter(str(result.outcome) for result in self.results)
        return {name: found[name] for name in _STYLES}


def print_cases(cases: Sequence[CaseLike], out: Out) -> None:
    """Print what there is to check."""
    for case in cases:
        lead = f"{case.id:<{_WIDTH}}"
        for line in wrap(case.says, out.width, lead, " " * len(lead)):
            out.line(line)


def print_check(report: Report, out: Out) -> None:
    """Print the results of one version, with the reasons of what failed."""
    out.line(f"{escape(report.driver)} · {report.api} · prefix {report.prefix}", style="bold")
    for result in report.results:
        lead = f"  {result.outcome:<9} {result.case.id:<{_WIDTH}}"
        for line in wrap(escape(result.detail), out.width, lead, " " * len(lead)):
            out.line(line.rstrip(), style=_STYLES[str(result.outcome)])
        if result.outcome == "failed":
            _labelled(out, "asks for", f"{result.case.says} ({result.case.source})")
            _labelled(out, "in a cluster", result.case.shows)
    told = ", ".join(f"{count} {name}" for name, count in report.counts.items() if count)
    seconds = sum(result.seconds for result in report.results)
    out.line(f"{told or 'no case'} · {seconds:.1f} s", style="bold")
    if report.kept:
        out.line(f"Kept: everything with the prefix {report.prefix}; --clean-up-only {report.prefix} removes it.")
    else:
        out.line("Left behind: nothing." if not report.left else f"Left behind: {len(report.left)}, see above.")


def check_document(reports: Sequence[Report]) -> dict[str, Any]:
    """Return the results for programs; times are in seconds."""
    return {
        "passed": all(not report.failed for report in reports),
        "checks": [
            {
                "driver": report.driver,
                "apiVersion": report.api,
                "prefix": report.prefix,
                "counts": report.counts,
                "leftBehind": list(report.left),
                "kept": report.kept,
                "cases": [_case_document(result) for result in report.results],
            }
            for report in reports
        ],
    }


def case_document(case: CaseLike) -> dict[str, Any]:
    """Return a case for programs."""
    return {"id": case.id, "says": case.says, "source": case.source, "inACluster": case.shows}


def _case_document(result: ResultLike) -> dict[str, Any]:
    return {
        **case_document(result.case),
        "outcome": str(result.outcome),
        "detail": result.detail,
        "seconds": round(result.seconds, 6),
        "runs": result.runs,
    }


def junit(reports: Sequence[Report]) -> str:
    """Return the results as JUnit's XML, as CI systems read it; one test suite for each version."""
    root = ElementTree.Element("testsuites")
    for report in reports:
        counts = report.counts
        suite = ElementTree.SubElement(
            root,
            "testsuite",
            name=f"cosi {report.api} {escape(report.driver)}",
            tests=str(len(report.results)),
            failures=str(counts["failed"]),
            errors=str(counts["not-run"]),
            skipped=str(counts["skipped"]),
            time=f"{sum(result.seconds for result in report.results):.3f}",
        )
        for result in report.results:
            case = ElementTree.SubElement(
                suite, "testcase", classname=f"cosi.{report.api}", name=result.case.id, time=f"{result.seconds:.3f}"
            )
            tag = {"failed": "failure", "not-run": "error", "skipped": "skipped"}.get(str(result.outcome))
            if tag is not None:
                found = ElementTree.SubElement(case, tag, message=escape(result.detail))
                found.text = f"{result.case.says} ({result.case.source}) {result.case.shows}"
    ElementTree.indent(root)
    return ElementTree.tostring(root, encoding="unicode", xml_declaration=True) + "\n"


def _labelled(out: Out, label: str, words: str) -> None:
    labelled(out, label, words, margin=" " * 12)
