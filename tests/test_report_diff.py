"""``report diff``: what changed between two diagnoses, and never as better what one of them could not see."""

import io
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from itertools import product
from typing import Final

import pytest
from hypothesis import given
from rich.cells import cell_len

from cosictl.diagnosis.differences import differences
from cosictl.diagnosis.report import diagnose
from cosictl.intake.files import read_dump
from cosictl.model.copying import replace
from cosictl.model.differences import Change, Difference, Side
from cosictl.model.failures import Cause, Classification, FixBy, GrpcCode
from cosictl.model.refs import RESOURCES, Api, Kind, Ref
from cosictl.model.report import STUCK, Assessment, Finding, Outlook, Report
from cosictl.model.snapshot import ReadOutcome, ReadStatus, TimeBasis
from cosictl.render.console import make_out
from cosictl.render.diff_document import diff_document
from cosictl.render.diff_text import print_differences
from cosictl.render.machine import dump_json
from tests.cli_process import V1, V2
from tests.test_render_hostile import REPORTS
from tests.test_render_safe import WIDTHS, harmful

CLAIM: Final = Ref(Kind.CLAIM, "team-a", "photos")
BUCKET: Final = Ref(Kind.BUCKET, "", "bucket-1")
POD: Final = Ref("Pod", "driver-ns", "driver-0")
ALL_READ: Final = tuple(ReadStatus(resource=name, outcome=ReadOutcome.OK) for name in RESOURCES.values())
BETTER: Final = frozenset({Change.GOT_BETTER, Change.GONE})


def verdict(
    ref: Ref, outlook: Outlook, *, uid: str = "u", attempts: int = 3, waits_on: Ref | None = None
) -> Assessment:
    found = Classification(retryable=False, cause=Cause.QUOTA, fix_by=FixBy.ADMIN, rule="r", grpc_code=GrpcCode.ABORTED)
    return Assessment(
        ref=ref,
        uid=uid,
        api=Api.V1ALPHA1,
        outlook=outlook,
        basis=(),
        classification=found,
        attempts=attempts,
        waits_on=waits_on,
    )


def side(
    *items: Assessment,
    reads: Sequence[ReadStatus] = ALL_READ,
    findings: Sequence[Finding] = (),
    namespaces: Sequence[str] = (),
    basis: TimeBasis = TimeBasis.SERVER,
    saved: bool = False,
) -> Side:
    report = Report(
        taken_at=datetime(2026, 3, 1, 12, tzinfo=UTC),
        basis=basis.value,
        source="a cluster",
        policies=(),
        objects=items,
        findings=tuple(findings),
        unread=tuple(one for one in reads if one.outcome is not ReadOutcome.OK),
        namespaces=tuple(namespaces),
    )
    return Side(report=report, reads=report.unread if saved else tuple(reads), saved=saved)


def without(resource: str, outcome: ReadOutcome = ReadOutcome.FORBIDDEN, scope: str = "") -> tuple[ReadStatus, ...]:
    """Everything read but one resource."""
    lost = ReadStatus(resource=resource, outcome=outcome, scope=scope, reason="the server's words")
    return (*(one for one in ALL_READ if one.resource != resource), lost)


def changes(old: Side, new: Side) -> dict[Ref, Change]:
    return {one.ref: one.change for one in differences(old, new).changes}


def told(old: Side, new: Side, ref: Ref = BUCKET) -> Difference:
    return next(one for one in differences(old, new).changes if one.ref == ref)


def expected(was: Outlook, now: Outlook) -> Change | None:
    """The table, in words: what became of an object that had one outlook and has another."""
    if now in STUCK:
        return Change.STILL_STUCK if was in STUCK else Change.GOT_STUCK
    if was in STUCK:
        return Change.NOT_COMPARED if now is Outlook.UNKNOWN else Change.GOT_BETTER
    return None if was is now else Change.OTHER


@pytest.mark.parametrize(("was", "now"), list(product(Outlook, Outlook)), ids=str)
def test_every_pair_of_outlooks_is_told_apart(was: Outlook, now: Outlook) -> None:
    # What it waits for goes on by itself.
    root = verdict(BUCKET, Outlook.RETRYING)
    old = side(root, verdict(CLAIM, was, waits_on=BUCKET))
    new = side(root, verdict(CLAIM, now, waits_on=BUCKET))
    assert changes(old, new).get(CLAIM) is expected(was, now)


@pytest.mark.parametrize("root", Outlook, ids=str)
def test_what_waits_on_something_stuck_has_not_got_better(root: Outlook) -> None:
    old = side(verdict(BUCKET, root), verdict(CLAIM, Outlook.STALLED))
    new = side(verdict(BUCKET, root), verdict(CLAIM, Outlook.WAITING, waits_on=BUCKET))
    found = told(old, new, CLAIM)
    if root in STUCK or root is Outlook.UNKNOWN:
        assert (found.change, found.why) == (Change.OTHER, f"waits on Bucket/bucket-1, which is {root}")
    elif root is Outlook.WAITING:
        assert (found.change, found.why) == (Change.OTHER, "what it waits on could not be looked at")
    else:
        assert found.change is Change.GOT_BETTER


