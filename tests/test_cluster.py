"""Reading a cluster, against a real HTTP server on the loopback that can be told to misbehave."""

import io
import json
import socket
from pathlib import Path
from typing import Any

import pytest

from cosictl.cluster.connect import Connection, ConnectOptions, connect
from cosictl.cluster.lists import Reach, Scope
from cosictl.cluster.names import object_names
from cosictl.cluster.reader import read_cluster
from cosictl.diagnosis.report import diagnose
from cosictl.errors import ClusterError, ConfigError, CosiMissingError
from cosictl.intake.dump import dump_bytes
from cosictl.intake.files import read_dump
from cosictl.model.snapshot import ReadOutcome, Snapshot, TimeBasis
from cosictl.render.document import diagnosis_document
from cosictl.render.machine import dump_json
from tests.apiserver import ApiServer, Object
from tests.recorder import Recorder

RECORDED = Path(__file__).parent / "recorded"
WIDEST = Scope(reach=Reach.WIDEST, namespace="team-a")


def recorded(version: str) -> list[Object]:
    items: list[Object] = []
    for name in ("objects.json", "events.json"):
        items += json.loads((RECORDED / version / name).read_text())["items"]
    return items


def opened(server: ApiServer, folder: Path, **options: Any) -> Connection:
    return connect(ConnectOptions(kubeconfig=str(server.kubeconfig(folder)), **options))


def read(server: ApiServer, folder: Path, scope: Scope = WIDEST, **how: Any) -> Snapshot:
    _, snapshot = read_cluster(opened(server, folder), scope=scope, sleep=lambda _: None, **how)
    return snapshot


def outcomes(snapshot: Snapshot) -> dict[tuple[str, str], ReadOutcome]:
    return {(status.resource, status.scope): status.outcome for status in snapshot.reads}


def test_a_cluster_is_read_whole(tmp_path: Path) -> None:
    with ApiServer(recorded("v1alpha1")) as server:
        snapshot = read(server, tmp_path)
    offline = read_dump([str(RECORDED / "v1alpha1")])
    assert snapshot.buckets == offline.buckets
    assert snapshot.claims == offline.claims
    assert snapshot.accesses == offline.accesses
    assert snapshot.events == offline.events
    assert snapshot.basis is TimeBasis.SERVER
    assert snapshot.taken_at.isoformat() == "2026-11-23T15:11:07+00:00"
    assert set(outcomes(snapshot).values()) == {ReadOutcome.OK}


def test_lists_come_in_chunks_and_each_page_is_asked_for_once(tmp_path: Path) -> None:
    with ApiServer(recorded("v1alpha1")) as server:
        snapshot = read(server, tmp_path, chunk_size=7)
        assert server.count("bucketclaims") == 4
        assert len(server.requests) == len(set(server.requests))
    assert len(snapshot.claims) == 22


def test_an_expired_token_starts_the_list_again(tmp_path: Path) -> None:
    with ApiServer(recorded("v1alpha1"), faults=["expired-continue:list:buckets"]) as server:
        snapshot = read(server, tmp_path, chunk_size=7)
    assert len(snapshot.buckets) == 20
    assert outcomes(snapshot)["buckets", ""] is ReadOutcome.OK


@pytest.mark.parametrize(
    "resource", ["buckets", "bucketclasses", "bucketaccessclasses", "leases", "pods", "bucketclaims", "bucketaccesses"]
)
def test_a_refused_list_is_recorded_in_the_servers_words_and_the_rest_is_read(resource: str, tmp_path: Path) -> None:
    with ApiServer(recorded("v1alpha1"), forbidden={resource}) as server:
        snapshot = read(server, tmp_path)
    refused = next(s for s in snapshot.reads if s.outcome is ReadOutcome.FORBIDDEN)
    assert refused.resource == resource
    assert f'User "me" cannot list resource "{resource}" in API group' in refused.reason
    assert refused.reason.endswith("at the cluster scope")
    assert snapshot.events


