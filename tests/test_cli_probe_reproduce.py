"""``probe-driver reproduce`` as its users run it: on recordings, and on a sandbox."""

import json
import re
from pathlib import Path
from typing import Any, Final

import pytest

from cosictl.model.failures import GrpcCode
from cosictl.model.refs import Api
from cosictl.sandbox.run import Sandbox
from tests.cli_process import V1, cosictl, one_line, probe
from tests.drivers import FAULTS, Refusing, correct, serving
from tests.live_sandbox import live

PROBE: Final = "probe-driver"
STUCK: Final = "bucket/bucket-9bc130dd-0325-4951-842c-3f5856135121"
DIGEST: Final = re.compile(r"--confirm ([0-9a-f]{16})")


def reproduced(path: Path, target: str, *words: str) -> dict[str, Any]:
    told = probe("reproduce", path, target, "-f", V1, "--yes", "-o", "json", *words)
    found: dict[str, Any] = json.loads(told.stdout)
    found["exit"] = told.returncode
    return found


def test_a_failure_is_reproduced(tmp_path: Path) -> None:
    words = "invalid bucket name: bucket-9bc130dd-0325-4951-842c-3f5856135121"
    with serving(tmp_path, Refusing(GrpcCode.INVALID_ARGUMENT, words)) as path:
        found = reproduced(path, STUCK)
        shown = probe("reproduce", path, STUCK, "-f", V1, "--yes")
    assert (found["exit"], found["sent"]) == (67, True)
    assert (found["comparison"], found["finding"]) == ("reproduced", "COSI106")
    assert found["request"]["name"] == STUCK.partition("/")[2]
    assert found["answer"]["message"] == words
    assert "verdict         reproduced: the driver fails as recorded" in shown.stdout
    assert "proves          COSI106" in shown.stdout


@pytest.mark.parametrize(
    ("fault", "comparison", "finding", "code"),
    [
        ("none", "fixed", None, 0),
        ("internal", "changed", None, 77),
        ("already-exists", "changed", "COSI107", 70),
        ("empty-ids", "worse", "COSI108", 1),
        ("nil", "worse", "COSI108", 1),
        ("slow", "worse", "COSI109", 124),
    ],
)
def test_an_answer_is_judged_beside_the_record(
    fault: str, comparison: str, finding: str | None, code: int, tmp_path: Path
) -> None:
    with serving(tmp_path, FAULTS[fault]()) as path:
        found = reproduced(path, STUCK, "--timeout", "0.5s")
    assert (found["comparison"], found["finding"], found["exit"]) == (comparison, finding, code)


def test_a_driver_of_the_other_version_is_told(tmp_path: Path) -> None:
    with serving(tmp_path, correct(), Api.V1ALPHA2) as path:
        found = reproduced(path, STUCK)
    assert (found["finding"], found["exit"]) == ("COSI502", 76)


def test_the_wrong_driver_is_not_asked(tmp_path: Path) -> None:
    inner = correct("other.example.com")
    with serving(tmp_path, inner) as path:
        told = probe("reproduce", path, STUCK, "-f", V1, "--yes")
    assert told.returncode == 4
    assert "is other.example.com, the object's is cosi.example.com" in one_line(told.stderr)
    assert inner.buckets == {}


def test_a_dry_run_needs_no_driver() -> None:
    told = cosictl(PROBE, "reproduce", STUCK, "-f", V1, "--dry-run")
    assert (told.returncode, told.stderr) == (0, "")
    assert '"name": "bucket-9bc130dd-0325-4951-842c-3f5856135121"' in told.stdout
    assert "what it can do  It asks for the bucket" in told.stdout


def test_a_claim_leads_to_its_bucket_and_a_ready_one_to_nothing() -> None:
    told = cosictl(PROBE, "reproduce", "claim/create-invalidargument", "-n", "team-a", "-f", V1, "--dry-run")
    assert f"for Bucket/{STUCK.partition('/')[2]} ← BucketClaim/team-a/create-invalidargument" in told.stdout
    idle = cosictl(PROBE, "reproduce", "claim/healthy", "-n", "team-a", "-f", V1, "--dry-run")
    assert idle.returncode == 1
    assert "the sidecar calls nothing now: it is ready" in one_line(idle.stderr)