def test_what_waits_on_something_nobody_saw_has_not_got_better() -> None:
    old = side(verdict(CLAIM, Outlook.STALLED))
    new = side(verdict(CLAIM, Outlook.WAITING, waits_on=BUCKET), reads=without("buckets"))
    assert told(old, new, CLAIM).change is Change.OTHER


def test_what_could_not_be_told_before_is_stuck_now_and_says_so() -> None:
    found = told(side(verdict(BUCKET, Outlook.UNKNOWN)), side(verdict(BUCKET, Outlook.LOOPING)))
    assert (found.change, found.why) == (Change.GOT_STUCK, "OLD could not tell whether it was stuck before")


def test_another_uid_is_another_object() -> None:
    old, new = side(verdict(BUCKET, Outlook.LOOPING)), side(verdict(BUCKET, Outlook.READY, uid="v"))
    assert changes(old, new) == {BUCKET: Change.RECREATED}


@pytest.mark.parametrize(("before", "after"), [("", "v"), ("u", ""), ("", "")])
def test_without_a_uid_the_name_decides(before: str, after: str) -> None:
    old, new = side(verdict(BUCKET, Outlook.LOOPING, uid=before)), side(verdict(BUCKET, Outlook.READY, uid=after))
    assert changes(old, new) == {BUCKET: Change.GOT_BETTER}


def test_with_everything_read_what_is_on_one_side_is_new_or_gone() -> None:
    one, none = side(verdict(BUCKET, Outlook.LOOPING)), side()
    assert changes(one, none) == {BUCKET: Change.GONE}
    assert changes(none, one) == {BUCKET: Change.NEW}


LOST: Final = [ReadOutcome.FORBIDDEN, ReadOutcome.FAILED, ReadOutcome.ABSENT, ReadOutcome.NOT_IN_DUMP]


@pytest.mark.parametrize("outcome", LOST, ids=str)
def test_what_a_side_could_not_read_is_neither_new_nor_gone(outcome: ReadOutcome) -> None:
    one, blind = side(verdict(BUCKET, Outlook.LOOPING)), side(reads=without("buckets", outcome))
    assert told(one, blind).change is Change.NOT_COMPARED
    assert told(one, blind).why == "NEW could not read buckets: the server's words"
    assert told(blind, one).why == "OLD could not read buckets: the server's words"


def test_a_namespace_that_could_not_be_read_hides_only_its_own() -> None:
    other = Ref(Kind.CLAIM, "team-b", "photos")
    old = side(verdict(CLAIM, Outlook.LOOPING), verdict(other, Outlook.LOOPING))
    new = side(reads=(*without("bucketclaims", scope="team-b"), ALL_READ[1]))
    assert changes(old, new) == {CLAIM: Change.GONE, other: Change.NOT_COMPARED}


def test_who_may_list_one_namespace_only_sees_what_goes_there() -> None:
    other = Ref(Kind.CLAIM, "team-b", "photos")
    old = side(verdict(CLAIM, Outlook.LOOPING), verdict(other, Outlook.LOOPING), verdict(BUCKET, Outlook.LOOPING))
    listed = ReadStatus(resource="bucketclaims", outcome=ReadOutcome.OK, scope="team-a")
    new = side(reads=(*without("bucketclaims"), listed), namespaces=["team-a"])
    assert changes(old, new) == {CLAIM: Change.GONE, other: Change.NOT_COMPARED, BUCKET: Change.GONE}
    assert told(old, new, other).why == "NEW is about namespace team-a only"


def test_a_saved_report_of_one_namespace_says_nothing_of_others_and_of_no_bucket() -> None:
    other = Ref(Kind.CLAIM, "team-b", "photos")
    old = side(verdict(CLAIM, Outlook.LOOPING), verdict(other, Outlook.LOOPING), verdict(BUCKET, Outlook.LOOPING))
    new = side(namespaces=["team-a"], saved=True)
    assert changes(old, new) == {CLAIM: Change.GONE, other: Change.NOT_COMPARED, BUCKET: Change.NOT_COMPARED}


def test_a_saved_report_of_files_without_a_kind_perhaps_never_had_it() -> None:
    old = side(verdict(CLAIM, Outlook.LOOPING), verdict(BUCKET, Outlook.LOOPING))
    kept = Ref(Kind.CLAIM, "team-a", "other")
    new = side(verdict(kept, Outlook.READY), basis=TimeBasis.DUMP, saved=True)
    assert changes(old, new) == {CLAIM: Change.GONE, kept: Change.NEW, BUCKET: Change.NOT_COMPARED}
    live = side(verdict(kept, Outlook.READY), saved=True)
    assert changes(old, live)[BUCKET] is Change.GONE


