"""Commands in a container, over a WebSocket: the protocols v5 and v4 of channel.k8s.io.

Every message begins with a byte that names its channel. v5 can end the command's input and leave its output open, v4
cannot. Source: the remote command protocol of Kubernetes (KEP-4006).
"""

import json
import ssl
import threading
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote, urlencode

import websocket

from cosictl.cluster.connect import Connection
from cosictl.cluster.translate import words_of
from cosictl.errors import ClusterError, CosictlError, NotFoundError
from cosictl.intake.redact import redact

_STDIN, _STDOUT, _STDERR, _ERROR, _CLOSE = 0, 1, 2, 3, 255
_PROTOCOLS: Final = ("v5.channel.k8s.io", "v4.channel.k8s.io")
# Larger pieces are cut by some proxies in between.
CHUNK: Final = 32 * 1024
_SCHEMES: Final = {"https": "wss", "http": "ws"}
_FORBIDDEN, _NOT_FOUND = 403, 404


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """How a command ended: its exit code (None where it never ran), what it wrote, and the server's words."""

    code: int | None
    out: bytes = b""
    err: bytes = b""
    words: str = ""

    @property
    def ok(self) -> bool:
        """Whether it ran and succeeded."""
        return self.code == 0


class Command:
    """A running command. ``read`` and ``close`` belong to one thread, all else to any.

    A socket that is closed while another thread reads it gives its number to the next one that is opened, and the
    reader takes away what was meant for that: others may only ``hang_up``.
    """

    def __init__(self, connection: Any) -> None:
        self._connection = connection
        self._lock = threading.Lock()
        self._hung_up = False
        self._error = b""
        self.err = b""

    @property
    def can_close_input(self) -> bool:
        """Whether the server understands the end of the input."""
        return str(self._connection.getsubprotocol()) == _PROTOCOLS[0]

    def write(self, data: bytes) -> None:
        """Send input. Raises OSError where the connection is gone."""
        for start in range(0, len(data), CHUNK):
            self._send(bytes([_STDIN]) + data[start : start + CHUNK])

    def close_input(self) -> None:
        """End the input; where the server does not understand that, everything."""
        if self.can_close_input:
            self._send(bytes([_CLOSE, _STDIN]))
        else:
            self.hang_up()

    def read(self) -> bytes:
        """Return the next output, b"" at the end."""
        while True:
            try:
                message = self._connection.recv()
            except (websocket.WebSocketException, OSError):
                return b""
            data = message.encode() if isinstance(message, str) else bytes(message)
            # What a connection gives out after that is no message any more.
            if not data or self._hung_up:
                return b""
            channel, content = data[0], data[1:]
            if channel == _STDOUT and content:
                return content
            if channel == _STDERR:
                self.err = (self.err + content)[-CHUNK:]
            elif channel == _ERROR:
                self._error += content

    def hang_up(self) -> None:
        """End the connection: the server ends the command, and who reads comes to the end."""
        self._hung_up = True
        self._connection.abort()

    def close(self) -> None:
        """Close the connection, after the last ``read``; the server ends the command."""
        with suppress(websocket.WebSocketException, OSError):
            self._connection.close(timeout=1)
        # Where the server went first, that leaves the socket open.
        with suppress(OSError):
            self._connection.shutdown()

    def ended(self, out: bytes = b"") -> Ended:
        """Say how it ended, after ``read`` has come to the end."""
        return _ended(self._error, out, self.err)

    def _send(self, data: bytes) -> None:
        with self._lock:
            try:
                self._connection.send_binary(data)
            except websocket.WebSocketException as error:
                raise OSError(str(error)) from error


