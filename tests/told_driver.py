"""A driver that answers what the parameters of a request say, in memory, and keeps a list of its calls."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from cosictl.driver.types import (
    BucketReply,
    DriverError,
    DriverInfo,
    GrantReply,
    GrantRequest,
    RevokeRequest,
)
from cosictl.model.failures import GrpcCode
from cosictl.model.refs import Rpc
from cosictl.sandbox.clock import Clock

_PARAMETER = {Rpc.CREATE: "create", Rpc.DELETE: "delete", Rpc.GRANT: "grant", Rpc.REVOKE: "revoke"}
S3 = {"S3": {"bucket_id": "b", "endpoint": "http://127.0.0.1:9", "region": "us-east-1", "addressing_style": "path"}}


@dataclass(frozen=True, slots=True)
class Call:
    """One call: which, about what (a name, an ID, an account), what was answered, when."""

    rpc: Rpc
    key: str
    code: GrpcCode
    at: datetime


class ToldDriver:
    """``create``, ``delete``, ``grant``, ``revoke``: a code; ``times``: so often; ``delay``: seconds; ``empty``."""

    def __init__(self, clock: Clock, name: str = "cosi.example.com") -> None:
        self.clock = clock
        self.name = name
        self.calls: list[Call] = []
        self.down: DriverError | None = None
        self.ids: dict[str, str] = {}
        self.always: dict[Rpc, GrpcCode] = {}
        self.buckets: set[str] = set()
        self.asked: dict[str, tuple[dict[str, str], tuple[str, ...]]] = {}
        self._answered: Counter[tuple[Rpc, str]] = Counter()

    def of(self, rpc: Rpc, key: str = "") -> list[Call]:
        return [call for call in self.calls if call.rpc is rpc and key in {"", call.key}]

    async def info(self) -> DriverInfo:
        if self.down is not None:
            raise self.down
        return DriverInfo(name=self.name, protocols=("S3",))

    async def create(self, name: str, *, parameters: Mapping[str, str], protocols: Sequence[str] = ()) -> BucketReply:
        self.asked[name] = dict(parameters), tuple(protocols)
        await self._answer(Rpc.CREATE, name, parameters)
        self.buckets.add(name)
        return BucketReply(
            bucket_id="" if "empty" in parameters else self.ids.get(parameters.get("id", ""), name), info=S3
        )

    async def get_existing(
        self, bucket_id: str, *, parameters: Mapping[str, str], protocols: Sequence[str] = ()
    ) -> BucketReply:
        self.asked[bucket_id] = dict(parameters), tuple(protocols)
        missing = {} if bucket_id in self.buckets else {"create": "NotFound", "message": "no such bucket"}
        await self._answer(Rpc.GET_EXISTING, bucket_id, missing, "create")
        return BucketReply(bucket_id=bucket_id, info=S3)

    async def delete(self, bucket_id: str, *, parameters: Mapping[str, str]) -> None:
        await self._answer(Rpc.DELETE, bucket_id, parameters)
        self.buckets.discard(bucket_id)

    async def grant(self, request: GrantRequest) -> GrantReply:
        await self._answer(Rpc.GRANT, request.account_name, request.terms.parameters)
        credentials = {"s3": {"accessKeyID": "id", "accessSecretKey": "key", "endpoint": "http://127.0.0.1:9"}}
        return GrantReply(
            account_id=request.account_name, credentials=credentials, buckets=dict.fromkeys(request.buckets, S3)
        )

    async def revoke(self, request: RevokeRequest) -> None:
        await self._answer(Rpc.REVOKE, request.account_id, request.terms.parameters)

    async def _answer(self, rpc: Rpc, key: str, told: Mapping[str, str], parameter: str = "") -> None:
        await self.clock.sleep(float(told.get("delay", "0.001")))
        code = GrpcCode(told.get(parameter or _PARAMETER[rpc], "OK"))
        self._answered[rpc, key] += 1
        if "times" in told and self._answered[rpc, key] > int(told["times"]):
            code = GrpcCode.OK
        code = self.always.get(rpc, code)
        self.calls.append(Call(rpc, key, code, self.clock.now()))
        if code is not GrpcCode.OK:
            raise DriverError(code, told.get("message", "told to").replace("{key}", key))
