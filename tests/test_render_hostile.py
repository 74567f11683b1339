"""Whatever a report, a row or a page holds, it is printed, harmless, and no wider than the screen."""

import io
import json
import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from cosictl.knowledge.catalogue import CATALOGUE
from cosictl.knowledge.lookup import Page, all_terms, lookup
from cosictl.model.copying import replace
from cosictl.model.failures import Carrier, Cause, Classification, Failure, FixBy, GrpcCode
from cosictl.model.refs import Api, Ref
from cosictl.model.report import Assessment, Certainty, Evidence, Finding, Flag, Outlook, PolicyChoice, Report
from cosictl.model.snapshot import ReadOutcome, ReadStatus, TimeBasis
from cosictl.render.console import Out, make_out
from cosictl.render.diagnosis_text import print_diagnosis
from cosictl.render.document import diagnosis_document
from cosictl.render.machine import dump_json, dump_yaml
from cosictl.render.pages.text import print_page
from cosictl.render.safe import escape
from cosictl.render.tables import EventRow, ObjectTable, print_classifications, print_events, print_rows
from tests.test_render_document import VALIDATOR
from tests.test_render_safe import TEXT, WIDTHS, harmful, written

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
TIMES = st.none() | st.datetimes(timezones=st.just(UTC))


def some(of: st.SearchStrategy[Any], most: int = 2) -> st.SearchStrategy[tuple[Any, ...]]:
    return st.lists(of, max_size=most).map(tuple)


REFS = st.builds(Ref, st.sampled_from(["Bucket", "BucketClaim", "BucketAccess"]), TEXT, TEXT)
CODES = st.sampled_from(sorted(CATALOGUE))
FOUND = st.builds(
    Classification,
    retryable=st.sampled_from([True, False, None]),
    cause=st.sampled_from(Cause),
    fix_by=st.sampled_from(FixBy),
    rule=st.just("some-rule"),
    grpc_code=st.none() | st.sampled_from(GrpcCode),
    backend_code=st.none() | TEXT,
    code_mismatch=st.booleans(),
)
ITEMS = st.builds(
    Assessment,
    ref=REFS,
    uid=TEXT,
    api=st.sampled_from(Api),
    outlook=st.sampled_from(Outlook),
    basis=some(TEXT),
    flags=some(st.sampled_from(Flag)),
    failure=st.none() | st.builds(Failure, carrier=st.sampled_from(Carrier), text=TEXT),
    classification=st.none() | FOUND,
    since=TIMES,
    attempts=st.none() | st.integers(0, 10**6),
    next_try=TIMES,
    waits_on=st.none() | REFS,
    policy=TEXT,
    driver=TEXT,
)
FINDINGS = st.builds(
    Finding,
    code=CODES,
    title=TEXT,
    root=REFS,
    outlook=st.sampled_from(Outlook),
    fix_by=st.sampled_from(FixBy),
    symptoms=some(REFS, 5),
    evidence=some(st.builds(Evidence, text=TEXT, source=TEXT, at=TIMES, quoted=st.booleans())),
    explanation=TEXT,
    remedy=TEXT,
    commands=some(TEXT),
    risk=TEXT,
    candidates=some(CODES),
    since=TIMES,
)
CHOICES = st.builds(
    PolicyChoice,
    api=st.sampled_from(Api),
    policy=TEXT,
    driver=TEXT,
    certainty=st.sampled_from(Certainty),
    why=TEXT,
    candidates=some(TEXT),
)
UNREAD = st.builds(ReadStatus, resource=TEXT, outcome=st.sampled_from(ReadOutcome), scope=TEXT, reason=TEXT)


@st.composite
def any_report(draw: st.DrawFn) -> Report:
    """Any report; its findings come in groups, and most are about an object of the report."""
    items = draw(some(ITEMS, 3))
    roots = st.sampled_from([item.ref for item in items]) if items else REFS
    return Report(
        taken_at=draw(st.datetimes(timezones=st.just(UTC))),
        basis=draw(st.sampled_from(TimeBasis)).value,
        source=draw(TEXT),
        policies=draw(some(CHOICES)),
        objects=items,
        findings=tuple(
            replace(finding, root=root)
            for finding in draw(some(FINDINGS))
            for root in draw(st.lists(roots | REFS, min_size=1, max_size=5))
        ),
        unread=draw(some(UNREAD)),
        drivers=draw(some(TEXT)),
        namespaces=draw(some(TEXT)),
        skipped_files=draw(st.integers(0, 3)),
    )


