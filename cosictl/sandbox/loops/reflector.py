"""What a component sees of one kind: a list, then its changes, again from a list when the watch breaks."""

from collections.abc import AsyncGenerator, Callable
from typing import Final

from cosictl.knowledge.policies import Backoff
from cosictl.sandbox.clock import Clock
from cosictl.sandbox.loops.api_client import ApiClient
from cosictl.sandbox.ports import ApiError, Change, Json, Resource

# client-go 0.32.3 tools/cache/reflector.go: pauses between failed lists.
_PAUSES: Final = Backoff(base=0.8, cap=30.0)

Key = tuple[str, str]


def key_of(value: Json) -> Key:
    """Return namespace and name of an object."""
    meta = value["metadata"]
    return meta.get("namespace", ""), meta["name"]


class Reflector:
    """Calls ``see`` for every change. What vanished while nobody watched is seen as deleted, in its last known state.

    A kind that the API server does not serve is asked for again and again, silently: a sidecar of another version
    looks healthy and does nothing (run on a real API server).
    """

    def __init__(self, api: ApiClient, clock: Clock, resource: Resource, see: Callable[[Change], None]) -> None:
        self._api = api
        self._clock = clock
        self._resource = resource
        self._see = see
        self._known: dict[Key, Json] = {}

    async def run(self) -> None:
        """Watch until cancelled."""
        failures = 0
        while True:
            try:
                since = await self._list()
                failures = 0
                await self._follow(since)
            except ApiError:
                await self._clock.sleep(_PAUSES.delay(failures))
                failures += 1

    async def _list(self) -> str:
        items, version = await self._api.list(self._resource)
        now = {key_of(item): item for item in items}
        for key in self._known.keys() - now.keys():
            self._see(Change("DELETED", self._known[key]))
        for key, item in now.items():
            if self._known.get(key) != item:
                self._see(Change("MODIFIED" if key in self._known else "ADDED", item))
        self._known = now
        return version

    async def _follow(self, since: str) -> None:
        changes = self._api.watch(self._resource, since=since)
        try:
            async for change in changes:
                if change.type == "BOOKMARK":
                    continue
                if change.type == "DELETED":
                    self._known.pop(key_of(change.object), None)
                else:
                    self._known[key_of(change.object)] = change.object
                self._see(change)
        finally:
            if isinstance(changes, AsyncGenerator):
                await changes.aclose()
