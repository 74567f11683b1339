"""A driver with a storage backend in memory: it keeps buckets and accounts, and fails as its parameters tell it to.

Parameters of a class, all optional: ``create``, ``delete``, ``grant``, ``revoke`` name the gRPC code to answer,
``message`` its words (``{key}`` stands for what the call is about), ``times`` how often before the call succeeds,
``delay`` how many seconds an answer takes, ``empty`` that the answer lacks its ID, ``id`` the ID of the bucket made
(the name that was asked for, unless told). A bucket remembers the parameters
it was made with, because v1alpha1 sends none when it is deleted.
"""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from cosictl.driver.types import (
    BucketReply,
    DriverError,
    DriverInfo,
    GrantReply,
    GrantRequest,
    Info,
    RevokeRequest,
)
from cosictl.model.failures import GrpcCode
from cosictl.model.refs import Rpc
from cosictl.sandbox.clock import Clock
from cosictl.sandbox.load import Answers

_TOLD_BY: Final = {
    Rpc.CREATE: "create",
    Rpc.GET_EXISTING: "create",
    Rpc.DELETE: "delete",
    Rpc.GRANT: "grant",
    Rpc.REVOKE: "revoke",
}
# Amazon S3's rules for names of general purpose buckets; nearly every backend has them.
_NAME: Final = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
# Told behind the scenes, so no reason to call a bucket another one.
_SCRIPT: Final = frozenset({"message", "times", "delay", "empty", "id", *_TOLD_BY.values()})
_ENDPOINT: Final = "http://s3.sandbox.invalid"


@dataclass(frozen=True, slots=True)
class Call:
    """One call: seconds since the start, method, what it was about, and the answer. As drivers' logs have it."""

    t: float
    method: str
    key: str
    code: str
    message: str = ""


@dataclass(slots=True)
class Account:
    """An account and the buckets it may use; ``parameters`` are those it was made with."""

    buckets: set[str]
    parameters: Mapping[str, str]


@dataclass(slots=True)
class Bucket:
    """A bucket and the parameters it was made with."""

    parameters: Mapping[str, str]
    objects: int = 0


