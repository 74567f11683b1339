"""A real client and a real server over a unix socket, in both versions of the contract."""

import asyncio
import socket
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import TypeVar

import pytest

from cosictl.driver.call import DriverClient
from cosictl.driver.serve import DriverServer
from cosictl.driver.types import (
    AccessTerms,
    BucketReply,
    DriverError,
    DriverInfo,
    GrantReply,
    GrantRequest,
    RevokeRequest,
)
from cosictl.model.failures import GrpcCode
from cosictl.model.refs import Api

T = TypeVar("T")
BOTH = tuple(Api)
V1, V2 = BOTH
S3 = {"S3": {"bucket_id": "id", "endpoint": "http://s3", "region": "eu", "addressing_style": "virtual"}}


class Echo:
    """Answers with what it was asked, so that a test sees what came over the wire."""

    def __init__(self) -> None:
        self.seen: list[object] = []
        self.error: DriverError | None = None
        self.hang = False

    async def _take(self, request: object) -> None:
        self.seen.append(request)
        if self.hang:
            await asyncio.sleep(3600)
        if self.error is not None:
            raise self.error

    async def info(self) -> DriverInfo:
        await self._take("info")
        return DriverInfo(name="cosi.example.com", protocols=("S3", "GCS"))

    async def create(self, name: str, *, parameters: Mapping[str, str], protocols: Sequence[str] = ()) -> BucketReply:
        await self._take((name, dict(parameters), tuple(protocols)))
        return BucketReply(bucket_id=f"id of {name}"[:100_000], info=S3)

    async def get_existing(
        self, bucket_id: str, *, parameters: Mapping[str, str], protocols: Sequence[str] = ()
    ) -> BucketReply:
        await self._take((bucket_id, dict(parameters), tuple(protocols)))
        return BucketReply(bucket_id=bucket_id, info=S3)

    async def delete(self, bucket_id: str, *, parameters: Mapping[str, str]) -> None:
        await self._take((bucket_id, dict(parameters)))

    async def grant(self, request: GrantRequest) -> GrantReply:
        await self._take(request)
        credentials = {"S3": {"access_key_id": "a", "access_secret_key": "b"}}
        return GrantReply(
            account_id=request.account_name, credentials=credentials, buckets=dict.fromkeys(request.buckets, S3)
        )

    async def revoke(self, request: RevokeRequest) -> None:
        await self._take(request)


def talk(
    folder: Path,
    driver: Echo,
    api: Api,
    say: Callable[[DriverClient], Awaitable[T]],
    *,
    versions: Sequence[Api] = (),
    timeout: float | None = 10.0,
) -> T:
    async def run() -> T:
        path = folder / "cosi.sock"
        server = DriverServer(driver, socket=path, versions=versions or (api,))
        await server.start()
        client = DriverClient(f"unix://{path}", api, timeout=timeout)
        try:
            return await say(client)
        finally:
            await client.close()
            await server.stop()
            assert not path.exists()

    return asyncio.run(run())


@pytest.mark.parametrize("api", BOTH)
def test_who_it_is(api: Api, tmp_path: Path) -> None:
    found = talk(tmp_path, Echo(), api, lambda client: client.info())
    assert found == DriverInfo(name="cosi.example.com", protocols=("S3", "GCS") if api is V2 else ())


@pytest.mark.parametrize("api", BOTH)
def test_a_bucket_is_made_and_deleted(api: Api, tmp_path: Path) -> None:
    driver = Echo()

    async def say(client: DriverClient) -> BucketReply:
        reply = await client.create("b", parameters={"tier": "cold"}, protocols=["S3", "Azure"])
        await client.delete("id", parameters={"k": "v"})
        return reply

    reply = talk(tmp_path, driver, api, say)
    assert reply.bucket_id == "id of b"
    assert reply.info == (S3 if api is V2 else {"S3": {"region": "eu"}})
    assert driver.seen == [("b", {"tier": "cold"}, ("S3", "Azure") if api is V2 else ()), ("id", {"k": "v"})]


def test_an_existing_bucket_is_found_in_v1alpha2_only(tmp_path: Path) -> None:
    found = talk(tmp_path, Echo(), V2, lambda client: client.get_existing("old", parameters={}, protocols=["GCS"]))
    assert found == BucketReply(bucket_id="old", info=S3)
    with pytest.raises(ValueError, match="has no call DriverGetExistingBucket"):
        talk(tmp_path, Echo(), V1, lambda client: client.get_existing("old", parameters={}))


TERMS = AccessTerms(protocol="S3", authentication="ServiceAccount", service_account="sa", parameters={"a": "b"})