def test_a_masked_value_is_never_sent(tmp_path: Path) -> None:
    dump = json.loads((Path(V1) / "objects.json").read_text())
    item = next(item for item in dump["items"] if item["metadata"]["name"] == STUCK.partition("/")[2])
    item["spec"]["parameters"] = {"secretKey": "hunter2hunter2", "region": "eu"}
    (tmp_path / "plain.json").write_text(json.dumps(item))
    whole = cosictl(PROBE, "reproduce", STUCK, "-f", str(tmp_path / "plain.json"), "--dry-run")
    assert ("hunter2" in whole.stdout, "***" in whole.stdout) == (False, True)
    exact = cosictl(PROBE, "reproduce", STUCK, "-f", str(tmp_path / "plain.json"), "--dry-run", "--show-secrets")
    assert "hunter2" in exact.stdout
    inner = correct()
    with serving(tmp_path, inner) as path:
        assert probe("reproduce", path, STUCK, "-f", str(tmp_path / "plain.json"), "--yes").returncode == 0
        assert inner.buckets[STUCK.partition("/")[2]].parameters["secretKey"] == "hunter2hunter2"
        item["spec"]["parameters"]["secretKey"] = "***"
        (tmp_path / "masked.json").write_text(json.dumps(item))
        told = probe("reproduce", path, STUCK, "-f", str(tmp_path / "masked.json"), "--yes")
    assert told.returncode == 4
    assert "was masked when the dump was made" in one_line(told.stderr)


def test_the_digest_moves_with_the_object_and_the_failure_and_not_with_the_loop(tmp_path: Path) -> None:
    dump = json.loads((Path(V1) / "objects.json").read_text())
    bucket = next(item for item in dump["items"] if item["metadata"]["name"] == STUCK.partition("/")[2])
    events = json.loads((Path(V1) / "events.json").read_text())["items"]
    event = next(item for item in events if item["involvedObject"].get("uid") == bucket["metadata"]["uid"])

    def digest() -> str:
        (tmp_path / "d.json").write_text(json.dumps({"kind": "List", "apiVersion": "v1", "items": [bucket, event]}))
        told = cosictl(PROBE, "reproduce", STUCK, "-f", str(tmp_path / "d.json"), "--dry-run", "-o", "json")
        return str(json.loads(told.stdout)["digest"])

    seen = [digest()]
    bucket["metadata"]["resourceVersion"] = "99999"
    event["count"], event["lastTimestamp"] = 999, "2026-11-23T15:11:06Z"
    assert digest() == seen[0]
    for key, value in (("uid", "other"), ("generation", 7), ("finalizers", ["f"])):
        bucket["metadata"][key] = value
        event["involvedObject"]["uid"] = bucket["metadata"]["uid"]
        seen.append(digest())
    event["message"] = "failed to create bucket: rpc error: code = Internal desc = else"
    seen.append(digest())
    bucket["spec"]["parameters"] = {"region": "eu"}
    seen.append(digest())
    assert len(set(seen)) == len(seen) == 6


def test_a_deletion_is_repeated_only_with_its_digest(tmp_path: Path) -> None:
    with live(tmp_path, "deletion") as sandbox:
        terminating = _terminating(sandbox)
        base = ("--kubeconfig", str(sandbox.kubeconfig))
        path = next(iter(sandbox.sockets.values()))
        first = probe("reproduce", path, f"bucket/{terminating}", *base, "--yes")
        assert first.returncode == 4
        assert "It deletes the bucket at the backend" in first.stdout
        found = DIGEST.search(first.stderr)
        assert found is not None
        again = probe("reproduce", path, f"bucket/{terminating}", *base, "--confirm", found[1], "-o", "json")
        assert json.loads(again.stdout)["comparison"] == "reproduced"
        assert again.returncode > 64


def _terminating(sandbox: Sandbox) -> str:
    """A Bucket whose deletion its driver refuses."""
    names = [
        value["metadata"]["name"]
        for value in sandbox.store.snapshot()
        if value["kind"] == "Bucket" and "deletionTimestamp" in value["metadata"]
    ]
    return str(names[0])


def test_live_objects_are_read_one_by_one(tmp_path: Path) -> None:
    with live(tmp_path, "access") as sandbox:
        base = ("--kubeconfig", str(sandbox.kubeconfig), "-n", "team-a")
        path = next(iter(sandbox.sockets.values()))
        names = [value["metadata"]["name"] for value in sandbox.store.snapshot() if value["kind"] == "BucketAccess"]
        told = {name: probe("reproduce", path, f"access/{name}", *base, "--yes", "-o", "json") for name in names}
    sent = [json.loads(one.stdout) for one in told.values() if one.stdout]
    assert [found["method"] for found in sent] == ["DriverGrantBucketAccess"] * len(sent)
    assert sent
    assert {found["comparison"] for found in sent} == {"reproduced"}
    assert [one.returncode for one in told.values() if not one.stdout] == [1] * (len(names) - len(sent))
