"""How v1alpha2 deletions go, and accesses: handed over, granted, given back."""

from base64 import b64decode

import pytest

from cosictl.knowledge.annotations import BUCKET_CLAIM_BEING_DELETED, HAS_ACCESS_REFERENCES
from cosictl.model.failures import GrpcCode
from cosictl.model.refs import Api, Rpc
from cosictl.sandbox.api.resources import SECRETS
from cosictl.sandbox.objects import DRIVER, TEAM, access, access_class, bucket_class, claim
from cosictl.sandbox.ports import Json
from tests.looping import Cluster
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


# --- deletion -------------------------------------------------------------------------------------------------------


def test_in_march_2026_a_deleted_claim_leaves_everything_behind() -> None:
    async def play() -> None:
        async with started() as cluster:
            cluster.provision()
            await cluster.wait(5)
            cluster.delete(cluster.claim())
            await cluster.wait(5)
            assert not cluster.has_claim()
            (bucket,) = cluster.buckets()
            assert "deletionTimestamp" not in bucket["metadata"]
            cluster.delete(bucket)
            await cluster.wait(5)
            assert cluster.buckets() == []
            assert cluster.driver.of(Rpc.DELETE) == []

    run(play())


def test_later_main_deletes_bucket_and_backend_before_the_claim() -> None:
    async def play() -> None:
        async with started(LATER) as cluster:
            cluster.provision()
            await cluster.wait(5)
            cluster.delete(cluster.claim())
            await cluster.wait(5)
            assert (cluster.has_claim(), cluster.buckets(), cluster.driver.buckets) == (False, [], set())

    run(play())


def test_later_main_keeps_a_retained_bucket_annotated() -> None:
    async def play() -> None:
        async with started(LATER) as cluster:
            cluster.apply(bucket_class("c", api=Api.V1ALPHA2, policy="Retain"), claim("photos", "c", api=Api.V1ALPHA2))
            await cluster.wait(5)
            cluster.delete(cluster.claim())
            await cluster.wait(5)
            (bucket,) = cluster.buckets()
            assert (cluster.has_claim(), BUCKET_CLAIM_BEING_DELETED in bucket["metadata"]["annotations"]) == (
                False,
                True,
            )
            cluster.delete(bucket)
            await cluster.wait(5)
            assert error(cluster.buckets()[0]) == 'will not delete Bucket with non-delete deletion policy "Retain"'

    run(play())


def test_later_main_holds_a_bucket_until_its_claim_goes_too() -> None:
    async def play() -> None:
        async with started(LATER) as cluster:
            cluster.provision()
            await cluster.wait(5)
            cluster.delete(cluster.bucket())
            await cluster.wait(5)
            assert error(cluster.bucket()).startswith("will not delete Bucket bound to a non-deleting BucketClaim: ")
            cluster.delete(cluster.claim())
            await cluster.wait(5)
            assert (cluster.has_claim(), cluster.buckets()) == (False, [])

    run(play())


def test_a_refused_deletion_of_later_main_is_retried_or_ends() -> None:
    async def play(code: str) -> int:
        async with started(LATER) as cluster:
            cluster.provision(delete=code)
            await cluster.wait(5)
            cluster.delete(cluster.claim())
            await cluster.wait(10)
            assert error(cluster.bucket()) == f"rpc error: code = {code} desc = told to"
            return len(cluster.driver.of(Rpc.DELETE))

    assert run(play("FailedPrecondition")) > 5
    # Annotation and deletion of the Bucket are two reasons to look; neither is a retry.
    assert run(play("InvalidArgument")) <= 2


# --- accesses -------------------------------------------------------------------------------------------------------


def test_an_access_is_handed_from_controller_to_sidecar_and_granted() -> None:
    async def play() -> None:
        async with started() as cluster:
            cluster.provision()
            await cluster.wait(5)
            cluster.grant("reader", "photos")
            await cluster.wait(5)
            granted = cluster.access("reader")
            assert granted["status"]["accountID"] == f"ba-{granted['metadata']['uid']}"
            assert granted["status"]["driverName"] == DRIVER
            assert ready(granted)
            assert HAS_ACCESS_REFERENCES in cluster.claim()["metadata"]["annotations"]
            secret = cluster.store.get(SECRETS, TEAM, "reader-credentials")
            assert secret["metadata"]["ownerReferences"][0]["uid"] == granted["metadata"]["uid"]
            data = {key: b64decode(value).decode() for key, value in secret["data"].items()}
            assert data["COSI_PROTOCOL"] == "S3"
            assert data["COSI_S3_ENDPOINT"] == "http://127.0.0.1:9"

    run(play())


