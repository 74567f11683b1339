"""How long a sandbox takes to load a large dump and to list it, and what its objects cost in memory."""

import asyncio
import gc
import json
import tempfile
import time
import tracemalloc
from pathlib import Path
from typing import Any

from cosictl.cluster.connect import ConnectOptions, connect
from cosictl.intake.files import load_dump
from cosictl.sandbox.api.resources import resource_of
from cosictl.sandbox.api.store import Store
from cosictl.sandbox.clock import Clock
from cosictl.sandbox.load import dump_objects
from cosictl.sandbox.plan import plan_dump
from cosictl.sandbox.run import Sandbox

CLAIMS = "/apis/objectstorage.k8s.io/v1alpha1/bucketclaims"
CHUNK = "500"


def listed(kubeconfig: Path) -> tuple[int, float]:
    """List all claims in chunks; give how many there are and the seconds it took."""
    conn = connect(ConnectOptions(kubeconfig=str(kubeconfig)))
    began, count, token = time.perf_counter(), 0, ""
    while True:
        answer = conn.get(CLAIMS, {"limit": CHUNK} | ({"continue": token} if token else {}))
        page: dict[str, Any] = json.loads(answer.body)
        count, token = count + len(page["items"]), page["metadata"].get("continue", "")
        if not token:
            return count, time.perf_counter() - began


async def started(folder: str) -> dict[str, float]:
    """Start a copy of a dump, loops and all, and list its claims while they run."""
    began = time.perf_counter()
    builder, snapshot = load_dump([folder], keep_raw=True)
    plan = plan_dump(snapshot, dump_objects(builder.raw_items()))
    with tempfile.TemporaryDirectory(prefix="cosictl-bench-") as place:
        async with Sandbox(plan, clock=Clock(start=snapshot.taken_at), folder=Path(place)) as sandbox:
            load = time.perf_counter() - began
            count, seconds = await asyncio.to_thread(listed, sandbox.kubeconfig)
    return {"load": load, "claims": count, "list": seconds}


def memory(folder: str) -> dict[str, float]:
    """Give the bytes of each object's JSON, and what the store needs for each above that."""
    builder, _ = load_dump([folder], keep_raw=True)
    texts = [json.dumps(value, separators=(",", ":")) for value in dump_objects(builder.raw_items())]
    del builder
    store = Store(Clock())
    tracemalloc.start()
    for text in texts:
        value = json.loads(text)
        resource = resource_of(value["kind"], value["apiVersion"])
        if resource is not None:
            store.put(resource, value)
    gc.collect()
    kept, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    size = sum(map(len, texts)) / len(texts)
    return {"json": size, "above": kept / len(texts) - size}


def measure(folder: str) -> dict[str, object]:
    """Measure it all for one dump."""
    return {**asyncio.run(started(folder)), "memory": memory(folder)}
