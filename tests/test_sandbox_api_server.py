"""The API server over HTTP beyond the transcript: watches, forms, rights, refusals, and what it does not do."""

import asyncio
import json
import ssl
from datetime import UTC, datetime
from typing import Any

import pytest
import urllib3

from cosictl.sandbox.api.access import Access
from cosictl.sandbox.api.certificate import self_signed
from cosictl.sandbox.api.resources import CLAIMS_V1
from cosictl.sandbox.api.server import ApiServer
from cosictl.sandbox.api.store import Store
from cosictl.sandbox.clock import Clock
from tests.sandbox_server import ADMIN_TOKEN, COSI, Answer, Sandbox, bucket, claim

BUCKETS = f"{COSI}/buckets"
CLAIMS = f"{COSI}/namespaces/default/bucketclaims"
MERGE = {"Content-Type": "application/merge-patch+json"}
METADATA = {"Accept": "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io,application/json"}
TABLE = {"Accept": "application/json;as=Table;v=v1;g=meta.k8s.io,application/json"}


def reason(answer: Answer) -> tuple[int, str]:
    return answer.status, answer.json["reason"]


def names(answer: Answer) -> list[str]:
    return [item["metadata"]["name"] for item in answer.json["items"]]


def watched(sandbox: Sandbox, query: str, count: int, **more: Any) -> list[tuple[str, Any]]:
    lines = sandbox.watch(f"{BUCKETS}?watch=true&{query}", count, **more)
    return [(line["type"], line["object"]) for line in lines]


def test_ten_thousand_objects_are_listed_in_chunks() -> None:
    with Sandbox() as sandbox:

        def load(store: Store) -> None:
            for place in range(10_000):
                store.put(CLAIMS_V1, claim(f"claim-{place:05}", uid=f"u-{place}", resourceVersion=str(1000 + place)))

        sandbox.on(load)
        found: list[str] = []
        token, pages = "", 0
        while pages == 0 or token:
            page = sandbox.ask("GET", f"{COSI}/bucketclaims?limit=500&continue={token}")
            found += names(page)
            token, pages = page.json["metadata"]["continue"], pages + 1
    assert pages == 20
    assert found == [f"claim-{place:05}" for place in range(10_000)]


def test_an_old_continue_token_expires_and_offers_to_go_on_without_consistency() -> None:
    with Sandbox(history=4) as sandbox:
        for name in "abc":
            sandbox.ask("POST", BUCKETS, bucket(name))
        token = sandbox.ask("GET", f"{BUCKETS}?limit=1").json["metadata"]["continue"]
        for place in range(9):
            sandbox.ask("PATCH", f"{BUCKETS}/a", {"metadata": {"labels": {"n": str(place)}}}, headers=MERGE)
        sandbox.ask("DELETE", f"{BUCKETS}/b")
        expired = sandbox.ask("GET", f"{BUCKETS}?limit=1&continue={token}")
        assert reason(expired) == (410, "Expired")
        again = expired.json["metadata"]["continue"]
        assert names(sandbox.ask("GET", f"{BUCKETS}?limit=1&continue={again}")) == ["c"]


def test_a_watch_shows_what_comes_into_the_selection_and_what_leaves_it() -> None:
    with Sandbox() as sandbox:
        start = sandbox.ask("GET", BUCKETS).json["metadata"]["resourceVersion"]
        sandbox.ask("POST", BUCKETS, bucket("a"))
        for labels in ({"app": "x"}, {"app": "x", "b": "c"}, {"app": "y"}):
            sandbox.ask("PATCH", f"{BUCKETS}/a", {"metadata": {"labels": labels}}, headers=MERGE)
        seen = watched(sandbox, f"resourceVersion={start}&labelSelector=app%3Dx", 3)
    assert [kind for kind, _ in seen] == ["ADDED", "MODIFIED", "DELETED"]


def test_a_watch_begins_with_what_is_there_and_says_where_that_ends() -> None:
    with Sandbox() as sandbox:
        sandbox.ask("POST", BUCKETS, bucket("a"))
        query = "sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true"
        seen = watched(sandbox, query, 2)
        assert [kind for kind, _ in seen] == ["ADDED", "BOOKMARK"]
        assert seen[1][1]["metadata"]["annotations"] == {"k8s.io/initial-events-end": "true"}
        version = seen[1][1]["metadata"]["resourceVersion"]
        assert sandbox.ask("GET", f"{BUCKETS}?watch=1&resourceVersion={version}&timeoutSeconds=1").lines == []
        assert [kind for kind, _ in watched(sandbox, "resourceVersion=0", 1)] == ["ADDED"]
        assert [kind for kind, _ in watched(sandbox, "", 1)] == ["ADDED"]


