import json
from datetime import UTC, datetime
from typing import Any

import pytest

from cosictl.errors import DumpError
from cosictl.intake.builder import ListPage, SnapshotBuilder
from cosictl.model.snapshot import ReadOutcome, ReadStatus, TimeBasis
from tests.test_intake_objects import A1, A2, NOW, built, claim, event


@pytest.mark.parametrize(
    "change",
    [
        {"status": None},
        {"status": "none"},
        {"spec": None},
        {"spec": {"bucketClassName": 7, "protocols": {"S3": 1}}},
        {"status": {"bucketReady": "yes", "bucketName": []}},
        {"future": {"nested": [1, 2]}},
        {"metadata": {"name": "c", "finalizers": "x", "annotations": [], "labels": {"a": None}, "generation": "two"}},
        {"metadata": {"name": "c", "creationTimestamp": "yesterday", "deletionTimestamp": 5}},
        {"metadata": {"name": "c", "creationTimestamp": "9999-12-31T23:59:59-05:00"}},
        {"metadata": {"name": "c", "creationTimestamp": "0001-01-01T00:00:00Z"}},
        {"metadata": {"name": "c", "generation": 10**30}},
    ],
)
def test_a_bad_field_does_not_cost_the_object(change: dict[str, Any]) -> None:
    snapshot = built(claim(**change))
    assert [found.meta.name for found in snapshot.claims] == ["c"]
    assert snapshot.undecoded == ()
    assert snapshot.claims[0].meta.created is None


def test_good_fields_beside_a_bad_one_are_kept() -> None:
    [found] = built(claim(status={"bucketReady": True, "bucketName": 5}, spec={"bucketClassName": ["x"]})).claims
    assert (found.ready, found.bucket_name, found.class_name) == (True, "5", "")


def test_invalid_utf8_and_lone_surrogates_are_replaced() -> None:
    raw = json.dumps(claim(spec={"bucketClassName": "@@"})).encode()
    assert built(raw.replace(b"@@", b"g\xffd")).claims[0].class_name == "g�d"
    assert built(raw.replace(b"@@", rb"g\ud800d")).claims[0].class_name == "g�d"


@pytest.mark.parametrize(
    ("raw", "named"),
    [
        (claim(metadata={"namespace": "team-a"}), ("BucketClaim", "team-a", "")),
        (claim(metadata=None), ("BucketClaim", "", "")),
        (claim(apiVersion="objectstorage.k8s.io/v1beta1"), ("BucketClaim", "team-a", "c")),
        (claim(apiVersion=None), ("BucketClaim", "team-a", "c")),
    ],
)
def test_an_object_without_identity_is_named_as_undecoded(raw: dict[str, Any], named: tuple[str, str, str]) -> None:
    [record] = built(raw).undecoded
    assert (record.kind, record.namespace, record.name) == named
    assert record.reason


@pytest.mark.parametrize("before", ["none", "whole", "broken"])
@pytest.mark.parametrize("after", ["gone", "whole", "broken"])
def test_an_object_is_known_as_it_was_last(before: str, after: str) -> None:
    raws = {"whole": claim(), "broken": claim(apiVersion="objectstorage.k8s.io/v1beta1")}
    builder = SnapshotBuilder(source="test", keep_raw=True)
    builder.add(
        json.dumps(claim(metadata={"name": "other", "namespace": "team-a", "uid": "o"})).encode(), origin="test"
    )
    if before != "none":
        builder.add(json.dumps(raws[before]).encode(), origin="test")
    if after == "gone":
        builder.remove(json.dumps(raws.get(before, claim())).encode(), origin="test", kind="BucketClaim")
    else:
        builder.renew(json.dumps(raws[after]).encode(), origin="test", kind="BucketClaim")
    snapshot = builder.build(taken_at=NOW, basis=TimeBasis.SERVER)
    names = [found.meta.name for found in snapshot.claims]
    assert names == (["c", "other"] if after == "whole" else ["other"])
    assert [found.name for found in snapshot.undecoded] == (["c"] if after == "broken" else [])
    assert len([*builder.raw_items()]) == len(names)