@dataclass(slots=True)
class Backend:
    """One driver with its backend; implements ``driver.types.Driver``.

    ``answers`` are answers recorded elsewhere: a call that they name is answered so, for ever.
    """

    clock: Clock
    name: str
    answers: Answers = field(default_factory=dict)
    protocols: tuple[str, ...] = ("S3",)
    buckets: dict[str, Bucket] = field(default_factory=dict)
    accounts: dict[str, Account] = field(default_factory=dict)
    calls: list[Call] = field(default_factory=list)
    _refused: Counter[tuple[Rpc, str]] = field(default_factory=Counter)
    started: datetime = field(init=False)

    def __post_init__(self) -> None:
        self.started = self.clock.now()

    async def info(self) -> DriverInfo:
        """Say who it is."""
        return DriverInfo(name=self.name, protocols=self.protocols)

    async def create(self, name: str, *, parameters: Mapping[str, str], protocols: Sequence[str] = ()) -> BucketReply:
        """Make a bucket; the same name with the same parameters is the same bucket."""
        del protocols
        async with self._call(Rpc.CREATE, name, parameters):
            if _NAME.fullmatch(name) is None:
                raise DriverError(GrpcCode.INVALID_ARGUMENT, f"invalid bucket name: {name}")
            key = parameters.get("id", name)
            known = self.buckets.get(key)
            if known is not None and _asked(known.parameters) != _asked(parameters):
                raise DriverError(GrpcCode.ALREADY_EXISTS, f"bucket {name} exists with other parameters")
            if known is None:
                self.buckets[key] = Bucket(parameters=dict(parameters))
        return BucketReply(bucket_id="" if "empty" in parameters else key, info=self._bucket_info(key))

    async def get_existing(
        self, bucket_id: str, *, parameters: Mapping[str, str], protocols: Sequence[str] = ()
    ) -> BucketReply:
        """Look a bucket up."""
        del protocols
        async with self._call(Rpc.GET_EXISTING, bucket_id, parameters):
            if bucket_id not in self.buckets:
                raise DriverError(GrpcCode.NOT_FOUND, f"bucket {bucket_id} does not exist")
        return BucketReply(bucket_id=bucket_id, info=self._bucket_info(bucket_id))

    async def delete(self, bucket_id: str, *, parameters: Mapping[str, str]) -> None:
        """Delete a bucket; one that is gone already is a success, one with objects in it is not."""
        known = self.buckets.get(bucket_id)
        told = {**(known.parameters if known is not None else {}), **parameters}
        async with self._call(Rpc.DELETE, bucket_id, told):
            if known is not None and known.objects:
                raise DriverError(GrpcCode.FAILED_PRECONDITION, f"bucket {bucket_id} is not empty")
            self.buckets.pop(bucket_id, None)

    async def grant(self, request: GrantRequest) -> GrantReply:
        """Make an account, or give the one of that name access to more."""
        name, parameters = request.account_name, request.terms.parameters
        async with self._call(Rpc.GRANT, name, parameters):
            self._check_terms(request)
            missing = next((key for key in request.buckets if key not in self.buckets), None)
            if missing is not None:
                raise DriverError(GrpcCode.NOT_FOUND, f"bucket {missing} does not exist")
            account = self.accounts.setdefault(name, Account(buckets=set(), parameters=dict(parameters)))
            account.buckets |= request.buckets.keys()
        # v1alpha1 knows its credentials by other names than v1alpha2, which always names a protocol.
        credentials: Info = {"S3": {"access_key_id": f"AK{name[-12:]}", "access_secret_key": "sandbox-only"}}
        if not request.terms.protocol:
            credentials = {
                "s3": {
                    "accessKeyID": f"AK{name[-12:]}",
                    "accessSecretKey": "sandbox-only",
                    "endpoint": _ENDPOINT,
                    "region": "us-east-1",
                }
            }
        return GrantReply(
            account_id="" if "empty" in parameters else name,
            credentials=credentials,
            buckets={key: self._bucket_info(key) for key in request.buckets},
        )

    def _check_terms(self, request: GrantRequest) -> None:
        terms = request.terms
        if not terms.authentication:
            raise DriverError(GrpcCode.INVALID_ARGUMENT, "this driver does not support that authentication type")
        # v1alpha1 has no protocol in its request, and no access mode for a bucket.
        if any(request.buckets.values()) and terms.protocol not in self.protocols:
            raise DriverError(GrpcCode.INVALID_ARGUMENT, "this driver does not support that protocol")

    async def revoke(self, request: RevokeRequest) -> None:
        """Take access away; an account without buckets goes. One that is gone already is a success."""
        account = self.accounts.get(request.account_id)
        told = {**(account.parameters if account is not None else {}), **request.terms.parameters}
        async with self._call(Rpc.REVOKE, request.account_id, told):
            if account is not None:
                account.buckets -= set(request.buckets)
                if not account.buckets:
                    self.accounts.pop(request.account_id, None)

    def adopt(self, bucket_id: str, parameters: Mapping[str, str]) -> None:
        """Have a bucket from the start, as the backend of a cluster that a dump was taken of."""
        self.buckets[bucket_id] = Bucket(parameters=dict(parameters))

    def adopt_account(self, account_id: str, buckets: Sequence[str]) -> None:
        """Have an account from the start."""
        self.accounts[account_id] = Account(buckets=set(buckets), parameters={})

    def _bucket_info(self, key: str) -> Info:
        fields = {"bucket_id": key, "endpoint": _ENDPOINT, "region": "us-east-1", "addressing_style": "path"}
        return {"S3": fields}

    def _call(self, rpc: Rpc, key: str, told: Mapping[str, str]) -> "_Logged":
        return _Logged(self, rpc, key, told)

    def refusal(self, rpc: Rpc, key: str, told: Mapping[str, str]) -> DriverError | None:
        """Return what a call is refused with, by what was recorded or told, and count it."""
        recorded = self.answers.get((rpc, key))
        if recorded is not None:
            return DriverError(recorded.code, recorded.message)
        code = told.get(_TOLD_BY[rpc], "")
        self._refused[rpc, key] += 1
        if not code or ("times" in told and self._refused[rpc, key] > int(told["times"])):
            return None
        return DriverError(GrpcCode(code), told.get("message", f"driver said {code}").replace("{key}", key))

    def log(self, rpc: Rpc, key: str, code: GrpcCode, message: str = "") -> None:
        """Note one call."""
        since = (self.clock.now() - self.started).total_seconds()
        self.calls.append(Call(since, rpc.value, key, code.value, message))


class _Logged:
    """One call: waits as long as told, is refused as told, and is noted whatever becomes of it."""

    def __init__(self, backend: Backend, rpc: Rpc, key: str, told: Mapping[str, str]) -> None:
        self._backend = backend
        self._rpc = rpc
        self._key = key
        self._told = told

    async def __aenter__(self) -> None:
        await self._backend.clock.sleep(float(self._told.get("delay", "0")))
        refusal = self._backend.refusal(self._rpc, self._key, self._told)
        if refusal is not None:
            self._backend.log(self._rpc, self._key, refusal.code, refusal.message)
            raise refusal

    async def __aexit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, DriverError):
            self._backend.log(self._rpc, self._key, error.code, error.message)
        elif error is None:
            self._backend.log(self._rpc, self._key, GrpcCode.OK)


def _asked(parameters: Mapping[str, str]) -> dict[str, str]:
    """What was asked of the backend, without what tells it how to fail."""
    return {key: value for key, value in parameters.items() if key not in _SCRIPT}
