"""Call a driver and keep what it really said: its code and words, how long it took, and whether it said it at all.

Bytes in, bytes out; ``methods`` knows what they mean. Synchronous, because a probe waits for one answer; ``start``
is for several at a time. A deadline is always set.
"""

import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Final, Self

import grpc

from cosictl.driver.call import CHANNEL_OPTIONS
from cosictl.driver.endpoint import Endpoint
from cosictl.driver.tls import Tls, credentials
from cosictl.model.failures import GRPC_NUMBERS, GrpcCode

# How gRPC's core begins the words that it makes up itself, in the releases since 1.66 (checked by the tests).
_OWN_WORDS: Final = (
    *("Stream removed (", "failed to connect to all addresses", "Socket closed", "Deadline Exceeded"),
    *("Connection reset", "recvmsg:", "Broken pipe", "Endpoint closing", "GOAWAY received", "DNS resolution failed"),
    *("empty address list", "Received RST_STREAM", "CLIENT: Received message larger than", "Received http2 header"),
)
# The oldest that this is for says it in so many words.
_FROM_PEER: Final = "Error received from peer"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What became of one call.

    ``reply`` are the bytes of an OK. ``from_driver``: the driver said so, not gRPC about a broken connection.
    ``expired``: our own deadline ended it. ``seconds`` is how long it took.
    """

    code: GrpcCode
    message: str = ""
    reply: bytes = b""
    seconds: float = 0.0
    from_driver: bool = True
    expired: bool = False

    @property
    def ok(self) -> bool:
        """Whether the driver answered OK."""
        return self.code is GrpcCode.OK


class Channel:
    """One connection to a driver; a context manager. Opening it sends nothing."""

    def __init__(self, endpoint: Endpoint, *, tls: Tls | None = None) -> None:
        self._channel: Any = (
            grpc.insecure_channel(endpoint.target, options=CHANNEL_OPTIONS)
            if tls is None
            else grpc.secure_channel(
                endpoint.target, credentials(tls), options=secure_options(endpoint, tls.server_name)
            )
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connection; calls that run are cancelled."""
        self._channel.close()

    def call(self, path: str, request: bytes, *, timeout: float) -> Answer:
        """Call one method and wait for what becomes of it; ``timeout`` in seconds. Never raises for an answer."""
        return self.start(path, request, timeout=timeout).wait()

    def start(self, path: str, request: bytes, *, timeout: float) -> "Running":
        """Begin a call; several may run at a time."""
        began = time.monotonic()
        return Running(self._channel.unary_unary(path).future(request, timeout=timeout), began, timeout)

    def first_of_stream(self, path: str, request: bytes, *, timeout: float) -> Answer:
        """Send one message into a stream and return the first that comes back."""
        began = time.monotonic()
        call = self._channel.stream_stream(path)(iter([request]), timeout=timeout)
        try:
            reply = next(call)
        except StopIteration:
            reply = b""
        except grpc.RpcError as error:
            return answer_of(error, time.monotonic() - began, timeout)
        finally:
            call.cancel()
        return Answer(code=GrpcCode.OK, reply=reply, seconds=time.monotonic() - began)


class Running:
    """A call that has begun."""

    def __init__(self, future: Any, began: float, timeout: float) -> None:
        self._future = future
        self._timeout = timeout
        self._began = began
        self._ended = 0.0
        future.add_done_callback(self._stamp)

    def wait(self) -> Answer:
        """Return what became of it. An interrupt cancels it."""
        try:
            reply = self._future.result()
        except grpc.RpcError as error:
            return answer_of(error, self._seconds(), self._timeout)
        except grpc.FutureCancelledError:
            words = "cancelled by this side"
            return Answer(code=GrpcCode.CANCELED, message=words, seconds=self._seconds(), from_driver=False)
        except BaseException:
            self.cancel()
            raise
        return Answer(code=GrpcCode.OK, reply=reply, seconds=self._seconds())

    def cancel(self) -> None:
        """Give it up; the driver is told."""
        with suppress(grpc.RpcError):
            self._future.cancel()

    def _stamp(self, _: object) -> None:
        self._ended = time.monotonic()

    def _seconds(self) -> float:
        return (self._ended or time.monotonic()) - self._began


def answer_of(error: Any, seconds: float, timeout: float) -> Answer:
    """Read a failure: the driver's, or gRPC's own about the connection or our deadline."""
    code = GRPC_NUMBERS[error.code().value[0]]
    message = error.details() or ""
    told: Callable[[], str] = getattr(error, "debug_error_string", str)
    from_driver = _FROM_PEER in told() or not message.startswith(_OWN_WORDS)
    # A driver that sees our deadline pass says so as well; that is no answer of its own either.
    expired = code is GrpcCode.DEADLINE_EXCEEDED and (not from_driver or seconds >= timeout)
    return Answer(code=code, message=message, seconds=seconds, from_driver=from_driver and not expired, expired=expired)


def secure_options(endpoint: Endpoint, server_name: str) -> tuple[tuple[str, Any], ...]:
    """Return the options of a TLS channel: the authority is the name that the certificate must bear."""
    name = server_name or endpoint.host
    plain = tuple(option for option in CHANNEL_OPTIONS if option[0] != "grpc.default_authority")
    override = (("grpc.ssl_target_name_override", server_name),) if server_name else ()
    return (*plain, *((("grpc.default_authority", name),) if name else ()), *override)
