"""The work queue: an item once at a time, delays that grow per item, tokens that refill."""

import asyncio
from datetime import timedelta

import pytest

from cosictl.knowledge.policies import Backoff
from cosictl.sandbox.loops.workqueue import Delays, TokenBucket, WorkQueue, ended_at
from tests.virtual_time import START, VirtualClock, run

BACKOFF = Backoff(base=0.1, cap=30.0)


def test_delays_double_up_to_the_cap_for_each_item_alone() -> None:
    delays: Delays[str] = Delays(BACKOFF)
    assert [delays.next("a") for _ in range(11)] == pytest.approx(
        [0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 6.4, 12.8, 25.6, 30.0, 30.0]
    )
    assert delays.next("b") == pytest.approx(0.1)


def test_a_forgotten_item_starts_with_the_shortest_delay() -> None:
    delays: Delays[str] = Delays(BACKOFF)
    for _ in range(4):
        delays.next("a")
    delays.forget("a")
    assert delays.next("a") == pytest.approx(0.1)


def test_a_bucket_gives_its_burst_at_once_and_then_its_rate() -> None:
    bucket = TokenBucket(rate=5.0, burst=10)
    assert [bucket.reserve(START) for _ in range(12)] == pytest.approx([0.0] * 10 + [0.2, 0.4])
    assert bucket.reserve(START + timedelta(seconds=1)) == 0.0


def test_a_full_bucket_does_not_grow() -> None:
    bucket = TokenBucket(rate=5.0, burst=2)
    later = START + timedelta(hours=1)
    assert [bucket.take(START)] + [bucket.take(later) for _ in range(3)] == [True, True, True, False]


@pytest.mark.parametrize(
    ("speed", "late", "counts"),
    [(1.0, 0.01, True), (60.0, 2.0, False), (60.0, 20.0, True), (1000.0, 60.0, False)],
)
def test_only_the_driver_makes_an_attempt_late(speed: float, late: float, *, counts: bool) -> None:
    now = START + timedelta(seconds=late)
    assert ended_at(START, now, speed) == (now if counts else START)


async def take(queue: WorkQueue[str], count: int) -> list[str]:
    found = []
    for _ in range(count):
        found.append(await queue.get())
        queue.done(found[-1])
    return found


async def nothing_comes(queue: WorkQueue[str]) -> bool:
    try:
        async with asyncio.timeout(1):
            await queue.get()
    except TimeoutError:
        return True
    return False


def test_an_item_is_queued_once() -> None:
    async def play() -> None:
        queue: WorkQueue[str] = WorkQueue(VirtualClock(), BACKOFF)
        for key in ("a", "b", "a"):
            queue.add(key)
        assert await take(queue, 2) == ["a", "b"]
        assert await nothing_comes(queue)

    run(play())


def test_an_item_that_is_added_while_it_is_handled_comes_again_afterwards() -> None:
    async def play() -> None:
        queue: WorkQueue[str] = WorkQueue(VirtualClock(), BACKOFF)
        queue.add("a")
        assert await queue.get() == "a"
        queue.add("a")
        assert await nothing_comes(queue)
        queue.done("a")
        assert await queue.get() == "a"

    run(play())


def test_a_retry_comes_exactly_after_its_delay_and_a_sooner_add_does_not_cancel_it() -> None:
    async def play() -> None:
        clock = VirtualClock()
        queue: WorkQueue[str] = WorkQueue(clock, Backoff(base=8.0, cap=8.0))
        queue.add("a")
        await queue.get()
        queue.retry("a")
        queue.done("a")
        await clock.sleep(3)
        queue.add("a")
        assert await take(queue, 1) == ["a"]
        assert (clock.now() - START).total_seconds() == 3
        assert await take(queue, 1) == ["a"]
        assert (clock.now() - START).total_seconds() == 8

    run(play())


def test_of_two_delays_the_sooner_counts() -> None:
    async def play() -> None:
        clock = VirtualClock()
        queue: WorkQueue[str] = WorkQueue(clock, BACKOFF)
        queue.add("a")
        await queue.get()
        for _ in range(3):
            queue.retry("a")
        queue.done("a")
        assert await take(queue, 1) == ["a"]
        assert (clock.now() - START).total_seconds() == pytest.approx(0.1)
        assert await nothing_comes(queue)

    run(play())