def test_rights_in_one_namespace_give_its_claims(tmp_path: Path) -> None:
    everywhere = {"buckets", "bucketclaims", "bucketaccesses", "bucketclasses", "bucketaccessclasses", "pods", "leases"}
    forbidden = everywhere | {"events", "events@default"}
    with ApiServer(recorded("v1alpha1"), forbidden=forbidden) as server:
        snapshot = read(server, tmp_path)
    assert {claim.meta.namespace for claim in snapshot.claims} == {"team-a"}
    assert len(snapshot.claims) == 21
    assert snapshot.namespaces == ("team-a",)
    assert outcomes(snapshot)["bucketclaims", "team-a"] is ReadOutcome.OK
    assert outcomes(snapshot)["bucketclaims", ""] is ReadOutcome.FORBIDDEN
    report = diagnose(snapshot)
    assert {status.resource for status in report.unread} >= {"buckets", "bucketclaims"}
    assert all(item.outlook.value != "ready" for item in report.objects if item.ref.name == "recovers")


def test_one_namespace_reads_its_claims_and_the_bucket_events_in_default(tmp_path: Path) -> None:
    with ApiServer(recorded("v1alpha1")) as server:
        snapshot = read(server, tmp_path, Scope(reach=Reach.ONE, namespace="team-b"))
    assert [claim.meta.name for claim in snapshot.claims] == ["healthy-b"]
    assert any(event.about_kind == "Bucket" for event in snapshot.events)
    assert snapshot.namespaces == ("team-b",)


def test_servers_that_refuse_field_selectors_are_asked_for_all_events(tmp_path: Path) -> None:
    with ApiServer(recorded("v1alpha1"), faults=["refused-selector:list:events"]) as server:
        snapshot = read(server, tmp_path)
    assert snapshot.events == read_dump([str(RECORDED / "v1alpha1")]).events


@pytest.mark.parametrize("trouble", ["429", "503", "500", "reset", "truncate"])
def test_passing_trouble_is_waited_out(trouble: str, tmp_path: Path) -> None:
    with ApiServer(recorded("v1alpha1"), faults=[f"{trouble}:list:buckets:x2"]) as server:
        snapshot = read(server, tmp_path)
    assert len(snapshot.buckets) == 20
    assert outcomes(snapshot)["buckets", ""] is ReadOutcome.OK


def test_retry_after_is_honoured(tmp_path: Path) -> None:
    slept: list[float] = []
    with ApiServer(recorded("v1alpha1"), faults=["429:list:buckets:x1:wait=7"]) as server:
        read_cluster(opened(server, tmp_path), scope=WIDEST, sleep=slept.append)
    assert slept == [7.0]


def test_lasting_trouble_with_one_list_is_recorded(tmp_path: Path) -> None:
    with ApiServer(recorded("v1alpha1"), faults=["malformed:list:pods", "429:list:leases"]) as server:
        snapshot = read(server, tmp_path)
    assert outcomes(snapshot)["pods", ""] is ReadOutcome.FAILED
    assert outcomes(snapshot)["leases", ""] is ReadOutcome.FAILED
    assert len(snapshot.buckets) == 20


def test_a_missing_kind_is_recorded(tmp_path: Path) -> None:
    with ApiServer(recorded("v1alpha1"), faults=["404:list:bucketaccesses"]) as server:
        snapshot = read(server, tmp_path)
    assert outcomes(snapshot)["bucketaccesses", ""] is ReadOutcome.ABSENT


def test_both_versions_side_by_side(tmp_path: Path) -> None:
    with ApiServer(recorded("v1alpha1") + recorded("v1alpha2"), versions=("v1alpha1", "v1alpha2")) as server:
        snapshot = read(server, tmp_path)
    assert {bucket.api.value for bucket in snapshot.buckets} == {"v1alpha1", "v1alpha2"}
    assert len(snapshot.buckets) == 42


def test_no_object_is_asked_for_by_itself(tmp_path: Path) -> None:
    with ApiServer(recorded("v1alpha1")) as server:
        read(server, tmp_path)
        # Discovery, five COSI kinds, events, leases, pods.
        assert len(server.requests) == 9


