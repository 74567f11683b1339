"""A unix socket on this machine that leads to one inside a Pod: every connection is a command of its own there.

The bytes go through ``socat`` or ``nc -U`` in a container that has it; nothing is installed anywhere.
"""

import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from cosictl.cluster.pod_exec import CHUNK, Command
from cosictl.errors import CosictlError

_WAITING: Final = 16


class Tunnel:
    """A context manager; while it is open, ``path`` leads to the other side.

    ``connect`` starts one command there; it may raise CosictlError, which ``trouble`` then keeps, as it keeps the
    words of a command that ended badly: the connection itself can only be closed.
    """

    def __init__(self, path: Path, connect: Callable[[], Command]) -> None:
        self.path = path
        self._connect = connect
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._threads: list[threading.Thread] = []
        self._open: set[tuple[socket.socket, Command]] = set()
        self._lock = threading.Lock()
        self._closed = False
        self.trouble = ""

    def __enter__(self) -> Self:
        self._listener.bind(str(self.path))
        self.path.chmod(0o600)
        self._listener.listen(_WAITING)
        self._spawn(self._accept)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._closed = True
        # A thread that waits in accept is woken by the shutdown, not by the close.
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        with self._lock:
            still_open = list(self._open)
        for near, command in still_open:
            _shut(near, socket.SHUT_RDWR)
            command.close()
        for thread in self._threads:
            thread.join(timeout=5)
        self.path.unlink(missing_ok=True)

    def _spawn(self, work: Callable[[], None]) -> None:
        thread = threading.Thread(target=work, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._listener.accept()
            except OSError:
                return
            self._spawn(partial(self._carry, near))

    def _carry(self, near: socket.socket) -> None:
        """Carry the bytes of one connection both ways until both sides have ended."""
        try:
            command = self._connect()
        except CosictlError as error:
            self.trouble = self.trouble or str(error)
            near.close()
            return
        pair = (near, command)
        with self._lock:
            self._open.add(pair)
        sender = threading.Thread(target=_send, args=(near, command), daemon=True)
        sender.start()
        try:
            while data := command.read():
                near.sendall(data)
        except OSError:
            pass
        ended = command.ended()
        if not self._closed and not ended.ok:
            said = (command.err.decode("utf-8", "replace").strip() or ended.words).strip()
            self.trouble = self.trouble or said or "the command in the pod ended"
        _shut(near, socket.SHUT_RDWR)
        command.close()
        sender.join(timeout=5)
        near.close()
        with self._lock:
            self._open.discard(pair)


def _send(near: socket.socket, command: Command) -> None:
    """Carry what this side says, and that it has said all."""
    try:
        while data := near.recv(CHUNK):
            command.write(data)
        command.close_input()
    except OSError:
        command.close()


def _shut(near: socket.socket, how: int) -> None:
    with suppress(OSError):
        near.shutdown(how)
