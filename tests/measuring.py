"""Measuring sidecars from tests: the command with a real sidecar process, against real API servers."""

import json
import os
import shlex
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from cosictl.model.refs import Api
from cosictl.sandbox.plan import SYSTEM_NAMESPACES, Plan
from cosictl.sandbox.run import Sandbox
from tests.cli_process import COMMAND, ROOT, environment
from tests.live_sandbox import live

SPEED: Final = "30"
PATIENCE_SECONDS: Final = 400.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """What a measurement printed, said and left behind."""

    document: dict[str, Any]
    said: str
    code: int
    left: tuple[str, ...] = ()

    def effect(self, rpc: str, code: str) -> str | None:
        found: str | None = self.document["effects"][rpc][code]
        return found


def sidecar(policy: str, *, speed: str = SPEED) -> str:
    """The command line of a played sidecar; the usual flags are added by ``measure``."""
    return shlex.join([*COMMAND, "sandbox", "sidecar", "--policy", policy, "--speed", speed])


@contextmanager
def started(*words: str, kubeconfig: Path | None = None) -> Iterator[subprocess.Popen[str]]:
    """Start ``sidecars measure``; it is ended, with all that it started, when the block ends."""
    env = environment({"KUBECONFIG": str(kubeconfig)} if kubeconfig is not None else None)
    command = [*COMMAND, "sidecars", "measure", *words, "-o", "json"]
    process = subprocess.Popen(
        command, env=env, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:
        yield process
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
            try:
                process.communicate(timeout=30)
            except subprocess.TimeoutExpired:
                process.kill()
        process.communicate()


def finished(process: subprocess.Popen[str]) -> Measured:
    """Wait for the end of a measurement."""
    out, said = process.communicate(timeout=PATIENCE_SECONDS)
    return Measured(document=json.loads(out) if out else {}, said=said, code=process.returncode)


def measure(*words: str, kubeconfig: Path | None = None) -> Measured:
    """Measure, and wait for the end."""
    with started(*words, kubeconfig=kubeconfig) as process:
        return finished(process)


def on_sandbox(policy: str, api: Api, *, speed: str = SPEED) -> Measured:
    """Measure a played sidecar on an API server that ``measure`` brings along."""
    return measure("--sandbox", "--api", api.value, "--speed", speed, "--binary", sidecar(policy, speed=speed))


def cluster(api: Api) -> Plan:
    """A cluster with a controller, and no sidecar."""
    return Plan(
        title="controller only",
        versions=(api,),
        objects=(),
        namespaces=(*SYSTEM_NAMESPACES, "container-object-storage-system"),
        served=(),
        controllers=(api,),
    )


def on_cluster(policy: str, api: Api, folder: Path, *, speed: str = SPEED) -> Measured:
    """Measure a played sidecar in a cluster with a controller, and see what is left there."""
    with live(folder, cluster(api), speed=float(speed)) as sandbox:
        before = set(things(sandbox))
        found = measure("--speed", speed, "--binary", sidecar(policy, speed=speed), kubeconfig=sandbox.kubeconfig)
        left = tuple(sorted(set(things(sandbox)) - before))
    return Measured(document=found.document, said=found.said, code=found.code, left=left)


def things(sandbox: Sandbox) -> list[str]:
    """Everything in a cluster but the controller's own Lease."""
    found = [(value["kind"], value["metadata"]["name"]) for value in sandbox.store.snapshot()]
    return [f"{kind} {name}" for kind, name in found if (kind, name[:6]) != ("Lease", "leader")]


def served_by_others(policy: str, api: Api, *, speed: str = SPEED) -> Measured:
    """Measure a sidecar that is started by somebody else, and again whenever it has ended."""
    with started("--serve", "--sandbox", "--api", api.value, "--speed", speed) as process:
        assert process.stderr is not None
        said = []
        for line in process.stderr:
            said.append(line)
            if line.startswith("export "):
                break
        told = dict(word.split("=", 1) for word in shlex.split(said[-1])[1:])
        words = shlex.split(sidecar(policy, speed=speed))
        with kept_running(words, {**told, "POD_NAMESPACE": "default"}, process.poll):
            return finished(process)


@contextmanager
def kept_running(words: Sequence[str], env: dict[str, str], over: Callable[[], int | None]) -> Iterator[None]:
    """Start a process again whenever it ends, as a kubelet does, until the block ends."""
    ended = threading.Event()

    def run() -> None:
        while not ended.is_set() and over() is None:
            with subprocess.Popen(words, env={**os.environ, **environment(env)}, stderr=subprocess.DEVNULL) as process:
                while process.poll() is None and not ended.is_set() and over() is None:
                    time.sleep(0.1)
                process.terminate()

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join(30)
        assert not thread.is_alive()


def python(script: Path) -> str:
    """The command line of a script of the tests."""
    return shlex.join([sys.executable, str(script)])
