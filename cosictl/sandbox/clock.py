"""The sandbox's time: it starts now, or when a dump was taken, and may run faster than the wall's."""

import asyncio
import time
from datetime import UTC, datetime, timedelta


class Clock:
    """``speed`` 60 makes a minute of the cluster pass in a second. All durations here are the cluster's seconds."""

    def __init__(self, *, speed: float = 1.0, start: datetime | None = None) -> None:
        if speed <= 0:
            raise ValueError(f"time cannot run at speed {speed}")
        self.speed = speed
        self._start = start or datetime.now(UTC)
        self._began = time.monotonic()

    def now(self) -> datetime:
        """Return the cluster's time, in UTC."""
        return self._start + timedelta(seconds=(time.monotonic() - self._began) * self.speed)

    async def sleep(self, seconds: float) -> None:
        """Wait so many of the cluster's seconds."""
        await asyncio.sleep(max(0.0, seconds) / self.speed)
