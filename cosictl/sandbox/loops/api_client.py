"""The API as one process sees it: the store or a server behind HTTP, behind the client's own rate limit."""

import inspect
from collections.abc import AsyncIterator, Awaitable, Mapping
from typing import Any, Final, Protocol, TypeVar

from cosictl.sandbox.clock import Clock
from cosictl.sandbox.loops.workqueue import TokenBucket
from cosictl.sandbox.ports import Api, ApiError, Change, Json, Resource

# client-go's defaults, which v0.2.2 does not change: 5 calls a second, 10 at once, for each client set.
RATE: Final = 5.0
BURST: Final = 10

T = TypeVar("T")


class DistantApi(Protocol):
    """The cluster's objects where an answer takes its time; methods and errors are those of ``ports.Api``."""

    async def get(self, resource: Resource, namespace: str, name: str) -> Json:
        """Return one object."""

    async def list(self, resource: Resource, namespace: str = "") -> tuple[list[Json], str]:
        """Return objects and the resource version of the list."""

    async def create(self, resource: Resource, namespace: str, value: Mapping[str, Any]) -> Json:
        """Store a new object."""

    async def update(
        self, resource: Resource, namespace: str, name: str, value: Mapping[str, Any], *, subresource: str = ""
    ) -> Json:
        """Replace an object, or its status."""

    async def patch(self, resource: Resource, namespace: str, name: str, patch: Any) -> Json:
        """Apply a merge patch."""

    async def delete(self, resource: Resource, namespace: str, name: str) -> Json:
        """Delete an object."""

    def watch(self, resource: Resource, namespace: str = "", *, since: str = "") -> AsyncIterator[Change]:
        """Yield changes after a version until the server ends the watch."""


class ApiClient:
    """Methods as those of ``Api``, each after the client's turn has come; they raise ApiError."""

    def __init__(self, api: Api | DistantApi, clock: Clock, *, limited: bool) -> None:
        self._api = api
        self._clock = clock
        self._bucket = TokenBucket(rate=RATE, burst=BURST) if limited else None

    async def turn(self) -> None:
        """Wait for this client's turn to call."""
        wait = self._bucket.reserve(self._clock.now()) if self._bucket is not None else 0.0
        await self._clock.sleep(wait)

    async def get(self, resource: Resource, namespace: str, name: str) -> Json:
        """Return one object. An empty name is refused by the client itself, in these words."""
        if not name:
            raise ApiError(400, "", "resource name may not be empty")
        await self.turn()
        return await _answered(self._api.get(resource, namespace, name))

    async def list(self, resource: Resource, namespace: str = "") -> tuple[list[Json], str]:
        """Return objects and the resource version of the list."""
        await self.turn()
        return await _answered(self._api.list(resource, namespace))

    async def create(self, resource: Resource, namespace: str, value: Mapping[str, Any]) -> Json:
        """Store a new object."""
        await self.turn()
        return await _answered(self._api.create(resource, namespace, value))

    async def update(self, resource: Resource, value: Mapping[str, Any], *, subresource: str = "") -> Json:
        """Replace an object, found by its own metadata."""
        await self.turn()
        meta = value["metadata"]
        return await _answered(
            self._api.update(resource, meta.get("namespace", ""), meta["name"], value, subresource=subresource)
        )

    async def update_status(self, resource: Resource, value: Mapping[str, Any]) -> Json:
        """Replace the status of an object."""
        return await self.update(resource, value, subresource="status")

    async def patch(self, resource: Resource, namespace: str, name: str, change: Mapping[str, Any]) -> Json:
        """Apply a merge patch."""
        await self.turn()
        return await _answered(self._api.patch(resource, namespace, name, dict(change)))

    async def delete(self, resource: Resource, namespace: str, name: str) -> Json:
        """Delete an object."""
        await self.turn()
        return await _answered(self._api.delete(resource, namespace, name))

    def watch(self, resource: Resource, *, since: str) -> AsyncIterator[Change]:
        """Yield changes after a version; a watch costs one call, which the reader of the list has paid."""
        return self._api.watch(resource, since=since)


async def _answered(answer: T | Awaitable[T]) -> T:
    """Return an answer that is there, or wait for one that is on its way."""
    return await answer if inspect.isawaitable(answer) else answer
