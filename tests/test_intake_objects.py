import json
from datetime import UTC, datetime
from typing import Any

import pytest

from cosictl.errors import DumpError
from cosictl.intake.builder import ListPage, SnapshotBuilder
from cosictl.model.objects import ClaimLink, Container
from cosictl.model.refs import Api
from cosictl.model.snapshot import ReadOutcome, ReadStatus, Snapshot, TimeBasis

A1 = "objectstorage.k8s.io/v1alpha1"
A2 = "objectstorage.k8s.io/v1alpha2"
NOW = datetime(2026, 11, 23, 15, 0, tzinfo=UTC)


def claim(**changes: Any) -> dict[str, Any]:
    return {
        "apiVersion": A1,
        "kind": "BucketClaim",
        "metadata": {"name": "c", "namespace": "team-a", "uid": "u-c", "resourceVersion": "5"},
        "spec": {"bucketClassName": "gold", "protocols": ["S3"]},
        "status": {"bucketReady": False, "bucketName": "bucket-u-c"},
        **changes,
    }


def event(**changes: Any) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": {"name": "e", "namespace": "default", "uid": "u-e"},
        "involvedObject": {"apiVersion": A1, "kind": "Bucket", "name": "b", "uid": "u-b"},
        "message": "failed",
        "source": {"component": "cosi"},
        **changes,
    }


def built(*objects: dict[str, Any] | bytes) -> Snapshot:
    builder = SnapshotBuilder(source="test")
    for item in objects:
        raw = item if isinstance(item, bytes) else json.dumps(item).encode()
        assert builder.add(raw, origin="test")
    return builder.build(taken_at=NOW, basis=TimeBasis.SERVER)


def test_v1alpha1_objects() -> None:
    snapshot = built(
        claim(),
        {
            "apiVersion": A1,
            "kind": "Bucket",
            "metadata": {
                "name": "b",
                "deletionTimestamp": "2026-11-23T14:00:00+02:00",
                "finalizers": ["cosi.objectstorage.k8s.io/bucket-protection"],
                "managedFields": [{"manager": "x"}],
            },
            "spec": {
                "driverName": "d",
                "bucketClassName": "gold",
                "bucketClaim": {},
                "existingBucketID": "old",
                "parameters": {"a": "1"},
                "deletionPolicy": "Retain",
            },
            "status": {"bucketReady": True, "bucketID": "id"},
        },
        {
            "apiVersion": A1,
            "kind": "BucketAccess",
            "metadata": {"name": "a", "namespace": "team-a"},
            "spec": {"bucketClaimName": "c", "bucketAccessClassName": "ac", "credentialsSecretName": "s"},
            "status": {"accessGranted": True, "accountID": "ba-1"},
        },
        {
            "apiVersion": A1,
            "kind": "BucketClass",
            "metadata": {"name": "gold"},
            "driverName": "d",
            "deletionPolicy": "X",
        },
        {
            "apiVersion": A1,
            "kind": "BucketAccessClass",
            "metadata": {"name": "ac"},
            "driverName": "d",
            "authenticationType": "Key",
        },
    )
    [one] = snapshot.claims
    assert (one.class_name, one.ready, one.bucket_name, one.protocols) == ("gold", False, "bucket-u-c", ("S3",))
    [bucket] = snapshot.buckets
    assert bucket.meta.deleted == datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
    assert (bucket.claim, bucket.existing_id, bucket.bucket_id, bucket.ready) == (None, "old", "id", True)
    assert bucket.parameters == {"a": "1"}
    [access] = snapshot.accesses
    assert (access.claim_names, access.secret_names, access.account_id) == (("c",), ("s",), "ba-1")
    assert (snapshot.bucket_classes[0].driver, snapshot.bucket_classes[0].deletion_policy) == ("d", "X")
    assert snapshot.access_classes[0].auth_type == "Key"


def test_v1alpha2_objects() -> None:
    snapshot = built(
        {
            "apiVersion": A2,
            "kind": "Bucket",
            "metadata": {"name": "bc-1"},
            "spec": {"driverName": "d", "bucketClaimRef": {"name": "c", "namespace": "n", "uid": "u"}},
            "status": {"readyToUse": False, "error": {"message": "no", "time": "2026-11-23T14:00:00.5Z"}},
        },
        claim(apiVersion=A2, status={"readyToUse": True, "boundBucketName": "bc-1"}),
        {
            "apiVersion": A2,
            "kind": "BucketAccess",
            "metadata": {"name": "a", "namespace": "n"},
            "spec": {"bucketClaims": [{"bucketClaimName": "c", "accessSecretName": "s"}, {"bucketClaimName": "d"}]},
            "status": {"accessedBuckets": [{"bucketName": "bc-1"}], "driverName": "drv"},
        },
        {"apiVersion": A2, "kind": "BucketClass", "metadata": {"name": "gold"}, "spec": {"driverName": "d"}},
        {
            "apiVersion": A2,
            "kind": "BucketAccessClass",
            "metadata": {"name": "x"},
            "spec": {"authenticationType": "Key"},
        },
    )
    [bucket] = snapshot.buckets
    assert (bucket.api, bucket.claim) == (Api.V1ALPHA2, ClaimLink(namespace="n", name="c", uid="u"))
    assert bucket.error is not None
    assert bucket.error.time == datetime(2026, 11, 23, 14, 0, 0, 500_000, tzinfo=UTC)
    assert (snapshot.claims[0].ready, snapshot.claims[0].bucket_name) == (True, "bc-1")
    [access] = snapshot.accesses
    assert (access.claim_names, access.secret_names) == (("c", "d"), ("s",))
    assert (access.bucket_names, access.driver) == (("bc-1",), "drv")
    assert snapshot.bucket_classes[0].driver == "d"
    assert snapshot.access_classes[0].auth_type == "Key"


