"""Send requests over kept connections, with Python's own HTTP client: all that a plain kubeconfig asks for.

It loads in a third of the time of a connection pool library, and that time is most of what a small question to a
cluster takes. Proxies and what else the official client can do go through that client's own pool, see ``pooled``.

Sources: http.client's documentation and code (Python 3.11 to 3.14) for what it raises, and for what it does not: a body
shorter than its Content-Length ends without an error there.
"""

import errno
import os
import select
import socket
import ssl
import weakref
import zlib
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from http.client import HTTPConnection, HTTPException, HTTPResponse, IncompleteRead
from threading import Lock
from typing import Any, Final, Protocol
from urllib.parse import urlsplit

from cosictl.cluster.noanswer import CUT, SLOW, UNSENDABLE, NoAnswerError, Trouble

Headers = Sequence[tuple[str, str]]
PIECE_BYTES: Final = 256 * 1024
_PORTS: Final = {"http": 80, "https": 443}


class Answer(Protocol):
    """The answer to one request, whose body is still to come. ``headers`` have lower-case names."""

    status: int
    headers: Mapping[str, str]

    def pieces(self, *, live: bool) -> Iterator[bytes]:
        """Yield the body, unpacked; ``live``: as the server sends it, however small. Raises NoAnswerError."""

    def close(self) -> None:
        """End it; the connection is used again where the whole body was read."""


class Transport(Protocol):
    """Sends requests to one server."""

    def send(
        self, method: str, path: str, headers: Headers, body: bytes | None, *, connect: float, read: float | None
    ) -> Answer:
        """Send one request once; time limits are in seconds, None for no limit. Raises NoAnswerError."""


class TlsFiles(Protocol):
    """What a connection is trusted by and what it proves itself with: paths of PEM files."""

    verify_ssl: bool
    ssl_ca_cert: str | None
    cert_file: str | None
    key_file: str | None
    tls_server_name: str | None


def is_plain(host: str) -> bool:
    """Whether a server's address is one this module can be told: http or https, a name and perhaps a port."""
    try:
        parts = urlsplit(host)
        return parts.scheme in _PORTS and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


