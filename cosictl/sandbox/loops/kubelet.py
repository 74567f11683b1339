"""A container and what becomes of it: started, ended, started again after a pause, as a kubelet does and writes it."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any, Final

from cosictl.sandbox.api.resources import PODS
from cosictl.sandbox.clock import Clock
from cosictl.sandbox.loops.recorder import second
from cosictl.sandbox.ports import Api, ApiError, Json

# kubelet: the first restart is at once, then 10 s, doubling, at most five minutes; forgotten after ten good minutes.
FIRST_PAUSE: Final = 10.0
LONGEST_PAUSE: Final = 300.0
GOOD_AFTER: Final = 600.0
_FALLBACK: Final = "FallbackToLogsOnError"


class ExitError(Exception):
    """The process ends with this code; ``last_words`` are the end of its log."""

    def __init__(self, code: int, last_words: str = "") -> None:
        super().__init__(f"exit code {code}")
        self.code = code
        self.last_words = last_words


def pause_before(restart: int) -> float:
    """Return the seconds before a restart, counted from 0 since the last good run."""
    return 0.0 if restart == 0 else min(LONGEST_PAUSE, FIRST_PAUSE * 2.0 ** (restart - 1))


class Container:
    """One container of a Pod that may or may not exist in the API: without one it is restarted all the same."""

    def __init__(self, api: Api, clock: Clock, *, namespace: str, pod: str, name: str) -> None:
        self._api = api
        self._clock = clock
        self._namespace = namespace
        self._pod = pod
        self._name = name
        self.restarts = 0
        self.up = True

    async def supervise(self, process: Callable[[], Awaitable[None]]) -> None:
        """Run a process until cancelled; whenever it raises ExitError, write that down and start it again."""
        failures, again = 0, False
        while True:
            started = self._clock.now()
            running = {"state": {"running": {"startedAt": second(started)}}, "ready": True, "started": True}
            self._write(running, restarted=again)
            try:
                await process()
                return
            except ExitError as end:
                ended = self._clock.now()
                if (ended - started).total_seconds() > GOOD_AFTER:
                    failures = 0
                pause = pause_before(failures)
                self._ended(end, started, ended, pause)
                self.up = False
                await self._clock.sleep(pause)
                self.up = True
                failures, again = failures + 1, True
                self.restarts += 1

    def _ended(self, end: ExitError, started: datetime, ended: datetime, pause: float) -> None:
        terminated: Json = {
            "exitCode": end.code,
            "reason": "Completed" if end.code == 0 else "Error",
            "startedAt": second(started),
            "finishedAt": second(ended),
        }
        if end.last_words and end.code and self._keeps_last_words():
            terminated["message"] = end.last_words
        change: Json = {"lastState": {"terminated": terminated}, "ready": False, "started": False}
        if pause:
            words = f"back-off {pause:.0f}s restarting failed container={self._name} pod={self._pod}_{self._namespace}"
            change["state"] = {"waiting": {"reason": "CrashLoopBackOff", "message": words}}
        self._write(change, restarted=False)

    def _read(self) -> Json | None:
        if not self._pod:
            return None
        try:
            return self._api.get(PODS, self._namespace, self._pod)
        except ApiError:
            return None

    def _keeps_last_words(self) -> bool:
        pod = self._read()
        containers: list[Json] = pod["spec"].get("containers", []) if pod else []
        mine = (c for c in containers if c.get("name") == self._name)
        return any(c.get("terminationMessagePolicy") == _FALLBACK for c in mine)

    def _write(self, change: Json, *, restarted: bool) -> None:
        pod = self._read()
        if pod is None:
            return
        status: dict[str, Any] = pod.setdefault("status", {})
        statuses: list[Json] = status.setdefault("containerStatuses", [])
        mine = next((entry for entry in statuses if entry.get("name") == self._name), None)
        if mine is None:
            mine = {"name": self._name, "restartCount": 0, "ready": False, "image": self._image(pod), "imageID": ""}
            statuses.append(mine)
        mine |= change
        mine["restartCount"] += restarted
        try:
            self._api.update(PODS, self._namespace, self._pod, pod, subresource="status")
        except ApiError:
            # Somebody deleted the Pod meanwhile, or a fault was asked for; the next state is written all the same.
            return

    def _image(self, pod: Json) -> str:
        containers: list[Json] = pod["spec"].get("containers", [])
        return next((str(c.get("image", "")) for c in containers if c.get("name") == self._name), "")
