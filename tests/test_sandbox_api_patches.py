"""Selectors and patches as the API server reads them."""

import json
from typing import Any

import pytest

from cosictl.sandbox.api.patches import JSON_PATCH, MERGE_PATCH, STRATEGIC_PATCH, patched
from cosictl.sandbox.api.resources import CLAIMS_V1, NAMESPACES, SECRETS
from cosictl.sandbox.api.selectors import field_test, label_test
from cosictl.sandbox.ports import ApiError, Json


def refused(error: pytest.ExceptionInfo[ApiError]) -> tuple[int, str]:
    return error.value.code, error.value.reason


@pytest.mark.parametrize(
    ("selector", "fits"),
    [
        ("", True),
        ("app=x", True),
        ("app==y", False),
        ("app!=y,tier", True),
        ("!app", False),
        ("!other", True),
        ("app in (x, y),tier notin (back)", True),
        ("app in (y)", False),
        ("other notin (y)", True),
        ("size>3,size<5", True),
        ("size>4", False),
        ("a.io/b=c", True),
    ],
)
def test_label_selectors(selector: str, fits: bool) -> None:  # noqa: FBT001 - a row of the table above
    labels = {"app": "x", "tier": "front", "size": "4", "a.io/b": "c"}
    test = label_test(selector)
    assert (test is None or test({"metadata": {"labels": labels}})) is fits


@pytest.mark.parametrize("selector", ["a b", "app in x", "=x", "a,,b", "app>x"])
def test_label_selectors_that_cannot_be_read(selector: str) -> None:
    with pytest.raises(ApiError, match="unable to parse requirement"):
        label_test(selector)


def test_field_selectors_know_the_fields_of_their_kind() -> None:
    for resource, good in ((SECRETS, "type=x"), (NAMESPACES, "status.phase=Active"), (CLAIMS_V1, "metadata.name=a")):
        assert field_test(resource, good) is not None
        with pytest.raises(ApiError, match=r"field label not supported: spec\.x"):
            field_test(resource, "spec.x=1")


START: Json = {"metadata": {"name": "s", "finalizers": ["a", "b"]}, "data": {"k": "v"}}


@pytest.mark.parametrize(
    ("kind", "patch", "path", "expected"),
    [
        (MERGE_PATCH, {"data": {"k": None, "l": "w"}}, "data", {"l": "w"}),
        (MERGE_PATCH, {"metadata": {"finalizers": ["b"]}}, "metadata.finalizers", ["b"]),
        (STRATEGIC_PATCH, {"metadata": {"finalizers": ["c", "a"]}}, "metadata.finalizers", ["a", "b", "c"]),
        (
            STRATEGIC_PATCH,
            {"metadata": {"$deleteFromPrimitiveList/finalizers": ["a"], "$setElementOrder/finalizers": ["b"]}},
            "metadata.finalizers",
            ["b"],
        ),
        (STRATEGIC_PATCH, {"data": {"$patch": "replace", "x": "y"}}, "data", {"x": "y"}),
        (STRATEGIC_PATCH, {"data": {"$retainKeys": ["x"], "x": "y"}}, "data", {"x": "y"}),
        (JSON_PATCH, [{"op": "add", "path": "/metadata/finalizers/-", "value": "c"}], "metadata.finalizers.2", "c"),
        (JSON_PATCH, [{"op": "replace", "path": "/data/k", "value": "w"}], "data.k", "w"),
        (JSON_PATCH, [{"op": "move", "from": "/data/k", "path": "/data/a~1b"}], "data", {"a/b": "v"}),
        (JSON_PATCH, [{"op": "copy", "from": "/data/k", "path": "/data/l"}], "data", {"k": "v", "l": "v"}),
        (JSON_PATCH, [{"op": "test", "path": "/data/none"}, {"op": "remove", "path": "/data/k"}], "data", {}),
    ],
)
def test_patches(kind: str, patch: Any, path: str, expected: Any) -> None:
    found: Any = patched(json.loads(json.dumps(START)), patch, kind, custom=False)
    for key in path.split("."):
        found = found[int(key)] if isinstance(found, list) else found[key]
    assert found == expected


def test_lists_with_a_key_are_merged_by_it() -> None:
    start = {"containers": [{"name": "a", "image": "1"}, {"name": "b", "image": "1"}]}
    changes = [{"name": "a", "image": "2"}, {"name": "b", "$patch": "delete"}, {"name": "c"}]
    found = patched(start, {"containers": changes}, STRATEGIC_PATCH, custom=False)
    assert found["containers"] == [{"name": "a", "image": "2"}, {"name": "c"}]


@pytest.mark.parametrize(
    "step",
    [
        {"op": "remove", "path": "/data/none"},
        {"op": "replace", "path": "/data/none", "value": 1},
        {"op": "add", "path": "/none/none", "value": 1},
        {"op": "add", "path": "/metadata/finalizers/7", "value": "x"},
        {"op": "test", "path": "/data/k", "value": "other"},
        {"op": "explode", "path": "/data"},
        {"op": "add", "path": "/data/k"},
        {"path": "/data/k"},
        {"op": "remove", "path": "data"},
        {"op": "add", "path": "", "value": []},
    ],
)
def test_json_patches_that_do_not_fit(step: Json) -> None:
    with pytest.raises(ApiError) as error:
        patched(json.loads(json.dumps(START)), [step], JSON_PATCH, custom=True)
    assert refused(error) == (422, "Invalid")
