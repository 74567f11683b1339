import codecs
import io
import json
import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from cosictl.errors import DumpError
from cosictl.intake.files import load_dump, read_dump
from cosictl.model.snapshot import ReadOutcome, Snapshot, TimeBasis

RECORDED = Path(__file__).parent / "recorded"
A1 = "objectstorage.k8s.io/v1alpha1"
CREATED = datetime(2026, 11, 23, 14, 0, tzinfo=UTC)


def claim(name: str) -> dict[str, Any]:
    return {
        "apiVersion": A1,
        "kind": "BucketClaim",
        "metadata": {"name": name, "namespace": "team-a", "creationTimestamp": "2026-11-23T14:00:00Z"},
        "spec": {"bucketClassName": "gold"},
    }


CLAIMS = [claim("a"), claim("b")]
LIST = {"apiVersion": "v1", "kind": "List", "items": CLAIMS, "metadata": {"resourceVersion": ""}}


def names(snapshot: Snapshot) -> list[str]:
    return [found.meta.name for found in snapshot.claims]


def counts(snapshot: Snapshot) -> tuple[int, ...]:
    kinds = (snapshot.buckets, snapshot.claims, snapshot.accesses, snapshot.bucket_classes, snapshot.access_classes)
    return tuple(map(len, (*kinds, snapshot.events)))


def test_the_recording_of_v1alpha1_is_read_whole() -> None:
    snapshot = read_dump([str(RECORDED / "v1alpha1")])
    assert counts(snapshot) == (20, 22, 6, 22, 3, 29)
    assert (snapshot.taken_at, snapshot.basis) == (datetime(2026, 11, 23, 15, 11, 7, tzinfo=UTC), TimeBasis.DUMP)
    assert snapshot.skipped_files == 4
    assert snapshot.undecoded == ()
    assert {(read.resource, read.outcome) for read in snapshot.reads} == {
        ("leases", ReadOutcome.NOT_IN_DUMP),
        ("pods", ReadOutcome.NOT_IN_DUMP),
    }


def test_the_recording_of_v1alpha2_is_read_whole_and_its_empty_events_count_as_read() -> None:
    snapshot = read_dump([str(RECORDED / "v1alpha2")])
    assert counts(snapshot) == (22, 21, 7, 21, 4, 0)
    assert snapshot.skipped_files == 3
    assert "events" not in {read.resource for read in snapshot.reads}


def test_both_recordings_side_by_side() -> None:
    snapshot = read_dump([str(RECORDED / "v1alpha1"), str(RECORDED / "v1alpha2")])
    assert counts(snapshot) == (42, 43, 13, 43, 7, 29)


FORMS: dict[str, bytes] = {
    "list.json": json.dumps(LIST, indent=4).encode(),
    "typed.json": json.dumps(
        {
            "apiVersion": A1,
            "kind": "BucketClaimList",
            "items": [{k: v for k, v in c.items() if k not in {"kind", "apiVersion"}} for c in CLAIMS],
        }
    ).encode(),
    "lines.jsonl": "\n".join(map(json.dumps, CLAIMS)).encode(),
    "joined.json": "".join(json.dumps(c, indent=1) for c in CLAIMS).encode(),
    "array.json": json.dumps(CLAIMS).encode(),
    "list.yaml": yaml.safe_dump(LIST).encode(),
    "documents.yaml": b"# from a cluster\n---\n" + yaml.safe_dump_all(CLAIMS).encode() + b"---\n",
    "sequence.yaml": yaml.safe_dump(CLAIMS).encode(),
    "anchors.yaml": yaml.safe_dump_all([CLAIMS[0], CLAIMS[1] | {"spec": CLAIMS[0]["spec"]}]).encode(),
    "bom.json": codecs.BOM_UTF8 + json.dumps(LIST).encode(),
    "utf16.json": json.dumps(LIST).encode("utf-16"),
    "utf32.yaml": yaml.safe_dump(LIST).encode("utf-32"),
    "surrogate.json": json.dumps(LIST | {"x": "\ud800"}).encode(),
    "bytes.json": json.dumps(LIST | {"x": "@@"}).encode().replace(b"@@", b"\xff"),
}


