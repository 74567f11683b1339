"""Look at an endpoint before gRPC does: its own errors say "unavailable" for all that can be wrong there.

A connection is made, the HTTP/2 preface sent, and the server's first frame read; a gRPC server sends its SETTINGS at
once (RFC 9113 §3.4). What the socket's path is, who may connect, and what else answers is told apart on the way.
"""

import errno
import socket
import ssl
import stat
import time
from pathlib import Path
from typing import Final

from cosictl.driver.endpoint import Endpoint
from cosictl.driver.tls import Tls, client_context
from cosictl.driver.trouble import Trouble, trouble_error

# The client's preface and an empty SETTINGS frame (RFC 9113 §3.4).
_HELLO: Final = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\x00\x00\x00\x04\x00\x00\x00\x00\x00"
_FRAME_HEAD: Final = 9
_SETTINGS: Final = 4
# TLS records begin with their type (21 alert, 22 handshake) and the version 3.x.
_TLS_RECORDS: Final = (b"\x15\x03", b"\x16\x03")
_CONNECT: Final = {
    errno.ENOENT: Trouble.MISSING,
    errno.EACCES: Trouble.PERMISSION,
    errno.EPERM: Trouble.PERMISSION,
    errno.EPROTOTYPE: Trouble.NOT_A_STREAM,
    errno.ENOTSOCK: Trouble.NOT_A_SOCKET,
    errno.EAGAIN: Trouble.NO_CONNECTION,
}


def check_endpoint(endpoint: Endpoint, *, timeout: float, tls: Tls | None = None) -> None:
    """Make sure that something at the endpoint speaks HTTP/2.

    ``timeout`` is in seconds, for everything together. Raises EndpointError, TimedOutError where time runs out.
    """
    ends = time.monotonic() + timeout
    context = client_context(tls) if tls is not None else None
    if endpoint.path:
        _check_path(endpoint)
    with _connect(endpoint, timeout) as connection:
        head = _greet(connection, endpoint, ends, context, tls.server_name if tls is not None else "")
    trouble = judge_first_bytes(head)
    if trouble is not None:
        raise trouble_error(str(endpoint), trouble, _quoted(head))


def judge_first_bytes(head: bytes) -> Trouble | None:
    """Tell from the first bytes of an answer what speaks there; None for HTTP/2. Pure."""
    if not head:
        return Trouble.CLOSED
    if head.startswith(_TLS_RECORDS):
        return Trouble.PLAIN
    if head.startswith(b"HTTP/1"):
        return Trouble.HTTP1
    if len(head) < _FRAME_HEAD or head[3] != _SETTINGS or head[5:9] != b"\0\0\0\0":
        return Trouble.NOT_HTTP2
    return None


def _check_path(endpoint: Endpoint) -> None:
    try:
        mode = Path(endpoint.path).stat().st_mode
    except FileNotFoundError:
        folder = Path(endpoint.path).parent
        words = "" if folder.is_dir() else f"there is no folder {folder} either"
        raise trouble_error(str(endpoint), Trouble.MISSING, words) from None
    except PermissionError:
        raise trouble_error(str(endpoint), Trouble.PERMISSION) from None
    except OSError as error:
        raise trouble_error(str(endpoint), Trouble.MISSING, error.strerror or "") from None
    if not stat.S_ISSOCK(mode):
        kind = "a folder" if stat.S_ISDIR(mode) else "a file" if stat.S_ISREG(mode) else "a device or pipe"
        raise trouble_error(str(endpoint), Trouble.NOT_A_SOCKET, f"it is {kind}")


def _connect(endpoint: Endpoint, timeout: float) -> socket.socket:
    where = str(endpoint)
    try:
        if not endpoint.path:
            return socket.create_connection((endpoint.host, endpoint.port), timeout=timeout)
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            connection.settimeout(timeout)
            connection.connect(endpoint.path)
        except BaseException:
            connection.close()
            raise
    except TimeoutError:
        raise trouble_error(where, Trouble.NO_CONNECTION) from None
    except socket.gaierror as error:
        raise trouble_error(where, Trouble.UNRESOLVED, error.strerror or "") from None
    except ConnectionRefusedError:
        raise trouble_error(where, Trouble.STALE if endpoint.path else Trouble.REFUSED) from None
    except OSError as error:
        trouble = _CONNECT.get(error.errno or 0, Trouble.UNREACHABLE)
        raise trouble_error(where, trouble, error.strerror or str(error)) from None
    return connection


def _greet(
    connection: socket.socket, endpoint: Endpoint, ends: float, context: ssl.SSLContext | None, name: str
) -> bytes:
    """Send the preface and return the head of what comes back; "" where the other side closes."""
    where = str(endpoint)
    connection.settimeout(max(0.01, ends - time.monotonic()))
    try:
        if context is None:
            connection.sendall(_HELLO)
            return _first_bytes(connection, ends)
        with context.wrap_socket(connection, server_hostname=name or endpoint.host or "localhost") as secured:
            secured.sendall(_HELLO)
            return _first_bytes(secured, ends)
    except ssl.SSLError as error:
        raise trouble_error(where, Trouble.TLS, error.reason or str(error)) from None
    except TimeoutError:
        raise trouble_error(where, Trouble.HANGS) from None
    except (ConnectionResetError, BrokenPipeError):
        return b""


def _first_bytes(connection: socket.socket, ends: float) -> bytes:
    """Read the head of one frame; less where the other side ends."""
    head = b""
    while len(head) < _FRAME_HEAD:
        left = ends - time.monotonic()
        if left <= 0:
            raise TimeoutError
        connection.settimeout(left)
        more = connection.recv(_FRAME_HEAD - len(head))
        head += more
        # A TLS alert is shorter than the head of a frame.
        if not more or head.startswith(_TLS_RECORDS):
            break
    return head


def _quoted(head: bytes) -> str:
    return f"it began with {head!r}" if head else ""
