"""What a watched cluster is like, change by change: none hides another, and looking has an end."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest

from cosictl.cluster.connect import ConnectOptions, connect
from cosictl.cluster.lists import Reach, Scope, calls_for
from cosictl.cluster.reader import Listed
from cosictl.cluster.stream import Change
from cosictl.cluster.watching import ClusterWatch, is_second
from cosictl.intake.builder import SnapshotBuilder
from cosictl.model.snapshot import ReadOutcome, ReadStatus
from tests.apiserver import NOON, ApiServer, Object
from tests.cli_process import TIMEOUT_SECONDS
from tests.cutting_proxy import in_front_of, through
from tests.stream_server import claim

CALL = calls_for(("v1alpha1",), Scope(reach=Reach.ALL, namespace=""))[0]
READ = ReadStatus(resource=CALL.resource, outcome=ReadOutcome.OK)
ANEW = Change(0, anew=Listed(call=CALL, part=SnapshotBuilder(source=""), status=READ, answered=None))
OBJECT, OTHER = Change(0, uid="a", data=b"{}"), Change(1, uid="a", data=b"{}")


@pytest.mark.parametrize(
    ("change", "touched", "renewed", "second"),
    [
        (OBJECT, {}, set(), False),
        (OBJECT, {0: {"a"}}, set(), True),
        (OBJECT, {0: {"b"}}, set(), False),
        (OTHER, {0: {"a"}}, set(), False),
        # What a list that was read anew brings would be gone before anybody looked.
        (OBJECT, {}, {0}, True),
        (OBJECT, {}, {1}, False),
        (ANEW, {0: {"b"}}, set(), True),
        (ANEW, {1: {"b"}}, set(), False),
        # Of two lists the later one tells all.
        (ANEW, {}, {0}, False),
        (Change(0, trouble="x"), {0: {"a"}}, {0}, False),
    ],
)
def test_of_two_changes_that_hide_each_other_one_waits(
    change: Change, touched: dict[int, set[str]], renewed: set[int], *, second: bool
) -> None:
    assert is_second(change, touched, renewed) is second


@contextmanager
def watching(kubeconfig: Path) -> Iterator[ClusterWatch]:
    conn = connect(ConnectOptions(kubeconfig=str(kubeconfig)))
    watch = ClusterWatch(conn, scope=Scope(reach=Reach.ALL, namespace=""), keep_raw=False, say=lambda _: None)
    watch.first()
    try:
        yield watch
    finally:
        watch.end()
        # A server that ends while somebody connects leaves a task behind.
        time.sleep(0.3)


@contextmanager
def fed(server: ApiServer) -> Iterator[threading.Event]:
    """Claims come one after the other, until the end; the event is set when that is."""
    ended, stop = threading.Event(), threading.Event()

    def feed() -> None:
        number = 0
        while not stop.wait(0.02) and number < 1000:
            number += 1
            server.change(claim(number))
        ended.set()

    thread = threading.Thread(target=feed)
    thread.start()
    try:
        yield ended
    finally:
        stop.set()
        thread.join()


def test_looking_has_an_end_while_something_changes_all_the_time(tmp_path: Path) -> None:
    with ApiServer(at=NOON) as server, watching(server.kubeconfig(tmp_path)) as watch:
        with fed(server) as ended:
            watch.wait(0.5)
            watch.wait(0.5)
            assert not ended.is_set()
        assert watch.look()[1].claims


def lease(name: str, turn: int) -> Object:
    metadata = {"name": name, "namespace": "team-a"}
    spec = {"holderIdentity": f"driver-{turn}", "renewTime": NOON.strftime("%Y-%m-%dT%H:%M:%S.000000Z")}
    return {"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": metadata, "spec": spec}


def names(watch: ClusterWatch) -> list[str]:
    return [found.meta.name for found in watch.look()[1].claims]


def eventually(holds: Callable[[], object], watch: ClusterWatch) -> None:
    end = time.monotonic() + TIMEOUT_SECONDS
    while not holds():
        assert time.monotonic() < end
        watch.wait(0.2)


def test_leases_that_are_renewed_all_the_time_hold_up_nothing(tmp_path: Path) -> None:
    with ApiServer(at=NOON) as server, watching(server.kubeconfig(tmp_path)) as watch:
        for turn in range(40):
            server.change(lease("cosi-example-com-cosi", turn))
        server.change(claim(1))
        for _ in range(3):
            watch.wait(5)
        assert names(watch) == ["c1"]


def test_what_does_not_concern_cosi_wakes_nobody(tmp_path: Path) -> None:
    with ApiServer(at=NOON) as server, watching(server.kubeconfig(tmp_path)) as watch:
        thread = threading.Timer(0.5, lambda: server.change(claim(1)))
        thread.start()
        for turn in range(20):
            server.change(lease("kube-scheduler", turn))
        watch.wait(TIMEOUT_SECONDS)
        assert names(watch) == ["c1"]
        thread.join()


def test_the_clock_stands_while_no_news_come(tmp_path: Path) -> None:
    with (
        ApiServer(at=NOON) as server,
        in_front_of(server) as proxy,
        watching(through(proxy, server, tmp_path)) as watch,
    ):
        proxy.cut()
        eventually(lambda: watch.troubles, watch)
        stands = watch.look()[1].taken_at
        time.sleep(1.5)
        assert watch.look()[1].taken_at == stands
        proxy.mend()
        eventually(lambda: not watch.troubles, watch)
        eventually(lambda: watch.look()[1].taken_at > stands, watch)


def test_a_list_that_takes_its_time_does_not_put_the_clock_back(tmp_path: Path) -> None:
    faults = ["slow:list:bucketclaims:wait=2"]
    with ApiServer(at=NOON, faults=faults) as server, watching(server.kubeconfig(tmp_path)) as watch:
        assert watch.look()[1].taken_at >= NOON + timedelta(seconds=1)
