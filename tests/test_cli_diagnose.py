"""``cosictl diagnose``: targets, filters, exit codes, formats; files and a live cluster."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.apiserver import ApiServer, Object
from tests.cli_process import ROOT, V1, V2, cosictl, one_line


def document(*words: str, stdin: str = "") -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(cosictl("diagnose", *words, "-o", "json", stdin=stdin).stdout)
    return loaded


def names(found: dict[str, Any]) -> set[str]:
    return {item["name"] for item in found["objects"]}


def bucket(**status: object) -> Object:
    return {
        "apiVersion": "objectstorage.k8s.io/v1alpha1",
        "kind": "Bucket",
        "metadata": {
            "name": "b",
            "uid": "b",
            "creationTimestamp": "2026-11-23T15:00:00Z",
            "finalizers": ["cosi.objectstorage.k8s.io/bucket-protection"],
        },
        "spec": {"driverName": "d", "bucketClassName": "c", "protocols": ["S3"], "bucketClaim": {}, **_STATIC},
        "status": status,
    }


_STATIC = {"existingBucketID": "x"}


def recorded(version: str) -> list[Object]:
    folder = ROOT / "tests" / "recorded" / version
    return [o for name in ("objects", "events") for o in json.loads((folder / f"{name}.json").read_text())["items"]]


def test_stuck_objects_are_exit_3() -> None:
    assert cosictl("diagnose", "-f", V1).returncode == 3


def test_nothing_stuck_is_exit_0() -> None:
    done = cosictl("diagnose", "claim/healthy", "-f", V1)
    assert done.returncode == 0, done.stdout


def test_what_cannot_be_told_is_exit_5(tmp_path: Path) -> None:
    (tmp_path / "dump.json").write_text(json.dumps({"apiVersion": "v1", "kind": "List", "items": [bucket()]}))
    (tmp_path / "bad.json").write_text(json.dumps({**bucket(), "spec": 7, "metadata": {"name": "odd"}}))
    assert cosictl("diagnose", "-f", str(tmp_path / "bad.json")).returncode == 5


def test_a_target_brings_its_finding_and_what_carries_the_cause() -> None:
    found = document("claim/create-invalidargument", "-f", V1)
    assert [finding["code"] for finding in found["findings"]] == ["COSI106"]
    root = found["findings"][0]["root"]["name"]
    assert {"create-invalidargument", root} <= names(found)
    assert {item["outlook"] for item in found["objects"]} == {"looping", "waiting"}


def test_all_spellings_of_a_target_mean_the_same() -> None:
    spellings = (["claim/recovers"], ["bucketclaims", "recovers"], ["BC/recovers"], ["-n", "team-a", "claim/recovers"])
    found = [document(*words, "-f", V1) for words in spellings]
    assert all(one == found[0] for one in found)
    assert "recovers" in names(found[0])


def test_a_driver_is_a_target() -> None:
    found = document("driver/nobody.example.com", "-f", V1)
    assert {item["driver"] for item in found["objects"]} == {"nobody.example.com"}


def test_a_namespace_narrows_what_the_files_hold() -> None:
    whole, part = document("-f", V1), document("-f", V1, "-n", "team-a")
    assert part["namespaces"] == ["team-a"]
    assert {item["namespace"] for item in part["objects"]} == {"", "team-a"}
    assert names(part) < names(whole)
    assert document("-f", V1, "-n", "team-a", "-A") == whole


def test_one_code_alone() -> None:
    found = document("-f", V1, "--finding", "c04")
    assert {finding["code"] for finding in found["findings"]} == {"COSI104"}
    assert len(found["findings"]) > 1
    text = cosictl("diagnose", "-f", V1, "--finding", "COSI104", "--all").stdout
    assert "COSI101" not in text
    assert text.count("\n  Bucket bucket-") == len(found["findings"])


def test_what_if_another_sidecar_were_running() -> None:
    found = document("-f", V1, "--assume-sidecar", "image-60")
    assert [choice["name"] for choice in found["policy"]] == ["image-60"]
    assert [choice["certainty"] for choice in found["policy"]] == ["assumed on request"]


def test_the_moment_can_be_given() -> None:
    found = document("-f", V1, "--as-of", "2026-11-23T16:00:00+00:00")
    assert (found["takenAt"], found["takenAtBasis"]) == ("2026-11-23T16:00:00Z", "--as-of")


def test_yaml_says_what_json_says() -> None:
    yaml = pytest.importorskip("yaml")
    assert yaml.safe_load(cosictl("diagnose", "-f", V2, "-o", "yaml").stdout) == document("-f", V2)


def test_stdin_is_a_dump_too() -> None:
    objects = (Path(V1) / "objects.json").read_text()
    assert names(document("-f", "-", stdin=objects)) == names(document("-f", V1))


def test_hints_name_the_program_that_was_called() -> None:
    assert "cosictl explain COSI" in cosictl("diagnose", "-f", V1).stdout


@pytest.mark.parametrize("version", ["v1alpha1", "v1alpha2"])
def test_live_and_offline_conclude_the_same(version: str, tmp_path: Path) -> None:
    dump = tmp_path / "dump.json"
    with ApiServer(recorded(version), versions=(version,)) as server:
        config = ("--kubeconfig", str(server.kubeconfig(tmp_path)))
        live = cosictl("diagnose", "-o", "json", *config)
        wrote = cosictl("snapshot", "-o", str(dump), *config)
    assert wrote.returncode == 0
    offline = cosictl("diagnose", "-o", "json", "-f", str(dump))
    assert live.returncode == offline.returncode == 3
    assert _without_source(offline.stdout) == _without_source(live.stdout)


def _without_source(text: str) -> list[str]:
    return [line for line in text.splitlines() if not line.startswith(('  "source":', '  "takenAtBasis":'))]


def test_every_namespace_is_looked_at_without_a_target(tmp_path: Path) -> None:
    with ApiServer(recorded("v1alpha1")) as server:
        config = ("--kubeconfig", str(server.kubeconfig(tmp_path, namespace="team-b")))
        everything = document(*config)
        one = document(*config, "-n", "team-a")
        assert cosictl("diagnose", "claim/recovers", *config).returncode == 1
    assert len({item["namespace"] for item in everything["objects"]}) > 2
    assert {item["namespace"] for item in one["objects"]} == {"", "team-a"}


def test_rights_in_one_namespace_are_enough_and_it_is_said(tmp_path: Path) -> None:
    refused = {"bucketclaims", "bucketaccesses", "events", "leases", "pods"}
    with ApiServer(recorded("v1alpha1"), forbidden=refused) as server:
        config = ("--kubeconfig", str(server.kubeconfig(tmp_path, namespace="team-a")))
        done = cosictl("diagnose", "-o", "json", *config)
    assert "this is about namespace team-a only" in one_line(done.stderr)
    found = json.loads(done.stdout)
    assert found["namespaces"] == ["team-a"]
    assert done.returncode == 3
    assert {"COSI101", "COSI106"} <= {finding["code"] for finding in found["findings"]}


@pytest.mark.parametrize(("refused", "hinted"), [(set(), False), ({"leases"}, True)], ids=["none", "leases"])
def test_whoever_lacks_a_right_is_told_how_to_ask_for_it(refused: set[str], hinted: bool, tmp_path: Path) -> None:  # noqa: FBT001
    with ApiServer(recorded("v1alpha1"), forbidden=refused) as server:
        told = cosictl("diagnose", "-A", "--kubeconfig", str(server.kubeconfig(tmp_path))).stdout
    assert ("rbac check read-only" in told) is hinted


def test_verbosity_says_on_stderr_what_was_read() -> None:
    done = cosictl("diagnose", "-v", "-o", "json", "-f", V1)
    assert json.loads(done.stdout)["kind"] == "Diagnosis"
    assert "leases: not-in-dump" in done.stderr


DEAD_SIDECAR = str(ROOT / "tests" / "golden" / "s02-wrong-package" / "input")


def test_a_sidecar_that_keeps_dying_is_stuck_though_no_object_is() -> None:
    told = cosictl("diagnose", "-f", DEAD_SIDECAR)
    assert told.returncode == 3, told.stdout
    assert "1 Pod looping" in told.stdout
    summary = document("-f", DEAD_SIDECAR)["summary"]
    assert (summary["stuck"], summary["stuckPods"]) == (0, 1)


def test_an_object_by_name_comes_with_the_dead_sidecar_that_serves_it() -> None:
    (unready,) = [item for item in document("-f", DEAD_SIDECAR)["objects"] if item["kind"] == "Bucket"]
    found = document("-f", DEAD_SIDECAR, f"bucket/{unready['name']}")
    assert "COSI502" in {finding["code"] for finding in found["findings"]}


def test_commands_about_files_read_the_same_files() -> None:
    told = cosictl("diagnose", "-f", DEAD_SIDECAR, "-f", str(V1)).stdout
    ours = [line.strip() for line in told.splitlines() if line.strip().startswith(("cosictl events", "cosictl get"))]
    assert ours
    assert all(line.endswith(f" -f {DEAD_SIDECAR} -f {V1}") for line in ours), ours


@pytest.mark.parametrize("asked_at", ["11:54:59", "11:59:50"])
def test_a_claim_points_to_its_terminating_bucket_however_new_the_request_is(asked_at: str, tmp_path: Path) -> None:
    shutil.copytree(ROOT / "tests" / "golden" / "d01-driver-refuses" / "input", tmp_path / "dump")
    claims = tmp_path / "dump" / "bucketclaims.yaml"
    claims.write_text(claims.read_text().replace("11:54:59", asked_at))
    found = document("-f", str(tmp_path / "dump"), "claim/photos", "-n", "team-a")
    assert [finding["code"] for finding in found["findings"]] == ["COSI301"]
    (claim,) = [item for item in found["objects"] if item["kind"] == "BucketClaim"]
    assert (claim["outlook"], claim["waitsOn"]["kind"]) == ("waiting", "Bucket")
