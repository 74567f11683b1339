"""What the v1alpha1 sidecars do to BucketAccesses, and how a sidecar dies of one."""

import json
from base64 import b64decode

import pytest

from cosictl.driver.types import DriverError
from cosictl.knowledge.finalizers import (
    ACCESS_PROTECTION,
    BUCKET_ACCESS_BUCKET_PROTECTION,
    BUCKET_PROTECTION,
    SECRET_PROTECTION,
)
from cosictl.model.failures import GrpcCode
from cosictl.model.refs import Rpc
from cosictl.sandbox.api.resources import ACCESSES_V1, CLAIMS_V1, PODS, SECRETS
from cosictl.sandbox.objects import TEAM, access, access_class
from cosictl.sandbox.ports import Json
from tests.looping import SIDECAR_NAMESPACE, Cluster, steps
from tests.told_driver import ToldDriver
from tests.virtual_time import run

NOT_READY = "BucketAccess can't be granted to Bucket not in Ready state"


async def with_claim(cluster: Cluster, **told: str) -> None:
    cluster.controller()
    cluster.sidecar()
    cluster.provision(delay="1", **told)
    await cluster.wait(20)


def test_an_access_gets_an_account_and_a_secret() -> None:
    async def play() -> None:
        async with Cluster() as cluster:
            await with_claim(cluster)
            cluster.grant("reader", "photos")
            await cluster.wait(20)
            granted, bucket = cluster.access("reader"), cluster.bucket()
            account = f"ba-{granted['metadata']['uid']}"
            assert granted["status"] == {"accountID": account, "accessGranted": True}
            assert granted["metadata"]["finalizers"] == [ACCESS_PROTECTION]
            assert bucket["metadata"]["finalizers"] == [BUCKET_PROTECTION, BUCKET_ACCESS_BUCKET_PROTECTION]
            secret = cluster.store.get(SECRETS, TEAM, "reader-credentials")
            assert secret["metadata"]["finalizers"] == [SECRET_PROTECTION]
            info = json.loads(b64decode(secret["data"]["BucketInfo"]))
            assert info["metadata"]["name"] == f"bc-{granted['metadata']['uid']}"
            assert info["spec"]["bucketName"] == bucket["metadata"]["name"]
            assert info["spec"]["protocols"] == ["S3"]
            assert info["spec"]["secretS3"] == {
                "endpoint": "http://127.0.0.1:9",
                "region": "",
                "accessKeyID": "id",
                "accessSecretKey": "key",
            }

    run(play())


WAITING: list[tuple[Json, str, str, int]] = [
    (
        access("a", "photos", "gone"),
        "FailedGrantAccess",
        'bucketaccessclasses.objectstorage.k8s.io "gone" not found',
        11,
    ),
    (access("a", "refused", "keys"), "WaitingForBucket", f"invalid bucket state: {NOT_READY}", 11),
    (
        access("a", "photos", "iam"),
        "FailedGrantAccess",
        "ServiceAccountName required when AuthenticationType is IAM",
        11,
    ),
    (
        access("a", "photos", "denied"),
        "FailedGrantAccess",
        "failed to grant bucket access: rpc error: code = PermissionDenied desc = no",
        11,
    ),
]


@pytest.mark.parametrize(("value", "reason", "text", "tries"), WAITING, ids=[row[2][:20] for row in WAITING])
def test_what_keeps_an_access_is_recorded_and_retried(value: Json, reason: str, text: str, tries: int) -> None:
    async def play() -> None:
        async with Cluster() as cluster:
            await with_claim(cluster)
            cluster.provision("refused", create="Internal")
            cluster.apply(
                access_class("keys"),
                access_class("iam", authentication="IAM"),
                access_class("denied", parameters={"grant": "PermissionDenied", "message": "no"}),
            )
            await cluster.wait(5)
            cluster.apply(value)
            await cluster.wait(82)
            assert cluster.said("a") == [(reason, text, tries)]

    run(play())


