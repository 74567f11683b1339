"""What the v1alpha2 controller and sidecars do: one worker, ``status.error``, errors that end it."""

import pytest

from cosictl.driver.types import DriverError
from cosictl.knowledge.finalizers import PROTECTION
from cosictl.model.failures import GrpcCode
from cosictl.model.refs import Api, Rpc
from cosictl.sandbox.api.resources import BUCKETS_V2, LEASES, PODS
from cosictl.sandbox.objects import DRIVER, TEAM, bucket_class, claim
from cosictl.sandbox.ports import Json
from tests.looping import SIDECAR_NAMESPACE, Cluster, steps
from tests.told_driver import ToldDriver
from tests.virtual_time import run

MAIN, LATER = "main-2026-03", "later-main"


def started(release: str = MAIN, policy: str = "") -> Cluster:
    cluster = Cluster(Api.V1ALPHA2)
    cluster.controller(release)
    cluster.sidecar(policy or release)
    return cluster


def ready(value: Json) -> bool:
    return bool(value.get("status", {}).get("readyToUse"))


def error(value: Json) -> str:
    return str(value["status"]["error"]["message"])


# --- creation -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("release", [MAIN, LATER])
def test_a_claim_is_bound_to_a_bucket_and_becomes_ready(release: str) -> None:
    async def play() -> None:
        async with started(release) as cluster:
            cluster.provision(delay="0.1")
            await cluster.wait(2)
            bucket, claimed = cluster.bucket(), cluster.claim()
            name = f"bc-{claimed['metadata']['uid']}"
            assert bucket["metadata"]["name"] == name
            assert bucket["metadata"]["finalizers"] == claimed["metadata"]["finalizers"] == [PROTECTION]
            assert claimed["status"] == {"boundBucketName": name, "protocols": ["S3"], "readyToUse": True}
            assert bucket["status"]["bucketID"] == name
            assert bucket["status"]["bucketInfo"]["COSI_S3_ENDPOINT"] == "http://127.0.0.1:9"
            assert cluster.driver.asked[name] == ({"delay": "0.1"}, ("S3",))
            assert cluster.events() == []
            assert cluster.store.list(LEASES)[0] == []

    run(play())


@pytest.mark.parametrize(("release", "heard"), [(MAIN, False), (LATER, True)])
def test_a_ready_bucket_is_noticed_by_backoff_or_by_watch(release: str, *, heard: bool) -> None:
    async def play() -> None:
        async with started(release) as cluster:
            cluster.provision(delay="100")
            await cluster.wait(101)
            assert ready(cluster.bucket())
            assert ready(cluster.claim()) is heard
            await cluster.wait(100)
            assert ready(cluster.claim())

    run(play())


def test_what_waits_and_what_is_missing_is_said_in_the_status() -> None:
    async def play() -> None:
        async with started() as cluster:
            cluster.apply(claim("photos", "gone", api=Api.V1ALPHA2), claim("b", "", existing="b", api=Api.V1ALPHA2))
            cluster.provision("films", create="Internal")
            await cluster.wait(10)
            assert error(cluster.claim()) == 'BucketClass.objectstorage.k8s.io "gone" not found'
            assert error(cluster.claim("b")) == 'waiting for statically-provisioned Bucket "b" to exist'
            assert error(cluster.claim("films")) == "waiting for Bucket to be provisioned"
            assert error(cluster.bucket("films")) == "rpc error: code = Internal desc = told to"
            assert cluster.claim()["status"]["readyToUse"] is False

    run(play())


def test_delays_grow_from_five_milliseconds_to_a_thousand_seconds() -> None:
    async def play() -> None:
        async with started() as cluster:
            cluster.provision(create="Internal")
            await cluster.wait(6000)
            pauses = steps(call.at for call in cluster.driver.of(Rpc.CREATE))
            assert pauses[:4] == pytest.approx([0.006, 0.011, 0.021, 0.041], abs=0.002)
            assert pauses[17:] == pytest.approx([655.36, 1000, 1000, 1000, 1000], rel=0.01)

    run(play())


@pytest.mark.parametrize(("release", "moves"), [(MAIN, True), (LATER, False)])
def test_the_time_of_an_unchanged_error_moves_or_stays(release: str, *, moves: bool) -> None:
    async def play() -> None:
        async with started(release) as cluster:
            cluster.provision(create="Internal")
            await cluster.wait(5)
            before = cluster.bucket()["status"]["error"]
            await cluster.wait(60)
            assert (cluster.bucket()["status"]["error"] != before) is moves

    run(play())


CODES = [
    (MAIN, "InvalidArgument", 1),
    (MAIN, "AlreadyExists", 1),
    (MAIN, "Unimplemented", 1),
    (MAIN, "PermissionDenied", 12),
    (MAIN, "OutOfRange", 12),
    ("spec-v1alpha2", "InvalidArgument", 1),
    ("spec-v1alpha2", "Internal", 12),
]


@pytest.mark.parametrize(("policy", "code", "tries"), CODES)
def test_three_codes_end_it(policy: str, code: str, tries: int) -> None:
    async def play() -> None:
        async with started(policy=policy) as cluster:
            cluster.provision(create=code)
            await cluster.wait(11)
            assert len(cluster.driver.of(Rpc.CREATE)) == tries
            assert error(cluster.bucket()) == f"rpc error: code = {code} desc = told to"

    run(play())


