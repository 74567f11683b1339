"""Reads, writes and refusals of an API server, as cosictl relies on them."""

import json
from typing import Any, Final

import pytest
from kubernetes import client, watch
from kubernetes.client.exceptions import ApiException

from cosictl.cluster.connect import ConnectOptions, connect
from cosictl.cluster.lists import Reach, Scope
from cosictl.cluster.reader import read_cluster
from cosictl.cluster.watchlines import about, is_end, lines_of
from cosictl.cluster.writer import Place, read_object, write
from cosictl.model.plan import Fate
from cosictl.model.snapshot import ReadOutcome
from cosictl.remedy.writes import deletion_of
from tests.cli_process import cosictl
from tests.contract.conftest import GROUP, Cluster, eventually

JSON_PATCH: Final = "application/json-patch+json"
MERGE_PATCH: Final = "application/merge-patch+json"


def refusal(error: ApiException) -> tuple[int, str]:
    return error.status, json.loads(error.body)["reason"]


def test_lists_come_in_chunks(cluster: Cluster) -> None:
    for number in range(5):
        cluster.make(f"chunk-{number}", labels={"of": "chunks"})
    seen: list[str] = []
    token = ""
    while True:
        page = cluster.custom.list_namespaced_custom_object(
            GROUP,
            cluster.version,
            cluster.namespace,
            "bucketclaims",
            label_selector="of=chunks",
            limit=2,
            _continue=token,
        )
        seen += [item["metadata"]["name"] for item in page["items"]]
        token = page["metadata"].get("continue", "")
        if not token:
            break
    assert seen == [f"chunk-{number}" for number in range(5)]


def test_generation_counts_the_spec_and_resource_versions_everything(cluster: Cluster) -> None:
    made = cluster.make("counted")
    assert made["metadata"]["generation"] == 1
    noted = cluster.patch("counted", {"metadata": {"annotations": {"a": "b"}}}, MERGE_PATCH)
    assert noted["metadata"]["generation"] == 1
    assert noted["metadata"]["resourceVersion"] != made["metadata"]["resourceVersion"]
    assert noted["metadata"]["uid"] == made["metadata"]["uid"]


def test_a_json_patch_can_test_what_it_changes(cluster: Cluster) -> None:
    cluster.make("tested", finalizers=["cosictl.dev/one", "cosictl.dev/two"])
    wrong = [{"op": "test", "path": "/metadata/finalizers/0", "value": "cosictl.dev/two"}]
    with pytest.raises(ApiException) as found:
        cluster.patch("tested", [*wrong, {"op": "remove", "path": "/metadata/finalizers/0"}], JSON_PATCH)
    assert found.value.status == 422
    right = [{"op": "test", "path": "/metadata/finalizers/0", "value": "cosictl.dev/one"}]
    after = cluster.patch("tested", [*right, {"op": "remove", "path": "/metadata/finalizers/0"}], JSON_PATCH)
    assert after["metadata"]["finalizers"] == ["cosictl.dev/two"]


def test_an_old_resource_version_is_a_conflict(cluster: Cluster) -> None:
    made = cluster.make("moved")
    cluster.patch("moved", {"metadata": {"annotations": {"a": "b"}}}, MERGE_PATCH)
    version = made["metadata"]["resourceVersion"]
    stale = {"metadata": {"resourceVersion": version, "annotations": {"a": "c"}}}
    with pytest.raises(ApiException) as found:
        cluster.patch("moved", stale, MERGE_PATCH)
    assert refusal(found.value) == (409, "Conflict")


def test_a_dry_run_changes_nothing(cluster: Cluster) -> None:
    cluster.make("tried")
    shown = cluster.patch("tried", {"metadata": {"annotations": {"a": "b"}}}, MERGE_PATCH, dry_run="All")
    assert shown["metadata"]["annotations"] == {"a": "b"}
    assert "annotations" not in cluster.read("tried")["metadata"]


def test_options_in_the_body_of_a_deletion_hide_those_of_the_query(cluster: Cluster) -> None:
    delete = cluster.custom.delete_namespaced_custom_object
    place = (GROUP, cluster.version, cluster.namespace, "bucketclaims")
    cluster.make("spared")
    delete(*place, "spared", dry_run="All")
    delete(*place, "spared", body=client.V1DeleteOptions(dry_run=["All"]))
    assert cluster.read("spared")
    delete(*place, "spared", dry_run="All", body=client.V1DeleteOptions(propagation_policy="Background"))
    with pytest.raises(ApiException) as gone:
        cluster.read("spared")
    assert refusal(gone.value) == (404, "NotFound")


HELD: Final = "cosictl.dev/held"
WRITES: Final[dict[str, tuple[str, str, object, str]]] = {
    "annotation": ("PATCH", "", {"metadata": {"annotations": {"a": "b"}}}, MERGE_PATCH),
    "spec": ("PATCH", "", {"spec": {"bucketClassName": "other"}}, MERGE_PATCH),
    "status": ("PATCH", "/status", {"status": {"bucketReady": True}}, MERGE_PATCH),
    "finalizer": ("PATCH", "", [{"op": "remove", "path": "/metadata/finalizers/0"}], JSON_PATCH),
    "deletion": ("DELETE", "", {}, "application/json"),
}


