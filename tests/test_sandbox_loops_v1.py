"""What the v1alpha1 controller and sidecars do to Buckets and claims, release by release."""

import pytest

from cosictl.knowledge.finalizers import BUCKET_PROTECTION, CLAIM_PROTECTION
from cosictl.model.refs import Api, Kind, Ref, Rpc
from cosictl.sandbox.api.resources import BUCKETS_V1, CLAIMS_V1, LEASES
from cosictl.sandbox.objects import DRIVER, bucket_class, claim
from cosictl.sandbox.ports import Json
from tests.looping import SIDECAR_NAMESPACE, Cluster, steps
from tests.told_driver import ToldDriver
from tests.virtual_time import run

REFUSED = {"create": "PermissionDenied", "message": "not yours"}
SLOW = {"delay": "1"}


def started(policy: str = "v0.2.2", release: str = "v0.2.2") -> Cluster:
    cluster = Cluster()
    cluster.controller(release)
    cluster.sidecar(policy)
    return cluster


def creates(cluster: Cluster) -> list[float]:
    return steps(call.at for call in cluster.driver.of(Rpc.CREATE))


def ready(value: Json) -> bool:
    return bool(value.get("status", {}).get("bucketReady"))


# --- creation -------------------------------------------------------------------------------------------------------


def test_a_claim_gets_a_bucket_with_what_the_class_says() -> None:
    async def play() -> None:
        async with started() as cluster:
            cluster.provision(**SLOW)
            await cluster.wait(20)
            bucket, claimed = cluster.bucket(), cluster.claim()
            assert bucket["metadata"]["name"] == f"bucket-{claimed['metadata']['uid']}"
            assert bucket["metadata"]["finalizers"] == [BUCKET_PROTECTION]
            assert bucket["spec"]["parameters"] == SLOW
            assert bucket["status"] == {"bucketReady": True, "bucketID": bucket["metadata"]["name"]}
            assert claimed["metadata"]["finalizers"] == [CLAIM_PROTECTION]
            assert claimed["status"] == {"bucketReady": True, "bucketName": bucket["metadata"]["name"]}
            assert cluster.events() == []

    run(play())


def test_a_driver_that_answers_at_once_loses_the_ready_flag_of_the_claim() -> None:
    async def play() -> None:
        async with started() as cluster:
            cluster.provision()
            await cluster.wait(600)
            assert (ready(cluster.bucket()), ready(cluster.claim())) == (True, False)

    run(play())


@pytest.mark.parametrize(
    ("release", "name"), [("v0.2.2", "bucket-{uid}"), ("v0.2.2-image", "photos{uid}"), ("v0.2.1", "photos{uid}")]
)
def test_each_controller_names_buckets_its_own_way(release: str, name: str) -> None:
    async def play() -> None:
        async with started(release=release) as cluster:
            cluster.provision(**SLOW)
            await cluster.wait(20)
            claimed = cluster.claim()
            assert claimed["status"]["bucketName"] == name.format(uid=claimed["metadata"]["uid"])
            assert ready(claimed)

    run(play())


@pytest.mark.parametrize(("release", "texts"), [("v0.2.2", {'bucketclasses.objectstorage.k8s.io "gone" not found'})])
def test_a_missing_class_is_recorded_on_the_claim(release: str, texts: set[str]) -> None:
    async def play() -> None:
        async with started(release=release) as cluster:
            cluster.apply(claim("photos", "gone"))
            await cluster.wait(60)
            assert {message for _, message, _ in cluster.said("photos")} == texts
            cluster.apply(bucket_class("gone", parameters=SLOW))
            await cluster.wait(60)
            assert ready(cluster.claim())

    run(play())


def test_the_old_controller_says_nothing() -> None:
    async def play() -> None:
        async with started(release="v0.2.1") as cluster:
            cluster.apply(claim("photos", "gone"))
            await cluster.wait(60)
            assert cluster.events() == []

    run(play())