@pytest.mark.parametrize("form", FORMS)
def test_every_form_of_a_dump_is_read(form: str, tmp_path: Path) -> None:
    path = tmp_path / form
    path.write_bytes(FORMS[form])
    snapshot = read_dump([str(path)])
    assert names(snapshot) == ["a", "b"]
    assert snapshot.claims[0].class_name == "gold"
    assert (snapshot.taken_at, snapshot.basis) == (CREATED, TimeBasis.NEWEST)
    assert snapshot.source == str(path)


@pytest.mark.parametrize("form", FORMS)
def test_every_form_is_read_from_standard_input(form: str) -> None:
    snapshot = read_dump(["-"], stdin=io.BytesIO(FORMS[form]))
    assert names(snapshot) == ["a", "b"]
    assert snapshot.source == "-"


def test_a_must_gather_tree(tmp_path: Path) -> None:
    inside = tmp_path / "namespaces" / "team-a" / "objectstorage.k8s.io" / "bucketclaims"
    inside.mkdir(parents=True)
    for found in CLAIMS:
        (inside / f"{found['metadata']['name']}.yaml").write_text(yaml.safe_dump(found))
    (tmp_path / "core").mkdir()
    (tmp_path / "core" / "events.yaml").write_text("apiVersion: v1\nkind: EventList\nitems: []\n")
    (tmp_path / "core" / "nodes.json").write_text('{"apiVersion": "v1", "kind": "NodeList", "items": [{}]}')
    (tmp_path / "version").write_text("cluster/1.36\n")
    (tmp_path / "empty.log").write_bytes(b"")
    (tmp_path / "image.png").write_bytes(b"\x89PNG\r\n\x1a\n\0\0")
    os.mkfifo(tmp_path / "pipe")
    snapshot = read_dump([str(tmp_path)])
    assert names(snapshot) == ["a", "b"]
    assert snapshot.skipped_files == 3
    assert {read.resource for read in snapshot.reads} == {
        "buckets",
        "bucketaccesses",
        "bucketclasses",
        "bucketaccessclasses",
        "leases",
        "pods",
    }


def test_several_files_make_one_snapshot(tmp_path: Path) -> None:
    one, two, about = tmp_path / "one.json", tmp_path / "two.yaml", tmp_path / "about.json"
    one.write_text(json.dumps(CLAIMS[0]))
    two.write_text(yaml.safe_dump(CLAIMS[1]))
    about.write_text('{"takenAt": "2026-11-23T16:00:00Z"}')
    snapshot = read_dump([str(one), str(two), str(about)])
    assert names(snapshot) == ["a", "b"]
    assert (snapshot.taken_at.hour, snapshot.basis) == (16, TimeBasis.DUMP)
    assert snapshot.source == f"{one}, {two}, {about}"


def test_now_is_as_of_before_all_else_and_the_given_clock_last(tmp_path: Path) -> None:
    as_of = datetime(2030, 1, 1, tzinfo=UTC)
    snapshot = read_dump([str(RECORDED / "v1alpha1")], as_of=as_of)
    assert (snapshot.taken_at, snapshot.basis) == (as_of, TimeBasis.AS_OF)
    empty = tmp_path / "buckets.json"
    empty.write_text('{"apiVersion": "v1", "kind": "List", "items": []}')
    snapshot = read_dump([str(empty)], clock=as_of)
    assert (snapshot.taken_at, snapshot.basis) == (as_of, TimeBasis.LOCAL)
    assert "buckets" not in {read.resource for read in snapshot.reads}


BAD: dict[str, bytes] = {
    "empty.json": b"",
    "blank.yaml": b"\n  \n",
    "half.json": json.dumps(LIST).encode()[:-30],
    "half.jsonl": "\n".join(map(json.dumps, CLAIMS)).encode()[:-10],
    "half.yaml": b"apiVersion: v1\nkind: List\nitems: [\n- {",
    "tabs.yaml": b"apiVersion: v1\nkind:\t- x\n\t\tfoo: [",
    "truth.json": b'{"Bucket/x": {"state": ["ready"]}}',
    "calls.jsonl": b'{"t": 1, "method": "x"}\n{"t": 2}',
    "number.json": b"[1, 2, 3]",
    "sidecar.log": b"E1123 15:07:44.0 1 controller.go:1] kind: x\n",
    "binary": b"\x7fELF\0\0\0",
    "deep.json": b'{"apiVersion": "v1", "kind": ' + b"[" * 200_000,
    "deep.yaml": b"apiVersion: v1\nkind: " + b"[" * 200_000 + b"]" * 200_000,
    "bomb.yaml": b"apiVersion: v1\nkind: x\na0: &a0 [x, x]\n"
    + b"".join(b"a%d: &a%d [%s]\n" % (i, i, b", ".join([b"*a%d" % (i - 1)] * 10)) for i in range(1, 12)),
    "loop.yaml": b"apiVersion: v1\nkind: x\na: &a [*a]\n",
    "future.json": b'{"apiVersion": "cosictl.dev/v9", "kind": "Dump", "items": []}',
    "noitems.json": b'{"apiVersion": "v1", "kind": "List"}',
}


