"""What a person reads of a diagnosis: said once, in full, cut where it may be, and never a command broken."""

import io
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from rich.cells import cell_len

from cosictl.knowledge.vocabulary import CAUSES
from cosictl.model.copying import replace
from cosictl.model.failures import Cause, Classification, FixBy, GrpcCode
from cosictl.model.refs import Api, Kind, Ref
from cosictl.model.report import Assessment, Certainty, Evidence, Finding, Flag, Outlook, PolicyChoice, Report
from cosictl.model.snapshot import TimeBasis
from cosictl.render.console import make_out
from cosictl.render.diagnosis_text import SHOWN, print_diagnosis

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
COMMAND = 'kubectl patch bucketclaim/photos -n team-a --type=merge -p \'{"spec":{"bucketClassName":"fast"}}\''


def bucket(name: str) -> Ref:
    return Ref(Kind.BUCKET, "", name)


def finding(name: str = "photos", **changes: Any) -> Finding:
    refused = Evidence(text="no such pool", source="event", at=NOW - timedelta(seconds=224), quoted=True)
    base = Finding(
        code="COSI104",
        title="Final error, retried for ever",
        root=bucket(name),
        outlook=Outlook.LOOPING,
        fix_by=FixBy.ADMIN,
        evidence=(refused,),
        explanation="the driver refuses it",
        remedy="Make the pool.",
        commands=(COMMAND,),
        risk="Keep the Bucket.",
        since=NOW - timedelta(hours=5),
    )
    return replace(base, **changes)


def assessment(name: str = "photos", **changes: Any) -> Assessment:
    base = Assessment(
        ref=bucket(name), uid="u", api=Api.V1ALPHA1, outlook=Outlook.LOOPING, basis=(), policy="v0.2.2", attempts=7
    )
    return replace(base, **changes)


def report(*findings: Finding, **changes: Any) -> Report:
    base = Report(
        taken_at=NOW,
        basis=TimeBasis.DUMP.value,
        source="dump",
        policies=(),
        objects=(assessment(),),
        findings=findings,
        unread=(),
    )
    return replace(base, **changes)


def shown(given: Report, *, width: int | None = None, **options: Any) -> list[str]:
    stream = io.StringIO()
    print_diagnosis(given, make_out(stream, color="never", width=width), **options)
    return stream.getvalue().splitlines()


def after(label: str, lines: list[str]) -> list[str]:
    """The texts behind a label."""
    return [line.strip().removeprefix(label).strip() for line in lines if line.strip().startswith(label + " ")]


def test_a_single_finding_says_everything_one_line_a_fact_in_a_pipe() -> None:
    found = Classification(
        retryable=False,
        cause=Cause.CONFIG,
        fix_by=FixBy.ADMIN,
        rule="r",
        grpc_code=GrpcCode.INTERNAL,
        backend_code="NoSuchPool",
    )
    item = assessment(flags=(Flag.TERMINATING,), classification=found, next_try=NOW + timedelta(seconds=12))
    one = finding(
        symptoms=tuple(Ref(Kind.CLAIM, "team-a", name) for name in "abcde"),
        candidates=("COSI104", "COSI101"),
        commands=(COMMAND, "kubectl get x"),
    )
    choice = PolicyChoice(api=Api.V1ALPHA1, policy="v0.2.2", driver="d", certainty=Certainty.NARROWED, why="w")
    given = report(
        one,
        objects=(item,),
        policies=(replace(choice, candidates=("v0.2.2", "v0.2.1")),),
        drivers=("d",),
        namespaces=("team-a",),
    )
    summary = (
        "v1alpha1 · sidecar policy v0.2.2 of d (narrowed from objects; could be v0.2.1)"
        " · 0 claims, 1 bucket, 0 accesses · 1 driver · as of 12:00:00Z (the dump's own time) · namespace team-a only"
    )
    assert shown(given, prog="kubectl cosi") == [
        summary,
        "1 looping",
        "",
        "COSI104  Final error, retried for ever · looping · 1 Bucket, for 5h",
        "  Bucket photos [terminating] ← BucketClaim team-a/a, BucketClaim team-a/b, BucketClaim team-a/c and 2 more",
        "    recorded        event, 3m44s ago: “no such pool”",
        f"    means           Internal NoSuchPool · config: {CAUSES[Cause.CONFIG]}",
        "    tries           about 7 so far, the next in ~12s (estimates from the backoff of v0.2.2)",
        "    why             the driver refuses it",
        "    waiting helps?  no: it is tried again and again, and cannot succeed until something changes",
        "    or it could be  COSI101 BucketClass does not exist",
        "    who fixes       an admin of the cluster or of the storage",
        "    what helps      Make the pool.",
        "    what to type",
        f"      {COMMAND}",
        "      kubectl get x",
        "    beware          Keep the Bucket.",
        "",
        "Not read: nothing that a verdict needed.",
        "More about a code: kubectl cosi explain COSI104",
    ]


def test_a_group_says_once_what_its_findings_share() -> None:
    lines = shown(report(finding("a"), finding("b"), finding("c", remedy="Make another pool.", fix_by=FixBy.NOBODY)))
    assert [line for line in lines if line.startswith("COSI104")] == [
        "COSI104  Final error, retried for ever · looping · 3 Buckets, for 5h"
    ]
    for label in ("why", "waiting helps?", "beware"):
        assert len(after(label, lines)) == 1
    assert after("who fixes", lines) == ["an admin of the cluster or of the storage (2), nobody has to act (1)"]
    # What they do not share stands with each of them.
    assert after("what helps", lines) == ["Make the pool.", "Make the pool.", "Make another pool."]
    assert len(after("recorded", lines)) == 3
    assert lines.count(f"      {COMMAND}") == 3


