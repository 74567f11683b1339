"""A dump as the start of a sandbox, and the stories it can start with."""

import json
from pathlib import Path

import pytest

from cosictl.intake.files import load_dump
from cosictl.model.failures import GrpcCode
from cosictl.model.refs import Api, Rpc
from cosictl.sandbox.load import Answer, dump_objects, namespaces_of, recorded_answers
from cosictl.sandbox.plan import plan_dump, plan_scenario
from cosictl.sandbox.scenarios import DEFAULT, LONG_CLASS, SCENARIOS, Scenario
from tests.cli_process import V1, V2
from tests.live_sandbox import live
from tests.test_remedy_dumps import copy


def test_the_driver_goes_on_answering_as_recorded() -> None:
    _, snapshot = load_dump([V1])
    answers = recorded_answers(snapshot)
    by_claim = {bucket.claim.name: bucket.meta.name for bucket in snapshot.buckets if bucket.claim is not None}
    name = by_claim["create-permissiondenied"]
    said = f"permission denied for bucket {name}"
    assert answers[Rpc.CREATE, name] == Answer(code=GrpcCode.PERMISSION_DENIED, message=said)
    access = next(item for item in snapshot.accesses if item.meta.name == "acc-denied")
    assert answers[Rpc.GRANT, f"ba-{access.meta.uid}"].code is GrpcCode.PERMISSION_DENIED
    assert (Rpc.CREATE, by_claim["healthy"]) not in answers


def test_the_status_is_a_record_too() -> None:
    _, snapshot = load_dump([V2])
    codes = {answer.code for (call, _), answer in recorded_answers(snapshot).items() if call is Rpc.CREATE}
    assert {GrpcCode.INVALID_ARGUMENT, GrpcCode.INTERNAL, GrpcCode.UNAVAILABLE} <= codes


def test_objects_come_as_they_were() -> None:
    builder, snapshot = load_dump([V1], keep_raw=True)
    objects = list(dump_objects(builder.raw_items()))
    assert namespaces_of(objects) == {"team-a", "team-b", "default"}
    claim = next(value for value in objects if value["metadata"]["name"] == "recovers")
    was = next(item for item in snapshot.claims if item.meta.name == "recovers")
    assert (claim["metadata"]["uid"], claim["metadata"]["resourceVersion"]) == (was.meta.uid, was.meta.resource_version)


def test_the_identity_of_a_cluster_does_not_travel() -> None:
    own = {"kind": "Namespace", "metadata": {"name": "kube-system", "uid": "x"}}
    other = {"kind": "Namespace", "metadata": {"name": "team-a", "uid": "y"}}
    assert list(dump_objects(json.dumps(value).encode() for value in (own, other))) == [other]


@pytest.mark.parametrize("scenario", SCENARIOS.values(), ids=lambda scenario: scenario.name)
def test_a_story_is_whole(scenario: Scenario) -> None:
    assert scenario.about.endswith(".")
    served = {sidecar.driver for sidecar in scenario.sidecars}
    names = {(value["kind"], value["metadata"]["name"]) for value in scenario.objects}
    assert len(names) == len(scenario.objects)
    for value in scenario.objects:
        assert value["apiVersion"] == f"objectstorage.k8s.io/{scenario.api.value}"
        if value["kind"] == "BucketClass":
            assert (value.get("spec") or value)["driverName"] in served
    for step in scenario.then:
        assert (str(step.ref.kind), step.ref.name) in names


def test_the_default_is_the_report() -> None:
    assert any(value["metadata"]["name"] == LONG_CLASS for value in SCENARIOS[DEFAULT].objects)
    assert len(LONG_CLASS) + len("40ea83c7-6318-0a8c-d0f9-4b0957384746") == 98
    assert SCENARIOS[DEFAULT].old_names


@pytest.mark.parametrize("name", SCENARIOS)
def test_every_story_can_be_planned(name: str) -> None:
    plan = plan_scenario(name)
    assert {"default", "kube-system"} <= set(plan.namespaces)
    assert all(side.policy.api is side.speaks for side in plan.served) is (name != "mixed-api")


def test_a_policy_is_played_where_the_story_leaves_it_open() -> None:
    (side,) = plan_scenario("cosi-86", policy="image-60").served
    assert side.policy.name == "image-60"
    assert {side.policy.name for side in plan_scenario("mixed-api", policy="image-60").served} == {
        "v0.2.2",
        "main-2026-03",
    }


def test_a_dump_gets_a_sidecar_for_every_driver_it_names() -> None:
    builder, snapshot = load_dump([V2], keep_raw=True)
    plan = plan_dump(snapshot, dump_objects(builder.raw_items()))
    assert plan.versions == plan.controllers == (Api.V1ALPHA2,)
    assert [side.driver for side in plan.served] == ["cosi.example.com"], "nobody touched a Bucket of the other"
    assert {side.policy.name for side in plan.served} == {"main-2026-03"}
    with pytest.raises(ValueError, match="holds none of its objects"):
        plan_dump(snapshot, (), policy="v0.2.2")


def test_backends_hold_what_the_objects_tell() -> None:
    builder, snapshot = load_dump([V1], keep_raw=True)
    plan = plan_dump(snapshot, dump_objects(builder.raw_items()))
    (account,) = [held for held in plan.holdings if held.account]
    buckets = {held.bucket for held in plan.holdings if held.bucket}
    assert buckets == {bucket.bucket_id for bucket in snapshot.buckets if bucket.bucket_id}
    assert account.driver == "cosi.example.com"
    assert set(account.buckets) <= buckets
    assert account.buckets


def test_a_driver_of_both_versions_has_a_sidecar_and_a_socket_for_each(tmp_path: Path) -> None:
    with live(tmp_path, copy("mixed-api-versions")) as sandbox:
        assert set(sandbox.sockets) == {"cosi.example.com", "cosi.example.com.v1alpha2"}
        for path in sandbox.sockets.values():
            assert path.is_socket()
