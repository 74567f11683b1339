"""``python -m tests.bench.soak``: watch a cluster for hours that changes all the time, over connections that break.

Claims come and go, a thousand are there at any time. Once a minute something happens to every connection: it is cut, or
cut for so long that the server forgets what changed meanwhile (410). It tells how much memory the watching commands
have, and whether they told each claim's coming and going once.

It runs on the cluster of KUBECONFIG, in a namespace of its own that it removes at the end; without one on a server of
its own. What a real server forgets and when is its own affair; with ``--restart COMMAND`` it is restarted every fifth
minute.
"""

import argparse
import json
import os
import secrets
import shlex
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final, Protocol
from urllib.parse import urlsplit

import yaml

from cosictl.cluster.connect import Connection, ConnectOptions, connect
from cosictl.cluster.noanswer import NoAnswerError
from cosictl.sandbox.api.resources import resource_of
from tests.apiserver import NOON, ApiServer, Object
from tests.bench.__main__ import MIB, say
from tests.cli_process import COMMAND, environment
from tests.cutting_proxy import CuttingProxy, in_front_of, through

API: Final = "objectstorage.k8s.io/v1alpha1"
THERE: Final = 1000
HISTORY: Final = 200
PAUSE_SECONDS: Final = 0.5
CUT_SECONDS: Final = 2.0
RESTART_MINUTES: Final = 5
WATCHES: Final[Mapping[str, tuple[str, ...]]] = {
    "get": ("get", "claims", "-A", "-w", "--no-headers"),
    "diagnose": ("diagnose", "-A", "-w", "-o", "jsonl"),
}


class Place(Protocol):
    """Where claims come and go: a namespace of a cluster, and a kubeconfig that leads there by way of a proxy."""

    namespace: str
    kubeconfig: Path
    proxy: CuttingProxy

    def make(self, name: str) -> None:
        """Make a claim on a class that is not there: a finding at once, and nobody acts on it."""

    def remove(self, name: str) -> None:
        """Remove a claim."""


def claim(namespace: str, name: str) -> Object:
    """A claim on a class that is not there."""
    return {
        "apiVersion": API,
        "kind": "BucketClaim",
        "metadata": {"name": name, "namespace": namespace},
        "spec": {"bucketClassName": "cosictl-soak-none", "protocols": ["S3"]},
    }


class OwnServer:
    """A server in this process, which remembers ``HISTORY`` changes."""

    namespace = "team-a"

    def __init__(self, stack: ExitStack, folder: Path) -> None:
        self._server = stack.enter_context(ApiServer(at=NOON, history=HISTORY))
        self.proxy = stack.enter_context(in_front_of(self._server))
        self.kubeconfig = through(self.proxy, self._server, folder)
        found = resource_of("BucketClaim", API)
        assert found is not None
        self._claims = found

    def make(self, name: str) -> None:
        """See ``Place``."""
        made = claim(self.namespace, name)
        made["metadata"]["uid"] = f"uid-{name}"
        self._server.change(made)

    def remove(self, name: str) -> None:
        """See ``Place``."""
        self._server.on(lambda store: store.delete(self._claims, self.namespace, name))


class GivenCluster:
    """A cluster that is there, and may be away for a while."""

    def __init__(self, stack: ExitStack, folder: Path, given: str) -> None:
        self.namespace = f"cosictl-soak-{secrets.token_hex(3)}"
        self._conn: Connection = connect(ConnectOptions(kubeconfig=given))
        self.kubeconfig = folder / "kubeconfig"
        config = yaml.safe_load(Path(given).read_text(encoding="utf-8"))
        context = next(one["context"] for one in config["contexts"] if one["name"] == config["current-context"])
        cluster = next(one["cluster"] for one in config["clusters"] if one["name"] == context["cluster"])
        url = urlsplit(cluster["server"])
        assert url.hostname is not None
        self.proxy = stack.enter_context(CuttingProxy(url.port or 443, url.hostname))
        cluster["server"] = f"{url.scheme}://127.0.0.1:{self.proxy.port}"
        cluster.setdefault("tls-server-name", url.hostname)
        self.kubeconfig.write_text(yaml.safe_dump(config), encoding="utf-8")
        space = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": self.namespace}}
        self._send("POST", "/api/v1/namespaces", space)
        stack.callback(self._send, "DELETE", f"/api/v1/namespaces/{self.namespace}")

    def make(self, name: str) -> None:
        """See ``Place``."""
        self._send("POST", f"/apis/{API}/namespaces/{self.namespace}/bucketclaims", claim(self.namespace, name))

    def remove(self, name: str) -> None:
        """See ``Place``."""
        self._send("DELETE", f"/apis/{API}/namespaces/{self.namespace}/bucketclaims/{name}")

    def _send(self, method: str, path: str, tree: Object | None = None) -> None:
        """Send until it is done: while a server starts, it refuses for many reasons."""
        body = json.dumps(tree or {}).encode()
        while True:
            try:
                answer = self._conn.request(method, path, {}, body=body, content_type="application/json")
            except NoAnswerError:
                answer = None
            if answer is not None and (answer.status < 300 or answer.status in {404, 409}):
                return
            time.sleep(PAUSE_SECONDS)


class Churn:
    """Makes claims and removes the oldest; ``made`` is how many there were, ``THERE`` of which are left."""

    def __init__(self, place: Place) -> None:
        self._place = place
        self.made = 0

    def step(self) -> None:
        """Make one, and remove the oldest of more than ``THERE``."""
        self._place.make(f"c{self.made}")
        self.made += 1
        if self.made > THERE:
            self._place.remove(f"c{self.made - THERE - 1}")