@pytest.mark.parametrize(
    ("what", "finalizers"),
    [*((what, [HELD]) for what in WRITES), *((what, []) for what in WRITES if what != "finalizer")],
)
def test_what_cosictl_only_asks_about_does_not_happen(cluster: Cluster, what: str, finalizers: list[str]) -> None:
    made = cluster.make(f"asked-{what}-{len(finalizers)}", finalizers=finalizers)
    meta = made["metadata"]
    place = Place(api_version=made["apiVersion"], plural="bucketclaims", namespace=cluster.namespace, name=meta["name"])
    method, subresource, body, kind = WRITES[what]
    body = deletion_of(made) if method == "DELETE" else body
    conn = connect(ConnectOptions(kubeconfig=str(cluster.kubeconfig)))
    for dry_run in (True, False):
        assert cluster.read(meta["name"]) == made
        assert write(conn, method, place.path + subresource, body, kind, dry_run=dry_run).fate is Fate.DONE
    after = read_object(conn, place)
    assert after != made
    assert (after is None) is (what == "deletion" and not finalizers)


def test_a_deletion_takes_no_finalizer_away(cluster: Cluster) -> None:
    """With a propagationPolicy of Background a real server takes ``orphan`` away."""
    made = cluster.make("owner", finalizers=["orphan", HELD])
    meta = made["metadata"]
    place = Place(api_version=made["apiVersion"], plural="bucketclaims", namespace=cluster.namespace, name="owner")
    conn = connect(ConnectOptions(kubeconfig=str(cluster.kubeconfig)))
    deletion = deletion_of(made)
    assert deletion["preconditions"] == {"uid": meta["uid"], "resourceVersion": meta["resourceVersion"]}
    assert write(conn, "DELETE", place.path, deletion, "application/json").fate is Fate.DONE
    after = cluster.read("owner")["metadata"]
    assert after["deletionTimestamp"]
    assert after["finalizers"] == ["orphan", HELD]


def test_an_object_that_cosictl_only_asks_to_make_is_not_made(cluster: Cluster) -> None:
    body = cluster.body("unmade")
    place = Place(api_version=body["apiVersion"], plural="bucketclaims", namespace=cluster.namespace, name="unmade")
    conn = connect(ConnectOptions(kubeconfig=str(cluster.kubeconfig)))
    for dry_run in (True, False):
        assert read_object(conn, place) is None
        assert write(conn, "POST", place.collection, body, "application/json", dry_run=dry_run).fate is Fate.DONE
    assert read_object(conn, place) is not None


def test_the_status_is_changed_only_through_its_subresource(cluster: Cluster) -> None:
    cluster.make("status")
    after = cluster.patch("status", {"status": {"bucketReady": True}}, MERGE_PATCH)
    assert not after.get("status")


@pytest.mark.parametrize("what", ["uid", "resourceVersion"])
def test_a_deletion_can_name_what_it_is_meant_for(cluster: Cluster, what: str) -> None:
    name = f"meant-{what.lower()}"
    made = cluster.make(name)
    meta = made["metadata"]
    wrong = {"uid": "00000000-0000-0000-0000-000000000000", "resourceVersion": "1"}[what]
    delete = cluster.custom.delete_namespaced_custom_object
    for value, refused in ((wrong, True), (meta[what], False)):
        body = client.V1DeleteOptions(
            preconditions=client.V1Preconditions(
                uid=value if what == "uid" else None, resource_version=value if what != "uid" else None
            )
        )
        if refused:
            with pytest.raises(ApiException) as found:
                delete(GROUP, cluster.version, cluster.namespace, "bucketclaims", name, body=body)
            assert refusal(found.value) == (409, "Conflict")
        else:
            delete(GROUP, cluster.version, cluster.namespace, "bucketclaims", name, body=body)
    with pytest.raises(ApiException) as gone:
        cluster.read(name)
    assert refusal(gone.value) == (404, "NotFound")


def test_a_finalizer_holds_a_deletion_until_it_is_taken_away(cluster: Cluster) -> None:
    cluster.make("held", finalizers=["cosictl.dev/held"])
    cluster.custom.delete_namespaced_custom_object(GROUP, cluster.version, cluster.namespace, "bucketclaims", "held")
    assert cluster.read("held")["metadata"]["deletionTimestamp"]
    cluster.patch("held", {"metadata": {"finalizers": None}}, MERGE_PATCH)
    with pytest.raises(ApiException) as gone:
        cluster.read("held")
    assert gone.value.status == 404


