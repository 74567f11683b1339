"""One object and what it is made of: read by one GET each, and nothing else."""

import json
from pathlib import Path
from typing import Any

import pytest

from cosictl.cluster.connect import ConnectOptions, connect
from cosictl.cluster.follow import bucket_names, read_object
from cosictl.errors import ClusterError, CosiMissingError
from cosictl.model.objects import Claim, Meta
from cosictl.model.refs import Api, Kind
from cosictl.model.snapshot import ReadOutcome
from tests.apiserver import ApiServer

RECORDED = Path(__file__).parent / "recorded"
GROUP = "/apis/objectstorage.k8s.io"


def objects(version: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for name in ("objects.json", "events.json"):
        found += json.loads((RECORDED / version / name).read_text())["items"]
    return found


def named(version: str, kind: str, name: str) -> dict[str, Any]:
    return next(item for item in objects(version) if (item["kind"], item["metadata"]["name"]) == (kind, name))


def read(server: ApiServer, folder: Path, kind: Kind, name: str, namespace: str = "team-a") -> tuple[Any, list[str]]:
    """Read an object; give the snapshot and the paths that were asked for."""
    conn = connect(ConnectOptions(kubeconfig=str(server.kubeconfig(folder))))
    builder, snapshot = read_object(conn, kind, namespace, name)
    del builder
    return snapshot, [request.partition("?")[0] for request in server.requests]


def test_a_bucket_and_its_events(tmp_path: Path) -> None:
    name = "bucket-9bc130dd-0325-4951-842c-3f5856135121"
    with ApiServer(objects("v1alpha1")) as server:
        snapshot, asked = read(server, tmp_path, Kind.BUCKET, name)
    assert asked == [GROUP, f"{GROUP}/v1alpha1/buckets/{name}", "/api/v1/namespaces/default/events"]
    assert [bucket.meta.name for bucket in snapshot.buckets] == [name]
    assert {event.about_uid for event in snapshot.events} == {snapshot.buckets[0].meta.uid}


def test_a_claim_leads_to_its_bucket(tmp_path: Path) -> None:
    with ApiServer(objects("v1alpha1")) as server:
        snapshot, asked = read(server, tmp_path, Kind.CLAIM, "create-invalidargument")
    assert asked == [
        GROUP,
        f"{GROUP}/v1alpha1/namespaces/team-a/bucketclaims/create-invalidargument",
        f"{GROUP}/v1alpha1/buckets/bucket-9bc130dd-0325-4951-842c-3f5856135121",
        "/api/v1/namespaces/default/events",
    ]
    assert snapshot.events


def test_an_access_leads_to_its_class_its_claim_and_its_bucket(tmp_path: Path) -> None:
    claim = named("v1alpha1", "BucketAccess", "acc-denied")["spec"]["bucketClaimName"]
    bucket = named("v1alpha1", "BucketClaim", claim)["status"]["bucketName"]
    with ApiServer(objects("v1alpha1")) as server:
        _, asked = read(server, tmp_path, Kind.ACCESS, "acc-denied")
    assert asked == [
        GROUP,
        f"{GROUP}/v1alpha1/namespaces/team-a/bucketaccesses/acc-denied",
        f"{GROUP}/v1alpha1/namespaces/team-a/bucketclaims/{claim}",
        f"{GROUP}/v1alpha1/bucketaccessclasses/acc-denied",
        f"{GROUP}/v1alpha1/buckets/{bucket}",
        "/api/v1/namespaces/team-a/events",
    ]


def test_v1alpha2_needs_no_events_and_no_class(tmp_path: Path) -> None:
    access = named("v1alpha2", "BucketAccess", "acc-denied")
    (entry,) = access["status"]["accessedBuckets"]
    with ApiServer(objects("v1alpha2"), versions=("v1alpha2",)) as server:
        _, asked = read(server, tmp_path, Kind.ACCESS, "acc-denied")
    assert asked == [
        GROUP,
        f"{GROUP}/v1alpha2/namespaces/team-a/bucketaccesses/acc-denied",
        f"{GROUP}/v1alpha2/namespaces/team-a/bucketclaims/{entry['bucketClaimName']}",
        f"{GROUP}/v1alpha2/buckets/{entry['bucketName']}",
    ]


def test_what_is_not_there_is_missing(tmp_path: Path) -> None:
    with ApiServer(objects("v1alpha1")) as server:
        snapshot, _ = read(server, tmp_path, Kind.BUCKET, "none")
    assert (snapshot.buckets, snapshot.events) == ((), ())


def test_what_is_refused_is_said(tmp_path: Path) -> None:
    with ApiServer(objects("v1alpha1"), faults=["403:get:buckets"]) as server:
        snapshot, _ = read(server, tmp_path, Kind.CLAIM, "create-invalidargument")
    (status,) = [status for status in snapshot.reads if status.resource == "buckets"]
    assert status.outcome is ReadOutcome.FORBIDDEN
    assert snapshot.claims
    assert not snapshot.buckets


def test_classes_and_clusters_without_cosi_are_errors(tmp_path: Path) -> None:
    with ApiServer(objects("v1alpha1")) as server, pytest.raises(ClusterError, match="nothing that a driver"):
        read(server, tmp_path, Kind.BUCKET_CLASS, "x")
    with ApiServer([], versions=()) as server, pytest.raises(CosiMissingError):
        read(server, tmp_path, Kind.BUCKET, "x")


@pytest.mark.parametrize(
    ("claim", "names"),
    [
        (Claim(api=Api.V1ALPHA1, meta=Meta(name="c", uid="u"), bucket_name="b"), ("b",)),
        (Claim(api=Api.V1ALPHA1, meta=Meta(name="c", uid="u"), existing_bucket="e"), ("e",)),
        (Claim(api=Api.V1ALPHA1, meta=Meta(name="c", uid="u"), class_name="gold"), ("bucket-u", "goldu")),
        (Claim(api=Api.V1ALPHA2, meta=Meta(name="c", uid="u"), class_name="gold"), ("bc-u",)),
    ],
)
def test_what_a_claims_bucket_may_be_called(claim: Claim, names: tuple[str, ...]) -> None:
    assert bucket_names(claim) == names