def test_a_watch_sends_bookmarks_before_its_time_is_up() -> None:
    with Sandbox() as sandbox:
        seen = watched(sandbox, "resourceVersion=1000000&allowWatchBookmarks=1&timeoutSeconds=3", 1)
    assert [kind for kind, _ in seen] == ["BOOKMARK"]


def test_watches_have_tables_and_bare_metadata() -> None:
    with Sandbox() as sandbox:
        for name in "ab":
            sandbox.ask("POST", BUCKETS, bucket(name))
        tables = watched(sandbox, "", 2, headers=TABLE)
        assert [len(table["columnDefinitions"]) for _, table in tables] == [2, 0]
        bare = watched(sandbox, "", 2, headers=METADATA)
        assert {value["kind"] for _, value in bare} == {"PartialObjectMetadata"}
        listed = sandbox.ask("GET", BUCKETS, headers=METADATA).json
        assert (listed["kind"], listed["items"][0].keys()) == (
            "PartialObjectMetadataList",
            {"kind", "apiVersion", "metadata"},
        )


def test_stopping_ends_watches_and_twice_does_no_harm() -> None:
    async def run() -> bytes:
        clock = Clock()
        server = ApiServer(Store(clock), clock, access=Access())
        await server.start()
        trusted = ssl.create_default_context(cadata=server.certificate)
        _, port = server.url.rsplit(":", 1)
        reader, writer = await asyncio.open_connection("127.0.0.1", int(port), ssl=trusted)
        lines = (f"GET {BUCKETS}?watch=1 HTTP/1.1", "Host: x", f"Authorization: Bearer {server.token}", "", "")
        writer.write("\r\n".join(lines).encode())
        answered = await reader.readline()
        # The watch would go on for half an hour.
        await asyncio.wait_for(server.stop(), 60)
        await server.stop()
        writer.close()
        return answered

    assert b"200" in asyncio.run(run())


def test_a_taken_port_is_an_error() -> None:
    async def run(port: int) -> None:
        clock = Clock()
        await ApiServer(Store(clock), clock, access=Access(), port=port).start()

    with Sandbox() as sandbox, pytest.raises(OSError, match="address already in use"):
        asyncio.run(run(int(sandbox.server.url.rsplit(":", 1)[1])))


def test_it_listens_on_the_loopback_with_a_certificate_of_its_own() -> None:
    with Sandbox() as sandbox:
        assert sandbox.server.url.startswith("https://127.0.0.1:")
        stranger = ssl.create_default_context(cadata=self_signed("127.0.0.1").pem)
        with (
            urllib3.PoolManager(retries=False, ssl_context=stranger) as pool,
            pytest.raises(urllib3.exceptions.SSLError),
        ):
            pool.request("GET", sandbox.server.url + "/version")
        config = json.loads(sandbox.server.kubeconfig(namespace="team-a"))
    assert config["users"] == [{"name": "cosictl-sandbox", "user": {"token": ADMIN_TOKEN}}]
    assert [context["context"]["namespace"] for context in config["contexts"]] == ["team-a"]
    assert Access().token != Access().token


def test_the_time_of_the_answer_is_the_clusters() -> None:
    with Sandbox(clock=Clock(start=datetime(2020, 2, 3, tzinfo=UTC))) as sandbox:
        made = sandbox.ask("POST", BUCKETS, bucket("a"))
    assert made.headers["Date"].startswith("Mon, 03 Feb 2020 00:")
    assert made.json["metadata"]["creationTimestamp"].startswith("2020-02-03T00:")


@pytest.mark.parametrize(
    ("method", "path", "status", "said"),
    [
        ("GET", "/apis/batch/v1/jobs", 501, "does not implement /apis/batch/v1/jobs"),
        ("GET", "/api/v1/nodes", 501, "does not implement /api/v1/nodes"),
        ("GET", "/apis/apps/v1/daemonsets", 501, "does not implement /apis/apps/v1/daemonsets"),
        ("GET", "/api/v1/gizmos", 404, "could not find the requested resource"),
        ("GET", f"{COSI}/gizmos", 404, "could not find the requested resource"),
        ("GET", f"{COSI}/bucketclasses/x/status", 404, "could not find the requested resource"),
        ("GET", f"{COSI}/buckets/x/scale", 404, "could not find the requested resource"),
        ("GET", "/api/v1/namespaces/default/pods/x/portforward", 501, "pods/portforward"),
        ("GET", "/metrics", 501, "does not implement /metrics"),
        ("OPTIONS", BUCKETS, 501, "options"),
        ("POST", f"{BUCKETS}/a", 405, "does not allow this method"),
        ("POST", "/version", 501, "POST /version"),
    ],
)
def test_what_is_missing_is_named(method: str, path: str, status: int, said: str) -> None:
    with Sandbox() as sandbox:
        got = sandbox.ask(method, path, {} if method == "POST" else None)
        assert (got.status, said in got.json["message"]) == (status, True), got.body


