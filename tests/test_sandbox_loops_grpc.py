"""Loops, a real gRPC driver on a unix socket and a fast clock of the wall's time, together."""

import asyncio
import tempfile
from base64 import b64decode
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cosictl.driver.call import DriverClient
from cosictl.driver.serve import DriverServer
from cosictl.knowledge.policies import POLICIES
from cosictl.model.refs import Api
from cosictl.sandbox.api.resources import ACCESSES_V1, ACCESSES_V2, NAMESPACES, SECRETS, resource_of
from cosictl.sandbox.api.store import Store
from cosictl.sandbox.backend import Backend
from cosictl.sandbox.clock import Clock
from cosictl.sandbox.loops.controller_v1 import ControllerV1
from cosictl.sandbox.loops.controller_v2 import ControllerV2
from cosictl.sandbox.loops.sidecar_v1 import SidecarV1
from cosictl.sandbox.loops.sidecar_v2 import SidecarV2
from cosictl.sandbox.objects import DRIVER, TEAM, access, access_class, bucket_class, claim, namespace
from tests.looping import stop

PATIENCE = 30


async def until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE):
        while not true():
            await asyncio.sleep(0.01)


def fill(store: Store, api: Api) -> None:
    store.create(NAMESPACES, "", namespace(TEAM))
    for value in (
        bucket_class("slow", api=api, parameters={"delay": "60"}),
        bucket_class("refused", api=api, parameters={"create": "PermissionDenied", "message": "not yours"}),
        access_class("keys", api=api),
        claim("photos", "slow", api=api),
        claim("films", "refused", api=api),
        access("reader", "photos", api=api),
    ):
        resource = resource_of(value["kind"], value["apiVersion"])
        assert resource is not None
        store.create(resource, value["metadata"].get("namespace", ""), value)


def loops(store: Store, clock: Clock, client: DriverClient, api: Api) -> list[Any]:
    if api is Api.V1ALPHA1:
        policy = POLICIES["v0.2.2"]
        sidecar = SidecarV1(store, clock, client, policy, driver_name=DRIVER, namespace="default")
        return [ControllerV1(store, clock), sidecar]
    return [ControllerV2(store, clock), SidecarV2(store, clock, client, POLICIES["main-2026-03"], namespace="default")]


@pytest.mark.parametrize(
    ("api", "key"), [(Api.V1ALPHA1, "BucketInfo"), (Api.V1ALPHA2, "COSI_S3_ENDPOINT")], ids=["v1alpha1", "v1alpha2"]
)
def test_over_grpc_a_claim_and_an_access_become_ready_and_a_refusal_is_repeated(api: Api, key: str) -> None:
    async def play(folder: Path) -> None:
        clock = Clock(speed=200)
        store = Store(clock, [api.value])
        backend = Backend(clock, name=DRIVER)
        server = DriverServer(backend, socket=folder / "driver.sock", versions=(api,))
        await server.start()
        client = DriverClient(f"unix://{folder}/driver.sock", api)
        fill(store, api)
        tasks = [asyncio.create_task(loop.run()) for loop in loops(store, clock, client, api)]
        accesses = ACCESSES_V1 if api is Api.V1ALPHA1 else ACCESSES_V2
        try:
            await until(lambda: bool(store.get(accesses, TEAM, "reader").get("status", {}).get("accountID")))
            await until(lambda: sum(call.code == "PermissionDenied" for call in backend.calls) > 8)
        finally:
            for task in tasks:
                await stop(task)
            await client.close()
            await server.stop()
        secret = store.get(SECRETS, TEAM, "reader-credentials")
        assert "s3.sandbox.invalid" in b64decode(secret["data"][key]).decode()
        assert len(backend.buckets) == len(backend.accounts) == 1

    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(play(Path(folder)))