def test_a_foreign_secret_ends_it() -> None:
    async def play() -> None:
        async with started() as cluster:
            cluster.provision()
            cluster.store.create(SECRETS, TEAM, {"metadata": {"name": "reader-credentials"}})
            await cluster.wait(5)
            cluster.grant("reader", "photos")
            await cluster.wait(5)
            said = error(cluster.access("reader"))
            assert said.startswith("COSI Sidecar error: failed to reserve one or more Secrets")
            assert said.endswith('existing access Secret "reader-credentials" does not belong to BucketAccess')
            assert cluster.driver.of(Rpc.GRANT) == []

    run(play())


REFUSALS = [
    ("PermissionDenied", "rpc error: code = PermissionDenied desc = told to", True),
    ("AlreadyExists", "rpc error: code = AlreadyExists desc = told to", False),
    (
        "OutOfRange",
        "driver does not support multi-bucket access: rpc error: code = OutOfRange desc = told to",
        False,
    ),
]


@pytest.mark.parametrize(("code", "text", "again"), REFUSALS)
def test_a_refused_grant_is_said_and_retried_or_not(code: str, text: str, *, again: bool) -> None:
    async def play() -> None:
        async with started() as cluster:
            cluster.provision()
            await cluster.wait(5)
            cluster.grant("reader", "photos", grant=code)
            await cluster.wait(10)
            assert error(cluster.access("reader")) == f"COSI Sidecar error: {text}"
            assert (len(cluster.driver.of(Rpc.GRANT)) > 1) is again

    run(play())


def test_the_controller_says_what_an_access_waits_for() -> None:
    async def play() -> None:
        async with started() as cluster:
            cluster.provision("refused", create="InvalidArgument")
            cluster.apply(access_class("keys", api=Api.V1ALPHA2))
            for name, claim_name in (("early", "refused"), ("lost", "ghost")):
                cluster.apply(access(name, claim_name, "keys", api=Api.V1ALPHA2))
            await cluster.wait(5)
            bound = cluster.bucket("refused")["metadata"]["name"]
            start = "COSI Controller error: waiting for prerequisites before provisioning access: "
            waits = f'[waiting for Bucket "{bound}" for BucketClaim "refused" to finish provisioning]'
            assert error(cluster.access("early")) == start + waits
            assert error(cluster.access("lost")) == start + '[waiting for BucketClaim "ghost" to exist]'

    run(play())


def test_in_march_2026_the_deletion_of_an_access_waits_for_two_restarts() -> None:
    async def play() -> None:
        async with Cluster(Api.V1ALPHA2) as cluster:
            controller, sidecar = cluster.controller(), cluster.sidecar()
            cluster.provision()
            await cluster.wait(5)
            cluster.grant("reader", "photos")
            await cluster.wait(5)
            cluster.delete(cluster.access("reader"))
            await cluster.wait(3600)
            assert cluster.driver.of(Rpc.REVOKE) == []
            await cluster.stop(sidecar)
            cluster.sidecar()
            await cluster.wait(60)
            assert len(cluster.driver.of(Rpc.REVOKE)) == 1
            assert cluster.has_access("reader")
            await cluster.stop(controller)
            cluster.controller()
            await cluster.wait(60)
            assert not cluster.has_access("reader")

    run(play())


def test_later_main_revokes_and_unmarks() -> None:
    async def play() -> None:
        async with started(LATER) as cluster:
            cluster.provision()
            await cluster.wait(5)
            cluster.grant("reader", "photos")
            await cluster.wait(5)
            cluster.delete(cluster.access("reader"))
            await cluster.wait(5)
            assert [call.code for call in cluster.driver.of(Rpc.REVOKE)] == [GrpcCode.OK]
            assert (cluster.has_access("reader"), cluster.store.list(SECRETS)[0]) == (False, [])
            assert HAS_ACCESS_REFERENCES not in cluster.claim()["metadata"].get("annotations", {})

    run(play())