def start(
    conn: Connection, namespace: str, pod: str, container: str, words: Sequence[str], *, timeout: float, stdin: bool
) -> Command:
    """Run a command in a container.

    ``timeout`` in seconds is for connecting. Raises ClusterError with the server's words, naming the missing right.
    """
    query = [("command", word) for word in words]
    query += [("container", container), ("stdout", "true"), ("stderr", "true")]
    query += [("stdin", "true")] if stdin else []
    path = f"/api/v1/namespaces/{quote(namespace)}/pods/{quote(pod)}/exec?{urlencode(query)}"
    try:
        connection = websocket.create_connection(
            _websocket_url(conn.host) + path,
            timeout=timeout,
            header=[f"{name}: {value}" for name, value in conn.headers()],
            subprotocols=list(_PROTOCOLS),
            sslopt=_ssl_options(conn.settings),
            enable_multithread=True,
            skip_utf8_validation=True,
            **_proxy(conn.settings),
        )
    except websocket.WebSocketBadStatusException as error:
        raise _refused(conn, error, namespace, pod) from None
    except (websocket.WebSocketException, OSError) as error:
        raise ClusterError(
            f"no command can be run in pod {namespace}/{pod}: {redact(' '.join(str(error).split()))}",
            meaning="the API server does not take a WebSocket, or something between breaks it",
            next_step="run cosictl inside the pod instead",
        ) from error
    connection.settimeout(None)
    return Command(connection)


def run(conn: Connection, namespace: str, pod: str, container: str, words: Sequence[str], *, timeout: float) -> Ended:
    """Run a command to its end, at most ``timeout`` seconds; raises ClusterError as ``start``."""
    command = start(conn, namespace, pod, container, words, timeout=timeout, stdin=False)
    timer = threading.Timer(timeout, command.hang_up)
    timer.daemon = True
    timer.start()
    out = b""
    try:
        while more := command.read():
            out += more
    finally:
        timer.cancel()
        command.close()
    return command.ended(out)


def _ended(status: bytes, out: bytes, err: bytes) -> Ended:
    try:
        found = json.loads(status)
        causes = (found.get("details") or {}).get("causes") or ()
    except (ValueError, AttributeError):
        return Ended(code=None, out=out, err=err, words=status.decode("utf-8", "replace"))
    if found.get("status") == "Success":
        return Ended(code=0, out=out, err=err)
    code = next((entry.get("message") for entry in causes if entry.get("reason") == "ExitCode"), None)
    number = int(code) if isinstance(code, str) and code.isdecimal() else None
    return Ended(code=number, out=out, err=err, words=str(found.get("message", "")))


def _refused(conn: Connection, error: Any, namespace: str, pod: str) -> CosictlError:
    """Return the error for a server that does not upgrade the connection."""
    words = words_of(error.status_code, bytes(error.resp_body or b""))
    if error.status_code == _FORBIDDEN:
        return ClusterError(
            f"no right to run a command in pod {namespace}/{pod}: {words}",
            meaning="it takes the verbs get and, since Kubernetes 1.35, create on pods/exec",
            next_step=f"check with: kubectl auth can-i create pods/exec -n {namespace}",
        )
    if error.status_code == _NOT_FOUND:
        return NotFoundError(f"pod {namespace}/{pod}: {words}", next_step=f"kubectl get pods -n {namespace}")
    return ClusterError(f"{conn.source} runs no command in pod {namespace}/{pod}: {words}")


def _websocket_url(host: str) -> str:
    scheme, _, rest = host.partition("://")
    return f"{_SCHEMES.get(scheme, 'wss')}://{rest}"


def _ssl_options(settings: Any) -> dict[str, Any]:
    options: dict[str, Any] = {"cert_reqs": ssl.CERT_REQUIRED if settings.verify_ssl else ssl.CERT_NONE}
    if not settings.verify_ssl:
        options["check_hostname"] = False
    if settings.ssl_ca_cert:
        options["ca_certs"] = settings.ssl_ca_cert
    if settings.cert_file:
        options |= {"certfile": settings.cert_file, "keyfile": settings.key_file}
    if getattr(settings, "tls_server_name", None):
        options["server_hostname"] = settings.tls_server_name
    return options


def _proxy(settings: Any) -> dict[str, Any]:
    """Return the proxy that the client's configuration names, in the WebSocket library's words."""
    if not settings.proxy:
        return {}
    from urllib.parse import urlsplit  # noqa: PLC0415 - only where there is a proxy

    parts = urlsplit(settings.proxy)
    found: dict[str, Any] = {"http_proxy_host": parts.hostname, "http_proxy_port": parts.port, "proxy_type": "http"}
    if parts.username:
        found["http_proxy_auth"] = (parts.username, parts.password or "")
    return found