def test_a_missing_claim_is_recorded_only_after_an_edit_and_a_waiting_access_then_says_two_things() -> None:
    async def play() -> None:
        async with Cluster() as cluster:
            await with_claim(cluster)
            cluster.provision("refused", create="Internal")
            cluster.apply(access_class("keys"), access("lost", "ghost", "keys"), access("early", "refused", "keys"))
            await cluster.wait(60)
            assert cluster.said("lost") == []
            for name in ("lost", "early"):
                cluster.annotate(cluster.access(name))
            await cluster.wait(20)
            missing = 'failed to fetch bucketClaim: bucketclaims.objectstorage.k8s.io "ghost" not found'
            assert {(reason, text) for reason, text, _ in cluster.said("lost")} == {("FailedGrantAccess", missing)}
            assert {reason for reason, _, _ in cluster.said("early")} == {"WaitingForBucket", "FailedGrantAccess"}

    run(play())


def test_a_secret_that_is_there_is_kept_as_it_is_and_deleted_with_the_access() -> None:
    async def play() -> None:
        async with Cluster() as cluster:
            await with_claim(cluster)
            foreign = {"metadata": {"name": "reader-credentials"}, "data": {"mine": "eA=="}}
            cluster.store.create(SECRETS, TEAM, foreign)
            cluster.grant("reader", "photos")
            await cluster.wait(20)
            assert cluster.store.get(SECRETS, TEAM, "reader-credentials")["data"] == {"mine": "eA=="}
            cluster.delete(cluster.access("reader"))
            await cluster.wait(20)
            assert (cluster.has_access("reader"), cluster.store.list(SECRETS)[0]) == (False, [])

    run(play())


def test_a_deleted_access_is_revoked() -> None:
    async def play() -> None:
        async with Cluster() as cluster:
            await with_claim(cluster)
            cluster.grant("reader", "photos")
            await cluster.wait(20)
            account = cluster.access("reader")["status"]["accountID"]
            cluster.delete(cluster.access("reader"))
            await cluster.wait(20)
            assert [(call.key, call.code) for call in cluster.driver.of(Rpc.REVOKE)] == [(account, GrpcCode.OK)]
            assert not cluster.has_access("reader")

    run(play())


def test_a_revoke_that_finds_nothing_is_retried_for_ever() -> None:
    async def play() -> None:
        async with Cluster() as cluster:
            await with_claim(cluster)
            cluster.grant("reader", "photos")
            await cluster.wait(20)
            cluster.driver.always[Rpc.REVOKE] = GrpcCode.NOT_FOUND
            cluster.delete(cluster.access("reader"))
            await cluster.wait(100)
            assert len(cluster.driver.of(Rpc.REVOKE)) == 11
            (said,) = cluster.said("reader")
            assert said == (
                "FailedRevokeAccess",
                "failed to revoke access: rpc error: code = NotFound desc = told to",
                11,
            )

    run(play())


def test_a_revoked_access_waits_for_a_secret_that_is_gone() -> None:
    async def play() -> None:
        async with Cluster() as cluster:
            await with_claim(cluster)
            cluster.grant("reader", "photos")
            await cluster.wait(20)
            cluster.store.patch(SECRETS, TEAM, "reader-credentials", {"metadata": {"finalizers": None}})
            cluster.store.delete(SECRETS, TEAM, "reader-credentials")
            cluster.delete(cluster.access("reader"))
            await cluster.wait(60)
            assert {text for _, text, _ in cluster.said("reader")} == {'secrets "reader-credentials" not found'}
            cluster.store.create(SECRETS, TEAM, {"metadata": {"name": "reader-credentials"}})
            await cluster.wait(31)
            assert not cluster.has_access("reader")

    run(play())


def test_an_access_whose_claim_is_gone_is_never_revoked() -> None:
    async def play() -> None:
        async with Cluster() as cluster:
            await with_claim(cluster)
            cluster.grant("reader", "photos")
            await cluster.wait(20)
            cluster.store.patch(CLAIMS_V1, TEAM, "photos", {"metadata": {"finalizers": None}})
            cluster.delete(cluster.claim())
            cluster.delete(cluster.access("reader"))
            await cluster.wait(60)
            text = 'failed to fetch bucketClaim: bucketclaims.objectstorage.k8s.io "photos" not found'
            assert {said for _, said, _ in cluster.said("reader")} == {text}
            assert cluster.driver.of(Rpc.REVOKE) == []

    run(play())


