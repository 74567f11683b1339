"""A sidecar in a process of its own: the loops of a policy between a driver's socket and an API server over HTTPS."""

import asyncio
from collections import Counter

from cosictl.driver.call import DriverClient
from cosictl.knowledge.policies import Policy
from cosictl.model.refs import Api, Ref
from cosictl.sandbox.clock import Clock
from cosictl.sandbox.loops import sidecar_v1, sidecar_v2
from cosictl.sandbox.loops.api_client import ApiClient
from cosictl.sandbox.loops.kubelet import ExitError
from cosictl.sandbox.remote import RemoteApi
from cosictl.sandbox.remote_config import Server

__all__ = ["ExitError", "play"]


async def play(
    policy: Policy, *, endpoint: str, server: Server, namespace: str, pod: str, speed: float, stop: asyncio.Event
) -> None:
    """Play one life of a policy's sidecar until ``stop`` is set; raises ExitError where the process ends by itself.

    ``endpoint`` is the driver's socket in grpc's spelling, ``namespace`` that of the sidecar's Pod, ``pod`` its name,
    and time runs ``speed`` times as fast as the wall's.
    """
    driver = DriverClient(endpoint, policy.api)
    async with RemoteApi(server) as api:
        life = asyncio.create_task(_life(policy, api, driver, Clock(speed=speed), namespace=namespace, pod=pod))
        ends = asyncio.create_task(stop.wait())
        try:
            await asyncio.wait({life, ends}, return_when=asyncio.FIRST_COMPLETED)
            if life.done():
                life.result()
        finally:
            for task in (life, ends):
                task.cancel()
            await asyncio.gather(life, ends, return_exceptions=True)
            await driver.close()


async def _life(
    policy: Policy, server: RemoteApi, driver: DriverClient, clock: Clock, *, namespace: str, pod: str
) -> None:
    records: Counter[Ref] = Counter()
    limited = policy.api is Api.V1ALPHA1

    def client() -> ApiClient:
        return ApiClient(server, clock, limited=limited)

    if limited:
        await sidecar_v1.run_once(client, clock, driver, policy, namespace=namespace, pod=pod, records=records)
    else:
        await sidecar_v2.run_once(client, clock, driver, policy, records=records)