def test_paths_that_are_none_of_kubernetes_are_plain_text() -> None:
    with Sandbox() as sandbox:
        for path in ("/", "/nope", "/apis/objectstorage.k8s.io/v1alpha2/buckets", "/apis/x.example.com"):
            got = sandbox.ask("GET", path)
            assert (got.status, got.body) == (404, b"404 page not found\n")


def test_server_side_apply_and_foreign_bodies_are_refused_by_name() -> None:
    with Sandbox() as sandbox:
        apply = {"Content-Type": "application/apply-patch+yaml"}
        assert "server-side apply" in sandbox.ask("PATCH", f"{BUCKETS}/a", "{}", headers=apply).json["message"]
        protobuf = {"Content-Type": "application/vnd.kubernetes.protobuf"}
        assert reason(sandbox.ask("POST", BUCKETS, b"k8s\0", headers=protobuf)) == (415, "UnsupportedMediaType")
        assert reason(sandbox.ask("GET", BUCKETS, headers={"Accept": "text/html"})) == (406, "NotAcceptable")
        assert sandbox.ask("POST", BUCKETS, "x" * 4_000_000).status == 413


def test_options_of_lists_are_checked() -> None:
    with Sandbox() as sandbox:
        for query, status in (
            ("limit=x", 400),
            ("resourceVersion=x", 422),
            ("resourceVersionMatch=Exact", 422),
            ("resourceVersionMatch=Roughly&resourceVersion=1", 422),
            ("sendInitialEvents=true", 422),
            ("watch=1&sendInitialEvents=true", 422),
            ("resourceVersion=999999999", 504),
            ("labelSelector=a%20b", 400),
            ("continue=!!", 400),
            ("continue=e30", 400),
        ):
            assert (query, sandbox.ask("GET", f"{BUCKETS}?{query}").status) == (query, status)
        assert reason(sandbox.ask("DELETE", f"{BUCKETS}/a?dryRun=Some")) == (422, "Invalid")


def test_a_list_can_be_asked_for_as_it_was() -> None:
    with Sandbox() as sandbox:
        version = sandbox.ask("POST", BUCKETS, bucket("a")).json["metadata"]["resourceVersion"]
        sandbox.ask("POST", BUCKETS, bucket("b"))
        exact = sandbox.ask("GET", f"{BUCKETS}?resourceVersion={version}&resourceVersionMatch=Exact")
        assert names(exact) == ["a"]
        newer = sandbox.ask("GET", f"{BUCKETS}?resourceVersion={version}&resourceVersionMatch=NotOlderThan")
        assert names(newer) == ["a", "b"]


def test_a_whole_selection_is_deleted() -> None:
    with Sandbox() as sandbox:
        for name in "abc":
            value = claim(name)
            value["metadata"]["labels"] = {"keep": str(name == "b").lower()}
            sandbox.ask("POST", CLAIMS, value)
        assert names(sandbox.ask("DELETE", f"{CLAIMS}?labelSelector=keep%3Dfalse&dryRun=All")) == ["a", "c"]
        assert names(sandbox.ask("DELETE", f"{CLAIMS}?labelSelector=keep%3Dfalse")) == ["a", "c"]
        assert names(sandbox.ask("GET", CLAIMS)) == ["b"]


def test_unknown_fields_are_refused_reported_or_dropped_as_asked() -> None:
    with Sandbox() as sandbox:
        value = bucket("a")
        value["spec"]["drivername"] = "typo"
        strict = sandbox.ask("POST", f"{BUCKETS}?fieldValidation=Strict", value)
        assert 'unknown field "spec.drivername"' in strict.json["message"]
        warned = sandbox.ask("POST", BUCKETS, value)
        assert warned.headers["Warning"] == '299 - "unknown field \\"spec.drivername\\""'
        assert "drivername" not in warned.json["spec"]
        value["metadata"]["name"] = "b"
        assert "Warning" not in sandbox.ask("POST", f"{BUCKETS}?fieldValidation=Ignore", value).headers


def test_both_versions_are_served_side_by_side() -> None:
    with Sandbox(versions=("v1alpha1", "v1alpha2")) as sandbox:
        group = sandbox.ask("GET", "/apis/objectstorage.k8s.io").json
        assert [entry["version"] for entry in group["versions"]] == ["v1alpha2", "v1alpha1"]
        spec = {"driverName": "d", "deletionPolicy": "Delete"}
        value = {"apiVersion": "objectstorage.k8s.io/v1alpha2", "kind": "BucketClass", "metadata": {"name": "k"}}
        made = sandbox.ask("POST", COSI.replace("alpha1", "alpha2") + "/bucketclasses", value | {"spec": spec})
        assert made.status == 201
        assert names(sandbox.ask("GET", f"{COSI}/bucketclasses")) == []
