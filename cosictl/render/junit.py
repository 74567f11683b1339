"""A diagnosis as JUnit's XML, as CI systems read it: one test case for each object, which fails where it is stuck.

In: a report. Out: the XML, in the shape of the Ant JUnit schema. What waits for something stuck, and what the evidence
cannot tell, is skipped and not passed; what could not be read is an error, so that a pipeline notices.
"""

from collections.abc import Iterator, Sequence
from datetime import UTC
from typing import Final, TextIO
from xml.etree import ElementTree

from msgspec import Struct

from cosictl.knowledge.catalogue import CATALOGUE
from cosictl.model.account import Account
from cosictl.model.refs import Kind, Ref
from cosictl.model.report import STUCK, Assessment, Finding, Outlook, Report
from cosictl.model.snapshot import ReadStatus
from cosictl.render.finding_text import own_lines, ref_words
from cosictl.render.safe import escape
from cosictl.render.words import UNREAD

_KINDS: Final = (Kind.BUCKET, Kind.CLAIM, Kind.ACCESS)
# What is no bucket, claim or access: Pods, drivers, namespaces, and what could not be decoded.
_OTHERS: Final = "Others"
_READING: Final = "Reading"
# An object or a file that could not be decoded.
_UNDECODED: Final = "COSI903"
# What waits on such an object has not passed.
_HELD_UP: Final = STUCK | {Outlook.UNKNOWN}
_LABEL: Final = 16


class _Case(Struct, frozen=True, kw_only=True):
    """One test case; ``tag`` is failure, error, skipped, or nothing where it passed."""

    group: str
    name: str
    tag: str = ""
    type: str = ""
    message: str = ""
    text: str = ""


def write_junit(told: Account, stream: TextIO) -> None:
    """Write a report as XML."""
    stream.write(junit(told.report))


def junit(report: Report) -> str:
    """Return the report as XML: a suite for each kind, one for everything else, and one for how reading went."""
    root = ElementTree.Element("testsuites")
    teller = _Teller(report)
    suites = [(kind.value, list(teller.objects(kind))) for kind in _KINDS]
    suites += [(_OTHERS, list(teller.others())), (_READING, _reading(report.unread))]
    for number, (name, cases) in enumerate((name, cases) for name, cases in suites if cases):
        _suite(root, report, number, name, cases)
    ElementTree.indent(root)
    text = ElementTree.tostring(root, encoding="unicode", xml_declaration=True) + "\n"
    # UTF-8 whatever the output is: what is not ASCII is a reference.
    return text.encode("ascii", "xmlcharrefreplace").decode("ascii")


class _Teller:
    """The cases of one report; holds what every case needs."""

    def __init__(self, report: Report) -> None:
        self._report = report
        self._objects = {item.ref: item for item in report.objects}
        self._causes = report.causes
        self._about: dict[Ref, list[Finding]] = {}
        for finding in report.findings:
            self._about.setdefault(finding.root, []).append(finding)

    def objects(self, kind: Kind) -> Iterator[_Case]:
        """Yield the case of every object of a kind."""
        for item in self._report.objects:
            if item.ref.kind == kind:
                yield self._object(item)

    def others(self) -> Iterator[_Case]:
        """Yield the case of everything else that findings are about."""
        for ref, findings in self._about.items():
            if ref not in self._objects:
                yield self._other(ref, findings)

    def _object(self, item: Assessment) -> _Case:
        ref, cause = item.ref, self._causes.get(item.ref)
        if item.outlook in STUCK:
            told = f"{cause.code} {cause.title}" if cause is not None else item.outlook.value
            return self._case(ref, "failure", cause, f"{told} · {item.outlook}")
        if item.outlook is Outlook.UNKNOWN:
            told = cause.title if cause is not None else "the evidence cannot tell"
            return self._case(ref, "skipped", cause, f"unknown: {told}")
        if item.outlook is Outlook.WAITING and cause is not None and cause.root != ref and cause.outlook in _HELD_UP:
            words = f"waiting on {ref_words(cause.root)}, which is {cause.outlook}: {cause.code} {cause.title}"
            return self._case(ref, "skipped", None, words)
        return self._case(ref)

    def _other(self, ref: Ref, findings: Sequence[Finding]) -> _Case:
        first = findings[0]
        told = f"{first.code} {first.title}"
        if first.code == _UNDECODED:
            return self._case(ref, "error", first, told)
        if ref in self._report.stuck_pods:
            return self._case(ref, "failure", first, f"{told} · {first.outlook}")
        if first.outlook is Outlook.UNKNOWN:
            return self._case(ref, "skipped", first, f"unknown: {told}")
        return self._case(ref)

    def _case(self, ref: Ref, tag: str = "", cause: Finding | None = None, message: str = "") -> _Case:
        text = "\n\n".join(self._block(one) for one in self._about.get(ref, ())) if cause is not None else ""
        return _Case(
            group=f"{ref.kind}/{ref.namespace}" if ref.namespace else ref.kind,
            name=ref.name,
            tag=tag,
            type=cause.code if cause is not None else "stuck",
            message=message,
            text=text,
        )

    def _block(self, finding: Finding) -> str:
        """Everything to be said about one finding: evidence, cause, what helps, and what to type."""
        lines = own_lines(finding, self._objects.get(finding.root), self._report, ())
        told = (f"{line.label:<{_LABEL}}{line.text}" for line in lines)
        return "\n".join((f"{finding.code}  {escape(finding.title)}", *told))


def _reading(unread: Sequence[ReadStatus]) -> list[_Case]:
    """Return a case for everything that was not read; one that passes where that is nothing."""
    if not unread:
        return [_Case(group=_READING, name="everything that a verdict needed")]
    return [
        _Case(
            group=f"{_READING}/{one.scope}" if one.scope else _READING,
            name=one.resource,
            tag="error",
            type=one.outcome.value,
            message=f"could not be read: {one.reason or UNREAD[one.outcome]}",
            text=CATALOGUE["COSI901"].risk,
        )
        for one in unread
    ]


def _suite(root: ElementTree.Element, report: Report, number: int, name: str, cases: Sequence[_Case]) -> None:
    tags = [case.tag for case in cases]
    suite = ElementTree.SubElement(
        root,
        "testsuite",
        id=str(number),
        package="cosictl",
        name=name,
        # The schema wants the moment in UTC, without saying so.
        timestamp=report.taken_at.astimezone(UTC).replace(microsecond=0, tzinfo=None).isoformat(),
        hostname="localhost",
        tests=str(len(cases)),
        failures=str(tags.count("failure")),
        errors=str(tags.count("error")),
        skipped=str(tags.count("skipped")),
        time="0",
    )
    properties = ElementTree.SubElement(suite, "properties")
    facts = {"source": report.source, "takenAtBasis": report.basis, "namespaces": ", ".join(report.namespaces)}
    for key, value in facts.items():
        ElementTree.SubElement(properties, "property", name=key, value=escape(value))
    for case in cases:
        _testcase(suite, case)
    for stream in ("system-out", "system-err"):
        ElementTree.SubElement(suite, stream)


def _testcase(suite: ElementTree.Element, case: _Case) -> None:
    made = ElementTree.SubElement(
        suite, "testcase", classname=escape(case.group), name=escape(case.name) or "(no name)", time="0"
    )
    if not case.tag:
        return
    found = ElementTree.SubElement(made, case.tag, message=escape(case.message))
    if case.tag != "skipped":
        found.set("type", escape(case.type))
    found.text = case.text or None