REPORTS = any_report()
# What stands before the words of a line, and is never parted from the first of them.
LEAD = re.compile(
    r" *(?:COSI\d{3}|why|waiting helps\?|or it could be|who fixes|what helps|beware|means|tries)? *", re.ASCII
)
# Sentences of our own that are printed as they are: see test_our_own_sentences_are_wrapped.
AS_THEY_ARE = re.compile(
    r"(\d+ (ready|waiting|retrying|looping|parked|stalled|unknown)( {3}|$))+|No finding COSI|No claims, |Nothing is "
    r"|Not read: nothing that |Skipped: "
)
# These end with a command to copy.
POINTERS = ("  … ", "More about a code: ", "Which rights you lack, and for what: ")


def printed(write: Callable[[Out], None], width: int | None) -> list[str]:
    stream = io.StringIO()
    write(make_out(stream, color="never", width=width))
    assert harmful(stream.getvalue(), but="\n") == []
    return stream.getvalue().split("\n")[:-1]


def overruns(line: str, width: int) -> bool:
    """Tell whether a line is wider than the screen although it has a blank to break it at."""
    return cell_len(line) > width and len(LEAD.sub("", line, count=1).split()) > 1


@given(
    report=REPORTS,
    width=st.none() | WIDTHS,
    show_all=st.booleans(),
    no_trunc=st.booleans(),
    only_finding=st.none() | CODES,
)
def test_no_report_breaks_the_screen(*, report: Report, width: int | None, no_trunc: bool, **options: Any) -> None:
    lines = printed(lambda out: print_diagnosis(report, out, no_trunc=no_trunc, **options), width)
    commands = {f"      {escape(command)}" for finding in report.findings for command in finding.commands}
    if options["show_all"] and options["only_finding"] is None:
        assert commands <= set(lines)
    if width is not None and not no_trunc:
        wide = [line for line in lines if overruns(line, width) and line not in commands]
        assert [line for line in wide if not line.startswith(POINTERS) and not AS_THEY_ARE.match(line)] == []


@given(
    items=some(ITEMS, 3),
    width=st.none() | WIDTHS,
    wide=st.booleans(),
    show_kind=st.booleans(),
    show_namespace=st.booleans(),
    no_trunc=st.booleans(),
)
def test_no_table_breaks_the_screen(*, items: Any, width: int | None, no_trunc: bool, **options: bool) -> None:
    lines = printed(lambda out: ObjectTable(out, no_trunc=no_trunc, **options).print(items, now=NOW), width)
    assert len(lines) == 1 + len(items)
    if width is not None and not no_trunc:
        assert max(map(cell_len, lines)) <= width


@given(some(TEXT, 4))
def test_a_column_begins_in_one_cell_however_wide_the_characters_before_it(names: tuple[str, ...]) -> None:
    lines = printed(lambda out: print_rows(["NAME", "END"], [(name, "END") for name in names], out), None)
    assert len({cell_len(line) for line in lines}) == 1


@given(about=REFS, words=TEXT, at=TIMES, width=WIDTHS)
def test_no_event_breaks_the_screen(about: Ref, words: str, at: datetime | None, width: int) -> None:
    row = EventRow(at=at, about=about, count=3, component=words, reason=words, text=words)
    lines = printed(lambda out: print_events([row], out, now=NOW), width)
    assert len(lines) >= 2
    assert max(map(cell_len, lines)) <= width


@given(some(st.tuples(FOUND, TEXT), 3), WIDTHS)
def test_no_classification_breaks_the_screen(rows: Any, width: int) -> None:
    lines = printed(lambda out: print_classifications(rows, out, no_headers=True), width)
    assert len(lines) >= len(rows)
    assert all(cell_len(line) <= width for line in lines)


def page_overruns(page: Page, width: int) -> list[str]:
    """The lines of a printed page that are too wide: not titles and headings, nor what is there to be copied."""
    own = {escape(page.title), *(escape(heading) for heading, _ in page.sections)}
    raw = {"  " + escape(line) for _, text in page.sections for line in text.splitlines() if line.startswith(RAW)}
    lines = printed(lambda out: print_page(page, out), width)
    return [line for line in lines if overruns(line, width) and line not in own | raw]


RAW = (" ", "$", "kubectl ", "cosictl ", "|", "# ")


@given(st.builds(Page, title=TEXT, sections=some(st.tuples(TEXT, TEXT))), WIDTHS)
def test_no_page_breaks_the_screen(page: Page, width: int) -> None:
    assert page_overruns(page, width) == []


@pytest.mark.parametrize("width", [20, 80, 200])
def test_no_page_that_we_have_breaks_the_screen(width: int) -> None:
    pages = [page for page in map(lookup, all_terms()) if page is not None]
    assert len(pages) > 100
    assert [line for page in pages for line in page_overruns(page, width)] == []


@given(REPORTS)
def test_any_document_obeys_the_schema_and_reads_back_the_same(report: Report) -> None:
    document = diagnosis_document(report)
    VALIDATOR.validate(document)
    assert json.loads(written(dump_json, document)) == document
    assert yaml.safe_load(written(dump_yaml, document)) == document
