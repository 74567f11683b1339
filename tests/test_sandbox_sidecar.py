"""``cosictl sandbox sidecar``: a sidecar in a process of its own, between a real socket and a real API server."""

import asyncio
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import pytest

from cosictl.cli.app import run
from cosictl.errors import CosictlError
from cosictl.model.refs import Api
from cosictl.sandbox.api.resources import BUCKETS_V1, CLAIMS_V1, EVENTS, resource_of
from cosictl.sandbox.objects import bucket_class, claim
from cosictl.sandbox.ports import ApiError
from cosictl.sandbox.remote import RemoteApi
from cosictl.sandbox.remote_config import server_of
from tests.cli_process import COMMAND, environment
from tests.drivers import correct, serving
from tests.live_sandbox import live
from tests.measuring import cluster
from tests.sandbox_server import Sandbox, bucket

PATIENCE_SECONDS: Final = 30.0
SPEED: Final = 60.0


@contextmanager
def playing(policy: str, socket: Path, kubeconfig: Path, *words: str) -> Iterator[subprocess.Popen[str]]:
    """Run a sidecar as its manifests do: v1alpha1 by flags, v1alpha2 by its environment."""
    told = {"COSI_ENDPOINT": f"unix://{socket}", "KUBECONFIG": str(kubeconfig), "POD_NAMESPACE": "cosi-driver"}
    command = [*COMMAND, "sandbox", "sidecar", "--policy", policy, "--speed", str(SPEED), *words]
    with subprocess.Popen(
        command, env=environment(told), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def until(holds: Callable[[], object], process: subprocess.Popen[str]) -> None:
    ends = time.monotonic() + PATIENCE_SECONDS
    while not holds():
        assert time.monotonic() < ends
        assert process.poll() is None
        time.sleep(0.05)


# --- a life ---------------------------------------------------------------------------------------------------------


def test_it_serves_claims_and_records_failures_until_it_is_ended(tmp_path: Path) -> None:
    with live(tmp_path, cluster(Api.V1ALPHA1), speed=SPEED) as sandbox, serving(tmp_path, correct()) as socket:
        objects = [
            bucket_class("good"),
            bucket_class("bad", parameters={"create": "PermissionDenied", "message": "not yours"}),
            claim("photos", "good", namespace="default"),
            claim("films", "bad", namespace="default"),
        ]
        apply(sandbox.kubeconfig, objects)
        with playing("v0.2.2", socket, sandbox.kubeconfig) as process:
            until(lambda: any(ready(value) for value in sandbox.store.list(BUCKETS_V1)[0]), process)
            until(lambda: any("not yours" in event["message"] for event in sandbox.store.list(EVENTS)[0]), process)
            leases = {
                value["metadata"]["name"]: value for value in sandbox.store.snapshot() if value["kind"] == "Lease"
            }
            assert leases["cosi-example-com-cosi"]["metadata"]["namespace"] == "cosi-driver"
            process.send_signal(signal.SIGTERM)
            out, said = process.communicate(timeout=PATIENCE_SECONDS)
        assert (process.returncode, out, said) == (0, "", "")
        assert sandbox.store.list(CLAIMS_V1)[0]


def ready(value: dict[str, Any]) -> bool:
    return bool(value.get("status", {}).get("bucketReady"))


def apply(kubeconfig: Path, objects: list[dict[str, Any]]) -> None:
    """Make objects as a person does, through the API server."""

    async def make() -> None:
        async with RemoteApi(server_of([kubeconfig])) as api:
            await api.create(*_place("Namespace", {"metadata": {"name": "cosi-driver"}}))
            for value in objects:
                await api.create(*_place(value["kind"], value))

    asyncio.run(make())


def _place(kind: str, value: dict[str, Any]) -> tuple[Any, str, dict[str, Any]]:
    resource = resource_of(kind, value.get("apiVersion", "v1"))
    assert resource is not None
    return resource, value["metadata"].get("namespace", ""), value


def test_a_crash_ends_the_process_with_its_code_and_its_last_words(tmp_path: Path) -> None:
    with live(tmp_path, "crash", speed=SPEED) as sandbox:
        socket = next(iter(sandbox.sockets.values()))
        with playing("v0.2.2", socket, sandbox.kubeconfig) as process:
            _, said = process.communicate(timeout=PATIENCE_SECONDS)
    assert process.returncode == 2
    assert "invalid memory address or nil pointer dereference" in said
    assert "Traceback" not in said


@pytest.mark.parametrize(("policy", "code"), [("v0.2.2", 1), ("image-60", 0)])
def test_a_driver_of_the_other_version_ends_it(policy: str, code: int, tmp_path: Path) -> None:
    with (
        live(tmp_path, cluster(Api.V1ALPHA1)) as sandbox,
        serving(tmp_path, correct(), Api.V1ALPHA2) as socket,
        playing(policy, socket, sandbox.kubeconfig, "--driver-addr", f"unix://{socket}") as process,
    ):
        _, said = process.communicate(timeout=PATIENCE_SECONDS)
    assert process.returncode == code
    assert "unknown service cosi.v1alpha1.Identity" in said


BAD = [
    ((), "needs --policy"),
    (("--policy", "v9"), "unknown sidecar policy"),
    (("--policy", "v0.2.2", "--speed", "0"), "time only runs forwards"),
    (("--policy", "v0.2.2", "--port", "7"), "--policy, --driver-addr, --kubeconfig and --speed only"),
    (("--policy", "v0.2.2", "--scenario", "healthy"), "only"),
    (("--policy", "v0.2.2", "more"), "unknown word"),
    (("--policy", "v0.2.2", "--driver-addr", "x:99999"), "is no endpoint"),
    (("--policy", "v0.2.2", "--kubeconfig", "/no/such/file"), "no kubeconfig at /no/such/file"),
]


@pytest.mark.parametrize(("words", "said"), BAD, ids=[" ".join(row[0]) or "nothing" for row in BAD])
def test_what_cannot_be_is_an_error(words: tuple[str, ...], said: str) -> None:
    with pytest.raises(CosictlError, match=said):
        run(["sandbox", "sidecar", *words])


def test_its_options_are_those_of_the_word_alone() -> None:
    with pytest.raises(CosictlError, match="belong to the word sidecar"):
        run(["sandbox", "--policy", "v0.2.2", "exec", "--", "true"])


# --- its client -----------------------------------------------------------------------------------------------------


def asked(server: Sandbox, folder: Path, work: Callable[[RemoteApi], Any]) -> Any:
    async def play() -> Any:
        async with RemoteApi(server_of([server.kubeconfig(folder)])) as api:
            return await work(api)

    return asyncio.run(play())


def test_it_reads_and_writes(tmp_path: Path) -> None:
    async def work(api: RemoteApi) -> None:
        made = await api.create(BUCKETS_V1, "", bucket("b"))
        listed, version = await api.list(BUCKETS_V1)
        assert listed == [made]
        assert int(version) >= int(made["metadata"]["resourceVersion"])
        made["metadata"]["finalizers"] = ["example.com/held"]
        updated = await api.update(BUCKETS_V1, "", "b", made)
        updated["status"] = {"bucketReady": True}
        await api.update(BUCKETS_V1, "", "b", updated, subresource="status")
        await api.patch(BUCKETS_V1, "", "b", {"metadata": {"labels": {"a": "b"}}})
        found = await api.get(BUCKETS_V1, "", "b")
        assert found["status"] == {"bucketReady": True}
        assert found["metadata"]["labels"] == {"a": "b"}
        gone = await api.delete(BUCKETS_V1, "", "b")
        assert gone["metadata"]["deletionTimestamp"]

    with Sandbox() as server:
        asked(server, tmp_path, work)


REFUSED = {
    "missing": (lambda api: api.get(BUCKETS_V1, "", "no"), 404, "NotFound"),
    "taken": (lambda api: api.create(BUCKETS_V1, "", bucket("b")), 409, "AlreadyExists"),
    "old": (lambda api: api.update(BUCKETS_V1, "", "b", bucket("b", resourceVersion="1")), 409, "Conflict"),
    "nowhere": (lambda api: api.create(CLAIMS_V1, "nowhere", claim("c", "x", namespace="nowhere")), 404, "NotFound"),
}


@pytest.mark.parametrize(("ask", "code", "reason"), REFUSED.values(), ids=REFUSED.keys())
def test_a_refusal_has_the_servers_words(
    ask: Callable[[RemoteApi], Any], code: int, reason: str, tmp_path: Path
) -> None:
    async def work(api: RemoteApi) -> None:
        await api.create(BUCKETS_V1, "", bucket("b"))
        with pytest.raises(ApiError) as caught:
            await ask(api)
        assert (caught.value.code, caught.value.reason) == (code, reason)
        assert caught.value.message

    with Sandbox() as server:
        asked(server, tmp_path, work)


def test_a_watch_gives_changes_from_a_version_on(tmp_path: Path) -> None:
    async def work(api: RemoteApi) -> list[tuple[str, str]]:
        _, version = await api.list(BUCKETS_V1)
        for name in "ab":
            await api.create(BUCKETS_V1, "", bucket(name))
        await api.delete(BUCKETS_V1, "", "a")
        seen = []
        watch = api.watch(BUCKETS_V1, since=version)
        async for change in watch:
            seen.append((str(change.type), str(change.object["metadata"]["name"])))
            if len(seen) == 3:
                break
        await watch.aclose()
        return seen

    with Sandbox() as server:
        assert asked(server, tmp_path, work) == [("ADDED", "a"), ("ADDED", "b"), ("DELETED", "a")]


def test_a_watch_from_a_forgotten_version_is_expired(tmp_path: Path) -> None:
    async def work(api: RemoteApi) -> int:
        for number in range(9):
            await api.create(BUCKETS_V1, "", bucket(f"b-{number}"))
        with pytest.raises(ApiError) as caught:
            async for _ in api.watch(BUCKETS_V1, since="1"):
                pass
        return caught.value.code

    with Sandbox(history=3) as server:
        assert asked(server, tmp_path, work) == 410


@pytest.mark.parametrize("fault", ["reset:list:buckets", "malformed:list:buckets", "truncate:list:buckets"])
def test_a_connection_that_breaks_is_a_server_that_is_not_there(fault: str, tmp_path: Path) -> None:
    async def work(api: RemoteApi) -> int:
        with pytest.raises(ApiError) as caught:
            await api.list(BUCKETS_V1)
        return caught.value.code

    with Sandbox(faults=[fault]) as server:
        assert asked(server, tmp_path, work) == 503


def test_nobody_there_is_the_same(tmp_path: Path) -> None:
    with Sandbox() as server:
        path = server.kubeconfig(tmp_path)

    async def play() -> int:
        async with RemoteApi(server_of([path])) as api:
            with pytest.raises(ApiError) as caught:
                await api.list(BUCKETS_V1)
            return caught.value.code

    assert asyncio.run(play()) == 503
