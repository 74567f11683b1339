"""What a watched cluster is like, change by change: none hides another, and looking has an end."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from cosictl.cluster.connect import ConnectOptions, connect
from cosictl.cluster.lists import Reach, Scope, calls_for
from cosictl.cluster.reader import Listed
from cosictl.cluster.stream import Change
from cosictl.cluster.watching import ClusterWatch, is_second
from cosictl.intake.builder import SnapshotBuilder
from cosictl.model.snapshot import ReadOutcome, ReadStatus
from tests.apiserver import NOON, ApiServer
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
    with ApiServer(at=NOON) as server:
        conn = connect(ConnectOptions(kubeconfig=str(server.kubeconfig(tmp_path))))
        watch = ClusterWatch(conn, scope=Scope(reach=Reach.ALL, namespace=""), keep_raw=False, say=print)
        watch.first()
        with fed(server) as ended:
            watch.wait(0.5)
            watch.wait(0.5)
            assert not ended.is_set()
        assert watch.look()[1].claims
