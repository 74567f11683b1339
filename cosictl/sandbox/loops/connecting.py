"""A process of a component: it reaches its driver or ends, and ends as soon as one of its parts does."""

import asyncio
from collections.abc import Coroutine
from datetime import timedelta
from typing import Any, Final

from cosictl.driver.types import Driver, DriverError, DriverInfo
from cosictl.model.failures import GrpcCode
from cosictl.sandbox.clock import Clock
from cosictl.sandbox.loops.kubelet import ExitError

# Seconds between two attempts to reach the driver's socket.
_PAUSE: Final = 1.0


async def connect(driver: Driver, clock: Clock, *, patience: float, exit_code: int) -> DriverInfo:
    """Ask the driver who it is; ExitError when it cannot be reached in ``patience`` seconds, or refuses."""
    until = clock.now() + timedelta(seconds=patience)
    while True:
        try:
            return await driver.info()
        except DriverError as error:
            if error.code is not GrpcCode.UNAVAILABLE or clock.now() >= until:
                words = f"unable to get driver info: rpc error: code = {error.code.value} desc = {error.message}"
                raise ExitError(exit_code, words) from error
        await clock.sleep(_PAUSE)


async def process(*parts: Coroutine[Any, Any, None]) -> None:
    """Run the parts of a process together; raises the ExitError of the one that ends it."""
    try:
        async with asyncio.TaskGroup() as tasks:
            for part in parts:
                tasks.create_task(part)
    except BaseExceptionGroup as group:
        end = _first_exit(group)
        if end is None:
            raise
        raise end from None


def _first_exit(group: BaseExceptionGroup[BaseException]) -> ExitError | None:
    for error in group.exceptions:
        if isinstance(error, ExitError):
            return error
        if isinstance(error, BaseExceptionGroup):
            found = _first_exit(error)
            if found is not None:
                return found
    return None
