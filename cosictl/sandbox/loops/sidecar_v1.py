"""A v1alpha1 sidecar: one process beside one driver, started again whenever it ends."""

from collections import Counter
from collections.abc import Callable
from typing import Final

from cosictl.driver.types import Driver
from cosictl.knowledge import hazards
from cosictl.knowledge.policies import Policy, Records
from cosictl.model.refs import Ref
from cosictl.sandbox.clock import Clock
from cosictl.sandbox.loops.access_v1 import AccessV1
from cosictl.sandbox.loops.api_client import ApiClient
from cosictl.sandbox.loops.buckets_v1 import BucketsV1
from cosictl.sandbox.loops.connecting import connect, process
from cosictl.sandbox.loops.kubelet import Container
from cosictl.sandbox.loops.lease import Leader, sidecar_lease
from cosictl.sandbox.loops.recorder import Recorder
from cosictl.sandbox.loops.runtime_v1 import Runtime
from cosictl.sandbox.loops.sidecar_parts import PartsV1
from cosictl.sandbox.ports import Api

# The source of its events, whatever the driver (v0.2.2).
COMPONENT: Final = "cosi"
# Seconds it waits for the driver's socket before it gives up.
DIAL: Final = 150.0


async def run_once(
    client: Callable[[], ApiClient],
    clock: Clock,
    driver: Driver,
    policy: Policy,
    *,
    namespace: str,
    pod: str,
    records: Counter[Ref],
) -> None:
    """Play one life of the process, until cancelled; raises ExitError where it ends by itself.

    ``client`` makes a client with the rate limit of v1alpha1. ``namespace`` is that of its Pod, ``pod`` the name that
    holds the Lease. ``records`` counts the failures of every object.
    """
    code = 0 if hazards.EXITS_ZERO in policy.hazards else 1
    info = await connect(driver, clock, patience=DIAL, exit_code=code)
    api, kube = client(), client()
    own_only = policy.records is Records.EVENTS_POD_NAMESPACE
    recorder = Recorder(kube, clock, COMPONENT, only_namespace=namespace if own_only else "")
    parts = PartsV1(api=api, kube=kube, recorder=recorder, driver=driver, driver_name=info.name, policy=policy)
    leader = Leader(kube, clock, namespace=namespace, name=sidecar_lease(info.name), holder=pod)
    await leader.acquire()
    runtime = Runtime(api, clock, policy.backoff, records)
    handlers = BucketsV1(parts).handlers(), AccessV1(parts).handlers()
    await process(leader.run(), recorder.run(), runtime.run(*handlers))


class SidecarV1:
    """Runs until cancelled. ``records`` counts the failures of every object, over restarts.

    ``pod``: the Pod whose status tells of restarts, if the API has it; ``container`` is the sidecar's name in it.
    """

    def __init__(
        self,
        api: Api,
        clock: Clock,
        driver: Driver,
        policy: Policy,
        *,
        driver_name: str,
        namespace: str,
        pod: str = "",
        container: str = "objectstorage-provisioner-sidecar",
    ) -> None:
        self.records: Counter[Ref] = Counter()
        self._raw = api
        self._clock = clock
        self._driver = driver
        self._policy = policy
        self._namespace = namespace
        self._pod = pod or sidecar_lease(driver_name).removesuffix("-cosi")
        self._container = Container(api, clock, namespace=namespace, pod=pod, name=container)

    @property
    def restarts(self) -> int:
        """How often the process was started again."""
        return self._container.restarts

    async def run(self) -> None:
        """Play the sidecar."""
        await self._container.supervise(self._process)

    async def _process(self) -> None:
        await run_once(
            self._client,
            self._clock,
            self._driver,
            self._policy,
            namespace=self._namespace,
            pod=self._pod,
            records=self.records,
        )

    def _client(self) -> ApiClient:
        return ApiClient(self._raw, self._clock, limited=True)
