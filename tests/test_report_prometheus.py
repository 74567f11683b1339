"""Figures for Prometheus: a real parser reads them, they are right, and nothing looks better for not being read."""

import contextlib
import re
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cosictl import __version__
from cosictl.cli.types import Resource
from cosictl.diagnosis.fleet import fleet
from cosictl.diagnosis.graph import link
from cosictl.diagnosis.policy import choose
from cosictl.diagnosis.report import concluded
from cosictl.flows.asked import Asked
from cosictl.flows.figures import figures
from cosictl.intake.files import read_dump
from cosictl.model.copying import replace
from cosictl.model.refs import CLUSTER_SCOPED, RESOURCES
from cosictl.model.report import STUCK as IS_STUCK
from cosictl.model.report import Outlook
from cosictl.model.snapshot import ReadOutcome, ReadStatus, Snapshot, Undecoded
from cosictl.model.tally import Tally
from cosictl.render.prometheus import prometheus
from tests import exposition as ex
from tests.cli_process import V1, V2, cosictl, one_line
from tests.test_golden import CASES, GOLDEN, facts, observed
from tests.test_render_safe import TEXT, harmful

NOW: Final = datetime(2026, 3, 1, 12, tzinfo=UTC)
CODES: Final = st.sampled_from(["", "COSI104", "COSI106"])
COUNTS: Final = st.integers(0, 10**6)
TALLIES: Final = st.builds(
    Tally,
    taken_at=st.datetimes(timezones=st.just(UTC), min_value=datetime(1971, 1, 1)),  # noqa: DTZ001 - hypothesis adds it
    stuck=st.dictionaries(st.tuples(CODES, st.sampled_from(sorted(IS_STUCK)), TEXT), COUNTS, max_size=3),
    oldest=st.dictionaries(st.tuples(CODES, TEXT), st.floats(0, 1e12), max_size=3),
    objects=st.dictionaries(st.tuples(st.sampled_from(["Bucket"]), st.sampled_from(Outlook)), COUNTS, max_size=3),
    wasted=st.dictionaries(TEXT, st.floats(0, 1e12), max_size=3),
    errors=st.dictionaries(TEXT, COUNTS, max_size=3),
    whole=st.booleans(),
    tells=st.booleans(),
)
EVERYTHING: Final = tuple(ReadStatus(resource=name, outcome=ReadOutcome.OK) for name in RESOURCES.values())


def text_of(snapshot: Snapshot) -> str:
    return prometheus(figures(lambda: snapshot, asked=Asked()), seconds=0.25)


def recorded(*lost: ReadStatus) -> Snapshot:
    """The recording as if all of it had been read, but for what is lost."""
    snapshot = read_dump([V1])
    kept = {status.resource for status in lost}
    reads = (*(status for status in EVERYTHING if status.resource not in kept), *lost)
    return replace(snapshot, reads=reads)


# As the rules of Prometheus have it (prometheus.io/docs/practices/naming, .../instrumenting/writing_exporters).
def test_names_follow_the_rules() -> None:
    for name, family in ex.families(text_of(recorded())).items():
        assert re.fullmatch(r"cosictl(_[a-z]+)+", name), name
        assert not name.endswith(("_total", "_count", "_sum", "_bucket")), f"{name} is a gauge"
        assert family.type == "gauge"
        assert family.documentation.endswith(".")
        is_time = any(word in name for word in ("age", "duration", "timestamp"))
        assert name.endswith("_seconds") is is_time, name


@given(st.none() | TALLIES, st.floats(0, 1e6))
def test_whatever_is_counted_reads_back_the_same(tally: Tally | None, seconds: float) -> None:
    text = prometheus(tally, seconds=seconds)
    assert harmful(text, but="\n") == []
    assert ex.value(text, ex.TOOK) == seconds
    assert ex.values(text, ex.BUILD) == {(__version__,): 1}
    if tally is None:
        assert ex.value(text, ex.UP) == 0
        return
    assert ex.value(text, ex.UP) == tally.tells
    assert ex.value(text, ex.TAKEN) == tally.taken_at.timestamp()
    assert list(ex.values(text, ex.STUCK).values()) == [count for _, count in sorted(tally.stuck.items())]
    assert list(ex.values(text, ex.OLDEST).values()) == [age for _, age in sorted(tally.oldest.items())]
    calls = [count for _, count in sorted(tally.wasted.items()) if count or tally.whole]
    assert list(ex.values(text, ex.WASTED).values()) == calls


