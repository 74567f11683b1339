"""What frames a diagnosis: what was looked at, what was not read, that nothing is stuck; and rows, headings, pages."""

import io
from datetime import timedelta
from typing import Any

import pytest
from rich.cells import cell_len

from cosictl.diagnosis.classify import classify
from cosictl.knowledge.lookup import Page, lookup
from cosictl.model.failures import Cause, Classification, FixBy, GrpcCode
from cosictl.model.refs import Api, Kind, Ref
from cosictl.model.report import Certainty, Outlook, PolicyChoice
from cosictl.model.snapshot import ReadOutcome, ReadStatus
from cosictl.render.console import make_out
from cosictl.render.pages.text import print_page
from cosictl.render.tables import ObjectTable, print_classifications
from tests.test_render_text import NOW, assessment, bucket, finding, report, shown

CLAIM = Ref(Kind.CLAIM, "team-a", "c")
ALL_READ = "Not read: nothing that a verdict needed."


def test_the_summary_counts_kinds_and_outlooks_worst_first() -> None:
    items = [assessment(ref=CLAIM, outlook=outlook, api=Api.V1ALPHA2) for outlook in reversed(Outlook)]
    lines = shown(report(objects=(*items, assessment()), drivers=("d", "e")))
    assert lines[:2] == [
        "v1alpha1 + v1alpha2 · 7 claims, 1 bucket, 0 accesses · 2 drivers · as of 12:00:00Z (the dump's own time)",
        "2 looping   1 parked   1 stalled   1 unknown   1 retrying   1 waiting   1 ready",
    ]


@pytest.mark.parametrize(
    ("certainty", "candidates", "words"),
    [
        (Certainty.NARROWED, ("p", "q"), "p (narrowed from objects; could be q)"),
        (Certainty.NARROWED, ("p",), "p (narrowed from objects)"),
        (Certainty.IMAGE, ("p", "q"), "p (from image)"),
        (Certainty.GIVEN, ("p", "q"), "p (assumed on request)"),
        (Certainty.DEFAULT, ("p", "q"), "p (assumed; could be q)"),
    ],
)
def test_the_summary_says_how_sure_the_policy_is(certainty: Certainty, candidates: tuple[str, ...], words: str) -> None:
    choice = PolicyChoice(api=Api.V1ALPHA1, policy="p", driver="", certainty=certainty, why="w", candidates=candidates)
    assert f" · sidecar policy {words} · " in shown(report(policies=(choice,)))[0]


@pytest.mark.parametrize(
    ("outlooks", "words"),
    [
        ((), "No claims, Buckets or accesses were found."),
        ((Outlook.READY, Outlook.RETRYING), "Nothing is stuck."),
        ((Outlook.READY, Outlook.UNKNOWN), "Nothing is known to be stuck, but not everything could be judged."),
    ],
)
def test_a_diagnosis_without_findings_says_how_well_all_is(outlooks: tuple[Outlook, ...], words: str) -> None:
    lines = shown(report(objects=tuple(assessment(outlook=outlook) for outlook in outlooks)))
    assert lines[2:] == ["", words, ALL_READ]


@pytest.mark.parametrize("outlook", [Outlook.LOOPING, Outlook.PARKED, Outlook.STALLED])
def test_a_stuck_object_is_never_said_to_be_well(outlook: Outlook) -> None:
    assert "Nothing is stuck." not in shown(report(objects=(assessment(outlook=outlook),)))


@pytest.mark.parametrize(
    ("status", "line"),
    [
        (ReadStatus(resource="pods", outcome=ReadOutcome.FORBIDDEN), "Not read: pods: no right to list it"),
        (ReadStatus(resource="leases", outcome=ReadOutcome.ABSENT), "Not read: leases: the cluster does not have it"),
        (ReadStatus(resource="events", outcome=ReadOutcome.FAILED), "Not read: events: reading failed"),
        (
            ReadStatus(resource="buckets", outcome=ReadOutcome.NOT_IN_DUMP),
            "Not read: buckets: not in the files, and a verdict needed it",
        ),
        (
            ReadStatus(resource="events", outcome=ReadOutcome.FAILED, scope="team-a", reason="etcd\nis gone"),
            "Not read: events in namespace team-a: etcd\\nis gone",
        ),
    ],
    ids=lambda value: value.outcome.value if isinstance(value, ReadStatus) else "",
)
def test_what_could_not_be_read_is_said_in_the_words_of_the_server(status: ReadStatus, line: str) -> None:
    for given in (report(unread=(status,)), report(finding(), unread=(status,))):
        lines = shown(given)
        assert line in lines
        assert ALL_READ not in lines


@pytest.mark.parametrize(
    ("count", "told"),
    [
        (0, []),
        (1, ["Skipped: 1 file that held no Kubernetes objects."]),
        (3, ["Skipped: 3 files that held no Kubernetes objects."]),
    ],
)
def test_skipped_files_are_counted(count: int, told: list[str]) -> None:
    assert [line for line in shown(report(skipped_files=count)) if line.startswith("Skipped")] == told


