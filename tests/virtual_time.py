"""An event loop whose time jumps to the next thing that is due: hours of a cluster pass in milliseconds, exactly."""

import asyncio
import selectors
from collections.abc import Coroutine, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from cosictl.sandbox.clock import Clock

T = TypeVar("T")
START = datetime(2026, 11, 23, 15, 0, tzinfo=UTC)


class _Travelling(selectors.BaseSelector):
    """Instead of waiting for a timer it moves the time there."""

    def __init__(self) -> None:
        self._inner = selectors.DefaultSelector()
        self.now = 0.0

    def register(self, fileobj: Any, events: int, data: Any = None) -> selectors.SelectorKey:
        return self._inner.register(fileobj, events, data)

    def unregister(self, fileobj: Any) -> selectors.SelectorKey:
        return self._inner.unregister(fileobj)

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None:
            raise AssertionError("nothing is due any more: the loop would wait for ever")
        found = self._inner.select(0)
        if not found:
            self.now += max(0.0, timeout)
        return found

    def get_map(self) -> Mapping[Any, selectors.SelectorKey]:
        return self._inner.get_map()

    def close(self) -> None:
        self._inner.close()


class VirtualLoop(asyncio.SelectorEventLoop):
    """A loop on virtual time."""

    def __init__(self) -> None:
        self._travelling = _Travelling()
        super().__init__(self._travelling)

    def time(self) -> float:
        return self._travelling.now


class VirtualClock(Clock):
    """The sandbox's clock on the time of the running loop."""

    def __init__(self, start: datetime = START) -> None:
        super().__init__(start=start)
        self._zero = start

    def now(self) -> datetime:
        # Whole microseconds, rounded: a timer that fires at its time finds that its time has come.
        return self._zero + timedelta(microseconds=round(asyncio.get_running_loop().time() * 1e6))


def run(coroutine: Coroutine[Any, Any, T]) -> T:
    """Run to the end in virtual time."""
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(coroutine)
