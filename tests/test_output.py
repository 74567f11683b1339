"""Output as a whole: documents obey the published schema, and no text of a cluster breaks a screen or a parser."""

import io
import json
import re
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator, FormatChecker
from rich.cells import cell_len

from cosictl.knowledge.catalogue import CATALOGUE
from cosictl.model.failures import Carrier, Cause, Classification, Failure, FixBy, GrpcCode
from cosictl.model.refs import Api, Kind, Ref
from cosictl.model.report import Assessment, Evidence, Finding, Flag, Outlook, Report
from cosictl.model.snapshot import ReadOutcome, ReadStatus, TimeBasis
from cosictl.render.console import Out, make_out
from cosictl.render.diagnosis_text import print_diagnosis
from cosictl.render.document import diagnosis_document
from cosictl.render.machine import dump_json, dump_yaml
from cosictl.render.tables import EventRow, ObjectTable, print_classifications, print_events
from tests.test_golden import CASES, diagnosed

SCHEMA = Path(__file__).parents[1] / "cosictl" / "schema" / "diagnosis.schema.json"
CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ud800-\udfff]")
NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)


@cache
def validator() -> Draft202012Validator:
    schema = json.loads(SCHEMA.read_text())
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema, format_checker=FormatChecker())


@pytest.mark.parametrize("case", CASES)
def test_a_diagnosis_obeys_the_schema(case: str) -> None:
    stream = io.StringIO()
    dump_json(diagnosis_document(diagnosed(case)), stream)
    validator().validate(json.loads(stream.getvalue()))


def sample() -> Any:
    return json.loads(json.dumps(diagnosis_document(diagnosed("c04-final-error"))))


PLANTED = {
    "a missing field": lambda doc: doc.pop("takenAt"),
    "an unknown field": lambda doc: doc.update(extra=1),
    "an unknown outlook": lambda doc: doc["objects"][0].update(outlook="sad"),
    "a wrong type": lambda doc: doc["objects"][0].update(attempts="many"),
    "another version": lambda doc: doc.update(apiVersion="cosictl.dev/v2"),
    "an unknown cause": lambda doc: doc["objects"][0]["classification"].update(cause="moon"),
    "a finding without a root": lambda doc: doc["findings"][0].pop("root"),
    "a code that is none": lambda doc: doc["findings"][0].update(code="C04"),
}


@pytest.mark.parametrize("plant", PLANTED.values(), ids=PLANTED)
def test_the_schema_bites(plant: Any) -> None:
    document = sample()
    validator().validate(document)
    plant(document)
    assert not validator().is_valid(document)


def test_the_document_has_the_fields_that_were_promised() -> None:
    document = sample()
    top = {"apiVersion", "kind", "takenAt", "source", "policy", "summary", "objects", "findings", "unread"}
    of_object = {"kind", "namespace", "name", "uid", "outlook", "flags", "classification", "since", "attempts"}
    of_finding = {"code", "title", "root", "symptoms", "evidence", "outlook", "fixBy", "commands", "risk"}
    assert top <= document.keys()
    assert of_object | {"nextTry"} <= document["objects"][0].keys()
    assert of_finding <= document["findings"][0].keys()


