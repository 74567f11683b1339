"""The driver that is played: what it answers, in which order, and what it notes; over real gRPC."""

import asyncio
import tempfile
import time
from collections.abc import Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

import pytest

from cosictl.driver import script
from cosictl.driver.call import DriverClient
from cosictl.driver.script import ScriptedDriver, Told
from cosictl.driver.serve import DriverServer
from cosictl.driver.types import AccessTerms, DriverError, GrantRequest, RevokeRequest
from cosictl.model.failures import GrpcCode
from cosictl.model.refs import Api, Rpc

INTERNAL: Final = Told(GrpcCode.INTERNAL, "as told", watched=True)


@asynccontextmanager
async def served(driver: ScriptedDriver, api: Api = Api.V1ALPHA1) -> Any:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "cosi.sock"
        server = DriverServer(driver, socket=path, versions=(api,))
        await server.start()
        client = DriverClient(f"unix://{path}", api)
        try:
            yield client
        finally:
            await client.close()
            await server.stop()


def played(work: Callable[[ScriptedDriver, DriverClient], Awaitable[None]], **more: Any) -> ScriptedDriver:
    driver = ScriptedDriver("d.example.com", **{"alive": lambda: True, **more})

    async def play() -> None:
        async with served(driver) as client:
            await work(driver, client)

    asyncio.run(play())
    return driver


async def create(client: DriverClient, name: str) -> GrpcCode:
    try:
        await client.create(name, parameters={})
    except DriverError as error:
        return error.code
    return GrpcCode.OK


def test_it_answers_as_told_and_notes_it() -> None:
    async def work(driver: ScriptedDriver, client: DriverClient) -> None:
        driver.tell(Rpc.CREATE, "b", INTERNAL)
        with pytest.raises(DriverError, match="Internal: as told"):
            await client.create("b", parameters={})
        driver.tell(Rpc.CREATE, "b", Told(GrpcCode.OK))
        assert (await client.create("b", parameters={})).bucket_id == "b"

    heard = played(work).heard()
    assert [(one.rpc, one.key, one.code) for one in heard] == [
        (Rpc.CREATE, "b", GrpcCode.INTERNAL),
        (Rpc.CREATE, "b", GrpcCode.OK),
    ]
    assert heard[0].came <= heard[0].answered <= heard[1].came


@pytest.mark.parametrize("api", Api)
def test_what_nobody_speaks_of_succeeds(api: Api) -> None:
    driver = ScriptedDriver("d.example.com", alive=lambda: True)
    terms = AccessTerms(protocol="S3" if api is Api.V1ALPHA2 else "", authentication="Key")

    async def play() -> None:
        async with served(driver, api) as client:
            assert (await client.info()).name == "d.example.com"
            assert (await client.create("b", parameters={}, protocols=("S3",))).bucket_id == "b"
            driver.tell(Rpc.GRANT, "ba-1", Told(GrpcCode.OK))
            granted = await client.grant(GrantRequest(account_name="ba-1", buckets={"b": "ReadWrite"}, terms=terms))
            assert granted.account_id == "ba-1"
            assert len(granted.credentials) == 1
            await client.revoke(RevokeRequest(account_id="ba-1", buckets=("b",), terms=terms))
            await client.delete("b", parameters={})
            if api is Api.V1ALPHA2:
                assert (await client.get_existing("b", parameters={})).bucket_id == "b"

    asyncio.run(play())
    assert driver.asked == 1


def test_a_grant_waits_until_its_name_is_told() -> None:
    async def work(driver: ScriptedDriver, client: DriverClient) -> None:
        request = GrantRequest(account_name="ba-1", buckets={"b": ""}, terms=AccessTerms(authentication="Key"))
        waiting = asyncio.create_task(client.grant(request))
        await asyncio.sleep(0.1)
        assert not waiting.done()
        driver.tell(Rpc.GRANT, "ba-1", Told(GrpcCode.ABORTED, "told at last"))
        with pytest.raises(DriverError, match="told at last"):
            await waiting

    played(work)


def test_a_grant_that_nobody_speaks_of_is_refused_in_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(script, "UNTOLD", 0.05)

    async def work(_driver: ScriptedDriver, client: DriverClient) -> None:
        request = GrantRequest(account_name="ba-9", buckets={"b": ""}, terms=AccessTerms(authentication="Key"))
        with pytest.raises(DriverError, match="Unavailable"):
            await client.grant(request)

    played(work)


def test_first_answers_come_one_at_a_time() -> None:
    async def work(driver: ScriptedDriver, client: DriverClient) -> None:
        for name in "abc":
            driver.tell(Rpc.CREATE, name, INTERNAL)
        assert await asyncio.gather(*(create(client, name) for name in "abc")) == [GrpcCode.INTERNAL] * 3
        assert driver.held() <= time.monotonic()

    driver = played(work)
    answers = [one.answered for one in driver.heard()]
    assert sorted(key for _, _, key in driver.met()) == ["a", "b", "c"]
    assert answers[1] - answers[0] >= script.PAUSE * 0.9
    assert answers[2] - answers[1] >= script.PAUSE * 0.9


def test_a_second_call_shows_that_the_first_answer_did_not_kill(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(script, "PAUSE", 30.0)

    async def work(driver: ScriptedDriver, client: DriverClient) -> None:
        driver.tell(Rpc.CREATE, "a", INTERNAL)
        driver.tell(Rpc.CREATE, "b", INTERNAL)
        await create(client, "a")
        waiting = asyncio.create_task(create(client, "b"))
        await asyncio.sleep(0.05)
        assert not waiting.done()
        async with asyncio.timeout(10):
            await create(client, "a")
            await waiting
        driver.begin_life()

    assert [one.key for one in played(work).heard()] == ["a", "a", "b"]


def test_the_dead_are_not_answered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(script, "PAUSE", 0.01)
    lives = [True]

    async def work(driver: ScriptedDriver, client: DriverClient) -> None:
        driver.tell(Rpc.CREATE, "a", INTERNAL)
        driver.tell(Rpc.CREATE, "b", INTERNAL)
        await create(client, "a")
        lives[0] = False
        assert await create(client, "b") is GrpcCode.UNAVAILABLE

    driver = played(work, alive=lambda: lives[0])
    assert [key for _, _, key in driver.met()] == ["a"]
    assert [one.key for one in driver.heard()] == ["a"]


def test_in_a_new_life_first_answers_are_first_again() -> None:
    async def work(driver: ScriptedDriver, client: DriverClient) -> None:
        driver.tell(Rpc.CREATE, "a", INTERNAL)
        await client.info()
        await create(client, "a")
        await client.info()
        await create(client, "a")

    assert played(work, lives_by_info=True).met() == ((1, Rpc.CREATE, "a"), (2, Rpc.CREATE, "a"))
    assert played(work).met() == ((0, Rpc.CREATE, "a"),)
