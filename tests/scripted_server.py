"""A server on the loopback that answers each request with bytes that a test wrote, over TLS where it is given one."""

import socket
import ssl
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import Final, Self

HANG: Final = b"hang"
HANG_UP: Final = b""


@dataclass(slots=True)
class ScriptedServer:
    """Use it as a context manager. Each connection is answered from ``script``, one entry for each request.

    An entry is sent as it is; ``HANG`` sends nothing and waits, ``HANG_UP`` closes. Where ``closes`` is true, a
    connection ends after its first answer. ``requests`` are the heads of what arrived, ``connections`` how many came.
    """

    script: Sequence[bytes]
    tls: ssl.SSLContext | None = None
    closes: bool = False
    requests: list[str] = field(default_factory=list)
    connections: int = 0
    _listener: socket.socket = field(init=False)
    _open: list[socket.socket] = field(default_factory=list)
    _left: list[bytes] = field(default_factory=list)
    _threads: list[threading.Thread] = field(default_factory=list)

    @property
    def port(self) -> int:
        found: int = self._listener.getsockname()[1]
        return found

    @property
    def url(self) -> str:
        return f"{'https' if self.tls else 'http'}://127.0.0.1:{self.port}"

    def __enter__(self) -> Self:
        self._left = list(self.script)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._start(self._accept)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for one in self._open:
            _end(one)
        for thread in self._threads:
            thread.join(20)

    def _start(self, work: object, *args: object) -> None:
        assert callable(work)
        thread = threading.Thread(target=work, args=args, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while True:
            try:
                one, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            self._open.append(one)
            self._start(self._serve, one)

    def _serve(self, raw: socket.socket) -> None:
        one = raw
        try:
            if self.tls is not None:
                one = self.tls.wrap_socket(raw, server_side=True)
                self._open.append(one)
            while (head := _head(one)) and self._left:
                self.requests.append(head)
                answer = self._left.pop(0)
                if answer == HANG:
                    one.recv(1)
                    break
                one.sendall(answer)
                if answer == HANG_UP or self.closes:
                    break
        except OSError:
            pass
        finally:
            _end(one)


def _head(one: socket.socket) -> str:
    data = b""
    while b"\r\n\r\n" not in data:
        more = one.recv(4096)
        if not more:
            return ""
        data += more
    return data.decode("latin-1")


def _end(one: socket.socket) -> None:
    try:
        one.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass
    finally:
        one.close()
