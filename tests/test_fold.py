"""One cause is one finding: what a broken sidecar leaves undone is folded under it."""

from cosictl.model.refs import Kind
from cosictl.model.report import Outlook
from tests.test_golden import diagnosed


def test_what_a_sidecar_that_keeps_ending_leaves_undone_is_its_symptom() -> None:
    report = diagnosed("s01-sidecar-restarts")
    (finding,) = report.findings
    assert (finding.code, finding.root.kind) == ("COSI501", "Pod")
    assert {ref.kind for ref in finding.symptoms} == {Kind.BUCKET, Kind.CLAIM}
    assert {item.outlook for item in report.objects} == {Outlook.STALLED, Outlook.WAITING}


def test_the_access_that_crashes_a_sidecar_is_the_root_and_the_pod_its_evidence() -> None:
    (finding,) = diagnosed("a06-crash-loop").findings
    assert (finding.code, finding.root.kind) == ("COSI406", Kind.ACCESS)
    assert any("ended 7 times" in fact.text for fact in finding.evidence)


def test_a_mute_sidecar_is_said_where_its_candidates_stand() -> None:
    (finding,) = diagnosed("s06-mute-sidecar").findings
    assert (finding.code, finding.root.kind) == ("COSI506", Kind.BUCKET)
    assert "COSI107" in finding.candidates
    assert any("image" in fact.source or "objectstorage-sidecar" in fact.text for fact in finding.evidence)


def test_a_sidecar_without_a_bucket_of_its_own_stays_a_finding() -> None:
    assert [f.root.kind for f in diagnosed("s08-misfit").findings if f.code == "COSI506"] == ["Pod"]
