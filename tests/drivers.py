"""Real drivers for tests: a correct one, and one for each way to be wrong; in a thread, or in a process of its own.

``python -m tests.drivers SOCKET VERSION FAULT`` serves until it is ended.
"""

import asyncio
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from cosictl.driver.serve import DriverServer
from cosictl.driver.types import BucketReply, Driver, DriverError, DriverInfo, GrantReply, GrantRequest, RevokeRequest
from cosictl.model.failures import GrpcCode
from cosictl.model.refs import Api
from cosictl.sandbox.backend import Backend
from cosictl.sandbox.clock import Clock
from tests.cli_process import ROOT, environment

NAME: Final = "cosi.example.com"
MIB: Final = 1024 * 1024


def correct(name: str = NAME) -> Backend:
    """A driver that keeps every promise."""
    return Backend(Clock(), name=name)


def _unscripted(parameters: Mapping[str, str]) -> dict[str, str]:
    """Leave out what tells the sandbox's driver, and that of the recordings, how to answer."""
    return {key: value for key, value in parameters.items() if key not in {"create", "message", "times", "delay"}}


class Wrapped:
    """A correct driver whose answers a subclass spoils."""

    def __init__(self) -> None:
        self.inner = correct()

    async def before(self, method: str, key: str) -> None:
        """Spoil a call before the correct driver sees it."""

    async def info(self) -> DriverInfo:
        await self.before("info", "")
        return await self.inner.info()

    async def create(self, name: str, *, parameters: Mapping[str, str], protocols: Sequence[str] = ()) -> BucketReply:
        await self.before("create", name)
        return await self.inner.create(name, parameters=_unscripted(parameters), protocols=protocols)

    async def get_existing(
        self, bucket_id: str, *, parameters: Mapping[str, str], protocols: Sequence[str] = ()
    ) -> BucketReply:
        await self.before("get", bucket_id)
        return await self.inner.get_existing(bucket_id, parameters=parameters, protocols=protocols)

    async def delete(self, bucket_id: str, *, parameters: Mapping[str, str]) -> None:
        await self.before("delete", bucket_id)
        await self.inner.delete(bucket_id, parameters=parameters)

    async def grant(self, request: GrantRequest) -> GrantReply:
        await self.before("grant", request.account_name)
        return await self.inner.grant(request)

    async def revoke(self, request: RevokeRequest) -> None:
        await self.before("revoke", request.account_id)
        await self.inner.revoke(request)


@dataclass
class Refusing(Wrapped):
    """Answers every call but DriverGetInfo with one error."""

    code: GrpcCode
    message: str = "it went wrong"

    def __post_init__(self) -> None:
        super().__init__()

    async def before(self, method: str, key: str) -> None:
        del key
        if method != "info":
            raise DriverError(self.code, self.message)


class WrongCodes(Wrapped):
    """Does what it should, and names what it refuses wrongly; what is gone already is an error."""

    async def create(self, name: str, *, parameters: Mapping[str, str], protocols: Sequence[str] = ()) -> BucketReply:
        try:
            return await self.inner.create(name, parameters=parameters, protocols=protocols)
        except DriverError as error:
            raise DriverError(GrpcCode.INTERNAL, error.message) from None

    async def get_existing(
        self, bucket_id: str, *, parameters: Mapping[str, str], protocols: Sequence[str] = ()
    ) -> BucketReply:
        try:
            return await self.inner.get_existing(bucket_id, parameters=parameters, protocols=protocols)
        except DriverError as error:
            raise DriverError(GrpcCode.UNKNOWN, error.message) from None

    async def before(self, method: str, key: str) -> None:
        if method == "delete" and key not in self.inner.buckets:
            raise DriverError(GrpcCode.NOT_FOUND, "no such bucket")
        if method == "revoke" and key not in self.inner.accounts:
            raise DriverError(GrpcCode.NOT_FOUND, "no such account")

    async def grant(self, request: GrantRequest) -> GrantReply:
        try:
            return await self.inner.grant(request)
        except DriverError as error:
            raise DriverError(GrpcCode.UNKNOWN, error.message) from None


class NotIdempotent(Wrapped):
    """Refuses what it has made itself, as some drivers do."""

    async def before(self, method: str, key: str) -> None:
        if (method == "create" and key in self.inner.buckets) or (method == "grant" and key in self.inner.accounts):
            raise DriverError(GrpcCode.ALREADY_EXISTS, f"{key} already exists")


class Empty(Wrapped):
    """Answers OK without IDs; ``nil`` without anything."""

    nil = False

    async def create(self, name: str, *, parameters: Mapping[str, str], protocols: Sequence[str] = ()) -> BucketReply:
        made = await super().create(name, parameters=parameters, protocols=protocols)
        return BucketReply(bucket_id="", info={} if self.nil else made.info)

    async def grant(self, request: GrantRequest) -> GrantReply:
        made = GrantReply(account_id="")
        if not self.nil:
            found = await self.inner.grant(request)
            made = GrantReply(account_id="", credentials=found.credentials, buckets=found.buckets)
        return made


class Nil(Empty):
    """Answers OK with empty messages, as a Go driver that returns nil."""

    nil = True