def test_the_deletion_of_a_bucket_deletes_its_granted_accesses_first() -> None:
    async def play() -> None:
        async with Cluster() as cluster:
            await with_claim(cluster)
            cluster.grant("reader", "photos")
            await cluster.wait(20)
            cluster.delete(cluster.claim())
            await cluster.wait(60)
            living = [v for v in cluster.store.list(ACCESSES_V1)[0] if "deletionTimestamp" not in v["metadata"]]
            assert living == []
            assert len(cluster.driver.of(Rpc.DELETE)) == 1

    run(play())


def test_every_sidecar_revokes_at_its_own_driver() -> None:
    async def play() -> None:
        async with Cluster() as cluster:
            await with_claim(cluster)
            other = ToldDriver(cluster.clock, "other.example.com")
            cluster.sidecar(driver=other)
            cluster.grant("reader", "photos")
            await cluster.wait(20)
            cluster.delete(cluster.access("reader"))
            await cluster.wait(20)
            assert len(other.of(Rpc.REVOKE)) > 0
            assert other.of(Rpc.GRANT) == []

    run(play())


# --- the process ----------------------------------------------------------------------------------------------------

POD = {
    "metadata": {"name": "driver-0"},
    "spec": {
        "containers": [
            {"name": "driver", "image": "d"},
            {"name": "sidecar", "image": "s:v0.2.2", "terminationMessagePolicy": "FallbackToLogsOnError"},
        ]
    },
}


def test_a_grant_answered_already_exists_kills_the_sidecar_again_and_again() -> None:
    async def play() -> None:
        async with Cluster() as cluster:
            cluster.store.create(PODS, SIDECAR_NAMESPACE, POD)
            cluster.controller()
            sidecar = cluster.sidecar(pod="driver-0")
            cluster.provision(delay="1")
            await cluster.wait(20)
            cluster.grant("writer", "photos", grant="AlreadyExists")
            await cluster.wait(100)
            pauses = steps(call.at for call in cluster.driver.of(Rpc.GRANT))
            assert pauses == pytest.approx([0.001, 10.001, 20.001, 40.001], abs=0.01)
            pod = cluster.store.get(PODS, SIDECAR_NAMESPACE, "driver-0")
            (status,) = pod["status"]["containerStatuses"]
            assert (status["name"], status["restartCount"], status["ready"]) == ("sidecar", 4, False)
            assert status["state"]["waiting"]["reason"] == "CrashLoopBackOff"
            assert status["lastState"]["terminated"]["exitCode"] == 2
            assert "nil pointer" in status["lastState"]["terminated"]["message"]
            assert sidecar.restarts == 4
            assert cluster.events() == []
            cluster.delete(cluster.access("writer"))
            await cluster.wait(300)
            pod = cluster.store.get(PODS, SIDECAR_NAMESPACE, "driver-0")
            assert "running" in pod["status"]["containerStatuses"][0]["state"]
            assert len(cluster.driver.of(Rpc.GRANT)) == 5

    run(play())


@pytest.mark.parametrize(("policy", "code"), [("v0.2.2", 1), ("image-60", 0)])
def test_a_sidecar_without_a_driver_ends_after_150_seconds(policy: str, code: int) -> None:
    async def play() -> None:
        async with Cluster() as cluster:
            cluster.store.create(PODS, SIDECAR_NAMESPACE, POD)
            cluster.driver.down = DriverError(GrpcCode.UNAVAILABLE, "no such file")
            cluster.sidecar(policy, pod="driver-0")
            await cluster.wait(149)
            (status,) = cluster.store.get(PODS, SIDECAR_NAMESPACE, "driver-0")["status"]["containerStatuses"]
            assert "lastState" not in status
            await cluster.wait(3)
            (status,) = cluster.store.get(PODS, SIDECAR_NAMESPACE, "driver-0")["status"]["containerStatuses"]
            assert status["lastState"]["terminated"]["exitCode"] == code

    run(play())
