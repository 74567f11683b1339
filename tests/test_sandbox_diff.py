"""What a rehearsal shows as changed."""

from copy import deepcopy
from typing import Any

from cosictl.sandbox.diff import FieldChange, What, diff

BUCKET: dict[str, Any] = {
    "kind": "Bucket",
    "metadata": {"name": "b", "uid": "1", "resourceVersion": "5", "generation": 1, "finalizers": ["p"]},
    "spec": {"deletionPolicy": "Delete"},
}


def changed(**parts: Any) -> dict[str, Any]:
    value = deepcopy(BUCKET)
    for part, fields in parts.items():
        value[part] |= fields
    return value


def test_what_moves_by_itself_is_no_difference() -> None:
    moved = changed(metadata={"resourceVersion": "9", "generation": 2})
    lease = {"kind": "Lease", "metadata": {"name": "l"}}
    assert diff([BUCKET], [moved, lease]) == ()
    first, second = ({**BUCKET, "status": {"error": {"message": "no", "time": time}}} for time in ("1", "2"))
    assert diff([first], [second]) == ()
    pods = [{"kind": "Pod", "metadata": {"name": "p"}, "status": {"phase": phase}} for phase in ("Running", "Failed")]
    assert diff(pods[:1], pods[1:]) == ()


def test_a_changed_field_is_named_with_both_values() -> None:
    (found,) = diff([BUCKET], [changed(spec={"deletionPolicy": "Retain"})])
    assert found.what is What.CHANGED
    assert found.fields == (FieldChange(path="spec.deletionPolicy", before='"Delete"', after='"Retain"'),)


def test_an_object_on_its_way_out_is_terminating() -> None:
    (found,) = diff([BUCKET], [changed(metadata={"deletionTimestamp": "2026-01-01T00:00:00Z"})])
    assert found.what is What.TERMINATING


def test_an_object_made_anew_under_its_name_is_deleted_and_created() -> None:
    found = diff([BUCKET], [changed(metadata={"uid": "2"})])
    assert [item.what for item in found] == [What.DELETED, What.CREATED]


def test_gone_and_new_objects_are_named() -> None:
    other = {"kind": "BucketClaim", "metadata": {"name": "c", "namespace": "team-a", "uid": "3"}}
    found = diff([BUCKET], [other])
    assert [(item.what, item.kind, item.namespace) for item in found] == [
        (What.DELETED, "Bucket", ""),
        (What.CREATED, "BucketClaim", "team-a"),
    ]
