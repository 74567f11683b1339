"""``python -m tests.bench.soak``: watch a cluster for hours that changes all the time, over connections that break.

Claims come and go, a thousand are there at any time. Once a minute something happens to every connection: it is cut, or
cut for so long that the server forgets what changed meanwhile (410). It tells how much memory the watching commands
have, and whether they told each claim's coming and going once.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Final

from cosictl.sandbox.api.resources import resource_of
from tests.apiserver import NOON, ApiServer, Object
from tests.bench.__main__ import MIB, say
from tests.cli_process import COMMAND, environment
from tests.cutting_proxy import CuttingProxy, in_front_of, through

THERE: Final = 1000
HISTORY: Final = 200
PAUSE_SECONDS: Final = 0.5
CUT_SECONDS: Final = 2.0
WATCHES: Final[Mapping[str, tuple[str, ...]]] = {
    "get": ("get", "claims", "-A", "-w", "--no-headers"),
    "diagnose": ("diagnose", "-A", "-w", "-o", "jsonl"),
}


def claim(number: int) -> Object:
    """Make a claim that is bound to a Bucket which is not there: a finding, so that both commands tell of it."""
    return {
        "apiVersion": "objectstorage.k8s.io/v1alpha1",
        "kind": "BucketClaim",
        "metadata": {"name": f"c{number}", "namespace": "team-a", "uid": f"uid-{number}"},
        "spec": {"bucketClassName": "standard", "protocols": ["S3"]},
        "status": {"bucketReady": True, "bucketName": f"b{number}"},
    }


class Churn:
    """Makes claims and removes the oldest; ``made`` is how many there were, ``THERE`` of which are left."""

    def __init__(self, server: ApiServer) -> None:
        self._server = server
        resource = resource_of("BucketClaim", "objectstorage.k8s.io/v1alpha1")
        assert resource is not None
        self._claims = resource
        self.made = 0

    def step(self) -> None:
        """Make one, and remove the oldest of more than ``THERE``."""
        self._server.change(claim(self.made))
        self.made += 1
        if self.made > THERE:
            name = f"c{self.made - THERE - 1}"
            self._server.on(lambda store: store.delete(self._claims, "team-a", name))


def told_by_get(line: str) -> tuple[str, str]:
    """Return the claim that a line of ``get -w`` is about, and whether it came or went."""
    words = line.split()
    return (words[0].rpartition("/")[2], "gone") if words[-1] == "gone" else (words[1], "came")


def told_by_diagnose(line: str) -> tuple[str, str]:
    """Return the claim that a line of ``diagnose -w`` is about, and whether it came or went."""
    found = json.loads(line)
    return str(found["name"]), "gone" if found["outlook"] == "gone" else "came"


READERS: Final = {"get": told_by_get, "diagnose": told_by_diagnose}


class Watching:
    """One command that watches: what it told, how often, and its memory in bytes, minute by minute."""

    def __init__(self, name: str, process: "subprocess.Popen[str]") -> None:
        self.name = name
        self.told: Counter[tuple[str, str]] = Counter()
        self.memory: list[int] = []
        self._process = process
        threading.Thread(target=self._read, args=(process.stdout,), daemon=True).start()

    def _read(self, lines: Iterable[str]) -> None:
        for line in lines:
            self.told[READERS[self.name](line)] += 1

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
def watching(name: str, env: Mapping[str, str]) -> Iterator[Watching]:
    """Run one of the commands until the end."""
    process = subprocess.Popen(
        [*COMMAND, *WATCHES[name]], env=env, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    try:
        yield Watching(name, process)
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


def soak(minutes: int, every: int) -> dict[str, Any]:
    """Watch for so many minutes; say how it goes after each ``every`` of them."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="cosictl-bench-")))
        server = stack.enter_context(ApiServer(at=NOON, history=HISTORY))
        churn = Churn(server)
        for _ in range(THERE):
            churn.step()
        proxy = stack.enter_context(in_front_of(server))
        env = environment({"KUBECONFIG": str(through(proxy, server, folder)), "PYTHONUNBUFFERED": "1"})
        watches = [stack.enter_context(watching(name, env)) for name in WATCHES]
        while not all(sum(one.told.values()) >= THERE for one in watches):
            for one in watches:
                one.look()
            time.sleep(PAUSE_SECONDS)
        for one in watches:
            one.memory.clear()
        for minute in range(1, minutes + 1):
            end = time.monotonic() + 60
            disturb(proxy, churn, forget=minute % 2 == 0)
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
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures to FILE as well")
    options = parser.parse_args()
    if min(options.minutes, options.every) < 1:
        parser.error("a minute is the least")
    say(f"{THERE:,} claims, one comes and one goes every {PAUSE_SECONDS:g} s; a break a minute, every other one a 410")
    figures = soak(options.minutes, options.every)
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
