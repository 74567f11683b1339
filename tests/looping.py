"""A cluster with its loops on virtual time: the real store, a driver that does as it is told."""

import asyncio
import json
from collections.abc import Iterable
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from typing import Any, Final, TypeVar

from cosictl.knowledge.policies import POLICIES
from cosictl.model.refs import Api
from cosictl.sandbox.api.resources import (
    ACCESSES_V1,
    ACCESSES_V2,
    BUCKETS_V1,
    BUCKETS_V2,
    CLAIMS_V1,
    CLAIMS_V2,
    EVENTS,
    NAMESPACES,
    resource_of,
)
from cosictl.sandbox.api.store import Store
from cosictl.sandbox.loops.controller_v1 import ControllerV1
from cosictl.sandbox.loops.controller_v2 import ControllerV2
from cosictl.sandbox.loops.sidecar_v1 import SidecarV1
from cosictl.sandbox.loops.sidecar_v2 import SidecarV2
from cosictl.sandbox.objects import TEAM, access, access_class, bucket_class, claim, namespace
from cosictl.sandbox.ports import ApiError, Json
from tests.told_driver import ToldDriver
from tests.virtual_time import VirtualClock

RECORDED: Final = Path(__file__).parent / "recorded"
SIDECAR_NAMESPACE: Final = "cosi-driver"
Loop = ControllerV1 | ControllerV2 | SidecarV1 | SidecarV2
L = TypeVar("L", bound=Loop)


class Cluster:
    """Store, clock, drivers and loops. Leaving it stops the loops."""

    def __init__(self, api: Api = Api.V1ALPHA1, crds: Api | None = None) -> None:
        self.api = api
        self.clock = VirtualClock()
        self.store = Store(self.clock, [(crds or api).value])
        self.driver = ToldDriver(self.clock)
        self._tasks: dict[Loop, asyncio.Task[None]] = {}
        for name in (TEAM, "team-b", SIDECAR_NAMESPACE, "container-object-storage-system"):
            self.store.create(NAMESPACES, "", namespace(name))

    async def __aenter__(self) -> "Cluster":
        return self

    async def __aexit__(self, *_: object) -> None:
        for task in self._tasks.values():
            await stop(task)

    def controller(self, release: str = "") -> Loop:
        if self.api is Api.V1ALPHA1:
            return self._started(ControllerV1(self.store, self.clock, release or "v0.2.2"))
        return self._started(ControllerV2(self.store, self.clock, release or "main-2026-03"))

    def sidecar(
        self, policy: str = "", *, driver: ToldDriver | None = None, home: str = SIDECAR_NAMESPACE, pod: str = ""
    ) -> SidecarV1 | SidecarV2:
        row = POLICIES[policy or ("v0.2.2" if self.api is Api.V1ALPHA1 else "main-2026-03")]
        told = driver or self.driver
        if row.api is Api.V1ALPHA2:
            return self._started(
                SidecarV2(self.store, self.clock, told, row, namespace=home, pod=pod, container="sidecar")
            )
        return self._started(
            SidecarV1(
                self.store,
                self.clock,
                told,
                row,
                driver_name=told.name,
                namespace=home,
                pod=pod,
                container="sidecar",
            )
        )

    def _started(self, loop: L) -> L:
        self._tasks[loop] = asyncio.create_task(loop.run())
        return loop

    async def stop(self, loop: Loop) -> None:
        await stop(self._tasks.pop(loop))

    def apply(self, *values: Json) -> None:
        for value in values:
            resource = resource_of(value["kind"], value["apiVersion"])
            assert resource is not None
            self.store.create(resource, value["metadata"].get("namespace", ""), value)

    def provision(self, name: str = "photos", **told: str) -> None:
        """Apply a class that tells the driver what to answer, and a claim of the same name."""
        self.apply(
            bucket_class(name, api=self.api, parameters=told),
            claim(name, name, api=self.api),
        )

    def grant(self, name: str, claim_name: str, **told: str) -> None:
        self.apply(access_class(name, api=self.api, parameters=told), access(name, claim_name, name, api=self.api))

    async def wait(self, seconds: float) -> None:
        await self.clock.sleep(seconds)

    # --- looking ---

    @property
    def claims(self) -> Any:
        return CLAIMS_V1 if self.api is Api.V1ALPHA1 else CLAIMS_V2

    def claim(self, name: str = "photos") -> Json:
        return self.store.get(self.claims, TEAM, name)

    def has_claim(self, name: str = "photos") -> bool:
        return any(value["metadata"]["name"] == name for value in self.store.list(self.claims)[0])

    def buckets(self) -> list[Json]:
        return self.store.list(BUCKETS_V1 if self.api is Api.V1ALPHA1 else BUCKETS_V2)[0]

    def bucket(self, claim_name: str = "photos") -> Json:
        key = "bucketClaim" if self.api is Api.V1ALPHA1 else "bucketClaimRef"
        return next(value for value in self.buckets() if value["spec"][key]["name"] == claim_name)

    def access(self, name: str) -> Json:
        return self.store.get(ACCESSES_V1 if self.api is Api.V1ALPHA1 else ACCESSES_V2, TEAM, name)

    def has_access(self, name: str) -> bool:
        try:
            self.access(name)
        except ApiError:
            return False
        return True

    def events(self, about: str = "") -> list[Json]:
        found = self.store.list(EVENTS)[0]
        return [event for event in found if about in {"", event["involvedObject"].get("name", "")}]

    def said(self, about: str) -> list[tuple[str, str, int]]:
        """Reason, message and count of the events about an object."""
        return [(event["reason"], event["message"], event["count"]) for event in self.events(about)]

    # --- changing ---

    def annotate(self, value: Json) -> None:
        resource = resource_of(value["kind"], value["apiVersion"])
        assert resource is not None
        meta = value["metadata"]
        change = {"metadata": {"annotations": {"touched": self.clock.now().isoformat()}}}
        self.store.patch(resource, meta.get("namespace", ""), meta["name"], change)

    def delete(self, value: Json) -> None:
        resource = resource_of(value["kind"], value["apiVersion"])
        assert resource is not None
        self.store.delete(resource, value["metadata"].get("namespace", ""), value["metadata"]["name"])


async def stop(task: asyncio.Task[None]) -> None:
    task.cancel()
    try:
        await task
    except asyncio.CancelledError:
        return


def recorded_objects(version: str) -> Iterable[Json]:
    """What was applied for a recording: classes, then claims, then accesses, as they were before anything ran."""
    order = ("BucketClass", "BucketAccessClass", "BucketClaim", "BucketAccess")
    items = json.loads((RECORDED / version / "objects.json").read_text())["items"]
    for kind in order:
        for value in items:
            if value["kind"] == kind:
                meta = {key: value["metadata"][key] for key in ("name", "namespace", "uid") if key in value["metadata"]}
                yield {key: part for key, part in value.items() if key != "status"} | {"metadata": meta}


def steps(times: Iterable[datetime]) -> list[float]:
    """Seconds between consecutive moments."""
    moments = list(times)
    return [round((later - sooner).total_seconds(), 3) for sooner, later in pairwise(moments)]