def test_findings_of_one_code_with_another_outlook_are_another_group() -> None:
    lines = shown(report(finding("a"), finding("b", outlook=Outlook.PARKED)))
    assert [line.split(" · ")[1:] for line in lines if line.startswith("COSI104")] == [
        ["looping", "1 Bucket, for 5h"],
        ["parked", "1 Bucket, for 5h"],
    ]


NAMES = "abcde"


@pytest.mark.parametrize(
    ("count", "options", "told", "more"),
    [
        (SHOWN, {}, SHOWN, []),
        (5, {}, SHOWN, ["  … 2 more: cosictl diagnose -f d --finding COSI104 --all"]),
        (5, {"show_all": True}, 5, []),
    ],
)
def test_a_group_shows_a_few_and_says_how_to_see_the_rest(
    count: int, options: dict[str, bool], told: int, more: list[str]
) -> None:
    lines = shown(report(*map(finding, NAMES[:count])), again="cosictl diagnose -f d", **options)
    assert [line for line in lines if line.startswith("  Bucket ")] == [f"  Bucket {name}" for name in NAMES[:told]]
    assert [line for line in lines if "more:" in line] == more
    assert f" · {count} Buckets, for 5h" in "\n".join(lines)


def test_one_code_can_be_asked_for() -> None:
    both = report(finding("a"), finding("b", code="COSI105", title="Trouble"))
    lines = shown(both, only_finding="COSI105")
    assert [line for line in lines if line.startswith("COSI")] == ["COSI105  Trouble · looping · 1 Bucket, for 5h"]
    assert lines[-1] == "More about a code: cosictl explain COSI105"
    assert "No finding COSI999 here." in shown(both, only_finding="COSI999")


def test_a_code_that_is_not_there_does_not_make_the_rest_healthy() -> None:
    assert "Nothing is stuck." not in shown(report(finding()), only_finding="COSI999")


LONG = "word " * 200 + "end"


def test_a_quote_is_cut_after_a_few_lines_and_our_own_words_never() -> None:
    given = report(finding(evidence=(Evidence(text=LONG, source="event", quoted=True),), remedy=LONG))
    lines = shown(given, width=60)
    start = next(number for number, line in enumerate(lines) if "recorded" in line)
    assert [line.endswith("…") for line in lines[start : start + 5]] == [False, False, False, True, False]
    assert lines[start + 4].split()[0] == "tries"
    assert sum(line.split().count("word") for line in lines) > 200
    assert max(map(cell_len, lines[start : start + 4])) <= 60


@pytest.mark.parametrize(("width", "no_trunc"), [(60, True), (None, False), (None, True)])
def test_nothing_is_cut_or_broken_on_request_or_in_a_pipe(width: int | None, no_trunc: Any) -> None:
    given = report(finding(evidence=(Evidence(text=LONG, source="event", quoted=True),), remedy=LONG))
    lines = shown(given, width=width, no_trunc=no_trunc)
    assert f"    recorded        event: “{LONG}”" in lines
    assert f"    what helps      {LONG}" in lines


def test_a_command_is_never_cut() -> None:
    lines = shown(report(finding()), width=40)
    assert f"      {COMMAND}" in lines
    assert [line for line in lines if cell_len(line) > 40 and "kubectl" not in line and "cosictl" not in line] == []


SOON = NOW + timedelta(seconds=12)


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"next_try": SOON}, ["about 7 so far, the next in ~12s (estimates from the backoff of v0.2.2)"]),
        ({"next_try": NOW}, ["about 7 so far, the next now (estimates from the backoff of v0.2.2)"]),
        ({"outlook": Outlook.PARKED}, ["7 recorded; none follows"]),
        ({"outlook": Outlook.LOOPING}, ["7 recorded; how many there were cannot be told"]),
        ({"attempts": None}, []),
    ],
)
def test_attempts_are_told_from_estimates(changes: dict[str, Any], told: list[str]) -> None:
    assert after("tries", shown(report(finding(), objects=(assessment(**changes),)))) == told


@pytest.mark.parametrize(
    ("mismatch", "told"), [(False, ""), (True, " The code NotFound says something else; the text decides.")]
)
def test_a_code_that_says_something_else_is_pointed_out(mismatch: Any, told: str) -> None:
    found = Classification(
        retryable=False,
        cause=Cause.QUOTA,
        fix_by=FixBy.ADMIN,
        rule="r",
        grpc_code=GrpcCode.NOT_FOUND,
        code_mismatch=mismatch,
    )
    lines = shown(report(finding(), objects=(assessment(classification=found),)))
    assert after("means", lines) == [f"NotFound · quota: {CAUSES[Cause.QUOTA]}{told}"]


def test_a_message_is_not_explained_where_none_is_quoted() -> None:
    seen = finding(evidence=(Evidence(text="no Lease", source="Leases"),))
    lines = shown(report(seen, objects=(assessment(next_try=SOON),)))
    assert after("seen", lines) == ["Leases: no Lease"]
    assert after("tries", lines) == []