class _Kept:
    """Connections that wait for their next request, at most so many; they end with their owner."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._idle: deque[HTTPConnection] = deque()
        weakref.finalize(self, _close_all, self._idle)

    def take(self) -> HTTPConnection | None:
        """Return one that is still open; what was closed meanwhile has something to read."""
        with suppress(IndexError):
            while True:
                conn = self._idle.pop()
                poll = select.poll()
                poll.register(conn.sock, select.POLLIN)
                if not poll.poll(0):
                    return conn
                conn.close()
        return None

    def give(self, conn: HTTPConnection) -> None:
        """Keep one."""
        if len(self._idle) < self._most:
            self._idle.append(conn)
        else:
            conn.close()


def _close_all(idle: deque[HTTPConnection]) -> None:
    for conn in idle:
        conn.close()


class PlainTransport:
    """Connections to the server at ``host``, an address that ``is_plain``; kept for the next request."""

    def __init__(self, host: str, files: TlsFiles, most: int) -> None:
        parts = urlsplit(host)
        self._name = parts.hostname or ""
        self._port = parts.port or _PORTS[parts.scheme]
        self._sent_as = parts.netloc.rpartition("@")[2]
        self._prefix = parts.path.rstrip("/")
        self._files = files if parts.scheme == "https" else None
        self._context: ssl.SSLContext | None = None
        self._lock = Lock()
        self._kept = _Kept(most)

    def send(
        self, method: str, path: str, headers: Headers, body: bytes | None, *, connect: float, read: float | None
    ) -> Answer:
        """See ``Transport``."""
        conn = self._kept.take() or self._connected(connect)
        try:
            conn.sock.settimeout(read)
            self._put(conn, method, path, headers, body)
            with _told():
                found = conn.getresponse()
        except BaseException:
            conn.close()
            raise
        return _PlainAnswer(conn, found, self._kept)

    def _put(self, conn: HTTPConnection, method: str, path: str, headers: Headers, body: bytes | None) -> None:
        try:
            conn.putrequest(method, self._prefix + path, skip_host=True, skip_accept_encoding=True)
            for name, value in (("Host", self._sent_as), *headers):
                conn.putheader(name, value)
            if body is not None:
                conn.putheader("Content-Length", str(len(body)))
        except (ValueError, HTTPException):
            raise NoAnswerError(Trouble.UNREACHED, UNSENDABLE) from None
        with _told():
            conn.endheaders(body)

    def _connected(self, timeout: float) -> HTTPConnection:
        where = f"{self._name}:{self._port}"
        try:
            sock = socket.create_connection((self._name, self._port), timeout)
        except TimeoutError:
            raise NoAnswerError(Trouble.SLOW_CONNECT, f"{where} took no connection within {timeout:g} s") from None
        except (OSError, UnicodeError) as error:
            raise NoAnswerError(Trouble.UNREACHED, f"{where}: {_reason(error)}") from error
        try:
            # A request is sent at once, not when the answer to the last packet has come.
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            conn = HTTPConnection(self._name, self._port)
            conn.sock = self._secured(sock, self._files) if self._files is not None else sock
        except BaseException:
            sock.close()
            raise
        return conn

    def _secured(self, sock: socket.socket, files: TlsFiles) -> socket.socket:
        try:
            with self._lock:
                self._context = self._context or _context(files)
            return self._context.wrap_socket(sock, server_hostname=files.tls_server_name or self._name)
        except TimeoutError:
            raise NoAnswerError(Trouble.SLOW_CONNECT, "the server did not prove itself in time") from None
        except (ssl.SSLError, ValueError) as error:
            raise NoAnswerError(Trouble.UNTRUSTED, _reason(error)) from error
        except OSError as error:
            raise NoAnswerError(Trouble.BROKEN, _reason(error)) from error


class _PlainAnswer:
    """See ``Answer``."""

    def __init__(self, conn: HTTPConnection, found: HTTPResponse, kept: _Kept) -> None:
        self.status = found.status
        self.headers: Mapping[str, str] = {name.lower(): value for name, value in found.getheaders()}
        self._conn = conn
        self._found = found
        self._kept = kept
        self._is_whole = False

    def pieces(self, *, live: bool) -> Iterator[bytes]:
        read = self._found.read1 if live else self._found.read
        packed = self.headers.get("content-encoding", "").lower() == "gzip"
        unpacking = zlib.decompressobj(16 + zlib.MAX_WBITS) if packed else None
        while piece := self._piece(read):
            if unpacking is None:
                yield piece
            elif plain := _unpacked(unpacking, piece):
                yield plain
        if self._found.length or (unpacking is not None and not unpacking.eof):
            raise NoAnswerError(Trouble.BROKEN, CUT)
        self._is_whole = True

    def _piece(self, read: Callable[[int], bytes]) -> bytes:
        with _told():
            return read(PIECE_BYTES)

    def close(self) -> None:
        reusable = self._is_whole and not self._found.will_close
        with suppress(OSError):
            self._found.close()
        if reusable and self._conn.sock is not None:
            self._kept.give(self._conn)
        else:
            self._conn.close()


def _unpacked(unpacking: "zlib._Decompress", piece: bytes) -> bytes:
    try:
        return unpacking.decompress(piece)
    except zlib.error as error:
        raise NoAnswerError(Trouble.BROKEN, f"the packed answer is damaged: {error}") from error


@contextmanager
def _told() -> Iterator[None]:
    """Say in our words why a request that was sent got no answer."""
    try:
        yield
    except TimeoutError as error:
        raise NoAnswerError(Trouble.SLOW_ANSWER, SLOW) from error
    except IncompleteRead as error:
        raise NoAnswerError(Trouble.BROKEN, CUT) from error
    except (OSError, HTTPException) as error:
        if isinstance(error, ssl.SSLError) and "ALERT" in (error.reason or ""):
            # With TLS 1.3 a server says only now that it does not take our certificate.
            raise NoAnswerError(Trouble.UNTRUSTED, _reason(error)) from error
        raise NoAnswerError(Trouble.BROKEN, f"the connection broke: {_reason(error)}") from error


class TlsSocket(ssl.SSLSocket):
    """Is closed where the other side hung up before TLS began; ``ssl`` leaves that to the garbage collector."""

    def getpeername(self) -> Any:
        """Return the other side's address; ``ssl`` asks for it before anything else."""
        try:
            return super().getpeername()
        except OSError:
            self.close()
            raise ConnectionResetError(errno.ECONNRESET, os.strerror(errno.ECONNRESET)) from None


def _context(files: TlsFiles) -> ssl.SSLContext:
    # Not create_default_context: from Python 3.13 it refuses authorities that clusters make and kubectl takes.
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.sslsocket_class = TlsSocket
    if not files.verify_ssl:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    elif files.ssl_ca_cert:
        context.load_verify_locations(files.ssl_ca_cert)
    else:
        context.load_default_certs()
    if files.cert_file:
        context.load_cert_chain(files.cert_file, files.key_file)
    return context


def _reason(error: Exception) -> str:
    words = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return " ".join(words.split()) or type(error).__name__
