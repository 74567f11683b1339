"""All parts of a sandbox together: started, settled, compared with how it began, and stopped without a trace."""

import asyncio
from collections.abc import Coroutine, Mapping, Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

from cosictl.driver.call import DriverClient
from cosictl.driver.serve import DriverServer
from cosictl.model.refs import Api, Kind, Ref
from cosictl.sandbox.api.access import Access
from cosictl.sandbox.api.faults import Fault
from cosictl.sandbox.api.resources import NAMESPACES, PODS, resource_of
from cosictl.sandbox.api.server import ApiServer
from cosictl.sandbox.api.store import EVERY_CLUSTER, Store
from cosictl.sandbox.backend import Backend
from cosictl.sandbox.clock import Clock
from cosictl.sandbox.diff import Difference, diff
from cosictl.sandbox.loops.controller_v1 import ControllerV1
from cosictl.sandbox.loops.controller_v2 import ControllerV2
from cosictl.sandbox.loops.sidecar_v1 import SidecarV1
from cosictl.sandbox.loops.sidecar_v2 import SidecarV2
from cosictl.sandbox.parts import controller_pod, sidecar_pod
from cosictl.sandbox.plan import Plan, Served
from cosictl.sandbox.pods import Played, Pods
from cosictl.sandbox.ports import Json
from cosictl.sandbox.settling import Settling

# How often the sandbox looks whether everything has settled, in the cluster's seconds.
_LOOK: Final = 0.5
# After so many of the cluster's seconds without a change nothing is on its way: the longest backoff of v1alpha1 is 30.
QUIET: Final = 45.0


