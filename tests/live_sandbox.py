"""A whole sandbox in a thread of its own, settled, for clients that wait."""

import asyncio
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from cosictl.sandbox.api.faults import parse_fault
from cosictl.sandbox.clock import Clock
from cosictl.sandbox.plan import Plan, plan_scenario
from cosictl.sandbox.run import Sandbox


@contextmanager
def live(folder: Path, plan: Plan | str, *, speed: float = 200.0, faults: Sequence[str] = ()) -> Iterator[Sandbox]:
    """Run a plan, or the story of a name, until the block ends."""
    made = plan_scenario(plan) if isinstance(plan, str) else plan
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    sandbox = Sandbox(made, clock=Clock(speed=speed), folder=folder, faults=[parse_fault(spec) for spec in faults])

    async def start() -> None:
        await sandbox.__aenter__()
        try:
            await sandbox.settled()
        except BaseException:
            await sandbox.__aexit__(None, None, None)
            raise

    asyncio.run_coroutine_threadsafe(start(), loop).result(60)
    try:
        yield sandbox
    finally:
        asyncio.run_coroutine_threadsafe(sandbox.__aexit__(None, None, None), loop).result(60)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()