def test_an_existing_bucket_is_adopted_and_made_ready_without_asking_the_driver() -> None:
    async def play() -> None:
        async with started() as cluster:
            spec = {"bucketClassName": "c", "driverName": DRIVER, "existingBucketID": "old", "protocols": ["S3"]}
            bucket = {"metadata": {"name": "static"}, "spec": spec | {"bucketClaim": {}, "parameters": {"a": "b"}}}
            cluster.store.create(BUCKETS_V1, "", bucket)
            cluster.apply(claim("photos", "", existing="static"))
            await cluster.wait(20)
            assert cluster.claim()["status"] == {"bucketName": "static", "bucketReady": True}
            assert cluster.bucket()["status"] == {"bucketReady": True, "bucketID": "old"}
            assert cluster.driver.calls == []

    run(play())


def test_three_hundred_claims_wait_for_the_clients_own_rate_limit() -> None:
    async def play() -> None:
        async with started() as cluster:
            cluster.apply(bucket_class("c"), *(claim(f"photos-{number}", "c") for number in range(300)))
            await cluster.wait(60)
            made = len(cluster.buckets())
            await cluster.wait(240)
            waiting = [value for value in cluster.store.list(CLAIMS_V1)[0] if "finalizers" not in value["metadata"]]
            await cluster.wait(420)
            done = [value for value in cluster.store.list(CLAIMS_V1)[0] if "finalizers" in value["metadata"]]
            assert made < 100
            assert waiting
            assert len(done) == 300

    run(play())


# --- retries and records --------------------------------------------------------------------------------------------


def test_a_final_error_is_retried_for_ever_and_counted() -> None:
    async def play() -> None:
        async with started() as cluster:
            cluster.provision(create="InvalidArgument", message="invalid bucket name: {key}")
            await cluster.wait(205)
            name = cluster.bucket()["metadata"]["name"]
            text = f"failed to create bucket: rpc error: code = InvalidArgument desc = invalid bucket name: {name}"
            assert cluster.said(name) == [("FailedCreateBucket", text, 15)]
            assert creates(cluster) == pytest.approx(
                [0.101, 0.201, 0.401, 0.801, 1.601, 3.201, 6.401, 12.801, 25.601, *[30.001] * 5], abs=0.01
            )

    run(play())


@pytest.mark.parametrize("told", [{"create": "AlreadyExists"}, {"empty": "true"}])
def test_silent_loops_leave_no_event(told: dict[str, str]) -> None:
    async def play() -> None:
        async with started() as cluster:
            sidecar = cluster.sidecar("v0.2.2", driver=ToldDriver(cluster.clock, "other.example.com"))
            cluster.provision(**told)
            await cluster.wait(100)
            assert len(cluster.driver.of(Rpc.CREATE)) == 11
            assert cluster.events() == []
            assert sidecar.records == {}

    run(play())


def test_records_count_what_loops() -> None:
    async def play() -> None:
        async with Cluster() as cluster:
            cluster.controller()
            sidecar = cluster.sidecar()
            cluster.provision(**REFUSED)
            await cluster.wait(20)
            assert sidecar.records == {Ref(Kind.BUCKET, "", cluster.bucket()["metadata"]["name"]): 8}

    run(play())


EFFECTS = [
    ("v0.2.2", "PermissionDenied", 11, 11),
    ("v0.2.1", "PermissionDenied", 11, 11),
    ("cosi-86-as-written", "PermissionDenied", 11, 11),
    ("cosi-86-as-written", "Internal", 11, 0),
    ("cosi-86-as-written", "AlreadyExists", 11, 11),
    ("cosi-86-intent", "PermissionDenied", 1, 1),
    ("cosi-86-intent", "Internal", 11, 11),
    ("spec-v1alpha1", "PermissionDenied", 1, 1),
    ("spec-v1alpha1", "Aborted", 11, 11),
]


@pytest.mark.parametrize(("policy", "code", "tries", "recorded"), EFFECTS)
def test_each_policy_does_with_a_create_error_what_its_row_says(
    policy: str, code: str, tries: int, recorded: int
) -> None:
    async def play() -> None:
        async with started(policy) as cluster:
            cluster.provision(create=code)
            await cluster.wait(100)
            assert len(cluster.driver.of(Rpc.CREATE)) == tries
            assert sum(count for _, _, count in cluster.said(cluster.bucket()["metadata"]["name"])) == recorded

    run(play())