def test_core_and_newer_events_say_the_same() -> None:
    times = {"first": "2026-11-23T14:00:00Z", "last": "2026-11-23T14:05:00Z"}
    core = event(count=4, eventTime=None, firstTimestamp=times["first"], lastTimestamp=times["last"])
    newer = {
        "apiVersion": "events.k8s.io/v1",
        "kind": "Event",
        "metadata": core["metadata"],
        "regarding": core["involvedObject"],
        "note": "failed",
        "deprecatedSource": {"component": "cosi"},
        "deprecatedCount": 4,
        "deprecatedFirstTimestamp": times["first"],
        "deprecatedLastTimestamp": times["last"],
    }
    assert built(core).events == built(newer).events
    [found] = built(core).events
    assert (found.count, found.component, found.about_uid) == (4, "cosi", "u-b")


def test_an_event_series() -> None:
    [found] = built(
        event(
            source={},
            reportingComponent="cosi",
            eventTime="2026-11-23T14:00:00.000001Z",
            series={"count": 7, "lastObservedTime": "2026-11-23T14:09:00.000000Z"},
        )
    ).events
    assert (found.count, found.component) == (7, "cosi")
    assert found.first == datetime(2026, 11, 23, 14, 0, 0, 1, tzinfo=UTC)
    assert found.last == datetime(2026, 11, 23, 14, 9, tzinfo=UTC)


@pytest.mark.parametrize(
    ("about", "component", "kept"),
    [
        ({"apiVersion": A1, "kind": "BucketClaim", "name": "c"}, "", True),
        ({"kind": "Bucket", "name": "b"}, "", True),
        ({"apiVersion": "source.toolkit.fluxcd.io/v1", "kind": "Bucket", "name": "b"}, "source-controller", False),
        ({"apiVersion": "v1", "kind": "Pod", "name": "p"}, "kubelet", False),
        ({}, "cosi", True),
        ({}, "kubelet", False),
    ],
)
def test_only_events_that_concern_cosi_are_kept(about: dict[str, str], component: str, *, kept: bool) -> None:
    snapshot = built(event(involvedObject=about, source={"component": component}))
    assert (len(snapshot.events) == 1) is kept


def test_leases_and_pods_of_cosi_are_kept_and_others_not() -> None:
    def pod(name: str, image: str, container: str = "main") -> dict[str, Any]:
        return {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": name, "namespace": "n"},
            "spec": {"nodeName": "node-1", "containers": [{"name": container, "image": image, "args": ["-v=5"]}]},
            "status": {
                "phase": "Running",
                "containerStatuses": [
                    {
                        "name": container,
                        "imageID": f"{image}@sha256:1",
                        "ready": True,
                        "restartCount": 3,
                        "state": {"waiting": {"reason": "CrashLoopBackOff"}},
                        "lastState": {"terminated": {"exitCode": 255, "reason": "Error", "message": "secretKey=abc"}},
                    }
                ],
            },
        }

    def lease(name: str) -> dict[str, Any]:
        return {
            "apiVersion": "coordination.k8s.io/v1",
            "kind": "Lease",
            "metadata": {"name": name, "namespace": "n"},
            "spec": {
                "holderIdentity": "pod-1",
                "renewTime": "2026-11-23T14:00:00.123456Z",
                "leaseDurationSeconds": 150,
            },
        }

    snapshot = built(
        pod("driver-0", "registry.local/mirror/objectstorage-sidecar:v0.2.2"),
        pod("driver-1", "registry.local/x@sha256:2", container="cosi-sidecar"),
        pod("web", "registry.local/cosign:1"),
        lease("cosi-example-com-cosi"),
        lease("kube-scheduler"),
    )
    assert [pod.meta.name for pod in snapshot.pods] == ["driver-0", "driver-1"]
    assert snapshot.pods[0].containers == (
        Container(
            name="main",
            image="registry.local/mirror/objectstorage-sidecar:v0.2.2",
            image_id="registry.local/mirror/objectstorage-sidecar:v0.2.2@sha256:1",
            args=("-v=5",),
            ready=True,
            restarts=3,
            exit_code=255,
            exit_reason="Error",
            exit_text="secretKey=***",
            waiting_reason="CrashLoopBackOff",
        ),
    )
    [held] = snapshot.leases
    assert (held.holder, held.duration) == ("pod-1", 150)
    assert held.renewed == datetime(2026, 11, 23, 14, 0, 0, 123456, tzinfo=UTC)


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
    assert builder.newest is None
    for metadata in (
        {"name": "a", "creationTimestamp": "2026-11-23T14:00:00Z"},
        {"name": "b", "creationTimestamp": "9999-01-01T00:00:00Z"},
    ):
        builder.add(json.dumps(claim(metadata=metadata)).encode(), origin="test")
    assert builder.newest == datetime(2026, 11, 23, 14, 0, tzinfo=UTC)