def test_impersonation_and_token_travel_as_headers() -> None:
    with Recorder() as server:
        options = ConnectOptions(server=server.url, as_user="jane", as_groups=("ops", "dev"), token="other")
        connect(options).get("/version")
    assert server.headers[-1].get_all("Authorization") == ["Bearer other"]
    assert server.headers[-1].get_all("Impersonate-User") == ["jane"]
    assert server.headers[-1].get_all("Impersonate-Group") == ["ops", "dev"]


def test_an_expired_token_is_said(tmp_path: Path) -> None:
    with (
        ApiServer(faults=["expired-token"]) as server,
        pytest.raises(ClusterError, match="does not accept these credentials") as found,
    ):
        read(server, tmp_path)
    assert "log in again" in found.value.next_step


def test_a_cluster_without_cosi_is_said(tmp_path: Path) -> None:
    with ApiServer(versions=()) as server, pytest.raises(CosiMissingError, match="has no COSI resources"):
        read(server, tmp_path)


def test_an_unreachable_server_is_said() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}"
        conn = connect(ConnectOptions(server=url))
        with pytest.raises(ClusterError, match="cannot be reached"):
            read_cluster(conn, scope=WIDEST, sleep=lambda _: None)


def test_a_missing_kubeconfig_is_said(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="does not exist"):
        connect(ConnectOptions(kubeconfig=str(tmp_path / "none")))


def test_an_unknown_context_is_said(tmp_path: Path) -> None:
    with ApiServer() as server, pytest.raises(ConfigError, match="nowhere") as found:
        opened(server, tmp_path, context="nowhere")
    assert "get-contexts" in found.value.next_step


@pytest.mark.parametrize("text", ["", "{", "just words", "- a\n- b\n", "apiVersion: v1\nkind: Config\n"])
def test_a_broken_kubeconfig_is_said(text: str, tmp_path: Path) -> None:
    path = tmp_path / "broken"
    path.write_text(text)
    with pytest.raises(ConfigError):
        connect(ConnectOptions(kubeconfig=str(path)))


def test_kubeconfigs_merge_and_cluster_and_user_can_be_chosen(tmp_path: Path) -> None:
    with ApiServer(recorded("v1alpha1"), token="theirs") as server:
        first = server.kubeconfig(tmp_path)
        second = tmp_path / "more"
        second.write_text(json.dumps({"users": [{"name": "them", "user": {"token": "theirs"}}]}))
        conn = connect(ConnectOptions(kubeconfig=f"{first}:{second}", user="them"))
        _, snapshot = read_cluster(conn, scope=WIDEST)
    assert conn.namespace == "team-a"
    assert len(snapshot.buckets) == 20


def test_names_for_completion(tmp_path: Path) -> None:
    with ApiServer(recorded("v1alpha1")) as server:
        conn = opened(server, tmp_path)
        assert "healthy" in object_names(conn, "bucketclaims", "team-a")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        nobody = connect(ConnectOptions(server=f"http://127.0.0.1:{taken.getsockname()[1]}"))
        assert object_names(nobody, "bucketclaims", "team-a", timeout=0.2) == []


@pytest.mark.parametrize("version", ["v1alpha1", "v1alpha2"])
def test_a_dump_gives_the_same_findings_as_live_byte_for_byte(version: str, tmp_path: Path) -> None:
    with ApiServer(recorded(version), versions=(version,), forbidden={"pods"}) as server:
        builder, live = read_cluster(opened(server, tmp_path), scope=WIDEST, keep_raw=True)
    path = tmp_path / "dump.json"
    path.write_bytes(dump_bytes(builder, live))
    assert as_json(live) == as_json(read_dump([str(path)]))


def as_json(snapshot: Snapshot) -> str:
    document = diagnosis_document(diagnose(snapshot))
    assert document.pop("source")
    assert document.pop("takenAtBasis")
    stream = io.StringIO()
    dump_json(document, stream)
    return stream.getvalue()