@pytest.mark.parametrize(("home", "written"), [(SIDECAR_NAMESPACE, 0), ("default", 11)])
def test_image_60_writes_bucket_events_only_from_default(home: str, written: int) -> None:
    async def play() -> None:
        async with Cluster() as cluster:
            cluster.controller("v0.2.1")
            cluster.sidecar("image-60", home=home)
            cluster.provision(**REFUSED)
            await cluster.wait(100)
            assert sum(event["count"] for event in cluster.events()) == written
            assert len(cluster.driver.of(Rpc.CREATE)) == 11

    run(play())


# --- edits and restarts ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("policy", "goes_on"), [("v0.2.2", True), ("v0.2.1", False), ("image-60", False)])
def test_an_edit_retries_at_once_or_ends_the_loop(policy: str, *, goes_on: bool) -> None:
    async def play() -> None:
        async with started(policy) as cluster:
            cluster.provision(**REFUSED)
            await cluster.wait(60)
            before = len(cluster.driver.calls)
            cluster.annotate(cluster.bucket())
            await cluster.wait(1)
            assert len(cluster.driver.calls) - before == int(goes_on)
            await cluster.wait(300)
            assert (len(cluster.driver.calls) - before > 8) is goes_on

    run(play())


def test_a_bucket_of_another_driver_is_left_alone_until_its_name_comes_back_in_any_case() -> None:
    async def play() -> None:
        async with started() as cluster:
            cluster.provision(**REFUSED)
            await cluster.wait(60)
            before = len(cluster.driver.calls)
            name = cluster.bucket()["metadata"]["name"]
            cluster.store.patch(BUCKETS_V1, "", name, {"spec": {"driverName": "nobody"}})
            await cluster.wait(65)
            assert len(cluster.driver.calls) == before
            cluster.store.patch(BUCKETS_V1, "", name, {"spec": {"driverName": DRIVER.upper()}})
            await cluster.wait(1)
            assert len(cluster.driver.calls) == before + 1

    run(play())


def test_the_delay_after_a_success_is_the_old_one() -> None:
    async def play() -> None:
        async with started() as cluster:
            cluster.provision(**REFUSED)
            await cluster.wait(100)
            name = cluster.bucket()["metadata"]["name"]
            cluster.store.patch(BUCKETS_V1, "", name, {"spec": {"parameters": {"create": "OK", "delete": "Aborted"}}})
            await cluster.wait(40)
            assert ready(cluster.bucket())
            cluster.delete(cluster.claim())
            await cluster.wait(50)
            assert steps(call.at for call in cluster.driver.of(Rpc.DELETE)) == pytest.approx([30.0], abs=0.1)

    run(play())


def test_a_restart_tries_once_and_starts_the_delays_anew() -> None:
    async def play() -> None:
        async with Cluster() as cluster:
            cluster.controller()
            sidecar = cluster.sidecar()
            cluster.provision(**REFUSED)
            await cluster.wait(100)
            await cluster.stop(sidecar)
            before = len(cluster.driver.calls)
            cluster.sidecar()
            await cluster.wait(1)
            assert steps(call.at for call in cluster.driver.calls[before:]) == pytest.approx([0.1, 0.2, 0.4], abs=0.01)

    run(play())


# --- leases and versions --------------------------------------------------------------------------------------------


def test_controller_and_sidecars_renew_their_leases_once_a_minute() -> None:
    async def play() -> None:
        async with started() as cluster:
            await cluster.wait(130)
            leases = {value["metadata"]["name"]: value["spec"] for value in cluster.store.list(LEASES)[0]}
            assert set(leases) == {"leader-lock-cosi-controller-manager", "cosi-example-com-cosi"}
            for spec in leases.values():
                assert spec["leaseDurationSeconds"] == 150
                assert spec["renewTime"].startswith("2026-11-23T15:02:00")
                assert spec["acquireTime"].startswith("2026-11-23T15:00:00")

    run(play())


def test_a_sidecar_of_another_version_than_the_crds_looks_healthy_and_does_nothing() -> None:
    async def play() -> None:
        async with Cluster(Api.V1ALPHA1, crds=Api.V1ALPHA2) as cluster:
            sidecar = cluster.sidecar()
            await cluster.wait(3600)
            assert cluster.store.get(LEASES, SIDECAR_NAMESPACE, "cosi-example-com-cosi")["spec"]["holderIdentity"]
            assert (sidecar.records, cluster.events(), cluster.driver.calls) == ({}, [], [])

    run(play())