EVERY_OUTLOOK = tuple(assessment(outlook=outlook) for outlook in Outlook)


@pytest.mark.parametrize(
    ("changes", "options", "sentence"),
    [
        ({"objects": EVERY_OUTLOOK}, {}, "1 looping   1 parked   1 stalled"),
        ({"objects": ()}, {}, "No claims, Buckets or accesses"),
        ({"objects": EVERY_OUTLOOK}, {}, "Some objects are stuck, and no finding"),
        ({"skipped_files": 3}, {}, "Skipped: 3 files that held"),
        ({}, {"only_finding": "COSI999"}, "No finding COSI999 here"),
        ({}, {}, "Not read: nothing that a verdict"),
    ],
    ids=["counts", "no objects", "not judged", "skipped", "no such finding", "all read"],
)
def test_our_own_sentences_are_wrapped(changes: dict[str, Any], options: dict[str, Any], sentence: str) -> None:
    lines = shown(report(**changes), width=20, **options)
    assert sentence in "\n".join(shown(report(**changes), **options))
    assert sentence not in "\n".join(lines)


def columns(item: Any, **options: Any) -> list[str]:
    stream = io.StringIO()
    ObjectTable(make_out(stream), **options).print([item], now=NOW, heads=False)
    return stream.getvalue().rstrip("\n").split("   ")


@pytest.mark.parametrize("width", [72, 200])
def test_a_table_that_fits_is_neither_cut_nor_squeezed(width: int) -> None:
    stream = io.StringIO()
    row = [assessment(ref=Ref(Kind.CLAIM, "team-a", name)) for name in ("logs", "photos")]
    table = ObjectTable(make_out(stream, width=width), wide=False, show_namespace=False, no_trunc=False)
    table.print(row[:1], now=NOW, heads=True)
    table.print(row[1:], now=NOW, heads=False)
    heads, *lines = stream.getvalue().splitlines()
    assert heads.startswith("NAME   OUTLOOK   CODE   ")
    assert [line.split()[0] for line in lines] == ["logs", "photos"]


def test_a_row_tells_an_object_and_nothing_about_an_error_it_got_over() -> None:
    found = Classification(
        retryable=True, cause=Cause.QUOTA, fix_by=FixBy.NOBODY, rule="r", grpc_code=GrpcCode.INTERNAL
    )
    item = assessment(
        ref=CLAIM, classification=found, since=NOW - timedelta(hours=5), next_try=NOW + timedelta(seconds=12)
    )
    told = ["c", "looping", "Internal", "quota", "5h", "~7", "in ~12s"]
    assert columns(item) == told
    assert columns(item, show_namespace=True, show_kind=True) == ["team-a", "bucketclaim/c", *told[1:]]
    assert columns(assessment(classification=found, outlook=Outlook.READY))[:4] == ["photos", "ready", "-", "-"]
    assert columns(assessment(ref=bucket("b")), wide=True)[7:] == ["-", "v0.2.2", "-", "-"]


def paged(page: Page, width: int) -> list[str]:
    stream = io.StringIO()
    print_page(page, make_out(stream, width=width))
    return stream.getvalue().splitlines()


def test_a_page_is_wrapped_but_its_commands_are_not() -> None:
    text = "one two three four five six\nkubectl get buckets -o yaml\n  | grep one two three"
    page = Page(title="Title", sections=(("What to type", text),))
    commands = ["  kubectl get buckets -o yaml", "    | grep one two three"]
    assert paged(page, 20) == ["Title", "", "What to type", "  one two three four", "  five six", *commands]
    assert paged(page, 0)[3] == "  one two three four five six"


def test_prose_is_never_wider_than_can_be_read() -> None:
    assert max(map(len, paged(Page(title="T", sections=(("H", "word " * 100),)), 200))) in range(95, 101)


@pytest.mark.parametrize("term", ["COSI307", "NotFound", "objectstorage.k8s.io/protection"])
def test_titles_and_headings_are_wrapped(term: str) -> None:
    page = lookup(term)
    assert page is not None
    wide = [line for line in paged(page, 80) if cell_len(line) > 80]
    assert [line for line in wide if not line.startswith(("  kubectl", "  cosictl"))] == []


@pytest.mark.parametrize(
    ("width", "first"), [(180, "RETRYABLE "), (80, "retryable: no, cause: quota, fix by: admin, rule: quota")]
)
def test_a_narrow_terminal_has_no_columns_for_classifications(width: int, first: str) -> None:
    stream = io.StringIO()
    print_classifications([(classify("quota exceeded"), "quota exceeded")], make_out(stream, width=width))
    lines = stream.getvalue().splitlines()
    assert lines[0].startswith(first)
    assert lines[1].endswith("quota exceeded")
    assert all(cell_len(line) <= width for line in lines)
