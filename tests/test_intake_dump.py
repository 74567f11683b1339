import json
import stat
from datetime import UTC, datetime
from pathlib import Path

import pytest

from cosictl.errors import DumpError
from cosictl.intake.builder import SnapshotBuilder
from cosictl.intake.dump import dump_bytes, write_dump
from cosictl.intake.files import load_dump, read_dump
from cosictl.model.copying import replace
from cosictl.model.snapshot import ReadOutcome, ReadStatus, Snapshot, TimeBasis

RECORDED = Path(__file__).parent / "recorded"
A1 = "objectstorage.k8s.io/v1alpha1"
NOW = datetime(2026, 11, 23, 15, 0, 0, 123456, tzinfo=UTC)


def observed(*, keep_raw: bool) -> tuple[SnapshotBuilder, Snapshot]:
    """Fill a builder as a live reader would: typed lists, refusals, hostile and broken objects."""
    builder = SnapshotBuilder(source="https://127.0.0.1:6443", keep_raw=keep_raw)
    buckets = {
        "kind": "BucketList",
        "apiVersion": A1,
        "items": [
            {
                "metadata": {
                    "name": "b1",
                    "uid": "u1",
                    "managedFields": [{"manager": "secret"}],
                    "annotations": {"kubectl.kubernetes.io/last-applied-configuration": "{}", "note": "token=abc"},
                },
                "spec": {"parameters": {"accessKey": "abc", "tier": "gold", "times": 4}, "future": {"password": "x"}},
                "status": None,
            },
            {"metadata": {"name": "\ud800b2 AKIAIOSFODNN7EXAMPLE"}, "spec": {"driverName": 5}},
            {"metadata": {}},
            7,
        ],
    }
    builder.add_list(json.dumps(buckets).encode(), origin="/apis/x/buckets")
    pod = {
        "metadata": {"name": "objectstorage-controller-0", "namespace": "n"},
        "spec": {
            "containers": [
                {
                    "name": "c",
                    "image": "objectstorage-controller:v1",
                    "args": ["--secret-key", "abc"],
                    "env": [{"name": "AWS_SECRET_ACCESS_KEY", "value": "topsecretvalue"}],
                }
            ]
        },
    }
    builder.add(json.dumps(pod).encode(), origin="/api/v1/pods", kind="Pod", api_version="v1")
    builder.note(ReadStatus(resource="buckets", outcome=ReadOutcome.OK))
    builder.note(ReadStatus(resource="events", outcome=ReadOutcome.FORBIDDEN, scope="n", reason="token=x forbidden"))
    builder.note(ReadStatus(resource="leases", outcome=ReadOutcome.ABSENT))
    return builder, builder.build(taken_at=NOW, basis=TimeBasis.SERVER, namespaces=("n", "default"))


def test_a_dump_reads_back_as_what_was_observed(tmp_path: Path) -> None:
    builder, snapshot = observed(keep_raw=True)
    path = tmp_path / "dump.json"
    write_dump(str(path), builder, snapshot)
    again = read_dump([str(path)])
    assert again == replace(snapshot, source=str(path), basis=TimeBasis.DUMP)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert list(tmp_path.iterdir()) == [path]


def test_keeping_raw_objects_changes_nothing_in_the_snapshot() -> None:
    assert observed(keep_raw=True)[1] == observed(keep_raw=False)[1]


def test_a_dump_holds_no_credential_and_no_noise() -> None:
    text = dump_bytes(*observed(keep_raw=True)).decode()
    for gone in ("abc", "topsecretvalue", "AKIA", "token=x", "managedFields", "last-applied"):
        assert gone not in text, gone
    document = json.loads(text)
    assert {(item["apiVersion"], item["kind"]) for item in document["items"]} == {(A1, "Bucket"), ("v1", "Pod")}
    assert document["items"][0]["spec"]["future"] == {"password": "***"}
    assert (document["kind"], document["takenAt"]) == ("Dump", "2026-11-23T15:00:00.123456Z")


@pytest.mark.parametrize("version", ["v1alpha1", "v1alpha2"])
def test_a_dump_of_files_reads_back_and_is_stable(version: str, tmp_path: Path) -> None:
    builder, snapshot = load_dump([str(RECORDED / version)], keep_raw=True)
    first = dump_bytes(builder, snapshot)
    assert dump_bytes(*load_dump([str(RECORDED / version)], keep_raw=True)) == first
    path = tmp_path / "dump"
    path.write_bytes(first)
    builder, again = load_dump([str(path)], keep_raw=True)
    assert again == replace(snapshot, source=str(path))
    assert dump_bytes(builder, replace(again, source=snapshot.source)) == first


def test_a_dump_in_a_folder_with_other_files(tmp_path: Path) -> None:
    builder, snapshot = observed(keep_raw=True)
    write_dump(str(tmp_path / "dump.json"), builder, snapshot)
    claim = {"apiVersion": A1, "kind": "BucketClaim", "metadata": {"name": "c", "namespace": "n"}}
    (tmp_path / "claim.json").write_text(json.dumps(claim))
    again = read_dump([str(tmp_path)])
    assert (len(again.buckets), len(again.claims), again.namespaces) == (2, 1, ())


def test_a_damaged_dump_gives_what_is_left(tmp_path: Path) -> None:
    path = tmp_path / "dump.json"
    document = json.loads(dump_bytes(*observed(keep_raw=True)))
    document |= {"reads": [5, {"resource": "events", "outcome": "odd"}], "takenAt": "soon", "undecoded": None}
    path.write_text(json.dumps(document))
    again = read_dump([str(path)])
    assert len(again.buckets) == 2
    assert again.reads == (ReadStatus(resource="events", outcome=ReadOutcome.FAILED),)


def test_a_dump_that_cannot_be_written_leaves_nothing_behind(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    for target in (tmp_path / "folder", tmp_path / "none" / "dump.json"):
        with pytest.raises(DumpError, match="cannot be written"):
            write_dump(str(target), *observed(keep_raw=True))
    assert list(tmp_path.iterdir()) == [tmp_path / "folder"]
