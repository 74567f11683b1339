"""A proxy on loopback that passes bytes on until it is told to cut: every connection breaks, and none is accepted."""

import socket
import threading
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

from tests.apiserver import ApiServer

_BYTES = 65536


class CuttingProxy:
    """Use it as a context manager; it stands in front of ``target``, a port of ``host``."""

    def __init__(self, target: int, host: str = "127.0.0.1") -> None:
        self._target = (host, target)
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()
        self._listener = self._listen(0)
        self.port: int = self._listener.getsockname()[1]

    def __enter__(self) -> Self:
        threading.Thread(target=self._serve, args=(self._listener,), daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.cut()

    def cut(self) -> None:
        """Break every connection, and refuse new ones."""
        _shut(self._listener)
        with self._lock:
            for one in self._open:
                _shut(one)
            self._open.clear()

    def mend(self) -> None:
        """Accept connections again, on the same port."""
        self._listener = self._listen(self.port)
        threading.Thread(target=self._serve, args=(self._listener,), daemon=True).start()

    @staticmethod
    def _listen(port: int) -> socket.socket:
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", port))
        listener.listen()
        return listener

    def _serve(self, listener: socket.socket) -> None:
        with suppress(OSError):
            while True:
                client, _ = listener.accept()
                try:
                    server = socket.create_connection(self._target)
                except OSError:
                    client.close()
                    continue
                with self._lock:
                    self._open |= {client, server}
                for source, sink in ((client, server), (server, client)):
                    threading.Thread(target=self._pass_on, args=(source, sink), daemon=True).start()

    @staticmethod
    def _pass_on(source: socket.socket, sink: socket.socket) -> None:
        with suppress(OSError):
            while data := source.recv(_BYTES):
                sink.sendall(data)
        _shut(sink)


def _shut(one: socket.socket) -> None:
    with suppress(OSError):
        one.shutdown(socket.SHUT_RDWR)
    one.close()


def through(proxy: CuttingProxy, server: ApiServer, folder: Path) -> Path:
    """A kubeconfig that leads to the server by way of the proxy."""
    config = server.kubeconfig(folder)
    config.write_text(config.read_text().replace(f":{urlsplit(server.server.url).port}", f":{proxy.port}"))
    return config


def in_front_of(server: ApiServer) -> CuttingProxy:
    """A proxy that leads to a server."""
    return CuttingProxy(urlsplit(server.server.url).port or 0)
