"""The rules of the store: what becomes of objects that are created, changed, deleted and watched."""

import asyncio
import json
import tracemalloc
from contextlib import aclosing
from typing import Any

import pytest

from cosictl.sandbox.api.patches import STRATEGIC_PATCH
from cosictl.sandbox.api.resources import (
    ACCESSES_V2,
    BUCKET_CLASSES_V2,
    BUCKETS_V1,
    BUCKETS_V2,
    CLAIMS_V1,
    CLAIMS_V2,
    EVENTS,
    EVENTS_V1,
    NAMESPACES,
    resource_of,
    served,
)
from cosictl.sandbox.api.store import EVERY_CLUSTER, Store
from cosictl.sandbox.clock import Clock
from cosictl.sandbox.ports import Api, ApiError, Change, Json
from tests.sandbox_server import bucket, claim


def store(*versions: str, history: int = 1000) -> Store:
    return Store(Clock(), versions or ("v1alpha1",), history=history)


def bucket_v2(**spec: Any) -> Json:
    wanted = {
        "driverName": "d",
        "deletionPolicy": "Delete",
        "bucketClaimRef": {"name": "c", "namespace": "default"},
    }
    return {"metadata": {"name": "b"}, "spec": wanted | spec}


def refused(error: pytest.ExceptionInfo[ApiError]) -> tuple[int, str]:
    return error.value.code, error.value.reason


def test_the_store_is_what_the_loops_expect() -> None:
    api: Api = store()
    assert api.create(BUCKETS_V1, "", bucket("a"))["metadata"]["name"] == "a"


def test_what_a_caller_changes_is_not_stored() -> None:
    cluster = store()
    given = bucket("a")
    made = cluster.create(BUCKETS_V1, "", given)
    given["spec"]["driverName"] = made["spec"]["driverName"] = "changed"
    cluster.get(BUCKETS_V1, "", "a")["spec"]["driverName"] = "changed"
    assert cluster.get(BUCKETS_V1, "", "a")["spec"]["driverName"] == "cosi.example.com"
    assert "uid" not in given["metadata"]


def test_only_changes_of_the_specification_count_as_generations() -> None:
    cluster = store()
    cluster.create(BUCKETS_V1, "", bucket("a"))
    cluster.patch(BUCKETS_V1, "", "a", {"metadata": {"annotations": {"k": "v"}}})
    cluster.patch(BUCKETS_V1, "", "a", {"status": {"bucketReady": True}}, subresource="status")
    assert cluster.get(BUCKETS_V1, "", "a")["metadata"]["generation"] == 1
    cluster.patch(BUCKETS_V1, "", "a", {"spec": {"driverName": "x"}, "status": {"bucketReady": False}})
    found = cluster.get(BUCKETS_V1, "", "a")
    assert (found["metadata"]["generation"], found["status"]) == (2, {"bucketReady": True})
    marked = cluster.patch(BUCKETS_V1, "", "a", {"metadata": {"finalizers": ["a.io/x"]}})
    assert cluster.delete(BUCKETS_V1, "", "a")["metadata"]["generation"] == marked["metadata"]["generation"] + 1


def test_a_write_that_changes_nothing_makes_no_version() -> None:
    cluster = store()
    made = cluster.create(BUCKETS_V1, "", bucket("a"))
    assert cluster.update(BUCKETS_V1, "", "a", made) == made
    assert cluster.patch(BUCKETS_V1, "", "a", {"spec": {"driverName": "cosi.example.com"}}) == made
    assert cluster.list(BUCKETS_V1)[1] == made["metadata"]["resourceVersion"]


def test_dry_runs_leave_no_trace() -> None:
    cluster = store()
    cluster.create(BUCKETS_V1, "", bucket("a"))
    before = (cluster.snapshot(), cluster.version)
    cluster.create(BUCKETS_V1, "", bucket("b"), dry_run=True)
    cluster.patch(BUCKETS_V1, "", "a", {"spec": {"driverName": "x"}}, dry_run=True)
    cluster.delete(BUCKETS_V1, "", "a", dry_run=True)
    assert (cluster.snapshot(), cluster.version) == before


def test_an_object_of_a_dump_is_taken_over_as_it_is() -> None:
    cluster = store()
    value = claim("photos", "lost", uid="u-1", resourceVersion="48211", finalizers=["a.io/x"], generation=7)
    value["metadata"] |= {"creationTimestamp": "2025-01-01T00:00:00Z", "deletionTimestamp": "2025-01-02T00:00:00Z"}
    value["status"] = {"bucketReady": True, "oddity": 1}
    cluster.put(CLAIMS_V1, value)
    assert cluster.get(CLAIMS_V1, "lost", "photos") == value
    assert cluster.get(NAMESPACES, "", "lost")["status"] == {"phase": "Active"}
    later = cluster.patch(CLAIMS_V1, "lost", "photos", {"metadata": {"labels": {"k": "v"}}})
    assert int(later["metadata"]["resourceVersion"]) > 48211
    cluster.patch(CLAIMS_V1, "lost", "photos", {"metadata": {"finalizers": None}})
    assert cluster.list(CLAIMS_V1)[0] == []