def dying_pod() -> Finding:
    return Finding(code="COSI501", title="t", root=POD, outlook=Outlook.LOOPING, fix_by=FixBy.ADMIN)


def test_a_pod_is_stuck_only_as_long_as_a_finding_says_so() -> None:
    dying, well = side(findings=[dying_pod()]), side()
    assert changes(well, dying) == {POD: Change.GOT_STUCK}
    assert changes(dying, dying) == {POD: Change.STILL_STUCK}
    assert changes(dying, well) == {POD: Change.GOT_BETTER}
    assert changes(dying, side(reads=without("pods"))) == {POD: Change.NOT_COMPARED}


def test_what_moved_stands_first_among_what_is_still_stuck() -> None:
    moved, same = Ref(Kind.BUCKET, "", "z"), Ref(Kind.BUCKET, "", "a")
    old = side(verdict(same, Outlook.LOOPING), verdict(moved, Outlook.LOOPING))
    new = side(verdict(same, Outlook.LOOPING, attempts=40), verdict(moved, Outlook.PARKED))
    assert [one.ref for one in differences(old, new).changes] == [moved, same]


def recorded(path: str) -> Side:
    snapshot = read_dump([path])
    return Side(report=diagnose(snapshot), reads=snapshot.reads, saved=False)


@pytest.mark.parametrize("recording", [V1, V2], ids=["v1alpha1", "v1alpha2"])
def test_nothing_changed_between_a_cluster_and_itself(recording: str) -> None:
    one = recorded(recording)
    found = differences(one, one)
    stuck = {item.ref for item in one.report.objects if item.outlook in STUCK}
    assert {(item.ref, item.change) for item in found.changes} == {(ref, Change.STILL_STUCK) for ref in stuck}
    assert found.same == len(one.report.objects) - len(stuck)


@pytest.mark.parametrize("recording", [V1, V2], ids=["v1alpha1", "v1alpha2"])
def test_nothing_is_better_for_not_being_read(recording: str) -> None:
    old = recorded(recording)
    for resource, outcome in product(RESOURCES.values(), LOST):
        kept = tuple(item for item in old.report.objects if RESOURCES[str(item.ref.kind)] != resource)
        new = replace(old, report=replace(old.report, objects=kept), reads=without(resource, outcome))
        assert not BETTER & set(changes(old, new).values()), (resource, outcome)


@given(REPORTS, REPORTS, WIDTHS)
def test_no_pair_of_reports_breaks_the_screen(old: Report, new: Report, width: int) -> None:
    sides = [Side(report=one, reads=one.unread, saved=True) for one in (old, new)]
    found = differences(*sides)
    stream = io.StringIO()
    print_differences(found, make_out(stream, color="never", width=width), show_all=True)
    assert harmful(stream.getvalue(), but="\n") == []
    document = io.StringIO()
    dump_json(diff_document(found), document)
    assert harmful(document.getvalue(), but="\n") == []


def lines_of(old: Side, new: Side, *, width: int = 0, show_all: bool = False) -> list[str]:
    stream = io.StringIO()
    print_differences(differences(old, new), make_out(stream, color="never", width=width), show_all=show_all)
    return stream.getvalue().splitlines()


def test_the_text_tells_what_moved() -> None:
    old = side(verdict(BUCKET, Outlook.LOOPING, attempts=3))
    new = side(verdict(BUCKET, Outlook.PARKED, attempts=40))
    line = next(line for line in lines_of(old, new) if "bucket-1" in line)
    assert line == "  Bucket bucket-1 · looping → parked · Aborted quota · about 3 → 40 attempts"


def test_the_text_counts_what_came_and_went_stuck() -> None:
    old = side(*(verdict(Ref(Kind.BUCKET, "", f"old-{n}"), Outlook.LOOPING) for n in range(2)))
    new = side(verdict(Ref(Kind.BUCKET, "", "new"), Outlook.READY))
    assert lines_of(old, new)[2] == "1 new   2 gone (2 were stuck)   0 as before"


def test_the_text_names_ten_of_each_unless_all_are_asked_for() -> None:
    many = side(*(verdict(Ref(Kind.BUCKET, "", f"b{n:02}"), Outlook.LOOPING) for n in range(13)))
    assert named(lines_of(many, many)) == [f"b{n:02}" for n in range(10)]
    assert "  … 3 more objects: add --all" in lines_of(many, many)
    assert len(named(lines_of(many, many, show_all=True))) == 13


def named(lines: Iterable[str]) -> list[str]:
    return [line.split()[1] for line in lines if line.startswith("  Bucket ")]


@pytest.mark.parametrize("width", [80, 200])
def test_the_text_fits_the_screen(width: int) -> None:
    lines = lines_of(recorded(V1), recorded(V2), width=width, show_all=True)
    assert max(map(cell_len, lines)) <= width