def test_what_is_parked_wakes_on_a_spec_change_or_a_restart_but_not_on_an_annotation() -> None:
    async def play() -> None:
        async with Cluster(Api.V1ALPHA2) as cluster:
            cluster.controller()
            sidecar = cluster.sidecar()
            cluster.provision(create="InvalidArgument")
            await cluster.wait(10)
            cluster.annotate(cluster.bucket())
            await cluster.wait(100)
            assert len(cluster.driver.calls) == 1
            name = cluster.bucket()["metadata"]["name"]
            cluster.store.patch(BUCKETS_V2, "", name, {"spec": {"deletionPolicy": "Retain"}})
            await cluster.wait(10)
            assert len(cluster.driver.calls) == 2
            await cluster.stop(sidecar)
            cluster.sidecar()
            await cluster.wait(10)
            assert len(cluster.driver.calls) == 3

    run(play())


def test_a_removed_protection_finalizer_is_put_back() -> None:
    async def play() -> None:
        async with started() as cluster:
            cluster.provision()
            await cluster.wait(5)
            name = cluster.bucket()["metadata"]["name"]
            cluster.store.patch(BUCKETS_V2, "", name, {"metadata": {"finalizers": None}})
            await cluster.wait(1)
            assert cluster.bucket()["metadata"]["finalizers"] == [PROTECTION]

    run(play())


def test_an_id_that_the_api_refuses_is_asked_for_again_without_a_word() -> None:
    async def play() -> None:
        async with started() as cluster:
            cluster.driver.ids["photos"] = "arn:aws:s3:::photos"
            cluster.provision(id="photos")
            await cluster.wait(100)
            assert "status" not in cluster.bucket()
            assert cluster.bucket()["metadata"]["finalizers"] == [PROTECTION]
            assert len(cluster.driver.of(Rpc.CREATE)) > 10

    run(play())


def test_one_hanging_call_holds_up_every_bucket_of_the_driver() -> None:
    async def play() -> None:
        async with started() as cluster:
            cluster.provision("hangs", delay="5000")
            await cluster.wait(1)
            cluster.provision("photos")
            await cluster.wait(2000)
            assert cluster.driver.of(Rpc.CREATE) == []

    run(play())


@pytest.mark.parametrize(("name", "served"), [(DRIVER, True), (DRIVER.upper(), False)])
def test_driver_names_are_compared_exactly(name: str, *, served: bool) -> None:
    async def play() -> None:
        async with started() as cluster:
            cluster.apply(bucket_class("c", api=Api.V1ALPHA2, driver=name), claim("photos", "c", api=Api.V1ALPHA2))
            await cluster.wait(5)
            assert ready(cluster.bucket()) is served

    run(play())


def static_bucket(name: str, bucket_id: str) -> Json:
    ref = {"name": name, "namespace": TEAM}
    spec = {"driverName": DRIVER, "deletionPolicy": "Retain", "existingBucketID": bucket_id, "bucketClaimRef": ref}
    return {"metadata": {"name": name}, "spec": spec}


def test_a_static_bucket_waits_for_its_backend_and_is_then_bound() -> None:
    async def play() -> None:
        async with started() as cluster:
            cluster.store.create(BUCKETS_V2, "", static_bucket("photos", "old"))
            cluster.apply(claim("photos", "", existing="photos", api=Api.V1ALPHA2))
            await cluster.wait(5)
            text = "waiting for backend bucket to exist: rpc error: code = NotFound desc = no such bucket"
            assert error(cluster.bucket()) == text
            cluster.driver.buckets.add("old")
            await cluster.wait(20)
            assert cluster.bucket()["status"]["bucketID"] == "old"
            assert cluster.bucket()["spec"]["bucketClaimRef"]["uid"] == cluster.claim()["metadata"]["uid"]
            assert ready(cluster.claim())

    run(play())


def test_a_lost_bucket_is_not_made_again() -> None:
    async def play() -> None:
        async with Cluster(Api.V1ALPHA2) as cluster:
            controller = cluster.controller()
            cluster.provision()
            await cluster.wait(5)
            name = cluster.bucket()["metadata"]["name"]
            cluster.delete(cluster.bucket())
            await cluster.stop(controller)
            cluster.controller()
            await cluster.wait(5)
            text = f'unrecoverable degradation: BucketClaim is bound to Bucket "{name}" that no longer exists'
            assert error(cluster.claim()) == text

    run(play())


# --- the process ----------------------------------------------------------------------------------------------------


def test_a_sidecar_ends_at_once_when_its_driver_speaks_the_other_version() -> None:
    async def play() -> None:
        async with Cluster(Api.V1ALPHA2) as cluster:
            words = "unknown service sigs.k8s.io.cosi.v1alpha2.Identity"
            container = {"name": "sidecar", "image": "s", "terminationMessagePolicy": "FallbackToLogsOnError"}
            pod = {"metadata": {"name": "driver-0"}, "spec": {"containers": [container]}}
            cluster.store.create(PODS, SIDECAR_NAMESPACE, pod)
            driver = ToldDriver(cluster.clock)
            driver.down = DriverError(GrpcCode.UNIMPLEMENTED, words)
            cluster.sidecar(driver=driver, pod="driver-0")
            await cluster.wait(5)
            (status,) = cluster.store.get(PODS, SIDECAR_NAMESPACE, "driver-0")["status"]["containerStatuses"]
            terminated = status["lastState"]["terminated"]
            assert (terminated["exitCode"], status["restartCount"]) == (1, 1)
            text = f"unable to get driver info: rpc error: code = Unimplemented desc = {words}"
            assert terminated["message"] == text

    run(play())
