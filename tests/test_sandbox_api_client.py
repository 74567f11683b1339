"""The official Python client against the sandbox, as cosictl and every operator in Python would use it."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from kubernetes import client, config, watch

from tests.sandbox_server import Sandbox, bucket, claim

GROUP, VERSION = "objectstorage.k8s.io", "v1alpha1"
CLAIMS = {"group": GROUP, "version": VERSION, "namespace": "default", "plural": "bucketclaims"}
BUCKETS = {"group": GROUP, "version": VERSION, "plural": "buckets"}


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox() as running:
        yield running


@pytest.fixture
def api(sandbox: Sandbox, tmp_path: Path) -> Iterator[Any]:
    made = config.new_client_from_config(str(sandbox.kubeconfig(tmp_path)))
    yield made
    made.close()


def refused(error: pytest.ExceptionInfo[Any]) -> tuple[int, str]:
    return error.value.status, json.loads(error.value.body)["reason"]


def test_objects_are_created_listed_in_chunks_and_read(sandbox: Sandbox, api: Any) -> None:
    objects = client.CustomObjectsApi(api)
    for place in range(5):
        objects.create_namespaced_custom_object(body=claim(f"claim-{place}"), **CLAIMS)
    first = objects.list_namespaced_custom_object(limit=2, **CLAIMS)
    rest = objects.list_namespaced_custom_object(limit=9, _continue=first["metadata"]["continue"], **CLAIMS)
    found = [item["metadata"]["name"] for item in first["items"] + rest["items"]]
    assert found == [f"claim-{place}" for place in range(5)]
    assert first["metadata"]["remainingItemCount"] == 3
    assert objects.get_namespaced_custom_object(name="claim-3", **CLAIMS)["spec"]["bucketClassName"] == "gold"
    assert any("limit=2" in line for line in sandbox.log)


def test_a_watch_tells_what_happens_until_its_time_is_up(api: Any) -> None:
    objects = client.CustomObjectsApi(api)
    objects.create_cluster_custom_object(body=bucket("a"), **BUCKETS)
    version = objects.list_cluster_custom_object(**BUCKETS)["metadata"]["resourceVersion"]
    objects.patch_cluster_custom_object(name="a", body={"spec": {"driverName": "other"}}, **BUCKETS)
    objects.delete_cluster_custom_object(name="a", **BUCKETS)
    stream = watch.Watch().stream(
        objects.list_cluster_custom_object, resource_version=version, timeout_seconds=1, **BUCKETS
    )
    seen = [(event["type"], event["object"]["spec"]["driverName"]) for event in stream]
    assert seen == [("MODIFIED", "other"), ("DELETED", "other")]


def test_a_watch_from_a_forgotten_version_says_so(api: Any) -> None:
    objects = client.CustomObjectsApi(api)
    stream = watch.Watch().stream(
        objects.list_cluster_custom_object, resource_version="1", timeout_seconds=1, **BUCKETS
    )
    with pytest.raises(client.ApiException) as error:
        list(stream)
    assert error.value.status == 410


def test_a_delete_is_done_only_to_the_object_it_was_meant_for(api: Any) -> None:
    objects = client.CustomObjectsApi(api)
    made = objects.create_cluster_custom_object(body=bucket("a"), **BUCKETS)
    for wrong in (client.V1Preconditions(uid="another"), client.V1Preconditions(resource_version="7")):
        with pytest.raises(client.ApiException) as error:
            objects.delete_cluster_custom_object(name="a", body=client.V1DeleteOptions(preconditions=wrong), **BUCKETS)
        assert refused(error) == (409, "Conflict")
    meta = made["metadata"]
    right = client.V1Preconditions(uid=meta["uid"], resource_version=meta["resourceVersion"])
    gone = objects.delete_cluster_custom_object(name="a", body=client.V1DeleteOptions(preconditions=right), **BUCKETS)
    assert gone["status"] == "Success"
    with pytest.raises(client.ApiException) as error:
        objects.get_cluster_custom_object(name="a", **BUCKETS)
    assert refused(error) == (404, "NotFound")


def test_json_patch_with_a_test_changes_only_what_it_knows(api: Any) -> None:
    objects = client.CustomObjectsApi(api)
    made = objects.create_cluster_custom_object(body=bucket("a", finalizers=["a.io/one", "a.io/two"]), **BUCKETS)
    version = made["metadata"]["resourceVersion"]
    steps = [
        {"op": "test", "path": "/metadata/resourceVersion", "value": version},
        {"op": "remove", "path": "/metadata/finalizers/0"},
    ]
    # Left to itself the client sends a list of steps as a merge patch.
    kind = "application/json-patch+json"
    patched = objects.patch_cluster_custom_object(name="a", body=steps, _content_type=kind, **BUCKETS)
    assert patched["metadata"]["finalizers"] == ["a.io/two"]
    with pytest.raises(client.ApiException) as error:
        objects.patch_cluster_custom_object(name="a", body=steps, _content_type=kind, **BUCKETS)
    assert refused(error) == (422, "Invalid")
    with pytest.raises(client.ApiException) as error:
        objects.patch_cluster_custom_object(name="a", body=steps, **BUCKETS)
    assert refused(error) == (400, "BadRequest")


def test_core_objects_are_read_as_the_client_models_them(api: Any) -> None:
    core = client.CoreV1Api(api)
    about = client.V1ObjectReference(kind="Bucket", name="a", api_version=f"{GROUP}/{VERSION}")
    meta = client.V1ObjectMeta(name="a.1", namespace="default")
    core.create_namespaced_event(
        "default",
        client.CoreV1Event(
            metadata=meta,
            involved_object=about,
            reason="FailedCreateBucket",
            message="no",
            count=2,
            event_time="2026-01-01T00:00:00.000000Z",
        ),
    )
    found = core.list_event_for_all_namespaces(field_selector="involvedObject.kind=Bucket").items
    assert [(event.metadata.name, event.count) for event in found] == [("a.1", 2)]
    assert [item.note for item in client.EventsV1Api(api).list_event_for_all_namespaces().items] == ["no"]
    secret = client.V1Secret(metadata=client.V1ObjectMeta(name="s"), string_data={"k": "v"})
    assert core.create_namespaced_secret("default", secret).data == {"k": "dg=="}
    assert client.VersionApi(api).get_code().minor == "36"
    assert [item.name for item in client.CoreV1Api(api).get_api_resources().resources if item.name == "pods/log"]
    review = client.V1SelfSubjectAccessReview(
        spec=client.V1SelfSubjectAccessReviewSpec(
            resource_attributes=client.V1ResourceAttributes(verb="delete", resource="pods")
        )
    )
    assert client.AuthorizationV1Api(api).create_self_subject_access_review(review).status.allowed


def test_logs_of_a_pod_come_from_whoever_runs_it(tmp_path: Path) -> None:
    async def logs(namespace: str, pod: str, query: Any) -> bytes:
        return f"{namespace}/{pod} tail={query.get('tailLines')}\n".encode()

    with Sandbox(logs=logs) as sandbox:
        sandbox.ask("POST", "/api/v1/namespaces/default/pods", {"metadata": {"name": "p"}, "spec": {"containers": []}})
        api = config.new_client_from_config(str(sandbox.kubeconfig(tmp_path)))
        with api:
            said = client.CoreV1Api(api).read_namespaced_pod_log("p", "default", tail_lines=3)
    assert said == "default/p tail=3\n"