def test_a_watch_from_a_list_tells_what_comes_after(cluster: Cluster) -> None:
    listed = cluster.custom.list_namespaced_custom_object(GROUP, cluster.version, cluster.namespace, "bucketclaims")
    cluster.make("watched", labels={"of": "watch"})
    cluster.patch("watched", {"metadata": {"annotations": {"a": "b"}}}, MERGE_PATCH)
    seen = []
    for event in watch.Watch().stream(
        cluster.custom.list_namespaced_custom_object,
        GROUP,
        cluster.version,
        cluster.namespace,
        "bucketclaims",
        label_selector="of=watch",
        resource_version=listed["metadata"]["resourceVersion"],
        timeout_seconds=20,
    ):
        seen.append((event["type"], event["object"]["metadata"]["name"]))
        if len(seen) == 2:
            break
    assert seen == [("ADDED", "watched"), ("MODIFIED", "watched")]


def test_a_watch_begins_with_all_there_is_or_is_refused(cluster: Cluster) -> None:
    uid = cluster.make("there")["metadata"]["uid"]
    asked = {"watch": "true", "sendInitialEvents": "true", "resourceVersionMatch": "NotOlderThan"}
    path = f"/apis/{GROUP}/{cluster.version}/namespaces/{cluster.namespace}/bucketclaims"
    with connect(ConnectOptions(kubeconfig=str(cluster.kubeconfig))).stream(
        path, {**asked, "allowWatchBookmarks": "true", "timeoutSeconds": "3"}, timeout=20.0
    ) as (status, _, pieces):
        lines = [*lines_of(pieces)] if status == 200 else []
    if not lines or lines[0].type == "ERROR":
        # By servers before 1.27, where its operator does not want it, and where etcd is too old for it.
        assert status in {200, 400, 403, 422}
        return
    ends = [place for place, line in enumerate(lines) if line.type == "BOOKMARK" and is_end(line)]
    first = lines[: ends[0]]
    assert {line.type for line in first} == {"ADDED"}
    assert uid in {about(line).uid for line in first}


def test_events_are_selected_by_the_kind_they_are_about(cluster: Cluster) -> None:
    subject = cluster.make("eventful")["metadata"]
    made: dict[str, Any] = {
        "metadata": {"generateName": "eventful.", "namespace": cluster.namespace},
        "involvedObject": {
            "apiVersion": f"{GROUP}/{cluster.version}",
            "kind": "BucketClaim",
            "name": "eventful",
            "namespace": cluster.namespace,
            "uid": subject["uid"],
        },
        "reason": "Tried",
        "message": "nothing happened",
        "type": "Normal",
        "source": {"component": "cosictl-test"},
        "count": 1,
    }
    cluster.core.create_namespaced_event(cluster.namespace, made)
    found = cluster.core.list_namespaced_event(cluster.namespace, field_selector="involvedObject.kind=BucketClaim")
    assert {event.involved_object.name for event in found.items} >= {"eventful"}
    others = cluster.core.list_namespaced_event(cluster.namespace, field_selector="involvedObject.kind=Bucket")
    assert others.items == []


def test_a_field_that_is_not_known_is_dropped(cluster: Cluster) -> None:
    cluster.make("pruned")
    after = cluster.patch("pruned", {"spec": {"moon": "full"}}, MERGE_PATCH)
    assert "moon" not in after["spec"]


def test_rights_can_be_asked_for(cluster: Cluster) -> None:
    asked = client.V1SelfSubjectAccessReview(
        spec=client.V1SelfSubjectAccessReviewSpec(
            resource_attributes=client.V1ResourceAttributes(
                verb="list", group=GROUP, resource="bucketclaims", namespace=cluster.namespace
            )
        )
    )
    answer = client.AuthorizationV1Api(cluster.api).create_self_subject_access_review(asked)
    assert answer.status.allowed


def test_cosictl_reads_it(cluster: Cluster) -> None:
    cluster.make("seen")
    conn = connect(ConnectOptions(kubeconfig=str(cluster.kubeconfig)))
    _, snapshot = read_cluster(conn, scope=Scope(reach=Reach.ONE, namespace=cluster.namespace), chunk_size=3)
    assert "seen" in {claim.meta.name for claim in snapshot.claims}
    assert {status.outcome for status in snapshot.reads} <= {ReadOutcome.OK, ReadOutcome.FORBIDDEN}


def test_cosictl_shows_it(cluster: Cluster) -> None:
    cluster.make("shown")
    config = ("--kubeconfig", str(cluster.kubeconfig), "-n", cluster.namespace)

    def listed() -> bool:
        done = cosictl("get", "claims", "-o", "name", *config)
        assert done.returncode == 0, done.stderr
        return "bucketclaim.objectstorage.k8s.io/shown" in done.stdout.split()

    assert eventually(listed)
    done = cosictl("diagnose", "claim/shown", "-o", "json", *config)
    assert done.returncode in {0, 3, 5}, done.stderr
    assert json.loads(done.stdout)["kind"] == "Diagnosis"
