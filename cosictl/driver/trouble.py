"""Every way an endpoint can be bad, told apart: rows of what to say about each."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from cosictl.errors import CosictlError, EndpointError, TimedOutError


class Trouble(StrEnum):
    """What is wrong with an endpoint."""

    MISSING = "no-such-file"
    NOT_A_SOCKET = "not-a-socket"
    NOT_A_STREAM = "not-a-stream-socket"
    STALE = "stale"
    PERMISSION = "permission"
    REFUSED = "refused"
    UNRESOLVED = "unresolved"
    UNREACHABLE = "unreachable"
    TLS = "tls"
    PLAIN = "no-tls"
    HTTP1 = "http1"
    NOT_HTTP2 = "not-http2"
    CLOSED = "closed"
    NO_CONNECTION = "connect-timeout"
    HANGS = "hangs"


@dataclass(frozen=True, slots=True)
class _Row:
    """``what`` happened to an endpoint, what it likely ``means``, and what to do ``next``."""

    what: str
    means: str
    next: str
    error: type[CosictlError] = EndpointError


_ROWS: Final[Mapping[Trouble, _Row]] = {
    Trouble.MISSING: _Row(
        "no such file",
        "the driver has not made its socket, or this is not the machine (the pod) where it is",
        "name it with --endpoint, or reach into the pod with --pod NAMESPACE/NAME",
    ),
    Trouble.NOT_A_SOCKET: _Row(
        "is not a socket", "something else has taken the driver's place", "look at it with: ls -l"
    ),
    Trouble.NOT_A_STREAM: _Row(
        "is a socket of another kind, which takes no connections", "no gRPC server made it", "look at it with: ls -l"
    ),
    Trouble.STALE: _Row(
        "nobody listens on this socket",
        "the driver that made it is gone; a sidecar beside it waits and then exits",
        "start the driver, or look at its last words: kubectl logs --previous",
    ),
    Trouble.PERMISSION: _Row(
        "permission denied", "the socket or a folder above it belongs to another user", "run this as the driver's user"
    ),
    Trouble.REFUSED: _Row("nobody listens there", "no driver is up at this address", "check the address, or start it"),
    Trouble.UNRESOLVED: _Row("this host has no address", "the name is misspelt or not known here", "check the name"),
    Trouble.UNREACHABLE: _Row("cannot be reached", "the network does not lead there", "check address and network"),
    Trouble.TLS: _Row("TLS failed", "no certificate that both sides trust, or no TLS there", "see --tls and --cacert"),
    Trouble.PLAIN: _Row("it answers with TLS", "the driver wants an encrypted connection", "add --tls"),
    Trouble.HTTP1: _Row("speaks HTTP/1, not gRPC", "another service listens there", "check the address"),
    Trouble.NOT_HTTP2: _Row(
        "connects, but does not speak HTTP/2", "what listens there is no gRPC server", "check the address"
    ),
    Trouble.CLOSED: _Row(
        "connects, and is closed at once",
        "what listens there is no gRPC server, or wants TLS",
        "check the address, or add --tls",
    ),
    Trouble.NO_CONNECTION: _Row(
        "takes no connection in time",
        "its queue is full because the driver takes nobody, or the network swallows packets",
        "restart the driver, or allow more with --connect-timeout",
        TimedOutError,
    ),
    Trouble.HANGS: _Row(
        "connects, and then says nothing",
        "the driver's process is there and does not work: stopped, or stuck",
        "restart the driver, or allow more with --connect-timeout",
        TimedOutError,
    ),
}


def trouble_error(where: str, trouble: Trouble, words: str = "") -> CosictlError:
    """Return the error for an endpoint; ``words`` are those of the system or of the other side."""
    row = _ROWS[trouble]
    said = f" ({words})" if words else ""
    error = row.error(f"{where}: {row.what}{said}", meaning=row.means, next_step=row.next)
    error.slug = f"endpoint-{trouble.value}"
    return error
