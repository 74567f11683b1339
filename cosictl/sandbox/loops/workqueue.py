"""The queue of a controller as client-go has it, on the sandbox's clock: delays that grow per item, one worker an item.

An item is queued at most once and handled by at most one worker at a time; one that is added while it is handled
comes again afterwards. Of two delays of one item the sooner counts (client-go 0.32.3 util/workqueue).
"""

import asyncio
import heapq
from collections import deque
from collections.abc import Hashable
from datetime import datetime, timedelta
from typing import Final, Generic, TypeVar

from cosictl.knowledge.policies import Backoff
from cosictl.sandbox.clock import Clock

Key = TypeVar("Key", bound=Hashable)

# Seconds of the wall within which an attempt is not late: a slow machine must not change how often a driver is called.
_GRACE: Final = 0.1


class Delays(Generic[Key]):
    """How long each item waits after its next failure: from the backoff's base, doubling up to its cap."""

    def __init__(self, backoff: Backoff) -> None:
        self._backoff = backoff
        self._failures: dict[Key, int] = {}

    def next(self, key: Key) -> float:
        """Count one failure and return the seconds to wait after it."""
        failures = self._failures.get(key, 0)
        self._failures[key] = failures + 1
        return self._backoff.delay(failures)

    def forget(self, key: Key) -> None:
        """Start anew: the next failure waits the shortest delay."""
        self._failures.pop(key, None)


class TokenBucket:
    """A client's own rate limit: ``burst`` calls at once, then ``rate`` a second, first come, first served."""

    def __init__(self, *, rate: float, burst: int) -> None:
        self._rate = rate
        self._burst = float(burst)
        self._tokens = float(burst)
        self._last: datetime | None = None

    def reserve(self, now: datetime) -> float:
        """Take one token, of the future if there is none; return the seconds to wait for it."""
        self._refill(now)
        self._tokens -= 1
        return max(0.0, -self._tokens / self._rate)

    def take(self, now: datetime) -> bool:
        """Take one token if there is one. Ten tenths of a token are one, whatever floats make of them."""
        self._refill(now)
        if self._tokens < 1 - 1e-9:
            return False
        self._tokens -= 1
        return True

    def _refill(self, now: datetime) -> None:
        if self._last is not None:
            gained = max(0.0, (now - self._last).total_seconds()) * self._rate
            self._tokens = min(self._burst, self._tokens + gained)
        self._last = now if self._last is None else max(self._last, now)


def ended_at(due: datetime, now: datetime, speed: float) -> datetime:
    """When an attempt that was due at ``due`` and is over ``now`` counts as ended.

    At the wall's own speed that is now. A clock that runs faster turns every millisecond of the machine into many of
    the cluster; those are not the driver's, and up to a tenth of a second of them is forgiven.
    """
    forgiven = timedelta(seconds=_GRACE * max(0.0, speed - 1))
    return due if now - due <= forgiven else now


class WorkQueue(Generic[Key]):
    """Items in the order they became due. ``get`` is for one dispatcher; workers end with ``done``."""

    def __init__(self, clock: Clock, backoff: Backoff) -> None:
        self._clock = clock
        self._delays: Delays[Key] = Delays(backoff)
        self._ready: deque[Key] = deque()
        self._due: dict[Key, datetime] = {}
        self._dirty: set[Key] = set()
        self._handled: dict[Key, datetime] = {}
        self._waiting: dict[Key, datetime] = {}
        self._heap: list[tuple[datetime, int, Key]] = []
        self._count = 0
        self._wake = asyncio.Event()

    def add(self, key: Key, *, due: datetime | None = None) -> None:
        """Queue an item now, unless it is queued; one that is being handled comes after that."""
        if key in self._dirty:
            return
        self._dirty.add(key)
        self._due[key] = due or self._clock.now()
        if key not in self._handled:
            self._ready.append(key)
            self._wake.set()

    def retry(self, key: Key) -> None:
        """Queue an item again after its next delay, counted from the end of the attempt that is being handled."""
        now = self._clock.now()
        ended = ended_at(self._handled.get(key, now), now, self._clock.speed)
        due = ended + timedelta(seconds=self._delays.next(key))
        known = self._waiting.get(key)
        if known is None or due < known:
            self._waiting[key] = due
            self._count += 1
            heapq.heappush(self._heap, (due, self._count, key))
            self._wake.set()

    def forget(self, key: Key) -> None:
        """Forget the failures of an item."""
        self._delays.forget(key)

    def done(self, key: Key) -> None:
        """End the handling of an item."""
        self._handled.pop(key, None)
        if key in self._dirty:
            self._ready.append(key)
            self._wake.set()

    async def get(self) -> Key:
        """Wait for the next item that is due, and begin to handle it."""
        while True:
            self._wake.clear()
            self._release()
            if self._ready:
                key = self._ready.popleft()
                self._dirty.discard(key)
                self._handled[key] = self._due.pop(key)
                return key
            await self._pause()

    def _release(self) -> None:
        now = self._clock.now()
        while self._heap and self._heap[0][0] <= now:
            due, _, key = heapq.heappop(self._heap)
            # An entry that was overtaken by a sooner one of the same item is stale.
            if self._waiting.get(key) == due:
                del self._waiting[key]
                self.add(key, due=due)

    async def _pause(self) -> None:
        if not self._heap:
            await self._wake.wait()
            return
        left = (self._heap[0][0] - self._clock.now()).total_seconds()
        try:
            async with asyncio.timeout(max(0.0, left) / self._clock.speed):
                await self._wake.wait()
        except TimeoutError:
            pass