@pytest.mark.parametrize("is_gone", [True, False])
def test_a_pod_that_no_longer_concerns_cosi_is_forgotten(*, is_gone: bool) -> None:
    def pod(image: str) -> bytes:
        metadata = {"name": "driver-0", "namespace": "cosi", "uid": "p"}
        tree = {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": {"containers": [{"image": image}]}}
        return json.dumps(tree).encode()

    builder = SnapshotBuilder(source="test")
    assert builder.renew(pod("registry.example.com/objectstorage-sidecar:v0.2.2"), origin="test", kind="Pod")
    assert len(builder.build(taken_at=NOW, basis=TimeBasis.SERVER).pods) == 1
    change = builder.remove if is_gone else builder.renew
    assert change(pod("nginx"), origin="test", kind="Pod")
    assert builder.build(taken_at=NOW, basis=TimeBasis.SERVER).pods == ()
    # What never was of interest is no change.
    assert not change(pod("nginx"), origin="test", kind="Pod")


def test_an_item_of_a_typed_list_that_is_no_object_is_undecoded() -> None:
    builder = SnapshotBuilder(source="test")
    for raw in (b"5", b"null", b"{", b"[" * 100_000):
        assert builder.add(raw, origin="list", kind="Bucket", api_version=A1)
        assert not builder.add(raw, origin="list")
    assert {record.kind for record in builder.build(taken_at=NOW, basis=TimeBasis.SERVER).undecoded} == {"Bucket"}


def test_kinds_of_others_are_not_ours() -> None:
    builder = SnapshotBuilder(source="test")
    for api_version, kind in [("source.toolkit.fluxcd.io/v1", "Bucket"), ("v1", "Secret"), ("apps/v1", "Deployment")]:
        raw = json.dumps({"apiVersion": api_version, "kind": kind, "metadata": {"name": "x"}}).encode()
        assert not builder.add(raw, origin="test")
    assert builder.seen == set()


def test_the_newer_of_two_is_kept() -> None:
    def version(number: str, ready: object) -> dict[str, Any]:
        return claim(metadata={"name": "c", "uid": "u", "resourceVersion": number}, status={"bucketReady": ready})

    assert built(version("10", ready=True), version("9", ready=False)).claims[0].ready is True
    assert built(version("9", ready=False), version("10", ready=True)).claims[0].ready is True
    assert built(version("x", ready=False), version("y", ready=True)).claims[0].ready is True


def test_objects_are_sorted() -> None:
    names = [("b", "1"), ("a", "2"), ("a", "1")]
    snapshot = built(*(claim(metadata={"namespace": space, "name": name}) for space, name in names))
    assert [(c.meta.namespace, c.meta.name) for c in snapshot.claims] == sorted(names)


def test_texts_of_objects_are_masked() -> None:
    [found] = built(
        claim(
            apiVersion=A2,
            metadata={
                "name": "c",
                "annotations": {"a": "password=x", "kubectl.kubernetes.io/last-applied-configuration": "{}"},
            },
            status={"error": {"message": "login with AKIAIOSFODNN7EXAMPLE"}},
        )
    ).claims
    assert found.meta.annotations == {"a": "password=***"}
    assert found.error is not None
    assert found.error.message == "login with ***"


def test_a_page_of_a_typed_list() -> None:
    builder = SnapshotBuilder(source="test")
    page = {
        "kind": "BucketList",
        "apiVersion": A1,
        "metadata": {"continue": "next", "resourceVersion": "77", "remainingItemCount": 3},
        "items": [{"metadata": {"name": "b1"}}, {"metadata": {"name": "b2"}}],
    }
    found = builder.add_list(json.dumps(page).encode(), origin="/apis/x")
    assert found == ListPage(items=2, continue_token="next", resource_version="77", remaining=3)
    snapshot = builder.build(taken_at=NOW, basis=TimeBasis.SERVER)
    assert [bucket.meta.name for bucket in snapshot.buckets] == ["b1", "b2"]


def test_a_list_with_broken_parts_gives_the_rest() -> None:
    builder = SnapshotBuilder(source="test")
    raw = (
        b'{"kind":"EventList","apiVersion":"v1","metadata":{"continue":null,"remainingItemCount":"x"},"items":['
        b'{"metadata":{"name":"e"},"involvedObject":{"kind":"Bucket"},"message":"a\\ud800\xff"},7]}'
    )
    page = builder.add_list(raw, origin="/api/v1/events")
    assert page == ListPage(items=2, continue_token="", resource_version="", remaining=None)
    snapshot = builder.build(taken_at=NOW, basis=TimeBasis.SERVER)
    assert snapshot.events[0].message == "a��"
    assert [record.kind for record in snapshot.undecoded] == ["Event"]


@pytest.mark.parametrize(
    "raw", [b"", b'{"kind":"BucketList","items":[{"meta', b"[]", b'{"kind":"Status"}', b'{"items":5}']
)
def test_what_is_no_list_is_an_error_the_reader_can_see(raw: bytes) -> None:
    with pytest.raises(DumpError):
        SnapshotBuilder(source="test").add_list(raw, origin="/apis/x", kind="Bucket", api_version=A1)


def test_an_empty_list_of_go_has_null_items() -> None:
    builder = SnapshotBuilder(source="test")
    raw = b'{"kind":"PodList","apiVersion":"v1","metadata":{},"items":null}'
    assert builder.add_list(raw, origin="x").items == 0
    assert builder.seen == {"pods"}


def test_the_servers_words_are_masked_too() -> None:
    builder = SnapshotBuilder(source="test")
    builder.note(ReadStatus(resource="pods", outcome=ReadOutcome.FORBIDDEN, reason="token=abc is not allowed"))
    [status] = builder.build(taken_at=NOW, basis=TimeBasis.SERVER).reads
    assert status.reason == "token=*** is not allowed"


def test_a_message_of_one_and_a_half_mebibytes() -> None:
    message = "x=1 secretKey=abc " * 87_000
    [found] = built(event(message=message)).events
    assert found.message == message.replace("secretKey=abc", "secretKey=***")


def test_the_newest_time_ignores_sentinels() -> None:
    builder = SnapshotBuilder(source="test")
    assert builder.newest() is None
    for metadata in (
        {"name": "a", "creationTimestamp": "2026-11-23T14:00:00Z"},
        {"name": "b", "creationTimestamp": "9999-01-01T00:00:00Z"},
    ):
        builder.add(json.dumps(claim(metadata=metadata)).encode(), origin="test")
    assert builder.newest() == datetime(2026, 11, 23, 14, 0, tzinfo=UTC)
