"""Call a driver over gRPC, as its sidecar does."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import grpc

from cosictl.driver.requests import BucketRequest, InfoRequest
from cosictl.driver.types import BucketReply, DriverError, DriverInfo, GrantReply, GrantRequest, RevokeRequest
from cosictl.driver.wire import GET_INFO
from cosictl.driver.wires import WIRES
from cosictl.model.failures import GRPC_NUMBERS
from cosictl.model.refs import Api, Rpc

LARGEST_MESSAGE: Final = 16 * 1024 * 1024
# A path is no valid authority, and strict servers refuse it; grpc-go sends this one for unix sockets.
AUTHORITY: Final = "localhost"
CHANNEL_OPTIONS: Final = (
    ("grpc.default_authority", AUTHORITY),
    ("grpc.enable_retries", 0),
    ("grpc.use_local_subchannel_pool", 1),
    ("grpc.max_receive_message_length", LARGEST_MESSAGE),
    ("grpc.max_send_message_length", LARGEST_MESSAGE),
    # A status message travels in a header; drivers put whole response bodies into it.
    ("grpc.max_metadata_size", LARGEST_MESSAGE),
)


class DriverClient:
    """One connection to a driver, in one version of the contract; implements ``types.Driver``.

    ``endpoint`` is in grpc's own spelling (``unix:///var/lib/cosi/cosi.sock``). ``timeout`` is in seconds for each
    call, None for as long as it takes, as the sidecars do. Use and close it in one event loop.
    """

    def __init__(self, endpoint: str, api: Api, *, timeout: float | None = None) -> None:
        self._wire = WIRES[api]
        self._timeout = timeout
        self._channel: Any = grpc.aio.insecure_channel(endpoint, options=CHANNEL_OPTIONS)

    async def close(self) -> None:
        """Close the connection; calls that run are cancelled."""
        await self._channel.close()

    async def info(self) -> DriverInfo:
        """Ask who it is."""
        found: DriverInfo = await self._call(GET_INFO, InfoRequest())
        return found

    async def create(self, name: str, *, parameters: Mapping[str, str], protocols: Sequence[str] = ()) -> BucketReply:
        """Create a bucket."""
        request = BucketRequest(key=name, parameters=parameters, protocols=tuple(protocols))
        found: BucketReply = await self._call(Rpc.CREATE.value, request)
        return found

    async def get_existing(
        self, bucket_id: str, *, parameters: Mapping[str, str], protocols: Sequence[str] = ()
    ) -> BucketReply:
        """Look a bucket up; v1alpha2 only, ValueError in v1alpha1."""
        request = BucketRequest(key=bucket_id, parameters=parameters, protocols=tuple(protocols))
        found: BucketReply = await self._call(Rpc.GET_EXISTING.value, request)
        return found

    async def delete(self, bucket_id: str, *, parameters: Mapping[str, str]) -> None:
        """Delete a bucket."""
        await self._call(Rpc.DELETE.value, BucketRequest(key=bucket_id, parameters=parameters))

    async def grant(self, request: GrantRequest) -> GrantReply:
        """Make an account and give it access."""
        found: GrantReply = await self._call(Rpc.GRANT.value, request)
        return found

    async def revoke(self, request: RevokeRequest) -> None:
        """Take an account's access away."""
        await self._call(Rpc.REVOKE.value, request)

    async def _call(self, name: str, request: object) -> Any:
        method = self._wire.methods.get(name)
        if method is None:
            raise ValueError(f"{self._wire.api.value} has no call {name}")
        call = self._channel.unary_unary(
            self._wire.path(method),
            request_serializer=method.request.SerializeToString,
            response_deserializer=method.reply.FromString,
        )
        try:
            reply = await call(method.encode(request), timeout=self._timeout)
        except grpc.aio.AioRpcError as error:
            raise DriverError(GRPC_NUMBERS[error.code().value[0]], error.details() or "") from None
        return method.read(reply)
