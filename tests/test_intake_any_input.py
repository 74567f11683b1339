"""No input makes intake raise anything but its own error, and no credential survives it."""

import io
import json
from datetime import UTC, datetime
from typing import Any

import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from cosictl.errors import DumpError
from cosictl.intake.builder import SnapshotBuilder
from cosictl.intake.dump import dump_bytes
from cosictl.intake.files import load_dump, read_dump
from cosictl.model.copying import replace
from cosictl.model.refs import RESOURCES
from cosictl.model.snapshot import Snapshot, TimeBasis

NOW = datetime(2026, 11, 23, 15, 0, tzinfo=UTC)
GROUPS = ["objectstorage.k8s.io/v1alpha1", "objectstorage.k8s.io/v1alpha2", "v1", "events.k8s.io/v1"]
FIELDS = [
    *("metadata", "spec", "status", "name", "namespace", "uid", "annotations", "finalizers", "creationTimestamp"),
    *("deletionTimestamp", "resourceVersion", "generation", "driverName", "parameters", "bucketClaim", "bucketClaims"),
    *(
        "error",
        "message",
        "time",
        "bucketReady",
        "involvedObject",
        "count",
        "series",
        "containers",
        "containerStatuses",
    ),
    *("state", "terminated", "exitCode", "items", "takenAt", "reads", "renewTime", "managedFields", "env", "value"),
]
SECRET = "hunter2SecretValue9"
TRICKY = [
    *("2026-11-23T14:00:00Z", "9999-12-31T23:59:59-14:00", "cosi", "Bucket", "7", "true", "\ud800"),
    *("objectstorage-sidecar", f"secretKey={SECRET}", f'{{"token":"{SECRET}"}}', "AKIAIOSFODNN7EXAMPLE"),
]
TEXTS = st.text(max_size=12) | st.sampled_from(TRICKY)
SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | TEXTS
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(FIELDS) | TEXTS, inner, max_size=4),
    max_leaves=12,
)
SECTIONS = st.dictionaries(st.sampled_from(FIELDS), VALUES, max_size=6) | VALUES
METADATA = st.dictionaries(st.sampled_from(FIELDS), VALUES, max_size=6).map(lambda fields: {"name": "x"} | fields)
OBJECTS = st.fixed_dictionaries(
    {"apiVersion": st.sampled_from(GROUPS) | VALUES, "kind": st.sampled_from([*RESOURCES, "List", "Dump"]) | VALUES},
    optional={
        "metadata": METADATA | VALUES,
        "spec": SECTIONS,
        "status": SECTIONS,
        "items": st.lists(VALUES, max_size=2) | VALUES,
        "message": TEXTS,
        "involvedObject": st.just({"kind": "Bucket"}) | VALUES,
    },
)


def read_or_refuse(data: bytes) -> Snapshot | None:
    try:
        return read_dump(["-"], stdin=io.BytesIO(data))
    except DumpError:
        return None


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=200))
def test_any_bytes(data: bytes) -> None:
    read_or_refuse(data)
    read_or_refuse(b'{"apiVersion":"v1","kind":"List","items":[' + data)
    read_or_refuse(b"apiVersion: v1\nkind: List\nitems:\n- " + data)
    builder = SnapshotBuilder(source="test", keep_raw=True)
    builder.add(data, origin="test", kind="Bucket", api_version=GROUPS[0])
    dump_bytes(builder, builder.build(taken_at=NOW, basis=TimeBasis.SERVER))


@settings(max_examples=250, deadline=None)
@given(st.lists(OBJECTS, max_size=3))
def test_any_objects_in_any_form(objects: list[dict[str, Any]]) -> None:
    listed = {"apiVersion": "v1", "kind": "List", "items": objects}
    forms = [json.dumps(listed), json.dumps(objects), "\n".join(map(json.dumps, objects))]
    found = [read_or_refuse(form.encode()) for form in forms]
    assert found[0] is not None
    if found[2] is not None:
        assert found[1] == found[2]
    read_or_refuse(yaml.safe_dump_all(objects).encode("utf-8", "replace"))


@settings(max_examples=250, deadline=None)
@given(st.lists(OBJECTS, max_size=3))
def test_any_objects_come_back_from_a_dump(objects: list[dict[str, Any]]) -> None:
    plain, keeping = (SnapshotBuilder(source="test", keep_raw=keep) for keep in (False, True))
    for item in objects:
        for builder in (plain, keeping):
            builder.add(json.dumps(item).encode(), origin="test")
    snapshot = keeping.build(taken_at=NOW, basis=TimeBasis.DUMP)
    assert plain.build(taken_at=NOW, basis=TimeBasis.DUMP) == snapshot
    data = dump_bytes(keeping, snapshot)
    assert b"AKIAIOSFODNN7" not in data
    assert SECRET.encode() not in data
    builder, again = load_dump(["-"], stdin=io.BytesIO(data), keep_raw=True)
    assert again == replace(snapshot, source="-")
    assert dump_bytes(builder, replace(again, source="test")) == data