def test_deleting_a_namespace_empties_it_and_waits_for_finalizers() -> None:
    cluster = store()
    cluster.create(NAMESPACES, "", {"metadata": {"name": "team"}})
    cluster.create(CLAIMS_V1, "team", claim("held", "team", finalizers=["a.io/x"]))
    cluster.create(CLAIMS_V1, "team", claim("free", "team"))
    assert cluster.delete(NAMESPACES, "", "team")["status"] == {"phase": "Terminating"}
    assert [item["metadata"]["name"] for item in cluster.list(CLAIMS_V1, "team")[0]] == ["held"]
    with pytest.raises(ApiError, match="because it is being terminated") as error:
        cluster.create(CLAIMS_V1, "team", claim("late", "team"))
    assert refused(error) == (403, "Forbidden")
    cluster.patch(CLAIMS_V1, "team", "held", {"metadata": {"finalizers": None}})
    assert [item["metadata"]["name"] for item in cluster.list(NAMESPACES)[0]] == list(EVERY_CLUSTER)


def test_the_list_goes_on_as_it_began_while_objects_change() -> None:
    cluster = store()
    for name in "abcd":
        cluster.create(BUCKETS_V1, "", bucket(name))
    first = cluster.page(BUCKETS_V1, limit=2)
    cluster.delete(BUCKETS_V1, "", "c")
    cluster.create(BUCKETS_V1, "", bucket("bb"))
    cluster.patch(BUCKETS_V1, "", "d", {"spec": {"driverName": "x"}})
    rest = cluster.page(BUCKETS_V1, after=first.last, version=first.version)
    assert [item["metadata"]["name"] for item in rest.items] == ["c", "d"]
    assert rest.items[1]["spec"]["driverName"] == "cosi.example.com"
    now = cluster.page(BUCKETS_V1, after=first.last)
    assert [item["metadata"]["name"] for item in now.items] == ["bb", "d"]


def test_what_is_forgotten_has_expired() -> None:
    cluster = store(history=5)
    start = cluster.list(BUCKETS_V1)[1]
    for place in range(12):
        cluster.create(BUCKETS_V1, "", bucket(f"b-{place}"))
    with pytest.raises(ApiError, match="too old resource version") as error:
        cluster.watch(BUCKETS_V1, since=start)
    assert refused(error) == (410, "Expired")
    with pytest.raises(ApiError, match="too old"):
        cluster.page(BUCKETS_V1, version=int(start))


def test_a_watch_sees_each_change_once_and_only_of_its_kind_and_namespace() -> None:
    async def seen() -> list[tuple[str, str]]:
        cluster = store()
        start = cluster.list(CLAIMS_V1)[1]
        cluster.create(CLAIMS_V1, "default", claim("a"))
        cluster.create(CLAIMS_V1, "kube-system", claim("elsewhere", "kube-system"))
        cluster.create(BUCKETS_V1, "", bucket("b"))
        found: list[Change] = []
        async with aclosing(cluster.watch(CLAIMS_V1, "default", since=start)) as changes:
            found.append(await anext(changes))
            waiting = asyncio.ensure_future(anext(changes))
            await asyncio.sleep(0)
            cluster.delete(CLAIMS_V1, "default", "a")
            found.append(await waiting)
        return [(change.type, change.object["metadata"]["name"]) for change in found]

    assert asyncio.run(seen()) == [("ADDED", "a"), ("DELETED", "a")]


def test_a_watch_from_now_on_begins_when_it_is_called() -> None:
    async def seen() -> str:
        cluster = store()
        cluster.create(BUCKETS_V1, "", bucket("before"))
        changes = cluster.watch(BUCKETS_V1)
        cluster.create(BUCKETS_V1, "", bucket("after"))
        async with aclosing(changes):
            return str((await anext(changes)).object["metadata"]["name"])

    assert asyncio.run(seen()) == "after"


def test_events_have_two_names_for_everything() -> None:
    cluster = store()
    about = {"kind": "Bucket", "name": "a"}
    value = {"metadata": {"name": "e"}, "regarding": about, "note": "why", "reportingController": "cosi"}
    assert cluster.create(EVENTS_V1, "default", value)["note"] == "why"
    core = cluster.get(EVENTS, "default", "e")
    assert (core["message"], core["involvedObject"], core["reportingComponent"]) == ("why", about, "cosi")
    cluster.patch(EVENTS, "default", "e", {"count": 4}, content_type=STRATEGIC_PATCH)
    assert cluster.list(EVENTS_V1, fields="regarding.name=a")[0][0]["deprecatedCount"] == 4
    assert cluster.list(EVENTS, fields="involvedObject.name=a,type!=Warning")[0] != []
    assert cluster.list(EVENTS_V1, fields="regarding.name=b")[0] == []


