"""Every fault on every request of ``probe-driver``: one error with a next step, or an honest gap; never a crash."""

import itertools
from pathlib import Path
from typing import Final

import pytest

from cosictl.cluster.connect import ConnectOptions, connect
from cosictl.cluster.follow import read_object
from cosictl.cluster.pod_exec import run
from cosictl.cluster.pod_socket import PodSocket
from cosictl.cluster.pods import Reach
from cosictl.errors import CosictlError
from cosictl.model.refs import Kind
from cosictl.model.snapshot import ReadOutcome
from tests.apiserver import ApiServer
from tests.live_sandbox import live
from tests.test_faults_everywhere import LASTING, OBJECTS, PASSING

ACCESS: Final = "acc-denied"
FOLLOWED: Final = {
    "get:bucketaccesses": "bucketaccesses",
    "get:bucketclaims": "bucketclaims",
    "get:bucketaccessclasses": "bucketaccessclasses",
    "get:buckets": "buckets",
    "list:events": "events",
}
LONG: Final = 20.0


@pytest.mark.parametrize("request_", FOLLOWED)
@pytest.mark.parametrize("fault", PASSING)
def test_what_passes_is_waited_out(fault: str, request_: str, tmp_path: Path) -> None:
    with ApiServer(OBJECTS, faults=[f"{fault}:{request_}:x1:wait=0"]) as server:
        conn = connect(ConnectOptions(kubeconfig=str(server.kubeconfig(tmp_path))))
        _, snapshot = read_object(conn, Kind.ACCESS, "team-a", ACCESS)
    assert {status.outcome for status in snapshot.reads} == {ReadOutcome.OK}
    assert (len(snapshot.accesses), len(snapshot.buckets)) == (1, 1)


@pytest.mark.parametrize(("fault", "request_"), list(itertools.product(["400", "403", "409", "malformed"], FOLLOWED)))
def test_what_lasts_is_said(fault: str, request_: str, tmp_path: Path) -> None:
    with ApiServer(OBJECTS, faults=[f"{fault}:{request_}"]) as server:
        conn = connect(ConnectOptions(kubeconfig=str(server.kubeconfig(tmp_path))))
        _, snapshot = read_object(conn, Kind.ACCESS, "team-a", ACCESS)
    bad = {status.resource for status in snapshot.reads if status.outcome is not ReadOutcome.OK}
    assert bad == {FOLLOWED[request_]} or snapshot.undecoded


@pytest.mark.parametrize("fault", ["400", "403", "404", "503", "reset", "malformed", "expired-token", "slow"])
def test_a_pod_that_cannot_be_read_is_one_error(fault: str, tmp_path: Path) -> None:
    with live(tmp_path, "healthy", faults=[f"{fault}:get:pods:wait=0"]) as sandbox:
        reach = Reach(
            conn=connect(ConnectOptions(kubeconfig=str(sandbox.kubeconfig), request_timeout=2)),
            namespace="cosi-driver",
            pod="cosi-example-com-0",
            timeout=LONG,
        )
        if fault == "slow":
            assert reach.read()
            return
        with pytest.raises(CosictlError) as found:
            reach.read()
    assert found.value.what


@pytest.mark.parametrize("fault", [*LASTING, "conflict", "lost-answer", "expired-token"])
def test_a_container_that_cannot_be_added_is_one_error(fault: str, tmp_path: Path) -> None:
    with live(tmp_path, "healthy", faults=[f"{fault}:patch:pods/ephemeralcontainers:wait=0"]) as sandbox:
        reach = Reach(
            conn=connect(ConnectOptions(kubeconfig=str(sandbox.kubeconfig))),
            namespace="cosi-driver",
            pod="cosi-example-com-0",
            timeout=LONG,
        )
        with pytest.raises(CosictlError) as found:
            reach.add_container(PodSocket(places=(), volume="socket", inside="cosi.sock"), "example.com/t", wait=LONG)
    assert found.value.what


# An answer that becomes a WebSocket has no body to break.
@pytest.mark.parametrize("fault", [*sorted({*LASTING} - {"truncate", "malformed"}), "expired-token"])
def test_a_command_that_cannot_be_run_is_one_error(fault: str, tmp_path: Path) -> None:
    with live(tmp_path, "healthy", faults=[f"{fault}:get:pods/exec:wait=0"]) as sandbox:
        reach = Reach(
            conn=connect(ConnectOptions(kubeconfig=str(sandbox.kubeconfig))),
            namespace="cosi-driver",
            pod="cosi-example-com-0",
            timeout=LONG,
        )
        with pytest.raises(CosictlError) as found:
            run(reach.conn, "cosi-driver", "cosi-example-com-0", "driver", ("true",), timeout=LONG)
    assert found.value.what
