"""How loops see the cluster: a list, then changes, and again a list when the watch breaks; and how they stop."""

import asyncio
from collections.abc import AsyncGenerator

from cosictl.model.refs import Api
from cosictl.sandbox.api.resources import BUCKET_CLASSES_V1
from cosictl.sandbox.api.store import Store
from cosictl.sandbox.loops.api_client import ApiClient
from cosictl.sandbox.loops.reflector import Reflector
from cosictl.sandbox.objects import bucket_class
from cosictl.sandbox.ports import ApiError, Change, Resource
from tests.looping import Cluster, stop
from tests.virtual_time import VirtualClock, run


class Brittle(Store):
    """A store whose watch breaks when it is told to, and misses what happens until it is asked again."""

    def __init__(self, clock: VirtualClock) -> None:
        super().__init__(clock)
        self.broken = asyncio.Event()

    async def watch(self, resource: Resource, namespace: str = "", *, since: str = "") -> AsyncGenerator[Change, None]:
        changes = super().watch(resource, namespace, since=since)
        async for change in changes:
            if self.broken.is_set():
                raise ApiError(410, "Expired", "too old resource version")
            yield change


def apply(store: Store, *names: str) -> None:
    for name in names:
        store.create(BUCKET_CLASSES_V1, "", bucket_class(name))


def test_what_happened_while_the_watch_was_broken_is_seen_from_the_next_list() -> None:
    async def play() -> list[tuple[str, str]]:
        clock = VirtualClock()
        store = Brittle(clock)
        seen: list[tuple[str, str]] = []

        def see(change: Change) -> None:
            seen.append((change.type, change.object["metadata"]["name"]))

        apply(store, "a", "b")
        client = ApiClient(store, clock, limited=False)
        task = asyncio.create_task(Reflector(client, clock, BUCKET_CLASSES_V1, see).run())
        await clock.sleep(1)
        store.patch(BUCKET_CLASSES_V1, "", "a", {"metadata": {"labels": {"x": "y"}}})
        await clock.sleep(1)
        store.broken.set()
        store.delete(BUCKET_CLASSES_V1, "", "b")
        apply(store, "c")
        await clock.sleep(0.1)
        store.broken.clear()
        await clock.sleep(10)
        apply(store, "d")
        await clock.sleep(1)
        await stop(task)
        return seen

    assert run(play()) == [
        ("ADDED", "a"),
        ("ADDED", "b"),
        ("MODIFIED", "a"),
        ("DELETED", "b"),
        ("ADDED", "c"),
        ("ADDED", "d"),
    ]


def test_loops_stop_in_the_middle_of_a_call_and_leave_nothing_running() -> None:
    async def play(api: Api) -> set[str]:
        async with Cluster(api) as cluster:
            cluster.controller()
            cluster.sidecar()
            cluster.provision("photos", delay="1000")
            cluster.provision("films", create="Internal")
            await cluster.wait(30)
        left = asyncio.all_tasks() - {asyncio.current_task()}
        return {str(task) for task in left}

    for api in Api:
        assert run(play(api)) == set()
