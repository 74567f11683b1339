import json
from datetime import UTC, datetime
from typing import Any

import pytest

from cosictl.intake.builder import SnapshotBuilder
from cosictl.model.objects import ClaimLink, Container
from cosictl.model.refs import Api
from cosictl.model.snapshot import Snapshot, TimeBasis

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
    assert ([entry.name for entry in access.accessed], access.driver) == (["bc-1"], "drv")
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
