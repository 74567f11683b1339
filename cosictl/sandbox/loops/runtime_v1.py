"""The runtime of v0.2.2's controller and sidecar: handlers for add, update and delete behind one queue.

Its habits make most of what gets stuck: an error is retried for ever with the object as it was, the failures of an
object are never forgotten, and what changes while a handler runs is lost when that handler succeeds (v0.2.2
internal/runtime/controller.go:260-390).
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Coroutine
from copy import deepcopy
from dataclasses import dataclass
from typing import Any, Final

from cosictl.knowledge.policies import Backoff
from cosictl.model.refs import Ref
from cosictl.sandbox.clock import Clock
from cosictl.sandbox.loops.api_client import ApiClient
from cosictl.sandbox.loops.kubelet import ExitError
from cosictl.sandbox.loops.reflector import Key, Reflector, key_of
from cosictl.sandbox.loops.workqueue import WorkQueue
from cosictl.sandbox.ports import ApiError, Change, Json, Resource

# 40 workers per kind share one queue.
WORKERS: Final = 40

Handler = Callable[[Json], Coroutine[Any, Any, None]]


class FailedError(Exception):
    """A handler's error: the object is queued again, whatever it says."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Handlers:
    """What is done about one kind. Each gets the object as it was when the change was seen."""

    resource: Resource
    add: Handler
    update: Handler
    delete: Handler


@dataclass(frozen=True, slots=True)
class _Operation:
    """What is to be done about one object: ``kind`` is add, update or delete."""

    kind: str
    handlers: Handlers
    object: Json


class Runtime:
    """Runs handlers. ``records`` counts the failures of every object."""

    def __init__(self, api: ApiClient, clock: Clock, backoff: Backoff, records: Counter[Ref]) -> None:
        self._api = api
        self._clock = clock
        self._queue: WorkQueue[str] = WorkQueue(clock, backoff)
        self._operations: dict[str, _Operation] = {}
        self._seen: dict[tuple[Resource, Key], Json] = {}
        self._records = records

    async def run(self, *kinds: Handlers) -> None:
        """Watch these kinds and handle what happens, until cancelled or until a handler ends the process."""
        workers = asyncio.Semaphore(WORKERS * len(kinds))
        async with asyncio.TaskGroup() as tasks:
            for handlers in kinds:
                see = self._observer(handlers)
                tasks.create_task(Reflector(self._api, self._clock, handlers.resource, see).run())
            while True:
                await workers.acquire()
                uid = await self._queue.get()
                tasks.create_task(self._handle(uid)).add_done_callback(lambda _: workers.release())

    def _observer(self, handlers: Handlers) -> Callable[[Change], None]:
        def see(change: Change) -> None:
            self._observe(handlers, change)

        return see

    def _observe(self, handlers: Handlers, change: Change) -> None:
        """Note what is to be done about a change.

        What was never handled is unknown: its deletion is not noticed, and another change of it does not replace the
        object that the first handler works on.
        """
        uid = change.object["metadata"]["uid"]
        place = handlers.resource, key_of(change.object)
        known = self._seen.get(place)
        if change.type == "DELETED":
            if known is None:
                return
            self._operations[uid] = _Operation("delete", handlers, change.object)
        elif known is None:
            self._operations.setdefault(uid, _Operation("add", handlers, change.object))
        elif known == change.object:
            return
        else:
            self._operations[uid] = _Operation("update", handlers, change.object)
        self._queue.add(uid)

    async def _handle(self, uid: str) -> None:
        operation = self._operations.get(uid)
        try:
            if operation is not None and await self._done(operation):
                # Also what was noted meanwhile: this is the lost update.
                self._operations.pop(uid, None)
            elif operation is not None:
                self._queue.retry(uid)
        finally:
            self._queue.done(uid)

    async def _done(self, operation: _Operation) -> bool:
        """Carry out an operation; False when it is to be tried again. A deletion is never tried again."""
        place = operation.handlers.resource, key_of(operation.object)
        handler: Handler = getattr(operation.handlers, operation.kind)
        try:
            await handler(deepcopy(operation.object))
        except (FailedError, ApiError):
            self._records[Ref(operation.handlers.resource.kind, *place[1])] += 1
            succeeded = False
        except ExitError:
            # The others whose work this cuts short have not failed.
            self._records[Ref(operation.handlers.resource.kind, *place[1])] += 1
            raise
        else:
            succeeded = True
        if operation.kind == "delete":
            self._seen.pop(place, None)
            return True
        self._seen[place] = operation.object
        return succeeded