def test_a_hostile_driver_stays_a_label() -> None:
    driver = 'a"} 1\ncosictl_up 0\\\u202e\u00e9'
    tally = figures(recorded, asked=Asked())
    text = prometheus(replace(tally, wasted={driver: 3.0}), seconds=0)
    assert ex.values(text, ex.WASTED) == {('a"} 1\\ncosictl_up 0\\\\u202e\\xe9',): 3.0}
    assert text.isascii()
    assert ex.value(text, ex.UP) == 1


@pytest.mark.parametrize("case", CASES)
def test_the_figures_of_every_case_are_those_of_its_diagnosis(case: str) -> None:
    about = facts(case)
    with contextlib.chdir(GOLDEN / case):
        snapshot = observed(about.get("input", "input"), about["args"])
    graph = link(snapshot)
    policies = choose(graph)
    report = concluded(graph, policies)
    text = text_of(snapshot)
    stuck = [item for item in report.objects if item.outlook in IS_STUCK]
    assert sum(ex.values(text, ex.STUCK).values()) == len(stuck) + len(report.stuck_pods)
    counted = {labels: count for labels, count in ex.values(text, ex.OBJECTS).items() if count}
    assert counted == Counter((str(item.ref.kind), item.outlook.value) for item in report.objects)
    ages = [(report.taken_at - item.since).total_seconds() for item in stuck if item.since is not None]
    if not report.stuck_pods:
        assert max(ex.values(text, ex.OLDEST).values(), default=0.0) == max(ages, default=0.0)


def test_every_stuck_object_is_counted_under_a_finding_that_is_about_it() -> None:
    for recording in (V1, V2):
        stuck = ex.values(text_of(read_dump([recording])), ex.STUCK)
        assert all(re.fullmatch(r"COSI\d{3}", labels[0]) for labels in stuck), stuck


def test_wasted_calls_are_those_of_the_table_of_sidecars() -> None:
    for recording in (V1, V2):
        snapshot = read_dump([recording])
        graph = link(snapshot)
        policies = choose(graph)
        lines = fleet(graph, policies, concluded(graph, policies)).drivers
        wasted = ex.values(text_of(replace(snapshot, reads=EVERYTHING)), ex.WASTED)
        assert sum(wasted.values()) > 0
        assert {labels[0]: calls for labels, calls in wasted.items() if calls} == {
            line.driver: line.calls for line in lines if line.calls
        }


def test_no_name_of_an_object_is_told() -> None:
    snapshot = recorded()
    text = text_of(snapshot)
    metas = [item.meta for item in snapshot.claims] + [item.meta for item in snapshot.buckets]
    assert [meta.name for meta in metas if f'"{meta.name}"' in text or meta.uid in text] == []
    assert "team-a" not in text


def test_with_everything_read_what_is_not_there_is_zero() -> None:
    text = text_of(recorded())
    assert ex.values(text, ex.OBJECTS)["Bucket", "parked"] == 0
    assert len(ex.values(text, ex.OBJECTS)) == 3 * len(Outlook)
    assert ex.values(text, ex.ERRORS) == {(name,): 0 for name in ("cluster", *RESOURCES.values())}
    assert ex.values(text, ex.WASTED)["nobody.example.com",] == 0


@pytest.mark.parametrize("outcome", [ReadOutcome.FORBIDDEN, ReadOutcome.FAILED, ReadOutcome.ABSENT])
def test_with_anything_unread_no_zero_is_told(outcome: ReadOutcome) -> None:
    text = text_of(recorded(ReadStatus(resource="pods", outcome=outcome)))
    assert 0 not in ex.values(text, ex.OBJECTS).values()
    assert 0 not in ex.values(text, ex.WASTED).values()
    assert ex.values(text, ex.ERRORS)["pods",] == 1
    assert ex.value(text, ex.UP) == 1