def test_an_access_of_v1alpha2_keeps_all_its_terms(tmp_path: Path) -> None:
    driver = Echo()
    grant = GrantRequest(account_name="ba-1", buckets={"x": "ReadOnly", "y": "ReadWrite"}, terms=TERMS)
    revoke = RevokeRequest(account_id="ba-1", buckets=("x", "y"), terms=TERMS)

    async def say(client: DriverClient) -> GrantReply:
        reply = await client.grant(grant)
        await client.revoke(revoke)
        return reply

    reply = talk(tmp_path, driver, V2, say)
    assert driver.seen == [grant, revoke]
    assert reply.account_id == "ba-1"
    assert reply.credentials == {"S3": {"access_key_id": "a", "access_secret_key": "b"}}
    assert reply.buckets == {"x": S3, "y": S3}


def test_an_access_of_v1alpha1_has_one_bucket(tmp_path: Path) -> None:
    driver = Echo()
    terms = AccessTerms(authentication="IAM", parameters={"a": "b"})
    grant = GrantRequest(account_name="ba-1", buckets={"x": ""}, terms=terms)

    async def say(client: DriverClient) -> GrantReply:
        reply = await client.grant(grant)
        await client.revoke(RevokeRequest(account_id="ba-1", buckets=("x",)))
        return reply

    reply = talk(tmp_path, driver, V1, say)
    assert driver.seen == [grant, RevokeRequest(account_id="ba-1", buckets=("x",))]
    assert reply.credentials == {"S3": {"access_key_id": "a", "access_secret_key": "b"}}


@pytest.mark.parametrize("api", BOTH)
@pytest.mark.parametrize("code", [code for code in GrpcCode if code is not GrpcCode.OK])
def test_every_code_comes_over_word_for_word(code: GrpcCode, api: Api, tmp_path: Path) -> None:
    driver = Echo()
    driver.error = DriverError(code, "größer als \x1b[31m erlaubt: 100%")
    with pytest.raises(DriverError) as found:
        talk(tmp_path, driver, api, lambda client: client.delete("b", parameters={}))
    assert (found.value.code, found.value.message) == (code, driver.error.message)


@pytest.mark.parametrize(("client", "server"), [(V1, V2), (V2, V1)])
def test_a_driver_of_the_other_version_says_so_in_grpc_gos_words(client: Api, server: Api, tmp_path: Path) -> None:
    with pytest.raises(DriverError) as found:
        talk(tmp_path, Echo(), client, lambda c: c.info(), versions=(server,))
    package = {V1: "cosi.v1alpha1", V2: "sigs.k8s.io.cosi.v1alpha2"}[client]
    assert found.value.code is GrpcCode.UNIMPLEMENTED
    assert found.value.message == f"unknown service {package}.Identity"


@pytest.mark.parametrize("api", BOTH)
def test_a_driver_may_speak_both(api: Api, tmp_path: Path) -> None:
    assert talk(tmp_path, Echo(), api, lambda client: client.info(), versions=BOTH).name == "cosi.example.com"


def test_a_call_that_hangs_ends_at_its_deadline(tmp_path: Path) -> None:
    driver = Echo()
    driver.hang = True
    with pytest.raises(DriverError) as found:
        talk(tmp_path, driver, V1, lambda client: client.info(), timeout=0.2)
    assert found.value.code is GrpcCode.DEADLINE_EXCEEDED


def test_nobody_there_is_unavailable(tmp_path: Path) -> None:
    async def run() -> None:
        client = DriverClient(f"unix://{tmp_path}/none.sock", V1, timeout=5)
        try:
            await client.info()
        finally:
            await client.close()

    with pytest.raises(DriverError) as found:
        asyncio.run(run())
    assert found.value.code is GrpcCode.UNAVAILABLE


def test_large_messages_pass(tmp_path: Path) -> None:
    parameters = {"blob": "x" * 6_000_000}
    driver = Echo()
    talk(tmp_path, driver, V2, lambda client: client.create("b", parameters=parameters))
    assert driver.seen == [("b", parameters, ())]


def start(path: Path) -> None:
    async def run() -> None:
        server = DriverServer(Echo(), socket=path, versions=(V1,))
        await server.start()
        await server.stop()

    asyncio.run(run())


def test_a_stale_socket_is_replaced(tmp_path: Path) -> None:
    path = tmp_path / "cosi.sock"
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(str(path))
    start(path)
    assert not path.exists()


def test_a_socket_that_somebody_serves_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "cosi.sock"
    with socket.socket(socket.AF_UNIX) as other:
        other.bind(str(path))
        other.listen()
        with pytest.raises(OSError, match="serves this socket already"):
            start(path)
        assert path.is_socket()


def test_what_is_no_socket_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "cosi.sock"
    path.write_text("mine")
    with pytest.raises(OSError, match="in the way"):
        start(path)
    assert path.read_text() == "mine"


def test_a_path_that_no_socket_can_have_is_refused(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="107 bytes"):
        start(tmp_path / ("x" * 120))
