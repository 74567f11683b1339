"""JUnit's XML: in the shape that CI systems read, and nothing passes that is stuck, waits in vain or was not read."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Final
from xml.etree import ElementTree

import pytest
from hypothesis import given

from cosictl.model.copying import replace
from cosictl.model.failures import FixBy
from cosictl.model.refs import Api, Kind, Ref
from cosictl.model.report import STUCK, Assessment, Evidence, Finding, Outlook, Report
from cosictl.model.snapshot import ReadOutcome, ReadStatus
from cosictl.render.junit import junit
from tests.cli_process import V1, V2, cosictl
from tests.test_golden import CASES, diagnosed
from tests.test_render_document import FULL
from tests.test_render_hostile import REPORTS
from tests.test_render_safe import harmful

Element = ElementTree.Element

# What the schema of Apache Ant's reports asks for, which is the strictest in use (github.com/windyroad/JUnit-Schema,
# JUnit.xsd): the attributes of each element that must be there and may be there, its children in their order.
MUST: Final = {
    "testsuites": set[str](),
    "testsuite": {"package", "id", "name", "timestamp", "hostname", "tests", "failures", "errors", "time"},
    "properties": set[str](),
    "property": {"name", "value"},
    "testcase": {"name", "classname", "time"},
    "failure": {"type"},
    "error": {"type"},
    # Of any type in the schema; the schema of Jenkins knows its message (jenkinsci/xunit-plugin, junit-10.xsd).
    "skipped": set[str](),
    "system-out": set[str](),
    "system-err": set[str](),
}
MAY: Final = {"testsuite": {"skipped"}, "failure": {"message"}, "error": {"message"}, "skipped": {"message"}}
CHILDREN: Final = {
    "testsuites": r"(testsuite )*",
    "testsuite": r"properties (testcase )*system-out system-err ",
    "properties": r"(property )*",
    "testcase": r"((skipped|error|failure) )?",
}
DATE_TIME: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d")
DECIMAL: Final = re.compile(r"\d+(\.\d+)?")


def violations(text: str) -> list[str]:
    """What an XML does that the schema does not allow."""
    root = ElementTree.fromstring(text)
    found = [] if root.tag == "testsuites" else [f"the root is {root.tag}"]
    for element in root.iter():
        names = set(element.attrib)
        must, may = MUST[element.tag], MAY.get(element.tag, set())
        found += [f"{element.tag} has {name}" for name in names - must - may]
        found += [f"{element.tag} has no {name}" for name in must - names]
        tags = "".join(f"{child.tag} " for child in element)
        if not re.fullmatch(CHILDREN.get(element.tag, ""), tags):
            found.append(f"{element.tag} holds {tags}")
    for number, suite in enumerate(root):
        found += suite_violations(suite, number)
    return found


def suite_violations(suite: Element, number: int) -> list[str]:
    found = [] if suite.get("id") == str(number) else [f"suite {number} has id {suite.get('id')}"]
    found += [] if DATE_TIME.fullmatch(suite.get("timestamp", "")) else ["no date and time without a zone"]
    found += [f"{name} is empty" for name in ("name", "hostname") if not suite.get(name)]
    times = [suite.get("time", ""), *(case.get("time", "") for case in suite.iter("testcase"))]
    found += ["no decimal time" for time in times if not DECIMAL.fullmatch(time)]
    found += ["an empty property name" for entry in suite.iter("property") if not entry.get("name")]
    counts = {"tests": "testcase", "failures": "failure", "errors": "error", "skipped": "skipped"}
    for name, tag in counts.items():
        if suite.get(name) != str(len(list(suite.iter(tag)))):
            found.append(f"{name} is {suite.get(name)}")
    return found


@pytest.mark.parametrize(
    ("spoil", "violation"),
    [
        (lambda text: text.replace(' type="COSI104"', ""), "failure has no type"),
        (lambda text: text.replace('hostname="localhost"', 'hostname=""'), "hostname is empty"),
        (lambda text: text.replace("12:00:00", "12:00:00Z"), "no date and time without a zone"),
        (lambda text: text.replace('failures="1"', 'failures="0"'), "failures is 0"),
        (lambda text: text.replace("<system-err />", ""), "testsuite holds "),
        (
            lambda text: text.replace('<testcase classname="Bucket"', '<testcase file="x" classname="Bucket"'),
            "has file",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_the_rules_see_what_breaks_them(spoil: Callable[[str], str], violation: str) -> None:
    text = junit(FULL)
    assert violations(text) == []
    assert any(violation in one for one in violations(spoil(text)))


@pytest.mark.parametrize("case", CASES)
def test_the_xml_of_every_case_obeys_the_schema_and_fails_what_is_stuck(case: str) -> None:
    report = diagnosed(case)
    text = junit(report)
    assert violations(text) == []
    failed = {key for key, tag in tags_of(text).items() if tag == "failure"}
    stuck = {item.ref for item in report.objects if item.outlook in STUCK} | report.stuck_pods.keys()
    assert failed == {name_of(ref) for ref in stuck}


@given(REPORTS)
def test_no_text_breaks_the_xml(report: Report) -> None:
    text = junit(report)
    assert violations(text) == []
    assert harmful(text, but="\n") == []


def name_of(ref: Ref) -> tuple[str, str]:
    """Where the case of an object stands: its class and its name."""
    return (f"{ref.kind}/{ref.namespace}" if ref.namespace else str(ref.kind)), ref.name


def tags_of(text: str) -> dict[tuple[str, str], str]:
    """How every case ended, "" where it passed."""
    cases = ElementTree.fromstring(text).iter("testcase")
    return {(case.get("classname", ""), case.get("name", "")): case[0].tag if len(case) else "" for case in cases}


def only_case(report: Report, ref: Ref) -> Element:
    """The case of one object."""
    cases = ElementTree.fromstring(junit(report)).iter("testcase")
    return next(case for case in cases if (case.get("classname"), case.get("name")) == name_of(ref))


def test_a_failure_tells_finding_cause_and_commands() -> None:
    failure = only_case(FULL, Ref(Kind.BUCKET, "", "b"))[0]
    assert failure.attrib == {"type": "COSI104", "message": "COSI104 t · looping"}
    told = failure.text or ""
    for words in ("no such pool", "config: ", "about 7 so far", "kubectl get x", "an admin of the cluster"):
        assert words in told, words


CLAIM: Final = Ref(Kind.CLAIM, "team-a", "c")
ROOT: Final = Ref(Kind.BUCKET, "", "b")


def fares(outlook: Outlook, *, root: Outlook | None = None) -> str:
    """How the case of a claim ends that has an outlook; it waits for a Bucket of the outlook ``root``."""
    items = [Assessment(ref=CLAIM, uid="u", api=Api.V1ALPHA1, outlook=outlook, basis=())]
    findings: tuple[Finding, ...] = ()
    if root is not None:
        items.append(Assessment(ref=ROOT, uid="v", api=Api.V1ALPHA1, outlook=root, basis=()))
        findings = (Finding(code="COSI104", title="t", root=ROOT, outlook=root, fix_by=FixBy.ADMIN, symptoms=(CLAIM,)),)
    report = replace(FULL, objects=tuple(items), findings=findings)
    return tags_of(junit(report))[name_of(CLAIM)]


def test_it_is_the_same_in_every_locale() -> None:
    latin = cosictl("report", "-f", V1, "-o", "junit", env={"PYTHONIOENCODING": "latin-1"}).stdout
    assert latin == cosictl("report", "-f", V1, "-o", "junit").stdout
    assert " · looping" in next(ElementTree.fromstring(latin).iter("failure")).attrib["message"]


def test_what_is_stuck_fails_and_what_goes_on_by_itself_passes() -> None:
    ends = {outlook: fares(outlook) for outlook in Outlook}
    passes = dict.fromkeys((Outlook.READY, Outlook.RETRYING, Outlook.WAITING), "")
    assert ends == {**passes, **dict.fromkeys(STUCK, "failure"), Outlook.UNKNOWN: "skipped"}


def test_what_waits_for_something_stuck_or_unknown_does_not_pass() -> None:
    ends = {root: fares(Outlook.WAITING, root=root) for root in Outlook}
    going_on = dict.fromkeys((Outlook.READY, Outlook.RETRYING, Outlook.WAITING), "")
    assert ends == {**going_on, **dict.fromkeys((*STUCK, Outlook.UNKNOWN), "skipped")}


def test_what_could_not_be_read_is_an_error_with_the_words_of_the_server() -> None:
    lost = ReadStatus(resource="events", scope="team-a", outcome=ReadOutcome.FORBIDDEN, reason="events is forbidden")
    cases = ElementTree.fromstring(junit(replace(FULL, unread=(lost,)))).iter("testcase")
    error = next(case[0] for case in cases if case.get("name") == "events")
    assert (error.tag, error.get("type")) == ("error", "forbidden")
    assert error.get("message") == "could not be read: events is forbidden"


def test_with_everything_read_reading_passes() -> None:
    assert tags_of(junit(replace(FULL, unread=())))["Reading", "everything that a verdict needed"] == ""


def test_what_could_not_be_decoded_is_an_error() -> None:
    lost = Finding(
        code="COSI903",
        title="Object could not be decoded",
        root=Ref("BucketClaim", "team-a", "broken"),
        outlook=Outlook.UNKNOWN,
        fix_by=FixBy.UNKNOWN,
        evidence=(Evidence(text="metadata is a number", source="file"),),
    )
    case = only_case(replace(FULL, findings=(lost,)), lost.root)
    assert case[0].tag == "error"
    assert "metadata is a number" in (case[0].text or "")


@pytest.mark.parametrize("recording", [V1, V2], ids=["v1alpha1", "v1alpha2"])
def test_the_program_writes_it(recording: str, tmp_path: Path) -> None:
    done = cosictl("report", "-f", recording, "-o", "junit")
    assert (done.returncode, done.stderr) == (0, "")
    assert violations(done.stdout) == []
    assert "failure" in tags_of(done.stdout).values()
    file = tmp_path / "cosi.xml"
    cosictl("report", "-f", recording, "-o", "junit", "--output-file", str(file))
    assert file.read_text() == done.stdout