def test_an_event_lives_beside_its_object() -> None:
    cluster = store()
    about = {"kind": "Bucket", "name": "a"}
    with pytest.raises(ApiError, match=r"involvedObject\.namespace"):
        cluster.create(EVENTS, "kube-system", {"metadata": {"name": "e"}, "involvedObject": about})


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"driverName": "other"}, 'spec.driverName: Invalid value: "string": driverName is immutable'),
        ({"parameters": {"a": "b"}}, "parameters map cannot be added or removed after creation"),
        ({"deletionPolicy": "Keep"}, 'supported values: "Retain", "Delete"'),
        ({"bucketClaimRef": {"name": "x"}}, 'spec.bucketClaimRef.name: Invalid value: "string": name is immutable'),
        ({"protocols": []}, "spec.protocols in body should have at least 1 items"),
        ({"driverName": None}, "spec.driverName: Required value"),
    ],
)
def test_v1alpha2_holds_on_to_what_was_said_once(change: Json, said: str) -> None:
    cluster = store("v1alpha2")
    cluster.create(BUCKETS_V2, "", bucket_v2())
    with pytest.raises(ApiError) as error:
        cluster.patch(BUCKETS_V2, "", "b", {"spec": change})
    assert refused(error) == (422, "Invalid")
    assert said in error.value.message


def test_v1alpha2_lets_the_policy_change_and_uids_be_set_once() -> None:
    cluster = store("v1alpha2")
    cluster.create(BUCKETS_V2, "", bucket_v2())
    cluster.patch(BUCKETS_V2, "", "b", {"spec": {"deletionPolicy": "Retain"}})
    uid = "01234567-0123-0123-0123-0123456789ab"
    cluster.patch(BUCKETS_V2, "", "b", {"spec": {"bucketClaimRef": {"uid": uid}}})
    for again in (uid.replace("0", "f"), None):
        with pytest.raises(ApiError, match=r"uid (is immutable|cannot be removed) once set"):
            cluster.patch(BUCKETS_V2, "", "b", {"spec": {"bucketClaimRef": {"uid": again}}})


def test_v1alpha2_status_is_set_once() -> None:
    cluster = store("v1alpha2")
    cluster.create(BUCKETS_V2, "", bucket_v2())
    ready = {"status": {"readyToUse": False, "bucketID": "id/1"}}
    cluster.patch(BUCKETS_V2, "", "b", ready, subresource="status")
    cluster.patch(BUCKETS_V2, "", "b", {"status": {"readyToUse": True}}, subresource="status")
    for change, said in (("other", "immutable once set"), (None, "cannot be removed"), ("arn:aws", "should match")):
        with pytest.raises(ApiError, match=said):
            cluster.patch(BUCKETS_V2, "", "b", {"status": {"bucketID": change}}, subresource="status")


def test_v1alpha2_refuses_what_makes_no_sense() -> None:
    cluster = store("v1alpha2")
    for spec, said in (
        ({}, "at least 1 properties"),
        ({"bucketClassName": "a", "existingBucketName": "b"}, "exactly one of the fields"),
        ({"bucketClassName": "Not A Name"}, "must be a valid resource name"),
        ({"bucketClassName": "a", "protocols": ["S3", "S3"]}, "Duplicate value"),
        ({"bucketClassName": "a", "protocols": ["S3", "GCP"]}, r'Unsupported value: "GCP"'),
    ):
        with pytest.raises(ApiError, match=said):
            cluster.create(CLAIMS_V2, "default", {"metadata": {"name": "c"}, "spec": spec})
    entry = {"bucketClaimName": "c", "accessMode": "ReadWrite", "accessSecretName": "s"}
    access = {"bucketAccessClassName": "k", "protocol": "S3", "bucketClaims": [entry, entry]}
    with pytest.raises(ApiError, match=r"bucketClaims\[1\]: Duplicate"):
        cluster.create(ACCESSES_V2, "default", {"metadata": {"name": "a"}, "spec": access})
    long = {"driverName": "d" * 64, "deletionPolicy": "Delete"}
    with pytest.raises(ApiError, match="may not be more than 63 bytes"):
        cluster.create(BUCKET_CLASSES_V2, "", {"metadata": {"name": "k"}, "spec": long})


def test_a_cluster_serves_the_versions_it_has() -> None:
    with pytest.raises(ApiError, match="could not find the requested resource"):
        store("v1alpha2").list(BUCKETS_V1)
    with pytest.raises(ValueError, match="COSI has no version 'v1'"):
        served(["v1"])
    assert resource_of("Bucket", "objectstorage.k8s.io/v1alpha1") == BUCKETS_V1
    assert resource_of("Bucket", "v1") is None


def test_many_objects_cost_little_more_than_their_text() -> None:
    cluster = store(history=1000)
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    for place in range(2_000):
        cluster.put(CLAIMS_V1, claim(f"claim-{place:05}", uid=f"u-{place}", resourceVersion=str(1000 + place)))
    used = tracemalloc.get_traced_memory()[0] - before
    tracemalloc.stop()
    text = sum(len(json.dumps(value)) for value in cluster.list(CLAIMS_V1)[0])
    assert used < text + 2_000 * 3 * 1024