def test_a_kind_that_was_not_read_has_no_figures() -> None:
    lost = ReadStatus(resource="bucketaccesses", outcome=ReadOutcome.FORBIDDEN)
    kinds = {kind for kind, _ in ex.values(text_of(replace(recorded(lost), accesses=())), ex.OBJECTS)}
    assert kinds == {"Bucket", "BucketClaim"}


def test_without_any_object_read_there_is_no_diagnosis() -> None:
    judged = ("buckets", "bucketclaims", "bucketaccesses")
    lost = [ReadStatus(resource=name, outcome=ReadOutcome.FORBIDDEN) for name in judged]
    text = text_of(replace(recorded(*lost), buckets=(), claims=(), accesses=()))
    assert ex.value(text, ex.UP) == 0
    assert ex.values(text, ex.OBJECTS) == {}


def test_an_empty_cluster_is_well() -> None:
    text = text_of(replace(recorded(), buckets=(), claims=(), accesses=(), events=()))
    assert ex.value(text, ex.UP) == 1
    assert set(ex.values(text, ex.OBJECTS).values()) == {0}


def test_what_could_not_be_decoded_is_an_error_of_its_resource() -> None:
    broken = [Undecoded(kind=kind, namespace="", name="x", source="f", reason="r") for kind in ("BucketClaim", "File")]
    text = text_of(replace(recorded(), undecoded=tuple(broken)))
    errors = ex.values(text, ex.ERRORS)
    assert (errors["bucketclaims",], errors["other",]) == (1, 1)
    assert 0 not in ex.values(text, ex.OBJECTS).values()


@pytest.mark.parametrize("recording", [V1, V2], ids=["v1alpha1", "v1alpha2"])
def test_the_program_writes_them_for_a_textfile(recording: str, tmp_path: Path) -> None:
    done = cosictl("report", "-f", recording, "-o", "prometheus")
    assert (done.returncode, done.stderr) == (0, "")
    assert ex.value(done.stdout, ex.UP) == 1
    file = tmp_path / "cosi.prom"
    for _ in range(2):  # the second time over the first, as cron does
        written = cosictl("report", "-f", recording, "-o", "prometheus", "--output-file", str(file), "--force")
        assert (written.returncode, written.stdout) == (0, "")
    assert ex.values(file.read_text(), ex.STUCK) == ex.values(done.stdout, ex.STUCK)
    # Another user reads it: the node exporter.
    assert file.stat().st_mode & 0o444 == 0o444


def test_it_counts_what_was_asked_for() -> None:
    whole = cosictl("report", "-f", V1, "-o", "prometheus").stdout
    some = cosictl("report", "-f", V1, "-o", "prometheus", "--finding", "COSI106").stdout
    assert len(ex.values(whole, ex.STUCK)) > 1
    assert ex.values(some, ex.STUCK) == {("COSI106", "looping", "cosi.example.com"): 1}
    other = cosictl("report", "-f", V1, "-o", "prometheus", "-n", "team-b").stdout
    assert sum(ex.values(other, ex.OBJECTS).values()) < sum(ex.values(whole, ex.OBJECTS).values())


def test_without_a_cluster_nothing_is_written(tmp_path: Path) -> None:
    file = tmp_path / "cosi.prom"
    file.write_text("as it was")
    words = ("report", "-o", "prometheus", "--output-file", str(file), "--force", "-s", "http://127.0.0.1:1")
    done = cosictl(*words)
    assert (done.returncode, done.stdout) == (1, "")
    assert "127.0.0.1:1" in one_line(done.stderr)
    assert file.read_text() == "as it was"


def test_every_kind_that_is_judged_has_its_resource() -> None:
    kinds = [resource.kind for resource in Resource if resource.kind is not None]
    assert {kind for kind in kinds if kind not in RESOURCES} == set()
    assert set(CLUSTER_SCOPED) <= RESOURCES.keys()