# Text as an attacker would write it, and as the world does.
NASTY = st.sampled_from(
    [
        "\x1b[31m",
        "\x9b2J",
        "\u202e",
        "\u200b",
        "\ud800",
        "[bold red]",
        "\n",
        "\t",
        "😀",
        "漢字",
        "x" * 300,
        "\x00",
        "\\",
    ]
)
TEXT = st.lists(st.one_of(NASTY, st.text(max_size=12)), max_size=5).map("".join)
NAMES = TEXT.map(lambda text: text or "x")
REFS = st.builds(Ref, st.sampled_from([*Kind, "Pod"]), TEXT, NAMES)
TIMES = st.one_of(st.none(), st.integers(1_500_000_000, 2_000_000_000).map(lambda s: datetime.fromtimestamp(s, UTC)))
FOUND = st.builds(
    Classification,
    retryable=st.sampled_from([True, False, None]),
    cause=st.sampled_from(Cause),
    fix_by=st.sampled_from(FixBy),
    rule=st.just("some-rule"),
    grpc_code=st.one_of(st.none(), st.sampled_from(GrpcCode)),
    backend_code=st.one_of(st.none(), TEXT),
    code_mismatch=st.booleans(),
)
FAILURES = st.builds(Failure, carrier=st.sampled_from(Carrier), text=TEXT, component=TEXT, reason=TEXT)
ITEMS = st.builds(
    Assessment,
    ref=REFS,
    uid=TEXT,
    api=st.sampled_from(Api),
    outlook=st.sampled_from(Outlook),
    basis=st.tuples(TEXT),
    flags=st.lists(st.sampled_from(Flag), max_size=2, unique=True).map(tuple),
    failure=st.one_of(st.none(), FAILURES),
    classification=st.one_of(st.none(), FOUND),
    since=TIMES,
    attempts=st.one_of(st.none(), st.integers(0, 10**6)),
    next_try=TIMES,
    policy=TEXT,
    driver=TEXT,
)
FINDINGS = st.builds(
    Finding,
    code=st.sampled_from(sorted(CATALOGUE)),
    title=TEXT,
    root=REFS,
    outlook=st.sampled_from(Outlook),
    fix_by=st.sampled_from(FixBy),
    symptoms=st.lists(REFS, max_size=4).map(tuple),
    evidence=st.lists(st.builds(Evidence, text=TEXT, source=TEXT, at=TIMES, quoted=st.booleans()), max_size=2).map(
        tuple
    ),
    explanation=TEXT,
    remedy=TEXT,
    commands=st.lists(TEXT, max_size=2).map(tuple),
    risk=TEXT,
    candidates=st.lists(st.sampled_from(sorted(CATALOGUE)), max_size=2).map(tuple),
    since=TIMES,
)
REPORTS = st.builds(
    Report,
    taken_at=st.just(NOW),
    basis=st.just(TimeBasis.DUMP.value),
    source=TEXT,
    policies=st.just(()),
    objects=st.lists(ITEMS, max_size=3).map(tuple),
    findings=st.lists(FINDINGS, max_size=3).map(tuple),
    unread=st.lists(
        st.builds(ReadStatus, resource=TEXT, outcome=st.sampled_from(ReadOutcome), scope=TEXT, reason=TEXT), max_size=2
    ).map(tuple),
    drivers=st.lists(TEXT, max_size=2).map(tuple),
    namespaces=st.lists(TEXT, max_size=2).map(tuple),
)
WIDTHS = st.one_of(st.none(), st.integers(20, 200))


def printed(write: Any, width: int | None) -> str:
    stream = io.StringIO()
    out: Out = make_out(stream, color="never", width=width)
    write(out)
    text = stream.getvalue()
    assert not CONTROL.search(text)
    return text


@given(REPORTS, WIDTHS, st.booleans(), st.booleans())
def test_no_report_breaks_the_screen(report: Report, width: int | None, every: Any, whole: Any) -> None:
    text = printed(lambda out: print_diagnosis(report, out, show_all=every, no_trunc=whole), width)
    if width is None or whole:
        return
    for line in text.splitlines():
        # Only a word that cannot be broken, or a command that is there to be copied, may be wider.
        assert (
            cell_len(line) <= width
            or " " not in line.strip()
            or max(map(cell_len, line.split())) > width - 24
            or (any(command.strip() and command.strip()[:5] in line for f in report.findings for command in f.commands))
        )


@given(st.lists(ITEMS, max_size=3), WIDTHS, st.booleans())
def test_no_table_breaks_the_screen(items: list[Assessment], width: int | None, wide: Any) -> None:
    text = printed(lambda out: ObjectTable(out, wide=wide, show_namespace=True).print(items, now=NOW), width)
    assert len(text.splitlines()) == 1 + len(items)
    assert width is None or all(cell_len(line) <= width for line in text.splitlines())


@given(st.lists(st.tuples(FOUND, TEXT), max_size=3), WIDTHS)
def test_no_classification_breaks_the_screen(rows: list[tuple[Classification, str]], width: int | None) -> None:
    lines = printed(lambda out: print_classifications(rows, out), width).splitlines()
    assert len(lines) == 1 + len(rows) if width is None or width >= 167 else len(lines) >= 2 * len(rows)
    assert width is None or all(cell_len(line) <= width for line in lines)


@given(REFS, TEXT, TIMES, WIDTHS)
def test_no_event_breaks_the_screen(about: Ref, words: str, at: datetime | None, width: int | None) -> None:
    row = EventRow(at=at, about=about, count=3, component=words, reason=words, text=words)
    lines = printed(lambda out: print_events([row], out, now=NOW), width).splitlines()
    assert len(lines) == 2 if width is None else len(lines) >= 2
    assert width is None or all(cell_len(line) <= width for line in lines)


@given(REPORTS)
def test_any_document_parses_and_says_the_same_in_json_and_yaml(report: Report) -> None:
    document = diagnosis_document(report)
    as_json, as_yaml = io.StringIO(), io.StringIO()
    dump_json(document, as_json)
    dump_yaml(document, as_yaml)
    assert not CONTROL.search(as_json.getvalue())
    assert not CONTROL.search(as_yaml.getvalue())
    assert json.loads(as_json.getvalue()) == json.loads(json.dumps(document))
    if not re.search("[\ud800-\udfff]", json.dumps(document, ensure_ascii=False)):
        assert yaml.safe_load(as_yaml.getvalue()) == json.loads(as_json.getvalue())