@pytest.mark.parametrize("form", BAD)
def test_a_named_file_that_is_no_dump_is_an_error_that_names_it(form: str, tmp_path: Path) -> None:
    path = tmp_path / form
    path.write_bytes(BAD[form])
    with pytest.raises(DumpError) as caught:
        read_dump([str(path)])
    assert form in caught.value.what
    assert caught.value.next_step or caught.value.meaning
    assert "\n" not in str(caught.value)


def test_missing_and_unreadable_files_are_errors(tmp_path: Path) -> None:
    for path in (str(tmp_path / "none"), "\0"):
        with pytest.raises(DumpError, match="cannot be read"):
            read_dump([path])


def test_a_folder_without_a_dump_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("nothing")
    with pytest.raises(DumpError, match="no file in this folder"):
        read_dump([str(tmp_path)])


def test_a_broken_dump_in_a_folder_is_named_and_the_rest_is_read(tmp_path: Path) -> None:
    (tmp_path / "good.json").write_text(json.dumps(LIST))
    (tmp_path / "half.json").write_bytes(BAD["half.json"])
    (tmp_path / "gone.json").symlink_to(tmp_path / "nowhere")
    snapshot = read_dump([str(tmp_path)])
    assert names(snapshot) == ["a", "b"]
    assert [(record.kind, record.name) for record in snapshot.undecoded] == [
        ("File", "gone.json"),
        ("File", "half.json"),
    ]
    assert snapshot.skipped_files == 0


def test_yaml_scalars_stay_what_kubernetes_means() -> None:
    text = """
apiVersion: objectstorage.k8s.io/v1alpha1
kind: BucketClaim
metadata:
  name: 2026-11-23
  generation: 3
  creationTimestamp: 2026-11-23T14:00:00Z
  annotations: {yes: "1", on: no, time: 12:30:45, empty: ~, true: x}
spec: {bucketClassName: !!str 5}
status: {bucketReady: true}
"""
    [found] = read_dump(["-"], stdin=io.BytesIO(text.encode())).claims
    assert (found.meta.name, found.meta.generation, found.meta.created) == ("2026-11-23", 3, CREATED)
    assert found.meta.annotations == {"yes": "1", "on": "no", "time": "12:30:45", "true": "x"}
    assert (found.class_name, found.ready) == ("5", True)


def test_json_input_loads_neither_yaml_nor_a_client() -> None:
    code = (
        "import sys; from cosictl.intake.files import read_dump; "
        f"read_dump([{str(RECORDED / 'v1alpha1')!r}]); "
        "print(sorted({'yaml', 'kubernetes', 'grpc'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_load_dump_gives_the_builder_too() -> None:
    builder, snapshot = load_dump([str(RECORDED / "v1alpha1")], keep_raw=True)
    assert sum(1 for _ in builder.raw_items()) == sum(counts(snapshot))


@pytest.mark.parametrize("kind", ["Diagnosis", "SidecarList", "ReportDiff", ""])
def test_what_we_concluded_of_a_cluster_is_no_dump_of_it(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "saved.json"
    path.write_text(json.dumps({"apiVersion": "cosictl.dev/v1alpha1", "kind": kind, "items": []}))
    with pytest.raises(DumpError, match="that cosictl wrote"):
        read_dump([str(path)])
    # In a folder it is passed over, and counted.
    (tmp_path / "list.json").write_text(json.dumps(LIST))
    assert read_dump([str(tmp_path)]).skipped_files == 1
