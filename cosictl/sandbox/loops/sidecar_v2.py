"""A v1alpha2 sidecar: no Lease unless it is asked for one, no events, no rate limit of its own."""

from collections import Counter
from collections.abc import Callable
from typing import Final

from cosictl.driver.types import Driver
from cosictl.knowledge import hazards
from cosictl.knowledge.policies import Policy
from cosictl.model.refs import Ref, Rpc
from cosictl.sandbox.clock import Clock
from cosictl.sandbox.loops.access_v2 import AccessV2
from cosictl.sandbox.loops.api_client import ApiClient
from cosictl.sandbox.loops.buckets_v2 import BucketsV2
from cosictl.sandbox.loops.connecting import connect, process
from cosictl.sandbox.loops.kubelet import Container
from cosictl.sandbox.loops.reactions import calls
from cosictl.sandbox.loops.runtime_v2 import CachedApi, RuntimeV2
from cosictl.sandbox.loops.sidecar_parts_v2 import PartsV2
from cosictl.sandbox.ports import Api

# Seconds it waits for the driver's socket before it gives up.
DIAL: Final = 120.0
# Workers of a sidecar that the specification describes: it does not say how many, only that all calls are made.
ENOUGH: Final = 40


async def run_once(
    client: Callable[[], ApiClient], clock: Clock, driver: Driver, policy: Policy, *, records: Counter[Ref]
) -> None:
    """Play one life of the process, until cancelled; raises ExitError where it ends by itself.

    ``client`` makes a client without a rate limit. ``records`` counts the failures that are tried again.
    """
    info = await connect(driver, clock, patience=DIAL, exit_code=1)
    api = client()
    parts = PartsV2(
        api=CachedApi(api),
        driver=driver,
        info=info,
        policy=policy,
        # What deletes at the driver is main after March 2026.
        later=calls(policy, Rpc.DELETE),
    )
    workers = 1 if hazards.ONE_WORKER in policy.hazards else ENOUGH
    await process(
        *(
            RuntimeV2(api, clock, policy.backoff, records, reconciler, workers=workers).run()
            for reconciler in (BucketsV2(parts).reconciler(), AccessV2(parts).reconciler())
        )
    )


class SidecarV2:
    """Runs until cancelled. ``records`` counts the failures of every object that are tried again, over restarts.

    ``pod``: the Pod whose status tells of restarts, if the API has it; ``container`` is the sidecar's name in it.
    """

    def __init__(
        self,
        api: Api,
        clock: Clock,
        driver: Driver,
        policy: Policy,
        *,
        namespace: str,
        pod: str = "",
        container: str = "objectstorage-sidecar",
    ) -> None:
        self.records: Counter[Ref] = Counter()
        self._raw = api
        self._clock = clock
        self._driver = driver
        self._policy = policy
        self._container = Container(api, clock, namespace=namespace, pod=pod, name=container)

    @property
    def restarts(self) -> int:
        """How often the process was started again."""
        return self._container.restarts

    async def run(self) -> None:
        """Play the sidecar."""
        await self._container.supervise(self._process)

    async def _process(self) -> None:
        await run_once(self._client, self._clock, self._driver, self._policy, records=self.records)

    def _client(self) -> ApiClient:
        return ApiClient(self._raw, self._clock, limited=False)
