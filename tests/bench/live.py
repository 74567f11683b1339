"""``python -m tests.bench.live``: what a diagnosis of a live cluster costs, beside kubectl getting the same.

It fills namespaces and Buckets of its own, measures, and removes them. Without KUBECONFIG it does so on the sandbox, in
a process of its own: the figures then say how much less work is done here, and nothing about a real API server.
"""

import argparse
import json
import os
import re
import secrets
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from cosictl.cluster.connect import Connection, ConnectOptions, connect
from cosictl.cluster.lists import Reach, Scope
from cosictl.cluster.reader import read_cluster
from cosictl.cluster.transport import Answer, Headers, Transport
from cosictl.model.copying import replace
from tests.bench.__main__ import machine, median, say
from tests.bench.commands import compared, in_turns, run
from tests.cli_process import COMMAND, environment, terminal

COSI: Final = "/apis/objectstorage.k8s.io/v1alpha1"
LABEL: Final = "cosictl.dev/bench"
# A namespace that goes may take a while and takes nothing new: each filling has names of its own.
MARK_BYTES: Final = 3
PER_NAMESPACE: Final = 500
MIB: Final = 1024 * 1024
WORKERS: Final = 16
Json = dict[str, Any]


def send(conn: Connection, method: str, path: str, tree: Json | None = None, kind: str = "application/json") -> None:
    """Send one write; what is there already, or gone already, is fine."""
    answer = conn.request(method, path, {}, body=json.dumps(tree or {}).encode(), content_type=kind)
    if answer.status >= 300 and answer.status not in {404, 409}:
        raise SystemExit(f"{method} {path}: {answer.status} {answer.body[:300]!r}")


def namespace_of(mark: str, number: int) -> str:
    """Give the namespace of a claim."""
    return f"cosictl-bench-{mark}-{number // PER_NAMESPACE}"


def name_of(mark: str, number: int) -> str:
    """Give the name of a claim, and of its Bucket."""
    return f"bench-{mark}-{number}"


def fill_one(conn: Connection, mark: str, number: int, events: int) -> None:
    """Make one claim with its Bucket, both ready; the first ones also have an event."""
    name, labels = name_of(mark, number), {LABEL: "true"}
    space = namespace_of(mark, number)
    merge = "application/merge-patch+json"
    claim = {"bucketClassName": "cosictl-bench", "protocols": ["S3"]}
    api = {"apiVersion": "objectstorage.k8s.io/v1alpha1"}
    meta: Json = {"name": name, "labels": labels}
    send(
        conn,
        "POST",
        f"{COSI}/namespaces/{space}/bucketclaims",
        {**api, "kind": "BucketClaim", "metadata": meta, "spec": claim},
    )
    status = {"status": {"bucketReady": True, "bucketName": name}}
    send(conn, "PATCH", f"{COSI}/namespaces/{space}/bucketclaims/{name}/status", status, merge)
    spec = {
        "driverName": "bench.cosictl.dev",
        "bucketClassName": "cosictl-bench",
        "bucketClaim": {"namespace": space, "name": name},
        "deletionPolicy": "Retain",
        "protocols": ["S3"],
        "parameters": {"region": "eu-1"},
    }
    send(conn, "POST", f"{COSI}/buckets", {**api, "kind": "Bucket", "metadata": meta, "spec": spec})
    send(conn, "PATCH", f"{COSI}/buckets/{name}/status", {"status": {"bucketReady": True, "bucketID": name}}, merge)
    if number < events:
        about = {**api, "kind": "BucketClaim", "namespace": space, "name": name}
        send(
            conn,
            "POST",
            f"/api/v1/namespaces/{space}/events",
            {
                "apiVersion": "v1",
                "kind": "Event",
                "metadata": {"name": name, "namespace": space},
                "involvedObject": about,
                "type": "Warning",
                "reason": "FailedCreateBucket",
                "message": f"rpc error: code = Unavailable desc = connection refused by backend {number}",
                "source": {"component": "cosi-controller-manager"},
            },
        )


def each(work: Any, numbers: range) -> None:
    """Do something for every number, several at a time."""
    with ThreadPoolExecutor(max_workers=WORKERS) as pool:
        list(pool.map(work, numbers))


def empty(conn: Connection, mark: str, claims: int) -> None:
    """Remove what was made."""
    each(lambda number: send(conn, "DELETE", f"{COSI}/buckets/{name_of(mark, number)}"), range(claims))
    each(
        lambda number: send(
            conn, "DELETE", f"{COSI}/namespaces/{namespace_of(mark, number)}/bucketclaims/{name_of(mark, number)}"
        ),
        range(claims),
    )
    for space in spaces(mark, claims):
        send(conn, "DELETE", f"/api/v1/namespaces/{space}")


def spaces(mark: str, claims: int) -> list[str]:
    """Give the namespaces of so many claims."""
    return sorted({namespace_of(mark, number) for number in range(claims)})


@contextmanager
def filled(conn: Connection, claims: int, events: int) -> Iterator[None]:
    """Fill the cluster, and empty it at the end."""
    mark = secrets.token_hex(MARK_BYTES)
    for space in spaces(mark, claims):
        made = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": space}}
        send(conn, "POST", "/api/v1/namespaces", made)
    try:
        each(lambda number: fill_one(conn, mark, number, events), range(claims))
        yield
    finally:
        empty(conn, mark, claims)


