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
_ENDING_SECONDS: Final = 5.0


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
        # A thread that waits is woken by the shutdown; what it waits for is closed when it has ended.
        _shut(self._listener)
        with self._lock:
            still_open = list(self._open)
        for near, command in still_open:
            _shut(near)
            command.hang_up()
        for thread in self._threads:
            thread.join(timeout=_ENDING_SECONDS)
        self._listener.close()
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
        if self._closed:
            command.hang_up()
        left = threading.Event()
        sender = threading.Thread(target=_send, args=(near, command, left), daemon=True)
        sender.start()
        try:
            while data := command.read():
                near.sendall(data)
        except OSError:
            left.set()
            command.hang_up()
        ended = command.ended()
        if not self._closed and not ended.ok:
            said = (command.err.decode("utf-8", "replace").strip() or ended.words).strip()
            # Where this side hung up first, a command that was stopped without a word is no trouble.
            self.trouble = self.trouble or said or ("" if left.is_set() else "the command in the pod ended")
        _shut(near)
        sender.join(timeout=_ENDING_SECONDS)
        command.close()
        near.close()
        with self._lock:
            self._open.discard(pair)


def _send(near: socket.socket, command: Command, left: threading.Event) -> None:
    """Carry what this side says, and that it has said all; ``left`` is set before the other side can learn of it."""
    try:
        while data := _heard(near, left):
            command.write(data)
        command.close_input()
    except OSError:
        command.hang_up()


def _heard(near: socket.socket, left: threading.Event) -> bytes:
    """Return what this side says next, b"" where it has said all. Raises OSError where it is gone."""
    data = b""
    try:
        data = near.recv(CHUNK)
    finally:
        if not data:
            left.set()
    return data


def _shut(near: socket.socket) -> None:
    with suppress(OSError):
        near.shutdown(socket.SHUT_RDWR)
