"""How v1alpha1 deletions end, or do not, release by release."""

import pytest

from cosictl.model.failures import GrpcCode
from cosictl.model.refs import Rpc
from cosictl.sandbox.api.resources import BUCKETS_V1, CLAIMS_V1
from cosictl.sandbox.objects import TEAM, claim
from tests.looping import Cluster
from tests.told_driver import ToldDriver
from tests.virtual_time import run

SLOW = {"delay": "1"}


def started(policy: str = "v0.2.2", release: str = "v0.2.2") -> Cluster:
    cluster = Cluster()
    cluster.controller(release)
    cluster.sidecar(policy)
    return cluster


def test_a_deleted_claim_takes_its_bucket_with_it() -> None:
    async def play() -> None:
        async with started() as cluster:
            cluster.provision(**SLOW)
            await cluster.wait(20)
            cluster.delete(cluster.claim())
            await cluster.wait(20)
            assert (cluster.has_claim(), cluster.buckets(), cluster.driver.buckets) == (False, [], set())

    run(play())


def test_a_refused_deletion_is_retried_and_recorded_until_retain_lets_it_go() -> None:
    async def play() -> None:
        async with started() as cluster:
            cluster.provision(delete="FailedPrecondition", message="not empty", **SLOW)
            await cluster.wait(20)
            cluster.delete(cluster.claim())
            await cluster.wait(60)
            name = cluster.bucket()["metadata"]["name"]
            text = "failed to delete bucket: rpc error: code = FailedPrecondition desc = not empty"
            assert [(reason, said) for reason, said, _ in cluster.said(name)] == [("FailedDeleteBucket", text)]
            cluster.store.patch(BUCKETS_V1, "", name, {"spec": {"deletionPolicy": "Retain"}})
            await cluster.wait(20)
            assert (cluster.has_claim(), cluster.buckets(), cluster.driver.buckets) == (False, [], {name})

    run(play())


DELETE_EFFECTS = [
    ("v0.2.2", "NotFound", 1, 0),
    ("cosi-86-as-written", "NotFound", 9, 18),
    ("cosi-86-as-written", "Internal", 9, 9),
    ("cosi-86-intent", "NotFound", 1, 1),
]


@pytest.mark.parametrize(("policy", "code", "tries", "recorded"), DELETE_EFFECTS)
def test_each_policy_does_with_a_delete_error_what_its_row_says(
    policy: str, code: str, tries: int, recorded: int
) -> None:
    async def play() -> None:
        async with started(policy) as cluster:
            cluster.provision(delete=code, delay="0.2")
            await cluster.wait(20)
            name = cluster.bucket()["metadata"]["name"]
            cluster.delete(cluster.claim())
            await cluster.wait(35)
            assert len(cluster.driver.of(Rpc.DELETE)) == tries
            assert sum(count for _, _, count in cluster.said(name)) == recorded
            assert cluster.has_claim() is (recorded > 0)

    run(play())


@pytest.mark.parametrize(("policy", "resumed"), [("v0.2.2", True), ("image-60", False)])
def test_a_restart_resumes_a_deletion_or_only_an_edit_does(policy: str, *, resumed: bool) -> None:
    async def play() -> None:
        async with Cluster() as cluster:
            cluster.controller()
            sidecar = cluster.sidecar(policy)
            cluster.provision(**SLOW)
            await cluster.wait(20)
            await cluster.stop(sidecar)
            cluster.delete(cluster.claim())
            await cluster.wait(20)
            cluster.sidecar(policy)
            await cluster.wait(20)
            assert cluster.has_claim() is not resumed
            if not resumed:
                cluster.annotate(cluster.bucket())
                await cluster.wait(20)
                assert not cluster.has_claim()

    run(play())


def test_any_sidecar_releases_a_terminating_bucket_and_the_backend_keeps_it() -> None:
    async def play() -> None:
        async with started() as cluster:
            cluster.provision(delete="PermissionDenied", **SLOW)
            await cluster.wait(20)
            name = cluster.bucket()["metadata"]["name"]
            cluster.sidecar(driver=ToldDriver(cluster.clock, "other.example.com"))
            await cluster.wait(5)
            cluster.delete(cluster.claim())
            await cluster.wait(5)
            assert (cluster.buckets(), cluster.has_claim(), cluster.driver.buckets) == ([], False, {name})

    run(play())


def test_a_deletion_that_comes_while_a_handler_runs_is_lost_until_an_edit() -> None:
    async def play() -> None:
        async with started() as cluster:
            cluster.provision(delay="1000")
            cluster.apply(*(claim(f"other-{number}", "photos") for number in range(29)))
            await cluster.wait(120)
            for value in cluster.store.list(CLAIMS_V1)[0]:
                cluster.annotate(value)
            # Thirty handlers share five calls a second.
            await cluster.wait(5)
            cluster.delete(cluster.claim())
            await cluster.wait(300)
            assert "deletionTimestamp" in cluster.claim()["metadata"]
            assert len(cluster.buckets()) == 30
            cluster.annotate(cluster.claim())
            await cluster.wait(10)
            assert len(cluster.buckets()) == 29

    run(play())


def test_a_claim_deleted_while_its_first_create_runs_is_a_zombie_that_is_created_on_and_on() -> None:
    async def play() -> None:
        async with started() as cluster:
            cluster.provision(delay="10")
            await cluster.wait(5)
            cluster.delete(cluster.claim())
            await cluster.wait(120)
            assert (cluster.buckets(), cluster.has_claim()) == ([], True)
            assert len(cluster.driver.of(Rpc.CREATE)) > 5
            (nameless,) = [event for event in cluster.events() if not event["involvedObject"].get("name")]
            assert nameless["metadata"]["name"].startswith(".")
            assert nameless["message"].startswith("failed to update bucket finalizers: ")

    run(play())


def test_a_bucket_whose_claim_is_gone_is_deleted_again_and_again() -> None:
    async def play() -> None:
        async with started() as cluster:
            cluster.provision(**SLOW)
            await cluster.wait(20)
            cluster.store.patch(CLAIMS_V1, TEAM, "photos", {"metadata": {"finalizers": None}})
            bucket = cluster.bucket()
            cluster.delete(cluster.claim())
            cluster.delete(bucket)
            await cluster.wait(30)
            (said,) = cluster.said(bucket["metadata"]["name"])
            assert said[:2] == ("FailedDeleteBucket", 'bucketclaims.objectstorage.k8s.io "photos" not found')
            assert len(cluster.driver.of(Rpc.DELETE)) > 5
            assert {call.code for call in cluster.driver.of(Rpc.DELETE)} == {GrpcCode.OK}

    run(play())
