"""An exporter: the figures of a cluster over HTTP, as Prometheus asks for them.

However many ask, one reading is under way at most, and its answer is served for a while. Who cannot wait for it is told
that there is none. What fails is told in the figures, and once on stderr; the exporter goes on.
"""

import errno
import ipaddress
import os
import re
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import FrameType
from typing import Any, Final
from urllib.parse import urlsplit

from cosictl.cli.said import program, say, say_error
from cosictl.errors import CosictlError, Exit, ListenError, UsageError
from cosictl.model.tally import Tally
from cosictl.render.prometheus import CONTENT_TYPE, prometheus

_ADDRESS: Final = re.compile(r"(?:\[(?P<v6>[^\[\]]+)\]|(?P<host>[^:\[\]\s]+)):(?P<port>[0-9]{1,5})")
_MOST_PORTS: Final = 65535
# Prometheus says with each request how long it waits (its own header); the answer has to be there a little before.
_PATIENCE: Final = "X-Prometheus-Scrape-Timeout-Seconds"
_MARGIN_SECONDS: Final = 0.5
# Who connects and says nothing is not waited for.
_SILENCE_SECONDS: Final = 10.0
_PLAIN: Final = "text/plain; charset=utf-8"
_METHODS: Final = "GET, HEAD"


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """Where to listen, as it was typed."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def parse_address(text: str) -> Address:
    """Read ``HOST:PORT`` or ``[IPV6]:PORT``; raises UsageError. No host is no address: it would be all of them."""
    match = _ADDRESS.fullmatch(text)
    if match is None or int(match["port"]) > _MOST_PORTS:
        raise UsageError(f"--listen {text}: is no address", next_step="write it like 127.0.0.1:9186 or [::1]:9186")
    return Address(host=match["v6"] or match["host"], port=int(match["port"]))


class _Reading(threading.Thread):
    """One reading of the cluster, as text; ends by itself."""

    def __init__(self, take: Callable[[], Tally], heed: Callable[[CosictlError | None], None]) -> None:
        super().__init__(daemon=True)
        self._take = take
        self._heed = heed
        self._done = threading.Event()
        self.text: str | None = None
        self.began = self.ended = time.monotonic()
        self.start()

    def run(self) -> None:
        """Read; what is expected to fail is a figure too."""
        tally, failed = None, None
        try:
            tally = self._take()
        except CosictlError as error:
            failed = error
        finally:
            self.ended = time.monotonic()
            if tally is not None or failed is not None:
                self.text = prometheus(tally, seconds=self.ended - self.began)
            self._done.set()
        self._heed(failed)

    @property
    def under_way(self) -> bool:
        """Whether it has not ended."""
        return not self._done.is_set()

    def is_fresh(self, pause: float) -> bool:
        """Whether it is worth serving: until ``pause`` seconds after its end."""
        return self.under_way or time.monotonic() - self.ended < pause

    def wait(self, patience: float | None) -> bool:
        """Wait for its end, at most so many seconds; tells whether it came."""
        return self._done.wait(patience)


class Exporter:
    """Answers with the figures of the last reading, and reads again where that is too old.

    ``pause`` is in seconds. An error of a reading is said on stderr, once until another comes or none does.
    """

    def __init__(self, take: Callable[[], Tally], pause: float) -> None:
        self._take = take
        self._pause = pause
        self._lock = threading.Lock()
        self._last: _Reading | None = None
        self._said = ""

    def text(self, patience: float | None) -> str | None:
        """Return the figures; after ``patience`` seconds (None: never) that there are none. None: a bug was said."""
        start = time.monotonic()
        with self._lock:
            if self._last is None or not self._last.is_fresh(self._pause):
                self._last = _Reading(self._take, self._heed)
            reading = self._last
        if reading.wait(patience):
            return reading.text
        return prometheus(None, seconds=time.monotonic() - start)

    @property
    def is_reading(self) -> bool:
        """Whether a reading is under way."""
        return self._last is not None and self._last.under_way

    def _heed(self, error: CosictlError | None) -> None:
        words = "" if error is None else str(error)
        if error is not None and words != self._said:
            say_error(error)
        self._said = words


class _Handler(BaseHTTPRequestHandler):
    """One request."""

    server: "_Server"
    timeout = _SILENCE_SECONDS
    server_version = "cosictl"
    sys_version = ""

    def do_GET(self) -> None:
        """Answer with the figures, or that the exporter lives."""
        match urlsplit(self.path).path:
            case "/metrics":
                text = self.server.exporter.text(self._patience())
                if text is None:
                    self.send_error(HTTPStatus.INTERNAL_SERVER_ERROR, "no figures; what went wrong is on stderr")
                else:
                    self._answer(HTTPStatus.OK, text, CONTENT_TYPE)
            case "/healthz":
                self._answer(HTTPStatus.OK, "ok\n", _PLAIN)
            case _:
                self.send_error(HTTPStatus.NOT_FOUND, "not here; /metrics and /healthz are")

    do_HEAD = do_GET  # noqa: N815 - the library's name

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """Answer with one line; the library calls it for methods that are not here, which it calls unimplemented."""
        del explain
        if code == HTTPStatus.NOT_IMPLEMENTED:
            code, message = HTTPStatus.METHOD_NOT_ALLOWED, f"only {_METHODS}"
        self._answer(HTTPStatus(code), f"{message or HTTPStatus(code).phrase}\n", _PLAIN)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the library's name
        """Say nothing: scrapes are many, and none is news."""

    def _answer(self, status: HTTPStatus, text: str, content_type: str) -> None:
        body = text.encode()
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        if status is HTTPStatus.METHOD_NOT_ALLOWED:
            self.send_header("Allow", _METHODS)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def _patience(self) -> float | None:
        try:
            asked = float(self.headers.get(_PATIENCE, ""))
        except ValueError:
            return None
        return max(0.0, asked - _MARGIN_SECONDS)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def __init__(self, where: Address, exporter: Exporter) -> None:
        self.exporter = exporter
        try:
            found = socket.getaddrinfo(where.host, where.port, type=socket.SOCK_STREAM)
            self.address_family = found[0][0]
            super().__init__((str(found[0][4][0]), where.port), _Handler)
        except (OSError, UnicodeError) as error:
            raise _cannot_listen(where, error) from None

    def server_bind(self) -> None:
        """Bind, without asking a name server what this machine is called."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind(self.server_address)
        self.server_address = self.socket.getsockname()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Report a bug; a client that went away is none."""
        del request, client_address
        error = sys.exception()
        if error is not None and not isinstance(error, OSError):
            sys.excepthook(type(error), error, error.__traceback__)

    @property
    def bound(self) -> Address:
        """Where it listens."""
        host, port = self.server_address[:2]
        return Address(host=str(host), port=int(port))


def _cannot_listen(where: Address, error: Exception) -> ListenError:
    if isinstance(error, OSError) and error.errno == errno.EADDRINUSE:
        return ListenError(f"port {where.port} is in use on {where.host}", next_step="name another with --listen")
    words = getattr(error, "strerror", None) or str(error)
    return ListenError(f"cannot listen on {where}: {words}", next_step="name another address with --listen")


class _StoppedError(Exception):
    """Somebody asked the process to end."""


def serve(take: Callable[[], Tally], where: Address, *, pause: float) -> int:
    """Serve until interrupted (130) or asked to end (0), and return the exit code; raises ListenError."""
    exporter = Exporter(take, pause)
    server = _Server(where, exporter)
    try:
        code = _until_stopped(server, pause)
    finally:
        server.server_close()
    if exporter.is_reading:
        # A request that nobody answers would be waited for, and who stops an exporter wants it to end.
        sys.stdout.flush()
        os._exit(code)
    return code


def _until_stopped(server: _Server, pause: float) -> int:
    before = signal.signal(signal.SIGTERM, _stop)
    try:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        say(f"serving http://{server.bound}/metrics, read at most every {pause:g} s; Ctrl-C stops it")
        if not ipaddress.ip_address(server.bound.host.partition("%")[0]).is_loopback:
            say(f"{program()}: whoever reaches that address can read the figures: no password, no encryption")
        threading.Event().wait()
    except _StoppedError:
        return Exit.OK
    except KeyboardInterrupt:
        say(f"{program()}: interrupted")
        return Exit.INTERRUPTED
    finally:
        signal.signal(signal.SIGTERM, before)
    raise AssertionError("nothing sets that event")


def _stop(_number: int, _frame: FrameType | None) -> None:
    raise _StoppedError
