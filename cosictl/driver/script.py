"""A driver that answers what it is told to, call by call, and notes when each call came and was answered.

It has no backend: an OK makes nothing. First answers come one at a time, with a pause behind each in which the caller
may die of it, so that a death has one cause.
"""

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from cosictl.driver.types import BucketReply, DriverError, DriverInfo, GrantReply, GrantRequest, Info, RevokeRequest
from cosictl.model.failures import GrpcCode
from cosictl.model.refs import Rpc

# Seconds of the wall. After so long without a sign of life of the same caller the next first answer is given; longer
# where nobody can see whether the caller runs.
PAUSE: Final = 0.05
LONG_PAUSE: Final = 0.5
# How long a call may wait to be told about: a grant is named after an object that has only just been made.
UNTOLD: Final = 5.0
_ENDPOINT: Final = "http://s3.measure.invalid"
_KEYS: Final[Info] = {
    "s3": {
        "accessKeyID": "measure",
        "accessSecretKey": "measure",
        "endpoint": _ENDPOINT,
        "region": "measure",
    }
}
_KEYS_V1ALPHA2: Final[Info] = {"S3": {"access_key_id": "measure", "access_secret_key": "measure"}}


@dataclass(frozen=True, slots=True)
class Told:
    """What to answer a call, and in what words.

    ``watched`` where the caller may die of it, so that nothing else is answered meanwhile.
    """

    code: GrpcCode
    message: str = ""
    watched: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """One call: its subject and its answer, when both were (seconds, monotonic), and in which life of the caller."""

    rpc: Rpc
    key: str
    code: GrpcCode
    came: float
    answered: float
    life: int


class ScriptedDriver:
    """Implements ``types.Driver``; used from one event loop, but for ``tell``, ``heard`` and ``met``.

    ``alive`` tells whether the caller still runs; a dead one is not answered. ``lives_by_info``: every DriverGetInfo
    begins a new life, for callers that somebody else starts; else ``begin_life`` does.
    """

    def __init__(self, name: str, *, alive: Callable[[], bool], lives_by_info: bool = False) -> None:
        self._name = name
        self._alive = alive
        self._lives_by_info = lives_by_info
        self._told: dict[tuple[Rpc, str], Told] = {}
        self._heard: list[Heard] = []
        self._met: list[tuple[int, Rpc, str]] = []
        self._gate = asyncio.Lock()
        self._signs: dict[tuple[Rpc, str], asyncio.Event] = {}
        self._releases: set[asyncio.Task[None]] = set()
        self._waiting = 0
        self._held = 0.0
        self.asked = 0
        self.life = 0

    def tell(self, rpc: Rpc, key: str, told: Told) -> None:
        """Say what to answer from now on."""
        self._told[rpc, key] = told

    def heard(self) -> Sequence[Heard]:
        """Return all calls so far."""
        return tuple(self._heard)

    def met(self) -> Sequence[tuple[int, Rpc, str]]:
        """Return the watched calls by life, in the order of their first answers."""
        return tuple(self._met)

    def held(self) -> float:
        """Return when a call last had to wait for its turn, on the monotonic clock: now, where one does."""
        return time.monotonic() if self._waiting else self._held

    def begin_life(self) -> None:
        """The caller was started anew: first answers are first again, and nobody waits any more."""
        self.life += 1
        for task in self._releases:
            task.cancel()
        self._releases.clear()
        self._signs.clear()
        self._gate = asyncio.Lock()

    async def info(self) -> DriverInfo:
        """Say who it is."""
        if self._lives_by_info:
            self.begin_life()
        self.asked += 1
        return DriverInfo(name=self._name, protocols=("S3",))

    async def create(self, name: str, *, parameters: Mapping[str, str], protocols: Sequence[str] = ()) -> BucketReply:
        """Answer a create; the ID is the name."""
        del parameters, protocols
        await self._answer(Rpc.CREATE, name)
        return BucketReply(bucket_id=name, info=_bucket_info(name))

    async def get_existing(
        self, bucket_id: str, *, parameters: Mapping[str, str], protocols: Sequence[str] = ()
    ) -> BucketReply:
        """Answer a look-up."""
        del parameters, protocols
        await self._answer(Rpc.GET_EXISTING, bucket_id)
        return BucketReply(bucket_id=bucket_id, info=_bucket_info(bucket_id))

    async def delete(self, bucket_id: str, *, parameters: Mapping[str, str]) -> None:
        """Answer a delete."""
        del parameters
        await self._answer(Rpc.DELETE, bucket_id)

    async def grant(self, request: GrantRequest) -> GrantReply:
        """Answer a grant; the account is named as it was asked for."""
        await self._answer(Rpc.GRANT, request.account_name)
        # v1alpha1 knows credentials by other names, and has no protocol in its request.
        keys = _KEYS_V1ALPHA2 if request.terms.protocol else _KEYS
        return GrantReply(
            account_id=request.account_name,
            credentials=keys,
            buckets={bucket: _bucket_info(bucket) for bucket in request.buckets},
        )

    async def revoke(self, request: RevokeRequest) -> None:
        """Answer a revoke."""
        await self._answer(Rpc.REVOKE, request.account_id)

    async def _answer(self, rpc: Rpc, key: str) -> None:
        came, life = time.monotonic(), self.life
        told = await self._find(rpc, key)
        sign = self._signs.get((rpc, key))
        if sign is not None:
            # Called again, so it has survived the answer.
            sign.set()
        elif told.watched:
            await self._take_turn(rpc, key)
        if life != self.life or not self._alive():
            raise DriverError(GrpcCode.UNAVAILABLE, "nobody waits for this answer any more")
        self._heard.append(Heard(rpc=rpc, key=key, code=told.code, came=came, answered=time.monotonic(), life=life))
        if told.code is not GrpcCode.OK:
            raise DriverError(told.code, told.message)

    async def _find(self, rpc: Rpc, key: str) -> Told:
        """Return what to answer. What nobody speaks of in time is none of ours."""
        ends = time.monotonic() + UNTOLD
        while (told := self._told.get((rpc, key))) is None:
            if rpc is not Rpc.GRANT:
                return Told(GrpcCode.OK)
            if time.monotonic() > ends:
                return Told(GrpcCode.UNAVAILABLE)
            await asyncio.sleep(0.01)
        return told

    async def _take_turn(self, rpc: Rpc, key: str) -> None:
        """Wait for the turn to give a first answer; keep it until the caller has shown that it lives, or a pause."""
        gate = self._gate
        self._waiting += 1
        try:
            await gate.acquire()
        finally:
            self._waiting -= 1
            self._held = time.monotonic()
        if not self._alive():
            gate.release()
            return
        sign = self._signs[rpc, key] = asyncio.Event()
        self._met.append((self.life, rpc, key))
        task = asyncio.create_task(_release(gate, sign, LONG_PAUSE if self._lives_by_info else PAUSE))
        self._releases.add(task)
        task.add_done_callback(self._releases.discard)


async def _release(gate: asyncio.Lock, sign: asyncio.Event, pause: float) -> None:
    try:
        async with asyncio.timeout(pause):
            await sign.wait()
    except TimeoutError:
        pass
    finally:
        gate.release()


def _bucket_info(key: str) -> Info:
    return {"S3": {"bucket_id": key, "endpoint": _ENDPOINT, "region": "measure", "addressing_style": "path"}}