class Sandbox:
    """An async context manager; ``kubeconfig`` and ``sockets`` are there while it runs.

    ``folder`` holds both and is the caller's to remove. Raises OSError where a port or socket cannot be had.
    """

    def __init__(
        self,
        plan: Plan,
        *,
        clock: Clock,
        folder: Path,
        faults: Sequence[Fault] = (),
        port: int = 0,
        socket: Path | None = None,
    ) -> None:
        self._plan = plan
        self._clock = clock
        self._folder = folder
        self._first_socket = socket
        self.store = Store(clock, [api.value for api in plan.versions])
        self.pods = Pods(self.store, clock)
        self.access = Access()
        self._server = ApiServer(
            self.store,
            clock,
            access=self.access,
            faults=faults,
            port=port,
            logs=self.pods.logs,
            execute=self.pods.execute,
        )
        self.kubeconfig = folder / "kubeconfig"
        self.sockets: dict[str, Path] = {}
        self.backends: dict[str, Backend] = {}
        self._loops: list[ControllerV1 | ControllerV2 | SidecarV1 | SidecarV2] = []
        self._tasks: list[asyncio.Task[None]] = []
        self._stack = AsyncExitStack()
        self._before: tuple[Json, ...] = ()

    @property
    def url(self) -> str:
        """Where the API server listens."""
        return self._server.url

    def sabotage(self, faults: Sequence[Fault]) -> None:
        """Let the API server do these things wrong from now on, and no others."""
        self._server.sabotage(faults)

    async def __aenter__(self) -> Self:
        try:
            await self._start()
        except BaseException:
            await self._stack.aclose()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._stack.aclose()

    async def settled(self) -> None:
        """Wait until every loop has recorded twice and the rest is done, then let the story's ending happen."""
        await self._wait()
        for step in self._plan.then:
            self._delete(step.ref)
        if self._plan.then:
            await self._wait()
        self._before = self.store.snapshot()

    async def failed(self) -> None:
        """Wait until a loop ends by itself, which none should, and raise what ended it."""
        if not self._tasks:
            await asyncio.Event().wait()
        done, _ = await asyncio.wait(self._tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()

    def difference(self) -> tuple[Difference, ...]:
        """Return what became of the objects since the sandbox settled, or since the dump was loaded."""
        return diff(self._before, self.store.snapshot())

    def leftovers(self) -> tuple[str, ...]:
        """Return what lies in the backends with no Bucket or access that points at it."""
        objects = self.store.snapshot()
        pointed = {
            str(value.get("status", {}).get(field) or value.get("spec", {}).get("existingBucketID", ""))
            for value in objects
            for field in ("bucketID", "accountID")
        }
        pointed |= {value["metadata"]["name"] for value in objects if value["kind"] == str(Kind.BUCKET)}
        return tuple(
            f"{what} {name} of {driver}"
            for driver, backend in self.backends.items()
            for what, names in (("bucket", backend.buckets), ("account", backend.accounts))
            for name in sorted(names)
            if name not in pointed
        )

    async def _start(self) -> None:
        self._fill()
        await self._server.start()
        self._stack.push_async_callback(self._server.stop)
        self.kubeconfig.write_text(self._server.kubeconfig(namespace=self._namespace()), encoding="utf-8")
        self.kubeconfig.chmod(0o600)
        for place, side in enumerate(self._plan.served):
            await self._serve(place, side)
        for api in self._plan.controllers:
            self._control(api)
        self._stack.push_async_callback(self._stop_loops)
        self._before = self.store.snapshot()

    def _namespace(self) -> str:
        """The namespace of the kubeconfig's context: where the claims are."""
        claims = [value for value in self._plan.objects if value["kind"] == str(Kind.CLAIM)]
        return min((value["metadata"].get("namespace", "default") for value in claims), default="default")

    def _fill(self) -> None:
        for name in self._plan.namespaces:
            if name not in EVERY_CLUSTER:
                self.store.create(NAMESPACES, "", {"metadata": {"name": name}})
        for value in self._plan.objects:
            resource = resource_of(value["kind"], value["apiVersion"])
            if resource is None:
                continue
            if self._plan.loaded:
                self.store.put(resource, value)
            else:
                self.store.create(resource, value["metadata"].get("namespace", ""), value)

    async def _serve(self, place: int, side: Served) -> None:
        first = self._first_socket if place == 0 else None
        # A driver that serves both versions has a sidecar, and a socket, for each.
        name = f"{side.driver}.{side.speaks.value}" if side.driver in self.sockets else side.driver
        socket = first or self._folder / f"{name}.sock"
        backend = Backend(self._clock, name=side.driver, answers=self._plan.answers)
        for held in self._plan.holdings:
            if held.driver == side.driver and held.bucket:
                backend.adopt(held.bucket, held.parameters)
            elif held.driver == side.driver:
                backend.adopt_account(held.account, held.buckets)
        server = DriverServer(backend, socket=socket, versions=(side.speaks,))
        await server.start()
        self._stack.push_async_callback(server.stop)
        client = DriverClient(f"unix://{socket}", side.policy.api)
        self._stack.push_async_callback(client.close)
        self.sockets[name], self.backends[name] = socket, backend
        pod = sidecar_pod(side)
        if not self._plan.loaded:
            self.store.put(PODS, pod)
            place_of = (pod["metadata"]["namespace"], pod["metadata"]["name"])
            self.pods.played[place_of] = Played(backend, side.policy.api, socket)
        self._run(self._sidecar(side, client, pod))

    def _sidecar(self, side: Served, client: DriverClient, pod: Json) -> SidecarV1 | SidecarV2:
        name, container = side.pod or pod["metadata"]["name"], pod["spec"]["containers"][0]["name"]
        if side.policy.api is Api.V1ALPHA1:
            return SidecarV1(
                self.store,
                self._clock,
                client,
                side.policy,
                driver_name=side.driver,
                namespace=side.namespace,
                pod=name,
                container=container,
            )
        return SidecarV2(
            self.store, self._clock, client, side.policy, namespace=side.namespace, pod=name, container=container
        )

    def _control(self, api: Api) -> None:
        pod = controller_pod(api, old_names=self._plan.old_names)
        if not self._plan.loaded:
            self.store.put(PODS, pod)
        if api is Api.V1ALPHA1:
            release = "v0.2.2-image" if self._plan.old_names else "v0.2.2"
            self._run(ControllerV1(self.store, self._clock, release))
        else:
            self._run(ControllerV2(self.store, self._clock))

    def _run(self, loop: ControllerV1 | ControllerV2 | SidecarV1 | SidecarV2) -> None:
        self._loops.append(loop)
        running: Coroutine[Any, Any, None] = loop.run()
        self._tasks.append(asyncio.create_task(running))

    async def _stop_loops(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _wait(self) -> None:
        """Wait until all is at rest, or nothing has moved for ``QUIET``: a lost hand-off never will."""
        settling = Settling()
        before, since = None, self._clock.now()
        while left := settling.unsettled(self.store.snapshot(), records := self._records()):
            state = [(ref, records.get(ref, 0)) for ref in left]
            now = self._clock.now()
            if state != before:
                before, since = state, now
            elif (now - since).total_seconds() > QUIET:
                return
            await self._clock.sleep(_LOOK * max(1.0, self._clock.speed / 60))

    def _records(self) -> Mapping[Ref, int]:
        counts: dict[Ref, int] = {}
        for loop in self._loops:
            for ref, count in loop.records.items():
                counts[ref] = counts.get(ref, 0) + count
        return counts

    def _delete(self, ref: Ref) -> None:
        for value in self.store.snapshot():
            meta = value["metadata"]
            found = Ref(value["kind"], meta.get("namespace", ""), meta["name"])
            resource = resource_of(value["kind"], value["apiVersion"])
            if found == ref and resource is not None:
                self.store.delete(resource, ref.namespace, ref.name)
