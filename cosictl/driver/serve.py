"""Be a driver: a gRPC server on a unix socket, in one version of the contract or in both."""

import errno
import os
import socket as sockets
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

import grpc

from cosictl.driver.call import LARGEST_MESSAGE
from cosictl.driver.endpoint import LONGEST_PATH
from cosictl.driver.types import Driver, DriverError
from cosictl.driver.wire import Method
from cosictl.driver.wires import WIRES
from cosictl.model.failures import GRPC_NUMBERS
from cosictl.model.refs import Api

# Seconds. Without any, clients are told to go away with an error, which gRPC's core writes on their stderr.
GRACE: Final = 0.5
_STATUS: Final = {GRPC_NUMBERS[code.value[0]]: code for code in grpc.StatusCode}
_OPTIONS: Final = (
    ("grpc.max_receive_message_length", LARGEST_MESSAGE),
    ("grpc.max_send_message_length", LARGEST_MESSAGE),
)


class DriverServer:
    """Start it, stop it. ``driver`` does the work; its DriverErrors become gRPC statuses, word for word.

    A socket that nobody serves is replaced; one that somebody serves raises OSError, as does a path too long.
    """

    def __init__(self, driver: Driver, *, socket: Path, versions: Iterable[Api]) -> None:
        self._driver = driver
        self._socket = socket
        self._methods = {WIRES[api].path(row): row for api in versions for row in WIRES[api].methods.values()}
        self._server: Any = None

    async def start(self) -> None:
        """Listen."""
        if len(os.fsencode(self._socket)) > LONGEST_PATH:
            raise OSError(errno.ENAMETOOLONG, "the path of a socket may have 107 bytes", str(self._socket))
        _clear(self._socket)
        server = grpc.aio.server(options=_OPTIONS)
        server.add_generic_rpc_handlers((_Router(self._driver, self._methods),))
        try:
            server.add_insecure_port(f"unix:{self._socket}")
        except RuntimeError as error:
            raise OSError(errno.EADDRNOTAVAIL, "the socket cannot be made", str(self._socket)) from error
        await server.start()
        self._server = server

    async def stop(self) -> None:
        """Stop: calls that run have ``GRACE`` seconds left, and the socket goes."""
        if self._server is not None:
            await self._server.stop(GRACE)
            self._server = None
            self._socket.unlink(missing_ok=True)


class _Router:
    """Finds the handler of a call; what is not known is refused in grpc-go's words, which sidecars pass on."""

    def __init__(self, driver: Driver, methods: dict[str, Method]) -> None:
        self._driver = driver
        self._methods = methods

    def service(self, handler_call_details: Any) -> Any:
        """Return the handler of one call."""
        method = self._methods.get(handler_call_details.method)
        if method is None:
            return grpc.unary_unary_rpc_method_handler(_refuse(self._refusal(handler_call_details.method)))
        return grpc.unary_unary_rpc_method_handler(
            _serve(self._driver, method),
            request_deserializer=method.request.FromString,
            response_serializer=method.reply.SerializeToString,
        )

    def _refusal(self, path: str) -> str:
        service, _, name = path.removeprefix("/").rpartition("/")
        known = {known.removeprefix("/").rpartition("/")[0] for known in self._methods}
        return f"unknown method {name} for service {service}" if service in known else f"unknown service {service}"


def _serve(driver: Driver, method: Method) -> Any:
    async def handle(request: Any, context: Any) -> Any:
        try:
            return method.answer(await method.call(driver, method.decode(request)))
        except DriverError as error:
            await context.abort(_STATUS[error.code], error.message)

    return handle


def _refuse(message: str) -> Any:
    async def handle(_request: Any, context: Any) -> None:
        await context.abort(grpc.StatusCode.UNIMPLEMENTED, message)

    return handle


def _clear(path: Path) -> None:
    """Remove a socket that nobody serves."""
    if not path.is_socket():
        if path.exists():
            raise OSError(errno.EEXIST, "a file is in the way of the socket", str(path))
        return
    with sockets.socket(sockets.AF_UNIX, sockets.SOCK_STREAM) as probe:
        if probe.connect_ex(str(path)) == 0:
            raise OSError(errno.EADDRINUSE, "somebody serves this socket already", str(path))
    path.unlink()
