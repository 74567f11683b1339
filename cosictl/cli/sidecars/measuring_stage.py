"""The stage of a measurement: a scripted driver on a socket, in a thread of its own, and the sidecar that calls it."""

import asyncio
import os
import shlex
import signal
import subprocess
import threading
from collections.abc import Coroutine, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self, TypeVar

from cosictl.driver.script import Heard, ScriptedDriver, Told
from cosictl.driver.serve import DriverServer
from cosictl.errors import CosictlError, EndpointError, UsageError
from cosictl.intake.redact import redact
from cosictl.model.failures import GrpcCode
from cosictl.model.refs import Api, Rpc

T = TypeVar("T")
# Seconds of the wall: for an end that was asked for, and for anything the thread is told to do.
_END: Final = 5.0
_DO: Final = 30.0
_LAST_WORDS: Final = 600


class Background:
    """An event loop in a thread of its own, for servers; a context manager."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def do(self, work: Coroutine[Any, Any, T]) -> T:
        """Have something done there, and wait for it."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(_DO)


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """How to start a sidecar of ours: the words of its command line, and the kubeconfig that it shall use."""

    words: tuple[str, ...]
    kubeconfig: Path

    @classmethod
    def of(cls, words: tuple[str, ...], api: Api, kubeconfig: Path) -> Self:
        """Take a command line; without placeholders the flags of the version's releases are added."""
        if not any("{socket}" in word or "{kubeconfig}" in word for word in words):
            address = ("--driver-addr=unix://{socket}",) if api is Api.V1ALPHA1 else ()
            words = (*words, *address, "--kubeconfig={kubeconfig}")
        return cls(words=words, kubeconfig=kubeconfig)

    def filled(self, socket: Path) -> list[str]:
        """Return the words with the placeholders replaced."""
        pairs = (("{socket}", str(socket)), ("{kubeconfig}", str(self.kubeconfig)))
        return [_replaced(word, pairs) for word in self.words]


class LocalStage:
    """Implements ``flows.measure_ports.Stage``. Without a ``command`` somebody else starts the sidecar.

    Raises EndpointError where the socket cannot be made.
    """

    def __init__(
        self, background: Background, name: str, *, api: Api, socket: Path, log: Path, command: Command | None
    ) -> None:
        self._background = background
        self._command = command
        self._socket = socket
        self._log = log
        self._process: subprocess.Popen[bytes] | None = None
        self._driver = ScriptedDriver(name, alive=self.alive, lives_by_info=command is None)
        self._server = DriverServer(self._driver, socket=socket, versions=(api,))
        try:
            background.do(self._server.start())
        except OSError as error:
            raise EndpointError(f"unix://{socket}: {error.strerror or error}") from error

    @property
    def life(self) -> int:
        """How often the sidecar was started."""
        return self._driver.life

    @property
    def asked(self) -> int:
        """How often it asked who the driver is."""
        return self._driver.asked

    def tell(self, rpc: Rpc, key: str, code: GrpcCode, *, words: str = "", watched: bool = False) -> None:
        """Say what the driver answers."""
        self._driver.tell(rpc, key, Told(code, words, watched))

    def heard(self) -> Sequence[Heard]:
        """Return the calls so far."""
        return self._driver.heard()

    def met(self) -> Sequence[tuple[int, Rpc, str]]:
        """Return the watched calls by life, in the order of their first answers."""
        return self._driver.met()

    def held(self) -> float:
        """Return when a call last waited for its turn."""
        return self._driver.held()

    def start(self, pod_namespace: str) -> None:
        """Start the sidecar; raises CosictlError where there is no such program."""
        if self._command is None:
            return
        self._background.do(self._begin())
        env = _environment(self._command.kubeconfig, self._socket, pod_namespace)
        words = self._command.filled(self._socket)
        try:
            with self._log.open("wb") as log:
                self._process = subprocess.Popen(  # noqa: S603 - the command that its user gave
                    words, env=env, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
                )
        except OSError as error:
            raise CosictlError(f"{words[0]}: {error.strerror}", next_step="check the path in --binary") from None

    def alive(self) -> bool:
        """Tell whether the sidecar runs; one that somebody else starts is believed to."""
        return self._command is None or (self._process is not None and self._process.poll() is None)

    def stop(self) -> None:
        """End the sidecar, and what it started."""
        process, self._process = self._process, None
        if process is None:
            return
        _signal(process, signal.SIGTERM)
        try:
            process.wait(_END)
        except subprocess.TimeoutExpired:
            _signal(process, signal.SIGKILL)
            process.wait()

    def close(self) -> None:
        """End the sidecar and the driver."""
        self.stop()
        self._background.do(self._server.stop())

    def last_words(self) -> str:
        """Return the end of what the sidecar wrote, masked, in one line."""
        if not self._log.is_file():
            return ""
        text = redact(self._log.read_bytes()[-4 * _LAST_WORDS :].decode("utf-8", "replace"))
        return " ".join(text.split())[-_LAST_WORDS:]

    async def _begin(self) -> None:
        self._driver.begin_life()


def words_of(text: str) -> tuple[str, ...]:
    """Read a command line as a shell does; raises UsageError."""
    try:
        words = tuple(shlex.split(text))
    except ValueError as error:
        raise UsageError(f"--binary {text}: {error}", next_step="quote it as for a shell") from None
    if not words:
        raise UsageError("--binary is empty", next_step="give the path of a sidecar, or a command line")
    return words


def _environment(kubeconfig: Path, socket: Path, pod_namespace: str) -> Mapping[str, str]:
    own = {"KUBECONFIG": str(kubeconfig), "COSI_ENDPOINT": f"unix://{socket}", "POD_NAMESPACE": pod_namespace}
    return {**os.environ, **own}


def _replaced(word: str, pairs: Sequence[tuple[str, str]]) -> str:
    for placeholder, value in pairs:
        word = word.replace(placeholder, value)
    return word


def _signal(process: subprocess.Popen[bytes], number: signal.Signals) -> None:
    """Send a signal to the process's group, which is its own; one that is gone hears nothing."""
    try:
        os.killpg(process.pid, number)
    except (ProcessLookupError, PermissionError):
        return
