"""The runtime of the v1alpha2 components: controller-runtime, one worker a kind, ``status.error`` as the record.

An error is tried again after 5 ms, doubling up to 1000 s; a terminal one is not, until a watched change or a restart
(main ee00c269, controller-runtime 0.23.1 pkg/controller/controller.go:253-254).
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Coroutine, Iterable
from dataclasses import dataclass
from typing import Any

from cosictl.knowledge.finalizers import PROTECTION
from cosictl.knowledge.policies import Backoff
from cosictl.model.refs import Ref
from cosictl.sandbox.api.metadata import has_finalizer, is_terminating
from cosictl.sandbox.clock import Clock
from cosictl.sandbox.loops.api_client import ApiClient
from cosictl.sandbox.loops.recorder import second
from cosictl.sandbox.loops.reflector import Key, Reflector, key_of
from cosictl.sandbox.loops.workqueue import WorkQueue
from cosictl.sandbox.ports import ApiError, Change, Json, Resource


class RetryError(Exception):
    """Recorded and tried again."""


class TerminalError(Exception):
    """Recorded and not tried again."""


Update = tuple[Json, Json]


def spec_changed(old: Json, new: Json) -> bool:
    """Whether a change is one of the spec; the beginning of a deletion counts as one."""
    return bool(old["metadata"].get("generation") != new["metadata"].get("generation"))


def protection_lost(old: Json, new: Json) -> bool:
    """Whether somebody took the protection finalizer from an object that is not being deleted."""
    return not is_terminating(new) and has_finalizer(old, PROTECTION) and not has_finalizer(new, PROTECTION)


def deletion_began(old: Json, new: Json) -> bool:
    """Whether a deletion was asked for."""
    return is_terminating(new) and not is_terminating(old)


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    """Another kind whose changes wake objects of this one: their keys."""

    resource: Resource
    wakes: Callable[[Json], Iterable[Key]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reconciler:
    """What is done about one kind.

    ``concerns``: whether an object is this component's at all. ``wakes``: whether an update (old, new) is a reason to
    look. ``prefix``: who speaks in ``status.error``. ``repeats``: an unchanged error gets a new time.
    """

    resource: Resource
    reconcile: Callable[[Json], Coroutine[Any, Any, None]]
    concerns: Callable[[Json], bool]
    wakes: Callable[[Json, Json], bool]
    prefix: str = ""
    repeats: bool = True
    watched: tuple[Watched, ...] = ()


class RuntimeV2:
    """Runs one reconciler. ``records`` counts the failures of every object that are tried again."""

    def __init__(
        self,
        api: ApiClient,
        clock: Clock,
        backoff: Backoff,
        records: Counter[Ref],
        reconciler: Reconciler,
        *,
        workers: int = 1,
    ) -> None:
        self._workers = asyncio.Semaphore(workers)
        self._api = api
        self._clock = clock
        self._queue: WorkQueue[Key] = WorkQueue(clock, backoff)
        self._records = records
        self._reconciler = reconciler
        self._last: dict[Key, Json] = {}

    async def run(self) -> None:
        """Watch and reconcile until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            own = Reflector(self._api, self._clock, self._reconciler.resource, self._see)
            tasks.create_task(own.run())
            for other in self._reconciler.watched:
                reflector = Reflector(self._api, self._clock, other.resource, self._waker(other))
                tasks.create_task(reflector.run())
            while True:
                await self._workers.acquire()
                key = await self._queue.get()
                tasks.create_task(self._handle(key)).add_done_callback(lambda _: self._workers.release())

    def _see(self, change: Change) -> None:
        key = key_of(change.object)
        if change.type == "DELETED":
            self._last.pop(key, None)
            return
        old = self._last.get(key)
        self._last[key] = change.object
        reconciler = self._reconciler
        if reconciler.concerns(change.object) and (old is None or reconciler.wakes(old, change.object)):
            self._queue.add(key)

    def _waker(self, other: Watched) -> Callable[[Change], None]:
        def see(change: Change) -> None:
            for key in other.wakes(change.object):
                self._queue.add(key)

        return see

    async def _handle(self, key: Key) -> None:
        try:
            if await self._settled(key):
                self._queue.forget(key)
            else:
                self._records[Ref(self._reconciler.resource.kind, *key)] += 1
                self._queue.retry(key)
        except TerminalError:
            # Neither tried again nor forgotten: the next failure goes on with the old delay.
            return
        finally:
            self._queue.done(key)

    async def _settled(self, key: Key) -> bool:
        """Reconcile one object; False when it is to be tried again. Raises TerminalError when it is not."""
        try:
            value = await self._api.get(self._reconciler.resource, *key)
        except ApiError as error:
            return error.code == 404
        try:
            await self._reconciler.reconcile(value)
        except (RetryError, TerminalError, ApiError) as error:
            written = await self._record(value, self._reconciler.prefix + str(error))
            if written and isinstance(error, TerminalError):
                raise
            return False
        return True

    async def _record(self, value: Json, text: str) -> bool:
        """Write ``status.error``; False when that fails, and then even a terminal error is tried again."""
        status = dict(value.get("status") or {})
        known = status.get("error") or {}
        if known.get("message") == text and not self._reconciler.repeats:
            return True
        status.setdefault("readyToUse", False)
        status["error"] = {"time": second(self._clock.now()), "message": text}
        try:
            await self._api.update_status(self._reconciler.resource, value | {"status": status})
        except ApiError:
            return False
        return True


class CachedApi:
    """The API as reconcilers have it: reads name what is missing by its kind; writes change the object in place."""

    def __init__(self, api: ApiClient) -> None:
        self._api = api

    async def get(self, resource: Resource, namespace: str, name: str) -> Json:
        """Return one object."""
        try:
            return await self._api.get(resource, namespace, name)
        except ApiError as error:
            if error.code != 404:
                raise
            kind = f"{resource.kind}.{resource.group}" if resource.group else resource.kind
            raise ApiError(404, error.reason, f'{kind} "{name}" not found') from error

    async def find(self, resource: Resource, namespace: str, name: str) -> Json | None:
        """Return one object, None where there is none."""
        try:
            return await self._api.get(resource, namespace, name)
        except ApiError as error:
            if error.code == 404:
                return None
            raise

    async def list(self, resource: Resource, namespace: str) -> list[Json]:
        """Return objects."""
        return (await self._api.list(resource, namespace))[0]

    async def create(self, resource: Resource, namespace: str, value: Json) -> Json:
        """Store a new object."""
        return await self._api.create(resource, namespace, value)

    async def update(self, resource: Resource, value: Json, what: str) -> None:
        """Replace an object; RetryError, beginning with what failed, when refused."""
        await self._write(resource, value, what, subresource="")

    async def update_status(self, resource: Resource, value: Json, what: str) -> None:
        """Replace its status."""
        await self._write(resource, value, what, subresource="status")

    async def delete(self, resource: Resource, value: Json) -> None:
        """Delete an object."""
        await self._api.delete(resource, *key_of(value))

    async def _write(self, resource: Resource, value: Json, what: str, *, subresource: str) -> None:
        try:
            written = await self._api.update(resource, value, subresource=subresource)
        except ApiError as error:
            raise RetryError(f"{what}: {error.message}" if what else error.message) from error
        value.clear()
        value.update(written)