def told_by_get(line: str, namespace: str) -> tuple[str, str] | None:
    """Return the claim that a line of ``get -w`` is about, and whether it came or went; None for others' claims."""
    space, name, outlook, *_ = line.split()
    return (name, "gone" if outlook == "gone" else "came") if space == namespace else None


def told_by_diagnose(line: str, namespace: str) -> tuple[str, str] | None:
    """Return the claim that a line of ``diagnose -w`` is about, and whether it came or went; None for others'."""
    found = json.loads(line)
    if found["namespace"] != namespace:
        return None
    return str(found["name"]), "gone" if found["outlook"] == "gone" else "came"


READERS: Final = {"get": told_by_get, "diagnose": told_by_diagnose}


class Watching:
    """One command that watches: what it told, how often, and its memory in bytes, minute by minute."""

    def __init__(self, name: str, namespace: str, process: "subprocess.Popen[str]") -> None:
        self.name = name
        self._namespace = namespace
        self.told: Counter[tuple[str, str]] = Counter()
        self.memory: list[int] = []
        self._process = process
        threading.Thread(target=self._read, args=(process.stdout,), daemon=True).start()

    def _read(self, lines: Iterable[str]) -> None:
        for line in lines:
            told = READERS[self.name](line, self._namespace)
            if told is not None:
                self.told[told] += 1

    def look(self) -> None:
        """Note its memory."""
        if self._process.poll() is not None:
            raise SystemExit(f"{self.name} ended with {self._process.returncode}")
        status = Path(f"/proc/{self._process.pid}/status").read_text(encoding="ascii")
        found = next(line for line in status.splitlines() if line.startswith("VmRSS"))
        self.memory.append(int(found.split()[1]) * 1024)

    def verdict(self, made: int) -> dict[str, Any]:
        """Compare what it told with what happened."""
        wanted = {(f"c{number}", "came") for number in range(made)}
        wanted |= {(f"c{number}", "gone") for number in range(made - THERE)}
        return {
            "memory": self.memory,
            "told": sum(self.told.values()),
            "missing": len(wanted - self.told.keys()),
            "repeated": sum(count > 1 for count in self.told.values()),
            "invented": len(self.told.keys() - wanted),
        }


@contextmanager
def watching(name: str, place: Place) -> Iterator[Watching]:
    """Run one of the commands until the end."""
    env = environment({"KUBECONFIG": str(place.kubeconfig), "PYTHONUNBUFFERED": "1"})
    process = subprocess.Popen(
        [*COMMAND, *WATCHES[name]], env=env, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    try:
        yield Watching(name, place.namespace, process)
    finally:
        process.kill()
        process.wait()


def disturb(proxy: CuttingProxy, churn: Churn, *, forget: bool) -> None:
    """Break every connection; ``forget``: until the server has forgotten what it was like."""
    proxy.cut()
    for _ in range(HISTORY if forget else 1):
        churn.step()
    time.sleep(CUT_SECONDS)
    proxy.mend()


def soak(minutes: int, every: int, given: str, restart: str) -> dict[str, Any]:
    """Watch for so many minutes; say how it goes after each ``every`` of them."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="cosictl-bench-")))
        place: Place = GivenCluster(stack, folder, given) if given else OwnServer(stack, folder)
        churn = Churn(place)
        for _ in range(THERE):
            churn.step()
        watches = [stack.enter_context(watching(name, place)) for name in WATCHES]
        while not all(sum(one.told.values()) >= THERE for one in watches):
            for one in watches:
                one.look()
            time.sleep(PAUSE_SECONDS)
        for one in watches:
            one.memory.clear()
        for minute in range(1, minutes + 1):
            end = time.monotonic() + 60
            if restart and minute % RESTART_MINUTES == 0:
                subprocess.run(shlex.split(restart), check=True)
            else:
                disturb(place.proxy, churn, forget=minute % 2 == 0)
            while time.monotonic() < end:
                churn.step()
                time.sleep(PAUSE_SECONDS)
            for one in watches:
                one.look()
            if minute % every == 0:
                sizes = ", ".join(f"{one.name} {one.memory[-1] / MIB:.1f} MiB" for one in watches)
                say(f"  after {minute} minutes, {churn.made:,} claims: {sizes}")
                sys.stdout.flush()
        time.sleep(60)
        return {one.name: one.verdict(churn.made) for one in watches}


def main() -> int:
    """Watch, and say what came of it; 1 where something was not told, or told twice."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.soak", description=__doc__)
    parser.add_argument("--minutes", type=int, default=120, metavar="N")
    parser.add_argument("--every", type=int, default=10, metavar="N", help="say how it goes every N minutes")
    parser.add_argument("--restart", default="", metavar="COMMAND", help="restarts the API server of KUBECONFIG")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures to FILE as well")
    options = parser.parse_args()
    if min(options.minutes, options.every) < 1:
        parser.error("a minute is the least")
    say(f"{THERE:,} claims, one comes and one goes every {PAUSE_SECONDS:g} s; a break a minute, every other one a 410")
    figures = soak(options.minutes, options.every, os.environ.get("KUBECONFIG", ""), options.restart)
    for name, row in figures.items():
        first, last, most = (size / MIB for size in (row["memory"][0], row["memory"][-1], max(row["memory"])))
        say(
            f"{name}: {first:.1f} MiB after a minute, {last:.1f} at the end, {most:.1f} at most; told {row['told']:,}, "
            f"{row['missing']} missing, {row['repeated']} repeated, {row['invented']} that were not"
        )
    if options.json is not None:
        options.json.write_text(json.dumps(figures, indent=2) + "\n")
    return int(any(row[fault] for row in figures.values() for fault in ("missing", "repeated", "invented")))


if __name__ == "__main__":
    sys.exit(main())