class Slow(Wrapped):
    """Takes a while for everything but DriverGetInfo."""

    seconds = 30.0

    async def before(self, method: str, key: str) -> None:
        del key
        if method != "info":
            await asyncio.sleep(self.seconds)


class Hanging(Wrapped):
    """Never answers."""

    async def before(self, method: str, key: str) -> None:
        del method, key
        await asyncio.sleep(3600)


class Dying(Wrapped):
    """Ends its process in the middle of a create. Only for ``process``."""

    async def before(self, method: str, key: str) -> None:
        del key
        if method == "create":
            os._exit(3)


class Leaking(Wrapped):
    """Puts credentials into its error messages."""

    async def create(self, name: str, *, parameters: Mapping[str, str], protocols: Sequence[str] = ()) -> BucketReply:
        try:
            return await self.inner.create(name, parameters=parameters, protocols=protocols)
        except DriverError as error:
            raise DriverError(error.code, f'{error.message} secretKey="hunter2hunter2"') from None


class Misspelt(Wrapped):
    """Spells the keys of credentials as the sidecar does not read them."""

    async def grant(self, request: GrantRequest) -> GrantReply:
        made = await self.inner.grant(request)
        found = {"s3": {"accessKeyId": "AK", "accessSecretKey": "sandbox-only", "endpoint": "e", "region": "r"}}
        return GrantReply(account_id=made.account_id, credentials=found, buckets=made.buckets)


class SameId(Wrapped):
    """Gives every bucket one ID, which is somebody's."""

    def __init__(self) -> None:
        super().__init__()
        self.deleted: list[str] = []

    async def create(self, name: str, *, parameters: Mapping[str, str], protocols: Sequence[str] = ()) -> BucketReply:
        made = await self.inner.create(name, parameters=parameters, protocols=protocols)
        return BucketReply(bucket_id="precious", info=made.info)

    async def delete(self, bucket_id: str, *, parameters: Mapping[str, str]) -> None:
        del parameters
        self.deleted.append(bucket_id)


class Accepting(Wrapped):
    """Takes every name."""

    async def create(self, name: str, *, parameters: Mapping[str, str], protocols: Sequence[str] = ()) -> BucketReply:
        plain = "".join(letter for letter in name.lower() if letter.isascii() and letter.isalnum())[:60] or "unnamed"
        made = await self.inner.create(plain, parameters=parameters, protocols=protocols)
        return BucketReply(bucket_id=name or "unnamed", info=made.info)


class Verbose(Wrapped):
    """Refuses access in eight mebibytes of words."""

    async def before(self, method: str, key: str) -> None:
        del key
        if method == "grant":
            raise DriverError(GrpcCode.INVALID_ARGUMENT, "x" * 8 * MIB)


def _named(name: str) -> Callable[[], Driver]:
    return lambda: correct(name)


FAULTS: Final[Mapping[str, Callable[[], Driver]]] = {
    "none": Wrapped,
    "internal": lambda: Refusing(GrpcCode.INTERNAL),
    "already-exists": lambda: Refusing(GrpcCode.ALREADY_EXISTS),
    "no-message": lambda: Refusing(GrpcCode.INVALID_ARGUMENT, ""),
    "huge-message": Verbose,
    "wrong-codes": WrongCodes,
    "not-idempotent": NotIdempotent,
    "empty-ids": Empty,
    "nil": Nil,
    "slow": Slow,
    "hanging": Hanging,
    "dying": Dying,
    "leaking": Leaking,
    "misspelt": Misspelt,
    "same-id": SameId,
    "accepting": Accepting,
    "bad-name": _named("Cosi_Example"),
    "no-name": _named(""),
}


@contextmanager
def serving(folder: Path, driver: Driver, *versions: Api) -> Iterator[Path]:
    """Serve a driver from a thread, and give its socket."""
    path = folder / "cosi.sock"
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    server = DriverServer(driver, socket=path, versions=versions or tuple(Api))
    asyncio.run_coroutine_threadsafe(server.start(), loop).result(20)
    try:
        yield path
    finally:
        asyncio.run_coroutine_threadsafe(server.stop(), loop).result(20)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


@contextmanager
def process(folder: Path, fault: str, api: Api) -> Iterator[Path]:
    """Serve a driver from a process of its own, which may die; give its socket."""
    path = folder / "cosi.sock"
    command = [sys.executable, "-m", "tests.drivers", str(path), api.value, fault]
    with subprocess.Popen(command, cwd=ROOT, env=environment(), stderr=subprocess.DEVNULL) as running:
        for _ in range(1000):
            if _listens(path):
                break
            assert running.poll() is None, "the driver did not start"
            time.sleep(0.02)
        try:
            yield path
        finally:
            running.kill()


def _listens(path: Path) -> bool:
    """Whether somebody accepts; a socket that is bound is there a moment earlier."""
    with socket.socket(socket.AF_UNIX) as one:
        return one.connect_ex(str(path)) == 0


async def _serve(path: Path, api: Api, fault: str) -> None:
    server = DriverServer(FAULTS[fault](), socket=path, versions=(api,))
    await server.start()
    await asyncio.Event().wait()
    await server.stop()


if __name__ == "__main__":
    asyncio.run(_serve(Path(sys.argv[1]), Api(sys.argv[2]), sys.argv[3]))