@contextmanager
def cluster(kubeconfig: str) -> Iterator[str]:
    """Give the kubeconfig that was named, or that of a sandbox."""
    if kubeconfig:
        yield kubeconfig
        return
    command = [*COMMAND, "sandbox", "--scenario", "empty"]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=environment()
    ) as it:
        assert it.stdout is not None
        found = re.search(r"KUBECONFIG=(\S+)", it.stdout.readline())
        assert found is not None
        try:
            yield found[1]
        finally:
            it.terminate()


def measured(kubeconfig: str, runs: int) -> dict[str, Any]:
    """Measure both programs on what the cluster holds now."""
    env = {"KUBECONFIG": kubeconfig}
    kubectl = [shutil.which("kubectl") or "kubectl", "get", "buckets,bucketclaims,events", "-A"]
    found = in_turns(
        {
            "kubectl": lambda: run(kubectl, env),
            "diagnose": lambda: run([*COMMAND, "diagnose", "-A"], env),
        },
        runs,
    )
    grows = [first_row(env) for _ in range(runs)]
    return {
        **found,
        "ratio": {key: found["diagnose"][key] / found["kubectl"][key] for key in ("wall", "cpu")},
        "first_row": {key: median(grows, key) for key in ("first", "end")},
        "requests": requests(kubeconfig),
    }


def first_row(env: dict[str, str]) -> dict[str, float]:
    """Give the seconds until ``get claims`` on a terminal has printed something, and until its end."""
    began = time.perf_counter()
    with terminal("get", "claims", "-A", "--all", columns=120, env=env) as (process, read):
        seen = read()
        first = time.perf_counter() - began
        while seen:
            seen = read()
        process.wait()
    return {"first": first, "end": time.perf_counter() - began}


class Counting:
    """A transport that counts what is asked for."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport
        self.asked: list[str] = []

    def send(
        self, method: str, path: str, headers: Headers, body: bytes | None, *, connect: float, read: float | None
    ) -> Answer:
        """See ``Transport``."""
        self.asked.append(path.partition("?")[0])
        return self._transport.send(method, path, headers, body, connect=connect, read=read)


def requests(kubeconfig: str) -> dict[str, int]:
    """Count the requests of one diagnosis, and those of them that ask for something a second time."""
    conn = connect(ConnectOptions(kubeconfig=kubeconfig))
    counting = Counting(conn.transport)
    read_cluster(replace(conn, transport=counting), scope=Scope(reach=Reach.ALL, namespace=""))
    return {"all": len(counting.asked), "repeated": len(counting.asked) - len(set(counting.asked))}


def show(name: str, row: dict[str, Any]) -> None:
    """Print one comparison."""
    say(f"\n{name}\n  {'':<12}{'wall s':>9}{'CPU s':>9}{'peak MiB':>10}")
    for program in ("kubectl", "diagnose"):
        cost = row[program]
        say(f"  {program:<12}{cost['wall']:>9.2f}{cost['cpu']:>9.2f}{cost['peak'] / MIB:>10.0f}")
    say(f"  diagnose over kubectl: {row['ratio']['wall']:.2f} of the wall time, {row['ratio']['cpu']:.2f} of the CPU")
    say(f"  requests of a diagnosis: {row['requests']['all']}, of which {row['requests']['repeated']} repeated")
    grows = row["first_row"]
    say(f"  get claims on a terminal: first lines after {grows['first']:.2f} s, the last after {grows['end']:.2f} s")


def show_growth(figures: dict[str, Any], sizes: list[int]) -> None:
    """Print what more claims cost."""
    few, many = (figures[str(size)]["diagnose"] for size in (min(sizes), max(sizes)))
    say(
        f"\n{max(sizes) / min(sizes):g} times as many claims: {many['wall'] / few['wall']:.1f} times the wall time, "
        f"{many['cpu'] / few['cpu']:.1f} times the CPU"
    )


def main() -> None:
    """Measure a cluster empty and full."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.live", description=__doc__)
    parser.add_argument("--claims", type=int, nargs="+", default=[10_000], metavar="N")
    parser.add_argument("--events", type=int, default=1000, metavar="N")
    parser.add_argument("--runs", type=int, default=5, metavar="N")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures to FILE as well")
    parser.add_argument("--against", type=Path, metavar="FILE", help="compare with the figures in FILE")
    options = parser.parse_args()
    given = os.environ.get("KUBECONFIG", "")
    facts = machine()
    earlier = json.loads(options.against.read_text()) if options.against is not None else None
    where = "the cluster of KUBECONFIG" if given else "the sandbox, in a process of its own: no real API server"
    say(f"{facts['cores']} cores, {facts['machine']}, Python {facts['python']}")
    say(f"median of {options.runs} runs on {where}")
    figures: dict[str, Any] = {"machine": facts, "sandbox": not given}
    with cluster(given) as kubeconfig:
        conn = connect(ConnectOptions(kubeconfig=kubeconfig))
        figures["empty"] = measured(kubeconfig, options.runs)
        show("an empty cluster", figures["empty"])
        for claims in options.claims:
            with filled(conn, claims, options.events):
                figures[str(claims)] = found = measured(kubeconfig, options.runs)
                show(f"{claims:,} claims, {claims:,} Buckets, {min(claims, options.events):,} events", found)
    if len(options.claims) > 1:
        show_growth(figures, options.claims)
    if options.json is not None:
        options.json.write_text(json.dumps(figures, indent=2) + "\n")
    sys.stdout.writelines(f"{line}\n" for line in compared(figures, earlier))


if __name__ == "__main__":
    main()
